//! A stored message as an HTTP request: the receiver's settings, the shaped parts, and what the host alone sets.

use bytes::Bytes;
use hookmill_domain::action::ActionWebhook;
use hookmill_domain::delivery::ReceiverSettings;
use hookmill_domain::endpoint::{ClientEndpoint, EndpointAuth};
use hookmill_domain::net_policy::{CaCertificates, ECHO_BYTES_MIN, HeaderList, Schemes, WebhookUrl};
use hookmill_domain::ping::Ping;
use hookmill_domain::signature::{self, Message as Signed};
use hookmill_domain::webhook::settings::{WebhookSettings, optional_secrets, signing_secrets};
use hookmill_outbound::OutboundRequest;
use hookmill_store::deliveries::Message;
use http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What the host calls itself to receivers.
const USER_AGENT_VALUE: &str = concat!("hookmill/", env!("CARGO_PKG_VERSION"));
/// Names the submission to a client: the same on every attempt, so that a repeat is recognised.
const SUBMISSION_HEADER: HeaderName = HeaderName::from_static("hookmill-submission-id");

/// Names a ping to a client, the same whenever it is sent.
const PING_HEADER: HeaderName = HeaderName::from_static("hookmill-ping-id");
/// What the client called its bid by, for which it gets the lead.
const BID_HEADER: HeaderName = HeaderName::from_static("hookmill-bid-token");

/// What stands for a secret that a response repeats.
const MASKED_SECRET: &str = "***";

/// The receiver of a message.
#[derive(Debug, Clone)]
pub(crate) enum Receiver {
    /// The campaign's client.
    Client(ClientEndpoint),
    /// The webhook of the campaign's first-submission action.
    Action(ActionWebhook),
    /// The same, asked for a bid.
    Ping(Ping, Option<EndpointAuth>, Option<CaCertificates>),
    /// A webhook.
    Webhook(Box<WebhookSettings>),
}

impl ReceiverSettings for Receiver {
    fn method(&self) -> &str {
        match self {
            Self::Client(endpoint) => endpoint.method(),
            Self::Action(webhook) => webhook.method(),
            Self::Ping(ping, ..) => ping.method(),
            Self::Webhook(settings) => settings.method(),
        }
    }

    fn url(&self) -> &str {
        match self {
            Self::Client(endpoint) => endpoint.url(),
            Self::Action(webhook) => webhook.url(),
            Self::Ping(ping, ..) => ping.url(),
            Self::Webhook(settings) => settings.url(),
        }
    }
}

impl Receiver {
    /// A client that is asked for a bid; none where it has no ping.
    pub(crate) fn ping(endpoint: ClientEndpoint) -> Option<Self> {
        let ClientEndpoint { ping, auth, ca_certificates, .. } = endpoint;
        Some(Self::Ping(ping?, auth, ca_certificates))
    }

    /// A webhook.
    pub(crate) fn webhook(settings: WebhookSettings) -> Self {
        Self::Webhook(Box::new(settings))
    }

    /// Whether the log of attempts has the bodies of its responses.
    pub(crate) fn logs_response_body(&self) -> bool {
        match self {
            Self::Client(_) | Self::Action(_) | Self::Ping(..) => true,
            Self::Webhook(settings) => settings.logs_response_body,
        }
    }

    /// What it responded, without path and query of its URL and without the secret of its authentication, which an error page may repeat.
    pub(crate) fn mask_echo(&self, text: &str) -> String {
        // Most responses are shorter than anything that is looked for: those cost no look at the URL.
        if text.len() < ECHO_BYTES_MIN {
            return text.to_owned();
        }
        let masked = match WebhookUrl::parse(self.url(), Schemes::HttpToo) {
            Ok(url) => url.mask_echo(text),
            Err(_) => text.to_owned(),
        };
        // A header may be a credential as well.
        let of_auth = self.auth().map(EndpointAuth::secrets).unwrap_or_default();
        let of_headers = self.headers().iter().filter(|(name, _)| !is_public(name)).map(|(_, value)| value.as_str());
        // `Bearer TOKEN` may be repeated without its first word.
        let words = of_headers.clone().filter_map(|value| value.split_whitespace().next_back());
        let secrets = of_auth.iter().map(String::as_str).chain(of_headers).chain(words);
        let long = secrets.filter(|secret| ECHO_BYTES_MIN <= secret.len());
        long.fold(masked, |text, secret| text.replace(secret, MASKED_SECRET))
    }

