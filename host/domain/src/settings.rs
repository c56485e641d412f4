//! The webhook settings of an organization (W3).

use super::clock::Timestamp;
use super::delivery::ReceiverSettings;
use super::endpoint::{Faults, TIMEOUT_S};
use super::error::ApiError;
use super::event::EventName;
use super::net_policy::{CaCertificates, Schemes};
use super::retry::WEBHOOK_RETRIES;
use super::signature::{SigningSecret, SigningSecrets};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Webhook settings that were checked. They are stored encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// Whether anything is sent.
    pub enabled: bool,
    /// The URL.
    pub url: String,
    /// The events that are sent.
    pub events: Vec<String>,
    /// Headers to send.
    pub headers: BTreeMap<String, String>,
    /// Retries after the first attempt.
    pub retries: u8,
    /// How long one attempt may take, in seconds.
    pub timeout_s: u64,
    /// Signing secrets, the newest first; several during a rotation.
    pub secrets: Vec<String>,
    /// The certificate authorities that it is trusted by instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates: Option<CaCertificates>,
}

impl ReceiverSettings for WebhookSettings {
    fn method(&self) -> &str {
        "POST"
    }

    fn url(&self) -> &str {
        &self.url
    }
}

/// Webhook settings as the API receives them, unchecked. Secrets are write-only: absent secrets keep the stored ones.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "url": "https://subscriber.example/hook", "events": ["lead.delivered", "lead.failed"]}))]
pub struct WebhookSettingsDraft {
    /// Whether anything is sent.
    pub enabled: bool,
    /// The whole URL; https, and no address of a private network.
    #[schema(format = "uri")]
    pub url: String,
    /// The events that are sent.
    #[schema(value_type = Vec<EventName>)]
    pub events: Vec<String>,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Retries after the first attempt.
    #[serde(default = "default_retries", deserialize_with = "super::integer::deserialize")]
    #[schema(minimum = 1, maximum = 10)]
    pub retries: u64,
    /// How long one attempt may take, in seconds.
    #[serde(default = "default_timeout_s", deserialize_with = "super::integer::deserialize")]
    #[schema(minimum = 1, maximum = 120)]
    pub timeout_s: u64,
    /// Signing secrets, `whsec_` and base64, the newest first; several during a rotation. If absent, the stored ones stay.
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// The certificate authorities that this receiver is trusted by instead of the public ones: certificates in PEM, one after another.
    /// Without it, or null, the public ones count.
    #[serde(default)]
    pub ca_certificates: Option<String>,
}

fn default_retries() -> u64 {
    3
}

fn default_timeout_s() -> u64 {
    30
}

impl WebhookSettingsDraft {
    /// Checks everything and reports all problems. `kept` are the stored secrets, which stay when none are given.
    pub fn check(self, schemes: Schemes, kept: Vec<String>, now: Timestamp) -> Result<WebhookSettings, ApiError> {
        let mut faults = Faults::default();
        let url = faults.url("url", &self.url, schemes);
        faults.headers("headers", &self.headers);
        let retries = faults.retries("retries", self.retries, WEBHOOK_RETRIES);
        faults.timeout("timeout_s", self.timeout_s, TIMEOUT_S);
        for name in self.events.iter().filter(|name| EventName::parse(name).is_none()) {
            let known: Vec<&str> = EventName::ALL.iter().map(|event| event.as_str()).collect();
            faults.add("events", format!("has `{}`, which is not one of {}", name.escape_debug(), known.join(", ")));
        }
        let secrets = self.secrets.unwrap_or(kept);
        if let Err(error) = signing_secrets(&secrets) {
            faults.add("secrets", format!("are rejected: {error}"));
        }
        let ca_certificates = faults.ca_certificates("ca_certificates", self.ca_certificates.as_deref(), now);
        faults.end()?;
        Ok(WebhookSettings {
            enabled: self.enabled,
            url,
            events: self.events,
            headers: self.headers,
            retries,
            timeout_s: self.timeout_s,
            secrets,
            ca_certificates,
        })
    }
}

impl WebhookSettings {
    /// Whether this event is sent.
    pub fn wants(&self, event: EventName) -> bool {
        self.enabled && self.events.iter().any(|name| name == event.as_str())
    }
}

/// The secrets as the signature takes them.
pub fn signing_secrets(secrets: &[String]) -> Result<SigningSecrets, super::signature::SecretError> {
    SigningSecrets::new(secrets.iter().map(|text| SigningSecret::parse(text)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: serde_json::Value, kept: Vec<String>) -> Result<WebhookSettings, ApiError> {
        serde_json::from_value::<WebhookSettingsDraft>(json).unwrap().check(Schemes::HttpsOnly, kept, Timestamp(0))
    }

    fn secret() -> String {
        SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal()
    }

    #[test]
    fn w3_limits_are_those_of_the_requirements() {
        for (field, bad) in [("retries", 0), ("retries", 11), ("timeout_s", 0), ("timeout_s", 121)] {
            let mut json = serde_json::json!({"enabled": true, "url": "https://x.example/", "events": []});
            json[field] = bad.into();
            assert_eq!(draft(json, vec![secret()]).unwrap_err().details[0].path, field);
        }
    }

    #[test]
    fn w3_unknown_events_are_rejected_with_the_valid_list() {
        let error = draft(
            serde_json::json!({"enabled": true, "url": "https://x.example/", "events": ["lead.lost"]}),
            vec![secret()],
        )
        .unwrap_err();
        assert!(error.message.contains("lead.lost") && error.message.contains("lead.delivered"), "{}", error.message);
    }

    #[test]
    fn w4_no_secret_given_keeps_the_kept() {
        let json = serde_json::json!({"enabled": true, "url": "https://x.example/", "events": ["lead.delivered"]});
        let settings = draft(json, vec![secret()]).unwrap();
        assert_eq!(settings.secrets, [secret()]);
        assert!(settings.wants(EventName::Delivered) && !settings.wants(EventName::Failed));
    }
}
