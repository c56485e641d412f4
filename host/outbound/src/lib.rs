//! Sending: the only home of the HTTP client.
//!
//! A receiver is hostile until shown otherwise, and so is whoever configured its URL. So [`Sender`] holds to these, for every
//! request:
//!
//! - **Only checked addresses are dialled.** The client resolves names through the guard alone, which checks all addresses of
//!   a name and blocks it if one of them is blocked; an address written into the URL is checked before each request.
//!   Redirects are not followed, and no proxy of the environment is asked.
//! - **One deadline** covers resolving, connecting, headers and body.
//! - **A response that has begun is a response**: a body that breaks off, or that the deadline cuts, takes nothing from its status.
//! - **A request that was lost with a kept connection is sent once more**, at once and on a new one: the receiver had closed it, which its
//!   reset shows, and not a byte of a response had come. Where it took the request and closed then, it is an attempt like any other.
//! - **Looking names up is shared out**: an organization whose names resolve slowly delays nobody else's connections.
//! - **Reading stops at a bound.** Nothing is decompressed (`accept-encoding: identity` is sent), so the bound counts what
//!   is kept.
//! - **A slot is freed whatever happens**, because it is a value that is dropped with the request.
//! - **An error says whether the request may have reached the receiver**, since a lead must not be sold twice by accident.
//!
//! TLS trusts the roots of Mozilla's programme, compiled in, so that a container without a certificate store works the same. An endpoint
//! may name authorities instead; then it is trusted by those alone, on connections that no other endpoint is sent on.

mod client;
mod connection;
mod connector;
mod departure;
mod error;
mod guard;
mod limits;
mod names;
mod response;
mod sender;
mod slots;
mod tls_error;

pub use error::{BlockedDestination, BuildError, SendError, SendErrorKind};
pub use limits::OutboundLimits;
pub use response::{Cut, OutboundResponse};
pub use sender::{OutboundRequest, Sender};

pub use hookmill_domain::net_policy::AddressPolicy;

#[cfg(test)]
mod tests;
