//! The composition root: builds the components of the host once, and shuts them down in order.

mod data;
mod demo;
mod errors;
mod key;
mod open_files;
mod stored;

pub use data::DataDirectory;
pub use demo::{Demo, ScratchDirectory};
pub use errors::StartError;
pub use stored::StoredData;

use hookmill_admin::OperatorKeys;
use hookmill_admin::rows::FreshKey;
use hookmill_domain::clock::SharedClock;
use hookmill_domain::config::HostSettings;
use hookmill_domain::error::ApiError;
use hookmill_domain::ids::SharedIdGenerator;
use hookmill_domain::net_policy::AddressPolicy;
use hookmill_engine::{Compiler, Digest, Engine, Program};
use hookmill_outbound::{OutboundLimits, Sender};
use hookmill_pipeline::{OwnPrograms, Pipeline, PipelineDeps, SCOPED_PAYLOAD_DOCUMENT, STANDARD_DOCUMENT, Workers};
use hookmill_store::{Store, StoreOptions, Target};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The default plugin, built with the host.
pub static DEFAULT_PLUGIN: &[u8] = include_bytes!(env!("HOOKMILL_DEFAULT_PLUGIN_FILE"));

/// How to start a host.
pub struct Options {
    /// The directory of the encryption key, the embedded database and the cache.
    pub data: PathBuf,
    /// The directory for compiled plugins; in the data directory unless given.
    pub cache: Option<PathBuf>,
    /// A PostgreSQL URL; none for the embedded SQLite.
    pub database_url: Option<String>,
    /// The encryption key in base64; none for the key file.
    pub key: Option<String>,
    /// What an operator set.
    pub settings: HostSettings,
    /// The engine's bounds.
    pub engine_limits: hookmill_engine::Limits,
    /// The bounds of requests to the outside.
    pub outbound_limits: OutboundLimits,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The time.
    pub clock: SharedClock,
    /// Ids and random bytes.
    pub ids: SharedIdGenerator,
}

/// A running host.
pub struct Running {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Where it listens.
    pub address: SocketAddr,
    /// The first operator's key, on data that had none. It is committed, and nobody else has it.
    pub operator_key: Option<FreshKey>,
    workers: Workers,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    _data: DataDirectory,
}

/// Starts a host.
pub async fn start(mut options: Options) -> Result<Running, StartError> {
    let data = DataDirectory::open(&options.data)?;
    let bound = hookmill_http::bind(options.listen, &options.settings)
        .await
        .map_err(|source| StartError::Listen { address: options.listen, source })?;
    if options.settings.public_url.is_empty() {
        options.settings.public_url = format!("http://{}", bound.address());
    }
    let store = open_store(&options, &data).await?;
    let pipeline = assemble(&options, &data, store).await?;
    pipeline.warm_up().await?;
    let operator_key = operator_keys(&pipeline).create_first().await.map_err(StartError::FirstOperator)?;
    let workers = Workers::start(&pipeline).await.map_err(StartError::Store)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let address = bound.address();
    let site = hookmill_http::site(pipeline.clone());
    // A dropped sender means the same as a sent one: stop.
    let server = tokio::spawn(bound.serve(site, async move { drop(stopped.await) }));
    Ok(Running { pipeline, address, operator_key, workers, stop, server, _data: data })
}

impl Running {
    /// Revokes the first operator's key: it could not be handed to anybody.
    pub async fn withdraw_operator_key(&self) -> Result<(), ApiError> {
        match &self.operator_key {
            Some(key) => operator_keys(&self.pipeline).revoke(&key.id).await.map(drop),
            None => Ok(()),
        }
    }

    /// Rejects new work, finishes or requeues work under way, and closes the store (H7).
    pub async fn stop(self) -> Result<(), StartError> {
        let _ = self.stop.send(());
        let bound = std::time::Duration::from_millis(self.pipeline.settings().limits.stop_ms);
        let (served, ()) = tokio::join!(tokio::time::timeout(bound, self.server), self.workers.stop());
        self.pipeline.store().close().await;
        match served {
            Ok(Ok(Err(source))) => Err(StartError::Serve(source)),
            _ => Ok(()),
        }
    }
}

