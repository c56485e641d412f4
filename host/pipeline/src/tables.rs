//! The tables of one run (M7, P5): what each name means is settled when the run begins, and holds to its end, whatever is edited
//! meanwhile.
//!
//! A guest can't wait for a table to be fetched. One that is not in memory ends the run: it is noted as wanted, fetched, and all is
//! run again. Stages are pure, so the second run has no effect.

use hookmill_domain::value_set::ValueTable;
use hookmill_engine::ValueSets;
use hookmill_engine::contract::LookupError;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the names of an organization mean: the digest of a table for each.
pub(crate) type Names = BTreeMap<String, String>;

/// The tables of one run.
pub(crate) struct Tables {
    names: Arc<Names>,
    at_hand: HashMap<String, AtHand>,
    wanted: Mutex<BTreeSet<String>>,
}

/// A table in memory, and whether this run read it.
struct AtHand {
    digest: String,
    table: Arc<ValueTable>,
    was_read: AtomicBool,
}

/// The tables that a component may read.
#[derive(Debug, Clone)]
pub(crate) enum Grant {
    /// All of the organization: documents are the admin's own.
    All,
    /// Those that an admin granted, for custom plugins.
    Only(Arc<BTreeSet<String>>),
}

impl Tables {
    /// What the names mean from now on; nothing is in memory yet.
    pub(crate) fn new(names: Arc<Names>) -> Self {
        Self { names, at_hand: HashMap::new(), wanted: Mutex::default() }
    }

    /// The digest that a name means.
    pub(crate) fn digest(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// The same names with one more table in memory.
    pub(crate) fn put(&mut self, name: &str, table: Arc<ValueTable>) {
        let Some(digest) = self.digest(name).map(str::to_owned) else { return };
        self.at_hand.insert(name.to_owned(), AtHand { digest, table, was_read: AtomicBool::new(false) });
    }

    /// The same tables without the record of reads.
    pub(crate) fn forget_reads(&self) -> Self {
        let fresh = |(name, at_hand): (&String, &AtHand)| {
            let AtHand { digest, table, .. } = at_hand;
            (name.clone(), AtHand { digest: digest.clone(), table: table.clone(), was_read: AtomicBool::new(false) })
        };
        Self { names: self.names.clone(), at_hand: self.at_hand.iter().map(fresh).collect(), wanted: Mutex::default() }
    }

    /// The names that were looked up and are not in memory.
    pub(crate) fn missing_names(&self) -> BTreeSet<String> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was read: the digest of each table by its name (P8).
    pub(crate) fn read(&self) -> BTreeMap<String, String> {
        let read = self.at_hand.iter().filter(|(_, at_hand)| at_hand.was_read.load(Ordering::Relaxed));
        read.map(|(name, at_hand)| (name.clone(), at_hand.digest.clone())).collect()
    }
}

/// The tables of a run, as one who was granted some of them reads them.
pub(crate) struct Reader {
    pub(crate) tables: Arc<Tables>,
    pub(crate) grant: Grant,
}

impl Reader {
    fn may_read(&self, name: &str) -> bool {
        match &self.grant {
            Grant::All => true,
            Grant::Only(names) => names.contains(name),
        }
    }
}

impl ValueSets for Reader {
    fn get(&self, table: &str, key: &str) -> Result<Option<String>, LookupError> {
        if !self.may_read(table) {
            return Err(LookupError::NotGranted);
        }
        let at_hand = self.tables.at_hand.get(table).ok_or(LookupError::Unknown)?;
        at_hand.was_read.store(true, Ordering::Relaxed);
        Ok(at_hand.table.get(key).map(str::to_owned))
    }

    fn must_fetch(&self, table: &str) -> bool {
        if self.tables.at_hand.contains_key(table) || !self.may_read(table) || self.tables.digest(table).is_none() {
            return false;
        }
        self.tables.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert(table.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Tables {
        let names = ["colours", "sizes"].map(|name| (name.to_owned(), format!("digest of {name}")));
        Tables::new(Arc::new(names.into()))
    }

    fn colours() -> Arc<ValueTable> {
        Arc::new(ValueTable::from_canonical(br##"{"red":"#f00"}"##).unwrap())
    }

    #[test]
    fn p5_a_plugin_reads_what_it_was_granted_and_a_document_all() {
        let mut tables = tables();
        tables.put("colours", colours());
        let tables = Arc::new(tables);
        let granted = |names: &[&str]| Grant::Only(Arc::new(names.iter().map(|name| (*name).to_owned()).collect()));
        let red = Ok(Some("\"#f00\"".to_owned()));
        let table = [
            (Grant::All, "colours", "red", red.clone()),
            (Grant::All, "colours", "blue", Ok(None)),
            (Grant::All, "shapes", "red", Err(LookupError::Unknown)),
            (granted(&["colours"]), "colours", "red", red),
            (granted(&["sizes"]), "colours", "red", Err(LookupError::NotGranted)),
            (granted(&[]), "shapes", "red", Err(LookupError::NotGranted)),
            (granted(&["shapes"]), "shapes", "red", Err(LookupError::Unknown)),
        ];
        for (grant, name, key, expected) in table {
            let reader = Reader { tables: tables.clone(), grant };
            assert!(!reader.must_fetch(name));
            assert_eq!(reader.get(name, key), expected, "{name}.{key}");
        }
    }

    #[test]
    fn m7_what_is_not_in_memory_is_wanted_and_what_was_read_is_known() {
        let first = Arc::new(tables());
        let reader = Reader { tables: first.clone(), grant: Grant::All };
        assert!(reader.must_fetch("colours") && !reader.must_fetch("shapes"));
        assert_eq!(first.missing_names(), BTreeSet::from(["colours".to_owned()]));
        let mut next = first.forget_reads();
        next.put("colours", colours());
        next.put("shapes", colours());
        let next = Arc::new(next);
        let reader = Reader { tables: next.clone(), grant: Grant::All };
        assert!(!reader.must_fetch("colours") && reader.must_fetch("sizes"));
        assert!(next.read().is_empty());
        assert_eq!(reader.get("colours", "none"), Ok(None));
        assert_eq!(next.read(), [("colours".to_owned(), "digest of colours".to_owned())].into());
        assert!(next.forget_reads().read().is_empty());
    }

    #[test]
    fn p5_what_is_not_granted_is_not_fetched() {
        let tables = Arc::new(tables());
        let reader = Reader { tables: tables.clone(), grant: Grant::Only(Arc::default()) };
        assert!(!reader.must_fetch("colours") && tables.missing_names().is_empty());
    }
}
