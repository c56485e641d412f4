//! `POST /v1/events`: events that sources report (I12, E1).

use crate::auth::SourceCaller;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::request_id::RequestId;
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use hookmill_pipeline::{Pipeline, ReportResponse};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// An event that a source reports; or several, as a list under `events`.
#[derive(ToSchema)]
#[schema(as = NewReportedEvent, example = json!({
    "event_id": "e1", "campaign_id": "SOLAR", "event_type": "EMAIL_REPLY", "occurred_at": "2026-03-28T09:35:01Z",
    "lead": {"email": "alice@example.com"}, "category": {"id": 2, "name": "Interested"}, "payload": {"subject": "Re: Your roof"},
}))]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct NewReportedEvent {
    /// The source's own id of the event, up to 255 bytes: reported again, it adds nothing.
    event_id: String,
    /// The campaign's id.
    campaign_id: String,
    /// The event's name, one that sources report.
    event_type: String,
    /// When it happened (RFC 3339); if not given, now.
    occurred_at: Option<String>,
    /// Whom it is about.
    lead: Option<ReportedLead>,
    /// Its category. Where it is not given, that to which `payload.lead_category` says it was changed.
    category: Option<ReportedCategory>,
    /// What else is to be told, an object.
    payload: Option<Value>,
    /// Several events in place of one.
    events: Option<Vec<Value>>,
}

/// Whom an event is about, by whatever is known.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct ReportedLead {
    email: Option<String>,
    phone: Option<String>,
    external_id: Option<String>,
    submission_id: Option<String>,
}

/// The category of an event.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct ReportedCategory {
    id: i64,
    name: Option<String>,
}

/// The events as they were written: each is read by itself.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Written(Box<RawValue>);

/// Reports events
///
/// One event, or up to 1,000 under `events`. They go to the webhooks of their campaign that select them. `202` means that they are on disk. One that is
/// rejected does not cost its neighbours; one that was reported before adds nothing. An `EMAIL_SENT` whose payload has `sequence_number: 1` also
/// makes a `FIRST_EMAIL_SENT`, once for each lead and campaign.
#[utoipa::path(post, path = "", operation_id = "reportEvents", request_body = NewReportedEvent,
    responses((status = ACCEPTED, description = "The events are on disk.", body = ReportResponse)))]
pub(crate) async fn handle(
    State(pipeline): State<Pipeline>,
    SourceCaller(key): SourceCaller,
    request: Request,
) -> Result<(StatusCode, Json<ReportResponse>), HttpError> {
    if let Some(id) = request.extensions().get::<RequestId>() {
        id.hold(&pipeline.holding(&key.organization_id));
    }
    let Ok(JsonBody(body)) = JsonBody::<Written>::from_request(request, &pipeline).await;
    let reported = pipeline.report_events(&key.organization_id, body?.0.get()).await?;
    Ok((StatusCode::ACCEPTED, Json(reported)))
}
