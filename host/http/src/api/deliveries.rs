//! Deliveries and their attempts (O7, W11).

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use hookmill_admin::rows::{AttemptRow, Delivery, Message};
use hookmill_admin::{DeliveryDetails, DeliveryFilter, Resend};
use hookmill_domain::delivery::DeliveryState;
use hookmill_domain::hex::write_hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A filter for deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only those in this state.
    state: Option<DeliveryState>,
    /// Only those of this submission.
    submission: Option<String>,
    /// Only those of this campaign.
    campaign: Option<String>,
    /// Only those to this destination, which is told of events.
    destination: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    id: String,
    /// The kind of its destination: `client`, `ping` (the client, asked for a bid), `action` (the webhook of the first-submission action), `organization_webhook`,
    /// `campaign_webhook`, `subscription` or `scoped_webhook`.
    destination_kind: String,
    /// Its destination. Of a subscription or scoped webhook it is that one's id.
    destination_id: String,
    /// The submission; null for a reported event that is about none.
    submission_id: Option<String>,
    event_id: Option<String>,
    /// The name of the event; null for a lead on its way to the client.
    event: Option<String>,
    #[schema(value_type = DeliveryState)]
    state: String,
    /// The number of attempts.
    attempts: i64,
    /// The most retries after the first attempt.
    retries_max: i64,
    created_at: Time,
    updated_at: Time,
    next_try_at: Option<Time>,
    /// When its message and the responses were erased with the person.
    erased_at: Option<Time>,
    /// SHA-256 of what had been sent by then: of the body, or of the query where there was none; null where nothing had, and while nothing is erased.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    message_digest: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Counted from 1.
    number: i64,
    started_at: Time,
    elapsed_ms: i64,
    /// The HTTP status of the response; null when there was none.
    status: Option<i64>,
    /// The outcome.
    outcome: String,
    /// The response, bounded, with what cut it off (`cut`, such as `timeout`) if something did; or why there was none.
    detail: Value,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    method: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
    /// The digests of the value sets that were read to shape an event's message, by name; those of a client's message are with
    /// its submission.
    value_sets: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryDetails)]
pub(crate) struct DeliveryPage {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// The message; the same on every attempt.
    message: Option<MessageView>,
    /// Every attempt, in order.
    log: Vec<AttemptView>,
}

impl From<Delivery> for DeliveryView {
    fn from(row: Delivery) -> Self {
        Self {
            id: row.id,
            destination_kind: row.destination_kind,
            destination_id: row.destination_id,
            submission_id: row.submission_id,
            event_id: row.event_id,
            event: row.event_name,
            state: row.state,
            attempts: row.attempts,
            retries_max: row.retries_max,
            created_at: views::time(row.created_at),
            updated_at: views::time(row.updated_at),
            next_try_at: row.run_at.map(views::time),
            erased_at: row.erased_at.map(views::time),
            message_digest: row.message_digest.as_deref().map(write_hex),
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
            value_sets: message.head.value_sets,
            body: message.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        }
    }
}

impl From<DeliveryDetails> for DeliveryPage {
    fn from(found: DeliveryDetails) -> Self {
        Self {
            delivery: found.delivery.into(),
            message: found.message.map(Into::into),
            log: found.attempts.into_iter().map(Into::into).collect(),
        }
    }
}

/// Lists deliveries
///
/// The newest come first. A key that is scoped to campaigns must name one of them.
#[utoipa::path(get, path = "", operation_id = "listDeliveries", params(DeliveryQuery, PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<DeliveryView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(DeliveryQuery { state, submission, campaign, destination }): Query<DeliveryQuery>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<DeliveryView>>, HttpError> {
    let filter = DeliveryFilter { state, submission, campaign, destination };
    Ok(Json(Page::of(scope.list_deliveries(filter, &page.before(before)).await?, Into::into)))
}

/// Shows a delivery
///
/// The delivery with its message and all attempts.
#[utoipa::path(get, path = "", operation_id = "getDelivery",
    responses((status = OK, description = "The delivery.", body = DeliveryPage)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Response, HttpError> {
    let found = scope.delivery(&id).await?;
    large_json(&scope, || DeliveryPage::from(found)).await
}

/// Resends an event
///
/// Admins. It is sent with the same event id and the same bytes, to the URL that the webhook has now.
#[utoipa::path(post, path = "", operation_id = "resendDelivery",
    responses(
        (status = ACCEPTED, description = "The delivery is due again."),
        (status = GONE, description = "`erased`: its person was erased.", body = ErrorBody),
        (status = CONFLICT, description = "`not_resendable`: the delivery is not final yet, or it delivers a lead to its client.", body = ErrorBody),
    ))]
pub(crate) async fn resend(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.resend_delivery(&id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How much is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resent {
    /// How many deliveries are due again.
    resent: u64,
}

/// Resends what a webhook was not told
///
/// Admins. Everything for one webhook that failed or was suppressed, of one event or in a range of time if that is given, with the same event ids and bytes, to the URL that the webhook has now.
/// Many take long: then it goes on as a job, whose response is this one. While it runs, `GET /v1/deliveries?destination=ID&state=failed` shows what is left.
#[utoipa::path(post, path = "", operation_id = "resendDeliveries", request_body = Resend,
    responses((status = OK, description = "How many are due again.", body = Resent)))]
pub(crate) async fn resend_many(
    OrgUser(scope): OrgUser,
    JsonBody(resend): JsonBody<Resend>,
) -> Result<Json<Resent>, HttpError> {
    Ok(Json(Resent { resent: scope.resend_deliveries(resend).await? }))
}
