//! Faults of a plugin by kind: which limit, how far, during which call.
//!
//! [`ItemError`] is what a session returns for one item without a result: the plugin's own typed `failure`, a [`Fault`] of the plugin, or a
//! postponement. Callers' mistakes (a stage that is not there) are [`super::MissingStage`], never a fault.

use std::fmt;
use strum::{IntoStaticStr, VariantArray};

use rustix::io::Errno;
use wasmtime::error::OutOfMemory;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use super::contract_types::Failure;
use super::deadline::{Abandoned, DeadlinePassed};
use super::exports::Stage;
use super::frames;
use super::limits::Limits;
use super::memory::NoHostMemory;

/// Why one item has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemError {
    /// The plugin returned a failure for the item.
    Failure(Failure),
    /// The plugin misbehaved on this item alone, in a fresh instance; or it can't run at all.
    Fault(Fault),
    /// The item shared a batch with too many culprits, and the time for bisection ran out. Nothing is known about it: requeue it
    /// and run it again. Each session finds at least one culprit, so this ends.
    Postponed,
}

/// One result for each item, in the order of the items.
pub type Outcomes<T> = Vec<Result<T, ItemError>>;

/// A plugin that did not keep to the contract or to a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// During which call.
    pub phase: Phase,
    /// For people: what happened, and which limit with its value.
    pub message: String,
    /// The limit that was passed, if it was one.
    pub limit: Option<LimitHit>,
    /// The message of the plugin's panic hook, if it panicked.
    pub panic: Option<String>,
}

/// A limit that a plugin passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitHit {
    /// Its name, a field of [`Limits`].
    pub name: &'static str,
    /// Its value for this call, in the unit that the name ends with.
    pub value: u64,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum FaultKind {
    /// It used more CPU time than the call may.
    Deadline,
    /// It needed more memory than an instance may have.
    Memory,
    /// It called itself too deep.
    Stack,
    /// It trapped: a panic, an access out of bounds, a division by zero.
    Trap,
    /// It returned more bytes or members than a call may.
    OutputSize,
    /// It returned JSON nested too deep.
    OutputDepth,
    /// It returned what can't be used: invalid JSON, an invalid header name, an invalid string.
    InvalidOutput,
    /// It returned a number of results other than the number of items.
    WrongLength,
    /// It passed more bytes to an import than a call may.
    HostCallBytes,
    /// It held more handles than an instance may.
    Handles,
    /// It asked to wait, which no plugin may.
    WouldWait,
    /// It called `exit`.
    Exit,
    /// It rejected its compiled configuration.
    ConfigurationRejected,
    /// The host could not run it: not a fault of the plugin.
    Host,
}

/// The calls a host makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// Making an instance.
    Start,
    /// `lifecycle.initialize`.
    Initialize,
    /// `configuration.load`.
    Load,
    /// `configuration.compile`.
    Compile,
    /// `configuration.describe`.
    Describe,
    /// `mapping.map`.
    Map,
    /// `enrichment.enrich`.
    Enrich,
    /// `qualification.qualify`.
    Qualify,
    /// `shaping.shape`.
    Shape,
    /// `interpretation.interpret`.
    Interpret,
}

impl Phase {
    /// All phases.
    pub(crate) const ALL: &[Phase] = Phase::VARIANTS;
}

impl FaultKind {
    /// All kinds.
    pub const ALL: &[FaultKind] = FaultKind::VARIANTS;

    /// A stable code in snake case.
    pub fn code(self) -> &'static str {
        match self {
            FaultKind::Deadline => "plugin_deadline",
            FaultKind::Memory => "plugin_memory",
            FaultKind::Stack => "plugin_stack",
            FaultKind::Trap => "plugin_trap",
            FaultKind::OutputSize => "plugin_output_size",
            FaultKind::OutputDepth => "plugin_output_depth",
            FaultKind::InvalidOutput => "plugin_invalid_output",
            FaultKind::WrongLength => "plugin_wrong_length",
            FaultKind::HostCallBytes => "plugin_host_call_bytes",
            FaultKind::Handles => "plugin_handles",
            FaultKind::WouldWait => "plugin_would_wait",
            FaultKind::Exit => "plugin_exit",
            FaultKind::ConfigurationRejected => "plugin_configuration_rejected",
            FaultKind::Host => "host_fault",
        }
    }

    /// Whether a panic can end like this. An error line of the plugin does not explain, say, a deadline.
    fn may_be_a_panic(self) -> bool {
        matches!(self, FaultKind::Trap | FaultKind::Memory | FaultKind::Exit)
    }

    /// Whether running the same again must give the same. A deadline depends on the machine, a host fault on its moment (P8).
    pub fn is_replayable(self) -> bool {
        !matches!(self, FaultKind::Deadline | FaultKind::Host)
    }
}

impl Phase {
    /// The phase's name in messages and metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Stage> for Phase {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Map => Phase::Map,
            Stage::Enrich => Phase::Enrich,
            Stage::Qualify => Phase::Qualify,
            Stage::Shape => Phase::Shape,
            Stage::Interpret => Phase::Interpret,
        }
    }
}

