//! Texts in ASCII.

use std::borrow::Cow;

/// Accents are dropped, and letters of other scripts written with Latin ones; what has no such form is left out.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { any_ascii::any_ascii(text).into() }
}
