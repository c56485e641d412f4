//! What a run may look up: the current tables of its organization, fetched when they are needed.

use super::Pipeline;
use super::cache::Cache;
use super::rendered::json;
use super::table_cache::TableCache;
use super::tables::{Grant, Names, Reader, Tables};
use hookmill_domain::config::Limits;
use hookmill_domain::value_set::ValueTable;
use hookmill_engine::ValueSets;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The tables in memory, the digests that names stand for, and the tables that each program read before.
pub(crate) struct LookupCache {
    /// The digests of names, by organization.
    names: Cache<String, Names>,
    tables: TableCache,
    history: ReadHistory,
}

/// The tables that programs asked for before: a run that finds them in memory need not be run twice.
struct ReadHistory(quick_cache::sync::Cache<String, Arc<BTreeSet<String>>>);

/// What one run may look up.
pub(crate) struct Lookups {
    tables: Arc<Tables>,
    /// For the campaign's own component; what the default plugin serves instead of it may read all.
    own: Grant,
    campaign_version_id: Option<String>,
}

impl LookupCache {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            names: Cache::new(limits.lookup_ttl_ms, limits.programs_cached_max),
            tables: TableCache::new(limits.value_sets_cached_bytes_max),
            history: ReadHistory(quick_cache::sync::Cache::new(limits.programs_cached_max)),
        }
    }

    /// Forgets the digests of names: a value set was changed on this host.
    pub(crate) fn forget_names(&self) {
        self.names.clear();
    }
}

impl ReadHistory {
    fn names_read_by(&self, campaign_version_id: Option<&str>) -> Arc<BTreeSet<String>> {
        campaign_version_id.and_then(|id| self.0.get(id)).unwrap_or_default()
    }

    /// Of two runs that add at once, one may be forgotten: its next run fetches its tables again.
    fn add(&self, campaign_version_id: Option<&str>, wanted: &BTreeSet<String>) {
        let Some(id) = campaign_version_id else { return };
        let known = self.names_read_by(Some(id));
        self.0.insert(id.to_owned(), Arc::new(known.union(wanted).cloned().collect()));
    }
}

impl Lookups {
    /// As the campaign's own component reads them.
    pub(crate) fn for_own(&self) -> Arc<dyn ValueSets> {
        Arc::new(Reader { tables: self.tables.clone(), grant: self.own.clone() })
    }

    /// As the default plugin reads them where it stands in for that component.
    pub(crate) fn for_standard(&self) -> Arc<dyn ValueSets> {
        Arc::new(Reader { tables: self.tables.clone(), grant: Grant::All })
    }

    /// The digests of the tables that were read, by name (P8).
    pub(crate) fn read(&self) -> BTreeMap<String, String> {
        self.tables.read()
    }

    /// The same as a submission keeps it; none when no table was read.
    pub(crate) fn record(&self) -> Option<Vec<u8>> {
        let read = self.read();
        (!read.is_empty()).then(|| json(&read))
    }
}

impl Pipeline {
    /// What a run of a campaign's program may look up.
    pub(crate) async fn lookups(
        &self,
        campaign: &Campaign,
        campaign_version_id: Option<&str>,
    ) -> Result<Lookups, StoreError> {
        let names = self.value_set_names(&campaign.organization_id).await?;
        self.lookups_in(names, campaign, campaign_version_id).await
    }

    /// The same where names mean what they meant at another time.
    pub(crate) async fn lookups_in(
        &self,
        names: Arc<Names>,
        campaign: &Campaign,
        campaign_version_id: Option<&str>,
    ) -> Result<Lookups, StoreError> {
        let own = if self.runs_plugin(campaign_version_id).await? {
            Grant::Only(Arc::new(campaign.granted_value_sets()?))
        } else {
            Grant::All
        };
        let tables =
            self.with_tables(Tables::new(names), &self.lookup_cache.history.names_read_by(campaign_version_id)).await?;
        Ok(Lookups { tables: Arc::new(tables), own, campaign_version_id: campaign_version_id.map(str::to_owned) })
    }

    /// Fetches the tables that a run missed: the run is discarded and repeated with them. None when the run found
    /// all its tables.
    pub(crate) async fn fetch_missing(&self, lookups: &Lookups) -> Result<Option<Lookups>, StoreError> {
        let wanted = lookups.tables.missing_names();
        if wanted.is_empty() {
            return Ok(None);
        }
        self.lookup_cache.history.add(lookups.campaign_version_id.as_deref(), &wanted);
        let tables = self.with_tables(lookups.tables.forget_reads(), &wanted).await?;
        let (own, campaign_version_id) = (lookups.own.clone(), lookups.campaign_version_id.clone());
        Ok(Some(Lookups { tables: Arc::new(tables), own, campaign_version_id }))
    }

    /// A table by its digest.
    pub(crate) async fn table(&self, digest: &str) -> Result<Arc<ValueTable>, StoreError> {
        if let Some(table) = self.lookup_cache.tables.get(digest) {
            return Ok(table);
        }
        let corrupt = |why: String| StoreError::corrupt("value_tables", digest, why);
        let found = self.store.value_table(digest).await?;
        let body = found.ok_or_else(|| corrupt("the table is missing".into()))?;
        // A hundred thousand entries take their time: nobody else waits for it.
        let read = move || (ValueTable::compute_digest(&body), ValueTable::from_canonical(&body));
        match self.large().work_apart(read).await {
            Ok((found, Ok(table))) if found == digest => Ok(self.lookup_cache.tables.put(digest, table)),
            Ok((found, Ok(_))) => Err(corrupt(format!("its bytes have the digest {found}"))),
            Ok((_, Err(damaged))) => Err(corrupt(damaged.to_string())),
            Err(stopped) => Err(StoreError::lost("a value set", stopped)),
        }
    }

    async fn with_tables(&self, mut tables: Tables, names: &BTreeSet<String>) -> Result<Tables, StoreError> {
        for name in names {
            let Some(digest) = tables.digest(name).map(str::to_owned) else { continue };
            tables.put(name, self.table(&digest).await?);
        }
        Ok(tables)
    }

    pub(crate) async fn value_set_names(&self, organization_id: &str) -> Result<Arc<Names>, StoreError> {
        let (lookup_cache, now) = (&self.lookup_cache, self.clock.boot_time());
        let key = organization_id.to_owned();
        let read = async {
            let sets = self.store.value_sets(organization_id).await?;
            Ok(sets.into_iter().map(|set| (set.name, set.digest)).collect())
        };
        lookup_cache.names.get_or_read(key, now, read).await
    }

    /// Whether a program is a custom plugin, not a document.
    async fn runs_plugin(&self, campaign_version_id: Option<&str>) -> Result<bool, StoreError> {
        let Some(id) = campaign_version_id else { return Ok(false) };
        if let Some(known) = self.ready.is_plugin(id) {
            return Ok(known);
        }
        Ok(self.store.campaign_version(id).await?.is_some_and(|row| row.plugin_id.is_some()))
    }
}
