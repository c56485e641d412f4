//! A host in this process with a runtime of its own, so that it can be killed: its tasks end wherever they wait, as in a process that is gone.

use hookmill::app::{self, Options, Running};
use hookmill_domain::clock::ManualClock;
use hookmill_domain::config::HostSettings;
use hookmill_domain::ids::SystemIdGenerator;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How often a start is tried: the kernel and the database take a moment to let go of what a killed host had.
const STARTS_MAX: usize = 100;
/// How long is waited between two tries, in milliseconds.
const AGAIN_MS: u64 = 50;

/// What a host is started with, once and again.
#[derive(Clone)]
pub struct Start {
    /// The data directory.
    pub data: PathBuf,
    /// The PostgreSQL URL.
    pub database_url: Option<String>,
    /// What the operator set.
    pub settings: HostSettings,
    /// The engine's bounds.
    pub engine_limits: hookmill_engine::Limits,
    /// Where plugins are compiled.
    pub compiler: hookmill_engine::Compiler,
    /// The time, which goes on when the host does not.
    pub clock: Arc<ManualClock>,
    /// Where it listens.
    pub listen: SocketAddr,
}

/// A running host, and the runtime it runs on.
pub struct MortalHost {
    running: Running,
    runtime: Runtime,
}

impl MortalHost {
    /// Starts a host.
    pub async fn start(start: &Start) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        for _ in 0..STARTS_MAX {
            let options = Options {
                data: start.data.clone(),
                cache: Some(crate::world::cache()),
                database_url: start.database_url.clone(),
                key: None,
                settings: start.settings.clone(),
                engine_limits: start.engine_limits.clone(),
                compiler: start.compiler.clone(),
                listen: start.listen,
                clock: start.clock.clone(),
                ids: Arc::new(SystemIdGenerator::default()),
            };
            match runtime.spawn(app::start(options)).await.expect("the host does not panic") {
                Ok(running) => return Self { running, runtime },
                Err(error) => println!("the host does not start yet: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
        }
        panic!("the host does not start");
    }

    /// The host.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Stops it gracefully.
    pub async fn stop(self) {
        let Self { running, runtime } = self;
        let stopped = runtime.spawn(running.stop()).await;
        runtime.shutdown_background();
        stopped.expect("the host does not panic").expect("the host stops");
    }

    /// Ends it at once.
    pub fn kill(self) {
        self.runtime.shutdown_background();
    }
}
