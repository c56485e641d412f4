//! How large and how deep a value is, and what it costs to read it.

use hookmill_json::Value;

use super::error::FunctionError;
use super::limits::OUTPUT_DEPTH_MAX;

/// What a function takes for each value in a list or an object, besides its bytes.
const STEPS_PER_VALUE: usize = 32;

/// How many steps it takes to read a value.
pub fn cost(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| cost(item) + STEPS_PER_VALUE).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + cost(value) + STEPS_PER_VALUE).sum(),
    }
}

/// About how many bytes of text a value holds.
pub fn text_size(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(text_size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + text_size(value)).sum(),
    }
}

/// Rejects what is nested deeper than the bound: a function can make depth that no input had.
pub fn check_depth(value: &Value<'_>, function: &str) -> Result<(), FunctionError> {
    if has_depth(value, OUTPUT_DEPTH_MAX) {
        return Ok(());
    }
    let message =
        format!("what `{function}` would make here is nested more than {OUTPUT_DEPTH_MAX} deep (OUTPUT_DEPTH_MAX)");
    Err(FunctionError::new("too_deep", message))
}

fn has_depth(value: &Value<'_>, depth: usize) -> bool {
    match value {
        Value::List(items) => 0 < depth && items.iter().all(|item| has_depth(item, depth - 1)),
        Value::Object(members) => 0 < depth && members.iter().all(|(_, value)| has_depth(value, depth - 1)),
        _ => true,
    }
}
