//! Texts in ASCII, by a static table made at build time (see `build.rs`).

use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/fold_table.rs"));

/// Accents are dropped, Greek and Cyrillic letters written with Latin ones; what has no such form is left out.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            folded.push(character);
        } else {
            folded.push_str(replacement(character).unwrap_or_default());
        }
    }
    folded.into()
}

fn replacement(character: char) -> Option<&'static str> {
    let code = u32::from(character);
    let (start, ends) = BLOCKS.iter().rev().find(|(start, _)| *start <= code)?;
    let place = usize::try_from(code - start).ok()?;
    let (from, to) = (*ends.get(place)?, *ends.get(place + 1)?);
    REPLACEMENTS.get(usize::from(from)..usize::from(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_letters_are_written_in_ascii() {
        for (text, expected) in [
            ("Łódź, Şanlıurfa, Đà Nẵng", "Lodz, Sanliurfa, Da Nang"),
            ("Ἀθῆναι", "Athinai"),
            ("“a” – b…", "\"a\" - b..."),
            ("e\u{301}\u{a0}ﬁ", "e fi"),
            ("漢a", "a"),
        ] {
            assert_eq!(ascii(text), expected, "{text}");
        }
    }
}
