//! Authentication of compiled code. Loading compiled code means running it unchecked, so nothing is loaded that this installation did not
//! write: a file carries an HMAC under a key of mode 600 in the same directory, which never leaves it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The name of the key's file.
const KEY_FILE: &str = "authentication.key";
/// A block of SHA-256.
const KEY_BYTES: usize = 64;
const TAG_BYTES: usize = 32;

/// The key of this installation's compiled code.
pub(crate) struct AuthenticationKey([u8; KEY_BYTES]);

impl AuthenticationKey {
    /// Reads the key from the directory, or makes one. A truncated key is replaced, which invalidates all files: they are
    /// compiled again.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(KEY_FILE);
        match fs::read(&path) {
            Ok(bytes) => match bytes.try_into() {
                Ok(key) => return Ok(AuthenticationKey(key)),
                Err(_) => fs::remove_file(&path)?,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Self::create(directory, &path)
    }

    /// Writes a new key completely before it gets its name, so that two hosts which start at once agree on one.
    fn create(directory: &Path, path: &Path) -> io::Result<Self> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let unnamed = directory.join(format!("{KEY_FILE}.{}", hex(&key[..8])));
        // The name must not reveal anything of the key.
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        private_file(&unnamed)?.write_all(&key)?;
        let named = fs::hard_link(&unnamed, path);
        fs::remove_file(&unnamed)?;
        match named {
            Ok(()) => Ok(AuthenticationKey(key)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open(directory),
            Err(error) => Err(error),
        }
    }

    /// The content with its tag before it. The tag binds the content to its name.
    pub(crate) fn authenticate(&self, name: &str, content: &[u8]) -> Vec<u8> {
        let tag = self.mac(name, content).finalize().into_bytes();
        [tag.as_slice(), content].concat()
    }

    /// The content, if it was authenticated by this key under this name and not changed since.
    pub(crate) fn verify<'a>(&self, name: &str, authenticated: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, content) = authenticated.split_at_checked(TAG_BYTES)?;
        self.mac(name, content).verify_slice(tag).ok()?;
        Some(content)
    }

    fn mac(&self, name: &str, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(content);
        mac
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P2: only what was authenticated here, under this name and unchanged, opens.
    #[test]
    fn opens_only_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let key = AuthenticationKey::open(directory.path()).unwrap();
        let authenticated = key.authenticate("a", b"code");
        assert_eq!(key.verify("a", &authenticated), Some(&b"code"[..]));
        assert_eq!(key.verify("b", &authenticated), None);
        for place in 0..authenticated.len() {
            let mut changed = authenticated.clone();
            changed[place] ^= 1;
            assert_eq!(key.verify("a", &changed), None);
            assert_eq!(key.verify("a", &authenticated[..place]), None);
        }
    }

    #[test]
    fn the_key_stays_and_a_truncated_key_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let authenticated = AuthenticationKey::open(directory.path()).unwrap().authenticate("a", b"code");
        assert!(AuthenticationKey::open(directory.path()).unwrap().verify("a", &authenticated).is_some());
        fs::write(directory.path().join(KEY_FILE), b"short").unwrap();
        assert!(AuthenticationKey::open(directory.path()).unwrap().verify("a", &authenticated).is_none());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        AuthenticationKey::open(directory.path()).unwrap();
        let mode = fs::metadata(directory.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
