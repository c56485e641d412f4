//! Where two JSON values differ.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How many differences are told of one submission.
const DIFFERENCES_MAX: usize = 100;

/// A place at which two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Difference {
    /// The place in the result, such as `lead.custom.income`.
    pub path: String,
    /// What stands there in the first; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there in the second; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The first places at which the values differ, in their order. Digits count (`1.0` is not `1.00`), and so does the order of members.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    collect("", Some(before), Some(after), &mut found);
    found.truncate(DIFFERENCES_MAX);
    found
}

fn collect(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    if DIFFERENCES_MAX <= found.len() {
        return;
    }
    match (before, after) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let told = found.len();
            let added = right.keys().filter(|name| !left.contains_key(*name));
            for name in left.keys().chain(added) {
                let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&place, left.get(name), right.get(name), found);
            }
            if told == found.len() && !left.keys().eq(right.keys()) {
                let names = |of: &serde_json::Map<String, Value>| Some(of.keys().map(String::as_str).collect());
                found.push(Difference { path: path.to_owned(), before: names(left), after: names(right) });
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for at in 0..left.len().max(right.len()) {
                collect(&format!("{path}[{at}]"), left.get(at), right.get(at), found);
            }
        }
        (left, right) if left != right => {
            found.push(Difference { path: path.to_owned(), before: left.cloned(), after: right.cloned() });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(before: &str, after: &str) -> Vec<String> {
        let [before, after] = [before, after].map(|text| serde_json::from_str::<Value>(text).unwrap());
        differences(&before, &after).into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn p8_places_that_differ() {
        let none: [&str; 0] = [];
        assert_eq!(paths(r#"{"a":[1,{"b":null}]}"#, r#"{"a":[1,{"b":null}]}"#), none);
        assert_eq!(paths(r#"{"a":[1,{"b":2}],"c":1}"#, r#"{"a":[1,{"b":3},4],"d":1}"#), ["a[1].b", "a[2]", "c", "d"]);
        assert_eq!(paths(r#"{"n":1.0}"#, r#"{"n":1.00}"#), ["n"]);
        assert_eq!(paths(r#"{"x":{"a":1,"b":2}}"#, r#"{"x":{"b":2,"a":1}}"#), ["x"]);
        assert_eq!(paths("[]", "{}"), [""]);
        assert_eq!(paths(r#"{"a":null}"#, "{}"), ["a"]);
    }

    #[test]
    fn p8_missing_is_not_null() {
        let told = serde_json::to_value(differences(&json!({"a": null}), &json!({}))).unwrap();
        assert_eq!(told, json!([{"path": "a", "before": null}]));
    }

    #[test]
    fn h6_differences_are_bounded() {
        let (before, after): (Vec<i32>, Vec<i32>) = ((0..1_000).collect(), (1..1_001).collect());
        assert_eq!(differences(&json!(before), &json!(after)).len(), DIFFERENCES_MAX);
    }
}
