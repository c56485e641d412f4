//! Submissions and their timeline as the API shows them (O4).

use super::requests::RawRequest;
use super::search::last_cause;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::state::State;
use std::collections::HashMap;

/// A submission.
#[derive(Debug, Clone)]
pub struct SubmissionRow {
    /// Its id.
    pub id: String,
    /// The request that it belongs to.
    pub request_id: String,
    /// Its organization.
    pub organization_id: String,
    /// The campaign (the store's id).
    pub campaign_key: String,
    /// The campaign's id as its users know it.
    pub campaign_id: String,
    /// The submission it was made from.
    pub parent_id: Option<String>,
    /// The state.
    pub state: String,
    /// Why it is in that state, in one word.
    pub cause: String,
    /// How many lines its timeline has: transitions, and what happened between them.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// What it ran on.
    pub campaign_version_id: Option<String>,
    /// The person.
    pub lead_id: Option<String>,
    /// The mapped lead as JSON.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// The verdict and the warnings, a JSON object.
    pub decision: Option<Vec<u8>>,
    /// The tables that were read for it, a JSON object from names to digests.
    pub value_sets: Option<Vec<u8>>,
    /// When its person was erased: nothing of them is left in it.
    pub erased_at: Option<i64>,
}
from_row!(SubmissionRow {
    id,
    request_id,
    organization_id,
    campaign_key,
    campaign_id,
    parent_id,
    state,
    cause,
    revision,
    received_at,
    updated_at,
    campaign_version_id,
    lead_id,
    lead,
    is_test,
    decision,
    value_sets,
    erased_at
});

/// A line of a timeline.
#[derive(Debug, Clone)]
pub struct TimelineRow {
    /// The number of the line.
    pub revision: i64,
    /// When processing began, where it led to this transition.
    pub began_at: Option<i64>,
    /// When.
    pub at: i64,
    /// The state it led to; that of the line before where it says what happened in that state.
    pub state: String,
    /// Why, in one word.
    pub cause: String,
    /// Facts, a JSON object.
    pub detail: Option<Vec<u8>>,
}
from_row!(TimelineRow { revision, began_at, at, state, cause, detail });

impl TimelineRow {
    /// Processing and what it led to are one row; they are two transitions.
    fn with_processing(self) -> Vec<Self> {
        let Some(began_at) = self.began_at else { return vec![self] };
        let processing = Self {
            revision: self.revision - 1,
            began_at: None,
            at: began_at,
            state: State::Processing.as_str().into(),
            cause: "started".into(),
            detail: None,
        };
        vec![processing, self]
    }
}

/// Where a submission is.
#[derive(Debug, Clone)]
pub struct SubmissionPlace {
    /// Its id.
    pub id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// The person, once it was mapped.
    pub lead_id: Option<String>,
    /// The shard whose lease covers its work.
    pub shard: u16,
    /// How many bytes its lead has.
    pub bytes: i64,
}

/// What is read of submissions `s` of campaigns `c`.
fn columns() -> String {
    const COLUMNS: &str = "s.id, s.request_id, s.organization_id, s.campaign_key, c.campaign_id, s.parent_id, s.state, s.revision, s.received_at, s.updated_at, \
         s.campaign_version_id, s.lead_id, s.lead, s.is_test, s.decision, s.value_sets, s.erased_at";
    format!("{COLUMNS}, {} as cause", last_cause("s"))
}

impl Store {
    /// Where these submissions are; those that were erased are nowhere.
    #[boxed]
    pub async fn submission_places(
        &self,
        organization_id: &str,
        ids: &[&str],
    ) -> Result<Vec<SubmissionPlace>, StoreError> {
        const SELECT: &str = ") select s.id, s.campaign_key, s.lead_id, s.shard, cast(coalesce(length(s.lead), 0) as bigint) from v join submissions s on s.organization_id = v.organization_id and s.id = v.id \
             where s.erased_at is null";
        let rows =
            select_many!(self, query_as as (String, String, Option<String>, i64, i64), SELECT, organization_id, ids);
        let place = |(id, campaign_key, lead_id, shard, bytes)| SubmissionPlace {
            bytes,
            id,
            campaign_key,
            lead_id,
            shard: u16::try_from(shard).unwrap_or(0),
        };
        Ok(rows.into_iter().map(place).collect())
    }

