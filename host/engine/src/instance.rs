//! One instance of one component: how it starts, and how every call into it is bounded and accounted for.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wasmtime::component::Instance;
use wasmtime::{Engine as Wasm, Store, UpdateDeadline};

use super::contract_types::{Failure, Loaded, Severities};
use super::fault::{Fault, FaultContext, FaultKind, Phase};
use super::host_log::{LogBuffer, truncate};
use super::limits::Limits;
use super::lookup::ValueSets;
use super::memory::InstancesMemory;
use super::program::LoadedComponent;
use super::runtime::{HostPermit, Runtime};
use super::state::GuestState;
use super::stats::{Counters, add};

/// A permit with or without an instance.
pub(crate) enum InstanceSlot {
    Empty(HostPermit),
    Taken(Running),
}

/// An instance that has started.
pub(crate) struct Running {
    pub(crate) store: Store<GuestState>,
    pub(crate) instance: Instance,
    /// What its configuration has; everything where it loaded none.
    pub(crate) loaded: Loaded,
    /// Whether a stage was called in it.
    pub(crate) used: bool,
    _alive: LiveInstance,
    permit: HostPermit,
}

/// Counts an instance from its start to its end.
struct LiveInstance(Arc<Counters>);

impl Drop for LiveInstance {
    fn drop(&mut self) {
        add(&self.0.instances_dropped, 1);
    }
}

/// What calls used, and their log.
#[derive(Debug, Default)]
pub(crate) struct CallStats {
    pub(crate) instances: u64,
    /// By phase.
    pub(crate) calls: [u64; Phase::ALL.len()],
    pub(crate) cpu_time_ns: u64,
    pub(crate) memory_high_water_bytes: usize,
    /// Each culprit counted once.
    pub(crate) faults: Vec<FaultKind>,
    pub(crate) log: LogBuffer,
}

/// What is needed to start an instance.
pub(crate) struct InstanceSpec<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) component: &'a LoadedComponent,
    pub(crate) plan: Option<&'a [u8]>,
    pub(crate) value_sets: &'a Arc<dyn ValueSets>,
    pub(crate) now_ms: i64,
    pub(crate) abandoned: &'a Arc<AtomicBool>,
}

impl InstanceSlot {
    /// The permit alone; the instance is dropped.
    pub(crate) fn into_permit(self) -> HostPermit {
        match self {
            InstanceSlot::Empty(permit) => permit,
            InstanceSlot::Taken(running) => running.permit,
        }
    }
}

/// What an instance has that loaded no configuration.
fn anything() -> Loaded {
    Loaded { severities: Severities::HARD | Severities::SOFT, reads_price: true }
}

