//! What was recorded of a submission's last run (P8): enough to run it again as it was run.

use super::work::SubmissionWork;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// What a plugin takes for now, and the id it has of its run: a replay gives it the same.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// The id.
    pub id: String,
    /// When it begins.
    pub at: Timestamp,
}

/// The last run of a submission, and what it led to.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its id.
    pub run_id: String,
    /// When it began; its plugin took this for now.
    pub began_at: i64,
    /// The state it led to.
    pub state: String,
    /// Why, in one word.
    pub cause: String,
    /// Facts, a JSON object.
    pub detail: Option<Vec<u8>>,
}
from_row!(RunRow { run_id, began_at, state, cause, detail });

impl RunRow {
    /// As its plugin saw it begin.
    pub fn start(&self) -> RunStart {
        RunStart { id: self.run_id.clone(), at: Timestamp(self.began_at) }
    }
}

impl Store {
    /// The last run of a submission; none before its first: what its campaign's state decides is decided without one. A submission that was made in its parent's run began with that.
    #[boxed]
    pub async fn last_run(
        &self,
        organization_id: &str,
        submission_id: &str,
        parent_id: Option<&str>,
    ) -> Result<Option<RunRow>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select t.run_id, coalesce(t.began_at, (select p.began_at from timeline p where p.organization_id = $1 and p.submission_id = $3 and p.run_id = t.run_id), t.at) \
                 as began_at, t.state, t.cause, t.detail from timeline t where t.organization_id = $1 and t.submission_id = $2 and t.run_id is not null and t.cause not in ('campaign_draft', 'campaign_paused', 'campaign_archived', 'expired') order by t.revision desc limit 1")
                .bind(organization_id).bind(submission_id).bind(parent_id.unwrap_or_default()).fetch_optional(&mut *connection).await?
        }))
    }

    /// A submission as it is taken up, whether it is due or not.
    #[boxed]
    pub async fn submission_work(&self, organization_id: &str, id: &str) -> Result<Option<SubmissionWork>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, request_id, organization_id, campaign_key, parent_id, shard, element_start, element_bytes, revision, received_at, coalesce(run_at, 0) as run_at, \
                 state, lead_id, kept, queued_at \
                 from submissions where organization_id = $1 and id = $2")
                .bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }
}
