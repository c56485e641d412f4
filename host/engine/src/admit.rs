//! Admission (P2): accepts or rejects foreign bytes, with every reason that can be found at once.
//!
//! In this order, so that the risky parts see only what passed the harmless ones: size and kind, the names of imports and exports,
//! inner sizes, validity, and only then the compiler; at last the component must start, and describe itself if it can.

use std::sync::Arc;

use super::compile::{CompileError, CompileErrorKind, Task};
use super::components::Components;
use super::configure;
use super::contract_types::Description;
use super::digest::Digest;
use super::exports::Stages;
use super::fault::{Fault, FaultKind};
use super::inspect;
use super::limits::Limits;
use super::pool_limits;
use super::rejection::{AdmissionError, NotAdmitted};
use super::runtime::{Priority, Runtime};
use super::snapshot_status::SnapshotStatus;

/// A component that may be stored and activated.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// The digest of `component`: its name from now on.
    pub digest: Digest,
    /// The bytes to store: those that came in, or the component made of them.
    pub component: Vec<u8>,
    /// What it offers.
    pub stages: Stages,
    /// Its own description, if it has one.
    pub description: Option<Description>,
    /// Whether its instances start from a snapshot, or why not.
    pub snapshot_status: SnapshotStatus,
}

/// Runs all checks.
pub(crate) async fn admit(components: &Arc<Components>, bytes: Vec<u8>) -> Result<Admitted, NotAdmitted> {
    let runtime = &components.runtime;
    check_size(bytes.len(), runtime.limits.component_bytes_max)?;
    let kind = detect_kind(&bytes)?;
    let place = components.compile_place(Priority::People).await.map_err(host_failed)?;
    let component = match kind {
        Kind::Component => bytes,
        Kind::CoreModule => components.run_task(Task::Componentize, bytes, &place).await.map_err(not_a_component)?,
    };
    check_size(component.len(), runtime.limits.component_bytes_max)?;
    let component = inspect(runtime, component).await?;
    let digest = Digest::of(&component);
    let loaded = components.build(digest, component.clone(), &place).await;
    let loaded = loaded.map_err(|error| not_compiled(error, &runtime.limits))?;
    let description = match configure::describe(runtime, Priority::People, &loaded).await {
        Ok(description) => description,
        Err(fault) => {
            components.remove_compiled(digest).await;
            return Err(not_started(fault));
        }
    };
    let snapshot_status = loaded.snapshot_status().clone();
    Ok(Admitted { digest, component, stages: loaded.stages(), description, snapshot_status })
}

/// Off the asynchronous threads: reading megabytes takes a while.
async fn inspect(runtime: &Runtime, component: Vec<u8>) -> Result<Vec<u8>, NotAdmitted> {
    let (features, limits) = (runtime.wasm.get_wasm_features(), Arc::clone(&runtime.limits));
    let read = move || inspect::inspect(&component, features, &limits).map(|()| component);
    let inspected = runtime.compilers.run(read).await;
    Ok(inspected.map_err(|lost| host_failed(lost.into()))??)
}

fn check_size(bytes: usize, bytes_max: usize) -> Result<(), AdmissionError> {
    if bytes <= bytes_max {
        return Ok(());
    }
    let message = format!("it has {bytes} bytes; `component_bytes_max` is {bytes_max}");
    Err(AdmissionError::new("too_large", message, "strip debug information and build for size"))
}

/// The kind of file that the first bytes declare.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Component,
    CoreModule,
}

