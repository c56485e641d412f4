//! Why a function rejected, in words that quote what it rejected.

use hookmill_decimal::TooLong;
use hookmill_json::{Value, text_of};

use super::limits::{FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX};

/// How many characters of an input a reason quotes.
const QUOTED_CHARS_MAX: usize = 60;

/// Why a function rejected.
#[derive(Debug, PartialEq)]
pub struct FunctionError {
    /// A stable code in snake case.
    pub code: &'static str,
    /// The reason, with a suggested fix, for people.
    pub message: String,
}

impl FunctionError {
    /// A rejection with its code and reason.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value of the wrong type for a function.
    pub fn wrong_type(function: &str, needed: &str, value: &Value<'_>) -> Self {
        let message = format!("`{function}` needs {needed}, but this is {}: {}", value.type_name(), quote(value));
        Self::new("wrong_type", message)
    }

    /// A text that does not say what it should.
    pub fn of_text(code: &'static str, text: &str, reason: &str) -> Self {
        Self::new(code, format!("{} {reason}", quote_text(text)))
    }

    /// A result that would be larger than a bound of this name.
    pub fn too_large(function: &str, bound: &str, size_max: usize) -> Self {
        let message =
            format!("what `{function}` would make here is larger than {size_max} ({bound}); shorten its input");
        Self::new("output_too_large", message)
    }
}

impl From<TooLong> for FunctionError {
    fn from(error: TooLong) -> Self {
        Self::new("number_too_long", error.to_string())
    }
}

/// Rejects what would be larger than its input and than the bound.
pub fn check_output_size(size: usize, input: usize, function: &str) -> Result<(), FunctionError> {
    if size <= input.max(FUNCTION_OUTPUT_BYTES_MAX) {
        return Ok(());
    }
    Err(FunctionError::too_large(function, "FUNCTION_OUTPUT_BYTES_MAX", FUNCTION_OUTPUT_BYTES_MAX))
}

/// Rejects a list that would be longer than its input and than the bound.
pub fn check_item_count(count: usize, input: usize, function: &str) -> Result<(), FunctionError> {
    if count <= input.max(FUNCTION_ITEMS_MAX) {
        return Ok(());
    }
    Err(FunctionError::too_large(function, "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX))
}

/// The beginning of a value as JSON text, for a message.
pub fn quote(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => quote_text(text),
        other => shorten(&text_of(other)),
    }
}

/// The beginning of a text in quotes, for a message.
pub fn quote_text(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => text_of(&Value::text(format!("{}...", &text[..end]))),
        None => text_of(&Value::text(text)),
    }
}

/// The beginning of a text, for a message.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
