//! Where a campaign's leads go: its client endpoint (L8).

use super::clock::Timestamp;
use super::delivery::ReceiverSettings;
use super::error::{ApiError, Detail, Kind};
use super::net_policy::{CaCertificates, HeaderList, Schemes, WebhookUrl};
use super::ping::{Ping, PingDraft};
use super::retry::Retries;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

mod auth;

pub use auth::{AuthDraft, AuthKind, EndpointAuth, MacEncoding};

/// How long a response may be waited for, in seconds.
pub const TIMEOUT_S: RangeInclusive<u64> = 1..=120;
/// How often a lead is tried again at its client.
pub const CLIENT_RETRIES: RangeInclusive<u8> = 0..=20;
/// How many requests a minute a receiver may be bound to.
pub const RATE_PER_MINUTE: RangeInclusive<u32> = 1..=60_000;
pub(crate) const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "GET"];

/// A client endpoint that was checked. It is stored encrypted, since headers carry credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientEndpoint {
    /// The URL.
    pub url: String,
    /// The method, upper case.
    pub method: String,
    /// Headers to send, credentials among them.
    pub headers: BTreeMap<String, String>,
    /// Retries after the first attempt.
    pub retries: u8,
    /// How long one attempt may take, in seconds.
    pub timeout_s: u64,
    /// How many leads it is sent a minute at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_minute: Option<NonZeroU32>,
    /// The certificate authorities that it is trusted by instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates: Option<CaCertificates>,
    /// How requests are authenticated, those of the ping as well; none where headers alone do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<EndpointAuth>,
    /// How the client is asked for a bid before a lead is posted; none where leads are posted at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping: Option<Ping>,
}

impl ReceiverSettings for ClientEndpoint {
    fn method(&self) -> &str {
        &self.method
    }

    fn url(&self) -> &str {
        &self.url
    }

    /// Who is asked elsewhere is another receiver, too: a bid is worth something to who made it.
    fn has_receiver_of(&self, other: &Self) -> bool {
        let receivers = |endpoint: &Self| {
            let ping = endpoint.ping.as_ref().map(|ping| (ping.method.clone(), ping.url.clone()));
            (endpoint.method.clone(), endpoint.url.clone(), ping)
        };
        receivers(self) == receivers(other)
    }
}

/// A client endpoint as the API receives it, unchecked.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://client.example/leads", "headers": {"x-token": "secret"}, "retries": 5}))]
pub struct ClientEndpointDraft {
    /// The whole URL; https, and no address of a private network.
    #[schema(format = "uri")]
    pub url: String,
    /// The method: POST, PUT, PATCH or GET.
    #[serde(default = "post")]
    #[schema(pattern = "^(POST|PUT|PATCH|GET)$")]
    pub method: String,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Retries after the first attempt.
    #[serde(default = "default_retries", deserialize_with = "super::integer::deserialize")]
    #[schema(maximum = 20)]
    pub retries: u64,
    /// How long one attempt may take, in seconds.
    #[serde(default = "default_timeout_s", deserialize_with = "super::integer::deserialize")]
    #[schema(minimum = 1, maximum = 120)]
    pub timeout_s: u64,
    /// How many leads it is sent a minute at most, evenly; further ones wait. Without it, or null, as many as it takes. Pings have no such limit.
    #[serde(default, deserialize_with = "super::integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 60_000)]
    pub rate_per_minute: Option<u64>,
    /// The certificate authorities that this endpoint is trusted by instead of the public ones: certificates in PEM, one after another.
    /// Without it, or null, the public ones count.
    #[serde(default)]
    pub ca_certificates: Option<String>,
    /// How requests are authenticated, those of the ping as well. Without it, or null, they have no other authentication than `headers`.
    #[serde(default)]
    pub auth: Option<AuthDraft>,
    /// How the client is asked for a bid before a lead is posted. Without it, or null, leads are posted at once.
    #[serde(default)]
    pub ping: Option<PingDraft>,
}

pub(crate) fn post() -> String {
    "POST".into()
}

fn default_retries() -> u64 {
    5
}

fn default_timeout_s() -> u64 {
    30
}

