//! The components of this installation: compiled once, kept in memory and on disk, and found again by their digest.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::component::Linker;

use super::compile::{CompileError, CompileErrorKind, Compiler, Task};
use super::digest::Digest;
use super::fault::is_of_system;
use super::imports;
use super::load::{CompiledFiles, ComponentCache, Found, LoadError, deserialize};
use super::pool::JobLost;
use super::program::LoadedComponent;
use super::runtime::{EngineError, Priority, Runtime};
use super::snapshot_blockers;
use super::snapshot_status::{Compiled, SnapshotStatus};
use super::snapshot_statuses::SnapshotStatuses;
use super::state::GuestState;
use super::stats::add;

/// The right to compile one component: uploads have places of their own, so that they hold up nothing that production waits for.
pub(crate) struct CompilePlace<'a>(#[expect(dead_code, reason = "held, not read")] SemaphorePermit<'a>);

/// The compiler, and what it made.
pub(crate) struct Components {
    pub(crate) runtime: Arc<Runtime>,
    compiler: Compiler,
    linker: Linker<GuestState>,
    production_places: Semaphore,
    people_places: Semaphore,
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
            production_places: Semaphore::new(runtime.limits.compilations_max.max(1)),
            people_places: Semaphore::new(runtime.limits.people_compilations_max.max(1)),
            cache: ComponentCache::default(),
            snapshot_statuses: SnapshotStatuses::default(),
            runtime,
        })
    }

    /// Waits for a place to compile.
    pub(crate) async fn compile_place(&self, priority: Priority) -> Result<CompilePlace<'_>, CompileError> {
        let places = match priority {
            Priority::Production => &self.production_places,
            Priority::People => &self.people_places,
        };
        places.acquire().await.map(CompilePlace).map_err(|closed| CompileError::host(closed.to_string()))
    }

    /// The component of this digest, if it is in memory.
    pub(crate) fn loaded(&self, digest: Digest) -> Option<Arc<LoadedComponent>> {
        self.cache.loaded(digest)
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
        let failed = |error: CompileError| LoadError::of(digest, error);
        if let Some(loaded) = self.load_file(digest).await.map_err(failed)? {
            return Ok(loaded);
        }
        // Before the bytes are fetched: who waits holds none.
        let place = self.compile_place(Priority::Production).await.map_err(failed)?;
        let component = fetch().await.map_err(|error| LoadError::Fetch { digest, source: error.into() })?;
        let found = Digest::of(&component);
        if found != digest {
            return Err(LoadError::Corrupt { digest, found });
        }
        self.build(digest, component, &place).await.map_err(failed)
    }

    /// From the directory; none when there is nothing there that can be trusted and used.
    async fn load_file(self: &Arc<Self>, digest: Digest) -> Result<Option<Arc<LoadedComponent>>, CompileError> {
        let shared = Arc::clone(self);
        self.runtime.compilers.run(move || shared.read_file(digest)).await?
    }

    fn read_file(&self, digest: Digest) -> Result<Option<Arc<LoadedComponent>>, CompileError> {
        match self.files.read(digest) {
            Found::Nothing => Ok(None),
            Found::Rejected => {
                add(&self.runtime.counters.disk_rejections, 1);
                tracing::warn!(%digest, "compiled plugin on disk is damaged or from another installation; compiling it again");
                Ok(None)
            }
            Found::Compiled(compiled) => {
                add(&self.runtime.counters.disk_hits, 1);
                match self.link(digest, &compiled) {
                    Ok(loaded) => Ok(Some(loaded)),
                    // Compiling it again would need even more of what the machine lacks.
                    Err(error) if error.kind == CompileErrorKind::Host => Err(error),
                    Err(_) => Ok(None),
                }
            }
        }
    }

    /// Compiles and keeps the result.
    pub(crate) async fn build(
        self: &Arc<Self>,
        digest: Digest,
        component: Vec<u8>,
        place: &CompilePlace<'_>,
    ) -> Result<Arc<LoadedComponent>, CompileError> {
        add(&self.runtime.counters.compilations, 1);
        let compiled = self.compile(component, place).await?;
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
    async fn compile(self: &Arc<Self>, component: Vec<u8>, place: &CompilePlace<'_>) -> Result<Compiled, CompileError> {
        let read = move || (snapshot_blockers::exports_lifecycle(&component), component);
        let (has_lifecycle, component) = self.runtime.compilers.run(read).await.map_err(CompileError::from)?;
        let with_snapshot =
            if has_lifecycle { self.take_snapshot(component.clone(), place).await? } else { Compiled::no_lifecycle() };
        if with_snapshot.snapshot_status.is_taken() {
            return Ok(with_snapshot);
        }
        let code = self.run_task(Task::Compile, component, place).await?;
        Ok(Compiled { code, ..with_snapshot })
    }

    /// Only the host's own failure is one: what is wrong with a snapshot is a reason to go without.
    async fn take_snapshot(
        self: &Arc<Self>,
        component: Vec<u8>,
        place: &CompilePlace<'_>,
    ) -> Result<Compiled, CompileError> {
        match self.run_task(Task::Snapshot, component, place).await {
            Ok(output) => Ok(Compiled::read(&output)
                .unwrap_or_else(|| Compiled::without_snapshot("the process that takes the snapshot returned nothing"))),
            Err(error) if error.kind == CompileErrorKind::Host => Err(error),
            Err(error) => Ok(Compiled::without_snapshot(format!("taking the snapshot was stopped: {error}"))),
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
    pub(crate) async fn run_task(
        self: &Arc<Self>,
        task: Task,
        bytes: Vec<u8>,
        _place: &CompilePlace<'_>,
    ) -> Result<Vec<u8>, CompileError> {
        match &self.compiler {
            Compiler::Child(program) => task.run_in_child(program, &self.runtime.limits, bytes).await,
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
        let loaded = self.link(digest, compiled)?;
        log_compiled(digest, &compiled.snapshot_status);
        if let Err(error) = self.files.write(digest, compiled) {
            tracing::warn!(%digest, %error, "compiled plugin could not be written to disk; it will be compiled again");
        }
        Ok(loaded)
    }

    fn link(&self, digest: Digest, compiled: &Compiled) -> Result<Arc<LoadedComponent>, CompileError> {
        // Mapping it is where it is found out whether its memories and tables fit into an instance.
        let component = deserialize(&self.runtime.wasm, &compiled.code).map_err(not_linked)?;
        self.snapshot_statuses.put(digest, &compiled.snapshot_status);
        let (bytes, snapshot_status) = (compiled.code.len(), compiled.snapshot_status.clone());
        let linked = LoadedComponent::link(digest, &component, &self.linker, bytes, snapshot_status);
        linked.map(Arc::new).map_err(not_linked)
    }
}

fn not_linked(error: wasmtime::Error) -> CompileError {
    let text = format!("{error:#}");
    if is_of_system(&error) { CompileError::host(text) } else { CompileError::rejected(text) }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// H8: what the machine lacks is not what the component lacks.
    #[test]
    fn h8_whose_failure_a_link_is() {
        let errors: [(wasmtime::Error, CompileErrorKind); 4] = [
            (std::io::Error::from_raw_os_error(24).into(), CompileErrorKind::Host),
            (wasmtime::Error::from(rustix::io::Errno::NOMEM).context("mapping it"), CompileErrorKind::Host),
            (wasmtime::Error::from(std::io::Error::from_raw_os_error(12)).context("in a call"), CompileErrorKind::Host),
            (wasmtime::Error::msg("it imports what nobody has"), CompileErrorKind::Rejected),
        ];
        for (error, kind) in errors {
            let text = format!("{error:#}");
            assert_eq!(not_linked(error).kind, kind, "{text}");
        }
    }
}
