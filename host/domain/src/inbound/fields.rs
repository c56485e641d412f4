//! The fields of a body that mean something besides the lead (K3, K4). What they ask for is read of every body; for a campaign on the standard document they
//! are also made what that document finds, for any other the body stays as it came.

use crate::edited_lead::{TAGS, TEXTS};
use crate::error::{ApiError, Kind};
use crate::metadata::InboundOrigin;
use serde_json::{Map, Value};

/// How many custom fields a body may have.
pub const FIELDS_MAX: usize = 200;
/// How many characters the name of a custom field may have.
pub const NAME_CHARS_MAX: usize = 64;

/// What is never a field of the lead.
const ENVELOPE: [&str; 16] = [
    "api_key",
    "campaign_id",
    "campaignid",
    "list_id",
    "__lid",
    "controller",
    "action",
    "format",
    "social_id",
    "points",
    "verified",
    "created_at",
    "updated_at",
    "must_exist",
    "redirect_url",
    "__skip_actions",
];
/// What is kept without its underscores.
const SESSION: [&str; 3] = ["__sid", "__session_id", "__rid"];
/// How phone numbers are called that a country code is put before.
const PHONES: [&str; 8] =
    ["phone_number", "phone", "mobile", "mobile_phone", "mobile_number", "cell_phone", "telephone", "tel"];
/// How the sender's own id of the lead is called, before `id`.
const EXTERNAL_IDS: [&str; 4] = ["external_id", "lead_id", "__uid", "uid"];
/// How e-mail addresses are called.
const EMAILS: [&str; 3] = ["email", "email_address", "e_mail"];
/// Objects whose members are custom fields.
const CUSTOM: [&str; 2] = ["custom_fields", "custom"];
/// What else is not counted as a custom field, besides the standard fields as they are called here as well.
const ALSO_STANDARD: [&str; 6] = [TAGS, "given_name", "family_name", "id", "__source", "__uid"];

/// What a body asks for besides its lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Only a person who is known is to be updated.
    pub must_exist: bool,
    /// The lead is to be stored, and no submission started.
    pub skip_actions: bool,
    /// Where a form is to be redirected to.
    pub redirect_url: Option<String>,
    /// The page that the person came from.
    pub referrer: Option<String>,
}

impl Wishes {
    /// Reads what a body, a JSON text, asks for; nothing where it is not an object.
    pub fn read(text: &str, is_xml: bool) -> Self {
        let Some(body) = members(text, is_xml) else { return Self::default() };
        let given = |name: &str| body.get(name).and_then(text_of).filter(|text| !text.is_empty());
        let is_on = |name: &str| {
            given(name).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
        };
        Self {
            must_exist: is_on("must_exist"),
            skip_actions: is_on("__skip_actions"),
            redirect_url: given("redirect_url"),
            referrer: given("__referrer"),
        }
    }
}

/// The members of a body, a JSON text: of XML those of its root element, whatever that is called. None where it has none.
fn members(text: &str, is_xml: bool) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut body)) = serde_json::from_str::<Value>(text) else { return None };
    match body.values_mut().next() {
        Some(Value::Object(root)) if is_xml => Some(std::mem::take(root)),
        _ => Some(body),
    }
}