/// Why an import of the host failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("it passed {bytes} bytes to `{import}`")]
    TooManyBytes { import: &'static str, bytes: usize },
    #[error("the plugin would wait in `{import}`; a plugin never waits: return HTTP requests from `enrich` instead")]
    WouldWait { import: &'static str },
    #[error("a table that it reads has to be fetched first")]
    NotFetched,
}

/// What is known about a call besides the error it ended with.
#[derive(Debug)]
pub(crate) struct FaultContext<'a> {
    pub(crate) phase: Phase,
    pub(crate) limits: &'a Limits,
    pub(crate) memory_rejected: bool,
    pub(crate) panic: Option<&'a str>,
}

impl Fault {
    /// A fault without a limit.
    pub(crate) fn new(kind: FaultKind, phase: Phase, what: impl fmt::Display) -> Self {
        Fault { kind, phase, message: format!("the plugin's `{phase}` failed: {what}"), limit: None, panic: None }
    }

    /// A fault that names the limit which was passed.
    pub(crate) fn limit(
        kind: FaultKind,
        phase: Phase,
        name: &'static str,
        value: u64,
        what: impl fmt::Display,
    ) -> Self {
        let message = format!("the plugin's `{phase}` passed a limit: {what}; `{name}` is {value}");
        Fault { kind, phase, message, limit: Some(LimitHit { name, value }), panic: None }
    }

    /// The host failed, not the plugin.
    pub(crate) fn host(phase: Phase, what: impl fmt::Display) -> Self {
        let message = format!("the host could not run the plugin's `{phase}`: {what}");
        Fault { kind: FaultKind::Host, phase, message, limit: None, panic: None }
    }

    /// Classifies the error that a call ended with.
    pub(crate) fn of(error: &wasmtime::Error, context: &FaultContext<'_>) -> Self {
        let mut fault = classify(error, context);
        if let Some(panic) = context.panic.filter(|_| fault.kind.may_be_a_panic()) {
            fault.message.push_str(": ");
            fault.message.push_str(panic);
            fault.panic = Some(panic.into());
        }
        if fault.kind != FaultKind::Host
            && let Some(place) = frames::format_innermost(error)
        {
            fault.message.push_str("; ");
            fault.message.push_str(&place);
        }
        fault
    }
}

fn classify(error: &wasmtime::Error, context: &FaultContext<'_>) -> Fault {
    let (phase, limits) = (context.phase, context.limits);
    if let Some(passed) = error.downcast_ref::<DeadlinePassed>() {
        return Fault::limit(FaultKind::Deadline, phase, "deadline_us", passed.allowed_us, passed);
    }
    if let Some(import_error) = error.downcast_ref::<ImportError>() {
        return import_fault(import_error, phase, limits);
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Fault::new(FaultKind::Exit, phase, format_args!("it called `exit` with status {}", exit.0));
    }
    // Where the guest was is nobody's concern then.
    if let Some(no_memory) = error.downcast_ref::<NoHostMemory>() {
        return Fault::host(phase, no_memory);
    }
    if error.is::<Abandoned>() || error.is::<PoolConcurrencyLimitError>() || is_of_system(error) {
        return Fault::host(phase, error.root_cause());
    }
    if context.memory_rejected {
        let what = "it needed more memory than an instance may have";
        return Fault::limit(FaultKind::Memory, phase, "memory_bytes_max", limits.memory_bytes_max as u64, what);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            let what = "its calls nest too deep";
            Fault::limit(FaultKind::Stack, phase, "stack_bytes_max", limits.stack_bytes_max as u64, what)
        }
        Some(trap @ Trap::MemoryOutOfBounds) => {
            let what = format_args!(
                "{trap} (a guest's own stack ends like this, too, when it is too small for its recursion)"
            );
            Fault::new(FaultKind::Trap, phase, what)
        }
        Some(trap) => Fault::new(FaultKind::Trap, phase, trap),
        None => transfer_fault(error, context),
    }
}

fn import_fault(error: &ImportError, phase: Phase, limits: &Limits) -> Fault {
    match error {
        ImportError::TooManyBytes { .. } => {
            let value = limits.host_call_bytes_max as u64;
            Fault::limit(FaultKind::HostCallBytes, phase, "host_call_bytes_max", value, error)
        }
        ImportError::WouldWait { .. } => Fault::new(FaultKind::WouldWait, phase, error),
        ImportError::NotFetched => Fault::host(phase, error),
    }
}

