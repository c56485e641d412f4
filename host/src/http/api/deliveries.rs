//! Deliveries and their attempts (O7, W11).

use crate::http::auth::{Scope, unavailable};
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::{Kind, Refusal};
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use crate::store::deliveries::{AttemptRow, Delivery, DeliveryFilter, Message};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

/// How a delivery can stand.
const STATES: [&str; 5] = ["waiting", "delivered", "failed", "skipped", "canceled"];

#[derive(Debug, Serialize)]
pub(in crate::http) struct DeliveryView {
    id: String,
    kind: String,
    submission_id: String,
    event_id: Option<String>,
    event: Option<String>,
    state: String,
    attempts: i64,
    retries_max: i64,
    created_at: String,
    updated_at: String,
    next_try_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct AttemptView {
    number: i64,
    started_at: String,
    elapsed_ms: i64,
    status: Option<i64>,
    outcome: String,
    detail: Value,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct MessageView {
    method: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct DeliveryPage {
    #[serde(flatten)]
    delivery: DeliveryView,
    message: Option<MessageView>,
    log: Vec<AttemptView>,
}

impl From<Delivery> for DeliveryView {
    fn from(row: Delivery) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            submission_id: row.submission_id,
            event_id: row.event_id,
            event: row.event_name,
            state: row.state,
            attempts: row.attempts,
            retries_max: row.retries_max,
            created_at: views::time(row.created_at),
            updated_at: views::time(row.updated_at),
            next_try_at: row.due_at.map(views::time),
        }
    }
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        Self {
            number: row.number,
            started_at: views::time(row.started_at),
            elapsed_ms: row.elapsed_ms,
            status: row.status,
            outcome: row.outcome,
            detail: views::value(&row.detail),
        }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            method: message.head.method,
            content_type: message.head.content_type,
            body: message.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        }
    }
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeliveryView>>, Refusal> {
    if !query.state().is_empty() && !STATES.contains(&query.state()) {
        return Err(Refusal::invalid("state", format!("must be one of {}", STATES.join(", "))));
    }
    let campaign_id = match query.campaign() {
        Some(public_id) => scope.campaign(&pipeline, public_id, Permission::View).await?.id,
        None => {
            scope.caller.may_all(Permission::View)?;
            String::new()
        }
    };
    let filter =
        DeliveryFilter { submission_id: query.submission().to_owned(), state: query.state().to_owned(), campaign_id };
    let limit = query.limit(&pipeline);
    let rows = pipeline
        .store()
        .deliveries(&scope.organization_id, &filter, query.before(), limit)
        .await
        .map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

pub(in crate::http) async fn get(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<DeliveryPage>, Refusal> {
    scope.caller.may_all(Permission::View)?;
    let id = id.replace('\0', " ");
    let found = pipeline.store().delivery(&scope.organization_id, &id).await.map_err(unavailable)?;
    let (delivery, message, attempts) = found.ok_or_else(|| Refusal::not_found("delivery", &id))?;
    Ok(Json(DeliveryPage {
        delivery: delivery.into(),
        message: message.map(Into::into),
        log: attempts.into_iter().map(Into::into).collect(),
    }))
}

pub(in crate::http) async fn resend(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let (id, now) = (id.replace('\0', " "), pipeline.clock().now());
    if pipeline.store().delivery(&scope.organization_id, &id).await.map_err(unavailable)?.is_none() {
        return Err(Refusal::not_found("delivery", &id));
    }
    let settings = pipeline.store().webhook_settings(&scope.organization_id).await.map_err(unavailable)?;
    let retries = settings.map_or(0, |(settings, _)| settings.retries);
    if !pipeline.store().resend_delivery(&scope.organization_id, &id, retries, now).await.map_err(unavailable)? {
        let message =
            "only an event's delivery that is over can be sent again; a lead is sent to its client again by a repost";
        return Err(Refusal::new(Kind::Conflict, "not_resendable", message));
    }
    pipeline.wake_delivery();
    Ok(StatusCode::ACCEPTED)
}
