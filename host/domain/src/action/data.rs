//! What a decision adds to a lead: checked, and named as a lead names its fields.

use crate::edited_lead::{CUSTOM, TAGS, TEXTS};
use crate::error::Detail;
use crate::lifecycle::merge::merge_leads;
use serde_json::{Map, Value};

/// How many bytes it may have, as JSON (64 KiB).
pub const DATA_BYTES_MAX: usize = 64 << 10;

/// Fields that are merged into a lead: standard fields, and all else under `custom`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionData(Map<String, Value>);

impl ActionData {
    /// Checks what was sent. Fields that no lead has are put under `custom`.
    ///
    /// # Errors
    /// All that is wrong, each with its place below `path`.
    pub fn check(path: &str, sent: Map<String, Value>) -> Result<Self, Vec<Detail>> {
        let mut checked = Checked { path, fields: Map::new(), custom: Map::new(), problems: Vec::new() };
        let bytes = serde_json::to_vec(&sent).map_or(0, |json| json.len());
        if DATA_BYTES_MAX < bytes {
            checked.reject("", format!("has {bytes} bytes, at most {DATA_BYTES_MAX} are allowed; send less"));
        }
        for (name, value) in sent {
            checked.add(name, value);
        }
        checked.finish()
    }

    /// The lead with these fields; those that are blank leave it as it is.
    pub fn merge_into(&self, lead: &str) -> String {
        merge_leads(lead, &Value::Object(self.0.clone()).to_string())
    }

    /// The fields, as they are merged.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// What was checked so far.
struct Checked<'a> {
    path: &'a str,
    fields: Map<String, Value>,
    custom: Map<String, Value>,
    problems: Vec<Detail>,
}

impl Checked<'_> {
    fn add(&mut self, name: String, value: Value) {
        // A webhook was sent the standard payload (W2), which names them otherwise.
        let standard = TEXTS.iter().find(|own| name == **own || name == camel_case(own));
        match (standard, value) {
            (Some(own), value @ (Value::String(_) | Value::Null)) => self.set(&name, own, value),
            (Some(_), _) => self.reject(&name, "must be a text or null".into()),
            (None, value) if name == TAGS => match &value {
                Value::Null => {}
                Value::Array(tags) if tags.iter().all(Value::is_string) => self.set(&name, TAGS, value),
                _ => self.reject(&name, "must be a list of texts".into()),
            },
            (None, Value::Object(members)) if name == CUSTOM => {
                for (name, value) in members {
                    self.set_custom(name, value);
                }
            }
            (None, Value::Null) if name == CUSTOM => {}
            (None, _) if name == CUSTOM => self.reject(&name, "must be an object".into()),
            (None, value) => self.set_custom(name, value),
        }
    }

    fn set(&mut self, sent: &str, name: &str, value: Value) {
        if self.fields.contains_key(name) {
            self.reject(sent, format!("is the field `{name}`, which is there twice; send it once"));
        } else {
            self.fields.insert(name.to_owned(), value);
        }
    }

    fn set_custom(&mut self, name: String, value: Value) {
        if self.custom.contains_key(&name) {
            self.reject(&name, "is there twice, with `custom` and without; send it once".into());
        } else {
            self.custom.insert(name, value);
        }
    }

    fn reject(&mut self, name: &str, message: String) {
        let path = if name.is_empty() { self.path.to_owned() } else { format!("{}.{name}", self.path) };
        self.problems.push(Detail { message: format!("`{path}` {message}"), path, code: "invalid".into() });
    }

    fn finish(mut self) -> Result<ActionData, Vec<Detail>> {
        if !self.custom.is_empty() {
            self.fields.insert(CUSTOM.to_owned(), Value::Object(self.custom));
        }
        if self.problems.is_empty() { Ok(ActionData(self.fields)) } else { Err(self.problems) }
    }
}

/// `first_name` as the standard payload names it: `firstName`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (initial, others) = word.split_at(word.len().min(1));
        text + &initial.to_ascii_uppercase() + others
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(sent: Value) -> Result<ActionData, Vec<String>> {
        let sent = sent.as_object().expect("an object").clone();
        ActionData::check("data", sent).map_err(|problems| problems.into_iter().map(|one| one.path).collect())
    }

    #[test]
    fn l4_data_is_merged_as_a_lead_names_its_fields() {
        let table = [
            (json!({}), json!({"email": "a", "custom": {"age": 1}})),
            (json!({"email": "b", "zip": null, "city": " "}), json!({"email": "b", "custom": {"age": 1}})),
            (json!({"firstName": "Ann"}), json!({"email": "a", "first_name": "Ann", "custom": {"age": 1}})),
            (json!({"score": 7.50, "age": 2}), json!({"email": "a", "custom": {"age": 2, "score": 7.50}})),
            (json!({"custom": {"ok": true}}), json!({"email": "a", "custom": {"age": 1, "ok": true}})),
            (json!({"tags": ["vip"]}), json!({"email": "a", "custom": {"age": 1}, "tags": ["vip"]})),
        ];
        for (sent, expected) in table {
            let merged = check(sent.clone()).unwrap().merge_into(r#"{"email":"a","custom":{"age":1}}"#);
            assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), expected, "{sent}");
        }
    }

    /// W2: each field goes by its name in the standard payload as well.
    #[test]
    fn w2_fields_have_two_names() {
        let payload = include_str!("../../../../plugins/default/documents/standard-payload.yaml");
        for name in TEXTS {
            assert!(payload.contains(&format!("{}: {{from: lead.{name}}}", camel_case(name))), "{name}");
            let checked = check(json!({ camel_case(name): "x" })).unwrap();
            assert_eq!(checked.fields().get(name), Some(&json!("x")));
        }
    }

    #[test]
    fn l4_a_number_keeps_its_digits() {
        let sent: Map<String, Value> = serde_json::from_str(r#"{"price":12345678901234567890.10}"#).unwrap();
        let merged = ActionData::check("data", sent).unwrap().merge_into("{}");
        assert_eq!(merged, r#"{"custom":{"price":12345678901234567890.10}}"#);
    }

    #[test]
    fn l4_all_that_is_wrong_with_data_is_named_at_once() {
        let wrong =
            json!({"email": 5, "phone": {}, "tags": ["a", 1], "custom": [], "first_name": "a", "firstName": "b"});
        let mut paths = check(wrong).unwrap_err();
        paths.sort();
        assert_eq!(paths.len(), 5, "{paths:?}");
        assert_eq!(paths[..2], ["data.custom", "data.email"]);
        assert!(paths[2].starts_with("data.first"), "{paths:?}");
        assert_eq!(paths[3..], ["data.phone", "data.tags"]);
        assert_eq!(check(json!({"age": 1, "custom": {"age": 2}})).unwrap_err(), ["data.age"]);
        assert_eq!(check(json!({"note": "x".repeat(DATA_BYTES_MAX)})).unwrap_err(), ["data"]);
    }
}