    fn headers(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Client(endpoint) => &endpoint.headers,
            Self::Action(webhook) => &webhook.headers,
            Self::Ping(ping, ..) => &ping.headers,
            Self::Webhook(settings) => &settings.headers,
        }
    }

    fn ca_certificates(&self) -> Option<&CaCertificates> {
        match self {
            Self::Client(endpoint) => endpoint.ca_certificates.as_ref(),
            Self::Action(webhook) => webhook.ca_certificates.as_ref(),
            Self::Ping(_, _, ca_certificates) => ca_certificates.as_ref(),
            Self::Webhook(settings) => settings.ca_certificates.as_ref(),
        }
    }

    fn auth(&self) -> Option<&EndpointAuth> {
        match self {
            Self::Client(endpoint) => endpoint.auth.as_ref(),
            Self::Ping(_, auth, _) => auth.as_ref(),
            Self::Webhook(settings) => settings.auth.as_ref(),
            // It signs, and what else it needs is in its headers.
            Self::Action(_) => None,
        }
    }

    /// How many requests it gets a minute at most.
    pub(crate) fn rate_per_minute(&self) -> Option<NonZeroU32> {
        match self {
            Self::Client(endpoint) => endpoint.rate_per_minute,
            Self::Webhook(settings) => settings.rate_per_minute,
            // Somebody waits for what these say.
            Self::Action(_) | Self::Ping(..) => None,
        }
    }

    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Duration {
        match self {
            Self::Client(endpoint) => Duration::from_secs(endpoint.timeout_s),
            Self::Ping(ping, ..) => Duration::from_millis(ping.timeout_ms),
            Self::Action(webhook) => Duration::from_secs(webhook.timeout_s),
            Self::Webhook(settings) => Duration::from_secs(settings.timeout_s),
        }
    }
}

/// Headers that carry no credential, and whose values are part of much else.
fn is_public(name: &str) -> bool {
    ["accept", "accept-language", "content-type", "user-agent"]
        .iter()
        .any(|public| name.trim().eq_ignore_ascii_case(public))
}

/// The request for one attempt of an organization. `id` is the event's or the submission's; it and the body are the same on every attempt, the
/// signature's timestamp is the attempt's, because receivers reject old ones. The text says why there is no request.
pub(crate) fn request(
    organization_id: &str,
    receiver: &Receiver,
    message: &Message,
    id: &str,
    now_s: i64,
    schemes: Schemes,
) -> Result<OutboundRequest, String> {
    let url = WebhookUrl::parse(receiver.url(), schemes).map_err(|error| error.to_string())?;
    let query = message.head.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let url =
        if message.head.query.is_empty() { url } else { url.with_query(query).map_err(|error| error.to_string())? };
    let method = message.head.method.as_deref().unwrap_or(receiver.method());
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not an HTTP method"))?;
    let body = message.body.clone().unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
    if message.body.is_some() {
        let content_type = message.head.content_type.as_deref().unwrap_or("application/json");
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_str(content_type).map_err(|_| format!("`{content_type}` is not a content type"))?,
        );
    }
    listed(message.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))?.apply(&mut headers);
    listed(receiver.headers().iter().map(|(name, value)| (name.as_str(), value.as_str())))?.apply(&mut headers);
    if let Some(auth) = receiver.auth() {
        let value = auth.header_value(&body);
        listed([(auth.header_name(), value.as_str())].into_iter())?.apply(&mut headers);
    }
    sign(receiver, id, now_s, &body, &mut headers)?;
    let token = message.head.bid.as_ref().and_then(|bid| bid.token.as_deref());
    // Headers are ASCII (RFC 9110, 5.5); another token is in the body, where the document puts it.
    if let Some(Ok(token)) = token.filter(|token| token.is_ascii()).map(HeaderValue::from_str) {
        headers.insert(BID_HEADER, token);
    }
    let (organization, body) = (Arc::from(organization_id), Bytes::from(body));
    let (timeout, ca_certificates) = (receiver.timeout(), receiver.ca_certificates().cloned());
    Ok(OutboundRequest { organization, method, url, headers, body, timeout, ca_certificates })
}

