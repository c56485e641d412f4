//! The encryption key (H5): from the environment, or from a file of mode 600 beside the database, which is made on empty data.

use super::{DataDirectory, StartError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookmill_domain::ids::IdGenerator;
use hookmill_store::StoreError;
use hookmill_store::encryption::Cipher;
use std::fs::{File, OpenOptions, remove_file};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A key, and its new file if one was created.
pub(super) struct Key {
    bytes: [u8; 32],
    fresh: Option<PathBuf>,
}

impl Key {
    pub(super) fn cipher(&self) -> Cipher {
        Cipher::new(self.bytes)
    }

    /// Removes a key file that was created for data encrypted with another key: the next start would take it for the right one.
    pub(super) fn forget_if_fresh(&self, error: &StoreError) {
        if let (StoreError::Key(_), Some(path)) = (error, &self.fresh) {
            // It can be deleted by hand, too.
            let _ = remove_file(path);
        }
    }
}

/// The key that is given, else that of the file, if there is one.
fn known(given: Option<&str>, path: &Path) -> Result<Option<Key>, StartError> {
    let bytes = match given {
        Some(text) => decoded(text, "HOOKMILL_KEY")?,
        None if path.exists() => read(path)?,
        None => return Ok(None),
    };
    Ok(Some(Key { bytes, fresh: None }))
}

/// The same for a command that makes no data.
pub(super) fn existing(given: Option<&str>, path: &Path) -> Result<Key, StartError> {
    known(given, path)?.ok_or_else(|| {
        let message = format!(
            "there is no encryption key at {}: name the host's data directory with --data, or set HOOKMILL_KEY",
            path.display()
        );
        StartError::Key(message)
    })
}

/// The key from the environment, else from the file, else a new one.
pub(super) fn obtain(given: Option<&str>, data: &DataDirectory, ids: &dyn IdGenerator) -> Result<Key, StartError> {
    let path = data.key();
    if let Some(known) = known(given, &path)? {
        return Ok(known);
    }
    if data.database().exists() {
        let message = format!(
            "there is data in {} but no key: put the key file back at {} or set HOOKMILL_KEY",
            data.database().display(),
            path.display()
        );
        return Err(StartError::Key(message));
    }
    let mut bytes = [0_u8; 32];
    ids.fill(&mut bytes);
    write(&path, &bytes)
        .map_err(|error| StartError::Key(format!("the key file {} can't be written: {error}", path.display())))?;
    Ok(Key { bytes, fresh: Some(path) })
}

fn read(path: &Path) -> Result<[u8; 32], StartError> {
    let fail =
        |error: std::io::Error| StartError::Key(format!("the key file {} can't be read: {error}", path.display()));
    let mut file = File::open(path).map_err(fail)?;
    let mode = file.metadata().map_err(fail)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StartError::Key(format!(
            "the key file {} can be read by others (mode {:o}): chmod 600 it",
            path.display(),
            mode & 0o777
        )));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(fail)?;
    decoded(text.trim(), &path.display().to_string())
}

fn decoded(text: &str, place: &str) -> Result<[u8; 32], StartError> {
    let bytes = STANDARD.decode(text.trim()).ok();
    let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.ok_or_else(|| {
        StartError::Key(format!("{place} must hold 32 bytes in base64, such as `openssl rand -base64 32` prints"))
    })
}

fn write(path: &Path, bytes: &[u8; 32]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", STANDARD.encode(bytes))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::ids::SystemIdGenerator;

    #[test]
    fn h5_a_key_is_made_once_and_only_on_empty_data() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(directory.path()).unwrap();
        let ids = SystemIdGenerator::default();
        let first = obtain(None, &data, &ids).unwrap();
        assert_eq!(std::fs::metadata(data.key()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(obtain(None, &data, &ids).unwrap().bytes, first.bytes);
        File::create(data.database()).unwrap();
        remove_file(data.key()).unwrap();
        assert!(obtain(None, &data, &ids).is_err());
    }

    #[test]
    fn h5_a_key_file_that_others_can_read_is_rejected() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(directory.path()).unwrap();
        obtain(None, &data, &SystemIdGenerator::default()).unwrap();
        std::fs::set_permissions(data.key(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            matches!(obtain(None, &data, &SystemIdGenerator::default()), Err(StartError::Key(message)) if message.contains("chmod 600"))
        );
    }

    #[test]
    fn h5_nonsense_in_the_environment_is_rejected() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(directory.path()).unwrap();
        for text in ["", "short", &STANDARD.encode([0; 31])] {
            assert!(obtain(Some(text), &data, &SystemIdGenerator::default()).is_err());
        }
        assert!(obtain(Some(&STANDARD.encode([0; 32])), &data, &SystemIdGenerator::default()).is_ok());
    }
}
