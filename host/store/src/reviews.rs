//! Submissions that wait for a person to decide about them (L4).

use super::submissions::first_within;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// The first rows of what was asked for, which have no more bytes than asked for.
#[derive(Debug, Clone)]
pub struct Within<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether rows were left out for their bytes.
    pub is_cut: bool,
}

/// A submission that waits for a person.
#[derive(Debug, Clone)]
pub struct ReviewRow {
    /// The submission.
    pub id: String,
    /// The campaign's id as its users know it.
    pub campaign_id: String,
    /// In which order it is listed, the smallest first.
    pub review_priority: i64,
    /// When the submission was received.
    pub received_at: i64,
    /// Since when it waits for a person.
    pub since: i64,
    /// Why a person has to decide, in one word.
    pub cause: Option<String>,
    /// More about the cause, a JSON object.
    pub detail: Option<Vec<u8>>,
    /// The person.
    pub lead_id: Option<String>,
    /// The lead.
    pub lead: Option<Vec<u8>>,
}
from_row!(ReviewRow { id, campaign_id, review_priority, received_at, since, cause, detail, lead_id, lead });

/// Whose reviews are listed.
#[derive(Debug, Clone)]
pub enum ReviewsOf {
    /// An organization's.
    Organization(String),
    /// A campaign's (the store's id).
    Campaign(String),
}

/// The place of a review in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPlace {
    /// Its priority.
    pub priority: i64,
    /// Its submission.
    pub submission_id: String,
}

impl ReviewPlace {
    /// Before all reviews.
    pub fn start() -> Self {
        Self { priority: i64::MIN, submission_id: String::new() }
    }
}

impl Store {
    /// Reviews after this place, by priority, and those of one priority in the order in which their submissions were received. As many as have `bytes_max` bytes of
    /// leads together, and one in any case.
    #[boxed]
    pub async fn reviews(
        &self,
        of: &ReviewsOf,
        after: &ReviewPlace,
        limit: i64,
        bytes_max: i64,
    ) -> Result<Within<ReviewRow>, StoreError> {
        let (owner, owner_id) = match of {
            ReviewsOf::Organization(id) => ("organization_id", id),
            ReviewsOf::Campaign(key) => ("campaign_key", key),
        };
        let which = format!(
            "where s.{owner} = $1 and s.state = 'pending_action' and s.review_priority is not null and (s.review_priority, s.id) > ($2, $3) \
             order by s.review_priority, s.id limit $4"
        );
        let sizes = format!("select cast(coalesce(length(s.lead), 0) as bigint) from submissions s {which}");
        // What came last says why a person has to decide.
        let rows = format!(
            "select s.id, c.campaign_id, s.review_priority, s.received_at, s.updated_at as since, t.cause, t.detail, s.lead_id, s.lead from submissions s \
             join campaigns c on c.campaign_key = s.campaign_key \
             left join timeline t on t.organization_id = s.organization_id and t.submission_id = s.id and t.revision = s.revision {which}"
        );
        let (sizes, rows): (Vec<i64>, Vec<ReviewRow>) = reading!(self, connection => {
            let sizes: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sizes.as_str())).bind(owner_id).bind(after.priority).bind(&after.submission_id).bind(limit)
                .fetch_all(&mut *connection).await?;
            let rows = sqlx::query_as(sqlx::AssertSqlSafe(rows.as_str())).bind(owner_id).bind(after.priority).bind(&after.submission_id).bind(i64::try_from(first_within(&sizes, bytes_max)).unwrap_or(i64::MAX))
                .fetch_all(&mut *connection).await?;
            (sizes, rows)
        });
        Ok(Within { rows, is_cut: first_within(&sizes, bytes_max) < sizes.len() })
    }
}
