//! The data of a host, opened by a command that runs no host.

use super::data::{database_in, key_in};
use super::{DataDirectory, StartError, key};
use hookmill_admin::OperatorKeys;
use hookmill_domain::clock::SharedClock;
use hookmill_domain::config::Limits;
use hookmill_domain::ids::SharedIdGenerator;
use hookmill_store::{Store, StoreOptions, Target};
use std::path::Path;

/// What is to be done where there is one key alone.
const ONE_KEY: &str = "there is one encryption key alone, and hosts may have it: give each of them the old key and after it the new one, then the new \
     one and after it the old one, and run this with the latter";

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

    /// Encrypts every secret with another key; returns how many. With a key file on the embedded database that is a new one, and the file has it
    /// alone at the end. Elsewhere hosts have their keys from somebody else, who gives the new one and the old one.
    ///
    /// # Errors
    /// Where the keys are not such, or the database does not respond; then it can be done again.
    pub async fn rotate_key(
        data: &Path,
        database_url: Option<&str>,
        given_key: Option<&str>,
        clock: SharedClock,
        ids: SharedIdGenerator,
    ) -> Result<u64, StartError> {
        let file = key_in(data);
        let mut key = key::existing(given_key, &file)?;
        if !key.has_others() {
            if given_key.is_some() || database_url.is_some() {
                return Err(StartError::Key(ONE_KEY.into()));
            }
            // Opening it shows that no host runs on it and that the key is its own.
            Self::open(data, database_url, given_key, clock.clone(), ids.clone()).await?.close().await;
            key = key.replace(&file, ids.as_ref())?;
        }
        let opened = Self::open(data, database_url, given_key, clock, ids).await?;
        let rotated = opened.store.rotate_key().await;
        opened.close().await;
        let count = rotated?;
        if given_key.is_none() {
            key.forget_others(&file)?;
        }
        Ok(count)
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
