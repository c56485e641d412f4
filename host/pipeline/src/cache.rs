//! What was looked up a moment ago. Small and short-lived: it spares the hot path a query, and is forgotten at once where
//! something changes. Its entries age by the clock that nobody sets.

use hookmill_domain::clock::BootTime;
use quick_cache::sync::{EntryAction, EntryResult};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A map whose entries are trusted for a short time.
pub(crate) struct Cache<K, V> {
    ttl_ms: i64,
    entries: quick_cache::sync::Cache<K, Entry<V>>,
    /// Counts how often everything was forgotten.
    generation: AtomicU64,
    /// Counts how often nothing was read: the database did not respond, or who read was called off, or there was nothing.
    unread: AtomicU64,
}

/// Counts one more that was not read when it is dropped, unless it was.
struct Reading<'a> {
    unread: &'a AtomicU64,
    is_read: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.is_read {
            self.unread.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Entry<V> {
    generation: u64,
    at: BootTime,
    value: Arc<V>,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self { generation: self.generation, at: self.at, value: self.value.clone() }
    }
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(ttl_ms: i64, entries_max: usize) -> Self {
        Self {
            ttl_ms,
            entries: quick_cache::sync::Cache::new(entries_max),
            generation: AtomicU64::new(0),
            unread: AtomicU64::new(0),
        }
    }

    /// What is known of a key, or what `read` says. Of all who ask for what is not known one reads it, and the others wait for it: hundreds
    /// of messages under way would else read the same at the moment at which it is trusted no more. Where that one fails, each of the others reads
    /// for itself, so that nobody waits longer for a database that does not respond than it takes to know that. If everything is forgotten
    /// meanwhile, nobody else gets it, since it may have been changed while it was read.
    pub(crate) async fn get_or_read<E>(
        &self,
        key: K,
        now: BootTime,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        if self.ttl_ms == 0 {
            return read.await.map(Arc::new);
        }
        if let Some(known) = self.entries.get(&key).filter(|entry| self.is_trusted(entry, now)) {
            return Ok(known.value);
        }
        let of_occupied = |_: &K, entry: &mut Entry<V>| match self.is_trusted(entry, now) {
            true => EntryAction::Retain(entry.value.clone()),
            false => EntryAction::ReplaceWithGuard,
        };
        let unread = self.unread.load(Ordering::SeqCst);
        let place = match self.entries.entry_async(&key, of_occupied).await {
            EntryResult::Retained(known) => return Ok(known),
            // Given back at once where somebody failed meanwhile: that lets the next one go on as well.
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => {
                Some(place).filter(|_| unread == self.unread.load(Ordering::SeqCst))
            }
            // Neither is asked for: nothing is removed, and waiting has no end of its own.
            EntryResult::Removed(..) | EntryResult::Timeout => None,
        };
        let generation = self.generation();
        // Dropped before the place is: whoever gets that knows already.
        let mut reading = Reading { unread: &self.unread, is_read: false };
        let value = Arc::new(read.await?);
        reading.is_read = true;
        let entry = Entry { generation, at: now, value: value.clone() };
        match place {
            // Where all was forgotten there is no such place any more.
            Some(place) => drop(place.insert(entry)),
            None => self.entries.insert(key, entry),
        }
        Ok(value)
    }

    /// The same of what may not be there. That it is not there is not kept.
    pub(crate) async fn get_or_find<E>(
        &self,
        key: K,
        now: BootTime,
        find: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<Arc<V>>, E> {
        let read = async { find.await.map_err(Some)?.ok_or(None) };
        match self.get_or_read(key, now, read).await {
            Ok(found) => Ok(Some(found)),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    fn is_trusted(&self, entry: &Entry<V>, now: BootTime) -> bool {
        entry.generation == self.generation() && now < entry.at.plus_ms(self.ttl_ms)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
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

    async fn read(cache: &Cache<u32, u32>, key: u32, value: u32, at: i64) -> u32 {
        *cache.get_or_read(key, BootTime(at), async { Ok::<_, ()>(value) }).await.unwrap()
    }

    #[tokio::test]
    async fn an_entry_is_trusted_for_a_while_only() {
        let cache = Cache::new(10, 2);
        assert_eq!(read(&cache, 1, 1, 0).await, 1);
        assert_eq!(read(&cache, 1, 2, 9).await, 1);
        assert_eq!(read(&cache, 1, 3, 10).await, 3);
    }

    #[tokio::test]
    async fn nothing_is_kept_for_no_time() {
        let cache = Cache::new(0, 2);
        assert_eq!(read(&cache, 1, 1, 0).await, 1);
        assert_eq!(read(&cache, 1, 2, 0).await, 2);
    }

    #[tokio::test]
    async fn what_was_read_before_all_was_forgotten_is_not_trusted() {
        let cache = Cache::new(10, 2);
        let forgotten_meanwhile = async {
            cache.clear();
            Ok::<_, ()>(1)
        };
        assert_eq!(cache.get_or_read(1, BootTime(0), forgotten_meanwhile).await.as_deref(), Ok(&1));
        assert_eq!(read(&cache, 1, 2, 0).await, 2);
        assert_eq!(read(&cache, 1, 3, 0).await, 2);
    }

    /// What is not there, or can't be read, is asked for again.
    #[tokio::test]
    async fn only_what_was_found_is_kept() {
        let cache: Cache<u32, u32> = Cache::new(10, 2);
        let find = async |found| {
            cache.get_or_find(1, BootTime(0), async { found }).await.map(|found| found.as_deref().copied())
        };
        assert_eq!(find(Err("no database")).await, Err("no database"));
        assert_eq!(find(Ok(None)).await, Ok(None));
        assert_eq!(find(Ok(Some(3))).await, Ok(Some(3)));
        assert_eq!(find(Ok(None)).await, Ok(Some(3)));
    }

    /// Of many who ask at once one reads.
    #[tokio::test]
    async fn one_of_many_reads() {
        let (cache, reads) = (Cache::new(10, 2), AtomicU64::new(0));
        let ask = || {
            let read = async {
                tokio::task::yield_now().await;
                Ok::<_, ()>(reads.fetch_add(1, Ordering::SeqCst))
            };
            cache.get_or_read(1, BootTime(0), read)
        };
        let (first, second, third) = tokio::join!(ask(), ask(), ask());
        assert_eq!([first, second, third].map(|read| read.map(|read| *read)), [Ok(0); 3]);
    }

    /// Where the one that reads fails or is called off, all others read at the same time: none waits for another to fail as well.
    #[tokio::test]
    async fn who_waited_for_a_failure_waits_for_no_other() {
        for is_called_off in [false, true] {
            let (cache, together) = (Cache::new(10, 2), tokio::sync::Barrier::new(2));
            let first = async {
                let read = async {
                    tokio::task::yield_now().await;
                    if is_called_off { std::future::pending().await } else { Err(()) }
                };
                let ask = cache.get_or_read(1, BootTime(0), read);
                tokio::time::timeout(std::time::Duration::from_millis(20), ask).await.is_ok()
            };
            let ask = |number: u64| {
                let together = &together;
                cache.get_or_read(1, BootTime(0), async move {
                    together.wait().await;
                    Ok::<_, ()>(number)
                })
            };
            let (failed, second, third) = tokio::join!(first, ask(2), ask(3));
            assert_eq!((failed, second.as_deref(), third.as_deref()), (!is_called_off, Ok(&2), Ok(&3)));
            assert!(cache.get_or_read(1, BootTime(9), async { Err(()) }).await.is_ok(), "one of them is kept");
        }
    }

    /// A flood of new keys leaves what is asked for all the time where it is.
    #[tokio::test]
    async fn a_full_cache_stays_within_its_bound_and_keeps_what_is_used() {
        let cache = Cache::new(10, 100);
        read(&cache, 0, 0, 0).await;
        for key in 1..10_000 {
            assert_eq!(read(&cache, 0, key, 0).await, 0, "{key}");
            read(&cache, key, key, 0).await;
        }
        assert!(cache.entries.len() <= 100);
    }
}
