//! Marks that nobody sees and no value means: byte order marks, zero-width spaces, marks of direction. Chats, sheets and browsers put them
//! around what people copy.

use std::borrow::Cow;

/// A text without them, and without white space at its ends.
pub fn without_hidden(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_hidden) {
        return text.trim().into();
    }
    text.replace(is_hidden, "").trim().to_owned().into()
}

fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_marks_that_nobody_sees_are_taken_out() {
        for (text, expected) in
            [("\u{feff} yes\u{200b}", "yes"), ("\u{200e}3/\u{200e}4", "3/4"), (" août\u{a0}", "août"), (" a ", "a")]
        {
            assert_eq!(without_hidden(text), expected);
        }
    }
}
