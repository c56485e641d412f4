//! Submissions with their timeline (O4, section 5).

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Before, PageSize, SubmissionStatus, Time};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use hookmill_admin::rows::{EventRow, SubmissionRow, TimelineRow};
use hookmill_admin::{EditedRepost, ListedSubmissions, SubmissionDetails, SubmissionQuery};
use hookmill_domain::state::State;
use hookmill_domain::why::Why;
use hookmill_pipeline::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// A filter for submissions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubmissionFilter {
    /// Only those in this state, or in one of these with commas between them.
    #[param(
        pattern = "^(received|pending|processing|quarantined|pending_action|queued|delivering|disqualified|delivered|duplicate|rejected|failed|canceled)(,(received|pending|processing|quarantined|pending_action|queued|delivering|disqualified|delivered|duplicate|rejected|failed|canceled))*$",
        example = "quarantined,rejected"
    )]
    state: Option<String>,
    /// Only those whose last transition has this cause, such as `rules` or `client_rejected`.
    #[param(pattern = "^[a-z0-9_]*$", max_length = 64)]
    cause: Option<String>,
    /// Only those of which a rule failed that is called so: by its place in the document (`qualify[0]`), its field, or a part of its reason.
    #[param(max_length = 200)]
    rule: Option<String>,
    /// Only those received at this time or later.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only those received before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Only those of this lead.
    lead: Option<String>,
    /// Only those with this text in a value of their mapped lead, in upper or lower case.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// The campaigns of a filter for submissions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampaignsFilter {
    /// Only those of this campaign, or of these with commas between them, at most 20.
    #[param(pattern = "^([A-Za-z0-9_-]{2,16}(,[A-Za-z0-9_-]{2,16}){0,19})?$")]
    campaign: Option<String>,
}

/// A page of submissions, and how far it was looked for them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submissions)]
pub(crate) struct SubmissionsPage {
    items: Vec<SubmissionView>,
    /// Where the next page begins: send it as `before`. Null at the end.
    next: Option<String>,
    /// Where a bound (`search_rows_max`, `search_bytes_max`) ended the search before the page was full: when the last submission was received that
    /// was looked at. The search goes on at `next`. Null where nothing was left out.
    searched_until: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
pub(crate) struct SubmissionView {
    id: String,
    request_id: String,
    campaign_id: String,
    /// The submission it was made from, if it was.
    parent_id: Option<String>,
    #[schema(value_type = State)]
    state: String,
    /// The cause of the state, as a stable code.
    cause: String,
    /// Whether the state is final.
    is_terminal: bool,
    received_at: Time,
    updated_at: Time,
    /// The person, once mapped.
    lead_id: Option<String>,
    /// The mapped lead: standard fields, all else under `custom`.
    #[schema(value_type = Option<Object>)]
    lead: Option<Box<RawValue>>,
    is_test: bool,
    /// The campaign's version it ran on.
    campaign_version_id: Option<String>,
    /// The verdict and the warnings; null when there are none.
    #[schema(value_type = Option<Decision>)]
    decision: Option<Box<RawValue>>,
    /// The digests of the value sets that were read for it, by name; null when none was. It ran in a batch: what any lead of the batch
    /// read is here.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    value_sets: Option<Box<RawValue>>,
    /// When its person was erased: nothing of them is left in it.
    erased_at: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineLine)]
pub(crate) struct TimelineView {
    at: Time,
    /// The state after the transition. A first-submission action that has decided, or could not, has a line of its own in `pending_action`, before what
    /// follows.
    #[schema(value_type = State)]
    state: String,
    /// The cause, as a stable code.
    cause: String,
    /// More about the cause.
    detail: Option<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    id: String,
    /// Its name.
    event: String,
    /// The submission's state at the event; null for one that a source reported.
    #[schema(value_type = Option<State>)]
    status: Option<String>,
    occurred_at: Time,
    context: Value,
    /// The category of one that a source reported.
    category: Option<CategoryView>,
    /// What else the source said of it, as it was written.
    #[schema(value_type = Option<Value>)]
    data: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventCategory)]
pub(crate) struct CategoryView {
    id: i64,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubmissionDetails)]
