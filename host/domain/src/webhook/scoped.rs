//! Scoped webhooks as their dialect creates them (S1): loosely typed, with everything that is wrong named at once.

use super::routing::WebhookScope;
use super::settings::{NAMES_MAX, WebhookContentType, WebhookMethod, WebhookSettings};
use super::subscription::NAME_CHARS_MAX;
use crate::event::EventRegistry;
use crate::net_policy::{Schemes, WebhookUrl};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Retries after the first attempt (S2).
const RETRIES: u8 = 3;
/// How long one attempt may take, in seconds (S2).
const TIMEOUT_S: u64 = 30;
/// How many bytes `webhook_type` may have, as JSON.
const TYPE_BYTES_MAX: usize = 1_024;

/// A scoped webhook that was checked as far as that needs no look at what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedWebhookDraft {
    /// Its scope.
    pub scope: WebhookScope,
    /// The client or campaign that it is for, as its creator knows it; none for whoever creates it.
    pub scope_id: Option<String>,
    /// Its settings.
    pub settings: WebhookSettings,
    /// Whether it is created though there is a similar one.
    pub is_forced: bool,
}

/// Something that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Reads and checks what was sent.
///
/// # Errors
/// Everything that is wrong.
pub fn read_scoped(
    body: &Map<String, Value>,
    schemes: Schemes,
    registry: &EventRegistry,
) -> Result<ScopedWebhookDraft, Vec<FieldError>> {
    let mut errors = Errors(Vec::new());
    let url = read_url(body, schemes, &mut errors);
    let scope = read_scope(body, &mut errors);
    let scope_id = scope.and_then(|scope| read_scope_id(body, scope, &mut errors));
    let events = read_events(body, registry, &mut errors);
    let categories = read_categories(body, &mut errors);
    let name = read_name(body, &mut errors);
    let webhook_type = body.get("webhook_type").filter(|value| !value.is_null()).cloned();
    if webhook_type.as_ref().is_some_and(|value| TYPE_BYTES_MAX < value.to_string().len()) {
        errors.add("webhook_type", format!("may have {TYPE_BYTES_MAX} bytes"));
    }
    let is_forced = read_flag(body, "force_create", &mut errors);
    let Some(scope) = scope.filter(|_| errors.0.is_empty()) else { return Err(errors.0) };
    Ok(ScopedWebhookDraft {
        scope,
        scope_id,
        is_forced,
        settings: WebhookSettings {
            name,
            enabled: true,
            url,
            method: WebhookMethod::Post,
            content_type: WebhookContentType::Json,
            events,
            categories,
            headers: BTreeMap::new(),
            auth: None,
            retries: RETRIES,
            timeout_s: TIMEOUT_S,
            rate_per_minute: None,
            secrets: Vec::new(),
            ca_certificates: None,
            logs_response_body: true,
            payload: None,
            webhook_type,
        },
    })
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: format!("{field} {}", message.into()) });
    }
}

/// A text, or the digits of an integer.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn read_url(body: &Map<String, Value>, schemes: Schemes, errors: &mut Errors) -> String {
    let url = match body.get("webhook_url") {
        None | Some(Value::Null) => Err("is missing".to_owned()),
        Some(Value::String(text)) => WebhookUrl::parse(text, schemes).map_err(|error| format!("is rejected: {error}")),
        Some(_) => Err("must be a text".to_owned()),
    };
    url.map(|url| url.as_str().to_owned()).map_err(|why| errors.add("webhook_url", why)).unwrap_or_default()
}

fn read_scope(body: &Map<String, Value>, errors: &mut Errors) -> Option<WebhookScope> {
    const FIELD: &str = "association_type";
    let given = body.get(FIELD).filter(|value| !value.is_null());
    let scope = match given.and_then(text_of).map(|text| text.to_ascii_lowercase()).as_deref() {
        Some("user" | "1") => Some(WebhookScope::User),
        Some("client" | "2") => Some(WebhookScope::Client),
        Some("campaign" | "3") => Some(WebhookScope::Campaign),
        _ => None,
    };
    if scope.is_none() {
        let problem = if given.is_none() { "is missing; it is" } else { "must be" };
        errors.add(FIELD, format!("{problem} `user`, `client` or `campaign`, or 1, 2 or 3"));
    }
    scope
}

