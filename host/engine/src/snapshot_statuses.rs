//! The snapshot status of the components of this host, cached: the authenticated files that hold it have megabytes, and lists show many.

use quick_cache::sync::Cache;

use super::digest::Digest;
use super::snapshot_status::SnapshotStatus;

/// Statuses kept in memory, each of a kilobyte at most.
const STATUSES_MAX: usize = 4_096;

/// The statuses by component.
pub(crate) struct SnapshotStatuses(Cache<Digest, SnapshotStatus>);

impl Default for SnapshotStatuses {
    fn default() -> Self {
        Self(Cache::new(STATUSES_MAX))
    }
}

impl SnapshotStatuses {
    pub(crate) fn get(&self, digest: Digest) -> Option<SnapshotStatus> {
        self.0.get(&digest)
    }

    pub(crate) fn put(&self, digest: Digest, snapshot_status: &SnapshotStatus) {
        self.0.insert(digest, snapshot_status.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_up_to_a_bound() {
        let (snapshot_statuses, digest) = (SnapshotStatuses::default(), |n: usize| Digest::of(&n.to_le_bytes()));
        for n in 0..2 * STATUSES_MAX {
            assert_eq!(snapshot_statuses.get(digest(n)), None);
            snapshot_statuses.put(digest(n), &SnapshotStatus::Taken { snapshot_bytes: n });
            assert_eq!(snapshot_statuses.get(digest(n)), Some(SnapshotStatus::Taken { snapshot_bytes: n }));
        }
        assert!(snapshot_statuses.0.len() <= STATUSES_MAX);
    }
}
