//! One character for each of the many that look and mean the same in a number.

use super::Style;
use crate::functions::digit::ascii_digit;
use crate::functions::hidden::strip_hidden;

/// A text in which digits of all scripts are those of ASCII, a minus is `-`, a dash `–`, an apostrophe `'`, and each space the plain one.
pub fn normalize(text: &str, style: Style) -> String {
    let text: String = strip_hidden(text).chars().map(|character| normal(character, style)).collect();
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
        _ => ascii_digit(character).unwrap_or(character),
    }
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
    }
}
