//! Pre-initialisation (P4): calls `initialize` once, and makes a component that starts with what it left behind.
//!
//! It compiles twice, runs foreign code, and uses a tool that gives up by panicking. So it is a task of the compiling process, and
//! whatever goes wrong in it is a reason and not a refusal: the component is then compiled as it is, and each of its instances
//! calls `initialize` itself. One whose `initialize` faults is refused there, with the fault.
//!
//! A snapshot has linear memories and globals. Tables may not have changed, which the tool sees to; handles to resources would
//! dangle, which is looked for here.

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
use super::instance::{Ledger, bounded, new_store};
use super::limits::Limits;
use super::obstacles;
use super::preparation::{Compiled, Preparation};
use super::settings::{once, settings};
use super::snapshot::Sitter;
use super::state::GuestState;

/// Makes the machine code of an initialised component, or says why not.
pub(crate) fn prepare(component: &[u8], limits: &Limits) -> Compiled {
    // The tool holds no state of ours that a panic could leave half changed.
    let prepared = catch_unwind(AssertUnwindSafe(|| image(component, limits)));
    match prepared.unwrap_or_else(|panic| Err(format!("the tool that takes snapshots gave up: {}", words(&*panic)))) {
        Ok(compiled) => compiled,
        Err(reason) => Compiled::cold(reason),
    }
}

fn image(component: &[u8], limits: &Limits) -> Result<Compiled, String> {
    if let Some(obstacle) = obstacles::obstacle(component).map_err(|error| error.to_string())? {
        return Err(obstacle.into());
    }
    // Or the tool would take an export away: the one of a name of its own choice.
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(component).map_err(told)?;
    let snapshot = initialize(&instrumented, limits)?.take(&wizer, &context)?;
    let wasm = Wasm::new(&settings(limits)).map_err(told)?;
    let code = wasm.precompile_component(&snapshot.component).map_err(told)?;
    Ok(Compiled { preparation: Preparation::Prepared { image_bytes: snapshot.image_bytes }, code })
}

/// An instance in which `initialize` was called.
fn initialize(instrumented: &[u8], limits: &Limits) -> Result<Sitter, String> {
    let wasm = Wasm::new(&once(limits)).map_err(told)?;
    deadline::start_ticker(wasm.weak(), limits.deadline_tick_ms).map_err(|error| error.to_string())?;
    let component = Component::from_binary(&wasm, instrumented).map_err(told)?;
    let limits = Arc::new(with_accessors(limits));
    let (store, instance) = run(&wasm, &component, &limits)?;
    if store.data().holds_resources() {
        return Err("it holds a WASI resource, such as a stream, and handles can't be in a snapshot".into());
    }
    Ok(Sitter::new(store, instance, limits))
}

fn run(wasm: &Wasm, component: &Component, limits: &Arc<Limits>) -> Result<(Store<GuestState>, Instance), String> {
    let mut linker = Linker::new(wasm);
    imports::link(&mut linker).map_err(told)?;
    let pre = linker.instantiate_pre(component).map_err(told)?;
    let lifecycle = lifecycle::GuestIndices::new(&pre).map_err(told)?;
    let (mut store, allowed_us) = (new_store(wasm, limits), limits.deadline_configure_ms * 1_000);
    let (abandoned, mut ledger) = (Arc::default(), Ledger::default());
    let instance =
        bounded(&mut store, Phase::Start, allowed_us, &abandoned, &mut ledger, |store| pre.instantiate(store));
    let instance = instance.map_err(|fault| fault.to_string())?;
    let called = bounded(&mut store, Phase::Initialize, allowed_us, &abandoned, &mut ledger, |store| {
        lifecycle.load(&mut *store, &instance)?.call_initialize(store)
    });
    called.map_err(|fault| fault.to_string())?;
    Ok((store, instance))
}

/// The instrumented component has one module more.
fn with_accessors(limits: &Limits) -> Limits {
    Limits { core_instances_max: limits.core_instances_max.saturating_add(1), ..limits.clone() }
}

fn told(error: wasmtime::Error) -> String {
    format!("{error:#}")
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests;
