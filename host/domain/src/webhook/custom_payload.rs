//! The custom payload of a subscription (W5): a list of fields, which becomes a document like any other that shapes messages.

use crate::endpoint::Faults;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many fields one payload may have.
pub const FIELDS_MAX: usize = 200;
/// How many bytes the name of a field may have.
pub const NAME_BYTES_MAX: usize = 256;

/// Where the fields stand in the document that is made of them.
const BODY: &str = "shape.webhook.body.object_of.";

/// A custom payload that was checked, with what its fields were compiled to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomPayload {
    /// Its fields, in their order.
    pub fields: Vec<PayloadField>,
    /// The component that runs the plan: SHA-256 in hexadecimal.
    pub component_digest: String,
    /// The compiled document.
    #[serde(serialize_with = "write_plan", deserialize_with = "read_plan")]
    pub plan: Arc<[u8]>,
}

/// One field of a payload: its name, and either where its value stands or the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "email", "from": "lead.email"}))]
pub struct PayloadField {
    /// Its name, 1 to 256 bytes; no other field of the payload has it.
    pub name: String,
    /// A path as in a document's `shape`, such as `lead.email`, `lead.custom.plan`, `campaign.name` or `event.payload.subject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A fixed value, any JSON but null; numbers keep every digit. Exactly one of `from` and `value` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub value: Option<FixedValue>,
    /// What is sent where the path finds nothing.
    #[serde(default)]
    pub on_missing: OnMissing,
}

/// A value as it was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FixedValue(Box<RawValue>);

impl PartialEq for FixedValue {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for FixedValue {}

/// What is sent of a field whose path finds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMissing {
    /// Nothing: the field is left out.
    #[default]
    Omit,
    /// Null.
    Null,
    /// An empty text.
    Empty,
}

impl CustomPayload {
    /// Fields that are still to be compiled.
    pub(super) fn not_compiled(fields: Vec<PayloadField>) -> Self {
        Self { fields, component_digest: String::new(), plan: Arc::from([]) }
    }
}

fn write_plan<S: Serializer>(plan: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(plan))
}

fn read_plan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Arc::from).map_err(serde::de::Error::custom)
}

/// Checks the fields of a payload, but for their paths, which the compiler checks.
pub fn check_fields(fields: &[PayloadField], faults: &mut Faults) {
    if fields.is_empty() || FIELDS_MAX < fields.len() {
        faults.add("payload", format!("needs 1 to {FIELDS_MAX} fields; for the standard payload leave it out"));
        return;
    }
    let mut names = BTreeSet::new();
    for (index, PayloadField { name, from, value, .. }) in fields.iter().enumerate() {
        let place = |field: &str| format!("payload[{index}].{field}");
        if name.trim().is_empty() || NAME_BYTES_MAX < name.len() || name.chars().any(char::is_control) {
            faults.add(
                &place("name"),
                format!("needs 1 to {NAME_BYTES_MAX} bytes that are not all blank, without control characters"),
            );
        } else if !names.insert(name.as_str()) {
            faults.add(&place("name"), format!("is the second field `{name}`; names must differ"));
        }
        match (from, value) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => faults.add(&place("from"), "or `value` is needed: a path or a fixed value"),
            (Some(_), Some(_)) => faults.add(&place("value"), "stands beside `from`; keep one of them"),
        }
    }
}

