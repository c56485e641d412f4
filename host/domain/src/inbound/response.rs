//! The response of an inbound webhook: the lead as its dialect shows it (K2), and what it needs to be one.

use crate::clock::Timestamp;
use crate::error::{ApiError, Kind};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How many bytes of a hash the short id of a lead shows.
const SOCIAL_ID_BYTES: usize = 6;

/// A lead as the dialect shows it. The names are the dialect's.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = InboundLead)]
pub struct InboundLead {
    /// Its id.
    pub id: String,
    /// A short id of it that may be shown to anybody.
    pub social_id: String,
    /// The e-mail address.
    pub email: Option<Value>,
    /// The phone number.
    pub phone_number: Option<Value>,
    /// The first name.
    pub first_name: Option<Value>,
    /// The first name again.
    pub given_name: Option<Value>,
    /// The last name.
    pub family_name: Option<Value>,
    /// What is not a standard field.
    pub custom_fields: Value,
    /// Its tags.
    pub tags: Value,
    /// The parameters of the campaign that it was advertised in.
    pub utm: Value,
    /// How often this person was added or updated.
    pub counter: i64,
    /// The campaign.
    pub campaign_id: String,
    /// The campaign again.
    pub list_id: String,
    /// Where it comes from.
    pub source: Option<Value>,
    /// The address of the person.
    pub ip: Option<Value>,
    /// The page that the person came from.
    pub referrer: Option<String>,
    /// The sender's own id of the lead.
    pub uid: Option<Value>,
    /// When it was received.
    pub when: String,
}

/// What is known of a lead besides its fields.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its id.
    pub lead_id: &'a str,
    /// How often its person was added or updated.
    pub counter: i64,
    /// The campaign, as its users know it.
    pub campaign_id: &'a str,
    /// The page that the person came from.
    pub referrer: Option<&'a str>,
    /// When it was received.
    pub received_at: Timestamp,
}

impl InboundLead {
    /// A lead of these fields, a JSON object.
    pub fn new(lead: &str, known: Known<'_>) -> Self {
        let mut lead: Map<String, Value> = serde_json::from_str(lead).unwrap_or_default();
        let mut take = |name: &str| lead.shift_remove(name).filter(|value| !value.is_null());
        let (email, phone_number) = (take("email"), take("phone"));
        let (first_name, family_name) = (take("first_name"), take("last_name"));
        let (source, ip, uid) = (take("source"), take("ip"), take("external_id"));
        let tags = take("tags").unwrap_or_else(|| Value::Array(Vec::new()));
        let mut custom_fields = match take("custom") {
            Some(Value::Object(custom)) => custom,
            _ => Map::new(),
        };
        let utm = custom_fields.shift_remove("utm").filter(Value::is_object).unwrap_or_else(|| Map::new().into());
        let campaign_id = known.campaign_id.to_owned();
        Self {
            id: known.lead_id.to_owned(),
            social_id: social_id(known.lead_id),
            email,
            phone_number,
            given_name: first_name.clone(),
            first_name,
            family_name,
            custom_fields: custom_fields.into(),
            tags,
            utm,
            counter: known.counter,
            list_id: campaign_id.clone(),
            campaign_id,
            source,
            ip,
            referrer: known.referrer.map(str::to_owned),
            uid,
            when: known.received_at.rfc3339_seconds(),
        }
    }
}

/// A short id that can't be turned back into the lead's.
fn social_id(lead_id: &str) -> String {
    crate::hex::write_hex(&Sha256::digest(lead_id.as_bytes())[..SOCIAL_ID_BYTES])
}

/// What a mapped lead lacks to be one here: an address, or a valid one. `unreadable` are the fields that were kept as they came.
pub fn check_addresses(lead: &str, unreadable: &[&str]) -> Result<(), ApiError> {
    let lead: Map<String, Value> = serde_json::from_str(lead).unwrap_or_default();
    let has = |name: &str| lead.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if !has("email") && !has("phone") {
        let message = "a lead needs `email` or `phone_number`";
        return Err(ApiError::new(Kind::Invalid, "email_or_phone_required", message).at(
            "email",
            "email_or_phone_required",
            message,
        ));
    }
    for (field, name, code) in [("email", "email", "email_invalid"), ("phone", "phone_number", "phone_number_invalid")]
    {
        if has(field) && unreadable.contains(&field) {
            let message = format!("`{name}` is not valid");
            return Err(ApiError::new(Kind::Invalid, code, message.clone()).at(name, code, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// K2: the example, key by key and in its order.
    #[test]
    fn i9_k2_the_response_is_the_dialects() {
        let lead = r#"{"email":"me@example.com","phone":"+15125550100","tags":["vip"],"source":"modal.123","ip":"203.0.113.9","custom":{"plan":"Pro","utm":{"source":"g","campaign":"spring"}}}"#;
        let known = Known {
            lead_id: "lead_1",
            counter: 1,
            campaign_id: "C1",
            referrer: None,
            received_at: Timestamp(1_774_690_501_250),
        };
        let text = serde_json::to_string(&InboundLead::new(lead, known)).unwrap();
        let social_id = social_id("lead_1");
        let expected = format!(
            r#"{{"id":"lead_1","social_id":"{social_id}","email":"me@example.com","phone_number":"+15125550100","first_name":null,"given_name":null,"family_name":null,"custom_fields":{{"plan":"Pro"}},"tags":["vip"],"utm":{{"source":"g","campaign":"spring"}},"counter":1,"campaign_id":"C1","list_id":"C1","source":"modal.123","ip":"203.0.113.9","referrer":null,"uid":null,"when":"2026-03-28T09:35:01Z"}}"#
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn i9_k2_an_address_is_needed_and_valid() {
        for (lead, unreadable, code) in [
            (json!({}), vec![], Some("email_or_phone_required")),
            (json!({"email": " ", "first_name": "A"}), vec![], Some("email_or_phone_required")),
            (json!({"email": "x"}), vec!["email"], Some("email_invalid")),
            (json!({"email": "a@x.example", "phone": "12"}), vec!["phone"], Some("phone_number_invalid")),
            (json!({"email": "a@x.example"}), vec!["state"], None),
            (json!({"phone": "+15125550100"}), vec![], None),
        ] {
            assert_eq!(check_addresses(&lead.to_string(), &unreadable).err().map(|error| error.code), code, "{lead}");
        }
    }
}
