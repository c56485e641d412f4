//! `GET /v1/requests/{id}`: the response to a request, and how its submissions stand (I2). A source reads its own requests;
//! users read those of their organization.

use crate::auth::{OrgUser, SourceCaller};
use crate::error::HttpError;
use crate::extract::Path;
use crate::views::{self, SubmissionStatus, Time};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use hookmill_admin::request_of_source;
use hookmill_pipeline::{IngestResponse, Pipeline};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The reader: a source or a user.
pub(crate) enum Reader {
    Source(SourceCaller),
    User(OrgUser),
}

impl FromRequestParts<Pipeline> for Reader {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        match SourceCaller::from_request_parts(parts, pipeline).await {
            Ok(source) => Ok(Self::Source(source)),
            Err(error) if error.code == "api_key_not_allowed" => {
                OrgUser::from_request_parts(parts, pipeline).await.map(Self::User)
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
    let found = match reader {
        Reader::Source(SourceCaller(key)) => request_of_source(&pipeline, &key, &id).await?,
        Reader::User(OrgUser(scope)) => scope.request(&id).await?,
    };
    let submissions = found.submissions.into_iter();
    Ok(Json(RequestView {
        received_at: views::time(found.request.received_at),
        request_id: found.request.id,
        response: found.response,
        submissions: submissions.map(|(submission_id, state)| SubmissionStatus { submission_id, state }).collect(),
    }))
}
