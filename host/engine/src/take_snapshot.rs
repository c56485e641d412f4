//! Pre-initialisation (P4): calls `initialize` once, and makes a component that starts from the memory that it left.
//!
//! It compiles twice, runs foreign code, and uses a tool that fails by panicking. So it is a task of the compiling process, and
//! whatever goes wrong in it is a reason and not a rejection: the component is then compiled as it is, and each of its instances
//! calls `initialize` itself. One whose `initialize` faults is rejected there, with the fault.
//!
//! A snapshot has linear memories and globals. Tables may not have changed, which the tool checks; handles to resources would
//! dangle, which is checked here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Engine as Wasm, Store};
use wasmtime_wizer::Wizer;

use super::bindings::exports::hookmill::plugin::lifecycle;
use super::deadline;
use super::fault::Phase;
use super::imports;
use super::instance::{CallStats, bounded, new_store};
use super::limits::Limits;
use super::memory::InstancesMemory;
use super::settings::{base_config, single_run_config};
use super::snapshot::SnapshotReader;
use super::snapshot_blockers;
use super::snapshot_status::{Compiled, SnapshotStatus};
use super::state::GuestState;

/// The machine code of an initialised component, or why there is none.
pub(crate) fn take_snapshot(component: &[u8], limits: &Limits) -> Compiled {
    // The tool holds no state of ours that a panic could leave half changed.
    let taken = catch_unwind(AssertUnwindSafe(|| snapshot_and_compile(component, limits)));
    match taken.unwrap_or_else(|panic| Err(format!("the tool that takes snapshots failed: {}", panic_message(&*panic))))
    {
        Ok(compiled) => compiled,
        Err(reason) => Compiled::without_snapshot(reason),
    }
}

fn snapshot_and_compile(component: &[u8], limits: &Limits) -> Result<Compiled, String> {
    if let Some(blocker) = snapshot_blockers::find_blocker(component).map_err(|error| error.to_string())? {
        return Err(blocker.into());
    }
    // Or the tool would take an export away: the one of a name of its own choice.
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(component).map_err(format_error)?;
    let snapshot = initialize(&instrumented, limits)?.take(&wizer, &context)?;
    let wasm = Wasm::new(&base_config(limits)).map_err(format_error)?;
    let code = wasm.precompile_component(&snapshot.component).map_err(format_error)?;
    Ok(Compiled { snapshot_status: SnapshotStatus::Taken { snapshot_bytes: snapshot.snapshot_bytes }, code })
}

/// An instance in which `initialize` was called.
fn initialize(instrumented: &[u8], limits: &Limits) -> Result<SnapshotReader, String> {
    let wasm = Wasm::new(&single_run_config(limits)).map_err(format_error)?;
    deadline::start_ticker(wasm.weak(), limits.deadline_tick_ms).map_err(|error| error.to_string())?;
    let component = Component::from_binary(&wasm, instrumented).map_err(format_error)?;
    let limits = Arc::new(with_accessors(limits));
    let (store, instance) = run(&wasm, &component, &limits)?;
    if store.data().holds_resources() {
        return Err("it holds a WASI resource, such as a stream, and handles can't be in a snapshot".into());
    }
    Ok(SnapshotReader::new(store, instance, limits))
}

fn run(wasm: &Wasm, component: &Component, limits: &Arc<Limits>) -> Result<(Store<GuestState>, Instance), String> {
    let mut linker = Linker::new(wasm);
    imports::link(&mut linker).map_err(format_error)?;
    let pre = linker.instantiate_pre(component).map_err(format_error)?;
    let lifecycle = lifecycle::GuestIndices::new(&pre).map_err(format_error)?;
    let (mut store, allowed_us) =
        (new_store(wasm, limits, InstancesMemory::new(usize::MAX)), limits.deadline_configure_ms * 1_000);
    let (abandoned, mut stats) = (Arc::default(), CallStats::default());
    let instance =
        bounded(&mut store, Phase::Start, allowed_us, &abandoned, &mut stats, |store| pre.instantiate(store));
    let instance = instance.map_err(|fault| fault.to_string())?;
    let called = bounded(&mut store, Phase::Initialize, allowed_us, &abandoned, &mut stats, |store| {
        lifecycle.load(&mut *store, &instance)?.call_initialize(store)
    });
    called.map_err(|fault| fault.to_string())?;
    Ok((store, instance))
}

/// The instrumented component has one module more.
fn with_accessors(limits: &Limits) -> Limits {
    Limits { core_instances_max: limits.core_instances_max.saturating_add(1), ..limits.clone() }
}

fn format_error(error: wasmtime::Error) -> String {
    format!("{error:#}")
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it gave no reason")
}

#[cfg(test)]
mod tests;
