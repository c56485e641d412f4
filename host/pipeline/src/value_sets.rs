//! Operations on value sets (M7): put, restore, delete, look-up.

use super::Pipeline;
use super::unavailable::{table_gone, unavailable};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::budget::Holding;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::value_set::{CsvHeader, ReadTable, TableProblem, ValueTable, read_csv, read_json};
use hookmill_store::audit::AuditEntry;
use hookmill_store::value_sets::{Edited, NewTable, ValueSet, ValueSetLimits};
use std::sync::Arc;

/// How many times its own bytes a table takes that is read: its texts, and its canonical form.
const TABLE_FACTOR: usize = 2;
/// What an entry takes in memory besides its key and its value, in bytes.
const ENTRY_BYTES: usize = 128;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// A list of keys, or an object from keys to values.
    Json,
    /// Rows.
    Csv(CsvHeader),
}

/// A value set that was put.
#[derive(Debug)]
pub struct PutSet {
    /// The set as it is now.
    pub set: ValueSet,
    /// Whether it meant another table before.
    pub changed: bool,
    /// What is odd about what was sent.
    pub warnings: Vec<TableProblem>,
}

/// A table that was read, and its canonical form.
struct Prepared {
    canonical: Vec<u8>,
    digest: String,
    read: ReadTable,
}

impl Pipeline {
    /// Makes a name mean a table from the next batch on.
    #[boxed]
    pub async fn put_value_set(
        &self,
        organization_id: &str,
        name: &str,
        format: TableFormat,
        body: Bytes,
        entry: &AuditEntry,
        holding: &Holding,
    ) -> Result<PutSet, ApiError> {
        let body_bytes = body.len();
        holding.grow(body_bytes.saturating_mul(TABLE_FACTOR).saturating_add(self.entries_bytes(&body)))?;
        let Prepared { canonical, digest, read } = self.prepare_table(format, body, holding.clone()).await?;
        let entries = i64::try_from(read.table.len()).unwrap_or(i64::MAX);
        let table = NewTable { digest: &digest, body: &canonical, entries };
        let (limits, now) = (self.value_set_limits(), self.clock.now());
        let edited = self.people.put_value_set(organization_id, name, table, limits, entry, now).await;
        self.large().drop_apart(body_bytes, (read.table, canonical));
        let (set, changed) = self.finish_edit(edited.map_err(unavailable)?, name)?;
        Ok(PutSet { set, changed, warnings: read.warnings })
    }

    /// Makes a name mean one of its versions again from the next batch on, also a name that was deleted.
    #[boxed]
    pub async fn restore_value_set(
        &self,
        organization_id: &str,
        name: &str,
        version: i64,
        entry: &AuditEntry,
    ) -> Result<(ValueSet, bool), ApiError> {
        let now = self.clock.now();
        let edited =
            self.people.restore_value_set(organization_id, name, version, self.value_set_limits(), entry, now).await;
        self.finish_edit(edited.map_err(unavailable)?, name)
    }

    /// Deletes a name: batches no longer find it.
    #[boxed]
    pub async fn delete_value_set(
        &self,
        organization_id: &str,
        name: &str,
        entry: &AuditEntry,
    ) -> Result<(), ApiError> {
        let deleted = self.people.delete_value_set(organization_id, name, entry, self.clock.now()).await;
        let deleted = deleted.map_err(unavailable)?;
        self.forget_lookups();
        if deleted { Ok(()) } else { Err(ApiError::not_found("value set", name)) }
    }

    /// The table that a name means now, or meant in one of its versions.
    #[boxed]
    pub async fn value_set_table(
        &self,
        organization_id: &str,
        name: &str,
        version: Option<i64>,
    ) -> Result<(String, Arc<ValueTable>), ApiError> {
        let digest = match version {
            None => self.people.value_set(organization_id, name).await.map_err(unavailable)?.map(|set| set.digest),
            Some(version) => {
                let found = self.people.value_set_versions(organization_id, name, version.saturating_add(1), 1).await;
                let found = found.map_err(unavailable)?.into_iter().find(|row| row.version == version);
                if found.as_ref().is_some_and(|row| row.deleted_at.is_some()) {
                    return Err(table_gone(name));
                }
                found.map(|row| row.digest)
            }
        };
        let digest = digest.ok_or_else(|| ApiError::not_found("value set", name))?;
        let table = self.table(&digest).await.map_err(unavailable)?;
        Ok((digest, table))
    }

    async fn prepare_table(&self, format: TableFormat, body: Bytes, holding: Holding) -> Result<Prepared, ApiError> {
        let limits = self.settings.limits.table();
        let prepare = move || {
            let _holding = holding;
            let read = match format {
                TableFormat::Json => read_json(&body, &limits),
                TableFormat::Csv(header) => read_csv(&body, header, &limits),
            }?;
            let canonical = read.table.canonical();
            Ok(Prepared { digest: ValueTable::compute_digest(&canonical), canonical, read })
        };
        self.large().work_apart(prepare).await?
    }

    /// What the entries of a table take besides their bytes, at most.
    fn entries_bytes(&self, body: &[u8]) -> usize {
        // No entry has fewer bytes than `1,` has.
        (body.len() / 2).min(self.settings.limits.value_set_entries_max).saturating_mul(ENTRY_BYTES)
    }

    /// The result of an edit.
    fn finish_edit(&self, edited: Edited, name: &str) -> Result<(ValueSet, bool), ApiError> {
        self.forget_lookups();
        let limits = &self.settings.limits;
        match edited {
            Edited::Done { set, changed } => Ok((set, changed)),
            Edited::Unknown => Err(ApiError::not_found("version of a value set", name)),
            Edited::Deleted => Err(table_gone(name)),
            Edited::TooMany => Err(ApiError::new(
                Kind::Conflict,
                "too_many_value_sets",
                format!("an organization may have {} value sets (value_sets_max); delete one", limits.value_sets_max),
            )),
            Edited::TooLarge { bytes } => Err(ApiError::new(
                Kind::Conflict,
                "value_sets_too_large",
                format!(
                    "the organization's value sets would have {bytes} bytes together, at most {} are allowed \
                     (value_sets_bytes_max); shorten or delete some",
                    limits.value_sets_bytes_max
                ),
            )),
        }
    }

    fn value_set_limits(&self) -> ValueSetLimits {
        let limits = &self.settings.limits;
        let sets_max = i64::try_from(limits.value_sets_max).unwrap_or(i64::MAX);
        ValueSetLimits { sets_max, bytes_max: limits.value_sets_bytes_max }
    }
}
