//! Events that sources report (I12, E1), as they are sent: one, or a list under `events`. Each is read by itself, so that one that is wrong
//! does not cost its neighbours.

use super::clock::Timestamp;
use super::error::{ApiError, Kind};
use super::event::EventRegistry;
use super::lead::{Identity, IdentityHash};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How many bytes an event's id may have.
pub const EVENT_ID_BYTES_MAX: usize = 255;
/// How many bytes a text of an event may have that names something.
const TEXT_BYTES_MAX: usize = 1_024;
/// What a payload calls the address of its lead.
const PAYLOAD_ADDRESSES: [&str; 4] = ["sl_lead_email", "lead_email", "to_email", "email"];

/// The subject of an event, as its source names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadReference {
    /// An e-mail address.
    pub email: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
    /// The source's own id of the lead.
    pub external_id: Option<String>,
    /// A submission.
    pub submission_id: Option<String>,
}

/// An event that can be kept, but for its campaign, which is still to be looked up.
#[derive(Debug, Clone)]
pub struct ReportedEvent {
    /// The source's id of it.
    pub event_id: String,
    /// The campaign, as its users know it.
    pub campaign_id: String,
    /// Its name.
    pub event_type: String,
    /// Whom it is about.
    pub lead: LeadReference,
    /// The id and name of its category.
    pub category: Option<(i64, String)>,
    /// When it happened; none where the source does not say.
    pub occurred_at: Option<Timestamp>,
    /// What else the source said, a JSON object as it was written.
    pub payload: Option<Box<RawValue>>,
}

/// Why an event is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedEvent {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong, and where.
    pub message: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    events: Option<&'a RawValue>,
}

/// The events in a body, each with its place, as far as they can be read.
///
/// # Errors
/// The body is neither an event nor a list of 1 to `events_max` under `events`.
pub fn read_events(
    text: &str,
    registry: &EventRegistry,
    events_max: usize,
    payload_bytes_max: usize,
) -> Result<Vec<Result<ReportedEvent, RejectedEvent>>, ApiError> {
    let not_an_object = || {
        ApiError::new(Kind::Invalid, "invalid", "the body must be an event, or an object with a list under `events`")
    };
    if !text.trim_start().starts_with('{') {
        return Err(not_an_object());
    }
    let Envelope { events } = serde_json::from_str(text).map_err(|_| not_an_object())?;
    let listed: Vec<&RawValue> = match events {
        None => vec![serde_json::from_str(text).map_err(|_| not_an_object())?],
        Some(list) => {
            serde_json::from_str(list.get()).map_err(|_| ApiError::invalid("events", "must be a list of events"))?
        }
    };
    if listed.is_empty() || events_max < listed.len() {
        return Err(ApiError::invalid(
            "events",
            format!("has {} events; 1 to {events_max} are allowed (leads_per_request_max)", listed.len()),
        ));
    }
    Ok(listed.into_iter().map(|event| read_event(event, registry, payload_bytes_max)).collect())
}

fn read_event(
    event: &RawValue,
    registry: &EventRegistry,
    payload_bytes_max: usize,
) -> Result<ReportedEvent, RejectedEvent> {
    let members: HashMap<String, Box<RawValue>> =
        serde_json::from_str(event.get()).map_err(|_| rejected("not_an_object", "an event must be a JSON object"))?;
    let event_id = needed(&members, "event_id")?;
    if EVENT_ID_BYTES_MAX < event_id.len() {
        return Err(invalid(format!(
            "`event_id` has {} bytes, at most {EVENT_ID_BYTES_MAX} are allowed",
            event_id.len()
        )));
    }
    let event_type = needed(&members, "event_type")?;
    if !registry.is_reported(&event_type) {
        let known: Vec<&str> = registry.reported().collect();
        let message =
            format!("`event_type` is `{}`, which is not one of {}", event_type.escape_debug(), known.join(", "));
        return Err(rejected("event_type_unknown", message));
    }
    let campaign_id = needed(&members, "campaign_id")?;
    let payload = match members.get("payload").filter(|payload| payload.get() != "null") {
        Some(payload) if !payload.get().starts_with('{') => return Err(invalid("`payload` must be an object")),
        Some(payload) if payload_bytes_max < payload.get().len() => {
            return Err(invalid(format!(
                "`payload` has {} bytes, at most {payload_bytes_max} are allowed (event_payload_bytes_max)",
                payload.get().len()
            )));
        }
        payload => payload.cloned(),
    };
    let occurred_at = match text(&members, "occurred_at")? {
        Some(text) => Some(
            Timestamp::parse(&text)
                .ok_or_else(|| invalid("`occurred_at` must be a time in RFC 3339, such as 2026-03-28T09:35:01Z"))?,
        ),
        None => None,
    };
    let category = read_category(&members, payload.as_deref())?;
    let lead = read_lead(&members, payload.as_deref())?;
    Ok(ReportedEvent { event_id, campaign_id, event_type, lead, category, occurred_at, payload })
}

