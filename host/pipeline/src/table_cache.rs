//! Tables in memory, by their digest. They never change, so they are kept until the bound is reached; then the least recently used is evicted.

use hookmill_domain::value_set::ValueTable;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tables that were read, shared by all who read them.
pub(crate) struct TableCache {
    bytes_max: usize,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    tables: HashMap<String, (Arc<ValueTable>, u64)>,
    bytes: usize,
    /// Counts every use, to find the least recent one.
    uses: u64,
}

impl TableCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, entries: Mutex::default() }
    }

    /// A table that is in memory.
    pub(crate) fn get(&self, digest: &str) -> Option<Arc<ValueTable>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        let (table, used) = entries.tables.get_mut(digest)?;
        *used = now;
        Some(table.clone())
    }

    /// Keeps a table. One that is larger than the cache is returned and not cached.
    pub(crate) fn put(&self, digest: &str, table: ValueTable) -> Arc<ValueTable> {
        let table = Arc::new(table);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        if entries.tables.insert(digest.to_owned(), (table.clone(), now)).is_none() {
            entries.bytes += table.memory_bytes();
        }
        while self.bytes_max < entries.bytes && entries.evict_least_recently_used() {}
        table
    }
}

impl Entries {
    fn evict_least_recently_used(&mut self) -> bool {
        let longest = self.tables.iter().min_by_key(|(_, (_, used))| *used).map(|(digest, _)| digest.clone());
        let dropped = longest.and_then(|digest| self.tables.remove(&digest));
        self.bytes -= dropped.as_ref().map_or(0, |(table, _)| table.memory_bytes());
        dropped.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: usize) -> ValueTable {
        let rows: serde_json::Map<_, _> = (0..entries).map(|n| (format!("{n:05}"), n.into())).collect();
        ValueTable::from_canonical(serde_json::Value::Object(rows).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn h6_the_least_recently_used_table_is_evicted() {
        let tables = TableCache::new(table(100).memory_bytes() * 2);
        tables.put("a", table(100));
        tables.put("b", table(100));
        tables.put("b", table(100));
        assert!(tables.get("a").is_some() && tables.get("b").is_some() && tables.get("a").is_some());
        tables.put("c", table(100));
        assert_eq!(["a", "b", "c"].map(|digest| tables.get(digest).is_some()), [true, false, true]);
        assert_eq!(tables.put("huge", table(1_000)).len(), 1_000);
        assert_eq!(["a", "b", "c", "huge"].map(|digest| tables.get(digest).is_some()), [false; 4]);
        assert_eq!(tables.entries.lock().unwrap().bytes, 0);
    }
}
