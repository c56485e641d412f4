//! Leads: persons with their submissions across campaigns (O4).

use super::submissions::SubmissionView;
use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::response::Response;
use hookmill_admin::rows::SubmissionRow;
use hookmill_admin::{LeadDetails, LeadQuery, LeadSummary, ListedLeads};
use hookmill_domain::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A filter for leads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LeadFilter {
    /// Only the person with this e-mail address, in upper or lower case.
    email: Option<String>,
    /// Only the person with this phone number, as their lead has it; in international form with or without `+` and with any punctuation.
    phone: Option<String>,
    /// Only those with a submission in this campaign, or in one of these with commas between them, at most 20.
    #[param(pattern = "^([A-Za-z0-9_-]{2,16}(,[A-Za-z0-9_-]{2,16}){0,19})?$")]
    campaign: Option<String>,
    /// Only those who came with this tag, exactly; with `campaign`, in one of these.
    tag: Option<String>,
}

/// Who a lead is, as its newest submission says.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct LeadIdentity {
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

/// The newest submission of a lead.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewestSubmission {
    id: String,
    campaign_id: String,
    #[schema(value_type = State)]
    state: String,
    /// The cause of the state, as a stable code.
    cause: String,
    received_at: Time,
}

/// A person, as far as the key sees them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub(crate) struct LeadView {
    id: String,
    /// The state of its newest submission; null when it has none any more.
    #[schema(value_type = Option<State>)]
    status: Option<String>,
    identity: LeadIdentity,
    /// The tags of all its submissions, in alphabetical order, the first 100.
    tags: Vec<String>,
    /// How many submissions it has; null with a key that is scoped to campaigns.
    submission_count: Option<i64>,
    /// When it was processed first; null with a key that is scoped to campaigns.
    created_at: Option<Time>,
    newest_submission: Option<NewestSubmission>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadDetails)]
pub(crate) struct LeadPage {
    #[serde(flatten)]
    lead: LeadView,
    /// Its submissions across campaigns, the newest first: a page of them.
    submissions: Page<SubmissionView>,
}

/// A page of leads, and how far it was looked for them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Leads)]
pub(crate) struct LeadsPage {
    items: Vec<LeadView>,
    /// Where the next page begins: send it as `before`. Null at the end.
    next: Option<String>,
    /// Where a bound (`search_rows_max`) ended the search before the page was full: when the last submission was received that was looked at. The
    /// search goes on at `next`. Null where nothing was left out.
    searched_until: Option<Time>,
}

impl LeadIdentity {
    fn of(lead: &[u8]) -> Self {
        let lead = views::value(lead);
        let text = |name: &str| match &lead[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Self {
            external_id: text("external_id"),
            first_name: text("first_name"),
            last_name: text("last_name"),
            email: text("email"),
            phone: text("phone"),
        }
    }
}

impl From<SubmissionRow> for NewestSubmission {
    fn from(row: SubmissionRow) -> Self {
        let received_at = views::time(row.received_at);
        Self { id: row.id, campaign_id: row.campaign_id, state: row.state, cause: row.cause, received_at }
    }
}

impl From<LeadSummary> for LeadView {
    fn from(LeadSummary { id, whole, newest, tags }: LeadSummary) -> Self {
        let lead = newest.as_ref().and_then(|row| row.lead.as_deref());
        Self {
            id,
            status: newest.as_ref().map(|row| row.state.clone()),
            identity: lead.map(LeadIdentity::of).unwrap_or_default(),
            tags,
            submission_count: whole.as_ref().map(|lead| lead.submission_count),
            created_at: whole.as_ref().map(|lead| views::time(lead.created_at)),
            newest_submission: newest.map(Into::into),
        }
    }
}

impl From<LeadDetails> for LeadPage {
    fn from(LeadDetails { lead, submissions }: LeadDetails) -> Self {
        Self { lead: lead.into(), submissions: Page::of(submissions, Into::into) }
    }
}

impl From<ListedLeads> for LeadsPage {
    fn from(ListedLeads { page, searched_until }: ListedLeads) -> Self {
        let items = page.items.into_iter().map(Into::into).collect();
        Self { items, next: page.next, searched_until: searched_until.map(views::time) }
    }
}

/// Lists leads
///
/// A lead is a person of the organization, recognised by e-mail address or phone number. Each comes once: those with the newest submissions
/// first, and with `tag` alone in the order of their ids. A key that is scoped to campaigns sees those who have a submission there, and of them
/// what those submissions say.
#[utoipa::path(get, path = "", operation_id = "listLeads", params(LeadFilter, PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = LeadsPage)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(filter): Query<LeadFilter>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Response, HttpError> {
    let LeadFilter { email, phone, campaign, tag } = filter;
    let listed = scope.list_leads(&LeadQuery { email, phone, campaign, tag }, &page.before(before)).await?;
    large_json(&scope, || LeadsPage::from(listed)).await
}

/// Shows a lead
///
/// Who it is as its newest submission says, and its submissions across campaigns, the newest first.
#[utoipa::path(get, path = "", operation_id = "getLead", params(PageSize, Before),
    responses((status = OK, description = "The lead with a page of its submissions.", body = LeadPage)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(lead): Path<String>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Response, HttpError> {
    let found = scope.lead(&lead, &page.before(before)).await?;
    large_json(&scope, || LeadPage::from(found)).await
}
