//! The settings of a webhook as they are stored, and those of an organization or a campaign as the API receives them (W3).

use super::custom_payload::CustomPayload;
use crate::clock::Timestamp;
use crate::delivery::ReceiverSettings;
use crate::endpoint::{EndpointAuth, Faults, TIMEOUT_S};
use crate::error::ApiError;
use crate::event::EventRegistry;
use crate::net_policy::{CaCertificates, Schemes};
use crate::retry::WEBHOOK_RETRIES;
use crate::signature::{SecretError, SigningSecret, SigningSecrets};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use strum::IntoStaticStr;

/// How many events, and how many categories, one webhook may name.
pub const NAMES_MAX: usize = 100;

/// The settings of a webhook that were checked, whatever its kind. They are stored encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// Its name, for people. The settings of an organization and of a campaign have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether anything is sent.
    pub enabled: bool,
    /// The URL.
    pub url: String,
    /// The method.
    #[serde(default)]
    pub method: WebhookMethod,
    /// How the payload is written.
    #[serde(default)]
    pub content_type: WebhookContentType,
    /// The events that are sent.
    pub events: Vec<String>,
    /// The categories that an event must have one of; empty for all events, with a category or without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<i64>,
    /// Headers to send.
    pub headers: BTreeMap<String, String>,
    /// How requests are authenticated, where that is not in a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<EndpointAuth>,
    /// Retries after the first attempt.
    pub retries: u8,
    /// How long one attempt may take, in seconds.
    pub timeout_s: u64,
    /// How many messages it is sent a minute at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_minute: Option<NonZeroU32>,
    /// Signing secrets, the newest first; several during a rotation. Without one, requests are not signed.
    pub secrets: Vec<String>,
    /// The certificate authorities that it is trusted by instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates: Option<CaCertificates>,
    /// Whether the log of attempts has the bodies of responses.
    #[serde(default)]
    pub logs_response_body: bool,
    /// What is sent instead of the standard payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<CustomPayload>,
    /// What its creator called its type. It is kept and returned, and means nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_type: Option<serde_json::Value>,
}

/// The methods of a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum WebhookMethod {
    /// The payload is the body.
    #[default]
    Post,
    /// The payload is added to the query of the URL.
    Get,
}

/// How the payload of a webhook is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
pub enum WebhookContentType {
    /// As JSON.
    #[default]
    #[serde(rename = "application/json")]
    #[strum(serialize = "application/json")]
    Json,
    /// As a form: lists as repeated names, objects as JSON text.
    #[serde(rename = "application/x-www-form-urlencoded")]
    #[strum(serialize = "application/x-www-form-urlencoded")]
    Form,
}

