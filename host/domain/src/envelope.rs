//! The envelope of the batch push (I1, I5): checked in one pass, its leads kept as slices of the body. No lead is built here;
//! what it holds is the plugin's to read.

use super::body::syntax;
use super::error::{ApiError, Detail, Kind};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How many bytes an idempotency key may have.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// A request that may be accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's key for this request.
    pub idempotency_key: String,
    /// All or nothing.
    pub atomic: bool,
    /// The elements of `leads`, in order.
    pub elements: Vec<Element>,
    /// Keys of the envelope that mean nothing here, so that a slip of the pen is seen.
    pub unknown_keys: Vec<String>,
}

/// One element of `leads`: where it stands in the body, and which campaign it names.
#[derive(Debug, PartialEq, Eq)]
pub struct Element {
    /// The first byte in the body.
    pub start: usize,
    /// How many bytes.
    pub len: usize,
    /// The campaign it names; `Ok(None)` when it names none that could exist.
    pub campaign: Result<Option<String>, NotAnObject>,
}

/// The element is not a JSON object.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct NotAnObject;

/// Reads an envelope of at most `leads_max` leads. Syntax comes before meaning (I5).
pub fn parse(text: &str, leads_max: usize) -> Result<Envelope, ApiError> {
    if !is_object(text) {
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| syntax(text))?;
        return Err(ApiError::new(
            Kind::Invalid,
            "envelope_invalid",
            "the body must be a JSON object with `idempotency_key` and `leads`",
        )
        .at("", "not_an_object", "the body is not a JSON object"));
    }
    let Parts { idempotency_key, leads, atomic, unknown_keys } =
        serde_json::from_str(text).map_err(|_| syntax(text))?;
    let mut details = Vec::new();
    let idempotency_key = read_key(idempotency_key, &mut details);
    let atomic = read_atomic(atomic, &mut details);
    let elements = read_leads(text, leads, leads_max, &mut details);
    match (idempotency_key, atomic, elements) {
        (Some(idempotency_key), Some(atomic), Some(elements)) => {
            Ok(Envelope { idempotency_key, atomic, elements, unknown_keys })
        }
        _ => Err(ApiError::new(Kind::Invalid, "envelope_invalid", "the envelope is not acceptable; see details")
            .with_details(details)),
    }
}

/// Whether a JSON text, if it is one, is an object.
fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{')
}

fn read_key(raw: Option<&RawValue>, details: &mut Vec<Detail>) -> Option<String> {
    let path = "idempotency_key";
    let Some(raw) = raw else {
        return reject(
            details,
            path,
            "missing",
            "is missing: give each request its own key, so that a retry is recognised",
        );
    };
    let Ok(key) = serde_json::from_str::<String>(raw.get()) else {
        return reject(details, path, "not_a_string", "must be a JSON string");
    };
    if key.is_empty() {
        return reject(details, path, "empty", "must not be empty");
    }
    if IDEMPOTENCY_KEY_BYTES_MAX < key.len() {
        return reject(
            details,
            path,
            "too_long",
            &format!("has {} bytes, at most {IDEMPOTENCY_KEY_BYTES_MAX} are allowed", key.len()),
        );
    }
    if key.contains('\0') {
        return reject(details, path, "invalid_character", "must not contain U+0000");
    }
    Some(key)
}

fn read_atomic(raw: Option<&RawValue>, details: &mut Vec<Detail>) -> Option<bool> {
    let Some(raw) = raw else { return Some(false) };
    match raw.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => reject(details, "atomic", "not_a_boolean", "must be true or false"),
    }
}

fn read_leads(body: &str, raw: Option<&RawValue>, leads_max: usize, details: &mut Vec<Detail>) -> Option<Vec<Element>> {
    let path = "leads";
    let Some(raw) = raw else { return reject(details, path, "missing", "is missing: send a list of leads") };
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        return reject(details, path, "not_a_list", "must be a list");
    };
    if list.is_empty() {
        return reject(details, path, "empty", "must not be empty");
    }
    if leads_max < list.len() {
        return reject(
            details,
            path,
            "too_many",
            &format!("has {} elements, at most {leads_max} are allowed in one request", list.len()),
        );
    }
    Some(list.into_iter().map(|element| read_element(body, element)).collect())
}

