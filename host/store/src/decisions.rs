//! The decisions about a campaign's newest submissions, with their sources (M4, P4).

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// A submission with a decision.
#[derive(Debug, Clone)]
pub struct DecisionRow {
    /// The submission.
    pub id: String,
    /// The source key that sent it.
    pub source_key_id: String,
    /// That key's name; none when the key is gone.
    pub source_name: Option<String>,
    /// The verdict and the warnings, as JSON.
    pub decision: Vec<u8>,
    /// When it was received.
    pub received_at: i64,
}
from_row!(DecisionRow { id, source_key_id, source_name, decision, received_at });

impl Store {
    /// Those of the newest submissions of a campaign that have a decision, the newest first.
    #[boxed]
    pub async fn newest_decisions(&self, campaign_key: &str, limit: i64) -> Result<Vec<DecisionRow>, StoreError> {
        const SQL: &str = "select s.id, r.source_key_id, k.name as source_name, s.decision, s.received_at from \
            (select id, organization_id, request_id, decision, received_at from submissions where campaign_key = $1 order by id desc limit $2) s \
            join requests r on r.organization_id = s.organization_id and r.id = s.request_id left join source_keys k on k.id = r.source_key_id \
            where s.decision is not null order by s.id desc";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(campaign_key).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}
