//! What a body looks like when its content type does not say, or says what it can't be.

/// What the first character shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// An object or a list of JSON.
    Json,
    /// XML.
    Xml,
    /// Anything else.
    Other,
}

/// The look of a text. Bare strings and numbers of JSON are not looked for: any text could be one.
pub(crate) fn look(text: &str) -> Look {
    match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first() {
        Some(b'{' | b'[') => Look::Json,
        Some(b'<') => Look::Xml,
        _ => Look::Other,
    }
}