fn read_element(body: &str, raw: &RawValue) -> Element {
    let text = raw.get();
    let start = text.as_ptr() as usize - body.as_ptr() as usize;
    let campaign = match serde_json::from_str::<CampaignOf>(text) {
        Ok(CampaignOf(raw)) => Ok(raw.and_then(campaign_text)),
        Err(_) => Err(NotAnObject),
    };
    Element { start, len: text.len(), campaign }
}

/// The text of a `campaign_id`: a string, or a number that stands for its digits (O3).
pub fn campaign_text(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).ok(),
        Some(b'-' | b'0'..=b'9') => Some(text.to_owned()),
        _ => None,
    }
}

fn reject<T>(details: &mut Vec<Detail>, path: &str, code: &str, message: &str) -> Option<T> {
    details.push(Detail { path: path.into(), code: code.into(), message: format!("`{path}` {message}") });
    None
}

/// The members of the root that matter. When a key stands twice, the last counts (I10).
struct Parts<'a> {
    idempotency_key: Option<&'a RawValue>,
    leads: Option<&'a RawValue>,
    atomic: Option<&'a RawValue>,
    unknown_keys: Vec<String>,
}

/// How many unknown keys of an envelope are named in the response.
const UNKNOWN_KEYS_MAX: usize = 8;

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Root;
        impl<'de> Visitor<'de> for Root {
            type Value = Parts<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let (mut idempotency_key, mut leads, mut atomic, mut unknown_keys) = (None, None, None, Vec::new());
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match key.as_ref() {
                        "idempotency_key" => idempotency_key = Some(map.next_value()?),
                        "leads" => leads = Some(map.next_value()?),
                        "atomic" => atomic = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            if unknown_keys.len() < UNKNOWN_KEYS_MAX {
                                unknown_keys.push(key.into_owned());
                            }
                        }
                    }
                }
                Ok(Parts { idempotency_key, leads, atomic, unknown_keys })
            }
        }
        deserializer.deserialize_map(Root)
    }
}

/// The `campaign_id` of an element, the last one when there are several.
struct CampaignOf<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for CampaignOf<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lead;
        impl<'de> Visitor<'de> for Lead {
            type Value = CampaignOf<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut campaign = None;
                while let Some(key) = map.next_key::<CampaignKey>()? {
                    match key {
                        CampaignKey::CampaignId => campaign = Some(map.next_value()?),
                        CampaignKey::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(CampaignOf(campaign))
            }
        }
        deserializer.deserialize_map(Lead)
    }
}

/// A key, compared and forgotten: keys of leads are not copied.
enum CampaignKey {
    CampaignId,
    Other,
}

