//! A sample through a campaign's stages, with nothing kept and nothing sent (M10).

use crate::http::auth::{Scope, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::Path;
use crate::http::refused::Refused;
use crate::model::refusal::{Kind, Refusal};
use crate::model::role::Permission;
use crate::pipeline::{DryRun, DryRunInput, Pipeline};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"body": {"name": "Alice Smith", "email": "alice@example.com"}}))]
pub(in crate::http) struct Sample {
    /// The element as the source would send it: any JSON.
    #[schema(value_type = Value)]
    body: Box<RawValue>,
    /// A document to try instead of the active one.
    document: Option<String>,
    /// The headers the source would send with it.
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
}

/// Runs a sample through a campaign's stages
///
/// Integrators. It runs the very code production runs; nothing is kept and nothing is sent. What the sample makes a stage fail with is part of the answer.
#[utoipa::path(post, path = "", operation_id = "dryRun", request_body = Sample,
    responses(
        (status = OK, description = "What every stage got and gave.", body = DryRun),
        (status = CONFLICT, description = "`program_unusable`: what the campaign runs can't be run.", body = Refused),
    ))]
pub(in crate::http) async fn handle(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(sample): JsonBody<Sample>,
) -> Result<Json<DryRun>, Refusal> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Integrate).await?;
    let sample = sample?;
    let organization = pipeline.store().organization(&scope.organization_id).await.map_err(unavailable)?;
    let organization = organization.ok_or_else(|| Refusal::not_found("organization", &scope.organization_id))?;
    let program = match &sample.document {
        Some(document) => pipeline.compile(&pipeline.default_component().digest, document).await?.0,
        None => pipeline
            .program_of(&campaign)
            .await
            .map_err(|why| Refusal::new(Kind::Conflict, "program_unusable", why.to_string()))?,
    };
    let client_url =
        pipeline.store().endpoint_of(&campaign).map_err(unavailable)?.map(|endpoint| endpoint.url).unwrap_or_default();
    let headers = sample.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let input = DryRunInput { organization, campaign, body: sample.body.get().to_owned(), headers, client_url };
    Ok(Json(pipeline.dry_run(&program, &input).await.map_err(unavailable)?))
}
