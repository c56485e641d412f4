//! The submissions that a bulk job may be about, some at a time, in the order in which it goes through them. What they are is read outside
//! of the commit that changes them: that one looks whether they still are.

use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::bulk::Candidate;
use hookmill_domain::state::State;

/// A submission that a bulk job may be about.
#[derive(Debug, Clone)]
pub struct BulkCandidate {
    /// Its id.
    pub id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// Its state, as it is stored.
    pub state: String,
    /// How many transitions it has behind it.
    pub revision: i64,
    /// The shard whose lease covers its work.
    pub shard: i64,
    /// When it was received.
    pub received_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// The cause of its last transition.
    pub cause: Option<String>,
    /// The detail of its last transition, where it was asked for.
    pub detail: Option<Vec<u8>>,
    /// How many bytes its lead has; none where it was not mapped.
    pub lead_bytes: Option<i64>,
    /// Where it goes on when it is taken up next, a JSON object; none where it begins with its element.
    pub kept: Option<Vec<u8>>,
}
from_row!(BulkCandidate {
    id,
    campaign_key,
    state,
    revision,
    shard,
    received_at,
    updated_at,
    cause,
    detail,
    lead_bytes,
    kept
});

impl BulkCandidate {
    /// As a filter looks at it.
    pub fn view(&self) -> Candidate<'_> {
        Candidate {
            state: State::parse(&self.state),
            received_at: self.received_at,
            updated_at: self.updated_at,
            cause: self.cause.as_deref(),
            detail: self.detail.as_deref(),
        }
    }
}

/// What is read of them. The length of a lead is read without it.
fn columns(with_detail: bool) -> String {
    let detail = if with_detail { "t.detail" } else { "cast(null as bytea)" };
    format!(
        "select s.id, s.campaign_key, s.state, s.revision, s.shard, s.received_at, s.updated_at, t.cause, {detail} as detail, \
         cast(length(s.lead) as bigint) as lead_bytes, s.kept"
    )
}

/// The last line of a submission's timeline.
const LINES: &str = "left join timeline t on t.organization_id = s.organization_id and t.submission_id = s.id and t.revision = s.revision";

impl Store {
    /// The next submissions of a campaign in one state, after this id.
    #[boxed]
    pub async fn bulk_candidates(
        &self,
        campaign_key: &str,
        state: State,
        after_id: &str,
        with_detail: bool,
        limit: usize,
    ) -> Result<Vec<BulkCandidate>, StoreError> {
        // The state is a word of ours: written out, the database may use the index of that state's rows.
        let sql = format!(
            "{} from submissions s {LINES} where s.campaign_key = $1 and s.state = '{}' and s.id > $2 order by s.id limit $3",
            columns(with_detail),
            state.as_str()
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(after_id).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// The submissions of an organization with these ids; those that are not there are left out.
    #[boxed]
    pub async fn bulk_candidates_by_id(
        &self,
        organization_id: &str,
        ids: &[&str],
        with_detail: bool,
    ) -> Result<Vec<BulkCandidate>, StoreError> {
        let select = format!(
            ") {} from v join submissions s on s.organization_id = v.organization_id and s.id = v.id {LINES}",
            columns(with_detail)
        );
        let mut found = select_many!(self, query_as as BulkCandidate, &select, organization_id, ids);
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }
}
