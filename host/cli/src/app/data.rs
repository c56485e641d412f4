//! The data directory: one host at a time.

use super::StartError;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A data directory, locked by this process.
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory if it does not exist, readable for its owner only, and locks it.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let fail = |source| StartError::Data { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
        let lock = File::create(path.join("hookmill.lock")).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StartError::InUse(path.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.path.join("hookmill.sqlite")
    }

    /// The key file.
    pub fn key(&self) -> PathBuf {
        self.path.join("hookmill.key")
    }

    /// Compiled plugins; can be deleted at any time.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }
}