impl WebhookMethod {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl WebhookContentType {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl ReceiverSettings for WebhookSettings {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn url(&self) -> &str {
        &self.url
    }
}

impl WebhookSettings {
    /// Whether it is for this event, were it enabled.
    pub fn selects(&self, event: &str) -> bool {
        self.events.iter().any(|name| name == event)
    }
}

/// Webhook settings of an organization or a campaign as the API receives them, unchecked. Secrets are write-only: absent secrets keep the stored ones.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "url": "https://subscriber.example/hook", "events": ["lead.delivered", "lead.failed"]}))]
pub struct WebhookSettingsDraft {
    /// Whether anything is sent.
    pub enabled: bool,
    /// The whole URL; https, and no address of a private network.
    #[schema(format = "uri")]
    pub url: String,
    /// The events that are sent, by their names.
    pub events: Vec<String>,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
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
    /// Signing secrets, `whsec_` and base64, the newest first; several during a rotation. If absent, the stored ones stay.
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// The certificate authorities that this receiver is trusted by instead of the public ones: certificates in PEM, one after another.
    /// Without it, or null, the public ones count.
    #[serde(default)]
    pub ca_certificates: Option<String>,
}

pub(super) fn default_retries() -> u64 {
    3
}

pub(super) fn default_timeout_s() -> u64 {
    30
}

/// Checks the names of events; returns each once.
pub(super) fn check_events(events: Vec<String>, registry: &EventRegistry, faults: &mut Faults) -> Vec<String> {
    if NAMES_MAX < events.len() {
        faults.add("events", format!("has {} names, at most {NAMES_MAX} are allowed", events.len()));
        return Vec::new();
    }
    let mut known: Vec<String> = Vec::with_capacity(events.len());
    for name in events {
        if !registry.has(&name) {
            let name: String = name.chars().take(NAMES_MAX).collect();
            faults.add("events", format!("has `{}`, which is not one of {registry}", name.escape_debug()));
        } else if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

impl WebhookSettingsDraft {
    /// Checks everything and reports all problems. `kept` are the stored secrets, which stay when none are given.
    pub fn check(
        self,
        schemes: Schemes,
        registry: &EventRegistry,
        kept: Vec<String>,
        now: Timestamp,
    ) -> Result<WebhookSettings, ApiError> {
        let mut faults = Faults::default();
        let url = faults.url("url", &self.url, schemes);
        faults.headers("headers", &self.headers);
        let retries = faults.retries("retries", self.retries, WEBHOOK_RETRIES);
        faults.timeout("timeout_s", self.timeout_s, TIMEOUT_S);
        let rate_per_minute = faults.rate("rate_per_minute", self.rate_per_minute);
        let events = check_events(self.events, registry, &mut faults);
        let secrets = self.secrets.unwrap_or(kept);
        if let Err(error) = signing_secrets(&secrets) {
            faults.add("secrets", format!("are rejected: {error}"));
        }
        let ca_certificates = faults.ca_certificates("ca_certificates", self.ca_certificates.as_deref(), now);
        faults.end()?;
        Ok(WebhookSettings {
            name: String::new(),
            enabled: self.enabled,
            url,
            method: WebhookMethod::Post,
            content_type: WebhookContentType::Json,
            events,
            categories: Vec::new(),
            headers: self.headers,
            auth: None,
            retries,
            timeout_s: self.timeout_s,
            rate_per_minute,
            secrets,
            ca_certificates,
            logs_response_body: true,
            payload: None,
            webhook_type: None,
        })
    }
}

/// The secrets as the signature takes them.
pub fn signing_secrets(secrets: &[String]) -> Result<SigningSecrets, SecretError> {
    SigningSecrets::new(secrets.iter().map(|text| SigningSecret::parse(text)).collect::<Result<_, _>>()?)
}

/// The same of a receiver that may do without: none where there are none.
pub fn optional_secrets(secrets: &[String]) -> Result<Option<SigningSecrets>, SecretError> {
    if secrets.is_empty() { Ok(None) } else { signing_secrets(secrets).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: serde_json::Value, kept: Vec<String>) -> Result<WebhookSettings, ApiError> {
        let draft = serde_json::from_value::<WebhookSettingsDraft>(json).unwrap();
        draft.check(Schemes::HttpsOnly, &EventRegistry::default(), kept, Timestamp(0))
    }

    fn secret() -> String {
        SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal()
    }

    #[test]
    fn w3_limits_are_those_of_the_requirements() {
        for (field, good) in [("retries", [1, 10]), ("timeout_s", [1, 120])] {
            let mut json = serde_json::json!({"enabled": true, "url": "https://x.example/", "events": []});
            for value in good {
                json[field] = value.into();
                assert!(draft(json.clone(), vec![secret()]).is_ok(), "{field} {value}");
            }
            for value in [0, good[1] + 1] {
                json[field] = value.into();
                assert_eq!(draft(json.clone(), vec![secret()]).unwrap_err().details[0].path, field, "{value}");
            }
        }
    }

    #[test]
    fn w3_unknown_events_are_rejected_with_the_valid_list() {
        let error = draft(
            serde_json::json!({"enabled": true, "url": "https://x.example/", "events": ["lead.lost"]}),
            vec![secret()],
        )
        .unwrap_err();
        for name in ["lead.lost", "lead.delivered", "EMAIL_REPLY"] {
            assert!(error.message.contains(name), "{}", error.message);
        }
    }

    #[test]
    fn w4_no_secret_given_keeps_the_kept() {
        let json = serde_json::json!({"enabled": true, "url": "https://x.example/", "events": ["lead.delivered", "lead.delivered"]});
        let settings = draft(json, vec![secret()]).unwrap();
        assert_eq!(settings.secrets, [secret()]);
        assert!(settings.selects("lead.delivered") && !settings.selects("lead.failed"));
        assert_eq!(settings.events, ["lead.delivered"]);
    }
}
