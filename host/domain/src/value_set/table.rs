//! A table in memory: its keys and values in one piece of text, found by halving.

use super::entries;
use crate::hex::write_hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The value of a key in a table of keys alone.
pub(super) const PRESENT: &str = "true";

/// An immutable table, from keys to values as JSON text.
#[derive(Debug, PartialEq, Eq)]
pub struct ValueTable {
    /// Keys and values, one after the other, in the order of the keys.
    text: Box<str>,
    entries: Box<[Entry]>,
}

/// The places of a key and its value in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    start: u32,
    key_end: u32,
    end: u32,
}

/// The stored bytes of a table are damaged.
#[derive(Debug, thiserror::Error)]
#[error("it is not a table in canonical form: {0}")]
pub struct DamagedTable(pub(super) String);

impl ValueTable {
    /// A table of these entries; the values are compact JSON.
    pub(super) fn of(entries: &BTreeMap<String, String>) -> Result<Self, DamagedTable> {
        Self::of_sorted(entries.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }

    fn of_sorted<'a>(sorted: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, DamagedTable> {
        let (mut text, mut entries) = (String::new(), Vec::new());
        let place = |text: &String| u32::try_from(text.len()).map_err(|_| DamagedTable("it is too large".into()));
        for (key, value) in sorted {
            let start = place(&text)?;
            text.push_str(key);
            let key_end = place(&text)?;
            text.push_str(value);
            entries.push(Entry { start, key_end, end: place(&text)? });
        }
        Ok(Self { text: text.into(), entries: entries.into() })
    }

    /// Reads the canonical form back.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DamagedTable> {
        let damaged = |why: &dyn std::fmt::Display| DamagedTable(why.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| damaged(&error))?;
        let mut pairs: Vec<(String, &str)> = Vec::new();
        entries::each(text, |key, value| pairs.push((key, value))).map_err(|error| damaged(&error))?;
        if !pairs.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(damaged(&"its keys are not in order"));
        }
        Self::of_sorted(pairs.iter().map(|(key, value)| (key.as_str(), *value)))
    }

    /// The canonical form.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + self.entries.len() * 6 + 2);
        bytes.push(b'{');
        for (at, (key, value)) in self.iter().enumerate() {
            if 0 < at {
                bytes.push(b',');
            }
            // Text is always JSON, and writing to memory can't fail.
            let _ = serde_json::to_writer(&mut bytes, key);
            bytes.push(b':');
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes.push(b'}');
        bytes
    }

    /// The digest of a canonical form, as it is written.
    pub fn compute_digest(canonical: &[u8]) -> String {
        write_hex(&Sha256::digest(canonical))
    }

    /// The value under a key, as JSON text.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.entries.binary_search_by(|entry| self.key(*entry).cmp(key)).ok()?;
        self.entries.get(found).map(|entry| self.value(*entry))
    }

    /// The entries behind a key, in the order of the keys; all of them behind the empty key, which no table has.
    pub fn after(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        let start = self.entries.partition_point(|entry| self.key(*entry) <= key);
        self.entries.iter().skip(start).map(|entry| (self.key(*entry), self.value(*entry)))
    }

    /// All entries, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.after("")
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How much memory it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(&*self.entries)
    }

    fn key(&self, entry: Entry) -> &str {
        self.part(entry.start, entry.key_end)
    }

    fn value(&self, entry: Entry) -> &str {
        self.part(entry.key_end, entry.end)
    }

    fn part(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}
