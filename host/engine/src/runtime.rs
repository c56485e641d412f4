//! What all instances share: wasmtime with our settings, the threads, the permits and the counters.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Engine as Wasm;

use super::deadline;
use super::fault::{Fault, Phase};
use super::limits::Limits;
use super::memory::InstancesMemory;
use super::pool::Pool;
use super::settings::host_config;
use super::stats::Counters;

/// Stack of a guest thread besides the guest's own: the host's and wasmtime's.
const HOST_STACK_BYTES: usize = 2 << 20;
/// How far the threads for people yield to those for production.
const PEOPLE_NICE: i32 = 10;
/// Threads that compile and read compiled code: one that compiles for long must not hold up the reading.
const COMPILER_THREADS: usize = 2;
/// Stack of a compiling thread: the compiler recurses.
const COMPILER_STACK_BYTES: usize = 16 << 20;

/// The engine could not be created, because of the machine or the settings.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime rejects the settings or the machine.
    #[error("the WebAssembly engine can't start: {0}")]
    Wasm(String),
    /// The directory for compiled code can't be used.
    #[error("the directory `{}` for compiled plugins can't be used: {source}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("a thread for plugins could not be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// For whom guests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// The leads of production.
    Production,
    /// What people ask for and wait for: dry runs, discovery, configurations, uploads. It has threads and instances of its own, so
    /// that however much is asked for, production does not wait for it.
    People,
}

/// The threads and the instances of one priority.
struct Share {
    pool: Pool,
    permits: Arc<Semaphore>,
}

/// What all sessions share.
pub(crate) struct Runtime {
    pub(crate) wasm: Wasm,
    pub(crate) limits: Arc<Limits>,
    pub(crate) compilers: Pool,
    pub(crate) counters: Arc<Counters>,
    pub(crate) memory: InstancesMemory,
    production: Share,
    people: Share,
}

/// The right to hold an instance: when there is none left, the host is full.
#[derive(Debug)]
pub(crate) struct HostPermit(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Runtime {
    pub(crate) fn new(limits: Limits) -> Result<Self, EngineError> {
        let wasm = Wasm::new(&host_config(&limits)).map_err(|error| EngineError::Wasm(format!("{error:#}")))?;
        deadline::start_ticker(wasm.weak(), limits.deadline_tick_ms).map_err(EngineError::Thread)?;
        let stack_bytes = HOST_STACK_BYTES + limits.stack_bytes_max;
        let share = |name, threads, nice, instances_max: u32| {
            let pool = Pool::start(name, threads, stack_bytes, limits.queued_calls_max, nice);
            let permits = Arc::new(Semaphore::new(instances_max as usize));
            pool.map(|pool| Share { pool, permits }).map_err(EngineError::Thread)
        };
        let production = share("plugin", limits.threads, 0, limits.instances_max)?;
        let people = share("plugin-people", limits.people_threads, PEOPLE_NICE, limits.people_instances_max.max(1))?;
        let compilers = Pool::start("plugin-compiler", COMPILER_THREADS, COMPILER_STACK_BYTES, COMPILER_THREADS, 0)
            .map_err(EngineError::Thread)?;
        let memory = InstancesMemory::new(limits.instances_memory_bytes_max);
        Ok(Runtime { wasm, production, people, compilers, memory, counters: Arc::default(), limits: Arc::new(limits) })
    }

    /// The threads for this priority.
    pub(crate) fn pool(&self, priority: Priority) -> &Pool {
        &self.share(priority).pool
    }

    /// Waits for a permit to hold an instance.
    pub(crate) async fn acquire_permit(&self, priority: Priority, phase: Phase) -> Result<HostPermit, Fault> {
        let permit = Arc::clone(&self.share(priority).permits).acquire_owned().await;
        permit.map(HostPermit).map_err(|closed| Fault::host(phase, closed))
    }

    fn share(&self, priority: Priority) -> &Share {
        match priority {
            Priority::Production => &self.production,
            Priority::People => &self.people,
        }
    }
}