/// The category; where none is said, that to which the payload says it was changed.
fn read_category(
    members: &HashMap<String, Box<RawValue>>,
    payload: Option<&RawValue>,
) -> Result<Option<(i64, String)>, RejectedEvent> {
    if let Some(category) = members.get("category").filter(|category| category.get() != "null") {
        let wrong = || invalid("`category` must be an object with an integer `id` and a text `name`");
        let category: Value = serde_json::from_str(category.get()).map_err(|_| wrong())?;
        let id = integer(&category["id"]).ok_or_else(wrong)?;
        return Ok(Some((id, name(&category["name"]).ok_or_else(wrong)?)));
    }
    let payload: Option<Value> = payload.and_then(|payload| serde_json::from_str(payload.get()).ok());
    let changed = payload.map(|payload| payload["lead_category"].clone()).unwrap_or_default();
    Ok(integer(&changed["new_id"]).and_then(|id| Some((id, name(&changed["new_name"])?))))
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn name(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) if text.len() <= TEXT_BYTES_MAX && !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}

/// Whom it is about; where that is not said, by the address in the payload that is called as usual.
fn read_lead(
    members: &HashMap<String, Box<RawValue>>,
    payload: Option<&RawValue>,
) -> Result<LeadReference, RejectedEvent> {
    let Some(lead) = members.get("lead").filter(|lead| lead.get() != "null") else {
        return Ok(lead_of_payload(payload));
    };
    let lead: HashMap<String, Box<RawValue>> = serde_json::from_str(lead.get())
        .map_err(|_| invalid("`lead` must be an object with `email`, `phone`, `external_id` or `submission_id`"))?;
    Ok(LeadReference {
        email: text(&lead, "email")?,
        phone: text(&lead, "phone")?,
        external_id: text(&lead, "external_id")?,
        submission_id: text(&lead, "submission_id")?,
    })
}

fn lead_of_payload(payload: Option<&RawValue>) -> LeadReference {
    let payload: Option<Value> = payload.and_then(|payload| serde_json::from_str(payload.get()).ok());
    let email = PAYLOAD_ADDRESSES.iter().find_map(|name| Some(payload.as_ref()?[*name].as_str()?.trim().to_owned()));
    let fits = |text: &String| !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.contains('\0');
    LeadReference { email: email.filter(fits), ..LeadReference::default() }
}