/// The guest returned, but what it returned could not be taken over.
fn transfer_fault(error: &wasmtime::Error, context: &FaultContext<'_>) -> Fault {
    if is_transfer_limit(error) {
        let value = context.limits.output_bytes_max as u64;
        let what = "it returned more bytes at once than a call may";
        return Fault::limit(FaultKind::OutputSize, context.phase, "output_bytes_max", value, what);
    }
    if is_handle_limit(error) {
        let value = context.limits.handles_max as u64;
        return Fault::limit(FaultKind::Handles, context.phase, "handles_max", value, "it holds too many handles");
    }
    // Nothing was returned yet, and the component is known to fit: the machine could not make the instance.
    if context.phase == Phase::Start {
        return Fault::host(context.phase, error.root_cause());
    }
    Fault::new(FaultKind::InvalidOutput, context.phase, error.root_cause())
}

/// Whether an error is the operating system's: no memory, no open file, no permission. A guest can't cause one.
pub(crate) fn is_of_system(error: &wasmtime::Error) -> bool {
    let is_cause = |cause: &(dyn std::error::Error + 'static)| cause.is::<std::io::Error>() || cause.is::<Errno>();
    error.is::<std::io::Error>() || error.is::<Errno>() || error.is::<OutOfMemory>() || error.chain().any(is_cause)
}

/// Whether the call ended because too many bytes would have crossed the boundary. wasmtime's error type for this is private, so
/// its text is all there is; the test of the hostile guest's `huge` fails when it changes.
fn is_transfer_limit(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls")
}

/// Whether the guest would have got one handle too many. Here, too, the text is all there is, and a hostile guest shows a change.
fn is_handle_limit(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("handle limit exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(error: wasmtime::Error, memory_rejected: bool, panic: Option<&str>) -> Fault {
        let limits = Limits::default();
        let context = FaultContext { phase: Phase::Map, limits: &limits, memory_rejected, panic };
        Fault::of(&error, &context)
    }

    /// P3: passing a limit is a clear error that names the limit and its value.
    #[test]
    fn names_the_limit() {
        let deadline = fault(DeadlinePassed { used_us: 12, allowed_us: 10 }.into(), false, None);
        assert_eq!(deadline.kind, FaultKind::Deadline);
        assert_eq!(deadline.limit, Some(LimitHit { name: "deadline_us", value: 10 }));
        assert!(deadline.message.contains("`deadline_us` is 10"), "{}", deadline.message);
        assert_eq!(fault(Trap::StackOverflow.into(), false, None).kind, FaultKind::Stack);
        let rejected = ImportError::TooManyBytes { import: "log", bytes: 9 };
        assert_eq!(fault(rejected.into(), false, None).kind, FaultKind::HostCallBytes);
    }

    /// P3: a guest that gives up because memory was rejected passed the memory limit; it did not merely trap.
    #[test]
    fn rejected_memory_explains_a_trap() {
        assert_eq!(fault(Trap::UnreachableCodeReached.into(), true, None).kind, FaultKind::Memory);
        assert_eq!(fault(Trap::UnreachableCodeReached.into(), false, None).kind, FaultKind::Trap);
    }

    #[test]
    fn carries_the_panic() {
        let fault = fault(Trap::UnreachableCodeReached.into(), false, Some("panicked at src/lib.rs:7: no such field"));
        assert_eq!(fault.panic.as_deref(), Some("panicked at src/lib.rs:7: no such field"));
        assert!(fault.message.ends_with("no such field"));
    }

    /// P3: a line that looks like a panic is ignored where the host knows the cause.
    #[test]
    fn a_deadline_is_not_a_panic() {
        let fault = fault(DeadlinePassed { used_us: 12, allowed_us: 10 }.into(), false, Some("`deadline_us` is 999"));
        assert_eq!(fault.panic, None);
        assert!(!fault.message.contains("999"), "{}", fault.message);
    }

    /// H8: what the machine lacks is never the plugin's fault, in whatever call.
    #[test]
    fn h8_the_systems_errors_are_the_hosts() {
        let errors = || -> [wasmtime::Error; 5] {
            [
                std::io::Error::from_raw_os_error(12).into(),
                wasmtime::Error::from(Errno::NOMEM).context("mapping memory"),
                wasmtime::Error::from(std::io::Error::from_raw_os_error(24)).context("in a call"),
                NoHostMemory::AllInstances { bytes_max: 1 }.into(),
                Abandoned.into(),
            ]
        };
        for rejected in [false, true] {
            for error in errors() {
                let text = format!("{error:#}");
                assert_eq!(fault(error, rejected, None).kind, FaultKind::Host, "{text}");
            }
        }
        let limits = Limits::default();
        let start = FaultContext { phase: Phase::Start, limits: &limits, memory_rejected: false, panic: None };
        assert_eq!(Fault::of(&wasmtime::Error::msg("no slot"), &start).kind, FaultKind::Host);
        assert_eq!(Fault::of(&Trap::UnreachableCodeReached.into(), &start).kind, FaultKind::Trap);
        assert_eq!(fault(wasmtime::Error::msg("invalid utf-8"), false, None).kind, FaultKind::InvalidOutput);
    }

    #[test]
    fn codes_are_distinct() {
        let codes: std::collections::BTreeSet<_> = FaultKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), FaultKind::ALL.len());
    }
}
