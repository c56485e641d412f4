//! A subscription as the API receives it (W4, D1).

use super::custom_payload::{CustomPayload, PayloadField, check_fields};
use super::settings::{
    NAMES_MAX, WebhookContentType, WebhookMethod, WebhookSettings, check_events, default_retries, default_timeout_s,
    optional_secrets,
};
use crate::clock::Timestamp;
use crate::endpoint::{AuthDraft, AuthKind, Faults, TIMEOUT_S};
use crate::error::ApiError;
use crate::event::EventRegistry;
use crate::net_policy::Schemes;
use crate::retry::WEBHOOK_RETRIES;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many characters the name of a webhook may have.
pub const NAME_CHARS_MAX: usize = 200;

/// A subscription as the API receives it, unchecked. Secrets are write-only: absent or blank ones keep the stored ones.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "CRM", "url": "https://crm.example/hook", "events": ["lead.delivered"],
    "payload": [{"name": "email", "from": "lead.email"}, {"name": "source", "value": "webhook"}],
}))]
pub struct SubscriptionDraft {
    /// Its name, for people: 1 to 200 characters.
    pub name: String,
    /// The whole URL; https, and no address of a private network.
    #[schema(format = "uri")]
    pub url: String,
    /// The method: POST, or GET with the payload in the query.
    #[serde(default)]
    pub method: WebhookMethod,
    /// How the payload of a POST is written.
    #[serde(default)]
    pub content_type: WebhookContentType,
    /// `none` (as if absent) or `basic`, which takes POST. A password of `***` keeps the stored one.
    #[serde(default)]
    pub auth: Option<AuthDraft>,
    /// Signing secrets, `whsec_` and base64, the newest first; several during a rotation. Absent or blank, the stored ones stay; an empty list removes
    /// them, and requests are no longer signed.
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Whether the log of attempts has the bodies of responses.
    #[serde(default)]
    pub log_response_body: bool,
    /// Whether anything is sent; what an inactive one would have been sent is recorded as `suppressed`.
    #[serde(default = "active")]
    pub active: bool,
    /// The events that are sent, by their names.
    pub events: Vec<String>,
    /// The ids of categories, one of which an event must have; absent or empty for all events.
    #[serde(default)]
    pub categories: Vec<i64>,
    /// What is sent instead of the standard payload, field by field.
    #[serde(default)]
    pub payload: Option<Vec<PayloadField>>,
    /// Retries after the first attempt.
    #[serde(default = "default_retries", deserialize_with = "crate::integer::deserialize")]
    #[schema(minimum = 1, maximum = 10)]
    pub retries: u64,
    /// How long one attempt may take, in seconds.
    #[serde(default = "default_timeout_s", deserialize_with = "crate::integer::deserialize")]
    #[schema(minimum = 1, maximum = 120)]
    pub timeout_s: u64,
    /// How many messages it is sent a minute at most, evenly; further ones wait. Without it, or null, as many as it takes.
    #[serde(default, deserialize_with = "crate::integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 60_000)]
    pub rate_per_minute: Option<u64>,
    /// The certificate authorities that this receiver is trusted by instead of the public ones: certificates in PEM, one after another.
    #[serde(default)]
    pub ca_certificates: Option<String>,
}

fn active() -> bool {
    true
}

/// Checks the name of a webhook.
pub(super) fn check_name(name: &str, faults: &mut Faults) -> String {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !fits {
        faults.add("name", format!("needs 1 to {NAME_CHARS_MAX} characters, without line breaks and tabs"));
    }
    name.to_owned()
}

impl SubscriptionDraft {
    /// Whether secrets were given, an empty list among them.
    pub fn gives_secrets(&self) -> bool {
        self.secrets
            .as_ref()
            .is_some_and(|secrets| secrets.is_empty() || !secrets.iter().all(|text| text.trim().is_empty()))
    }