/// A body as the standard document finds a lead in it.
///
/// # Errors
/// It has too many fields, or the name of one is too long.
pub fn normalize(
    text: &str,
    is_xml: bool,
    origin: &InboundOrigin,
    remote_address: Option<&str>,
) -> Result<String, ApiError> {
    let Some(body) = members(text, is_xml) else { return Ok(text.to_owned()) };
    let url = body.get("__url").and_then(text_of).and_then(|url| url::Url::parse(&url).ok());
    let mut fields: Map<String, Value> = Map::new();
    let mut utm: Map<String, Value> = Map::new();
    for (name, value) in body {
        put(&mut fields, &mut utm, name, value);
    }
    // What the body says wins.
    let of_url: Vec<(String, String)> = url.iter().flat_map(|url| url.query_pairs().into_owned()).collect();
    for (name, value) in of_url {
        if !is_said(&fields, &utm, &simple(&name)) {
            put(&mut fields, &mut utm, name, Value::String(value));
        }
    }
    add_country_code(&mut fields);
    for name in ["country_code", "__url", "__referrer"].iter().chain(&ENVELOPE) {
        fields.shift_remove(*name);
    }
    // Where another is the external id, `id` is nothing of the lead.
    if EXTERNAL_IDS.iter().any(|name| fields.get(*name).and_then(text_of).is_some_and(|text| !text.is_empty())) {
        fields.shift_remove("id");
    }
    if !origin.trusts_ip || !fields.contains_key("ip") {
        match remote_address {
            Some(address) => drop(fields.insert("ip".to_owned(), address.into())),
            None => drop(fields.shift_remove("ip")),
        }
    }
    check(&fields, &utm)?;
    if !utm.is_empty() {
        fields.insert("utm".to_owned(), Value::Object(utm));
    }
    Ok(Value::Object(fields).to_string())
}

/// Whether the body says what a parameter would: by this name, by another of the same address, or among its custom fields.
fn is_said(fields: &Map<String, Value>, utm: &Map<String, Value>, name: &str) -> bool {
    if let Some(rest) = name.strip_prefix("utm_").filter(|rest| !rest.is_empty()) {
        return utm.contains_key(rest);
    }
    let name = if SESSION.contains(&name) { name.trim_start_matches('_') } else { name };
    let same = [&PHONES[..], &EMAILS[..]].into_iter().find(|names| names.contains(&name));
    let is_custom = CUSTOM.iter().any(|object| fields.get(*object).is_some_and(|custom| custom.get(name).is_some()));
    is_custom
        || fields.contains_key(name)
        || same.is_some_and(|same| same.iter().any(|name| fields.contains_key(*name)))
}

/// Puts a field in its place under its simple name.
fn put(fields: &mut Map<String, Value>, utm: &mut Map<String, Value>, name: String, value: Value) {
    let name = simple(&name);
    if SESSION.contains(&name.as_str()) {
        fields.insert(name.trim_start_matches('_').to_owned(), value);
    } else if let Some(rest) = name.strip_prefix("utm_").filter(|rest| !rest.is_empty()) {
        utm.insert(rest.to_owned(), value);
    } else if let (true, Value::Object(members)) = (CUSTOM.contains(&name.as_str()), &value) {
        let members = members.iter().map(|(name, value)| (simple(name), value.clone())).collect();
        fields.insert(name, Value::Object(members));
    } else if let (true, Value::Object(members)) = (name == "utm", &value) {
        utm.extend(members.clone());
    } else {
        fields.insert(name, value);
    }
}

/// A name in lower case, with `_` for blanks.
fn simple(name: &str) -> String {
    name.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}

fn add_country_code(fields: &mut Map<String, Value>) {
    let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let Some(code) = fields.get("country_code").and_then(text_of).map(digits) else { return };
    let code = code.trim_start_matches('0');
    if code.is_empty() {
        return;
    }
    for name in PHONES {
        let Some(phone) = fields.get(name).and_then(text_of) else { continue };
        if !phone.is_empty() && !phone.starts_with('+') {
            fields.insert(name.to_owned(), format!("+{code}{phone}").into());
        }
    }
}

