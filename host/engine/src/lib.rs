//! The sandbox: everything that knows wasmtime, and nothing else.
//!
//! A plugin's bytes are foreign. They come in through [`Engine::admit`], which admits or rejects them with reasons; what is admitted is
//! compiled once and found again by [`Engine::load`]; a campaign's [`Program`] is such a component with a compiled configuration;
//! and a [`Session`] runs one batch of one campaign in a fresh instance, stage by stage.
//!
//! **Invariants.** An instance serves one session and is dropped with it, or at the first fault. Nothing waits inside a guest:
//! no import of ours blocks, and CPU time is bounded. No compiled code is loaded that this installation did not write. Every bound
//! is a field of [`Limits`]. What fails is the plugin's failure, the bounds' or the host's, and says which. The engine knows neither storage nor HTTP: who calls it passes bytes, values and tables in.

mod admit;
mod authenticate;
mod batch;
mod bindings;
mod bisect;
mod call;
mod compile;
mod components;
mod configure;
mod contract_types;
mod deadline;
mod digest;
mod engine;
mod exports;
mod fault;
mod frames;
mod host_log;
mod imports;
mod inspect;
mod instance;
mod limits;
mod load;
mod lookup;
mod memory;
mod outcome;
mod output;
mod pool;
mod pool_limits;
mod program;
mod rejection;
mod runtime;
mod session;
mod settings;
mod snapshot;
mod snapshot_blockers;
mod snapshot_status;
mod snapshot_statuses;
mod state;
mod stats;
mod take_snapshot;
mod wasi;

pub use admit::Admitted;
pub use compile::{COMPILE_COMMAND, ChildFailure, Compiler, compile_child};
pub use configure::{CompiledConfiguration, ConfigurationError};
pub use digest::{Digest, DigestError};
pub use engine::Engine;
pub use exports::{Stage, Stages};
pub use fault::{Fault, FaultKind, ItemError, LimitHit, Outcomes, Phase};
pub use host_log::LogLine;
pub use limits::Limits;
pub use load::LoadError;
pub use lookup::ValueSets;
pub use pool::JobLost;
pub use program::{LoadedComponent, Program};
pub use rejection::{AdmissionError, NotAdmitted, Reason};
pub use runtime::EngineError;
pub use session::{MissingStage, Session, SessionReport};
pub use snapshot_status::SnapshotStatus;
pub use stats::EngineStats;

/// The values of the contract `wit/v1`, as Rust types: what callers build and get.
pub mod contract {
    pub use super::contract_types::{
        Bid, Campaign, Category, Channel, Client, ClientResponse, Compiled, Context, Description, Destination,
        DestinationKind, Diagnostic, DiagnosticLevel, Entropy, Event, FailedRule, Failure, GrantRequest, HttpRequest,
        HttpResponse, Inbound, LogLevel, LookupError, Mapped, MappedLead, Organization, Origin, Outcome, OutcomeKind,
        Pair, Payload, Severities, Severity, Subject, Submission, Verdict, Warning,
    };
}