    /// Checks everything but the paths of the payload, and reports all problems. `kept` are the stored secrets, `compiled` is what the
    /// payload was compiled to, empty of what is not known yet.
    pub fn check(
        mut self,
        schemes: Schemes,
        registry: &EventRegistry,
        kept: Vec<String>,
        now: Timestamp,
    ) -> Result<WebhookSettings, ApiError> {
        let mut faults = Faults::default();
        let name = check_name(&self.name, &mut faults);
        let url = faults.url("url", &self.url, schemes);
        faults.headers("headers", &self.headers);
        let retries = faults.retries("retries", self.retries, WEBHOOK_RETRIES);
        faults.timeout("timeout_s", self.timeout_s, TIMEOUT_S);
        let rate_per_minute = faults.rate("rate_per_minute", self.rate_per_minute);
        let secrets = if self.gives_secrets() { self.secrets.take().unwrap_or_default() } else { kept };
        let events = check_events(self.events, registry, &mut faults);
        if NAMES_MAX < self.categories.len() {
            faults.add("categories", format!("has {} ids, at most {NAMES_MAX} are allowed", self.categories.len()));
        }
        if let Err(error) = optional_secrets(&secrets) {
            faults.add("secrets", format!("are rejected: {error}"));
        }
        let ca_certificates = faults.ca_certificates("ca_certificates", self.ca_certificates.as_deref(), now);
        let auth = self.auth.and_then(|auth| check_auth(auth, self.method, &self.headers, &mut faults));
        if let Some(fields) = &self.payload {
            check_fields(fields, &mut faults);
        }
        faults.end()?;
        Ok(WebhookSettings {
            name,
            enabled: self.active,
            url,
            method: self.method,
            content_type: self.content_type,
            events,
            categories: self.categories,
            headers: self.headers,
            auth,
            retries,
            timeout_s: self.timeout_s,
            rate_per_minute,
            secrets,
            ca_certificates,
            logs_response_body: self.log_response_body,
            payload: self.payload.map(CustomPayload::not_compiled),
            webhook_type: None,
        })
    }
}

fn check_auth(
    auth: AuthDraft,
    method: WebhookMethod,
    headers: &BTreeMap<String, String>,
    faults: &mut Faults,
) -> Option<crate::endpoint::EndpointAuth> {
    if !matches!(auth.kind, AuthKind::None | AuthKind::Basic) {
        faults.add("auth.kind", "must be `none` or `basic`; another credential goes into `headers`");
        return None;
    }
    if auth.kind == AuthKind::Basic && method == WebhookMethod::Get {
        faults.add("auth.kind", "is `basic`, which takes the method POST");
    }
    auth.check(&[("headers", headers)], faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn draft(change: Value) -> Result<WebhookSettings, ApiError> {
        let mut json = json!({"name": "CRM", "url": "https://x.example/", "events": ["lead.delivered"]});
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let draft = serde_json::from_value::<SubscriptionDraft>(json).unwrap();
        draft.check(Schemes::HttpsOnly, &EventRegistry::default(), vec!["kept".repeat(10)], Timestamp(0))
    }

    #[test]
    fn w4_d1_every_setting_has_its_default() {
        let settings = draft(json!({})).unwrap();
        assert_eq!((settings.method, settings.content_type), (WebhookMethod::Post, WebhookContentType::Json));
        assert!(
            settings.enabled && !settings.logs_response_body && settings.auth.is_none() && settings.payload.is_none()
        );
        assert_eq!((settings.retries, settings.timeout_s), (3, 30));
    }

    /// D1: a blank secret keeps the stored one, and an empty list is none.
    #[test]
    fn w4_d1_a_blank_secret_keeps_the_stored_one() {
        let kept = vec!["kept".repeat(10)];
        for (secrets, expected) in [(json!(null), kept.clone()), (json!([""]), kept), (json!([]), vec![])] {
            assert_eq!(draft(json!({"secrets": secrets})).unwrap().secrets, expected);
        }
    }

    #[test]
    fn w4_d1_what_does_not_fit_together_is_named() {
        let basic = json!({"kind": "basic", "username": "u", "password": "p"});
        let table = [
            (json!({"method": "GET", "auth": basic}), vec!["auth.kind"]),
            (json!({"auth": {"kind": "bearer", "token": "t"}}), vec!["auth.kind"]),
            (json!({"auth": basic, "headers": {"Authorization": "x"}}), vec!["headers"]),
            (json!({"name": "a\nb"}), vec!["name"]),
            (json!({"name": " "}), vec!["name"]),
            (json!({"url": "http://x.example/"}), vec!["url"]),
            (json!({"events": ["nothing"]}), vec!["events"]),
            (json!({"secrets": ["short"]}), vec!["secrets"]),
            (json!({"retries": 0, "timeout_s": 121}), vec!["retries", "timeout_s"]),
            (json!({"headers": {"webhook-id": "x"}}), vec!["headers"]),
            (json!({"payload": []}), vec!["payload"]),
        ];
        for (change, expected) in table {
            let error = draft(change.clone()).unwrap_err();
            let paths: Vec<&str> = error.details.iter().map(|detail| detail.path.as_str()).collect();
            assert_eq!(paths, expected, "{change}: {}", error.message);
        }
    }
}