fn read_scope_id(body: &Map<String, Value>, scope: WebhookScope, errors: &mut Errors) -> Option<String> {
    let field = match scope {
        WebhookScope::User => return None,
        WebhookScope::Client => "client_id",
        WebhookScope::Campaign => "email_campaign_id",
    };
    let id = body.get(field).and_then(text_of);
    if id.is_none() {
        errors.add(field, format!("is required with the association type `{}`", scope.as_str()));
    }
    id
}

fn read_events(body: &Map<String, Value>, registry: &EventRegistry, errors: &mut Errors) -> Vec<String> {
    let mut events = Vec::new();
    let mut given = Vec::new();
    match body.get("event_type_map") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) if map.len() <= NAMES_MAX => {
            for (name, is_on) in map {
                match is_on.as_bool() {
                    Some(is_on) => given.push(("event_type_map", name.clone(), is_on)),
                    None => errors.add("event_type_map", format!("must say true or false for `{}`", short(name))),
                }
            }
        }
        Some(_) => errors.add(
            "event_type_map",
            format!(
                "must be an object of at most {NAMES_MAX} names, each true or false, such as {{\"EMAIL_REPLY\": true}}"
            ),
        ),
    }
    match body.get("event_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(name)) => given.push(("event_type", name.clone(), true)),
        Some(_) => errors.add("event_type", "must be the name of one event"),
    }
    for (field, name, is_on) in given {
        if !registry.has(&name) {
            errors.add(field, format!("has `{}`, which is not one of {registry}", short(&name)));
        } else if is_on && !events.contains(&name) {
            events.push(name);
        }
    }
    let is_named = errors.0.iter().any(|error| error.field.starts_with("event_type"));
    if events.is_empty() && !is_named {
        errors.add("event_type_map", format!("needs at least one event that is true, of {registry}"));
    }
    events
}

fn read_categories(body: &Map<String, Value>, errors: &mut Errors) -> Vec<i64> {
    let mut categories = Vec::new();
    match body.get("category_id_map") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) if map.len() <= NAMES_MAX => {
            for (id, is_on) in map {
                match (id.trim().parse::<i64>(), is_on.as_bool()) {
                    (Ok(id), Some(true)) => categories.push(id),
                    (Ok(_), Some(false)) => {}
                    _ => errors.add(
                        "category_id_map",
                        format!("has `{}`; it has ids that are integers, each true or false", short(id)),
                    ),
                }
            }
        }
        Some(_) => errors.add(
            "category_id_map",
            format!("must be an object of at most {NAMES_MAX} ids, each true or false, such as {{\"1\": true}}"),
        ),
    }
    match body.get("category_id") {
        None | Some(Value::Null) => {}
        Some(value) => match text_of(value).and_then(|text| text.parse::<i64>().ok()) {
            Some(id) => categories.push(id),
            None => errors.add("category_id", "must be an integer"),
        },
    }
    categories.sort_unstable();
    categories.dedup();
    categories
}

fn read_name(body: &Map<String, Value>, errors: &mut Errors) -> String {
    let name = match body.get("name") {
        None | Some(Value::Null) => return String::new(),
        Some(value) => text_of(value).or_else(|| (*value == "").then(String::new)),
    };
    let fits = |name: &String| name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    name.filter(fits).unwrap_or_else(|| {
        errors.add("name", format!("must be a text of at most {NAME_CHARS_MAX} characters, without line breaks"));
        String::new()
    })
}

