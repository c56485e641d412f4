//! The components of this installation: compiled once, kept in memory and on disk, and found again by their digest.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::Linker;

use super::compile::{CompileError, Compiler, Task};
use super::digest::Digest;
use super::imports;
use super::load::{CompiledFiles, ComponentCache, Found, LoadError, deserialize};
use super::pool::JobLost;
use super::program::LoadedComponent;
use super::runtime::{EngineError, Runtime};
use super::snapshot_blockers;
use super::snapshot_status::{Compiled, SnapshotStatus};
use super::snapshot_statuses::SnapshotStatuses;
use super::state::GuestState;
use super::stats::add;

/// The compiler, and what it made.
pub(crate) struct Components {
    pub(crate) runtime: Arc<Runtime>,
    compiler: Compiler,
    linker: Linker<GuestState>,
    children: Semaphore,
    files: CompiledFiles,
    cache: ComponentCache,
    snapshot_statuses: SnapshotStatuses,
}

impl Components {
    pub(crate) fn new(runtime: Arc<Runtime>, directory: &Path, compiler: Compiler) -> Result<Self, EngineError> {
        let mut linker = Linker::new(&runtime.wasm);
        imports::link(&mut linker).map_err(|error| EngineError::Wasm(format!("{error:#}")))?;
        let files = CompiledFiles::open(directory, &runtime.wasm, runtime.limits.compiled_disk_bytes_max)
            .map_err(|source| EngineError::Directory { directory: directory.into(), source })?;
        Ok(Components {
            compiler,
            linker,
            files,
            children: Semaphore::new(runtime.limits.compilations_max.max(1)),
            cache: ComponentCache::default(),
            snapshot_statuses: SnapshotStatuses::default(),
            runtime,
        })
    }

    /// The component of this digest; see [`super::Engine::load`].
    pub(crate) async fn load<F, E>(
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
            Ok(_) => self.cache.evict(
                self.runtime.limits.compiled_cache_bytes_max,
                self.runtime.limits.loaded_components_max,
                digest,
            ),
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
        let shared = Arc::clone(self);
        let loaded = self.runtime.compilers.run(move || shared.read_file(digest)).await;
        loaded.ok().flatten()
    }

    fn read_file(&self, digest: Digest) -> Option<Arc<LoadedComponent>> {
        match self.files.read(digest) {
            Found::Nothing => None,
            Found::Rejected => {
                add(&self.runtime.counters.disk_rejections, 1);
                tracing::warn!(%digest, "compiled plugin on disk is damaged or from another installation; compiling it again");
                None
            }
            Found::Compiled(compiled) => {
                add(&self.runtime.counters.disk_hits, 1);
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
        add(&self.runtime.counters.compilations, 1);
        let compiled = self.compile(component).await?;
        let shared = Arc::clone(self);
        self.runtime.compilers.run(move || shared.link_and_store(digest, &compiled)).await.unwrap_or_else(job_lost)
    }

    /// Removes what is left of a component that was rejected.
    pub(crate) async fn remove_compiled(self: &Arc<Self>, digest: Digest) {
        let shared = Arc::clone(self);
        // A lost job is logged where it was lost; a file that stays is harmless.
        let _ = self.runtime.compilers.run(move || shared.files.remove(digest)).await;
    }

    /// From a snapshot where one can be taken, otherwise as it is.
    async fn compile(self: &Arc<Self>, component: Vec<u8>) -> Result<Compiled, CompileError> {
        let read = move || (snapshot_blockers::exports_lifecycle(&component), component);
        let (has_lifecycle, component) = self.runtime.compilers.run(read).await.map_err(CompileError::from)?;
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

    /// Whether the instances of a component start from a snapshot; see [`super::Engine::snapshot_status`].
    pub(crate) async fn snapshot_status(self: &Arc<Self>, digest: Digest) -> Option<SnapshotStatus> {
        if let Some(known) = self.snapshot_statuses.get(digest) {
            return Some(known);
        }
        let shared = Arc::clone(self);
        let found = self.runtime.compilers.run(move || shared.files.read(digest)).await;
        let Ok(Found::Compiled(compiled)) = found else { return None };
        self.snapshot_statuses.put(digest, &compiled.snapshot_status);
        Some(compiled.snapshot_status)
    }

    /// Runs a task of the compiler on foreign bytes.
    pub(crate) async fn run_task(self: &Arc<Self>, task: Task, bytes: Vec<u8>) -> Result<Vec<u8>, CompileError> {
        match &self.compiler {
            Compiler::Child(program) => {
                let _place = self.children.acquire().await.map_err(|closed| CompileError(closed.to_string()))?;
                task.run_in_child(program, &self.runtime.limits, bytes).await
            }
            Compiler::InProcess => {
                let shared = Arc::clone(self);
                self.runtime
                    .compilers
                    .run(move || task.run(&shared.runtime.wasm, &shared.runtime.limits, &bytes))
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
        let component = deserialize(&self.runtime.wasm, &compiled.code)?;
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
