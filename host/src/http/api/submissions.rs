//! Submissions with their timeline (O4, section 5).

use crate::http::auth::{Scope, unavailable};
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::model::state::State as SubmissionState;
use crate::pipeline::Pipeline;
use crate::store::deliveries::EventRow;
use crate::store::submissions::{SubmissionRow, TimelineRow};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Serialize)]
pub(in crate::http) struct SubmissionView {
    id: String,
    request_id: String,
    campaign_id: String,
    parent_id: Option<String>,
    state: String,
    is_terminal: bool,
    received_at: String,
    updated_at: String,
    lead_id: Option<String>,
    lead: Option<Value>,
    is_test: bool,
    program_id: Option<String>,
    decision: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct TimelineView {
    at: String,
    state: String,
    cause: String,
    detail: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct EventView {
    id: String,
    event: String,
    status: String,
    occurred_at: String,
    context: Value,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct SubmissionPage {
    #[serde(flatten)]
    submission: SubmissionView,
    element: Option<Value>,
    timeline: Vec<TimelineView>,
    events: Vec<EventView>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct Reprocessed {
    submissions: u64,
}

impl From<SubmissionRow> for SubmissionView {
    fn from(row: SubmissionRow) -> Self {
        Self {
            is_terminal: SubmissionState::parse(&row.state).is_some_and(SubmissionState::is_terminal),
            id: row.id,
            request_id: row.request_id,
            campaign_id: row.public_id,
            parent_id: row.parent_id,
            state: row.state,
            received_at: views::time(row.received_at),
            updated_at: views::time(row.updated_at),
            lead_id: row.lead_id,
            lead: row.lead.as_deref().map(views::value),
            is_test: row.is_test,
            program_id: row.program_id,
            decision: row.decision.as_deref().map(views::value),
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
        }
    }
}

/// The first line is the row itself: it was received.
fn timeline(submission: &SubmissionRow, lines: Vec<TimelineRow>) -> Vec<TimelineView> {
    let first = TimelineView {
        at: views::time(submission.received_at),
        state: "received".into(),
        cause: "ingested".into(),
        detail: None,
    };
    let rest = lines.into_iter().map(|line| TimelineView {
        at: views::time(line.at),
        state: line.state,
        cause: line.cause,
        detail: line.detail.as_deref().map(views::value),
    });
    std::iter::once(first).chain(rest).collect()
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SubmissionView>>, Refusal> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    if !query.state().is_empty() && SubmissionState::parse(query.state()).is_none() {
        let known: Vec<&str> = SubmissionState::ALL.iter().map(|state| state.as_str()).collect();
        return Err(Refusal::invalid("state", format!("must be one of {}", known.join(", "))));
    }
    let limit = query.limit(&pipeline);
    let rows =
        pipeline.store().submissions(&campaign.id, query.state(), query.before(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

pub(in crate::http) async fn get(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<SubmissionPage>, Refusal> {
    let row = visible(&pipeline, &scope, &id, Permission::View).await?;
    let store = pipeline.store();
    let lines = store.timeline(&row.id).await.map_err(unavailable)?;
    let events = store.events_of_submission(&row.id).await.map_err(unavailable)?;
    let element = store.element(&row.id).await.map_err(unavailable)?;
    Ok(Json(SubmissionPage {
        timeline: timeline(&row, lines),
        element: element.as_deref().map(views::value),
        events: events.into_iter().map(Into::into).collect(),
        submission: row.into(),
    }))
}

pub(in crate::http) async fn reprocess(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Reprocessed>, Refusal> {
    let row = visible(&pipeline, &scope, &id, Permission::Administer).await?;
    Ok(Json(Reprocessed { submissions: pipeline.reprocess(&row.campaign_id, Some(&row.id)).await? }))
}

pub(in crate::http) async fn reprocess_all(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<Json<Reprocessed>, Refusal> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    Ok(Json(Reprocessed { submissions: pipeline.reprocess(&campaign.id, None).await? }))
}

/// A submission of this organization whose campaign the key covers.
async fn visible(
    pipeline: &Pipeline,
    scope: &Scope,
    id: &str,
    permission: Permission,
) -> Result<SubmissionRow, Refusal> {
    scope.caller.may(permission)?;
    let id: String = id.replace('\0', " ").chars().take(64).collect();
    let found = pipeline.store().submission(&scope.organization_id, &id).await.map_err(unavailable)?;
    found.filter(|row| scope.caller.covers(&row.public_id)).ok_or_else(|| Refusal::not_found("submission", &id))
}
