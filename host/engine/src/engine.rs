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
use super::rejection::NotAdmitted;
use super::runtime::{EngineError, Priority, Runtime};
use super::session::Session;
use super::snapshot_status::SnapshotStatus;
use super::stats::EngineStats;

/// The sandbox. A handle: clones share everything.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<Runtime>,
    components: Arc<Components>,
    priority: Priority,
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
        let components = Arc::new(Components::new(Arc::clone(&runtime), cache_dir, compiler)?);
        Ok(Engine { components, runtime, priority: Priority::Production })
    }

    /// The same sandbox for what people ask for and wait for: its sessions and configurations run on threads of a lower priority and
    /// hold instances of their own number (`people_threads`, `people_instances_max`), so that they hold up no lead.
    pub fn for_people(&self) -> Self {
        Engine { priority: Priority::People, ..self.clone() }
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.runtime.limits
    }

    /// Admits or rejects foreign bytes, with all reasons. Compiles them, so that the first use is fast. Once per upload; uploads wait
    /// for each other (`people_compilations_max`), and production for none of them.
    ///
    /// # Errors
    /// With all reasons where the bytes are rejected, and apart from that where the host could not find out.
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Admitted, NotAdmitted> {
        admit::admit(&self.components, bytes).await
    }

    /// The component of this digest, if it is in memory: ready to run at once.
    pub fn loaded(&self, digest: Digest) -> Option<Arc<LoadedComponent>> {
        self.components.loaded(digest)
    }

    /// The component of this digest, from memory, from disk, or compiled from the bytes that `fetch` returns, which can take minutes:
    /// never to be awaited by who holds up others. Dropping the future stops the compilation.
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
        configure::compile(&self.runtime, self.priority, component, document).await
    }

    /// Whether a program can read a price out of the response to a ping, as its component says when it loads its configuration.
    pub async fn reads_price(&self, program: &Program) -> Result<bool, Fault> {
        configure::reads_price(&self.runtime, self.priority, program).await
    }

    /// Calls `describe`; none when the component does not export it.
    pub async fn describe(&self, component: &Arc<LoadedComponent>) -> Result<Option<Description>, Fault> {
        configure::describe(&self.runtime, self.priority, component).await
    }

    /// Whether the instances of a component start from a snapshot, if this host has it in memory or on disk.
    pub async fn snapshot_status(&self, digest: Digest) -> Option<SnapshotStatus> {
        self.components.snapshot_status(digest).await
    }

    /// A session for one batch; its instance is made at the first call.
    pub fn session(&self, program: &Program, context: impl Into<Arc<Context>>) -> Session {
        Session::new(Arc::clone(&self.runtime), self.priority, program, context.into())
    }

    /// Runs the work of a batch on a guest thread, where the sessions of this engine need not change threads between their
    /// calls. Nothing else in it may block. When the waiting future is dropped, the call under way stops at the next tick, and
    /// each later one returns a fault of the host.
    pub async fn on_guest_thread<W>(&self, work: W) -> Result<W::Output, JobLost>
    where
        W: Future<Output: Send> + Send + 'static,
    {
        self.runtime.pool(self.priority).spawn(|_| work).await
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