/// The document that the fields are compiled from.
pub fn document(fields: &[PayloadField]) -> String {
    let members: Vec<String> = fields.iter().map(|field| format!("{}:{}", json!(field.name), recipe(field))).collect();
    let members = members.join(",");
    format!(r#"{{"version":1,"name":"custom payload","shape":{{"webhook":{{"body":{{"object_of":{{{members}}}}}}}}}}}"#)
}

fn recipe(field: &PayloadField) -> String {
    let Some(from) = &field.from else {
        let value = field.value.as_ref().map_or("null", |value| value.0.get());
        return format!(r#"{{"value":{value}}}"#);
    };
    let recipe = match field.on_missing {
        OnMissing::Omit => json!({"from": from}),
        OnMissing::Null => json!({"from": from, "on_missing": null}),
        OnMissing::Empty => json!({"from": from, "on_missing": {"default": ""}}),
    };
    recipe.to_string()
}

/// The field that a problem of that document is about, as its owner knows it.
pub fn place_of(fields: &[PayloadField], path: &str) -> String {
    let Some(rest) = path.strip_prefix(BODY) else { return "payload".to_owned() };
    let is_it = |field: &&(usize, &PayloadField)| rest.starts_with(field.1.name.as_str());
    let known: Vec<(usize, &PayloadField)> = fields.iter().enumerate().collect();
    // The longest name that fits: names may hold dots.
    let found = known.iter().filter(is_it).max_by_key(|(_, field)| field.name.len());
    found.map_or_else(|| "payload".to_owned(), |(index, _)| format!("payload[{index}].from"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn fields(json: Value) -> Vec<PayloadField> {
        serde_json::from_str(&json.to_string()).unwrap()
    }

    /// W10: a fixed number keeps every digit.
    #[test]
    fn w5_w10_a_fixed_value_stays_as_it_is_written() {
        let text = r#"[{"name":"n","value":1.10},{"name":"big","value":{"id":123456789012345678901234567890}}]"#;
        let fields: Vec<PayloadField> = crate::input::from_json(&format!(r#"{{"fields":{text}}}"#))
            .map(|body: std::collections::BTreeMap<String, Vec<PayloadField>>| body["fields"].clone())
            .unwrap();
        assert_eq!(
            document(&fields),
            r#"{"version":1,"name":"custom payload","shape":{"webhook":{"body":{"object_of":{"n":{"value":1.10},"big":{"value":{"id":123456789012345678901234567890}}}}}}}"#
        );
        let kept = serde_json::to_string(&fields).unwrap();
        assert_eq!(serde_json::from_str::<Vec<PayloadField>>(&kept).unwrap(), fields);
    }

    /// D2, D3: what is wrong with a field is named by its place.
    #[test]
    fn w5_d3_wrong_fields_are_named() {
        let table = [
            (json!([]), vec!["payload"]),
            (json!([{"name": "", "from": "lead.email"}]), vec!["payload[0].name"]),
            (json!([{"name": " \t", "from": "lead.email"}]), vec!["payload[0].name"]),
            (json!([{"name": "a", "value": 1}, {"name": "a", "value": 2}]), vec!["payload[1].name"]),
            (json!([{"name": "a"}]), vec!["payload[0].from"]),
            (json!([{"name": "a", "from": "lead.email", "value": 0}]), vec!["payload[0].value"]),
            (json!([{"name": "a", "value": null}]), vec!["payload[0].from"]),
            (json!([{"name": "a", "value": false}, {"name": "A", "value": 0}]), vec![]),
        ];
        for (json, expected) in table {
            let mut faults = Faults::default();
            check_fields(&fields(json.clone()), &mut faults);
            let paths: Vec<String> = match faults.end() {
                Ok(()) => Vec::new(),
                Err(error) => error.details.into_iter().map(|detail| detail.path).collect(),
            };
            assert_eq!(paths, expected, "{json}");
        }
    }

    #[test]
    fn w5_a_problem_is_about_a_field() {
        let fields = fields(json!([{"name": "a", "from": "x"}, {"name": "a.b", "from": "y"}]));
        for (path, expected) in [
            ("shape.webhook.body.object_of.a.from", "payload[0].from"),
            ("shape.webhook.body.object_of.a.b.from", "payload[1].from"),
            ("shape", "payload"),
        ] {
            assert_eq!(place_of(&fields, path), expected);
        }
    }

    #[test]
    fn a_plan_is_read_back() {
        let payload = CustomPayload { fields: Vec::new(), component_digest: "ab".into(), plan: Arc::from([0, 255, 7]) };
        let read: CustomPayload = serde_json::from_value(serde_json::to_value(&payload).unwrap()).unwrap();
        assert_eq!(read, payload);
    }
}
