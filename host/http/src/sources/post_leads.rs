//! `POST /v1/campaigns/{id}/leads`: one lead or a list, in any shape the campaign maps (I7).

use super::Arrival;
use crate::auth::SourceCaller;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::Path;
use crate::request_id::RequestId;
use crate::serve::Peer;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::{Extension, Json};
use hookmill_pipeline::{Channel, IngestResponse, Pipeline};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{self, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// A lead as any JSON, or a list of leads: the campaign's plugin maps any shape.
pub(crate) struct AnyLead;

impl PartialSchema for AnyLead {
    fn schema() -> RefOr<Schema> {
        let kinds = vec![Type::Object, Type::String, Type::Number, Type::Boolean, Type::Null];
        let one = ObjectBuilder::new().schema_type(SchemaType::Array(kinds));
        let several = ArrayBuilder::new().items(RefOr::T(schema::empty())).min_items(Some(1)).max_items(Some(1_000));
        AnyOfBuilder::new().item(one).item(several).into()
    }
}

impl ToSchema for AnyLead {}

/// The header that makes a post idempotent.
// A description alone: the header is read as bytes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct Idempotency {
    /// The sender's name for this request; a second request with the same key within seven days gets `409`.
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 255)]
    key: String,
}

/// Posts leads to one campaign
///
/// One lead or a list, in any shape that the campaign maps: JSON, a form, a multipart form or XML, each of which becomes one JSON value. `text/plain` and a body without content type are accepted when they are a JSON object or list, or XML. A body may be compressed (`Content-Encoding: gzip` or `deflate`) and in any charset its content type names. `202` means that the request is on disk. A request that is rejected as a whole is kept for its organization, and its error has `rejected_request_id`.
#[utoipa::path(post, path = "", operation_id = "postLeads",
    params(Idempotency),
    request_body(description = "One lead, or a list of up to 1,000.", content(
        (AnyLead = "application/json", example = json!({"name": "Alice Smith", "email": "alice@example.com"})),
        (HashMap<String, String> = "application/x-www-form-urlencoded", example = json!({"name": "Alice Smith", "email": "alice@example.com"})),
        (HashMap<String, String> = "multipart/form-data", example = json!({"name": "Alice Smith", "email": "alice@example.com"})),
        (String = "application/xml"),
    )),
    responses(
        (status = ACCEPTED, description = "The request is on disk.", body = IngestResponse),
        (status = NOT_FOUND, description = "`campaign_unknown`: the organization has no campaign of this id.", body = ErrorBody),
        (status = CONFLICT, description = "`campaign_archived`, or `duplicate_request` as for a batch. Nothing was added.", body = ErrorBody),
    ))]
pub(crate) async fn handle(
    State(pipeline): State<Pipeline>,
    SourceCaller(key): SourceCaller,
    Path(campaign): Path<String>,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    parts: Parts,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<IngestResponse>), HttpError> {
    let idempotency_key = parts.headers.get("idempotency-key").map(|value| value.as_bytes().to_vec());
    let channel = Channel::Campaign { campaign_id: campaign, idempotency_key };
    let arrival = Arrival { request_id, key, address, parts, raw };
    Ok((StatusCode::ACCEPTED, Json(arrival.ingest(&pipeline, channel).await?)))
}
