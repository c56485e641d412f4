//! Commits of a SQLite database, read without disturbing it: the index of its write-ahead log counts them in its first
//! bytes, which lie in a file that the host maps into memory.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The third number of the index's header, `iChange`: "counter incremented each transaction".
const COUNTER_OFFSET: u64 = 8;

/// Commits so far of the database in `data`, modulo 2^32. `None` when its log has no index in a file, as when the host
/// locks the database for itself alone.
pub fn commits(data: &Path) -> Option<u32> {
    let entries = std::fs::read_dir(data).ok()?.flatten();
    let index = entries.map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with("-shm"))?;
    let mut counter = [0; 4];
    File::open(index).ok()?.read_exact_at(&mut counter, COUNTER_OFFSET).ok()?;
    Some(u32::from_ne_bytes(counter))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counter stands at its place, and a directory without an index has none.
    #[test]
    fn the_counter_is_read_from_the_index() -> anyhow::Result<()> {
        let directory = tempfile::tempdir()?;
        assert_eq!(commits(directory.path()), None);
        let mut index = [0_u8; 136];
        index[8..12].copy_from_slice(&4711_u32.to_ne_bytes());
        std::fs::write(directory.path().join("hookmill.sqlite-shm"), index)?;
        assert_eq!(commits(directory.path()), Some(4711));
        Ok(())
    }
}
