//! Value sets (M7): names, their versions, and the tables these mean. Tables are kept once, by digest, whoever uploads them; an
//! organization finds them by its own names only.

use super::audit::AuditEntry;
use super::organizations::LOCK_ORGANIZATION;
use super::quotas::{Held, hold_bytes};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A value set with the table it means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    /// Its name, unique in the organization.
    pub name: String,
    /// Its current version, counted from 1.
    pub version: i64,
    /// The digest of its current table.
    pub digest: String,
    /// How many entries that has.
    pub entries: i64,
    /// How many bytes that has, in canonical form.
    pub bytes: i64,
    /// When the set was made.
    pub created_at: i64,
    /// When it was changed.
    pub updated_at: i64,
}
from_row!(ValueSet { name, version, digest, entries, bytes, created_at, updated_at });

/// A version of a value set.
#[derive(Debug, Clone)]
pub struct ValueSetVersion {
    /// Its version, counted from 1.
    pub version: i64,
    /// The digest of its table.
    pub digest: String,
    /// How many entries that has.
    pub entries: i64,
    /// How many bytes that has, in canonical form.
    pub bytes: i64,
    /// Whether the set means this one now.
    pub is_current: bool,
    /// Who uploaded it.
    pub created_by: String,
    /// When.
    pub created_at: i64,
    /// When its table was deleted at the end of its retention.
    pub deleted_at: Option<i64>,
}
from_row!(ValueSetVersion { version, digest, entries, bytes, is_current, created_by, created_at, deleted_at });

/// A table to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewTable<'a> {
    /// Its digest.
    pub digest: &'a str,
    /// Its canonical form.
    pub body: &'a [u8],
    /// How many entries it has.
    pub entries: i64,
}

/// How much an organization may have.
#[derive(Debug, Clone, Copy)]
pub struct ValueSetLimits {
    /// How many value sets.
    pub sets_max: i64,
    /// How many bytes their current tables may have together.
    pub bytes_max: i64,
}

/// The result of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The set means this table now.
    Done {
        /// The set as it is now.
        set: ValueSet,
        /// Whether it meant another table before.
        changed: bool,
    },
    /// The organization has as many sets as it may have.
    TooMany,
    /// The current tables would have this many bytes together.
    TooLarge {
        /// How many bytes.
        bytes: i64,
    },
    /// There is no such set, or it never had such a version.
    Unknown,
    /// The table of the version was deleted at the end of its retention.
    Deleted,
}

/// A set that is there, with the table it means.
const SETS: &str = "select s.name, s.version, v.digest, t.entries, t.bytes, s.created_at, s.updated_at from value_sets s \
     join value_set_versions v on v.value_set_id = s.id and v.version = s.version join value_tables t on t.digest = v.digest \
     where s.deleted_at is null and s.organization_id = $1";
/// What the other sets of an organization take.
const OTHERS: &str = "select count(*), cast(coalesce(sum(t.bytes), 0) as bigint) from value_sets s \
     join value_set_versions v on v.value_set_id = s.id and v.version = s.version join value_tables t on t.digest = v.digest \
     where s.deleted_at is null and s.organization_id = $1 and s.name <> $2";

/// Whether there is room for a table beside what the others take; none when there is.
fn too_much((sets, bytes): (i64, i64), table_bytes: i64, limits: ValueSetLimits) -> Option<Edited> {
    if limits.sets_max <= sets {
        return Some(Edited::TooMany);
    }
    let bytes = bytes.saturating_add(table_bytes);
    (limits.bytes_max < bytes).then_some(Edited::TooLarge { bytes })
}