/// A pipeline without listener and workers, on a store of its own: for dry runs and checks at the command line.
pub async fn bench(
    settings: HostSettings,
    clock: SharedClock,
    ids: SharedIdGenerator,
    directory: &std::path::Path,
    cache: Option<PathBuf>,
) -> Result<Pipeline, StartError> {
    let options = Options {
        data: directory.to_owned(),
        cache,
        database_url: None,
        key: None,
        settings,
        engine_limits: hookmill_engine::Limits::default(),
        outbound_limits: OutboundLimits::default(),
        compiler: Compiler::InProcess,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        clock,
        ids,
    };
    let data = DataDirectory::open(directory)?;
    let store = open_store(&options, &data).await?;
    assemble(&options, &data, store).await
}

async fn open_store(options: &Options, data: &DataDirectory) -> Result<Store, StartError> {
    let target = match &options.database_url {
        Some(url) => Target::Postgres(url.clone()),
        None => Target::Sqlite(data.database()),
    };
    let key = key::obtain(options.key.as_deref(), data, options.ids.as_ref())?;
    let limits = options.settings.limits.clone();
    let opened = Store::open(StoreOptions { target, cipher: key.cipher(), ids: options.ids.clone(), limits }).await;
    opened.map_err(|error| {
        key.forget_if_fresh(&error);
        StartError::Store(error)
    })
}

async fn assemble(options: &Options, data: &DataDirectory, store: Store) -> Result<Pipeline, StartError> {
    let cache = options.cache.clone().unwrap_or_else(|| data.cache());
    let engine = Engine::with_compiler(options.engine_limits.clone(), &cache, options.compiler.clone())?;
    let own = own_programs(&engine).await?;
    store.keep_component(&own.digest, DEFAULT_PLUGIN, b"[]", options.clock.now()).await?;
    let (allowed, development) = (options.settings.allowed_private_ranges.clone(), options.settings.development);
    let policy = AddressPolicy { allowed, development };
    let kept = open_files::kept_connections(options.outbound_limits.kept_connections_max, open_files::raise());
    let outbound_limits = OutboundLimits { kept_connections_max: kept, ..options.outbound_limits.clone() };
    let deps = PipelineDeps {
        sender: Sender::new(outbound_limits, policy)?,
        settings: options.settings.clone(),
        store,
        engine,
        clock: options.clock.clone(),
        ids: options.ids.clone(),
        data: options.data.clone(),
    };
    Ok(Pipeline::new(deps, own))
}

/// The default plugin on the documents that every host has.
async fn own_programs(engine: &Engine) -> Result<OwnPrograms, StartError> {
    let digest = Digest::of(DEFAULT_PLUGIN);
    let fetch = || async { Ok::<_, std::convert::Infallible>(DEFAULT_PLUGIN.to_vec()) };
    let component = engine.load(digest, fetch).await.map_err(|error| StartError::DefaultPlugin(error.to_string()))?;
    let [standard, scoped_payload] = [STANDARD_DOCUMENT, SCOPED_PAYLOAD_DOCUMENT].map(|document| {
        let component = component.clone();
        async move {
            let compiled = engine.compile_configuration(&component, document).await;
            let compiled = compiled.map_err(|error| StartError::DefaultPlugin(format!("{error:?}")))?;
            Ok::<_, StartError>(Program { component, plan: Some(compiled.plan) })
        }
    });
    Ok(OwnPrograms { standard: standard.await?, scoped_payload: scoped_payload.await?, digest: digest.to_string() })
}

fn operator_keys(pipeline: &Pipeline) -> OperatorKeys {
    let (store, clock) = (pipeline.people_store().clone(), pipeline.clock().clone());
    OperatorKeys::new(store, clock, pipeline.settings().limits.clone())
}

/// The clock and the id generator of production.
pub fn production() -> (SharedClock, SharedIdGenerator) {
    (Arc::new(hookmill_domain::clock::SystemClock), Arc::new(hookmill_domain::ids::SystemIdGenerator::default()))
}
