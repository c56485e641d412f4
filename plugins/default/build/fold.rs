//! The table of letters in ASCII, from a library whose own, for all scripts, is too large to carry.

use std::fmt::Write as _;

/// The scripts that are written in ASCII: Latin with all its accents, Greek, Cyrillic, marks, symbols, full width.
const FOLDED: [std::ops::RangeInclusive<char>; 6] = [
    '\u{a0}'..='\u{52f}',
    '\u{1d00}'..='\u{1fff}',
    '\u{2000}'..='\u{218f}',
    '\u{2c60}'..='\u{2c7f}',
    '\u{fb00}'..='\u{fb06}',
    '\u{ff01}'..='\u{ff5e}',
];

/// One text of all replacements, and for each block its first character and where each replacement ends.
pub fn table() -> String {
    let (mut replacements, mut blocks) = (String::new(), String::new());
    for block in FOLDED {
        let start = u32::from(*block.start());
        let mut ends = vec![replacements.len()];
        for character in block {
            replacements.push_str(any_ascii::any_ascii_char(character));
            ends.push(replacements.len());
        }
        let _ = write!(blocks, "({start}, &{ends:?}),");
    }
    format!(
        "static REPLACEMENTS: &str = {replacements:?};\nstatic BLOCKS: [(u32, &[u16]); {}] = [{blocks}];\n",
        FOLDED.len()
    )
}
