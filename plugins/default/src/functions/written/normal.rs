//! One character for each of the many that look and mean the same in a number.

use super::Style;
use crate::functions::invisible::strip_invisible;

/// The zero of each script, after which its digits stand in order.
const ZEROS: [u16; 36] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// A text in which digits of all scripts are those of ASCII, a minus is `-`, a dash `–`, an apostrophe `'`, and each space the plain one.
pub fn normalize(text: &str, style: Style) -> String {
    let text: String = strip_invisible(text).chars().map(|character| normal(character, style)).collect();
    text.trim().to_owned()
}

fn normal(character: char, style: Style) -> char {
    match character {
        '\0'..='\x7f' => character,
        '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{fe63}' => '-',
        '\u{2012}'..='\u{2015}' => '–',
        '\u{2bc}' | '\u{2019}' => '\'',
        '\u{301c}' => '~',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{66b}' => style.decimal,
        '\u{66c}' => style.other_mark(),
        '￥' => '¥',
        '￡' => '£',
        '￦' => '₩',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        _ => digit(character).unwrap_or(character),
    }
}

/// The ASCII digit for a decimal digit of any script of the Basic Multilingual Plane.
fn digit(character: char) -> Option<char> {
    let code = u16::try_from(u32::from(character)).ok()?;
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    char::from_digit(u32::from(code - zero), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_what_looks_the_same_is_the_same() {
        let style = Style { decimal: '.', suffixes: false };
        for (text, expected) in [
            ("\u{feff}\u{202a}１２，０００\u{202c}", "12,000"),
            ("\u{661}\u{66c}\u{662}\u{663}\u{664}\u{66b}\u{665}", "1,234.5"),
            ("१२३ ๔๕ ᮰᮹", "123 45 09"),
            ("\u{2212}1\u{202f}000", "-1 000"),
            ("1‑2–3—4", "1-2–3–4"),
            ("￥1’000", "¥1'000"),
            ("½²①\u{96f}\u{970}", "½²①9\u{970}"),
        ] {
            assert_eq!(normalize(text, style), expected, "{text}");
        }
        assert!(ZEROS.is_sorted());
    }
}
