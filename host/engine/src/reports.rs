//! How the components of this host get ready, remembered: the sealed files that say so have megabytes, and people look at lists.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::digest::Digest;
use super::preparation::Preparation;

/// Reports kept in memory, each of a kilobyte at most. Beyond, all are forgotten and read again.
const REPORTS_MAX: usize = 4_096;

/// The reports by component.
#[derive(Default)]
pub(crate) struct Reports {
    by_digest: Mutex<HashMap<Digest, Preparation>>,
}

impl Reports {
    pub(crate) fn get(&self, digest: Digest) -> Option<Preparation> {
        self.lock().get(&digest).cloned()
    }

    pub(crate) fn put(&self, digest: Digest, preparation: &Preparation) {
        let mut by_digest = self.lock();
        if REPORTS_MAX <= by_digest.len() {
            by_digest.clear();
        }
        by_digest.insert(digest, preparation.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Preparation>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_up_to_a_bound() {
        let (reports, digest) = (Reports::default(), |n: usize| Digest::of(&n.to_le_bytes()));
        for n in 0..=REPORTS_MAX {
            assert_eq!(reports.get(digest(n)), None);
            reports.put(digest(n), &Preparation::Prepared { image_bytes: n });
            assert_eq!(reports.get(digest(n)), Some(Preparation::Prepared { image_bytes: n }));
        }
        assert_eq!(reports.lock().len(), 1);
    }
}
