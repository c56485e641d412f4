//! Submissions run again, and versions run beside each other (P8, O5).

use crate::auth::OrgUser;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::reply::large_json;
use axum::response::Response;
use hookmill_admin::Comparison;
use hookmill_pipeline::Replay;
use serde::Deserialize;
use utoipa::IntoParams;

/// What to replay on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplayOn {
    /// A version of the campaign; without one, that on which the submission ran.
    #[param(minimum = 1)]
    version: Option<i64>,
}

/// What to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ComparedWith {
    /// The version to compare with; without one, the active version.
    #[param(minimum = 1)]
    against: Option<i64>,
    /// How many submissions, the newest first; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    last: Option<i64>,
}

/// Replays a submission
///
/// Integrators. The stages run again on the element that came in, with the time, the run id, the version and the value sets of the last run, by the code of production; nothing is stored and nothing is sent. The result is compared with what was recorded. With `version` it runs on that version and on the value sets of now. Names, values and client endpoint of the campaign are those of now; a plugin sees as much of the client's URL as the caller, who is below `admin` not shown path and query.
#[utoipa::path(get, path = "", operation_id = "replaySubmission", params(ReplayOn),
    responses(
        (status = OK, description = "What was recorded, what became of it now, and where they differ.", body = Replay),
        (status = CONFLICT, description = "`not_processed`: it has not been processed yet. `campaign_version_unusable`: the version can't be run.", body = ErrorBody),
        (status = GONE, description = "`request_gone`: its raw request was deleted at the end of its retention, or can't be read any more. `erased`: its person was erased. `version_gone`, `table_gone`: so was the document of the version, or a table that the lead read.", body = ErrorBody),
    ))]
pub(crate) async fn replay(
    OrgUser(scope): OrgUser,
    Path(submission): Path<String>,
    Query(on): Query<ReplayOn>,
) -> Result<Response, HttpError> {
    let replay = scope.replay_submission(&submission, on.version).await?;
    large_json(&scope, || replay).await
}

/// Compares two versions of a campaign
///
/// Integrators. The newest submissions of the campaign run on both versions, at the time of their last run and on the value sets of now; nothing is stored and nothing is sent. Compare before you activate a version, or after an upgrade of the default plugin.
#[utoipa::path(get, path = "", operation_id = "compareVersions", params(ComparedWith),
    responses(
        (status = OK, description = "How many came out the same, and those that did not.", body = Comparison),
        (status = GONE, description = "`version_gone`: the document of a version was deleted at the end of its retention.", body = ErrorBody),
    ))]
pub(crate) async fn compare(
    OrgUser(scope): OrgUser,
    Path((campaign, version)): Path<(String, String)>,
    Query(with): Query<ComparedWith>,
) -> Result<Response, HttpError> {
    let comparison = scope.compare_versions(&campaign, &version, with.against, with.last).await?;
    large_json(&scope, || comparison).await
}
