//! Where documents are tried at the command line: the engine and the default plugin, on a store that is thrown away.

use crate::app::{self, Demo, ScratchDirectory};
use clap::Args;
use etcetera::BaseStrategy;
use hookmill_domain::clock::SystemClock;
use hookmill_domain::config::HostSettings;
use hookmill_domain::ids::SystemIdGenerator;
use hookmill_pipeline::Pipeline;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Clone, Args)]
pub(super) struct Bench {
    /// The directory for compiled plugins, so that only the first run waits for the compiler [default: the user's cache directory].
    #[arg(long, env = "HOOKMILL_CACHE")]
    cache: Option<PathBuf>,
}

impl Bench {
    /// Sets it up, in a temporary directory.
    pub(super) async fn set_up(self) -> Result<(Pipeline, ScratchDirectory), String> {
        let scratch = Demo::directory().map_err(|error| error.to_string())?;
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIdGenerator::default()));
        let cache = self.cache.or_else(of_user);
        let pipeline = app::bench(HostSettings::default(), clock, ids, scratch.path(), cache).await;
        Ok((pipeline.map_err(|error| error.to_string())?, scratch))
    }
}

/// A directory among the user's caches; none for a user without a writable one.
fn of_user() -> Option<PathBuf> {
    let directory = etcetera::choose_base_strategy().ok()?.cache_dir().join("hookmill");
    std::fs::create_dir_all(&directory).is_ok().then_some(directory)
}
