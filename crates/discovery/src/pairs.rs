//! Lists of name/value pairs: `[{name, values}]`, `[{column_id, string_value}]`, `[{question, answer}]`. Each name is a path of its own.

use super::shape::Shape;
use super::{NAME_BYTES_MAX, PAIRS_MAX};
use serde_json::Value;
use std::collections::HashSet;

/// Members that hold a name; of several the first counts.
const NAMES: [&str; 14] = [
    "column_id",
    "question_id",
    "field_id",
    "name",
    "key",
    "field_name",
    "fieldName",
    "question",
    "field",
    "label",
    "title",
    "property",
    "q",
    "id",
];
/// Members that hold a value.
const VALUES: [&str; 12] = [
    "string_value",
    "value",
    "values",
    "answer",
    "answers",
    "val",
    "text",
    "response",
    "field_value",
    "fieldValue",
    "content",
    "a",
];

/// Which members of a list's items hold names and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pairs {
    pub(super) by: &'static str,
    pub(super) value: &'static str,
}

/// A list of name/value pairs: objects, each with a name of its own, and values that are not trees.
pub(super) fn of(items: &[Value]) -> Option<Pairs> {
    if items.is_empty() || PAIRS_MAX < items.len() {
        return None;
    }
    let value = VALUES.into_iter().find(|value| items.iter().any(|item| item.get(value).is_some()))?;
    let by = NAMES.into_iter().find(|by| names_all(items, by))?;
    let is_flat = items.iter().filter_map(|item| item.get(value)).all(is_flat);
    is_flat.then_some(Pairs { by, value })
}

/// Whether an item has a member in which pairs hold their value.
pub(super) fn has_a_value(item: &Value) -> bool {
    VALUES.iter().any(|value| item.get(value).is_some())
}

fn names_all(items: &[Value], by: &str) -> bool {
    let mut known = HashSet::new();
    items.iter().all(|item| match item.get(by) {
        Some(Value::String(name)) => is_a_name(name) && known.insert(name.as_str()),
        _ => false,
    })
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    }
}

/// Whether a text can be a name: neither endless nor somebody's data.
pub(super) fn is_a_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !is_data(text)
}

/// Keys that are not names: somebody's address, number or id used as a key.
fn is_data(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let shape = Shape::of(text);
    matches!(shape, Shape::Email | Shape::Phone | Shape::Uuid | Shape::Ip | Shape::Date | Shape::Moment | Shape::Url)
        || (6 <= digits && text.len() <= digits * 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m11_lists_of_pairs_are_known() {
        let table = [
            (json!([{"name": "email", "values": ["a@x.example"]}, {"name": "inbox_url"}]), Some(("name", "values"))),
            (
                json!([{"column_name": "Full Name", "column_id": "FULL_NAME", "string_value": "J"}]),
                Some(("column_id", "string_value")),
            ),
            (json!([{"question": "Filing for?", "answer": "Chapter 7"}]), Some(("question", "answer"))),
            (json!([{"key": "a", "value": 1}, {"key": "b", "value": null}]), Some(("key", "value"))),
            (json!([{"field": "leadgen", "value": {"id": 1}}]), None),
            (json!([{"key": "a", "value": 1}, {"key": "a", "value": 2}]), None),
            (json!([{"name": "a@x.example", "value": 1}]), None),
            (json!([{"name": "Ann"}, {"name": "Bob"}]), None),
            (json!([{"name": "a", "value": 1}, 2]), None),
            (json!([{"name": 1, "value": 1}]), None),
            (json!([]), None),
        ];
        for (list, expected) in table {
            let found = of(list.as_array().unwrap()).map(|pairs| (pairs.by, pairs.value));
            assert_eq!(found, expected, "{list}");
        }
    }
}
