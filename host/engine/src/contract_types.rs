//! The contract's types as the host knows them: those that are generated, and those that share what the generated ones would copy.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lower};

pub use super::bindings::hookmill::plugin::log::Level as LogLevel;
pub use super::bindings::hookmill::plugin::lookup::LookupError;
pub use super::bindings::hookmill::plugin::types::{
    Bid, Campaign, Category, Channel, Client, ClientResponse, Compiled, Context, Description, Destination,
    DestinationKind, Diagnostic, Entropy, FailedRule, Failure, GrantRequest, HttpRequest, HttpResponse, Inbound,
    Level as DiagnosticLevel, Loaded, Mapped, MappedLead, Organization, Origin, Outcome, OutcomeKind, Pair, Payload,
    Severities, Severity, Submission, Verdict, Warning,
};

/// What a message is about. Shared, not copied, by the calls that are about it.
#[derive(Debug, Clone, PartialEq, ComponentType, Lower)]
#[component(variant)]
pub enum Subject {
    /// A lead for the client.
    #[component(name = "submission")]
    Submission(Arc<Submission>),
    /// An event for a webhook.
    #[component(name = "event")]
    Event(Arc<Event>),
}

/// Something that happened and that destinations are told of.
#[derive(Debug, Clone, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Event {
    /// The event's id, the same on every attempt.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it happened, in milliseconds since 1970.
    #[component(name = "occurred-at")]
    pub occurred_at: i64,
    /// The submission's state after it.
    pub status: Option<String>,
    /// The submission it is about.
    pub submission: Option<Arc<Submission>>,
    /// What goes into `context`, a JSON object.
    pub details: String,
    /// The payload of a reported event, a JSON value.
    pub payload: Option<String>,
    /// The category of a reported event.
    pub category: Option<Category>,
}
