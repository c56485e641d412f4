//! Compiled components: in memory, on disk, or made now (P4).
//!
//! A component's digest and the compiler's compatibility name its compiled form, so that another version of the host, another
//! processor or other settings never meet a file that is not for them. The directory can be deleted at any time.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::OnceCell;
use wasmtime::Engine as Wasm;
use wasmtime::component::Component;

use super::authenticate::{AuthenticationKey, private_file};
use super::compile::{CompileError, CompileErrorKind};
use super::digest::Digest;
use super::program::LoadedComponent;
use super::snapshot_status::{Compiled, LAYOUT};

/// The ending of the files' names.
const EXTENSION: &str = "compiled";

/// Why a component can't be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its bytes could not be fetched.
    #[error("the component {digest} could not be fetched: {source}")]
    Fetch {
        /// The component.
        digest: Digest,
        /// The error of the caller's function.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bytes are not those of the digest.
    #[error("the stored bytes of component {digest} have the digest {found}: they were changed")]
    Corrupt {
        /// The component.
        digest: Digest,
        /// What was found.
        found: Digest,
    },
    /// It can't be compiled or linked, or only beyond the bounds: trying again gives the same.
    #[error("the component {digest} can't be run by this host: {reason}")]
    Unusable {
        /// The component.
        digest: Digest,
        /// Why.
        reason: String,
    },
    /// Compiling it was stopped from outside, or took too long by the clock. Once that is the machine's failure; again and again, the
    /// component asks for more than this machine has.
    #[error("the component {digest} could not be compiled: {reason}")]
    Stopped {
        /// The component.
        digest: Digest,
        /// Why.
        reason: String,
    },
    /// The host failed: nothing is known about the component.
    #[error("the host could not load the component {digest}: {reason}")]
    Host {
        /// The component.
        digest: Digest,
        /// Why.
        reason: String,
    },
}

impl LoadError {
    pub(crate) fn of(digest: Digest, error: CompileError) -> Self {
        let reason = error.text;
        match error.kind {
            CompileErrorKind::Rejected | CompileErrorKind::Bounds => LoadError::Unusable { digest, reason },
            CompileErrorKind::Stopped => LoadError::Stopped { digest, reason },
            CompileErrorKind::Host => LoadError::Host { digest, reason },
        }
    }
}

/// The directory of compiled components.
pub(crate) struct CompiledFiles {
    directory: PathBuf,
    key: AuthenticationKey,
    compatibility: String,
    bytes_max: u64,
}

/// What the directory has under a digest.
pub(crate) enum Found {
    Nothing,
    /// A file that this installation did not write, or that changed since.
    Rejected,
    Compiled(Compiled),
}

impl CompiledFiles {
    /// Opens the directory, which is made when it is missing.
    pub(crate) fn open(directory: &Path, wasm: &Wasm, bytes_max: u64) -> io::Result<Self> {
        create_private(directory)?;
        let key = AuthenticationKey::open(directory)?;
        Ok(CompiledFiles { directory: directory.into(), key, compatibility: compatibility_tag(wasm), bytes_max })
    }

    /// Reads a compiled component. What can't be read counts as absent: it can always be made again.
    pub(crate) fn read(&self, digest: Digest) -> Found {
        let name = self.name(digest);
        let Ok(authenticated) = fs::read(self.directory.join(&name)) else { return Found::Nothing };
        match self.key.verify(&name, &authenticated).and_then(Compiled::read) {
            Some(compiled) => Found::Compiled(compiled),
            None => Found::Rejected,
        }
    }

    /// Keeps a compiled component, and makes room for it.
    pub(crate) fn write(&self, digest: Digest, compiled: &Compiled) -> io::Result<()> {
        let name = self.name(digest);
        let authenticated = self.key.authenticate(&name, &compiled.write());
        if self.bytes_max < authenticated.len() as u64 {
            return Err(io::Error::other("it is larger than `compiled_disk_bytes_max`"));
        }
        // Somebody may have deleted the directory: it must be safe to.
        create_private(&self.directory)?;
        self.evict_until_fits(authenticated.len() as u64)?;
        let unnamed = self.directory.join(format!("{name}.{}", std::process::id()));
        // A leftover of a process of the same id that was killed.
        let _ = fs::remove_file(&unnamed);
        private_file(&unnamed)?.write_all(&authenticated)?;
        fs::rename(unnamed, self.directory.join(name))
    }

    /// Removes a component that was rejected after it was compiled.
    pub(crate) fn remove(&self, digest: Digest) {
        // A file that can't be removed is harmless: a component that is stored nowhere is never asked for.
        let _ = fs::remove_file(self.directory.join(self.name(digest)));
    }

    fn name(&self, digest: Digest) -> String {
        format!("{digest}-{}.{EXTENSION}", self.compatibility)
    }

