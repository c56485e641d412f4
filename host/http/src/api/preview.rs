//! What a campaign would send of the leads that it has, with nothing stored and nothing sent (L10).

use crate::auth::OrgUser;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::reply::large_json;
use axum::response::Response;
use hookmill_pipeline::{Generated, Preview};
use serde::Deserialize;
use utoipa::IntoParams;

/// How many leads are previewed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewedLeads {
    /// How many of the newest leads, 1 to 20; 5 if not given.
    #[param(minimum = 1, maximum = 20)]
    leads: Option<i64>,
}

/// Previews a campaign
///
/// The newest leads of an active campaign, each once, and for each the message that its shaping stage would send to the client now: by the code of production, on the active version and the value sets of now. Nothing is stored and nothing is sent. Leads that were not sent, such as disqualified ones, are among them. Below `admin` the stage sees scheme and host alone of the client's URL.
#[utoipa::path(get, path = "", operation_id = "previewCampaign", params(PreviewedLeads),
    responses(
        (status = OK, description = "The leads with their messages.", body = Preview),
        (status = CONFLICT, description = "`campaign_not_active`: the campaign is a draft, paused or archived. `campaign_version_unusable`: its active version can't be run.", body = ErrorBody),
    ))]
pub(crate) async fn preview(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(previewed): Query<PreviewedLeads>,
) -> Result<Response, HttpError> {
    let preview = scope.preview_campaign(&campaign, previewed.leads).await?;
    large_json(&scope, || preview).await
}

/// Generates the message of a submission
///
/// Integrators. A dry run of the shaping stage on the stored lead: the message that the campaign would send to its client now, and which line of the document made each part. Nothing is stored and nothing is sent. Below `admin` the stage sees scheme and host alone of the client's URL.
#[utoipa::path(post, path = "", operation_id = "generateMessage",
    responses(
        (status = OK, description = "The lead with its message.", body = Generated),
        (status = CONFLICT, description = "`campaign_not_active`: the campaign is a draft, paused or archived. `not_mapped`: the submission has no lead. `campaign_version_unusable`: the active version of the campaign can't be run.", body = ErrorBody),
        (status = GONE, description = "`erased`: its person was erased.", body = ErrorBody),
    ))]
pub(crate) async fn generate(OrgUser(scope): OrgUser, Path(submission): Path<String>) -> Result<Response, HttpError> {
    let generated = scope.generate_message(&submission).await?;
    large_json(&scope, || generated).await
}
