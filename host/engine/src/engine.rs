//! The sandbox as its callers see it.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use super::admit::{self, Admitted};
use super::compile::Compiler;
use super::components::Components;
use super::configure::{self, CompiledConfiguration, ConfigurationError};
use super::contract_types::{Context, Description};
use super::digest::Digest;
use super::fault::Fault;
use super::limits::Limits;
use super::load::LoadError;
use super::pool::JobLost;
use super::program::{LoadedComponent, Program};
use super::rejection::AdmissionError;
use super::runtime::{EngineError, Runtime};
use super::session::Session;
use super::snapshot_status::SnapshotStatus;
use super::stats::EngineStats;

/// The sandbox. A handle: clones share everything.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<Runtime>,
    components: Arc<Components>,
}

impl Engine {
    /// Once at start: sets wasmtime up and starts the threads. `cache_dir` keeps compiled code and can be deleted at any time.
    /// Components are compiled in this process; see [`Engine::with_compiler`].
    pub fn new(limits: Limits, cache_dir: &Path) -> Result<Self, EngineError> {
        Self::with_compiler(limits, cache_dir, Compiler::InProcess)
    }

    /// Like [`Engine::new`], with a say in where foreign components are compiled.
    pub fn with_compiler(limits: Limits, cache_dir: &Path, compiler: Compiler) -> Result<Self, EngineError> {
        let runtime = Arc::new(Runtime::new(limits)?);
        Ok(Engine { components: Arc::new(Components::new(Arc::clone(&runtime), cache_dir, compiler)?), runtime })
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.runtime.limits
    }

    /// Admits or rejects foreign bytes, with all reasons. Compiles them, so that the first use is fast. Once per upload.
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Admitted, AdmissionError> {
        admit::admit(&self.components, bytes).await
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
        self.components.load(digest, fetch).await
    }

    /// Checks and compiles a configuration in the sandbox. Once per save.
    pub async fn compile_configuration(
        &self,
        component: &Arc<LoadedComponent>,
        document: &str,
    ) -> Result<CompiledConfiguration, ConfigurationError> {
        configure::compile(&self.runtime, component, document).await
    }

    /// Calls `describe`; none when the component does not export it.
    pub async fn describe(&self, component: &Arc<LoadedComponent>) -> Result<Option<Description>, Fault> {
        configure::describe(&self.runtime, component).await
    }

    /// Whether the instances of a component start from a snapshot, if this host has it in memory or on disk.
    pub async fn snapshot_status(&self, digest: Digest) -> Option<SnapshotStatus> {
        self.components.snapshot_status(digest).await
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