/// A text, or the digits of a number; none where it is missing, null or blank.
fn text(members: &HashMap<String, Box<RawValue>>, name: &str) -> Result<Option<String>, RejectedEvent> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let text = match serde_json::from_str::<Value>(value.get()) {
        Ok(Value::Null) => return Ok(None),
        Ok(Value::String(text)) => text.trim().to_owned(),
        // As it was written: no digit is lost.
        Ok(Value::Number(_)) => value.get().to_owned(),
        _ => return Err(invalid(format!("`{name}` must be a text"))),
    };
    if TEXT_BYTES_MAX < text.len() || text.contains('\0') {
        return Err(invalid(format!("`{name}` may have {TEXT_BYTES_MAX} bytes, none of them NUL")));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn needed(members: &HashMap<String, Box<RawValue>>, name: &str) -> Result<String, RejectedEvent> {
    text(members, name)?.ok_or_else(|| invalid(format!("`{name}` is missing")))
}

fn invalid(message: impl Into<String>) -> RejectedEvent {
    rejected("invalid", message)
}

fn rejected(code: &'static str, message: impl Into<String>) -> RejectedEvent {
    RejectedEvent { code, message: message.into() }
}

impl LeadReference {
    /// Whether it names nobody.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The hashes under which its person may be known, e-mail before phone, and a number in international form before what was typed.
    pub fn identities(&self, salt: &[u8]) -> Vec<IdentityHash> {
        let of_email = self.email.iter().flat_map(|email| Identity::of_email(salt, email));
        let of_phone = self.phone.iter().flat_map(|phone| Identity::of_phone(salt, phone).into_iter().rev());
        of_email.chain(of_phone).collect()
    }

    /// What it says, as JSON.
    pub fn to_json(&self) -> Value {
        let members = [
            ("email", &self.email),
            ("phone", &self.phone),
            ("external_id", &self.external_id),
            ("submission_id", &self.submission_id),
        ];
        let given = members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
        Value::Object(given.collect())
    }
}

impl ReportedEvent {
    /// Whether it says that the first e-mail of a sequence was sent (E1).
    pub fn is_first_email(&self) -> bool {
        let payload: Option<Value> =
            self.payload.as_deref().and_then(|payload| serde_json::from_str(payload.get()).ok());
        self.event_type == "EMAIL_SENT"
            && payload.is_some_and(|payload| integer(&payload["sequence_number"]) == Some(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<ReportedEvent, RejectedEvent>> {
        read_events(text, &EventRegistry::default(), 10, 100).unwrap()
    }

    /// E1: the example.
    #[test]
    fn i12_e1_an_event_is_read() {
        let text = r#"{"event_id":"e1","campaign_id":"C1","event_type":"EMAIL_REPLY","occurred_at":"2026-03-28T09:35:01Z","lead":{"email":"l@x.example"},"category":{"id":2,"name":"Interested"},"payload":{"big":12345678901234567890.10}}"#;
        let event = read(text).remove(0).unwrap();
        assert_eq!(
            (event.event_id.as_str(), event.campaign_id.as_str(), event.event_type.as_str()),
            ("e1", "C1", "EMAIL_REPLY")
        );
        assert_eq!(event.category, Some((2, "Interested".to_owned())));
        assert_eq!(event.occurred_at, Some(Timestamp(1_774_690_501_000)));
        assert_eq!(event.payload.unwrap().get(), r#"{"big":12345678901234567890.10}"#);
        assert_eq!(event.lead.to_json(), serde_json::json!({"email": "l@x.example"}));
    }

    /// I12: what is wrong with one is told by its code, and its neighbours are read.
    #[test]
    fn i12_each_event_is_read_by_itself() {
        let table = [
            ("7", "not_an_object"),
            ("{}", "invalid"),
            (r#"{"event_id":"","campaign_id":"C","event_type":"EMAIL_SENT"}"#, "invalid"),
            (r#"{"event_id":["x"],"campaign_id":"C","event_type":"EMAIL_SENT"}"#, "invalid"),
            (r#"{"event_id":"e","campaign_id":"C","event_type":"lead.delivered"}"#, "event_type_unknown"),
            (r#"{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","payload":[]}"#, "invalid"),
            (r#"{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","occurred_at":"yesterday"}"#, "invalid"),
            (r#"{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","lead":"x"}"#, "invalid"),
            (r#"{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","category":7}"#, "invalid"),
            (
                r#"{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","category":{"id":1,"name":"a\u0000"}}"#,
                "invalid",
            ),
        ];
        let good = r#"{"event_id":7,"campaign_id":12,"event_type":"EMAIL_SENT"}"#;
        for (event, code) in table {
            let read = read(&format!(r#"{{"events":[{event},{good}]}}"#));
            assert_eq!(read[0].as_ref().unwrap_err().code, code, "{event}");
            let second = read[1].as_ref().unwrap();
            assert_eq!((second.event_id.as_str(), second.campaign_id.as_str()), ("7", "12"));
        }
        let long = format!(
            r#"{{"event_id":"e","campaign_id":"C","event_type":"EMAIL_SENT","payload":{{"a":"{}"}}}}"#,
            "x".repeat(100)
        );
        assert!(read(&long)[0].as_ref().unwrap_err().message.contains("event_payload_bytes_max"));
    }

    /// S2: a payload that names its lead alone is about that one.
    #[test]
    fn i12_the_payload_may_name_the_lead() {
        let event = |more: &str| {
            let text = format!(r#"{{"event_id":"e","campaign_id":"C","event_type":"EMAIL_OPEN"{more}}}"#);
            read(&text).remove(0).unwrap().lead.email
        };
        assert_eq!(
            event(r#","payload":{"sl_lead_email":"l@x.example","to_email":"t@x.example"}"#),
            Some("l@x.example".to_owned())
        );
        assert_eq!(
            event(r#","payload":{"sl_lead_email":7},"lead":{"email":"a@x.example"}"#),
            Some("a@x.example".to_owned())
        );
        assert_eq!(event(r#","payload":{"sl_lead_email":7}"#), None);
    }

    #[test]
    fn i12_a_body_without_events_is_rejected() {
        let many = format!(r#"{{"events":[{}]}}"#, ["{}"; 11].join(","));
        for text in ["[]", "7", "null", r#"{"events":[]}"#, r#"{"events":{}}"#, &many] {
            assert_eq!(
                read_events(text, &EventRegistry::default(), 10, 100).unwrap_err().kind,
                Kind::Invalid,
                "{text}"
            );
        }
    }

    /// S1: the new category counts, where it is said in the payload alone.
    #[test]
    fn i12_the_new_category_counts() {
        let event = |more: &str| {
            read(&format!(r#"{{"event_id":"e","campaign_id":"C","event_type":"LEAD_CATEGORY_UPDATED"{more}}}"#))
                .remove(0)
                .unwrap()
        };
        let changed = r#","payload":{"lead_category":{"old_id":1,"new_id":2,"new_name":"Interested"}}"#;
        assert_eq!(event(changed).category, Some((2, "Interested".to_owned())));
        assert_eq!(event(&format!(r#"{changed},"category":{{"id":"9"}}"#)).category, Some((9, String::new())));
        assert_eq!(event("").category, None);
    }

    #[test]
    fn i12_e1_the_first_email_of_a_sequence() {
        let event = |kind: &str, payload: &str| {
            read(&format!(r#"{{"event_id":"e","campaign_id":"C","event_type":"{kind}","payload":{payload}}}"#))
                .remove(0)
                .unwrap()
        };
        for (kind, payload, expected) in [
            ("EMAIL_SENT", r#"{"sequence_number":1}"#, true),
            ("EMAIL_SENT", r#"{"sequence_number":"1"}"#, true),
            ("EMAIL_SENT", r#"{"sequence_number":2}"#, false),
            ("EMAIL_SENT", "{}", false),
            ("EMAIL_OPEN", r#"{"sequence_number":1}"#, false),
        ] {
            assert_eq!(event(kind, payload).is_first_email(), expected, "{kind} {payload}");
        }
    }
}
