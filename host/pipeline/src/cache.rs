//! What was looked up a moment ago. Small and short-lived: it spares the hot path a query, and is forgotten at once where
//! something changes.

use hookmill_domain::clock::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A map whose entries are trusted for a short time.
pub(crate) struct Cache<K, V> {
    ttl_ms: i64,
    entries_max: usize,
    entries: RwLock<HashMap<K, (Timestamp, Arc<V>)>>,
    /// Counts how often everything was forgotten.
    generation: AtomicU64,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(ttl_ms: i64, entries_max: usize) -> Self {
        Self { ttl_ms, entries_max, entries: RwLock::default(), generation: AtomicU64::new(0) }
    }

    /// An entry that is still trusted.
    pub(crate) fn get(&self, key: &K, now: Timestamp) -> Option<Arc<V>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = entries.get(key)?;
        (now < at.plus_ms(self.ttl_ms)).then(|| value.clone())
    }

    /// Keeps an entry; a full map is emptied first, which is rare and right.
    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) -> Arc<V> {
        let value = Arc::new(value);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.entries_max <= entries.len() {
            entries.clear();
        }
        entries.insert(key, (now, value.clone()));
        value
    }

    /// Asked before something is looked up that [`Cache::put_if`] will keep.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps an entry unless everything was forgotten since: it may have been changed while it was looked up.
    pub(crate) fn put_if(&self, generation: u64, key: K, value: V, now: Timestamp) -> Arc<V> {
        if generation == self.generation() { self.put(key, value, now) } else { Arc::new(value) }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_trusted_for_a_while_only() {
        let cache = Cache::new(10, 2);
        cache.put("a", 1, Timestamp(0));
        assert_eq!(cache.get(&"a", Timestamp(9)).as_deref(), Some(&1));
        assert_eq!(cache.get(&"a", Timestamp(10)), None);
    }

    #[test]
    fn a_full_cache_stays_within_its_bound() {
        let cache = Cache::new(10, 2);
        for key in 0..9 {
            cache.put(key, key, Timestamp(0));
        }
        assert!(cache.entries.read().unwrap().len() <= 2);
    }
}
