//! The data of a host, opened by a command that runs no host.

use super::data::{database_in, key_in};
use super::{DataDirectory, StartError, key};
use hookmill_admin::OperatorKeys;
use hookmill_domain::clock::SharedClock;
use hookmill_domain::config::Limits;
use hookmill_domain::ids::SharedIdGenerator;
use hookmill_store::{Store, StoreOptions, Target};
use std::path::Path;

/// Data that is there already. Opening it makes neither directory nor key; as at a start, tables are brought to this version.
pub struct StoredData {
    store: Store,
    clock: SharedClock,
    /// Nobody else has the embedded database meanwhile. PostgreSQL is shared.
    _directory: Option<DataDirectory>,
}

impl StoredData {
    /// Opens what a host keeps in its directory, or in PostgreSQL if a URL is given; then the directory is only looked into for the key.
    pub async fn open(
        data: &Path,
        database_url: Option<&str>,
        given_key: Option<&str>,
        clock: SharedClock,
        ids: SharedIdGenerator,
    ) -> Result<Self, StartError> {
        let (target, directory) = match database_url {
            Some(url) => (Target::Postgres(url.to_owned()), None),
            None if !database_in(data).exists() => return Err(StartError::NoData { path: data.to_owned() }),
            None => (Target::Sqlite(database_in(data)), Some(DataDirectory::open(data)?)),
        };
        let key = key::existing(given_key, &key_in(data))?;
        let store = Store::open(StoreOptions { target, cipher: key.cipher(), ids, limits: Limits::default() }).await?;
        Ok(Self { store, clock, _directory: directory })
    }

    /// The keys of operators.
    pub fn operator_keys(&self) -> OperatorKeys {
        OperatorKeys::new(self.store.clone(), self.clock.clone(), Limits::default())
    }

    /// Closes it.
    pub async fn close(self) {
        self.store.close().await;
    }
}
