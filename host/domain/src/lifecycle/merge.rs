//! What a duplicate says, merged into the lead that came before (L3, `update`).

use serde_json::{Map, Value};

/// The lead that came before, with whatever the new one says that is not blank. Objects such as `custom` are merged in the same way, lists are
/// replaced. Where either is not a JSON object, the new one stands as it is.
pub fn merge_leads(before: &str, new: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    match (read(before), read(new)) {
        (Some(mut before), Some(new)) => {
            merge(&mut before, new);
            Value::Object(before).to_string()
        }
        _ => new.to_owned(),
    }
}

fn merge(before: &mut Map<String, Value>, new: Map<String, Value>) {
    for (name, value) in new {
        match (before.get_mut(&name), value) {
            (_, value) if is_blank(&value) => {}
            (Some(Value::Object(before)), Value::Object(value)) => merge(before, value),
            (_, value) => {
                before.insert(name, value);
            }
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l3_what_is_not_blank_is_merged() {
        let table = [
            (r#"{"email":"a","phone":"1"}"#, r#"{"email":"b","phone":" "}"#, r#"{"email":"b","phone":"1"}"#),
            (r#"{"custom":{"a":1,"b":2}}"#, r#"{"custom":{"b":0,"c":false}}"#, r#"{"custom":{"a":1,"b":0,"c":false}}"#),
            (r#"{"tags":["x"]}"#, r#"{"tags":[]}"#, r#"{"tags":["x"]}"#),
            (r#"{"tags":["x"]}"#, r#"{"tags":["y"],"zip":null}"#, r#"{"tags":["y"]}"#),
            (r#"{"a":12345678901234567890.10}"#, r#"{"b":1e+400}"#, r#"{"a":12345678901234567890.10,"b":1e+400}"#),
            ("nonsense", r#"{"a":1}"#, r#"{"a":1}"#),
        ];
        for (before, new, expected) in table {
            assert_eq!(merge_leads(before, new), expected);
        }
    }
}