fn detect_kind(bytes: &[u8]) -> Result<Kind, AdmissionError> {
    const BUILD: &str = "upload the .wasm file of the compiled plugin";
    match bytes {
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(Kind::Component),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Ok(Kind::CoreModule),
        [b'\0', b'a', b's', b'm', ..] => Err(AdmissionError::new(
            "unknown_wasm_version",
            "it is WebAssembly of a version that this host does not know",
            BUILD,
        )),
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] => {
            Err(AdmissionError::new("native_code", "it is native or precompiled code, which is never loaded", BUILD))
        }
        _ if is_text(bytes) => {
            Err(AdmissionError::new("text", "it is WebAssembly text, not binary", "convert it with `wasm-tools parse`"))
        }
        _ => Err(AdmissionError::new("not_wasm", "it is not WebAssembly: the magic number is missing", BUILD)),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(") || text.starts_with(b";;")
}

fn not_a_component(error: CompileError) -> NotAdmitted {
    let hint = "build it with wit-bindgen against hookmill:plugin and for wasm32-unknown-unknown, so that it imports nothing else";
    unless_host(error, |error| {
        AdmissionError::new(
            "not_a_component",
            format!("the core module can't be turned into a component: {error}"),
            hint,
        )
    })
}

fn not_started(fault: Fault) -> NotAdmitted {
    if fault.kind == FaultKind::Host {
        return NotAdmitted::Host { reason: fault.message };
    }
    AdmissionError::new("does_not_start", fault.message, "test the plugin with a sample to see where it fails").into()
}

fn not_compiled(error: CompileError, limits: &Limits) -> NotAdmitted {
    unless_host(error, |error| {
        let text = error.to_string();
        if let Some((what, hint)) = pool_limits::explain(&text, limits) {
            return AdmissionError::new("does_not_fit", what, hint);
        }
        let hint = "build it against hookmill:plugin of this host's version, without experimental features";
        AdmissionError::new("does_not_compile", text, hint)
    })
}

/// Only what is known of the bytes rejects them.
fn unless_host(error: CompileError, rejection: impl FnOnce(&CompileError) -> AdmissionError) -> NotAdmitted {
    match error.kind {
        CompileErrorKind::Rejected | CompileErrorKind::Bounds => rejection(&error).into(),
        CompileErrorKind::Stopped | CompileErrorKind::Host => host_failed(error),
    }
}

fn host_failed(error: CompileError) -> NotAdmitted {
    NotAdmitted::Host { reason: error.text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P2 H8: what the host could not do is not a reason to reject.
    #[test]
    fn p2_h8_only_what_is_known_of_the_bytes_rejects_them() {
        let error = |kind| CompileError { kind, text: "why".into() };
        let is_host = |not: NotAdmitted| matches!(not, NotAdmitted::Host { reason } if reason.contains("why"));
        let table = [
            (CompileErrorKind::Rejected, false),
            (CompileErrorKind::Bounds, false),
            (CompileErrorKind::Stopped, true),
            (CompileErrorKind::Host, true),
        ];
        for (kind, by_host) in table {
            assert_eq!(is_host(not_compiled(error(kind), &Limits::default())), by_host, "{kind:?}");
            assert_eq!(is_host(not_a_component(error(kind))), by_host, "{kind:?}");
        }
        assert!(is_host(not_started(Fault::host(super::super::fault::Phase::Start, "why"))));
        let trap = Fault::new(FaultKind::Trap, super::super::fault::Phase::Start, "why");
        assert!(!is_host(not_started(trap)));
    }

    fn rejection_code(bytes: &[u8]) -> &'static str {
        detect_kind(bytes).unwrap_err().reasons[0].code
    }

    /// P2: not native code, not text, not anything else.
    #[test]
    fn detects_the_kind() {
        assert_eq!(detect_kind(b"\0asm\x0d\0\x01\0").unwrap(), Kind::Component);
        assert_eq!(detect_kind(b"\0asm\x01\0\0\0").unwrap(), Kind::CoreModule);
        assert_eq!(rejection_code(b"\0asm\x02\0\0\0"), "unknown_wasm_version");
        assert_eq!(rejection_code(b"\x7fELF\x02"), "native_code");
        assert_eq!(rejection_code(b"MZ\x90"), "native_code");
        assert_eq!(rejection_code(b"\n (module)"), "text");
        assert_eq!(rejection_code(b";; a comment\n(component)"), "text");
        assert_eq!(rejection_code(b"PK\x03\x04"), "not_wasm");
        assert_eq!(rejection_code(b""), "not_wasm");
    }
}
