//! The names under which the contract's generated types are known outside.

pub use super::bindings::hookmill::plugin::log::Level as LogLevel;
pub use super::bindings::hookmill::plugin::lookup::LookupError;
pub use super::bindings::hookmill::plugin::types::{
    Campaign, Category, Channel, Client, ClientResponse, Compiled, Context, Description, Destination, DestinationKind,
    Diagnostic, Entropy, Event, FailedRule, Failure, GrantRequest, HttpRequest, HttpResponse, Inbound,
    Level as DiagnosticLevel, Mapped, MappedLead, Organization, Origin, Outcome, OutcomeKind, Pair, Payload, Severity,
    ShapeRequest, Subject, Submission, Verdict, Warning,
};