pub(crate) struct SubmissionPage {
    #[serde(flatten)]
    submission: SubmissionView,
    /// Why it is in its state: one sentence, and its parts.
    why: Why,
    /// The element of the request as the campaign's plugin gets it: one JSON value, whatever its content type was.
    #[schema(value_type = Option<Value>)]
    element: Option<Box<RawValue>>,
    /// The client's last response; null while there is none.
    client: Option<ClientView>,
    /// Every transition, in order.
    timeline: Vec<TimelineView>,
    /// The deliveries of events about it.
    events: Vec<EventView>,
}

/// The client's response, as the campaign's plugin interprets it. Absent parts are null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientSaid)]
pub(crate) struct ClientView {
    reason: Option<String>,
    /// The client's own id for the lead.
    reference: Option<String>,
    /// A decimal number as text, every digit kept.
    price: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reprocessed {
    /// How many are requeued.
    submissions: u64,
}

impl From<SubmissionRow> for SubmissionView {
    fn from(row: SubmissionRow) -> Self {
        Self {
            is_terminal: State::parse(&row.state).is_some_and(State::is_terminal),
            id: row.id,
            request_id: row.request_id,
            campaign_id: row.campaign_id,
            parent_id: row.parent_id,
            state: row.state,
            cause: row.cause,
            received_at: views::time(row.received_at),
            updated_at: views::time(row.updated_at),
            lead_id: row.lead_id,
            lead: row.lead.as_deref().map(views::json),
            is_test: row.is_test,
            campaign_version_id: row.campaign_version_id,
            decision: row.decision.as_deref().map(views::json),
            value_sets: row.value_sets.as_deref().map(views::json),
            erased_at: row.erased_at.map(views::time),
        }
    }
}

impl From<EventRow> for EventView {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            event: row.name,
            status: row.status,
            occurred_at: views::time(row.occurred_at),
            context: views::value(&row.details),
            category: row.category_id.map(|id| CategoryView { id, name: row.category_name.unwrap_or_default() }),
            data: row.payload.as_deref().map(views::json),
        }
    }
}

/// The first line is the row itself: it was received. One that was made of another one's lead has a line that says so.
fn timeline(submission: &SubmissionRow, lines: Vec<TimelineRow>) -> Vec<TimelineView> {
    let has_first = lines.first().is_some_and(|line| line.revision == 0);
    let first = (!has_first).then(|| TimelineView {
        at: views::time(submission.received_at),
        state: "received".into(),
        cause: "ingested".into(),
        detail: None,
    });
    let rest = lines.into_iter().map(|line| TimelineView {
        at: views::time(line.at),
        state: line.state,
        cause: line.cause,
        detail: line.detail.as_deref().map(views::value),
    });
    first.into_iter().chain(rest).collect()
}

/// The client's response in the last transition that a client caused.
fn client(lines: &[TimelineView]) -> Option<ClientView> {
    let is_client = |line: &&TimelineView| line.cause.starts_with("client_") || line.cause == "retries_exhausted";
    let detail = lines.iter().rev().find(is_client)?.detail.as_ref()?;
    let text = |name: &str| detail[name].as_str().map(str::to_owned);
    Some(ClientView { reason: text("reason"), reference: text("reference"), price: text("price") })
}

impl SubmissionFilter {
    fn with_campaigns(self, campaign: Option<String>) -> SubmissionQuery {
        let Self { state, cause, rule, since, until, lead, q } = self;
        SubmissionQuery { campaign, state, cause, rule, since, until, lead, text: q }
    }
}

impl From<ListedSubmissions> for SubmissionsPage {
    fn from(ListedSubmissions { page, searched_until }: ListedSubmissions) -> Self {
        let items = page.items.into_iter().map(Into::into).collect();
        Self { items, next: page.next, searched_until: searched_until.map(views::time) }
    }
}

