//! A lead that a person has edited (L9): the fields that every lead has, and all else under `custom`.

use super::error::Detail;
use serde_json::{Map, Value};

/// How many bytes it may have, as JSON (256 KiB).
pub const LEAD_BYTES_MAX: usize = 256 << 10;

/// The standard fields, each a text.
pub(crate) const TEXTS: [&str; 13] = [
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "city",
    "state",
    "zip",
    "country",
    "date_of_birth",
    "ip",
    "source",
];
/// The standard field that is a list of texts.
pub(crate) const TAGS: &str = "tags";
/// What has all other fields.
pub(crate) const CUSTOM: &str = "custom";

/// The lead as it is kept.
///
/// # Errors
/// All that is wrong with it, each with its place below `path`.
pub fn check_lead(path: &str, lead: &Map<String, Value>) -> Result<Vec<u8>, Vec<Detail>> {
    let mut problems = Vec::new();
    let mut add = |place: &str, message: String| {
        let path = if place.is_empty() { path.to_owned() } else { format!("{path}.{place}") };
        problems.push(Detail { path, code: "invalid".into(), message });
    };
    for (name, value) in lead {
        match name.as_str() {
            _ if value.is_null() && name != CUSTOM => {}
            text if TEXTS.contains(&text) => {
                if !value.is_string() {
                    add(name, "must be a text or null".into());
                }
            }
            TAGS => {
                if !value.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)) {
                    add(name, "must be a list of texts".into());
                }
            }
            CUSTOM => {
                if !value.is_object() {
                    add(name, "must be an object".into());
                }
            }
            _ => add(name, "is not a standard field; put it under `custom`".into()),
        }
    }
    let bytes = serde_json::to_vec(lead).unwrap_or_default();
    if lead.is_empty() {
        add("", "has no fields; send the whole lead, as the submission shows it".into());
    }
    if LEAD_BYTES_MAX < bytes.len() {
        add("", format!("has {} bytes, at most {LEAD_BYTES_MAX} are allowed", bytes.len()));
    }
    // No database of ours keeps it in a text.
    if bytes.windows(6).any(|escape| escape == b"\\u0000") {
        add("", "must not contain the character U+0000".into());
    }
    if problems.is_empty() { Ok(bytes) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(lead: Value) -> Result<Value, Vec<String>> {
        let lead = lead.as_object().expect("an object").clone();
        let checked = check_lead("lead", &lead).map(|bytes| serde_json::from_slice(&bytes).unwrap());
        checked.map_err(|problems| problems.into_iter().map(|problem| problem.path).collect())
    }

    #[test]
    fn l9_a_lead_is_kept_as_it_was_edited() {
        let lead = json!({
            "email": "a@x.example", "zip": "00501", "last_name": null, "tags": ["a"], "custom": {"age": 1.50, "list": [null]},
        });
        assert_eq!(check(lead.clone()).unwrap(), lead);
    }

    #[test]
    fn l9_all_that_is_wrong_is_named_at_once() {
        let wrong = json!({"email": 5, "age": 7, "tags": "a", "custom": null, "phone": {}, "zip": "1"});
        assert_eq!(check(wrong).unwrap_err(), ["lead.email", "lead.age", "lead.tags", "lead.custom", "lead.phone"]);
        for (lead, path) in [
            (json!({}), "lead"),
            (json!({"email": "a\u{0}"}), "lead"),
            (json!({"city": "x".repeat(LEAD_BYTES_MAX)}), "lead"),
            (json!({"tags": ["a", 1]}), "lead.tags"),
        ] {
            assert_eq!(check(lead).unwrap_err(), [path]);
        }
    }
}
