//! Bulk jobs (L9): what a person has done with many submissions. A job's row says what it is about, what was done and where it stands; a
//! piece of its work changes submissions and the row in one commit, so that whoever goes on after a crash neither repeats nor leaves out
//! any. Its host is who works on it; it does so as long as it lives, which its heartbeat says, and the revision fences what comes late.

mod candidates;
mod changes;
mod reposts;

pub use candidates::BulkCandidate;
pub use changes::SubmissionChange;
pub use reposts::{EditedLead, Repost};

use super::audit::AuditEntry;
use super::organizations::LOCK_ORGANIZATION;
use super::requests::before_or_end;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::bulk::{BulkCursor, BulkFilter, BulkJobState, BulkOperation, OpenJob};
use hookmill_domain::clock::Timestamp;

/// How many jobs that are due are looked at at once, of all organizations.
const DUE_MAX: i64 = 1_000;

/// A bulk job.
#[derive(Debug, Clone)]
pub struct BulkJob {
    /// Its organization.
    pub organization_id: String,
    /// Its id.
    pub id: String,
    /// What is done, as it is stored.
    pub operation: String,
    /// Which submissions, as JSON, but for their ids.
    pub filter: Vec<u8>,
    /// How many ids the filter names.
    pub id_count: i64,
    /// The campaigns that it may reach, a JSON list of the ids that users know; none for all.
    pub campaigns: Option<Vec<u8>>,
    /// Who asked for it.
    pub user_id: String,
    /// How it stands, as it is stored.
    pub state: String,
    /// How often it was written (fencing).
    pub revision: i64,
    /// Who works on it; empty for none.
    pub host: String,
    /// How many submissions matched when it was created.
    pub total: i64,
    /// Whether that is an estimate.
    pub is_total_estimated: bool,
    /// Submissions with which it was done.
    pub done: i64,
    /// Submissions with which it can't be done, or that had moved on.
    pub skipped: i64,
    /// Submissions that the database does not take.
    pub failed: i64,
    /// Why it failed itself.
    pub error: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When a host began it.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Where it stands, a JSON object.
    pub cursor: Vec<u8>,
}
from_row!(BulkJob {
    organization_id,
    id,
    operation,
    filter,
    id_count,
    campaigns,
    user_id,
    state,
    revision,
    host,
    total,
    is_total_estimated,
    done,
    skipped,
    failed,
    error,
    created_at,
    started_at,
    ended_at,
    cursor
});

/// A bulk job that is created.
#[derive(Debug, Clone)]
pub struct NewBulkJob<'a> {
    /// What is done.
    pub operation: BulkOperation,
    /// Which submissions.
    pub filter: &'a BulkFilter,
    /// The campaigns that it may reach, by the ids that users know; none for all.
    pub campaigns: Option<&'a [String]>,
    /// How many submissions match.
    pub total: i64,
    /// Whether that is an estimate.
    pub is_total_estimated: bool,
}

/// For whom submissions are changed.
#[derive(Debug, Clone, Copy)]
pub enum AskedBy<'a> {
    /// A person, who names one submission: its line in the audit log is written with it. If `must_change`, nothing is written where nothing
    /// is changed.
    Person {
        /// What the line says.
        entry: &'a AuditEntry,
        /// The submission.
        subject: &'a str,
        /// Whether there is no line without a change.
        must_change: bool,
    },
    /// A bulk job, as far as it has come.
    Job(&'a Piece<'a>),
}

/// A piece of a bulk job's work, beside the submissions that it changes.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The job as its host saw it.
    pub job: &'a BulkJob,
    /// Where it stands after this.
    pub cursor: &'a BulkCursor,
    /// How many submissions of the piece match; those that are not changed are skipped.
    pub matched: usize,
    /// How many of them the database does not take.
    pub failed: usize,
}

/// What was written.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The submissions that were changed or made, each with the shard that covers its work.
    pub submissions: Vec<(String, u16)>,
    /// How long the database took for it, but for the commit itself, in milliseconds.
    pub elapsed_ms: u64,
}

