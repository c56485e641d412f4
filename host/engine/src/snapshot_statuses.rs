//! The snapshot status of the components of this host, cached: the authenticated files that hold it have megabytes, and lists show many.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::digest::Digest;
use super::snapshot_status::SnapshotStatus;

/// Statuses kept in memory, each of a kilobyte at most. Beyond, all are dropped and read again.
const STATUSES_MAX: usize = 4_096;

/// The statuses by component.
#[derive(Default)]
pub(crate) struct SnapshotStatuses {
    by_digest: Mutex<HashMap<Digest, SnapshotStatus>>,
}

impl SnapshotStatuses {
    pub(crate) fn get(&self, digest: Digest) -> Option<SnapshotStatus> {
        self.lock().get(&digest).cloned()
    }

    pub(crate) fn put(&self, digest: Digest, snapshot_status: &SnapshotStatus) {
        let mut by_digest = self.lock();
        if STATUSES_MAX <= by_digest.len() {
            by_digest.clear();
        }
        by_digest.insert(digest, snapshot_status.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, SnapshotStatus>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_up_to_a_bound() {
        let (snapshot_statuses, digest) = (SnapshotStatuses::default(), |n: usize| Digest::of(&n.to_le_bytes()));
        for n in 0..=STATUSES_MAX {
            assert_eq!(snapshot_statuses.get(digest(n)), None);
            snapshot_statuses.put(digest(n), &SnapshotStatus::Taken { snapshot_bytes: n });
            assert_eq!(snapshot_statuses.get(digest(n)), Some(SnapshotStatus::Taken { snapshot_bytes: n }));
        }
        assert_eq!(snapshot_statuses.lock().len(), 1);
    }
}
