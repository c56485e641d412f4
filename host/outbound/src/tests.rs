//! Sending to receivers that misbehave, to names that lie, and over TLS.

mod cuts;
mod encrypted;
mod guarded;
mod hostile;
mod names;
mod private;
mod receiver;
mod reuse;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use hookmill_domain::net_policy::{AddressPolicy, Schemes, WebhookUrl};

use super::{OutboundLimits, OutboundRequest, Sender};

const DEVELOPMENT: AddressPolicy = AddressPolicy { allowed: Vec::new(), development: true };

/// The organization that sends, where only one does.
const ORGANIZATION: &str = "org_1";

/// Long enough for anything on this machine, short enough for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

fn sender(limits: OutboundLimits) -> Sender {
    Sender::new(limits, DEVELOPMENT).expect("a sender")
}

fn url(text: &str) -> WebhookUrl {
    WebhookUrl::parse(text, Schemes::HttpToo).expect("a URL")
}

fn post(text: &str, timeout: Duration) -> OutboundRequest {
    let (method, headers, body) = (Method::POST, HeaderMap::new(), Bytes::from_static(b"{\"lead\":1}"));
    OutboundRequest {
        organization: ORGANIZATION.into(),
        method,
        url: url(text),
        headers,
        body,
        timeout,
        ca_certificates: None,
    }
}

fn get(text: &str, timeout: Duration) -> OutboundRequest {
    OutboundRequest { method: Method::GET, body: Bytes::new(), ..post(text, timeout) }
}