impl BulkJob {
    /// What is done.
    pub fn operation(&self) -> Result<BulkOperation, StoreError> {
        BulkOperation::parse(&self.operation).ok_or_else(|| self.corrupt(format!("no operation `{}`", self.operation)))
    }

    /// How it stands.
    pub fn state(&self) -> Result<BulkJobState, StoreError> {
        BulkJobState::parse(&self.state).ok_or_else(|| self.corrupt(format!("no state `{}`", self.state)))
    }

    /// Which submissions, but for their ids.
    pub fn filter(&self) -> Result<BulkFilter, StoreError> {
        serde_json::from_slice(&self.filter).map_err(|error| self.corrupt(error))
    }

    /// The campaigns that it may reach, by the ids that users know; none for all.
    pub fn campaigns(&self) -> Result<Option<Vec<String>>, StoreError> {
        let list = self.campaigns.as_deref().map(serde_json::from_slice).transpose();
        list.map_err(|error| self.corrupt(error))
    }

    /// Where it stands.
    pub fn cursor(&self) -> Result<BulkCursor, StoreError> {
        BulkCursor::from_bytes(&self.cursor).map_err(|error| self.corrupt(error))
    }

    fn corrupt(&self, reason: impl ToString) -> StoreError {
        StoreError::corrupt("bulk_jobs", &self.id, reason)
    }
}

impl AskedBy<'_> {
    /// Whether nothing is to be written where nothing is changed.
    fn must_change(&self) -> bool {
        matches!(self, Self::Person { must_change: true, .. })
    }
}

const COLUMNS: &str = "organization_id, id, operation, filter, id_count, campaigns, user_id, state, revision, host, total, is_total_estimated, done, skipped, failed, error, \
     created_at, started_at, ended_at, cursor";
/// A piece holds its job's row until it is written: who cancels the job waits for that, and a host that lost the job finds that it did.
const HOLD: &str = "update bulk_jobs set revision = revision + 1 where organization_id = $1 and id = $2 and revision = $3 and run_at is not null returning revision";
const NOTE: &str = "update bulk_jobs set done = done + $1, skipped = skipped + $2, failed = failed + $3, cursor = $4 where organization_id = $5 and id = $6";

/// Begins to change submissions: the job must still be this host's; a person leaves a line.
macro_rules! begin_step {
    ($store:expr, $connection:expr, $by:expr, $now:expr) => {
        match $by {
            $crate::bulk_jobs::AskedBy::Person { entry, subject, .. } => {
                insert_audit!($store, $connection, entry, subject, $now);
            }
            $crate::bulk_jobs::AskedBy::Job(piece) => {
                let held: Option<i64> = sqlx::query_scalar($crate::bulk_jobs::HOLD)
                    .bind(&piece.job.organization_id)
                    .bind(&piece.job.id)
                    .bind(piece.job.revision)
                    .fetch_optional(&mut *$connection)
                    .await?;
                if held.is_none() {
                    return Ok(None);
                }
            }
        }
    };
}
use begin_step;

/// Ends it: so many submissions were changed.
macro_rules! end_step {
    ($connection:expr, $by:expr, $changed:expr) => {
        if $changed == 0 && $by.must_change() {
            return Ok(None);
        }
        if let $crate::bulk_jobs::AskedBy::Job(piece) = $by {
            let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
            sqlx::query($crate::bulk_jobs::NOTE)
                .bind(count($changed))
                .bind(count(piece.matched.saturating_sub($changed + piece.failed)))
                .bind(count(piece.failed))
                .bind(piece.cursor.to_bytes())
                .bind(&piece.job.organization_id)
                .bind(&piece.job.id)
                .execute(&mut *$connection)
                .await?;
        }
    };
}
use end_step;

