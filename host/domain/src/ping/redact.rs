//! What of a lead a ping may tell. The host takes the rest away before a plugin sees the lead, so no plugin can tell more.

use serde_json::{Map, Value};

/// The standard fields that are told. Whatever else there is, and whatever is added, is not.
const TOLD: [&str; 6] = ["city", "state", "zip", "country", "source", "tags"];

/// A lead with what says where it is and where it comes from, and these custom fields. What is not a JSON object is an empty one.
pub fn redact_lead(lead: &str, custom_fields: &[String]) -> String {
    let Ok(mut lead) = serde_json::from_str::<Map<String, Value>>(lead) else { return "{}".to_owned() };
    let custom = match lead.remove("custom") {
        Some(Value::Object(mut custom)) => {
            custom.retain(|name, _| custom_fields.contains(name));
            custom
        }
        _ => Map::new(),
    };
    lead.retain(|name, _| TOLD.contains(&name.as_str()));
    lead.insert("custom".to_owned(), Value::Object(custom));
    Value::Object(lead).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn l13_a_ping_tells_where_and_nothing_of_whom() {
        let lead = r#"{"external_id":"7","first_name":"Ada","last_name":"Lovelace","email":"a@b.example","phone":"+15125550101",
            "street":"1 Main St","city":"Austin","state":"TX","zip":"01234","country":"US","date_of_birth":"1990-05-15","ip":"1.2.3.4",
            "source":"web","tags":["solar"],"custom":{"loan":125000.10,"ssn":"123"}}"#;
        let expected = r#"{"city":"Austin","state":"TX","zip":"01234","country":"US","source":"web","tags":["solar"],"custom":{"loan":125000.10}}"#;
        assert_eq!(redact_lead(lead, &["loan".to_owned(), "other".to_owned()]), expected);
        for (lead, expected) in [
            ("nonsense", "{}"),
            ("[1]", "{}"),
            ("{}", r#"{"custom":{}}"#),
            (r#"{"custom":"a@b.example"}"#, r#"{"custom":{}}"#),
        ] {
            assert_eq!(redact_lead(lead, &["loan".to_owned()]), expected, "{lead}");
        }
    }

    proptest! {
        /// L13: no field is told that is not listed, whatever it is called.
        #[test]
        fn l13_nothing_else_is_told(name in "[a-z_]{1,12}|email|phone|ip|lead_id", secret in "[A-Z]{12}", allowed in "[a-z]{1,8}") {
            let lead = serde_json::json!({&name: &secret, "custom": {&name: &secret, "x": {&allowed: &secret}}}).to_string();
            let told = redact_lead(&lead, std::slice::from_ref(&allowed));
            let is_told = TOLD.contains(&name.as_str()) || name == allowed || allowed == "x" || name == "x";
            prop_assert!(is_told || !told.contains(&secret), "{}", told);
        }
    }
}
