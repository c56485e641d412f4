//! The engine itself: wasmtime with our settings, the threads, the permits and the cache of compiled components.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::Engine as Wasm;
use wasmtime::component::Linker;

use super::admit::{self, AdmissionError, Admitted};
use super::compile::{CompileError, Compiler, Task};
use super::configure::{CompiledConfiguration, ConfigCompiler, ConfigurationError};
use super::contract_types::{Context, Description};
use super::deadline;
use super::digest::Digest;
use super::fault::{Fault, Phase};
use super::imports;
use super::instance::HostPermit;
use super::limits::Limits;
use super::load::{CompiledFiles, ComponentCache, Found, LoadError, deserialize};
use super::pool::{JobLost, Pool};
use super::program::{LoadedComponent, Program};
use super::session::Session;
use super::settings::host_config;
use super::snapshot_blockers;
use super::snapshot_status::{Compiled, SnapshotStatus};
use super::snapshot_statuses::SnapshotStatuses;
use super::state::GuestState;
use super::stats::{Counters, EngineStats, add};

/// Stack of a guest thread besides the guest's own: the host's and wasmtime's.
const HOST_STACK_BYTES: usize = 2 << 20;
/// Threads that compile and read compiled code: one that compiles for long must not hold up the reading.
const COMPILER_THREADS: usize = 2;
/// Stack of a compiling thread: the compiler recurses.
const COMPILER_STACK_BYTES: usize = 16 << 20;

/// The sandbox. A handle: clones share everything.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<Runtime>,
}

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

/// What all sessions share.
pub(crate) struct Runtime {
    pub(crate) wasm: Wasm,
    pub(crate) limits: Arc<Limits>,
    pub(crate) pool: Pool,
    pub(crate) counters: Arc<Counters>,
    pub(crate) compilers: Pool,
    compiler: Compiler,
    linker: Linker<GuestState>,
    permits: Arc<Semaphore>,
    children: Semaphore,
    files: CompiledFiles,
    cache: ComponentCache,
    snapshot_statuses: SnapshotStatuses,
}

impl Engine {
    /// Once at start: sets wasmtime up and starts the threads. `cache_dir` keeps compiled code and can be deleted at any time.
    /// Components are compiled in this process; see [`Engine::with_compiler`].
    pub fn new(limits: Limits, cache_dir: &Path) -> Result<Self, EngineError> {
        Self::with_compiler(limits, cache_dir, Compiler::InProcess)
    }

    /// Like [`Engine::new`], with a say in where foreign components are compiled.
    pub fn with_compiler(limits: Limits, cache_dir: &Path, compiler: Compiler) -> Result<Self, EngineError> {
        Ok(Engine { runtime: Arc::new(Runtime::new(limits, cache_dir, compiler)?) })
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.runtime.limits
    }

    /// Admits or rejects foreign bytes, with all reasons. Compiles them, so that the first use is fast. Once per upload.
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Admitted, AdmissionError> {
        admit::admit(&self.runtime, bytes).await
    }