fn check(fields: &Map<String, Value>, utm: &Map<String, Value>) -> Result<(), ApiError> {
    let of_custom = CUSTOM.iter().filter_map(|name| fields.get(*name)?.as_object());
    let names: Vec<&String> = fields.keys().chain(of_custom.flat_map(Map::keys)).chain(utm.keys()).collect();
    let count = names.iter().filter(|name| !is_standard(name)).count();
    if FIELDS_MAX < count {
        let message = format!("there are {count} custom fields, at most {FIELDS_MAX} are allowed");
        return Err(ApiError::new(Kind::Invalid, "too_many_fields", message));
    }
    match names.into_iter().find(|name| NAME_CHARS_MAX < name.chars().count()) {
        None => Ok(()),
        Some(name) => {
            let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
            let message = format!("the name of a field may have {NAME_CHARS_MAX} characters; this one has more");
            Err(ApiError::new(Kind::Invalid, "field_name_too_long", message.clone()).at(
                shown,
                "field_name_too_long",
                message,
            ))
        }
    }
}

/// Whether a field of this simple name is counted as a custom one.
fn is_standard(name: &str) -> bool {
    [&TEXTS[..], &ALSO_STANDARD[..], &PHONES[..], &EMAILS[..], &CUSTOM[..]]
        .into_iter()
        .any(|names| names.contains(&name))
}