    fn evict_until_fits(&self, wanted: u64) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort();
        let mut total: u64 = wanted + files.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
        for (_, bytes, path) in files {
            if total <= self.bytes_max {
                break;
            }
            ignore_missing(fs::remove_file(path))?;
            total -= bytes;
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains(EXTENSION) {
                let Some(metadata) = ignore_missing(entry.metadata())? else { continue };
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        Ok(files)
    }
}

/// Another host on the same directory, or a person, may have been quicker.
fn ignore_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Names the compiler, its settings and the processor it compiles for, and what a snapshot may be.
fn compatibility_tag(wasm: &Wasm) -> String {
    use std::hash::Hash;
    let mut hasher = ShaHasher::default();
    wasm.precompile_compatibility_hash().hash(&mut hasher);
    (LAYOUT, wasm.get_memory_guaranteed_dense_image_size()).hash(&mut hasher);
    let name = Digest::of(&hasher.0).to_string();
    name[..16].into()
}

/// Keeps what is hashed: the standard hasher may change from one compiler to the next.
#[derive(Default)]
struct ShaHasher(Vec<u8>);

impl std::hash::Hasher for ShaHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Loads machine code.
pub(crate) fn deserialize(wasm: &Wasm, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from our own compiler, either just now or out of a file that carries our tag.
    #[allow(unsafe_code, reason = "there is no other way to load compiled code")]
    unsafe {
        Component::deserialize(wasm, compiled)
    }
}

/// Compiled components in memory, the latest used last to go. Several callers of one digest share one load.
#[derive(Default)]
pub(crate) struct ComponentCache {
    entries: Mutex<CacheEntries>,
}

#[derive(Default)]
struct CacheEntries {
    by_digest: HashMap<Digest, CacheEntry>,
    uses: u64,
}

struct CacheEntry {
    cell: Arc<OnceCell<Arc<LoadedComponent>>>,
    used: u64,
}

impl ComponentCache {
    /// The cell of a digest, to be filled by the first who needs it.
    pub(crate) fn cell(&self, digest: Digest) -> Arc<OnceCell<Arc<LoadedComponent>>> {
        let mut entries = self.lock();
        entries.uses += 1;
        let used = entries.uses;
        let entry = entries.by_digest.entry(digest).or_insert_with(|| CacheEntry { cell: Arc::default(), used });
        entry.used = used;
        Arc::clone(&entry.cell)
    }

    /// What is loaded under a digest; it counts as used.
    pub(crate) fn loaded(&self, digest: Digest) -> Option<Arc<LoadedComponent>> {
        let mut entries = self.lock();
        entries.uses += 1;
        let used = entries.uses;
        let entry = entries.by_digest.get_mut(&digest)?;
        entry.used = used;
        entry.cell.get().cloned()
    }

    /// Drops the least recently used until the rest fits; the one just loaded stays. Sessions that run keep theirs. Their number is bounded
    /// as their bytes are: each holds an open file, its memory snapshot.
    pub(crate) fn evict(&self, bytes_max: usize, components_max: usize, keep: Digest) {
        let mut entries = self.lock();
        while bytes_max < entries.bytes() || components_max < entries.by_digest.len() {
            let Some(oldest) = entries.least_recently_used(keep) else { break };
            entries.by_digest.remove(&oldest);
        }
    }

    /// Forgets a digest whose load failed, so that the table holds nothing that was never there.
    pub(crate) fn remove_failed(&self, digest: Digest) {
        let mut entries = self.lock();
        if entries
            .by_digest
            .get(&digest)
            .is_some_and(|entry| Arc::strong_count(&entry.cell) == 1 && !entry.cell.initialized())
        {
            entries.by_digest.remove(&digest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CacheEntries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheEntries {
    fn bytes(&self) -> usize {
        self.by_digest.values().filter_map(|entry| entry.cell.get()).map(|loaded| loaded.compiled_bytes).sum()
    }

    fn least_recently_used(&self, keep: Digest) -> Option<Digest> {
        let loaded = self.by_digest.iter().filter(|(digest, entry)| **digest != keep && entry.cell.initialized());
        loaded.min_by_key(|(_, entry)| entry.used).map(|(digest, _)| *digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(directory: &Path, bytes_max: u64) -> CompiledFiles {
        CompiledFiles::open(directory, &Wasm::default(), bytes_max).unwrap()
    }

    fn read(files: &CompiledFiles, digest: Digest) -> Option<Vec<u8>> {
        match files.read(digest) {
            Found::Compiled(compiled) => Some(compiled.code),
            Found::Nothing | Found::Rejected => None,
        }
    }

    fn compiled(code: &[u8]) -> Compiled {
        Compiled { code: code.into(), ..Compiled::no_lifecycle() }
    }

    /// P2: a file that was changed, cut, renamed or put there by another is ignored.
    #[test]
    fn ignores_what_is_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), 1_000);
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        files.write(one, &compiled(b"machine code")).unwrap();
        assert_eq!(read(&files, one).as_deref(), Some(&b"machine code"[..]));
        let path = |digest| directory.path().join(files.name(digest));
        fs::rename(path(one), path(two)).unwrap();
        assert!(matches!(files.read(two), Found::Rejected));
        assert!(matches!(files.read(one), Found::Nothing));
        fs::write(path(one), b"machine code").unwrap();
        assert!(matches!(files.read(one), Found::Rejected));
    }

    /// P3: the directory is bounded; the oldest goes first.
    #[test]
    fn makes_room() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), 300);
        let digests: Vec<_> = (0..4u8).map(|n| Digest::of(&[n])).collect();
        for digest in &digests {
            files.write(*digest, &compiled(&[0; 40])).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let kept: Vec<_> = digests.iter().map(|digest| read(&files, *digest).is_some()).collect();
        assert_eq!(kept, [false, false, true, true]);
    }

    /// P4: the directory can be deleted at any time, and what never fits is not kept at the price of all others.
    #[test]
    fn survives_being_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(&directory.path().join("compiled"), 200);
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        files.write(one, &compiled(b"machine code")).unwrap();
        fs::remove_dir_all(directory.path().join("compiled")).unwrap();
        assert_eq!(read(&files, one), None);
        files.write(one, &compiled(b"machine code")).unwrap();
        assert!(files.write(two, &compiled(&[0; 200])).is_err());
        assert_eq!(read(&files, one).as_deref(), Some(&b"machine code"[..]));
        files.remove(one);
        assert_eq!(read(&files, one), None);
    }

    #[test]
    fn the_compatibility_is_stable() {
        assert_eq!(compatibility_tag(&Wasm::default()), compatibility_tag(&Wasm::default()));
    }
}
