//! Submissions with their timeline (O4, section 5), and what releases them.

mod explain;
mod query;

use super::access::{Scope, unavailable};
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::search::Search;
use super::use_cases::{
    GET_SUBMISSION, LIST_CAMPAIGN_SUBMISSIONS, LIST_SUBMISSIONS, REPOST_SUBMISSION, REPROCESS_SUBMISSION,
    WITHDRAW_SUBMISSION,
};
use crate::rows::{EventRow, SubmissionRow, TimelineRow};
use hookmill_domain::edited_lead::check_lead;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::why::Why;
use hookmill_store::submissions::first_within;
pub use query::SubmissionQuery;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How long an id may be; nothing longer is looked up.
const ID_CHARS_MAX: usize = 64;

/// A submission with what became of it.
#[derive(Debug)]
pub struct SubmissionDetails {
    /// The submission.
    pub submission: SubmissionRow,
    /// The element of the request as the campaign's plugin gets it; none when its request is gone.
    pub element: Option<String>,
    /// Every transition after the first, in order.
    pub timeline: Vec<TimelineRow>,
    /// What was told of it.
    pub events: Vec<EventRow>,
    /// Why it is in its state.
    pub why: Why,
}

/// How a submission is posted again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Repost, example = json!({"lead": {"email": "alice@example.com", "phone": "+15125550100", "custom": {"age": 44}}, "include_delivered": true}))]
pub struct EditedRepost {
    /// The whole lead, edited: standard fields, all else under `custom`. It is qualified as any other. Left out, the submission's own lead goes
    /// to the client without being qualified again.
    #[schema(value_type = Option<Object>)]
    pub lead: Option<Map<String, Value>>,
    /// Whether a lead that was delivered is delivered again.
    #[serde(default)]
    pub include_delivered: bool,
}

/// A page of submissions.
#[derive(Debug)]
pub struct ListedSubmissions {
    /// The page.
    pub page: Listed<SubmissionRow>,
    /// When the last submission was received that was looked at, where a bound ended the search before the page was full.
    pub searched_until: Option<i64>,
}

impl Scope {
    /// Lists submissions, the newest first, of the campaigns that the key covers. A page with large leads has fewer of them.
    pub async fn list_submissions(
        &self,
        query: SubmissionQuery,
        page: &PageRequest,
    ) -> Result<ListedSubmissions, ApiError> {
        self.authorize(&LIST_SUBMISSIONS)?;
        let mut search = query.check()?;
        search.filter.campaigns = self.named_campaigns(query.campaign.as_deref()).await?;
        self.list_found(&search, &query, page).await
    }

    /// Lists a campaign's submissions, the newest first.
    pub async fn list_campaign_submissions(
        &self,
        campaign_id: &str,
        query: SubmissionQuery,
        page: &PageRequest,
    ) -> Result<ListedSubmissions, ApiError> {
        let campaign = self.read_campaign(&LIST_CAMPAIGN_SUBMISSIONS, campaign_id).await?;
        let mut search = query.check()?;
        search.filter.campaigns = Some(vec![campaign.key]);
        self.list_found(&search, &query, page).await
    }

    async fn list_found(
        &self,
        search: &Search,
        query: &SubmissionQuery,
        page: &PageRequest,
    ) -> Result<ListedSubmissions, ApiError> {
        let limit = self.rows_of(page)?;
        let until = query.before()?;
        let before = [page.from(), until.as_str()].into_iter().filter(|id| !id.is_empty()).min().unwrap_or_default();
        let found = self.search(search, before, limit).await?;
        let sizes: Vec<i64> = found.seen.iter().map(|row| row.bytes).collect();
        let fits = first_within(&sizes, self.limits().page_bytes_max).min(sizes.len());
        let ids: Vec<&str> = found.seen[..fits].iter().map(|row| row.id.as_str()).collect();
        let rows = self.store().submissions_by_id(&self.organization_id, &ids).await.map_err(unavailable)?;
        let (next, searched_until) = match ids.last().filter(|_| fits < sizes.len()) {
            Some(last) => (Some((*last).to_owned()), None),
            None => (found.next, found.searched_until),
        };
        Ok(ListedSubmissions { page: Listed { items: rows, next }, searched_until })
    }

    /// A submission with its timeline and what was told of it.
    pub async fn submission(&self, id: &str) -> Result<SubmissionDetails, ApiError> {
        self.authorize(&GET_SUBMISSION)?;
        self.submission_details(id).await
    }

    /// The same for a use case that has looked who asks.
    pub(crate) async fn submission_details(&self, id: &str) -> Result<SubmissionDetails, ApiError> {
        let submission = self.find_submission(id).await?;
        let (organization_id, id) = (&submission.organization_id, &submission.id);
        let mut timeline = self.store().timeline(organization_id, id).await.map_err(unavailable)?;
        for line in &mut timeline {
            line.detail = line.detail.take().map(|detail| self.url_view().show_response_text(detail));
        }
        let events = self.store().events_of_submission(organization_id, id).await.map_err(unavailable)?;
        let element = self.pipeline().element(organization_id, id).await?;
        let why = self.explain(&submission, timeline.last()).await?;
        Ok(SubmissionDetails { submission, element, timeline, events, why })
    }

    /// Runs a quarantined submission again, on what its campaign runs now; returns how many that were.
    pub async fn reprocess_submission(&self, id: &str) -> Result<u64, ApiError> {
        let entry = self.authorize_change(&REPROCESS_SUBMISSION)?;
        let row = self.find_submission(id).await?;
        self.pipeline().reprocess(&row.organization_id, &row.id, &entry).await
    }

    /// Posts a submission that is over again, with its lead or with an edited one; returns the id of the new submission.
    pub async fn repost_submission(&self, id: &str, repost: Input<EditedRepost>) -> Result<String, ApiError> {
        let entry = self.authorize_change(&REPOST_SUBMISSION)?;
        let EditedRepost { lead, include_delivered } = repost?;
        let row = self.find_submission(id).await?;
        let lead = lead.map(|lead| check_lead("lead", &lead)).transpose().map_err(invalid_lead)?;
        self.pipeline().repost_submission(&row.organization_id, &row.id, lead, include_delivered, &entry).await
    }

    /// Cancels a submission that waits.
    pub async fn withdraw_submission(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&WITHDRAW_SUBMISSION)?;
        let row = self.find_submission(id).await?;
        self.pipeline().withdraw_submission(&row.organization_id, &row.id, &entry).await
    }

    /// A submission of this organization whose campaign the key covers.
    pub(crate) async fn find_submission(&self, id: &str) -> Result<SubmissionRow, ApiError> {
        let id: String = lookup_id(id).chars().take(ID_CHARS_MAX).collect();
        let found = self.store().submission(&self.organization_id, &id).await.map_err(unavailable)?;
        let covered = found.filter(|row| self.actor.covers(&row.campaign_id));
        covered.ok_or_else(|| ApiError::not_found("submission", &id))
    }
}

fn invalid_lead(problems: Vec<Detail>) -> ApiError {
    let first = problems.first().map(|problem| format!("`{}` {}", problem.path, problem.message));
    ApiError::new(Kind::Invalid, "invalid", first.unwrap_or_default()).with_details(problems)
}