impl InstanceSpec<'_> {
    /// Makes a fresh instance, initialises it unless it comes out of a snapshot, and gives it its configuration. On a fault the permit
    /// comes back.
    pub(crate) fn start(&self, permit: HostPermit, stats: &mut CallStats) -> Result<Running, (Fault, HostPermit)> {
        let limits = &self.runtime.limits;
        let mut store = new_store(&self.runtime.wasm, limits, self.runtime.memory.clone());
        let base_us = limits.deadline_us(0);
        let pre = &self.component.pre;
        let started = self.call(&mut store, Phase::Start, base_us, stats, |store| pre.instantiate(store));
        let instance = match started {
            Ok(instance) => instance,
            Err(fault) => return Err((fault, permit)),
        };
        let counters = &self.runtime.counters;
        add(&counters.instances, 1);
        stats.instances += 1;
        let mut running = Running {
            store,
            instance,
            loaded: anything(),
            used: false,
            _alive: LiveInstance(Arc::clone(counters)),
            permit,
        };
        let initialized = self.initialize(&mut running, stats);
        running.store.data_mut().assign(Arc::clone(self.value_sets), self.now_ms);
        match initialized.and_then(|()| self.load(&mut running, stats)) {
            Ok(loaded) => Ok(Running { loaded, ..running }),
            Err(fault) => Err((fault, running.permit)),
        }
    }

    fn initialize(&self, running: &mut Running, stats: &mut CallStats) -> Result<(), Fault> {
        if self.component.snapshot_status.is_taken() {
            return Ok(());
        }
        let Some(lifecycle) = &self.component.exports.lifecycle else { return Ok(()) };
        let Running { store, instance, .. } = running;
        let allowed_us = self.runtime.limits.deadline_configure_ms * 1_000;
        self.call(store, Phase::Initialize, allowed_us, stats, |store| {
            lifecycle.load(&mut *store, instance)?.call_initialize(store)
        })
    }

    fn load(&self, running: &mut Running, stats: &mut CallStats) -> Result<Loaded, Fault> {
        let Some(plan) = self.plan else { return Ok(anything()) };
        let Some(configuration) = &self.component.exports.configuration else {
            return Err(Fault::new(FaultKind::ConfigurationRejected, Phase::Load, "it takes no configuration"));
        };
        let Running { store, instance, .. } = running;
        let allowed_us = self.runtime.limits.deadline_us(0);
        let loaded: Result<Loaded, Failure> = self.call(store, Phase::Load, allowed_us, stats, |store| {
            let function = configuration
                .typed(store, instance, |indices, store, instance| indices.load(store, instance).map(drop));
            function?.call(store, (plan,)).map(|(loaded,)| loaded)
        })?;
        // Every item of the batch gets this message: the plugin must not decide how long it is.
        let truncated = |text| truncate(text, self.runtime.limits.log_line_bytes_max);
        loaded.map_err(|failure| {
            let (message, code) = (truncated(failure.message), truncated(failure.code));
            let what = format_args!("it rejects its configuration: {message} ({code})");
            Fault::new(FaultKind::ConfigurationRejected, Phase::Load, what)
        })
    }

    /// Makes one call within its limits and records what it used.
    pub(crate) fn call<T>(
        &self,
        store: &mut Store<GuestState>,
        phase: Phase,
        allowed_us: u64,
        stats: &mut CallStats,
        call: impl FnOnce(&mut Store<GuestState>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        bounded(store, phase, allowed_us, self.abandoned, stats, call)
    }
}

/// Makes one call within its limits and records what it used.
pub(crate) fn bounded<T>(
    store: &mut Store<GuestState>,
    phase: Phase,
    allowed_us: u64,
    abandoned: &Arc<AtomicBool>,
    stats: &mut CallStats,
    call: impl FnOnce(&mut Store<GuestState>) -> wasmtime::Result<T>,
) -> Result<T, Fault> {
    let state = store.data_mut();
    state.phase = phase;
    state.memory.forget_rejections();
    state.deadline.start(allowed_us, abandoned);
    store.set_epoch_deadline(1);
    let result = call(store);
    store.data_mut().collect_printed();
    let result = result.map_err(|error| read_fault(&error, phase, store.data()));
    stats.record(phase, store.data_mut());
    result
}

fn read_fault(error: &wasmtime::Error, phase: Phase, state: &GuestState) -> Fault {
    let (limits, memory_rejected) = (&state.limits, state.memory.growth_rejected());
    Fault::of(error, &FaultContext { phase, limits, memory_rejected, panic: state.log.last_error() })
}

impl CallStats {
    fn record(&mut self, phase: Phase, state: &mut GuestState) {
        self.calls[phase as usize] += 1;
        self.cpu_time_ns += state.deadline.end();
        self.memory_high_water_bytes = self.memory_high_water_bytes.max(state.memory.high_water());
        self.log.append(std::mem::take(&mut state.log), state.limits.log_lines_max);
    }

    /// Adds up another one, except for its log, which is returned: the log of calls that are run again is not kept.
    pub(crate) fn add(&mut self, other: CallStats) -> LogBuffer {
        self.instances += other.instances;
        self.calls.iter_mut().zip(other.calls).for_each(|(calls, more)| *calls += more);
        self.cpu_time_ns += other.cpu_time_ns;
        self.memory_high_water_bytes = self.memory_high_water_bytes.max(other.memory_high_water_bytes);
        self.faults.extend(other.faults);
        other.log
    }

    pub(crate) fn cpu_time_us(&self) -> u64 {
        self.cpu_time_ns / 1_000
    }
}

/// The bounds of one instance, and what the host keeps for it.
pub(crate) fn new_store(wasm: &Wasm, limits: &Arc<Limits>, all: InstancesMemory) -> Store<GuestState> {
    let mut store = Store::new(wasm, GuestState::new(Arc::clone(limits), all));
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(limits.output_bytes_max);
    store.set_max_component_handles(limits.handles_max);
    store.epoch_deadline_callback(|context| -> wasmtime::Result<UpdateDeadline> { context.data().deadline.on_tick() });
    store
}
