//! `POST /v2/{campaign}/inbound-webhook`: inbound webhooks in the dialect that they come from (K1). Parameters stand in the query, in a form or in JSON; the
//! key among them, or at the end of a header.

use crate::auth::actor_of;
use crate::body::{self, content_headers};
use crate::error::{ErrorBody, HttpError};
use crate::extract::Path;
use crate::request_id::RequestId;
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Uri};
use hookmill_domain::body as model;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::inbound::settings::InboundDraft;
use hookmill_pipeline::Pipeline;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// How many bytes the parameters may have.
const BODY_BYTES_MAX: usize = 64 << 10;
/// The headers whose last word may be the key.
const HEADERS: [&str; 3] = ["authorization", "authentication", "x-api-key"];

/// The parameters, each in the query or in the body.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct Parameters {
    /// An API key (`hmk_...`); it may also be the last word of `Authorization` or `Authentication`.
    api_key: Option<String>,
    /// The webhook's name; `Inbound via API` if not given.
    name: Option<String>,
    /// A tag of the leads that come through it; one that no lead has is left out.
    tag_id: Option<String>,
    /// The label of their source.
    source: Option<String>,
}

/// An inbound webhook that was created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboundWebhookCreated {
    message: &'static str,
    /// Where to post to.
    url: String,
}

/// Creates an inbound webhook, in a dialect
///
/// Admins. Parameters stand in the query, in a form or in JSON.
#[utoipa::path(post, path = "", operation_id = "createInboundWebhookByApi", params(Parameters),
    responses(
        (status = OK, description = "It is created.", body = InboundWebhookCreated),
        (status = BAD_REQUEST, description = "The body can't be read.", body = ErrorBody),
        (status = UNAUTHORIZED, description = "`invalid_api_access`: no key, one that is not known, or one that is not for this campaign.", body = ErrorBody),
        (status = CONFLICT, description = "`too_many_webhooks`: the campaign has as many as it may have.", body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, description = "The body is too large.", body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "A content type that is not understood.", body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "A parameter is not acceptable.", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More is under way than may be at once; try again.", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The host can't keep it safe at the moment; try again.", body = ErrorBody),
    ))]
pub(crate) async fn create(
    State(pipeline): State<Pipeline>,
    Path(campaign): Path<String>,
    request: Request,
) -> Result<Json<InboundWebhookCreated>, HttpError> {
    let (parts, raw) = request.into_parts();
    if let Some(id) = parts.extensions.get::<RequestId>() {
        id.hold(&pipeline.holding(""));
    }
    let of_query = query(&parts.uri);
    let holding = pipeline.holding("");
    let bytes = body::read_held(&pipeline, &holding, raw, BODY_BYTES_MAX).await?;
    let of_body = if bytes.is_empty() { Map::new() } else { read(&pipeline, &parts.headers, &bytes)? };
    let given = |name: &str| {
        let given = text(&of_body, name).or_else(|| of_query.get(name).cloned());
        given.filter(|text| !text.trim().is_empty())
    };
    let key = given("api_key").or_else(|| key_of_headers(&parts.headers)).unwrap_or_default();
    let actor = actor_of(&pipeline, key.trim()).await.map_err(no_access)?;
    let draft =
        InboundDraft { name: given("name"), tag: given("tag_id"), source: given("source"), ..InboundDraft::default() };
    let organization = of_query.get("organization").cloned();
    let created = actor.create_inbound_by_api(organization, &campaign, draft).await.map_err(no_access)?;
    let url = created.url.unwrap_or_default();
    Ok(Json(InboundWebhookCreated { message: "Inbound Webhook Created", url }))
}

/// The parameters of a query; of a repeated one the first counts.
fn query(uri: &Uri) -> HashMap<String, String> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return HashMap::new() };
    // What comes later in a map stays.
    pairs.into_iter().rev().collect()
}

/// The parameters in a body: the members of a JSON object, or the fields of a form.
fn read(pipeline: &Pipeline, headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let (content_type, content_encoding) = content_headers(headers);
    let element = model::to_json(&model::head(&content_type, &content_encoding)?, bytes, &pipeline.settings().limits)?;
    match serde_json::from_str(&element.text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::new(Kind::Invalid, "invalid", "the body must be a JSON object or a form")),
        Err(_) => Err(model::syntax(&element.text)),
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The last word of a header: `Bearer KEY`, `Token KEY` and `KEY` all do.
fn key_of_headers(headers: &HeaderMap) -> Option<String> {
    HEADERS.iter().find_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        value.split_whitespace().next_back().map(str::to_owned)
    })
}

/// A key that may not, whatever the reason, has one error here.
fn no_access(error: ApiError) -> ApiError {
    match error.kind {
        Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound => ApiError::new(
            Kind::Unauthenticated,
            "invalid_api_access",
            "invalid_api_access: the key is unknown, or may not create inbound webhooks of this campaign",
        ),
        _ => error,
    }
}