    /// One submission of an organization.
    #[boxed]
    pub async fn submission(&self, organization_id: &str, id: &str) -> Result<Option<SubmissionRow>, StoreError> {
        let sql = format!(
            "select {} from submissions s join campaigns c on c.campaign_key = s.campaign_key where s.organization_id = $1 and s.id = $2",
            columns()
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The newest submissions of a campaign, the newest first. As many as have `bytes_max` bytes of leads and decisions together, and one in
    /// any case.
    #[boxed]
    pub async fn newest_submissions(
        &self,
        campaign_key: &str,
        limit: i64,
        bytes_max: i64,
    ) -> Result<Vec<SubmissionRow>, StoreError> {
        let which = "where s.campaign_key = $1 order by s.id desc limit $2";
        // Lengths are read without what they are of.
        let sizes = format!(
            "select cast(coalesce(length(s.lead), 0) + coalesce(length(s.decision), 0) as bigint) from submissions s {which}"
        );
        let sql = format!(
            "select {} from submissions s join campaigns c on c.campaign_key = s.campaign_key {which}",
            columns()
        );
        Ok(reading!(self, connection => {
            let sizes: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sizes.as_str())).bind(campaign_key).bind(limit)
                .fetch_all(&mut *connection).await?;
            let fits = i64::try_from(first_within(&sizes, bytes_max)).unwrap_or(i64::MAX);
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(fits).fetch_all(&mut *connection).await?
        }))
    }

    /// The submissions of an organization that have these ids, in that order.
    #[boxed]
    pub async fn submissions_by_id(
        &self,
        organization_id: &str,
        ids: &[&str],
    ) -> Result<Vec<SubmissionRow>, StoreError> {
        let select = format!(
            ") select {} from v join submissions s on s.organization_id = v.organization_id and s.id = v.id \
             join campaigns c on c.campaign_key = s.campaign_key",
            columns()
        );
        let mut rows = select_many!(self, query_as as SubmissionRow, select.as_str(), organization_id, ids);
        let places: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        rows.sort_by_key(|row| places.get(row.id.as_str()).copied());
        Ok(rows)
    }

    /// The transitions of a submission after it was received, in order.
    #[boxed]
    pub async fn timeline(&self, organization_id: &str, submission_id: &str) -> Result<Vec<TimelineRow>, StoreError> {
        let rows: Vec<TimelineRow> = reading!(self, connection => {
            sqlx::query_as("select revision, began_at, at, state, cause, detail from timeline where organization_id = $1 and submission_id = $2 order by revision")
                .bind(organization_id).bind(submission_id).fetch_all(&mut *connection).await?
        });
        Ok(rows.into_iter().flat_map(TimelineRow::with_processing).collect())
    }

    /// The raw request of a submission, and where in its text the submission's element stands: first byte and length.
    #[boxed]
    pub async fn element_place(
        &self,
        organization_id: &str,
        submission_id: &str,
    ) -> Result<Option<(RawRequest, i64, i64)>, StoreError> {
        let place: Option<(String, i64, i64)> = reading!(self, connection => {
            sqlx::query_as("select request_id, element_start, element_bytes from submissions where organization_id = $1 and id = $2")
                .bind(organization_id).bind(submission_id).fetch_optional(&mut *connection).await?
        });
        let Some((request_id, start, bytes)) = place else { return Ok(None) };
        let request = self.raw_request(organization_id, &request_id).await?;
        Ok(request.map(|request| (request, start, bytes)))
    }
}

/// How many of the first have no more bytes together than this; one in any case.
pub fn first_within(sizes: &[i64], bytes_max: i64) -> usize {
    let mut bytes = 0_i64;
    let fits = sizes.iter().take_while(|size| {
        bytes = bytes.saturating_add(**size);
        bytes <= bytes_max
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_rows_are_cut_by_their_bytes_and_one_always_fits() {
        for (sizes, count) in [(&[][..], 1), (&[11], 1), (&[4, 6, 1], 2), (&[4, 7], 1), (&[1, 1, 1], 3)] {
            assert_eq!(first_within(sizes, 10), count, "{sizes:?}");
        }
    }
}