/// Lists submissions
///
/// The newest come first; those of campaigns that a scoped key does not cover are left out. `cause`, `rule` and `q` are looked up submission by submission, as
/// are common states across campaigns: then a page may end early, and `searched_until` says so.
#[utoipa::path(get, path = "", operation_id = "listSubmissions", params(CampaignsFilter, SubmissionFilter, PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = SubmissionsPage)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(campaigns): Query<CampaignsFilter>,
    Query(filter): Query<SubmissionFilter>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Response, HttpError> {
    let query = filter.with_campaigns(campaigns.campaign);
    let listed = scope.list_submissions(query, &page.before(before)).await?;
    large_json(&scope, || SubmissionsPage::from(listed)).await
}

/// Lists a campaign's submissions
///
/// The newest come first. `cause`, `rule` and `q` are looked up submission by submission: then a page may end early, and `searched_until` says so.
#[utoipa::path(get, path = "", operation_id = "listCampaignSubmissions", params(SubmissionFilter, PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = SubmissionsPage)))]
pub(crate) async fn list_of_campaign(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(filter): Query<SubmissionFilter>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Response, HttpError> {
    let listed = scope.list_campaign_submissions(&campaign, filter.with_campaigns(None), &page.before(before)).await?;
    large_json(&scope, || SubmissionsPage::from(listed)).await
}

/// Shows a submission
///
/// The lead, the decision with its reasons, the timeline, and the events.
#[utoipa::path(get, path = "", operation_id = "getSubmission",
    responses((status = OK, description = "The submission.", body = SubmissionPage)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Response, HttpError> {
    let found = scope.submission(&id).await?;
    large_json(&scope, || SubmissionPage::from(found)).await
}

impl From<SubmissionDetails> for SubmissionPage {
    fn from(found: SubmissionDetails) -> Self {
        let timeline = timeline(&found.submission, found.timeline);
        Self {
            client: client(&timeline),
            why: found.why,
            timeline,
            element: found.element.map(|text| views::json(text.as_bytes())),
            events: found.events.into_iter().map(Into::into).collect(),
            submission: found.submission.into(),
        }
    }
}

/// Reprocesses a quarantined submission
///
/// Admins. It runs on the campaign's active version.
#[utoipa::path(post, path = "", operation_id = "reprocessSubmission",
    responses((status = OK, description = "How many are requeued: none if the submission is not quarantined.", body = Reprocessed)))]
pub(crate) async fn reprocess(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<Reprocessed>, HttpError> {
    Ok(Json(Reprocessed { submissions: scope.reprocess_submission(&id).await? }))
}

/// Reposts a submission
///
/// Admins. A submission that has ended becomes a new one, linked to it (`parent_id`) and with the next number behind its id. With its own lead it goes to the client without being
/// qualified again; with an edited one (`lead`) it is qualified as any other. One that was delivered takes `include_delivered`.
#[utoipa::path(post, path = "", operation_id = "repostSubmission", request_body = EditedRepost,
    responses(
        (status = CREATED, description = "The new submission.", body = SubmissionStatus),
        (status = CONFLICT, description = "`not_ended`: it is still under way. `already_delivered`: the client has the lead; send `include_delivered`. `no_lead`: it has none of its own. `campaign_archived`. `state_conflict`: it was changed at the same time.", body = ErrorBody),
    ))]
pub(crate) async fn repost(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(repost): JsonBody<EditedRepost>,
) -> Result<(StatusCode, Json<SubmissionStatus>), HttpError> {
    let submission_id = scope.repost_submission(&id, repost).await?;
    let state = State::Received.as_str().to_owned();
    Ok((StatusCode::CREATED, Json(SubmissionStatus { submission_id, state })))
}

/// Withdraws a submission
///
/// Admins. One that waits is canceled. One whose lead is on its way to the client can't be.
#[utoipa::path(post, path = "", operation_id = "withdrawSubmission",
    responses(
        (status = OK, description = "The submission is canceled.", body = SubmissionStatus),
        (status = CONFLICT, description = "`under_way`: its lead may be with the client already. `already_ended`: it is final. `state_conflict`: it was changed at the same time.", body = ErrorBody),
    ))]
pub(crate) async fn withdraw(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
) -> Result<Json<SubmissionStatus>, HttpError> {
    scope.withdraw_submission(&id).await?;
    Ok(Json(SubmissionStatus { submission_id: id, state: State::Canceled.as_str().to_owned() }))
}
