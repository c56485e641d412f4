//! Releases waiting work: sets when submissions and deliveries are due, in pieces, and notifies the owners of their shards.

use super::counts::{CountChanges, insert_count_changes};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::Change;

/// How many rows one commit of a release changes.
const ROWS_PER_COMMIT: i64 = 1_000;

/// Which waiting submissions of a campaign are released.
#[derive(Debug, Clone, Copy)]
pub enum Release {
    /// Those that wait for the campaign to be active or to have a client.
    Pending,
    /// Those in quarantine.
    Quarantined,
}

/// The lines of submissions that are received again. They are written after the rows were changed: of two that release the same ones at
/// the same moment, only the one that changed a row writes its line.
macro_rules! insert_received {
    ($connection:expr, $released:expr, $cause:expr, $now:expr) => {
        insert_many!(
            $connection,
            "insert into timeline (organization_id, submission_id, revision, at, state, cause) values",
            "(?, ?, ?, ?, 'received', ?)",
            "",
            $released,
            |query, row| query.bind(&row.0).bind(&row.1).bind(row.2).bind($now.0).bind($cause)
        )
    };
}

impl Store {
    /// Releases submissions of a campaign that came to another state; returns how many. Submissions that begin to wait meanwhile stay: only
    /// those that waited before are released.
    pub async fn release_submissions(
        &self,
        campaign_key: &str,
        which: Release,
        cause: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let change = match which {
            Release::Pending => Change::RELEASE,
            Release::Quarantined => Change::REPROCESS,
        };
        let (before, after) = (change.from().as_str(), change.to().as_str());
        // In the order of arrival, and in one order for all hosts, so that two that release the same ones never wait in a circle.
        let sql = format!(
            "update submissions set state = '{after}', run_at = received_at, revision = revision + 1, updated_at = $1 where campaign_key = $2 and id in \
             (select id from submissions where campaign_key = $2 and state = '{before}' and updated_at <= $1 order by id limit $3) \
             and state = '{before}' returning organization_id, id, revision, shard"
        );
        let mut count = 0;
        loop {
            let released: Vec<(String, String, i64, i64)> = writing!(self, connection => {
                let released: Vec<(String, String, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(now.0).bind(campaign_key)
                    .bind(ROWS_PER_COMMIT).fetch_all(&mut *connection).await?;
                insert_received!(connection, &released, cause, now);
                let mut counts = CountChanges::default();
                released.iter().for_each(|row| counts.change(&row.0, campaign_key, change));
                insert_count_changes!(self, connection, counts, now);
                released
            });
            count += released.len() as u64;
            self.signal_shards(&released.iter().filter_map(|row| u16::try_from(row.3).ok()).collect::<Vec<_>>())
                .await?;
            if i64::try_from(released.len()).unwrap_or(i64::MAX) < ROWS_PER_COMMIT {
                return Ok(count);
            }
        }
    }

    /// Makes the held deliveries of a campaign due: it was activated, or it was archived and they are to be canceled. Returns how many.
    #[boxed]
    pub async fn release_deliveries(&self, campaign_key: &str, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "update deliveries set state = 'waiting', run_at = $1, updated_at = $1 where campaign_key = $2 and id in \
            (select id from deliveries where campaign_key = $2 and state = 'held' and state <> 'delivered' order by id limit $3) and state = 'held' and state <> 'delivered' returning shard";
        let mut count = 0;
        loop {
            let shards: Vec<i64> = writing!(self, connection => {
                sqlx::query_scalar(SQL).bind(now.0).bind(campaign_key).bind(ROWS_PER_COMMIT).fetch_all(&mut *connection).await?
            });
            count += shards.len() as u64;
            self.signal_shards(&shards.iter().filter_map(|shard| u16::try_from(*shard).ok()).collect::<Vec<_>>())
                .await?;
            if i64::try_from(shards.len()).unwrap_or(i64::MAX) < ROWS_PER_COMMIT {
                return Ok(count);
            }
        }
    }
}