impl<'de> Deserialize<'de> for CampaignKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = CampaignKey;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<CampaignKey, E> {
                Ok(if key == "campaign_id" { CampaignKey::CampaignId } else { CampaignKey::Other })
            }
        }
        deserializer.deserialize_str(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEADS_MAX: usize = 3;

    fn codes(body: &str) -> Vec<String> {
        let error = parse(body, LEADS_MAX).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{body}");
        error.details.into_iter().map(|d| format!("{}:{}", d.path, d.code)).collect()
    }

    #[test]
    fn i1_elements_are_slices_of_the_body() {
        let body = r#" {"leads":[{"campaign_id":"A","n":1}, {"campaign_id":12}, 5], "idempotency_key":"k"} "#;
        let envelope = parse(body, LEADS_MAX).unwrap();
        let slices: Vec<&str> = envelope.elements.iter().map(|e| &body[e.start..e.start + e.len]).collect();
        assert_eq!(slices, [r#"{"campaign_id":"A","n":1}"#, r#"{"campaign_id":12}"#, "5"]);
        let campaigns: Vec<_> = envelope.elements.into_iter().map(|e| e.campaign).collect();
        assert_eq!(campaigns, [Ok(Some("A".into())), Ok(Some("12".into())), Err(NotAnObject)]);
    }

    #[test]
    fn i5_every_wrong_envelope_is_named() {
        let long = format!(r#"{{"idempotency_key":"{}","leads":[1]}}"#, "k".repeat(256));
        let table = [
            ("5", vec![":not_an_object"]),
            ("[]", vec![":not_an_object"]),
            ("1e400", vec![":not_an_object"]),
            ("{}", vec!["idempotency_key:missing", "leads:missing"]),
            (r#"{"idempotency_key":null,"leads":[1]}"#, vec!["idempotency_key:not_a_string"]),
            (r#"{"idempotency_key":5,"leads":[1]}"#, vec!["idempotency_key:not_a_string"]),
            (r#"{"idempotency_key":"","leads":[1]}"#, vec!["idempotency_key:empty"]),
            (long.as_str(), vec!["idempotency_key:too_long"]),
            (r#"{"idempotency_key":"a\u0000","leads":[1]}"#, vec!["idempotency_key:invalid_character"]),
            (r#"{"idempotency_key":"k","leads":{}}"#, vec!["leads:not_a_list"]),
            (r#"{"idempotency_key":"k","leads":[]}"#, vec!["leads:empty"]),
            (r#"{"idempotency_key":"k","leads":[1,2,3,4]}"#, vec!["leads:too_many"]),
            (r#"{"idempotency_key":"k","leads":[1],"atomic":"yes"}"#, vec!["atomic:not_a_boolean"]),
        ];
        for (body, expected) in table {
            assert_eq!(codes(body), expected, "{body}");
        }
    }

    #[test]
    fn i5_syntax_has_a_place() {
        let error = parse("{\"idempotency_key\":\"k\",\n \"leads\":[}", LEADS_MAX).unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Syntax, "invalid_json"));
        assert!(error.message.contains("line 2, column 11"), "{}", error.message);
        assert_eq!(parse("{} x", LEADS_MAX).unwrap_err().code, "invalid_json");
        assert_eq!(parse("", LEADS_MAX).unwrap_err().code, "invalid_json");
    }

    #[test]
    fn i10_the_last_of_two_keys_counts() {
        let envelope = parse(
            r#"{"idempotency_key":"a","leads":[{"campaign_id":"A","campaign_id":"B"}],"idempotency_key":"b"}"#,
            LEADS_MAX,
        )
        .unwrap();
        assert_eq!(envelope.idempotency_key, "b");
        assert_eq!(envelope.elements[0].campaign, Ok(Some("B".into())));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(serde_json::Value::String),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
                proptest::collection::vec(
                    (prop_oneof!["idempotency_key", "leads", "atomic", "campaign_id", ".*"], inner),
                    0..4
                )
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn i5_any_text_gets_a_response(body in "\\PC{0,80}|[\\[\\]{}\":,a-z]{0,80}") {
            drop(parse(&body, LEADS_MAX));
        }

        #[test]
        fn i5_any_json_is_never_a_syntax_error(value in json()) {
            if let Err(error) = parse(&value.to_string(), LEADS_MAX) {
                prop_assert_eq!(error.kind, Kind::Invalid);
                prop_assert!(!error.details.is_empty());
            }
        }

        #[test]
        fn i5_every_cut_is_a_syntax_error(value in json(), at in any::<prop::sample::Index>()) {
            let body = serde_json::json!({"idempotency_key": "k", "leads": [value]}).to_string();
            let mut cut = at.index(body.len());
            while !body.is_char_boundary(cut) { cut -= 1; }
            prop_assert_eq!(parse(&body[..cut], LEADS_MAX).unwrap_err().kind, Kind::Syntax);
        }

        #[test]
        fn i1_good_envelopes_keep_every_lead(leads in proptest::collection::vec(json(), 1..4)) {
            let body = serde_json::json!({"idempotency_key": "k", "leads": leads}).to_string();
            let envelope = parse(&body, LEADS_MAX).unwrap();
            let read: Vec<serde_json::Value> = envelope.elements.iter()
                .map(|e| serde_json::from_str(&body[e.start..e.start + e.len]).unwrap()).collect();
            prop_assert_eq!(read, leads);
        }
    }
}