fn read_flag(body: &Map<String, Value>, field: &'static str, errors: &mut Errors) -> bool {
    match body.get(field) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            errors.add(field, "must be true or false");
            false
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(NAMES_MAX).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Value) -> Result<ScopedWebhookDraft, Vec<FieldError>> {
        read_scoped(json.as_object().unwrap(), Schemes::HttpsOnly, &EventRegistry::default())
    }

    fn fields(json: Value) -> Vec<&'static str> {
        read(json).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    /// S1: names, numbers and numbers as text.
    #[test]
    fn w6_s1_every_spelling_of_a_scope() {
        for (spellings, expected) in [
            ([json!("user"), json!(1), json!("1"), json!("USER")], WebhookScope::User),
            ([json!("client"), json!(2), json!("2"), json!(" client ")], WebhookScope::Client),
            ([json!("campaign"), json!(3), json!("3"), json!("Campaign")], WebhookScope::Campaign),
        ] {
            for spelling in spellings {
                let draft =
                    read(json!({"webhook_url": "https://x.example/", "association_type": spelling, "client_id": 7,
                    "email_campaign_id": "C1", "event_type": "EMAIL_REPLY"}))
                    .unwrap();
                let id = match expected {
                    WebhookScope::User => None,
                    WebhookScope::Client => Some("7"),
                    WebhookScope::Campaign => Some("C1"),
                };
                assert_eq!((draft.scope, draft.scope_id.as_deref()), (expected, id));
            }
        }
    }

    /// S1: both ways to name events and categories, and what is false is not selected.
    #[test]
    fn w6_s1_events_and_categories() {
        let draft = read(json!({"webhook_url": "https://x.example/", "association_type": 1,
            "event_type_map": {"EMAIL_REPLY": true, "EMAIL_SENT": false}, "event_type": "EMAIL_OPEN",
            "category_id_map": {"1": true, "2": false}, "category_id": "3", "webhook_type": {"any": 1}, "name": 5}))
        .unwrap();
        assert_eq!(draft.settings.events, ["EMAIL_REPLY", "EMAIL_OPEN"]);
        assert_eq!(draft.settings.categories, [1, 3]);
        assert_eq!((draft.settings.name.as_str(), draft.is_forced), ("5", false));
        assert_eq!(draft.settings.webhook_type, Some(json!({"any": 1})));
        assert_eq!((draft.settings.retries, draft.settings.timeout_s), (3, 30));
    }

    /// S1: 400 names every field at once.
    #[test]
    fn w6_s1_everything_wrong_is_named_at_once() {
        assert_eq!(fields(json!({})), ["webhook_url", "association_type", "event_type_map"]);
        let good = json!({"webhook_url": "https://x.example/", "association_type": 1, "event_type": "EMAIL_REPLY"});
        let table = [
            (json!({"webhook_url": "http://x.example/"}), vec!["webhook_url"]),
            (json!({"webhook_url": 7}), vec!["webhook_url"]),
            (json!({"association_type": "team"}), vec!["association_type"]),
            (json!({"association_type": 4}), vec!["association_type"]),
            (json!({"association_type": 2}), vec!["client_id"]),
            (json!({"association_type": 3, "email_campaign_id": ""}), vec!["email_campaign_id"]),
            (json!({"event_type": "EMAIL_LOST"}), vec!["event_type"]),
            (json!({"event_type": null, "event_type_map": {"EMAIL_REPLY": false}}), vec!["event_type_map"]),
            (
                json!({"event_type_map": {"EMAIL_LOST": false, "EMAIL_SENT": 1}}),
                vec!["event_type_map", "event_type_map"],
            ),
            (json!({"event_type_map": ["EMAIL_REPLY"]}), vec!["event_type_map"]),
            (json!({"category_id_map": {"one": true}}), vec!["category_id_map"]),
            (json!({"category_id": 1.5}), vec!["category_id"]),
            (json!({"name": ["x"]}), vec!["name"]),
            (json!({"force_create": "yes"}), vec!["force_create"]),
        ];
        for (change, expected) in table {
            let mut json = good.clone();
            json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert_eq!(fields(json), expected, "{change}");
        }
        let message = &read(json!({"webhook_url": "https://x.example/", "association_type": 1, "event_type": "X"}))
            .unwrap_err()[0]
            .message;
        assert!(message.contains("EMAIL_REPLY") && message.contains("lead.delivered"), "{message}");
    }
}