/// A text, or a number or truth value as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn normal(body: Value) -> Value {
        let text = normalize(&body.to_string(), false, &InboundOrigin::default(), None).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// K3: each special field.
    #[test]
    fn i9_k3_special_fields() {
        let table = [
            (json!({"country_code": "1", "phone_number": "5125550100"}), json!({"phone_number": "+15125550100"})),
            (json!({"country_code": "+0049", "phone": "0301234"}), json!({"phone": "+490301234"})),
            (json!({"country_code": 1, "phone_number": "+445125550100"}), json!({"phone_number": "+445125550100"})),
            (json!({"__sid": "a", "__session_id": "b", "__rid": 3}), json!({"sid": "a", "session_id": "b", "rid": 3})),
            (
                json!({"__url": "https://l.example/p?utm_source=g&plan=Pro&Gclid=x", "plan": "Basic"}),
                json!({"plan": "Basic", "gclid": "x", "utm": {"source": "g"}}),
            ),
            (
                json!({"utm_source": "fb", "__url": "https://l.example/?utm_source=g&utm_campaign=spring"}),
                json!({"utm": {"source": "fb", "campaign": "spring"}}),
            ),
            (
                json!({"Favourite Colour": "red", "custom_fields": {"Shoe Size": 4}}),
                json!({"favourite_colour": "red", "custom_fields": {"shoe_size": 4}}),
            ),
            (
                json!({"__url": "no url", "must_exist": true, "redirect_url": "x", "__skip_actions": 1, "__referrer": "y"}),
                json!({}),
            ),
            (
                json!({"phone_number": "+15125550100", "__url": "https://l.example/?phone=1&email_address=a&Email=b&__sid=u", "__sid": "own"}),
                json!({"phone_number": "+15125550100", "sid": "own", "email_address": "a"}),
            ),
            (
                json!({"custom_fields": {"plan": "Pro"}, "__url": "https://l.example/?plan=x"}),
                json!({"custom_fields": {"plan": "Pro"}}),
            ),
            (json!({"country_code": "49", "mobile": "151234"}), json!({"mobile": "+49151234"})),
            (json!({"__source": "s", "__uid": "u"}), json!({"__source": "s", "__uid": "u"})),
            (json!({"id": 7, "__uid": " "}), json!({"id": 7, "__uid": " "})),
            (json!({"id": 7, "__uid": "u"}), json!({"__uid": "u"})),
        ];
        for (body, expected) in table {
            assert_eq!(normal(body.clone()), expected, "{body}");
        }
    }

    /// K4: what is never a field.
    #[test]
    fn i9_k4_the_envelope_is_not_a_field() {
        for name in ENVELOPE {
            assert_eq!(normal(json!({name: "x", "plan": 1})), json!({"plan": 1}), "{name}");
        }
    }

    /// K3: the address is the request's, unless the sender is trusted.
    #[test]
    fn i9_k3_the_address_is_taken_from_listed_senders_alone() {
        for (trusts_ip, expected) in [(false, "203.0.113.9"), (true, "198.51.100.1")] {
            let origin = InboundOrigin { trusts_ip, ..InboundOrigin::default() };
            let text = normalize(r#"{"ip":"198.51.100.1"}"#, false, &origin, Some("203.0.113.9")).unwrap();
            assert_eq!(text, format!(r#"{{"ip":"{expected}"}}"#));
            let text = normalize("{}", false, &origin, Some("203.0.113.9")).unwrap();
            assert_eq!(text, r#"{"ip":"203.0.113.9"}"#);
        }
    }

    #[test]
    fn i9_k4_names_and_numbers_of_fields_are_bounded() {
        let many: Map<String, Value> = (0..=FIELDS_MAX).map(|n| (format!("f{n}"), json!(1))).collect();
        let error =
            |body: Value| normalize(&body.to_string(), false, &InboundOrigin::default(), None).unwrap_err().code;
        assert_eq!(error(Value::Object(many.clone())), "too_many_fields");
        assert_eq!(error(json!({"custom_fields": many})), "too_many_fields");
        assert_eq!(error(json!({format!("utm_{}", "x".repeat(65)): 1})), "field_name_too_long");
        assert_eq!(error(json!({"x".repeat(65): 1})), "field_name_too_long");
        assert_eq!(normal(json!({"x".repeat(64): 1})), json!({"x".repeat(64): 1}));
        // The bound is of custom fields: what a lead has besides is not counted.
        let mut most: Map<String, Value> = (0..FIELDS_MAX).map(|n| (format!("f{n}"), json!(1))).collect();
        most.extend([("email".to_owned(), json!("a@x.example")), ("mobile".to_owned(), json!("+15125550100"))]);
        assert!(
            normalize(&Value::Object(most).to_string(), false, &InboundOrigin::default(), Some("203.0.113.9")).is_ok()
        );
    }

    /// What is not an object stays as it is, and no digit is lost.
    #[test]
    fn i9_other_bodies_stay_as_they_are() {
        for text in ["[1]", "7", "null", "\"x\""] {
            assert_eq!(normalize(text, true, &InboundOrigin::default(), Some("203.0.113.9")).unwrap(), text);
            assert_eq!(Wishes::read(text, true), Wishes::default());
        }
        assert_eq!(
            normalize(r#"{"n":12345678901234567890.10}"#, false, &InboundOrigin::default(), None).unwrap(),
            r#"{"n":12345678901234567890.10}"#
        );
    }

    #[test]
    fn i9_k3_wishes_are_read() {
        let wishes = Wishes::read(
            r#"{"must_exist":"true","__skip_actions":1,"redirect_url":" https://t.example/ ","__referrer":"https://r.example/"}"#,
            false,
        );
        assert!(wishes.must_exist && wishes.skip_actions);
        assert_eq!(
            (wishes.redirect_url.as_deref(), wishes.referrer.as_deref()),
            (Some("https://t.example/"), Some("https://r.example/"))
        );
        let nothing = r#"{"must_exist":false,"__skip_actions":"0","redirect_url":""}"#;
        assert_eq!(Wishes::read(nothing, false), Wishes::default());
    }

    /// K2 K3: the fields of XML are those in its root element; in JSON an object is a field.
    #[test]
    fn i9_k3_the_root_of_xml_has_the_fields() {
        let text = r#"{"lead":{"country_code":"1","phone":"5125550100","must_exist":"true","utm_source":"g"}}"#;
        for (is_xml, expected) in [(true, r#"{"phone":"+15125550100","utm":{"source":"g"}}"#), (false, text)] {
            assert_eq!(normalize(text, is_xml, &InboundOrigin::default(), None).unwrap(), expected);
            assert_eq!(Wishes::read(text, is_xml).must_exist, is_xml);
        }
        assert_eq!(members(r#"{"lead":"x"}"#, true).unwrap().len(), 1);
    }
}
