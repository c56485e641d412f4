//! What was looked up a moment ago. Small and short-lived: it spares the hot path a query, and is forgotten at once where
//! something changes. Its entries age by the clock that nobody sets.

use hookmill_domain::clock::BootTime;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A map whose entries are trusted for a short time.
pub(crate) struct Cache<K, V> {
    ttl_ms: i64,
    entries: quick_cache::sync::Cache<K, Entry<V>>,
    /// Counts how often everything was forgotten.
    generation: AtomicU64,
}

/// Before something is looked up: how often everything was forgotten until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

struct Entry<V> {
    generation: Generation,
    at: BootTime,
    value: Arc<V>,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self { generation: self.generation, at: self.at, value: self.value.clone() }
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(ttl_ms: i64, entries_max: usize) -> Self {
        Self { ttl_ms, entries: quick_cache::sync::Cache::new(entries_max), generation: AtomicU64::new(0) }
    }

    /// An entry that is still trusted.
    pub(crate) fn get(&self, key: &K, now: BootTime) -> Option<Arc<V>> {
        let entry = self.entries.get(key)?;
        let is_trusted = entry.generation == self.generation() && now < entry.at.plus_ms(self.ttl_ms);
        is_trusted.then_some(entry.value)
    }

    /// Asked before something is looked up that [`Cache::put`] will keep.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// Keeps an entry. If everything was forgotten since `generation`, nobody will get it: it may have been changed while it was
    /// looked up.
    pub(crate) fn put(&self, generation: Generation, key: K, value: V, now: BootTime) -> Arc<V> {
        let value = Arc::new(value);
        self.entries.insert(key, Entry { generation, at: now, value: value.clone() });
        value
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_trusted_for_a_while_only() {
        let cache = Cache::new(10, 2);
        cache.put(cache.generation(), "a", 1, BootTime(0));
        assert_eq!(cache.get(&"a", BootTime(9)).as_deref(), Some(&1));
        assert_eq!(cache.get(&"a", BootTime(10)), None);
    }

    #[test]
    fn what_was_looked_up_before_all_was_forgotten_is_not_trusted() {
        let cache = Cache::new(10, 2);
        let before = cache.generation();
        cache.clear();
        assert_eq!(*cache.put(before, "a", 1, BootTime(0)), 1);
        assert_eq!(cache.get(&"a", BootTime(0)), None);
        cache.put(cache.generation(), "a", 2, BootTime(0));
        assert_eq!(cache.get(&"a", BootTime(0)).as_deref(), Some(&2));
    }

    /// A flood of new keys leaves what is asked for all the time where it is.
    #[test]
    fn a_full_cache_stays_within_its_bound_and_keeps_what_is_used() {
        let cache = Cache::new(10, 100);
        cache.put(cache.generation(), 0, 0, BootTime(0));
        for key in 1..10_000 {
            assert_eq!(cache.get(&0, BootTime(0)).as_deref(), Some(&0), "{key}");
            cache.put(cache.generation(), key, key, BootTime(0));
        }
        assert!(cache.entries.len() <= 100);
    }
}
