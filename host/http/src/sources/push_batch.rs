//! `POST /v1/leads`: the batch push (I1 to I5).

use super::Arrival;
use crate::auth::SourceCaller;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::request_id::RequestId;
use crate::serve::Peer;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::{Extension, Json};
use hookmill_pipeline::{Channel, IngestResponse, Pipeline};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// A batch of leads.
// A description alone: the leads are sliced out of the body without building them.
#[derive(ToSchema)]
#[schema(as = Batch, example = json!({
    "idempotency_key": "2026-03-01-0001",
    "leads": [{"campaign_id": "SOLAR", "name": "Alice Smith", "email": "alice@example.com", "phone": "+15125550100"}],
}))]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct Batch {
    /// The sender's name for this request; a second request with the same key within seven days gets `409`.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: String,
    /// The leads. Each names its campaign; the campaign maps all other fields.
    #[schema(min_items = 1, max_items = 1000)]
    leads: Vec<BatchLead>,
    /// All or nothing.
    #[schema(required = false)]
    atomic: bool,
}

/// A lead: any JSON object that names its campaign.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct BatchLead {
    /// The campaign's id; a number stands for its digits.
    #[schema(schema_with = campaign_id_schema)]
    campaign_id: String,
}

fn campaign_id_schema() -> Object {
    let kinds = SchemaType::Array(vec![Type::String, Type::Integer]);
    ObjectBuilder::new()
        .schema_type(kinds)
        .description(Some("The campaign's id; a number stands for its digits."))
        .into()
}

/// Posts a batch of leads
///
/// `202` means that the request is on disk. It is given when at least one lead is good; `422 leads_rejected` when none is, or, with `atomic`, when not all are. A rejected element of an accepted request is kept with the request and named in the response; a request that is rejected as a whole is kept for its organization, and its error has `rejected_request_id`. Checks come in this order: key, size, content type, syntax, envelope, duplicate, leads.
#[utoipa::path(post, path = "", operation_id = "pushLeads", request_body = Batch,
    responses(
        (status = ACCEPTED, description = "The request is on disk.", body = IngestResponse),
        (status = CONFLICT, description = "`duplicate_request`: this idempotency key was used; `error` says by which request (`original_request_id`), when (`first_seen_at`, `expires_at`), and whether the body was the same (`same_body`). Nothing was added.", body = ErrorBody),
    ))]
pub(crate) async fn handle(
    State(pipeline): State<Pipeline>,
    SourceCaller(key): SourceCaller,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    parts: Parts,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<IngestResponse>), HttpError> {
    let arrival = Arrival { request_id, key, address, parts, raw };
    Ok((StatusCode::ACCEPTED, Json(arrival.ingest(&pipeline, Channel::Batch).await?)))
}