impl ClientEndpointDraft {
    /// Checks everything and names all that is wrong.
    pub fn check(self, schemes: Schemes, now: Timestamp) -> Result<ClientEndpoint, ApiError> {
        let mut faults = Faults::default();
        let url = faults.url("url", &self.url, schemes);
        faults.headers("headers", &self.headers);
        let retries = faults.retries("retries", self.retries, CLIENT_RETRIES);
        faults.timeout("timeout_s", self.timeout_s, TIMEOUT_S);
        let rate_per_minute = faults.rate("rate_per_minute", self.rate_per_minute);
        let ca_certificates = faults.ca_certificates("ca_certificates", self.ca_certificates.as_deref(), now);
        faults.method("method", &self.method, &METHODS);
        let ping = self.ping.map(|ping| ping.check(schemes, &mut faults));
        let of_ping = ping.iter().map(|ping| ("ping.headers", &ping.headers));
        let headers: Vec<_> = std::iter::once(("headers", &self.headers)).chain(of_ping).collect();
        let auth = self.auth.and_then(|auth| auth.check(&headers, &mut faults));
        faults.end()?;
        let Self { method, headers, timeout_s, .. } = self;
        Ok(ClientEndpoint { url, method, headers, retries, timeout_s, rate_per_minute, ca_certificates, auth, ping })
    }
}

/// Gathers what is wrong with a setting, so that all problems are reported at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Detail>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, path: &str, message: impl std::fmt::Display) {
        self.0.push(Detail { path: path.into(), code: "invalid".into(), message: format!("`{path}` {message}") });
    }

    /// Checks a URL; returns it in its one spelling.
    pub fn url(&mut self, path: &str, text: &str, schemes: Schemes) -> String {
        match WebhookUrl::parse(text, schemes) {
            Ok(url) => url.as_str().to_owned(),
            Err(error) => {
                self.add(path, format!("is rejected: {error}"));
                String::new()
            }
        }
    }

    /// Checks headers.
    pub fn headers(&mut self, path: &str, headers: &BTreeMap<String, String>) {
        if let Err(errors) = HeaderList::new(headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
            for error in errors {
                self.add(path, format!("are rejected: {error}"));
            }
        }
    }

    /// Checks a number of retries.
    pub fn retries(&mut self, path: &str, given: u64, allowed: RangeInclusive<u8>) -> u8 {
        match Retries::within(given, allowed) {
            Ok(retries) => retries.get(),
            Err(error) => {
                self.add(path, format!("is rejected: {error}"));
                0
            }
        }
    }

    /// Checks a timeout.
    pub fn timeout(&mut self, path: &str, seconds: u64, allowed: RangeInclusive<u64>) {
        if !allowed.contains(&seconds) {
            self.add(path, format!("must be {} to {} seconds", allowed.start(), allowed.end()));
        }
    }

    /// Checks how many requests a minute there may be, where that is bounded.
    pub fn rate(&mut self, path: &str, per_minute: Option<u64>) -> Option<NonZeroU32> {
        let allowed = |rate: u64| u32::try_from(rate).ok().filter(|rate| RATE_PER_MINUTE.contains(rate));
        let rate = allowed(per_minute?).and_then(NonZeroU32::new);
        if rate.is_none() {
            self.add(path, format!("must be {} to {}", RATE_PER_MINUTE.start(), RATE_PER_MINUTE.end()));
        }
        rate
    }

    /// Checks a method.
    pub fn method(&mut self, path: &str, method: &str, allowed: &[&str]) {
        if !allowed.contains(&method) {
            self.add(path, format!("must be one of {}", allowed.join(", ")));
        }
    }

    /// Checks certificates of authorities, where some are given.
    pub fn ca_certificates(&mut self, path: &str, text: Option<&str>, now: Timestamp) -> Option<CaCertificates> {
        match CaCertificates::parse(text?, now) {
            Ok(certificates) => Some(certificates),
            Err(error) => {
                self.add(path, error);
                None
            }
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The error that names them all, if there are any.
    pub fn end(self) -> Result<(), ApiError> {
        if self.is_empty() {
            return Ok(());
        }
        let message = self.0.iter().map(|detail| detail.message.as_str()).collect::<Vec<_>>().join("; ");
        Err(ApiError::new(Kind::Invalid, "invalid", message).with_details(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: serde_json::Value) -> Result<ClientEndpoint, ApiError> {
        serde_json::from_value::<ClientEndpointDraft>(json).unwrap().check(Schemes::HttpsOnly, Timestamp(0))
    }

    #[test]
    fn l8_everything_wrong_is_named_at_once() {
        let error = draft(serde_json::json!({"url": "http://x.example/", "method": "TRACE", "headers": {"Host": "x"}, "retries": 99, "timeout_s": 0, "ca_certificates": "x"})).unwrap_err();
        let paths: Vec<&str> = error.details.iter().map(|d| d.path.as_str()).collect();
        assert_eq!(paths, ["url", "headers", "retries", "timeout_s", "ca_certificates", "method"]);
    }

    #[test]
    fn l8_what_is_not_said_has_a_default() {
        let endpoint = draft(serde_json::json!({"url": "https://x.example/a"})).unwrap();
        assert_eq!((endpoint.method.as_str(), endpoint.retries, endpoint.timeout_s), ("POST", 5, 30));
    }
}