/// Has a set mean a version from now on, in a transaction that comes after others of its organization. What it meant until then stays what going
/// back means, and what that was before is unused from now on.
macro_rules! mean_version {
    ($connection:expr, $set_id:expr, $version:expr, $now:expr) => {{
        sqlx::query(
            "update value_set_versions set unused_since = $3 where value_set_id = $1 and version <> $2 and unused_since is null and deleted_at is null \
             and version <> (select version from value_sets where id = $1)",
        )
        .bind($set_id)
        .bind($version)
        .bind($now.0)
        .execute(&mut *$connection)
        .await?;
        sqlx::query(
            "update value_set_versions set unused_since = null where value_set_id = $1 and deleted_at is null \
             and (version = $2 or version = (select version from value_sets where id = $1))",
        )
        .bind($set_id)
        .bind($version)
        .execute(&mut *$connection)
        .await?;
        sqlx::query("update value_sets set version = $1, updated_at = $2, deleted_at = null where id = $3")
            .bind($version)
            .bind($now.0)
            .bind($set_id)
            .execute(&mut *$connection)
            .await?;
    }};
}

impl Store {
    /// Stores a table under a name, as a new version unless it is the current one. A deleted name is restored.
    pub async fn put_value_set(
        &self,
        organization_id: &str,
        name: &str,
        table: NewTable<'_>,
        limits: ValueSetLimits,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Edited, StoreError> {
        let before = self.value_set(organization_id, name).await?;
        if let Some(set) = before.filter(|set| set.digest == table.digest) {
            return Ok(Edited::Done { set, changed: false });
        }
        let fresh = self.ids.new_id("set", now);
        let bytes = i64::try_from(table.body.len()).unwrap_or(i64::MAX);
        writing!(self, connection => {
            // Two that edit at one moment come one after the other: totals and versions are counted.
            sqlx::query(LOCK_ORGANIZATION).bind(organization_id).execute(&mut *connection).await?;
            let others: (i64, i64) = sqlx::query_as(OTHERS).bind(organization_id).bind(name).fetch_one(&mut *connection).await?;
            if let Some(rejected) = too_much(others, bytes, limits) {
                return Ok(rejected);
            }
            let known: Option<i64> = sqlx::query_scalar("select v.version from value_sets s join value_set_versions v on v.value_set_id = s.id \
                 where s.organization_id = $1 and v.digest = $2 and v.deleted_at is null limit 1").bind(organization_id).bind(table.digest).fetch_optional(&mut *connection).await?;
            if known.is_none() {
                hold_bytes!(self, connection, organization_id, Held::Tables, bytes, now);
            }
            sqlx::query("insert into value_tables (digest, body, entries, bytes, created_at) values ($1, $2, $3, $4, $5) \
                 on conflict (digest) do update set body = excluded.body where length(value_tables.body) = 0")
                .bind(table.digest).bind(table.body).bind(table.entries).bind(bytes).bind(now.0).execute(&mut *connection).await?;
            sqlx::query("insert into value_sets (id, organization_id, name, version, created_at, updated_at) values ($1, $2, $3, 0, $4, $4) \
                 on conflict (organization_id, name) do nothing")
                .bind(&fresh).bind(organization_id).bind(name).bind(now.0).execute(&mut *connection).await?;
            let (id, version): (String, i64) = sqlx::query_as("select s.id, cast(coalesce(max(v.version), 0) + 1 as bigint) from value_sets s \
                 left join value_set_versions v on v.value_set_id = s.id where s.organization_id = $1 and s.name = $2 group by s.id")
                .bind(organization_id).bind(name).fetch_one(&mut *connection).await?;
            sqlx::query("insert into value_set_versions (value_set_id, version, digest, created_by, created_at) values ($1, $2, $3, $4, $5)")
                .bind(&id).bind(version).bind(table.digest).bind(&entry.user_id).bind(now.0).execute(&mut *connection).await?;
            mean_version!(connection, &id, version, now);
            insert_audit!(self, connection, entry, format!("{name}#{version}"), now);
        });
        self.edited_set(organization_id, name).await
    }

    /// Makes the table of an older version the current one, also when it was deleted.
    #[boxed]
    pub async fn restore_value_set(
        &self,
        organization_id: &str,
        name: &str,
        version: i64,
        limits: ValueSetLimits,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Edited, StoreError> {
        let before = self.value_set(organization_id, name).await?;
        if let Some(set) = before.filter(|set| set.version == version) {
            return Ok(Edited::Done { set, changed: false });
        }
        writing!(self, connection => {
            sqlx::query(LOCK_ORGANIZATION).bind(organization_id).execute(&mut *connection).await?;
            let found: Option<(String, i64, Option<i64>)> = sqlx::query_as("select s.id, t.bytes, v.deleted_at from value_sets s join value_set_versions v on v.value_set_id = s.id \
                 join value_tables t on t.digest = v.digest where s.organization_id = $1 and s.name = $2 and v.version = $3")
                .bind(organization_id).bind(name).bind(version).fetch_optional(&mut *connection).await?;
            let (id, bytes) = match found {
                None => return Ok(Edited::Unknown),
                Some((_, _, Some(_))) => return Ok(Edited::Deleted),
                Some((id, bytes, None)) => (id, bytes),
            };
            let others: (i64, i64) = sqlx::query_as(OTHERS).bind(organization_id).bind(name).fetch_one(&mut *connection).await?;
            if let Some(rejected) = too_much(others, bytes, limits) {
                return Ok(rejected);
            }
            mean_version!(connection, &id, version, now);
            insert_audit!(self, connection, entry, format!("{name}#{version}"), now);
        });
        self.edited_set(organization_id, name).await
    }

    /// A set after it was changed.
    async fn edited_set(&self, organization_id: &str, name: &str) -> Result<Edited, StoreError> {
        // Somebody else may have deleted it meanwhile.
        let set = self.value_set(organization_id, name).await?;
        Ok(set.map_or(Edited::Unknown, |set| Edited::Done { set, changed: true }))
    }

    /// Deletes a name; returns whether it existed. Its versions stay, and restoring one brings it back.
    #[boxed]
    pub async fn delete_value_set(
        &self,
        organization_id: &str,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(writing!(self, connection => {
            let done = sqlx::query("update value_sets set deleted_at = $1, updated_at = $1 where organization_id = $2 and name = $3 and deleted_at is null")
                .bind(now.0).bind(organization_id).bind(name).execute(&mut *connection).await?.rows_affected();
            if done == 1 {
                sqlx::query("update value_set_versions set unused_since = $1 where unused_since is null and deleted_at is null \
                     and value_set_id = (select id from value_sets where organization_id = $2 and name = $3)")
                    .bind(now.0).bind(organization_id).bind(name).execute(&mut *connection).await?;
                insert_audit!(self, connection, entry, name, now);
            }
            done == 1
        }))
    }

    /// The value sets of an organization, in the order in which they were made.
    #[boxed]
    pub async fn value_sets(&self, organization_id: &str) -> Result<Vec<ValueSet>, StoreError> {
        let sql = format!("{SETS} order by s.id");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).fetch_all(&mut *connection).await?),
        )
    }

    /// One value set that is there.
    #[boxed]
    pub async fn value_set(&self, organization_id: &str, name: &str) -> Result<Option<ValueSet>, StoreError> {
        let sql = format!("{SETS} and s.name = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(name).fetch_optional(&mut *connection).await?
        }))
    }

    /// The versions of a value set, also of one that was deleted, the newest first, older than `before`.
    #[boxed]
    pub async fn value_set_versions(
        &self,
        organization_id: &str,
        name: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<ValueSetVersion>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select v.version, v.digest, t.entries, t.bytes, (s.deleted_at is null and s.version = v.version) as is_current, v.created_by, v.created_at, v.deleted_at \
                 from value_sets s join value_set_versions v on v.value_set_id = s.id join value_tables t on t.digest = v.digest \
                 where s.organization_id = $1 and s.name = $2 and v.version < $3 order by v.version desc limit $4")
                .bind(organization_id).bind(name).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// The canonical form of a table; none where it is not there, or was deleted.
    #[boxed]
    pub async fn value_table(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar("select body from value_tables where digest = $1 and 0 < length(body)").bind(digest).fetch_optional(&mut *connection).await?
        }))
    }

    /// Whether a table was deleted at the end of its retention.
    #[boxed]
    pub async fn is_table_deleted(&self, digest: &str) -> Result<bool, StoreError> {
        let deleted: Option<String> = reading!(self, connection => {
            sqlx::query_scalar("select digest from value_tables where digest = $1 and length(body) = 0").bind(digest).fetch_optional(&mut *connection).await?
        });
        Ok(deleted.is_some())
    }
}