impl Store {
    /// Creates a bulk job of whoever asks; none where the organization has `bulk_jobs_open_max` that are not over. Of those that are over, the
    /// newest are kept.
    #[boxed]
    pub async fn create_bulk_job(
        &self,
        organization_id: &str,
        new: &NewBulkJob<'_>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<BulkJob>, StoreError> {
        const OPEN: &str = "select count(*) from bulk_jobs where organization_id = $1 and ended_at is null";
        const OLD: &str = "delete from bulk_jobs where organization_id = $1 and run_at is null \
            and id <= (select id from bulk_jobs where organization_id = $1 order by id desc limit 1 offset $2)";
        let sql = format!(
            "insert into bulk_jobs (organization_id, id, operation, filter, id_count, campaigns, user_id, state, revision, host, run_at, total, is_total_estimated, \
             done, skipped, failed, created_at, cursor, ids) values ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, '', $8, $9, $10, 0, 0, 0, $8, $11, $12) returning {COLUMNS}"
        );
        let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
        let id = self.ids.new_id("bulk", now);
        let NewBulkJob { operation, filter, campaigns, total, is_total_estimated } = new;
        let ids = (!filter.ids.is_empty()).then(|| json(serde_json::to_vec(&filter.ids)));
        let id_count = i64::try_from(filter.ids.len()).unwrap_or(i64::MAX);
        let without_ids = json(serde_json::to_vec(&BulkFilter { ids: Vec::new(), ..(*filter).clone() }));
        let campaigns = campaigns.map(|list| json(serde_json::to_vec(list)));
        let cursor = BulkCursor::default().to_bytes();
        Ok(writing!(self, connection => {
            // Two that are created at once are counted one after the other.
            sqlx::query(LOCK_ORGANIZATION).bind(organization_id).execute(&mut *connection).await?;
            let open: i64 = sqlx::query_scalar(OPEN).bind(organization_id).fetch_one(&mut *connection).await?;
            if self.limits.bulk_jobs_open_max <= open {
                return Ok(None);
            }
            let job: BulkJob = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(&id).bind(operation.as_str()).bind(without_ids.as_slice())
                .bind(id_count).bind(campaigns.as_deref()).bind(&entry.user_id).bind(now.0).bind(*total).bind(*is_total_estimated).bind(cursor.as_slice())
                .bind(ids.as_deref()).fetch_one(&mut *connection).await?;
            sqlx::query(OLD).bind(organization_id).bind(self.limits.bulk_jobs_rows_max).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &id, now);
            Some(job)
        }))
    }

    /// The bulk jobs of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn bulk_jobs(&self, organization_id: &str, before: &str, limit: i64) -> Result<Vec<BulkJob>, StoreError> {
        let sql =
            format!("select {COLUMNS} from bulk_jobs where organization_id = $1 and id < $2 order by id desc limit $3");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before_or_end(before)).bind(limit)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// A bulk job of an organization.
    #[boxed]
    pub async fn bulk_job(&self, organization_id: &str, id: &str) -> Result<Option<BulkJob>, StoreError> {
        let sql = format!("select {COLUMNS} from bulk_jobs where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The ids that the filter of a bulk job names.
    #[boxed]
    pub async fn bulk_job_ids(&self, organization_id: &str, id: &str) -> Result<Vec<String>, StoreError> {
        let found: Option<Option<Vec<u8>>> = reading!(self, connection => {
            sqlx::query_scalar("select ids from bulk_jobs where organization_id = $1 and id = $2").bind(organization_id).bind(id)
                .fetch_optional(&mut *connection).await?
        });
        let Some(list) = found.flatten() else { return Ok(Vec::new()) };
        serde_json::from_slice(&list).map_err(|error| StoreError::corrupt("bulk_jobs", id, error))
    }

    /// Cancels a bulk job between two pieces; what was done stays. None when it is over.
    #[boxed]
    pub async fn cancel_bulk_job(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<BulkJob>, StoreError> {
        let sql = format!(
            "update bulk_jobs set state = 'canceled', ended_at = $1, run_at = null, host = '', revision = revision + 1 \
             where organization_id = $2 and id = $3 and run_at is not null returning {COLUMNS}"
        );
        Ok(writing!(self, connection => {
            let canceled: Option<BulkJob> = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(now.0).bind(organization_id).bind(id)
                .fetch_optional(&mut *connection).await?;
            if canceled.is_some() {
                insert_audit!(self, connection, entry, id, now);
            }
            canceled
        }))
    }

    /// The bulk jobs that are due, of all organizations, those that have waited longest first.
    #[boxed]
    pub async fn due_bulk_jobs(&self, now: Timestamp) -> Result<Vec<OpenJob>, StoreError> {
        const SQL: &str =
            "select organization_id, id, state, host from bulk_jobs where run_at <= $1 order by run_at limit $2";
        let rows: Vec<(String, String, String, String)> = reading!(self, connection => {
            sqlx::query_as(SQL).bind(now.0).bind(DUE_MAX).fetch_all(&mut *connection).await?
        });
        let open = rows.into_iter().map(|(organization_id, id, state, host)| {
            let is_running = state == BulkJobState::Running.as_str();
            OpenJob { organization_id, id, is_running, host }
        });
        Ok(open.collect())
    }

    /// Takes a bulk job for this host, from nobody or from a host that died; returns whether nobody else was quicker.
    #[boxed]
    pub async fn take_bulk_job(&self, job: &OpenJob, host: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "update bulk_jobs set state = 'running', host = $1, revision = revision + 1, started_at = coalesce(started_at, $2) \
            where organization_id = $3 and id = $4 and host = $5 and run_at is not null";
        Ok(0 < writing!(self, Class::Housekeeping, connection => {
            sqlx::query(SQL).bind(host).bind(now.0).bind(&job.organization_id).bind(&job.id).bind(&job.host)
                .execute(&mut *connection).await?.rows_affected()
        }))
    }

    /// Leaves the bulk jobs of this host to others: it stops.
    #[boxed]
    pub async fn release_bulk_jobs(&self, host: &str) -> Result<(), StoreError> {
        writing!(self, Class::Housekeeping, connection => {
            sqlx::query("update bulk_jobs set host = '' where run_at is not null and host = $1").bind(host).execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// Notes a piece that changes no submission. Nothing is written where the job is no longer this host's; returns whether it was.
    pub async fn pass_bulk_piece(&self, piece: &Piece<'_>, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change_submissions(&[], "", b"", AskedBy::Job(piece), now).await?.is_some())
    }

    /// Ends a bulk job that has looked at everything; what was counted and not met had moved on.
    pub async fn complete_bulk_job(
        &self,
        job: &BulkJob,
        cursor: &BulkCursor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.end_bulk_job(job, BulkJobState::Completed, Some(cursor), None, now).await
    }

    /// Ends a bulk job that can't go on, and says why.
    pub async fn fail_bulk_job(&self, job: &BulkJob, error: &str, now: Timestamp) -> Result<(), StoreError> {
        self.end_bulk_job(job, BulkJobState::Failed, None, Some(error), now).await
    }

    #[boxed]
    async fn end_bulk_job(
        &self,
        job: &BulkJob,
        state: BulkJobState,
        cursor: Option<&BulkCursor>,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "update bulk_jobs set state = $1, error = $2, ended_at = $3, run_at = null, host = '', revision = revision + 1, cursor = coalesce($4, cursor), \
            skipped = case when $1 = 'completed' and not is_total_estimated and done + skipped + failed < total then total - done - failed else skipped end \
            where organization_id = $5 and id = $6 and revision = $7 and run_at is not null";
        writing!(self, Class::Housekeeping, connection => {
            sqlx::query(SQL).bind(state.as_str()).bind(error).bind(now.0).bind(cursor.map(BulkCursor::to_bytes))
                .bind(&job.organization_id).bind(&job.id).bind(job.revision).execute(&mut *connection).await?;
        });
        Ok(())
    }
}
