//! Erasing persons (L12): who is to be erased, how far that is, and the receipt of it. An erasure first marks what it is to erase
//! (`marks`); the owner of each marked submission erases it once nothing of it is under way (`erase`); at the end the person's lead goes
//! (`finish`). Each of them is a commit that bears to be done again after a crash.

mod erase;
mod finish;
mod marks;
mod requests;

use super::audit::AuditEntry;
use super::organizations::LOCK_ORGANIZATION;
use super::requests::before_or_end;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

pub use erase::{ErasedBody, ErasedSubmission, ErasurePiece};
pub use marks::{MarkedDelivery, MarkedSubmission, UnmappedSubmission};
pub use requests::{ErasableRequest, RejectedElements, RequestElement, RequestOrigin};

/// What the encrypted persons are for.
pub(super) const PURPOSE: &str = "erasure";
/// How many things of one kind a receipt names.
const NOTES_SHOWN_MAX: i64 = 100;

/// An erasure as the API shows it.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Its id.
    pub id: String,
    /// Who asked for it.
    pub user_id: String,
    /// A hash of the address by which the person was named.
    pub person_hash: Vec<u8>,
    /// When it was asked for: what came later is another person's.
    pub requested_at: i64,
    /// When nothing was left to be done; none while it is under way.
    pub finished_at: Option<i64>,
    /// Where its search stands, a JSON object.
    pub progress: Vec<u8>,
}
from_row!(Erasure { id, user_id, person_hash, requested_at, finished_at, progress });

/// An erasure that is to be gone on with.
#[derive(Debug, Clone)]
pub struct OpenErasure {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The person, a JSON object.
    pub person: Vec<u8>,
    /// Where its search stands, a JSON object.
    pub progress: Vec<u8>,
}

struct OpenRow {
    id: String,
    organization_id: String,
    requested_at: i64,
    encrypted_person: Option<Vec<u8>>,
    progress: Vec<u8>,
}
from_row!(OpenRow { id, organization_id, requested_at, encrypted_person, progress });

/// What an erasure came to so far.
#[derive(Debug, Clone)]
pub struct ErasureDetails {
    /// The erasure.
    pub erasure: Erasure,
    /// How much was erased, by kind.
    pub counts: Vec<(String, i64)>,
    /// What is to be known of it, as kind and id; the first of each kind.
    pub notes: Vec<(String, String)>,
    /// The submissions that are still to be erased, with their states; the first of them.
    pub under_way: Vec<(String, String)>,
}

/// A new erasure.
#[derive(Debug, Clone)]
pub struct NewErasure<'a> {
    /// Its organization.
    pub organization_id: &'a str,
    /// A hash of the address by which the person is named.
    pub person_hash: [u8; 32],
    /// The person, a JSON object.
    pub person: &'a [u8],
    /// Where its search begins, a JSON object.
    pub progress: &'a [u8],
}

/// Counts what an erasure has erased.
macro_rules! count_erased {
    ($connection:expr, $organization_id:expr, $erasure_id:expr, $counts:expr) => {
        for (name, count) in $counts {
            if 0 < count {
                sqlx::query($crate::erasures::COUNT)
                    .bind($organization_id)
                    .bind($erasure_id)
                    .bind(name)
                    .bind(count)
                    .execute(&mut *$connection)
                    .await?;
            }
        }
    };
}
use count_erased;

/// Notes something that whoever asked for an erasure is to know.
macro_rules! note_erased {
    ($connection:expr, $organization_id:expr, $erasure_id:expr, $kind:expr, $subjects:expr) => {
        for subject in $subjects {
            sqlx::query($crate::erasures::NOTE)
                .bind($organization_id)
                .bind($erasure_id)
                .bind($kind)
                .bind(subject)
                .execute(&mut *$connection)
                .await?;
        }
    };
}
use note_erased;

const COUNT: &str = "insert into erasure_counts (organization_id, erasure_id, name, count) values ($1, $2, $3, $4) \
     on conflict (organization_id, erasure_id, name) do update set count = erasure_counts.count + excluded.count";
const NOTE: &str = "insert into erasure_notes (organization_id, erasure_id, kind, subject) values ($1, $2, $3, $4) on conflict do nothing";
const COLUMNS: &str = "select id, user_id, person_hash, requested_at, finished_at, progress from erasures";

