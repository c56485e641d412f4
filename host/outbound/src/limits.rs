//! The bounds of sending, each with its name.

use super::BuildError;
use serde::{Deserialize, Serialize};

/// The bounds of sending. None may be zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundLimits {
    /// Requests under way at once.
    pub requests_max: usize,
    /// Requests under way at once to one host.
    pub requests_per_host_max: usize,
    /// How long a request waits for a slot before it fails as `Busy`. Not part of the request's own deadline.
    pub slot_wait_ms_max: u64,
    /// Names being resolved at once. Each may hold a thread until the system's resolver gives up; further ones wait (64).
    pub lookups_max: usize,
    /// Names being resolved at once for one organization; further ones of it wait, and delay no other's (8).
    pub lookups_per_organization_max: usize,
    /// Names whose addresses are remembered for connections; beyond it those that are used least are looked up again (4,096).
    pub names_known_max: usize,
    /// How long the addresses of a name are remembered, in milliseconds (30,000). They are checked at every connection all the same.
    pub name_ttl_ms: u64,
    /// How long a name that could not be resolved is not looked up again, in milliseconds (5,000).
    pub failed_name_ttl_ms: u64,
    /// Addresses that a name may have; all of them are checked. A name with more of them can't be resolved (256).
    pub addresses_per_name_max: usize,
    /// Addresses of one name that are tried.
    pub addresses_max: usize,
    /// How long resolving may take when an endpoint is saved.
    pub check_timeout_ms: u64,
    /// How long connecting may take, TLS included.
    pub connect_timeout_ms: u64,
    /// The longest deadline a request can ask for.
    pub timeout_ms_max: u64,
    /// The longest body that is sent.
    pub request_body_bytes_max: usize,
    /// The number of a response's headers that are kept.
    pub response_headers_max: usize,
    /// The bytes of a response's headers that are kept.
    pub response_header_bytes_max: usize,
    /// The bytes of a response's body that are kept; reading stops there.
    pub response_body_bytes_max: usize,
    /// Connections open at once from which on a further one is closed after its request (8,192). A host that may have fewer open files than
    /// twice as many keeps half as many as it may have.
    pub kept_connections_max: usize,
    /// Connections kept open to one host.
    pub idle_per_host_max: usize,
    /// How long a connection is kept open. Shorter than most servers' own bound (five seconds is common), because a request on
    /// a connection that the server is just closing ends with nobody knowing whether it arrived.
    pub idle_timeout_ms: u64,
    /// Sets of certificate authorities of endpoints for which connections are kept; beyond it, connections by those that are used least
    /// are made anew (64).
    pub ca_sets_max: usize,
    /// How long a kept connection that ends before a byte of a response is watched for the reset that shows that the request did not
    /// arrive, in milliseconds (500): longer than a packet takes to the far side of the earth and back.
    pub reset_wait_ms: u64,
}

impl Default for OutboundLimits {
    fn default() -> Self {
        Self {
            requests_max: 1_024,
            requests_per_host_max: 64,
            slot_wait_ms_max: 10_000,
            lookups_max: 64,
            lookups_per_organization_max: 8,
            names_known_max: 4_096,
            name_ttl_ms: 30_000,
            failed_name_ttl_ms: 5_000,
            addresses_per_name_max: 256,
            addresses_max: 16,
            check_timeout_ms: 5_000,
            connect_timeout_ms: 15_000,
            timeout_ms_max: 300_000,
            request_body_bytes_max: 4 * 1_024 * 1_024,
            response_headers_max: 64,
            response_header_bytes_max: 16 * 1_024,
            response_body_bytes_max: 256 * 1_024,
            kept_connections_max: 8_192,
            idle_per_host_max: 64,
            idle_timeout_ms: 4_000,
            ca_sets_max: 64,
            reset_wait_ms: 500,
        }
    }
}

impl OutboundLimits {
    /// Rejects a limit of zero: it would silently stop all sending.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let counts = [
            ("requests_max", self.requests_max),
            ("requests_per_host_max", self.requests_per_host_max),
            ("lookups_max", self.lookups_max),
            ("lookups_per_organization_max", self.lookups_per_organization_max),
            ("names_known_max", self.names_known_max),
            ("addresses_per_name_max", self.addresses_per_name_max),
            ("addresses_max", self.addresses_max),
            ("request_body_bytes_max", self.request_body_bytes_max),
            ("response_headers_max", self.response_headers_max),
            ("response_header_bytes_max", self.response_header_bytes_max),
            ("response_body_bytes_max", self.response_body_bytes_max),
            ("kept_connections_max", self.kept_connections_max),
            ("idle_per_host_max", self.idle_per_host_max),
            ("ca_sets_max", self.ca_sets_max),
        ];
        let times = [
            ("slot_wait_ms_max", self.slot_wait_ms_max),
            ("name_ttl_ms", self.name_ttl_ms),
            ("failed_name_ttl_ms", self.failed_name_ttl_ms),
            ("check_timeout_ms", self.check_timeout_ms),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("timeout_ms_max", self.timeout_ms_max),
            ("idle_timeout_ms", self.idle_timeout_ms),
            ("reset_wait_ms", self.reset_wait_ms),
        ];
        let zero_count = counts.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name);
        let zero_time = times.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name);
        match zero_count.or(zero_time) {
            Some(name) => Err(BuildError::ZeroLimit { name }),
            None => Ok(()),
        }
    }
}
