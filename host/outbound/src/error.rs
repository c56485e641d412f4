//! What goes wrong in sending.
//!
//! [`BlockedDestination`] is the decision of the guard, at save, test and send; [`SendError`] is a request to which no response began, for the log of
//! attempts and for the decision to try again; [`BuildError`] stops the host at its start.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use strum::IntoStaticStr;

use hookmill_domain::net_policy::BlockReason;
use hyper_util::client::legacy;

use super::connector::ConnectTimeout;
use super::{OutboundRequest, tls_error};

/// How much of an underlying error's text a message repeats.
const CAUSE_CHARS_MAX: usize = 500;

/// Why the host does not send to this destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockedDestination {
    /// The host is, or resolves to, an address that must not be dialled.
    #[error("`{host}` can't be a destination: {ip} is {reason}{}", reason.hint())]
    Address {
        /// The host as it is written.
        host: String,
        /// The address it has, or one of them.
        ip: IpAddr,
        /// Why it is blocked.
        reason: BlockReason,
    },
    /// The scheme is not taken under this policy.
    #[error("`{url}` is not https; http is allowed under the development flag only")]
    Scheme {
        /// The URL without path and query.
        url: String,
    },
    /// The name could not be resolved.
    #[error("`{host}` can't be resolved: {cause}")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver says.
        cause: String,
    },
    /// Resolving took too long.
    #[error("resolving `{host}` took longer than {timeout_ms} ms")]
    Slow {
        /// The name.
        host: String,
        /// How long it might have taken.
        timeout_ms: u64,
    },
}

/// A request to which no response began.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// What went wrong, for decisions.
    pub kind: SendErrorKind,
    /// Whether the request could have reached the receiver. False only when it certainly did not leave.
    pub sent: bool,
    /// How long it took, from the slot to the error.
    pub elapsed_ms: u64,
    /// Whether this was the second request: the first was lost with a kept connection that the receiver had closed.
    pub resent: bool,
    /// What went wrong, for people.
    pub message: String,
}

/// What can go wrong with a request, or with the body of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SendErrorKind {
    /// The guard, or a rule for requests, forbids it.
    Blocked,
    /// No slot came free in time: it is the host that is busy. Not an attempt; try again soon.
    Busy,
    /// The name could not be resolved.
    Resolve,
    /// No connection came about.
    Connect,
    /// No trusted encrypted connection came about.
    Tls,
    /// The deadline passed.
    Timeout,
    /// The connection broke.
    Io,
    /// The response is not HTTP.
    Protocol,
    /// The response's headers pass what is read of them.
    TooManyHeaders,
}

/// Why a sender can't be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A limit is zero.
    #[error("the outbound limit `{name}` is 0, which would stop all sending; set it to at least 1")]
    ZeroLimit {
        /// The name of the limit.
        name: &'static str,
    },
    /// The TLS library rejects its configuration.
    #[error("TLS can't be configured: {0}")]
    Tls(#[from] rustls::Error),
}

impl SendError {
    /// Whether the addresses of the host did not take a connection.
    pub(super) fn is_without_connection(&self) -> bool {
        !self.sent && matches!(self.kind, SendErrorKind::Connect | SendErrorKind::Tls | SendErrorKind::Timeout)
    }
}

impl SendErrorKind {
    /// The name in storage, API and logs, and in a plugin's `client-answer.error`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for SendErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who a request was sent to, for messages.
pub(super) struct Peer {
    host: String,
    is_https: bool,
    has_own_roots: bool,
}

impl Peer {
    pub(super) fn of(request: &OutboundRequest) -> Self {
        Self {
            host: request.url.host().to_owned(),
            is_https: request.url.as_url().scheme() == "https",
            has_own_roots: request.ca_certificates.is_some(),
        }
    }
}

/// The kind and the text of a client's error. What is looked at is types, never text.
pub(super) fn classify(error: &(dyn Error + 'static), peer: &Peer) -> (SendErrorKind, String) {
    if let Some(blocked) = found::<BlockedDestination>(error) {
        return (blocked_kind(blocked), blocked.to_string());
    }
    let kind = error_kind(error);
    (kind, describe(error, kind, peer).chars().take(CAUSE_CHARS_MAX).collect())
}

fn describe(error: &(dyn Error + 'static), kind: SendErrorKind, peer: &Peer) -> String {
    let cause = error_cause(error);
    match kind {
        SendErrorKind::Tls => found::<rustls::Error>(error)
            .map_or(cause, |error| tls_error::describe(error, &peer.host, peer.has_own_roots)),
        SendErrorKind::Connect if peer.is_https && has_io_error(error, &HUNG_UP) => tls_error::describe_end(&peer.host),
        SendErrorKind::Protocol if !peer.is_https => {
            format!("the response is not HTTP ({cause}); if this port speaks TLS, write the URL with https")
        }
        SendErrorKind::Protocol => format!("the response is not HTTP ({cause})"),
        _ => cause,
    }
}

/// How a connection ends that came about.
const HUNG_UP: [io::ErrorKind; 3] =
    [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];

/// The kind of error of a request to a blocked destination.
pub(super) fn blocked_kind(blocked: &BlockedDestination) -> SendErrorKind {
    match blocked {
        BlockedDestination::Address { .. } | BlockedDestination::Scheme { .. } => SendErrorKind::Blocked,
        BlockedDestination::Unresolved { .. } => SendErrorKind::Resolve,
        BlockedDestination::Slow { .. } => SendErrorKind::Timeout,
    }
}

fn error_kind(error: &(dyn Error + 'static)) -> SendErrorKind {
    if found::<rustls::Error>(error).is_some() {
        return SendErrorKind::Tls;
    }
    if found::<ConnectTimeout>(error).is_some() {
        return SendErrorKind::Timeout;
    }
    if found::<legacy::Error>(error).is_some_and(legacy::Error::is_connect) {
        return SendErrorKind::Connect;
    }
    match found::<hyper::Error>(error) {
        Some(error) if error.is_parse_too_large() => SendErrorKind::TooManyHeaders,
        Some(error) if error.is_parse() => SendErrorKind::Protocol,
        _ => SendErrorKind::Io,
    }
}

/// Whether the receiver closed the connection in the middle of a response, as one closes it.
pub(super) fn is_early_end(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || has_io_error(error, &[io::ErrorKind::UnexpectedEof])
}

/// Whether an error of one of these kinds is among the causes.
fn has_io_error(error: &(dyn Error + 'static), kinds: &[io::ErrorKind]) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<io::Error>().is_some_and(|error| kinds.contains(&error.kind())) {
            return true;
        }
        next = inner(error);
    }
    false
}

/// The innermost cause, which says most and never repeats the URL.
fn error_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = inner(innermost) {
        innermost = inner;
    }
    innermost.to_string()
}

fn found<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = inner(error);
    }
    None
}

/// The next error inward. An `io::Error` hides the error it was made from: its `source` is that error's source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(wrapped);
    }
    error.source()
}
