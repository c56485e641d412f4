//! Why a host does not start, with the suggested fix.

use hookmill_domain::error::ApiError;
use hookmill_engine::EngineError;
use hookmill_outbound::BuildError;
use hookmill_store::StoreError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An error that keeps a host from starting, or a command from opening its data.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The listener ended.
    #[error("the listener ended: {0}")]
    Serve(std::io::Error),
    /// The data directory can't be used.
    #[error("the data directory {path} can't be used: {source}; choose another with --data")]
    Data {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another host uses the data directory.
    #[error("process {holder} runs on {path}: stop it first, or name another directory with --data")]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The number of the process that has it.
        holder: String,
    },
    /// There is no data.
    #[error(
        "there is no database in {path}: name a host's data directory with --data, or its PostgreSQL with --database-url"
    )]
    NoData {
        /// The directory.
        path: PathBuf,
    },
    /// The encryption key can't be used.
    #[error("{0}")]
    Key(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The sender.
    #[error(transparent)]
    Sender(#[from] BuildError),
    /// The default plugin that was built with this host.
    #[error("the default plugin does not run: {0}; rebuild it with `cargo xtask plugins`")]
    DefaultPlugin(String),
    /// The first operator of empty data.
    #[error("the first operator could not be created: {0}")]
    FirstOperator(ApiError),
    /// The demonstration.
    #[error("the demonstration failed: {0}")]
    Demo(String),
}
