//! The engine itself: wasmtime with our settings, the threads, the slots and the shelf of compiled components.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::Engine as Wasm;
use wasmtime::component::Linker;

use super::admit::{self, AdmissionError, Admitted};
use super::compile::{CompileError, Compiler, Task};
use super::configure::{CompiledConfiguration, ConfigurationError, Workbench};
use super::contract_types::{Context, Description};
use super::deadline;
use super::digest::Digest;
use super::fault::{Fault, Phase};
use super::imports;
use super::instance::Slot;
use super::limits::Limits;
use super::load::{CompiledFiles, Found, LoadError, Shelf, deserialize};
use super::obstacles;
use super::pool::{JobLost, Pool};
use super::preparation::{Compiled, Preparation};
use super::program::{Loaded, Program};
use super::reports::Reports;
use super::session::Session;
use super::settings::config;
use super::state::GuestState;
use super::stats::{Counters, EngineStats, add};

/// Stack of a guest thread beside the guest's own: ours and wasmtime's.
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

/// The engine could not be made: a matter of the machine or of the settings.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses the settings or the machine.
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
    slots: Arc<Semaphore>,
    children: Semaphore,
    files: CompiledFiles,
    shelf: Shelf,
    reports: Reports,
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

    /// Once an upload: says yes or no to foreign bytes, with all reasons. Compiles them, so that the first use is fast.
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Admitted, AdmissionError> {
        admit::admit(&self.runtime, bytes).await
    }

    /// Once a batch: the component of this digest, from memory, from disk or compiled now from what `fetch` brings.
    pub async fn load<F, E>(&self, digest: Digest, fetch: impl FnOnce() -> F + Send) -> Result<Arc<Loaded>, LoadError>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.runtime.load(digest, fetch).await
    }

    /// Once a save: checks and compiles a configuration in the sandbox.
    pub async fn compile_configuration(
        &self,
        component: &Arc<Loaded>,
        document: &str,
    ) -> Result<CompiledConfiguration, ConfigurationError> {
        if !component.stages().is_configurable() {
            return Err(ConfigurationError::NotConfigurable);
        }
        let slot = self.runtime.free_slot(Phase::Compile).await?;
        let (runtime, component, document) = (Arc::clone(&self.runtime), Arc::clone(component), document.to_owned());
        let job = move || Workbench::new(&runtime, &component).compile(&document, slot);
        let compiled = self.runtime.pool.run(job).await;
        compiled.unwrap_or_else(|lost| Err(Fault::host(Phase::Compile, lost).into()))
    }

    /// Asks a component what it is; none when it does not say.
    pub async fn describe(&self, component: &Arc<Loaded>) -> Result<Option<Description>, Fault> {
        self.runtime.describe(component).await
    }

    /// Once a look: how the instances of a component get ready, if this host has it in memory or on disk.
    pub async fn preparation(&self, digest: Digest) -> Option<Preparation> {
        self.runtime.preparation(digest).await
    }

    /// Once a batch: a session makes its instance when it is first called.
    pub fn session(&self, program: &Program, context: Context) -> Session {
        Session::new(Arc::clone(&self.runtime), program, context)
    }

    /// Once a batch: runs work on a thread that runs guests, where the sessions of this engine need not change threads between their
    /// calls. Nothing in it may block but they. When the waiting future is dropped, the call under way stops at the next tick, and
    /// each later one answers with a fault of the host.
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
        let wasm = Wasm::new(&config(&limits)).map_err(|error| EngineError::Wasm(format!("{error:#}")))?;
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
            slots: Arc::new(Semaphore::new(limits.instances_max as usize)),
            children: Semaphore::new(limits.compilations_max.max(1)),
            counters: Arc::default(),
            shelf: Shelf::default(),
            reports: Reports::default(),
            limits: Arc::new(limits),
        })
    }

    /// Waits for a place to put an instance into.
    pub(crate) async fn free_slot(&self, phase: Phase) -> Result<Slot, Fault> {
        let permit = Arc::clone(&self.slots).acquire_owned().await;
        permit.map(Slot).map_err(|closed| Fault::host(phase, closed))
    }

    pub(crate) async fn describe(self: &Arc<Self>, component: &Arc<Loaded>) -> Result<Option<Description>, Fault> {
        let slot = self.free_slot(Phase::Describe).await?;
        let (runtime, component) = (Arc::clone(self), Arc::clone(component));
        let described = self.pool.run(move || Workbench::new(&runtime, &component).describe(slot)).await;
        described.unwrap_or_else(|lost| Err(Fault::host(Phase::Describe, lost)))
    }

    async fn load<F, E>(
        self: &Arc<Self>,
        digest: Digest,
        fetch: impl FnOnce() -> F + Send,
    ) -> Result<Arc<Loaded>, LoadError>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let cell = self.shelf.cell(digest);
        if let Some(loaded) = cell.get() {
            return Ok(Arc::clone(loaded));
        }
        let loaded = cell.get_or_try_init(|| self.load_unshelved(digest, fetch)).await.cloned();
        drop(cell);
        match &loaded {
            Ok(_) => self.shelf.trim(self.limits.compiled_cache_bytes_max, self.limits.loaded_components_max, digest),
            Err(_) => self.shelf.forget_empty(digest),
        }
        loaded
    }

    async fn load_unshelved<F, E>(
        self: &Arc<Self>,
        digest: Digest,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Loaded>, LoadError>
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
    async fn load_file(self: &Arc<Self>, digest: Digest) -> Option<Arc<Loaded>> {
        let runtime = Arc::clone(self);
        let loaded = self.compilers.run(move || runtime.read_file(digest)).await;
        loaded.ok().flatten()
    }

    fn read_file(&self, digest: Digest) -> Option<Arc<Loaded>> {
        match self.files.read(digest) {
            Found::Nothing => None,
            Found::Refused => {
                add(&self.counters.disk_refusals, 1);
                tracing::warn!(%digest, "compiled plugin on disk is damaged or not ours, compiling it again");
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
    ) -> Result<Arc<Loaded>, CompileError> {
        add(&self.counters.compilations, 1);
        let compiled = self.compile(component).await?;
        let runtime = Arc::clone(self);
        self.compilers.run(move || runtime.keep(digest, &compiled)).await.unwrap_or_else(lost)
    }

    /// Removes what is left of a component that was refused.
    pub(crate) async fn forget(self: &Arc<Self>, digest: Digest) {
        let runtime = Arc::clone(self);
        // A lost job is logged where it was lost; a file that stays is harmless.
        let _ = self.compilers.run(move || runtime.files.remove(digest)).await;
    }

    /// Initialised where that can be kept, otherwise as it is.
    async fn compile(self: &Arc<Self>, component: Vec<u8>) -> Result<Compiled, CompileError> {
        let read = move || (obstacles::exports_lifecycle(&component), component);
        let (has_lifecycle, component) = self.compilers.run(read).await.map_err(CompileError::from)?;
        let prepared =
            if has_lifecycle { self.prepare(component.clone()).await } else { Compiled::nothing_to_prepare() };
        if prepared.preparation.is_prepared() {
            return Ok(prepared);
        }
        let code = self.run_task(Task::Compile, component).await?;
        Ok(Compiled { code, ..prepared })
    }

    async fn prepare(self: &Arc<Self>, component: Vec<u8>) -> Compiled {
        match self.run_task(Task::Prepare, component).await {
            Ok(answer) => Compiled::read(&answer).unwrap_or_else(|| Compiled::cold("what prepares it gave no answer")),
            Err(error) => Compiled::cold(format!("preparing it was stopped: {error}")),
        }
    }

    async fn preparation(self: &Arc<Self>, digest: Digest) -> Option<Preparation> {
        if let Some(known) = self.reports.get(digest) {
            return Some(known);
        }
        let runtime = Arc::clone(self);
        let found = self.compilers.run(move || runtime.files.read(digest)).await;
        let Ok(Found::Compiled(compiled)) = found else { return None };
        self.reports.put(digest, &compiled.preparation);
        Some(compiled.preparation)
    }

    /// Has the compiler do something to foreign bytes.
    pub(crate) async fn run_task(self: &Arc<Self>, task: Task, bytes: Vec<u8>) -> Result<Vec<u8>, CompileError> {
        match &self.compiler {
            Compiler::Child(program) => {
                let _place = self.children.acquire().await.map_err(|closed| CompileError(closed.to_string()))?;
                task.run_in_child(program, &self.limits, bytes).await
            }
            Compiler::InProcess => {
                let runtime = Arc::clone(self);
                self.compilers.run(move || task.run(&runtime.wasm, &runtime.limits, &bytes)).await.unwrap_or_else(lost)
            }
        }
    }

    fn keep(&self, digest: Digest, compiled: &Compiled) -> Result<Arc<Loaded>, CompileError> {
        let loaded = self.link(digest, compiled).map_err(|error| CompileError(format!("{error:#}")))?;
        report(digest, &compiled.preparation);
        if let Err(error) = self.files.write(digest, compiled) {
            tracing::warn!(%digest, %error, "compiled plugin could not be kept on disk, it will be compiled again");
        }
        Ok(loaded)
    }

    fn link(&self, digest: Digest, compiled: &Compiled) -> wasmtime::Result<Arc<Loaded>> {
        let component = deserialize(&self.wasm, &compiled.code)?;
        self.reports.put(digest, &compiled.preparation);
        let (bytes, preparation) = (compiled.code.len(), compiled.preparation.clone());
        Loaded::link(digest, &component, &self.linker, bytes, preparation).map(Arc::new)
    }
}

fn report(digest: Digest, preparation: &Preparation) {
    match preparation {
        Preparation::None => tracing::info!(%digest, "plugin compiled, there is nothing to prepare"),
        Preparation::Prepared { image_bytes } => tracing::info!(%digest, image_bytes, "plugin compiled and prepared"),
        Preparation::Cold { reason } => {
            tracing::warn!(%digest, reason, "plugin compiled, but each of its instances must initialise itself");
        }
    }
}

fn lost<T>(lost: JobLost) -> Result<T, CompileError> {
    Err(lost.into())
}
