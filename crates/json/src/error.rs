//! Why a text is not JSON, and where.

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonError {
    /// A stable code in snake case.
    pub code: &'static str,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
    /// What is wrong, for people.
    pub message: String,
}

impl JsonError {
    pub(crate) fn new(code: &'static str, offset: usize, message: impl Into<String>) -> Self {
        Self { code, offset, message: message.into() }
    }
}
