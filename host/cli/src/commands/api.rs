//! Calls of a host's API, for the commands that work with a host that runs.

use crate::output::{say, say_json};
use bytes::Bytes;
use clap::Args;
use hookmill_domain::net_policy::{AddressPolicy, AllowedRange, Schemes, WebhookUrl};
use hookmill_outbound::{OutboundLimits, OutboundRequest, Sender};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How many bytes a request or a response may have.
const BODY_BYTES_MAX: usize = 64 << 20;
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(60);

// What every command takes. Not a doc comment, which would be the help of the commands.
#[derive(Debug, Args)]
pub(super) struct ApiArgs {
    /// The address of the host.
    #[arg(long, default_value = "http://127.0.0.1:8080", env = "HOOKMILL_URL")]
    url: String,
    /// An API key (hmk_...).
    #[arg(long, env = "HOOKMILL_API_KEY", hide_env_values = true)]
    api_key: String,
    /// The organization, for the key of an operator.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// A host's API, called with a key.
pub(super) struct Api {
    sender: Sender,
    base: String,
    authorization: HeaderValue,
    organization: Option<String>,
}

impl ApiArgs {
    /// Prints what the API responded: as JSON, or as text for people.
    pub(super) fn print(&self, value: &Value, as_text: impl FnOnce(&Value) -> String) -> Result<(), String> {
        if self.json { say_json(value) } else { say(&as_text(value)) }
    }

    /// The API that these name.
    pub(super) fn connect(&self) -> Result<Api, String> {
        // Whoever runs the command names the host themselves: it may be on this machine, or in a private network.
        let policy = AddressPolicy { allowed: AllowedRange::all(), development: true };
        let limits = OutboundLimits {
            request_body_bytes_max: BODY_BYTES_MAX,
            response_body_bytes_max: BODY_BYTES_MAX,
            ..OutboundLimits::default()
        };
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", self.api_key.trim()))
            .map_err(|_| "--api-key: a key has no such characters".to_owned())?;
        authorization.set_sensitive(true);
        Ok(Api {
            sender: Sender::new(limits, policy).map_err(|error| error.to_string())?,
            base: self.url.trim_end_matches('/').to_owned(),
            authorization,
            organization: self.organization.clone(),
        })
    }
}

impl Api {
    /// Calls an operation, and returns the body of its response if it succeeds.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Bytes, String> {
        let because = |error: &dyn std::fmt::Display| format!("{}: {error}", self.base);
        let url = WebhookUrl::parse(&format!("{}{path}", self.base), Schemes::HttpToo);
        let organization = self.organization.as_deref().map(|id| ("organization", id));
        let query = query.iter().copied().chain(organization);
        let url = url.and_then(|url| url.with_query(query)).map_err(|error| because(&error))?;
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())]);
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = OutboundRequest {
            organization: "".into(),
            method,
            url,
            headers,
            body,
            timeout: TIMEOUT,
            ca_certificates: None,
        };
        let response = self.sender.send(request).await.map_err(|error| because(&error.message))?;
        if !(200..300).contains(&response.status) {
            return Err(format_error(response.status, &response.body));
        }
        if response.truncated {
            return Err(because(&format!("the response was cut off after {} bytes", response.body.len())));
        }
        Ok(response.body)
    }

    /// The same where the response is JSON.
    pub(super) async fn call_json(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let bytes = self.call(method, path, query, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: the response is not JSON: {error}", self.base))
    }
}

/// An id as a part of an address.
pub(super) fn check_id(id: &str) -> Result<String, String> {
    let is_id = !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
    if is_id { Ok(id.to_owned()) } else { Err(format!("`{id}` is not an id; ids are in the list")) }
}

/// The id of a submission as a part of an address. One that was made of another one has a number after a dot.
pub(super) fn check_submission_id(id: &str) -> Result<String, String> {
    let is_id = id.split('.').all(|part| check_id(part).is_ok());
    if is_id { Ok(id.to_owned()) } else { Err(format!("`{id}` is not an id; ids are in the list")) }
}

/// A JSON file.
pub(super) fn read_json(path: &Path) -> Result<Value, String> {
    let because = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| because(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| because(&format!("not JSON: {error}")))
}

/// An error of the API, with what it says of each place.
fn format_error(status: u16, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(message) = error["message"].as_str() else { return format!("the host responded with status {status}") };
    let mut lines = vec![format!("{}: {message}", text(&error["code"]))];
    let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(details.iter().map(|detail| format!("  {} {}", text(&detail["path"]), text(&detail["message"]))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i14_an_error_is_shown_with_its_places() {
        let body = br#"{"error":{"code":"invalid","message":"x","details":[{"path":"a","code":"b","message":"c"}]}}"#;
        assert_eq!(format_error(422, body), "invalid: x\n  a c");
        assert_eq!(format_error(502, b"<html>"), "the host responded with status 502");
    }

    #[test]
    fn an_id_is_one_part_of_an_address() {
        assert_eq!(check_id("rej_01kx").as_deref(), Ok("rej_01kx"));
        for wrong in ["", "a/b", "..", "a?b", "a%2f"] {
            assert!(check_id(wrong).is_err(), "{wrong}");
        }
        assert_eq!(check_submission_id("req_1-0.1").as_deref(), Ok("req_1-0.1"));
        for wrong in ["../me", "", ".", "a..b", "a."] {
            assert!(check_submission_id(wrong).is_err(), "{wrong}");
        }
    }
}
