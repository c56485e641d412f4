//! `GET /v1/requests/{id}`: the response to a request, and how its submissions stand (I2). A source reads its own requests;
//! users read those of their organization.

use crate::auth::{Scope, SourceCaller, unavailable};
use crate::error::HttpError;
use crate::extract::Path;
use crate::views::{self, SubmissionStatus, Time};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use hookmill_domain::role::Permission;
use hookmill_pipeline::{IngestResponse, Pipeline};
use hookmill_store::requests::RequestRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The reader: a source or a user.
pub(crate) enum Reader {
    Source(SourceCaller),
    User(Scope),
}

impl FromRequestParts<Pipeline> for Reader {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        match SourceCaller::from_request_parts(parts, pipeline).await {
            Ok(source) => Ok(Self::Source(source)),
            Err(error) if error.code == "api_key_not_allowed" => {
                Scope::from_request_parts(parts, pipeline).await.map(Self::User)
            }
            Err(error) => Err(error),
        }
    }
}

/// A request, as its source may read it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestDetails)]
pub(crate) struct RequestView {
    request_id: String,
    received_at: Time,
    /// The response to it.
    #[schema(value_type = IngestResponse)]
    response: Value,
    /// The state of each of its submissions.
    submissions: Vec<SubmissionStatus>,
}

/// Shows a request with its response and submissions
///
/// A source reads its own requests; an API key those of its organization.
#[utoipa::path(get, path = "", operation_id = "getRequest",
    responses((status = OK, description = "The request.", body = RequestView)))]
pub(crate) async fn handle(
    State(pipeline): State<Pipeline>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Json<RequestView>, HttpError> {
    let not_found = || HttpError::not_found("request", &id.replace('\0', " ").chars().take(64).collect::<String>());
    if id.contains('\0') {
        return Err(not_found());
    }
    let request = match &reader {
        Reader::Source(SourceCaller(key)) => {
            pipeline.store().request_of_source(&key.organization_id, &key.source_id, &id).await.map_err(unavailable)?
        }
        Reader::User(scope) => {
            scope.caller.may_all(Permission::View)?;
            pipeline.store().request(&scope.organization_id, &id).await.map_err(unavailable)?
        }
    };
    let request = request.ok_or_else(not_found)?;
    let submissions = states(&pipeline, &request).await?;
    Ok(Json(RequestView {
        request_id: request.id.clone(),
        received_at: views::time(request.received_at),
        response: views::value(&request.response),
        submissions,
    }))
}

async fn states(pipeline: &Pipeline, request: &RequestRow) -> Result<Vec<SubmissionStatus>, HttpError> {
    let response = views::value(&request.response);
    let accepted = response["accepted"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = accepted.iter().filter_map(|lead| lead["submission_id"].as_str()).collect();
    let states = pipeline.store().submission_states(&request.organization_id, &ids).await.map_err(unavailable)?;
    let by_id: std::collections::HashMap<String, String> = states.into_iter().collect();
    let known = ids
        .iter()
        .filter_map(|id| Some(SubmissionStatus { submission_id: (*id).to_owned(), state: by_id.get(*id)?.clone() }));
    Ok(known.collect())
}
