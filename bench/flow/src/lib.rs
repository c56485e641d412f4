//! What the load generator and the receiver share: one clock, and the shape of what the receiver reports.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Where the receiver reports its counts as JSON ([`Counts`]).
pub const COUNTS_PATH: &str = "/control/counts";

/// Where the receiver lists when it first received each submission: a line each, the id, a tab, and the time ([`now_us`]).
pub const RECEIPTS_PATH: &str = "/control/receipts";

/// Where the receiver lists how long each message to a webhook that responds was under way, in the order they came: a line each, microseconds.
pub const WEBHOOK_LATENCIES_PATH: &str = "/control/webhook-latencies";

/// What the receiver prints before its address.
pub const ANNOUNCEMENT: &str = "listening on ";

/// Microseconds since 1970 by the machine's clock, which all processes of one machine share.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// What the receiver received so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// By client.
    pub clients: BTreeMap<String, ClientCounts>,
    /// Webhook messages by the name of their event.
    pub events: BTreeMap<String, EventCounts>,
    /// Messages without a submission id or event id.
    pub unidentified: u64,
    /// Requests that are not answered yet.
    pub waiting: u64,
    /// Connections that were opened.
    pub connections: u64,
}

/// What one client received.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct ClientCounts {
    /// Requests, repetitions included.
    pub requests: u64,
    /// Different submissions.
    pub submissions: u64,
}

/// What was received of one event.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct EventCounts {
    /// Requests, repetitions included.
    pub requests: u64,
    /// Different messages.
    pub messages: u64,
    /// When the last new message came, as [`now_us`] gives it.
    pub last_us: u64,
}

/// The loopback address of a client: each has one of its own, as clients in production have hosts of their own.
pub fn client_address(number: u16) -> Ipv4Addr {
    let [third, fourth] = [number / 250 + 1, number % 250 + 1].map(|part| u8::try_from(part).unwrap_or(u8::MAX));
    Ipv4Addr::new(127, 0, third, fourth)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No two clients share an address, and none has that of the webhook.
    #[test]
    fn client_addresses_differ() {
        let addresses: std::collections::HashSet<Ipv4Addr> = (0..=1000).map(client_address).collect();
        assert_eq!(addresses.len(), 1001);
        assert!(addresses.iter().all(|address| address.is_loopback() && *address != Ipv4Addr::LOCALHOST));
    }
}
