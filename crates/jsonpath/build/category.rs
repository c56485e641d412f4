//! The general categories of Unicode as one sorted table: where each run of characters of one category begins, and which
//! it is. What `regex-lite` leaves out for its size, and I-Regexp (RFC 9485) asks for.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, HirKind};

/// The categories of I-Regexp.
const CATEGORIES: [&str; 29] = [
    "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl",
    "Zp", "Zs", "Sc", "Sk", "Sm", "So", "Cc", "Cf", "Cn", "Co",
];

/// Stands for what is not a character: surrogates.
const NONE: u32 = 255;

/// The table as Rust text.
pub fn table() -> String {
    let mut runs: Vec<(u32, u32, u32)> = vec![(0xd800, 0xdfff, NONE)];
    for (number, name) in (0..).zip(CATEGORIES) {
        runs.extend(ranges(name).into_iter().map(|(start, end)| (start, end, number)));
    }
    runs.sort_unstable();
    assert!(runs.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "the categories are a partition");
    let packed: Vec<u32> = runs.iter().map(|(start, _, number)| start << 8 | number).collect();
    let mut text = String::new();
    let _ = writeln!(text, "static CATEGORIES: [&str; {}] = {CATEGORIES:?};", CATEGORIES.len());
    let _ = writeln!(text, "static RUNS: [u32; {}] = {packed:?};", packed.len());
    text
}

/// Surrogates stand between two runs of other characters, so a range never holds them.
fn ranges(name: &str) -> Vec<(u32, u32)> {
    let parsed = regex_syntax::parse(&format!("\\p{{{name}}}")).expect("the category is known");
    match parsed.into_kind() {
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
        }
        // A category of one character.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).expect("a character is UTF-8");
            text.chars().map(|c| (u32::from(c), u32::from(c))).collect()
        }
        other => panic!("{name} is not a class of characters: {other:?}"),
    }
}
