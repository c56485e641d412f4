//! The names under which the contract's generated types are known outside.

pub use super::bindings::hookmill::plugin::log::Level as LogLevel;
pub use super::bindings::hookmill::plugin::lookup::LookupError;
pub use super::bindings::hookmill::plugin::types::{
    Answer, Campaign, Category, Client, ClientAnswer, Compiled, Context, Description, Destination, DestinationKind,
    Diagnostic, Door, Entropy, Event, FailedRule, Failure, GrantRequest, Inbound, Level as DiagnosticLevel, Mapped,
    MappedLead, Notice, Organization, Origin, Outcome, OutcomeKind, Pair, Payload, Question, Severity, ShapeRequest,
    Subject, Submission, Verdict,
};
