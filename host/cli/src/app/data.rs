//! The data directory: one host at a time.

use super::StartError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
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
        let mut open = OpenOptions::new();
        let mut lock =
            open.read(true).write(true).create(true).truncate(false).open(path.join("hookmill.lock")).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {
                // For whoever finds the directory locked.
                lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id())).map_err(fail)?;
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).map_err(fail)?;
                Err(StartError::InUse { path: path.to_owned(), holder })
            }
            Err(std::fs::TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        database_in(&self.path)
    }

    /// The key file.
    pub fn key(&self) -> PathBuf {
        key_in(&self.path)
    }

    /// Compiled plugins; can be deleted at any time.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }
}

/// The embedded database of a directory.
pub(super) fn database_in(path: &Path) -> PathBuf {
    path.join("hookmill.sqlite")
}

/// The key file of a directory.
pub(super) fn key_in(path: &Path) -> PathBuf {
    path.join("hookmill.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H1: a second process on a directory is told which one has it; when that one is gone, the directory is free.
    #[test]
    fn h1_a_directory_in_use_names_its_process() {
        let place = tempfile::tempdir().unwrap();
        let held = DataDirectory::open(place.path()).unwrap();
        let error = DataDirectory::open(place.path()).err().unwrap().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(held);
        assert!(DataDirectory::open(place.path()).is_ok());
    }
}
