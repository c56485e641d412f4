//! A sample through a campaign's stages, with nothing kept and nothing sent (M10).

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::Path;
use crate::reply::large_json;
use axum::response::Response;
use hookmill_admin::Sample;
use hookmill_pipeline::DryRun;

/// Dry-runs a sample
///
/// Integrators. It runs the code of production, stores nothing and sends nothing. If the sample makes a stage fail, the failure is part of the response. Below `admin` the stages see scheme and host alone of the client's URL, as `https://client.example/…`.
#[utoipa::path(post, path = "", operation_id = "dryRun", request_body = Sample,
    responses(
        (status = OK, description = "The input and output of every stage.", body = DryRun),
        (status = CONFLICT, description = "`campaign_version_unusable`: the active version of the campaign can't be run.", body = ErrorBody),
    ))]
pub(crate) async fn handle(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(sample): JsonBody<Sample>,
) -> Result<Response, HttpError> {
    let run = scope.dry_run(&campaign, sample).await?;
    large_json(&scope, || run).await
}
