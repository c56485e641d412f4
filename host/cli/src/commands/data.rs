//! Where a host's data is, for every command that opens it.

use crate::app::{self, StartError, StoredData};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// The directory of the encryption key, the embedded database and the cache.
    #[arg(long, default_value = "hookmill-data", env = "HOOKMILL_DATA")]
    pub(super) data: PathBuf,
    /// A PostgreSQL URL; without it the embedded SQLite is used.
    #[arg(long, env = "HOOKMILL_DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
    /// The encryption key for secrets, 32 bytes in base64 [default: the key file in the data directory]. While it is replaced: the key that
    /// encrypts, and after a space the other one, which decrypts as well.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    pub(super) key: Option<String>,
}

impl DataArgs {
    /// Opens data that is there already.
    pub(super) async fn open(&self) -> Result<StoredData, StartError> {
        let (clock, ids) = app::production();
        StoredData::open(&self.data, self.database_url.as_deref(), self.key.as_deref(), clock, ids).await
    }
}