fn sign(receiver: &Receiver, id: &str, now_s: i64, body: &[u8], headers: &mut HeaderMap) -> Result<(), String> {
    let text = |value: &str| HeaderValue::from_str(value).map_err(|error| error.to_string());
    let (secrets, is_optional) = match receiver {
        Receiver::Client(_) => {
            headers.insert(SUBMISSION_HEADER, text(id)?);
            return Ok(());
        }
        Receiver::Ping(..) => {
            headers.insert(PING_HEADER, text(id)?);
            return Ok(());
        }
        Receiver::Action(webhook) => (&webhook.secrets, false),
        Receiver::Webhook(settings) => (&settings.secrets, true),
    };
    let secrets = if is_optional { optional_secrets(secrets) } else { signing_secrets(secrets).map(Some) };
    let message = Signed::new(id, now_s, body).map_err(|error| error.to_string())?;
    headers.insert(HeaderName::from_static(signature::ID_HEADER), text(id)?);
    headers.insert(HeaderName::from_static(signature::TIMESTAMP_HEADER), text(&now_s.to_string())?);
    if let Some(secrets) = secrets.map_err(|error| error.to_string())? {
        headers.insert(HeaderName::from_static(signature::SIGNATURE_HEADER), text(&secrets.sign(message))?);
    }
    Ok(())
}

fn listed<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HeaderList, String> {
    HeaderList::new(pairs).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::clock::Timestamp;
    use hookmill_domain::event::EventRegistry;
    use hookmill_domain::signature::{SignedHeaders, SigningSecret, TOLERANCE_S};
    use hookmill_domain::webhook::settings::WebhookSettingsDraft;

    fn settings() -> WebhookSettings {
        let draft = serde_json::json!({"enabled": true, "url": "https://x.example/hook", "events": [], "headers": {"x-a": "1"}});
        let draft: WebhookSettingsDraft = serde_json::from_value(draft).unwrap();
        let secret = SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal();
        draft.check(Schemes::HttpsOnly, &EventRegistry::default(), vec![secret], Timestamp(0)).unwrap()
    }

    #[test]
    fn w10_the_signature_is_over_the_bytes_sent() {
        let message = Message::new(None, vec![], vec![], None, Some(b"{\"a\":1}".to_vec()));
        let made =
            request("org_1", &Receiver::webhook(settings()), &message, "evt_1", 1_700_000_000, Schemes::HttpsOnly)
                .unwrap();
        let header = |name: &str| made.headers.get(name).unwrap().to_str().unwrap().to_owned();
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let signed = SignedHeaders { id: &id, timestamp: &timestamp, signature: &signature };
        signing_secrets(&settings().secrets).unwrap().verify(signed, &made.body, 1_700_000_000, TOLERANCE_S).unwrap();
        assert_eq!(
            (id.as_str(), header("x-a").as_str(), header("content-type").as_str()),
            ("evt_1", "1", "application/json")
        );
    }

    /// H5: a receiver that repeats a header does not show it in the log of attempts.
    #[test]
    fn h5_headers_that_a_receiver_repeats_are_masked() {
        let headers = [
            ("Authorization", "Bearer tok-12345678"),
            ("x-key", "hush-hush-hush"),
            ("accept", "application/json"),
            ("x-a", "short"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let receiver = Receiver::webhook(WebhookSettings { headers, ..settings() });
        let page = "you sent tok-12345678, Bearer tok-12345678, hush-hush-hush, application/json and short";
        assert_eq!(receiver.mask_echo(page), "you sent ***, ***, ***, application/json and short");
    }

    /// W4: a webhook without a secret is not signed, and its id and time are sent all the same.
    #[test]
    fn w4_without_a_secret_nothing_is_signed() {
        let message = Message::new(None, vec![], vec![], None, Some(b"{}".to_vec()));
        let unsigned = WebhookSettings { secrets: Vec::new(), ..settings() };
        let made = request("org_1", &Receiver::webhook(unsigned), &message, "evt_1", 1_700_000_000, Schemes::HttpsOnly)
            .unwrap();
        assert_eq!(made.headers.get("webhook-id").unwrap(), "evt_1");
        assert_eq!(made.headers.get("webhook-timestamp").unwrap(), "1700000000");
        assert!(!made.headers.contains_key("webhook-signature"));
    }

    #[test]
    fn w8_a_plugin_can_set_no_header_of_the_hosts() {
        let message = Message::new(None, vec![], vec![("Webhook-Id".into(), "mine".into())], None, None);
        assert!(
            request("org_1", &Receiver::webhook(settings()), &message, "evt_1", 0, Schemes::HttpsOnly)
                .unwrap_err()
                .contains("webhook-id")
        );
    }
}
