//! The encryption key (H5): from the environment, or from a file of mode 600 beside the database, which is made on empty data.

use super::{DataDirectory, StartError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookmill_domain::ids::IdGenerator;
use hookmill_store::StoreError;
use hookmill_store::encryption::{Cipher, KeyBytes};
use std::fs::{File, OpenOptions, remove_file};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The keys of a host, and their new file if one was created. The first encrypts; all of them decrypt, so that one can be replaced by another.
pub(super) struct Key {
    bytes: KeyBytes,
    others: Vec<KeyBytes>,
    fresh: Option<PathBuf>,
}

/// How many keys there may be at once.
const KEYS_MAX: usize = 8;

impl Key {
    pub(super) fn cipher(&self) -> Cipher {
        Cipher::with_others(self.bytes, &self.others)
    }

    /// Whether secrets may be encrypted with another key than the one that counts.
    pub(super) fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// Puts a new key before the others, in the file first.
    pub(super) fn replace(self, path: &Path, ids: &dyn IdGenerator) -> Result<Self, StartError> {
        let mut bytes = [0_u8; 32];
        ids.fill(&mut bytes);
        let others = std::iter::once(self.bytes).chain(self.others).collect();
        let replaced = Self { bytes, others, fresh: None };
        replaced.save(path)?;
        Ok(replaced)
    }

    /// Leaves the key that counts alone in the file.
    pub(super) fn forget_others(self, path: &Path) -> Result<(), StartError> {
        Self { others: Vec::new(), ..self }.save(path)
    }

    /// Replaces the file as a whole: whoever reads it meanwhile finds the keys before or those after.
    fn save(&self, path: &Path) -> Result<(), StartError> {
        let new = path.with_extension("key.new");
        let keys: Vec<KeyBytes> = std::iter::once(self.bytes).chain(self.others.iter().copied()).collect();
        let saved = match remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => write(&new, &keys).and_then(|()| std::fs::rename(&new, path)),
        };
        saved.map_err(|error| StartError::Key(format!("the key file {} can't be written: {error}", path.display())))
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
    match given {
        Some(text) => decoded(text, "HOOKMILL_KEY").map(Some),
        None if path.exists() => read(path).map(Some),
        None => Ok(None),
    }
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
    write(&path, &[bytes])
        .map_err(|error| StartError::Key(format!("the key file {} can't be written: {error}", path.display())))?;
    Ok(Key { bytes, others: Vec::new(), fresh: Some(path) })
}

fn read(path: &Path) -> Result<Key, StartError> {
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

/// Keys with white space between them.
fn decoded(text: &str, place: &str) -> Result<Key, StartError> {
    let keys: Option<Vec<KeyBytes>> =
        text.split_whitespace().map(|key| KeyBytes::try_from(STANDARD.decode(key).ok()?).ok()).collect();
    match keys.as_deref() {
        Some([bytes, others @ ..]) if others.len() < KEYS_MAX => {
            Ok(Key { bytes: *bytes, others: others.to_vec(), fresh: None })
        }
        _ => Err(StartError::Key(format!(
            "{place} must hold 32 bytes in base64, such as `openssl rand -base64 32` prints; while a key is replaced, the new one and after a space \
             the old one, at most {KEYS_MAX} in all"
        ))),
    }
}

fn write(path: &Path, keys: &[KeyBytes]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for key in keys {
        writeln!(file, "{}", STANDARD.encode(key))?;
    }
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
        let [first, second] = [[1; 32], [2; 32]].map(|key| STANDARD.encode(key));
        let two = obtain(Some(&format!(" {first}\n{second} ")), &data, &SystemIdGenerator::default()).unwrap();
        assert_eq!((two.bytes, two.others), ([1; 32], vec![[2; 32]]));
        let many = [first.as_str(); KEYS_MAX + 1].join(" ");
        for text in
            ["", "short", &STANDARD.encode([0; 31]), &format!("{first}{second}"), &format!("{first} short"), &many]
        {
            assert!(obtain(Some(text), &data, &SystemIdGenerator::default()).is_err());
        }
        assert!(obtain(Some(&STANDARD.encode([0; 32])), &data, &SystemIdGenerator::default()).is_ok());
    }
}
