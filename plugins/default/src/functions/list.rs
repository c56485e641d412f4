//! Functions on lists.

use super::Refusal;
use crate::json::Value;

/// The first item; a value that is no list is its own first.
pub fn first(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::List(items) => items.into_iter().next(),
        other => Some(other),
    }
}

/// The last item; a value that is no list is its own last.
pub fn last(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::List(mut items) => items.pop(),
        other => Some(other),
    }
}

/// The items that are not blank, in one text.
pub fn join<'t>(value: Value<'t>, between: &str) -> Result<Value<'t>, Refusal> {
    let items = match value {
        Value::List(items) => items,
        Value::Object(_) => return Err(Refusal::new("wrong_type", "`join` needs a list, but this is an object")),
        other => return Ok(other),
    };
    let mut pieces = Vec::new();
    for item in items.iter().filter(|item| !item.is_blank()) {
        let refuse = || Refusal::new("wrong_type", format!("`join` needs texts, but an item is {}", item.type_name()));
        pieces.push(item.scalar_text().ok_or_else(refuse)?);
    }
    Ok(Value::text(pieces.join(between)))
}

/// The pieces of a text, trimmed, without empty ones.
pub fn split<'t>(text: &str, at: &str) -> Value<'t> {
    let pieces = text.split(at).map(str::trim).filter(|piece| !piece.is_empty());
    Value::List(pieces.map(|piece| Value::text(piece.to_owned())).collect())
}

/// A list with what it does not have yet behind it; null and a missing value are an empty list.
pub fn append<'t>(value: Option<Value<'t>>, more: Option<Value<'t>>) -> Option<Value<'t>> {
    let Some(more) = more.filter(|more| !more.is_blank()) else { return value };
    let mut items = as_list(value);
    for item in as_list(Some(more)) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    Some(Value::List(items))
}

fn as_list(value: Option<Value<'_>>) -> Vec<Value<'_>> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items,
        Some(other) => vec![other],
    }
}
