//! Submissions and their timeline as the API shows them (O4).

use super::claims::LEASE_MS;
use super::requests::RawRequest;
use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;

/// A submission.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SubmissionRow {
    /// Its id.
    pub id: String,
    /// The request it came with.
    pub request_id: String,
    /// Its organization.
    pub organization_id: String,
    /// The campaign (the store's id).
    pub campaign_id: String,
    /// The campaign's id as its users know it.
    pub public_id: String,
    /// The submission it was made from.
    pub parent_id: Option<String>,
    /// How it stands.
    pub state: String,
    /// How many transitions it has behind it.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// What it ran on.
    pub program_id: Option<String>,
    /// The person.
    pub lead_id: Option<String>,
    /// The mapped lead as JSON.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// The verdict and remarks, a JSON object.
    pub decision: Option<Vec<u8>>,
    /// The tables that were read for it, a JSON object from names to digests.
    pub value_sets: Option<Vec<u8>>,
}

/// A line of a timeline.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TimelineRow {
    /// The number of the transition.
    pub revision: i64,
    /// When.
    pub at: i64,
    /// The state it led to.
    pub state: String,
    /// Why, in one word.
    pub cause: String,
    /// Facts, a JSON object.
    pub detail: Option<Vec<u8>>,
}

const COLUMNS: &str = "select s.id, s.request_id, s.organization_id, s.campaign_id, c.public_id, s.parent_id, s.state, s.revision, s.received_at, s.updated_at, \
     s.program_id, s.lead_id, s.lead, s.is_test, s.decision, s.value_sets from submissions s join campaigns c on c.id = s.campaign_id";

impl Store {
    /// One submission of an organization.
    pub async fn submission(&self, organization_id: &str, id: &str) -> Result<Option<SubmissionRow>, StoreError> {
        let sql = format!("{COLUMNS} where s.organization_id = $1 and s.id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The submissions of a campaign, the newest first, older than `before`; in one state if given.
    pub async fn submissions(
        &self,
        campaign_id: &str,
        state: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<SubmissionRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} where s.campaign_id = $1 and ($2 = '' or s.id < $2) and ($3 = '' or s.state = $3) order by s.id desc limit $4"
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_id).bind(before).bind(state).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// How many submissions of a campaign stand in each state.
    pub async fn submission_counts(&self, campaign_id: &str) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select state, count(*) from submissions where campaign_id = $1 group by state order by state").bind(campaign_id)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// The transitions of a submission after it was received, in order.
    pub async fn timeline(&self, submission_id: &str) -> Result<Vec<TimelineRow>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select revision, at, state, cause, detail from timeline where submission_id = $1 order by revision").bind(submission_id)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// The raw request of a submission, and where in its text the submission's element stands: first byte and length.
    pub async fn element_place(&self, submission_id: &str) -> Result<Option<(RawRequest, i64, i64)>, StoreError> {
        let place: Option<(String, String, i64, i64)> = reading!(self, connection => {
            sqlx::query_as("select organization_id, request_id, element_start, element_bytes from submissions where id = $1").bind(submission_id)
                .fetch_optional(&mut *connection).await?
        });
        let Some((organization_id, request_id, start, bytes)) = place else { return Ok(None) };
        let request = self.raw_request(&organization_id, &request_id).await?;
        Ok(request.map(|request| (request, start, bytes)))
    }

    /// Whether any work is due or under way.
    pub async fn is_busy_at(&self, now: Timestamp) -> Result<bool, StoreError> {
        let horizon = now.0 + LEASE_MS;
        let (submissions, deliveries): (i64, i64) = reading!(self, connection => {
            // What is claimed is due within the lease; what waits for a later try is not claimed.
            let submissions: i64 = sqlx::query_scalar("select count(*) from submissions where due_at <= $1 or (due_at <= $2 and claim is not null)")
                .bind(now.0).bind(horizon).fetch_one(&mut *connection).await?;
            let deliveries: i64 = sqlx::query_scalar("select count(*) from deliveries where due_at <= $1 or shape_due_at <= $1 \
                 or (claim is not null and (due_at <= $2 or shape_due_at <= $2))")
                .bind(now.0).bind(horizon).fetch_one(&mut *connection).await?;
            (submissions, deliveries)
        });
        Ok(0 < submissions + deliveries)
    }
}
