//! Characters that nobody sees: what chats, spreadsheets and web pages put around and into a value.

use std::borrow::Cow;

/// A text without the characters that have neither a mark nor a width of their own.
pub fn strip_invisible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return text.into();
    }
    text.replace(is_invisible, "").into()
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}