impl Store {
    /// Notes that a person is to be erased; none where so many erasures of the organization are under way that there is no room for another.
    #[boxed]
    pub async fn begin_erasure(
        &self,
        new: &NewErasure<'_>,
        under_way_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        const UNDER_WAY: &str = "select count(*) from erasures where organization_id = $1 and finished_at is null";
        const NEW: &str = "insert into erasures (organization_id, id, user_id, person_hash, encrypted_person, requested_at, progress) \
             values ($1, $2, $3, $4, $5, $6, $7)";
        let (id, encrypted) = (self.ids.new_id("era", now), self.encrypt(PURPOSE, new.person));
        Ok(writing!(self, connection => {
            // Two that begin at once are counted one after the other.
            sqlx::query(LOCK_ORGANIZATION).bind(new.organization_id).execute(&mut *connection).await?;
            let under_way: i64 = sqlx::query_scalar(UNDER_WAY).bind(new.organization_id).fetch_one(&mut *connection).await?;
            if under_way_max <= under_way {
                return Ok(None);
            }
            sqlx::query(NEW).bind(new.organization_id).bind(&id).bind(&entry.user_id).bind(new.person_hash.as_slice()).bind(encrypted.as_slice())
                .bind(now.0).bind(new.progress).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &id, now);
            Some(id)
        }))
    }

    /// Notes that a person's data was exported.
    #[boxed]
    pub async fn note_export(&self, subject: &str, entry: &AuditEntry, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            insert_audit!(self, connection, entry, subject, now);
        });
        Ok(())
    }

    /// The erasures of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn erasures(&self, organization_id: &str, before: &str, limit: i64) -> Result<Vec<Erasure>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id < $2 order by id desc limit $3");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before_or_end(before)).bind(limit)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// An erasure, and what it came to so far.
    #[boxed]
    pub async fn erasure(&self, organization_id: &str, id: &str) -> Result<Option<ErasureDetails>, StoreError> {
        const COUNTS: &str =
            "select name, count from erasure_counts where organization_id = $1 and erasure_id = $2 order by name";
        const NOTES: &str = "select kind, subject from (select kind, subject, row_number() over (partition by kind order by subject) as place \
             from erasure_notes where organization_id = $1 and erasure_id = $2) as n where place <= $3 order by kind, subject";
        const MARKED: &str = "select id, state from submissions where erasure_id = $1 and erasure_id is not null and erased_at is null limit $2";
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            let found: Option<Erasure> = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id)
                .fetch_optional(&mut *connection).await?;
            let Some(erasure) = found else { return Ok(None) };
            let under_way = sqlx::query_as(MARKED).bind(id).bind(NOTES_SHOWN_MAX).fetch_all(&mut *connection).await?;
            let counts = sqlx::query_as(COUNTS).bind(organization_id).bind(id).fetch_all(&mut *connection).await?;
            let notes = sqlx::query_as(NOTES).bind(organization_id).bind(id).bind(NOTES_SHOWN_MAX).fetch_all(&mut *connection).await?;
            Some(ErasureDetails { erasure, counts, notes, under_way })
        }))
    }

    /// When an erasure ended; none while it is under way.
    pub async fn erasure_finished_at(&self, organization_id: &str, id: &str) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "select finished_at from erasures where organization_id = $1 and id = $2";
        let found: Option<Option<i64>> = reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        });
        Ok(found.flatten())
    }

    /// The erasures that are under way, so many at most.
    #[boxed]
    pub async fn erasures_under_way(&self, limit: i64) -> Result<Vec<OpenErasure>, StoreError> {
        const SQL: &str = "select id, organization_id, requested_at, encrypted_person, progress from erasures where finished_at is null \
             order by organization_id, id limit $1";
        let rows: Vec<OpenRow> = reading!(self, connection => {
            sqlx::query_as(SQL).bind(limit).fetch_all(&mut *connection).await?
        });
        let open = rows.into_iter().map(|row| {
            let encrypted = row.encrypted_person.unwrap_or_default();
            Ok(OpenErasure {
                person: self.decrypt(PURPOSE, "erasures", &row.id, &encrypted)?,
                id: row.id,
                organization_id: row.organization_id,
                requested_at: Timestamp(row.requested_at),
                progress: row.progress,
            })
        });
        open.collect()
    }

    /// Keeps where the search of an erasure stands, and who the person is where more is known by now.
    #[boxed]
    pub async fn save_erasure(
        &self,
        erasure: &OpenErasure,
        person: Option<&[u8]>,
        progress: &[u8],
    ) -> Result<(), StoreError> {
        const SQL: &str = "update erasures set progress = $1, encrypted_person = coalesce($2, encrypted_person) \
             where organization_id = $3 and id = $4 and finished_at is null";
        let encrypted = person.map(|person| self.encrypt(PURPOSE, person));
        writing!(self, Class::Housekeeping, connection => {
            sqlx::query(SQL).bind(progress).bind(encrypted.as_deref()).bind(&erasure.organization_id).bind(&erasure.id)
                .execute(&mut *connection).await?;
        });
        Ok(())
    }
}