    /// The component of this digest, from memory, from disk, or compiled from the bytes that `fetch` returns. Once per batch.
    pub async fn load<F, E>(
        &self,
        digest: Digest,
        fetch: impl FnOnce() -> F + Send,
    ) -> Result<Arc<LoadedComponent>, LoadError>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.runtime.load(digest, fetch).await
    }

    /// Checks and compiles a configuration in the sandbox. Once per save.
    pub async fn compile_configuration(
        &self,
        component: &Arc<LoadedComponent>,
        document: &str,
    ) -> Result<CompiledConfiguration, ConfigurationError> {
        if !component.stages().is_configurable() {
            return Err(ConfigurationError::NotConfigurable);
        }
        let permit = self.runtime.acquire_permit(Phase::Compile).await?;
        let (runtime, component, document) = (Arc::clone(&self.runtime), Arc::clone(component), document.to_owned());
        let job = move || ConfigCompiler::new(&runtime, &component).compile(&document, permit);
        let compiled = self.runtime.pool.run(job).await;
        compiled.unwrap_or_else(|lost| Err(Fault::host(Phase::Compile, lost).into()))
    }

    /// Calls `describe`; none when the component does not export it.
    pub async fn describe(&self, component: &Arc<LoadedComponent>) -> Result<Option<Description>, Fault> {
        self.runtime.describe(component).await
    }

    /// Whether the instances of a component start from a snapshot, if this host has it in memory or on disk.
    pub async fn snapshot_status(&self, digest: Digest) -> Option<SnapshotStatus> {
        self.runtime.snapshot_status(digest).await
    }

    /// A session for one batch; its instance is made at the first call.
    pub fn session(&self, program: &Program, context: impl Into<Arc<Context>>) -> Session {
        Session::new(Arc::clone(&self.runtime), program, context.into())
    }

    /// Runs the work of a batch on a guest thread, where the sessions of this engine need not change threads between their
    /// calls. Nothing else in it may block. When the waiting future is dropped, the call under way stops at the next tick, and
    /// each later one returns a fault of the host.
    pub async fn on_guest_thread<W>(&self, work: W) -> Result<W::Output, JobLost>
    where
        W: Future<Output: Send> + Send + 'static,
    {
        self.runtime.pool.spawn(|_| work).await
    }

    /// What was done so far.
    pub fn stats(&self) -> EngineStats {
        self.runtime.counters.read()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Runtime {
    fn new(limits: Limits, cache_dir: &Path, compiler: Compiler) -> Result<Self, EngineError> {
        let wasm = Wasm::new(&host_config(&limits)).map_err(|error| EngineError::Wasm(format!("{error:#}")))?;
        let mut linker = Linker::new(&wasm);
        imports::link(&mut linker).map_err(|error| EngineError::Wasm(format!("{error:#}")))?;
        let files = CompiledFiles::open(cache_dir, &wasm, limits.compiled_disk_bytes_max)
            .map_err(|source| EngineError::Directory { directory: cache_dir.into(), source })?;
        deadline::start_ticker(wasm.weak(), limits.deadline_tick_ms).map_err(EngineError::Thread)?;
        let stack_bytes = HOST_STACK_BYTES + limits.stack_bytes_max;
        let pool =
            Pool::start("plugin", limits.threads, stack_bytes, limits.queued_calls_max).map_err(EngineError::Thread)?;
        let compilers = Pool::start("plugin-compiler", COMPILER_THREADS, COMPILER_STACK_BYTES, COMPILER_THREADS)
            .map_err(EngineError::Thread)?;
        Ok(Runtime {
            wasm,
            pool,
            compilers,
            compiler,
            linker,
            files,
            permits: Arc::new(Semaphore::new(limits.instances_max as usize)),
            children: Semaphore::new(limits.compilations_max.max(1)),
            counters: Arc::default(),
            cache: ComponentCache::default(),
            snapshot_statuses: SnapshotStatuses::default(),
            limits: Arc::new(limits),
        })
    }

    /// Waits for a permit to hold an instance.
    pub(crate) async fn acquire_permit(&self, phase: Phase) -> Result<HostPermit, Fault> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map(HostPermit).map_err(|closed| Fault::host(phase, closed))
    }

    pub(crate) async fn describe(
        self: &Arc<Self>,
        component: &Arc<LoadedComponent>,
    ) -> Result<Option<Description>, Fault> {
        let permit = self.acquire_permit(Phase::Describe).await?;
        let (runtime, component) = (Arc::clone(self), Arc::clone(component));
        let described = self.pool.run(move || ConfigCompiler::new(&runtime, &component).describe(permit)).await;
        described.unwrap_or_else(|lost| Err(Fault::host(Phase::Describe, lost)))
    }

    async fn load<F, E>(
        self: &Arc<Self>,
        digest: Digest,
        fetch: impl FnOnce() -> F + Send,
    ) -> Result<Arc<LoadedComponent>, LoadError>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let cell = self.cache.cell(digest);
        if let Some(loaded) = cell.get() {
            return Ok(Arc::clone(loaded));
        }
        let loaded = cell.get_or_try_init(|| self.load_uncached(digest, fetch)).await.cloned();
        drop(cell);
        match &loaded {
            Ok(_) => self.cache.evict(self.limits.compiled_cache_bytes_max, self.limits.loaded_components_max, digest),
            Err(_) => self.cache.remove_failed(digest),
        }
        loaded
    }

    async fn load_uncached<F, E>(
        self: &Arc<Self>,
        digest: Digest,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<LoadedComponent>, LoadError>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if let Some(loaded) = self.load_file(digest).await {
            return Ok(loaded);
        }
        let component = fetch().await.map_err(|error| LoadError::Fetch { digest, source: error.into() })?;
        let found = Digest::of(&component);
        if found != digest {
            return Err(LoadError::Corrupt { digest, found });
        }
        self.build(digest, component).await.map_err(|reason| LoadError::Unusable { digest, reason: reason.to_string() })
    }

    /// From the directory; none when there is nothing there that can be trusted and used.
    async fn load_file(self: &Arc<Self>, digest: Digest) -> Option<Arc<LoadedComponent>> {
        let runtime = Arc::clone(self);
        let loaded = self.compilers.run(move || runtime.read_file(digest)).await;
        loaded.ok().flatten()
    }

    fn read_file(&self, digest: Digest) -> Option<Arc<LoadedComponent>> {
        match self.files.read(digest) {
            Found::Nothing => None,
            Found::Rejected => {
                add(&self.counters.disk_rejections, 1);
                tracing::warn!(%digest, "compiled plugin on disk is damaged or from another installation; compiling it again");
                None
            }
            Found::Compiled(compiled) => {
                add(&self.counters.disk_hits, 1);
                self.link(digest, &compiled).ok()
            }
        }
    }

    /// Compiles and keeps the result.
    pub(crate) async fn build(
        self: &Arc<Self>,
        digest: Digest,
        component: Vec<u8>,
    ) -> Result<Arc<LoadedComponent>, CompileError> {
        add(&self.counters.compilations, 1);
        let compiled = self.compile(component).await?;
        let runtime = Arc::clone(self);
        self.compilers.run(move || runtime.link_and_store(digest, &compiled)).await.unwrap_or_else(job_lost)
    }

    /// Removes what is left of a component that was rejected.
    pub(crate) async fn remove_compiled(self: &Arc<Self>, digest: Digest) {
        let runtime = Arc::clone(self);
        // A lost job is logged where it was lost; a file that stays is harmless.
        let _ = self.compilers.run(move || runtime.files.remove(digest)).await;
    }

    /// From a snapshot where one can be taken, otherwise as it is.
    async fn compile(self: &Arc<Self>, component: Vec<u8>) -> Result<Compiled, CompileError> {
        let read = move || (snapshot_blockers::exports_lifecycle(&component), component);
        let (has_lifecycle, component) = self.compilers.run(read).await.map_err(CompileError::from)?;
        let with_snapshot =
            if has_lifecycle { self.take_snapshot(component.clone()).await } else { Compiled::no_lifecycle() };
        if with_snapshot.snapshot_status.is_taken() {
            return Ok(with_snapshot);
        }
        let code = self.run_task(Task::Compile, component).await?;
        Ok(Compiled { code, ..with_snapshot })
    }

    async fn take_snapshot(self: &Arc<Self>, component: Vec<u8>) -> Compiled {
        match self.run_task(Task::Snapshot, component).await {
            Ok(output) => Compiled::read(&output)
                .unwrap_or_else(|| Compiled::without_snapshot("the process that takes the snapshot returned nothing")),
            Err(error) => Compiled::without_snapshot(format!("taking the snapshot was stopped: {error}")),
        }
    }

    async fn snapshot_status(self: &Arc<Self>, digest: Digest) -> Option<SnapshotStatus> {
        if let Some(known) = self.snapshot_statuses.get(digest) {
            return Some(known);
        }
        let runtime = Arc::clone(self);
        let found = self.compilers.run(move || runtime.files.read(digest)).await;
        let Ok(Found::Compiled(compiled)) = found else { return None };
        self.snapshot_statuses.put(digest, &compiled.snapshot_status);
        Some(compiled.snapshot_status)
    }

    /// Runs a task of the compiler on foreign bytes.
    pub(crate) async fn run_task(self: &Arc<Self>, task: Task, bytes: Vec<u8>) -> Result<Vec<u8>, CompileError> {
        match &self.compiler {
            Compiler::Child(program) => {
                let _place = self.children.acquire().await.map_err(|closed| CompileError(closed.to_string()))?;
                task.run_in_child(program, &self.limits, bytes).await
            }
            Compiler::InProcess => {
                let runtime = Arc::clone(self);
                self.compilers
                    .run(move || task.run(&runtime.wasm, &runtime.limits, &bytes))
                    .await
                    .unwrap_or_else(job_lost)
            }
        }
    }

    fn link_and_store(&self, digest: Digest, compiled: &Compiled) -> Result<Arc<LoadedComponent>, CompileError> {
        let loaded = self.link(digest, compiled).map_err(|error| CompileError(format!("{error:#}")))?;
        log_compiled(digest, &compiled.snapshot_status);
        if let Err(error) = self.files.write(digest, compiled) {
            tracing::warn!(%digest, %error, "compiled plugin could not be written to disk; it will be compiled again");
        }
        Ok(loaded)
    }

    fn link(&self, digest: Digest, compiled: &Compiled) -> wasmtime::Result<Arc<LoadedComponent>> {
        let component = deserialize(&self.wasm, &compiled.code)?;
        self.snapshot_statuses.put(digest, &compiled.snapshot_status);
        let (bytes, snapshot_status) = (compiled.code.len(), compiled.snapshot_status.clone());
        LoadedComponent::link(digest, &component, &self.linker, bytes, snapshot_status).map(Arc::new)
    }
}

fn log_compiled(digest: Digest, snapshot_status: &SnapshotStatus) {
    match snapshot_status {
        SnapshotStatus::NotNeeded => tracing::info!(%digest, "plugin compiled; it has nothing to initialise"),
        SnapshotStatus::Taken { snapshot_bytes } => {
            tracing::info!(%digest, snapshot_bytes, "plugin compiled; its instances start from a snapshot")
        }
        SnapshotStatus::Unavailable { reason } => {
            tracing::warn!(%digest, reason, "plugin compiled without a snapshot; each instance initialises itself");
        }
    }
}

fn job_lost<T>(lost: JobLost) -> Result<T, CompileError> {
    Err(lost.into())
}
