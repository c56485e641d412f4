//! A sample through a campaign's stages, with nothing kept and nothing sent (M10).

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::Path;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookmill_domain::body;
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::role::Permission;
use hookmill_pipeline::{DryRun, DryRunInput, Pipeline, SampleResponse};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"body": {"name": "Alice Smith", "email": "alice@example.com"}}))]
pub(crate) struct Sample {
    /// The element as JSON. Give this or `raw`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Value, required = false)]
    body: Option<Box<RawValue>>,
    /// The element as the bytes that a source would send, of any supported content type. Give this or `body`.
    raw: Option<RawSample>,
    /// A document to try instead of the active one.
    document: Option<String>,
    /// The headers that the source would send.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The parameters of the query that would come with it.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// What the client responds with; without one, it takes the lead.
    response: Option<ResponseSample>,
}

/// A raw body, as a source would send it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content_type": "application/xml", "text": "<lead><email>alice@example.com</email></lead>"}))]
pub(crate) struct RawSample {
    /// Its content type, with charset and boundary where it has them.
    content_type: String,
    /// The content encoding.
    #[serde(default)]
    content_encoding: String,
    /// The body as text, in UTF-8.
    text: Option<String>,
    /// The body in base64, for a body that is not text.
    base64: Option<String>,
}

/// The client's response.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": 200, "headers": {"content-type": "application/json"}, "text": "{\"result\":\"duplicate\"}"}))]
pub(crate) struct ResponseSample {
    /// The status.
    #[schema(minimum = 100, maximum = 999)]
    status: u16,
    /// The headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as text, in UTF-8.
    text: Option<String>,
    /// The body in base64, for a body that is not text.
    base64: Option<String>,
}

/// A member that is present; it may be `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A body's bytes: given as text or in base64, and empty when as neither.
fn decode_body(path: &str, text: Option<String>, base64: Option<String>) -> Result<Bytes, HttpError> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(HttpError::invalid(path, "has `text` and `base64`; give one of them")),
        (Some(text), None) => Ok(Bytes::from(text)),
        (None, Some(coded)) => STANDARD
            .decode(coded.trim())
            .map(Bytes::from)
            .map_err(|error| HttpError::invalid(format!("{path}.base64"), format!("is not base64: {error}"))),
        (None, None) => Ok(Bytes::new()),
    }
}

impl Sample {
    /// The element's JSON text; the content headers of a raw sample are added to the headers.
    fn element(&mut self, limits: &Limits) -> Result<String, HttpError> {
        let raw = match (self.body.take(), self.raw.take()) {
            (Some(body), None) => return Ok(body.get().to_owned()),
            (None, Some(raw)) => raw,
            _ => return Err(HttpError::invalid("body", "or `raw` must be given, and not both")),
        };
        let head = body::head(&raw.content_type, &raw.content_encoding).map_err(as_sample)?;
        self.headers.entry("content-type".into()).or_insert(raw.content_type);
        body::to_json(&head, &decode_body("raw", raw.text, raw.base64)?, limits).map_err(as_sample)
    }
}

/// A body inside a body: an error in the sample is not a syntax error of the request itself.
fn as_sample(error: ApiError) -> HttpError {
    let message = format!("the sample in `raw` would be rejected: {}", error.message);
    HttpError::new(Kind::Invalid, "sample_unreadable", message).at("raw", error.code, error.message)
}

fn lowercase_names(headers: BTreeMap<String, String>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

fn parse_response(sample: ResponseSample) -> Result<SampleResponse, HttpError> {
    if !(100..1_000).contains(&sample.status) {
        return Err(HttpError::invalid("response.status", "must be from 100 to 999"));
    }
    let body = decode_body("response", sample.text, sample.base64)?;
    Ok(SampleResponse { status: sample.status, headers: lowercase_names(sample.headers), body })
}

/// Dry-runs a sample
///
/// Integrators. It runs the code of production, stores nothing and sends nothing. If the sample makes a stage fail, the failure is part of the response.
#[utoipa::path(post, path = "", operation_id = "dryRun", request_body = Sample,
    responses(
        (status = OK, description = "The input and output of every stage.", body = DryRun),
        (status = CONFLICT, description = "`campaign_version_unusable`: the active version of the campaign can't be run.", body = ErrorBody),
    ))]
pub(crate) async fn handle(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(sample): JsonBody<Sample>,
) -> Result<Json<DryRun>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Integrate).await?;
    let mut sample = sample?;
    let body = sample.element(&pipeline.settings().limits)?;
    let response = sample.response.map(parse_response).transpose()?;
    let organization = pipeline.store().organization(&scope.organization_id).await.map_err(unavailable)?;
    let organization = organization.ok_or_else(|| HttpError::not_found("organization", &scope.organization_id))?;
    let program = match &sample.document {
        Some(document) => {
            pipeline.compile(&pipeline.default_component().digest, document).await.map_err(ApiError::from)?.0
        }
        None => pipeline
            .campaign_program(&campaign)
            .await
            .map_err(|why| HttpError::new(Kind::Conflict, "campaign_version_unusable", why.to_string()))?,
    };
    let client_url = pipeline
        .store()
        .client_destination(&campaign.key)
        .await
        .map_err(unavailable)?
        .map(|client| client.settings.url)
        .unwrap_or_default();
    let metadata =
        RequestMetadata { headers: lowercase_names(sample.headers), query: sample.query.into_iter().collect() };
    let input = DryRunInput { organization, campaign, body, metadata, client_url, response };
    Ok(Json(pipeline.dry_run(&program, &input).await.map_err(unavailable)?))
}
