//! Inbound bodies as one JSON value (I10), so that one path language reaches them all.

use super::refusal::{Kind, Refusal};
use serde_json::{Map, Value};

/// How many fields a form may have.
pub const FORM_FIELDS_MAX: usize = 1_000;

/// A form as a JSON object: every value is text, a key that stands more than once becomes a list in order.
pub fn form_to_json(body: &[u8]) -> Result<String, Refusal> {
    let mut fields: Map<String, Value> = Map::new();
    for (count, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
        if FORM_FIELDS_MAX <= count {
            return Err(Refusal::new(
                Kind::Invalid,
                "form_too_large",
                format!("a form may have {FORM_FIELDS_MAX} fields"),
            ));
        }
        let value = Value::String(value.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => drop(fields.insert(name.into_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(Value::Object(fields).to_string())
}

/// A body as one JSON value, as a plugin gets it.
pub fn to_json(content_type: &str, body: &[u8], depth_max: usize) -> Result<String, Refusal> {
    match content_type {
        "application/x-www-form-urlencoded" => form_to_json(body),
        _ => {
            let text = super::envelope::checked_text(body, depth_max)?;
            serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(super::envelope::syntax)?;
            Ok(text.trim().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_repeated_form_keys_become_lists() {
        let table = [
            ("a=1&b=x%20y", r#"{"a":"1","b":"x y"}"#),
            ("a=1&a=2&a=3", r#"{"a":["1","2","3"]}"#),
            ("a=&b", r#"{"a":"","b":""}"#),
            ("", "{}"),
            ("lead.phone_1=5127891111", r#"{"lead.phone_1":"5127891111"}"#),
        ];
        for (form, json) in table {
            assert_eq!(form_to_json(form.as_bytes()).unwrap(), json);
        }
    }

    #[test]
    fn i10_a_form_is_bounded() {
        let form = "a=1&".repeat(FORM_FIELDS_MAX + 1);
        assert_eq!(form_to_json(form.as_bytes()).unwrap_err().code, "form_too_large");
    }
}
