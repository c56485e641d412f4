//! The lifecycle of a campaign (L3, L5-L8): duplicates, caps, schedule, queue and fallback, replaced as a whole.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::Path;
use axum::Json;
use hookmill_domain::lifecycle::draft::LifecycleDraft;

/// Sets a campaign's lifecycle
///
/// Admins. Replaces duplicate rule, caps, schedule, expiry of the queue and fallback list as a whole; what is left out does not apply any more.
/// Leads that are not decided yet go by it, and queued ones are looked at again. What was delivered in the running period counts for a
/// cap that there was not before. Everything that contradicts itself or the other campaigns is named at once.
#[utoipa::path(put, path = "", operation_id = "setLifecycle", request_body = LifecycleDraft,
    responses(
        (status = OK, description = "The lifecycle after the change.", body = LifecycleDraft),
        (status = CONFLICT, description = "`leads_under_way`: too many leads are on their way to be counted under a new cap; try again when fewer are.", body = ErrorBody),
    ))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<LifecycleDraft>,
) -> Result<Json<LifecycleDraft>, HttpError> {
    Ok(Json(LifecycleDraft::from(&scope.set_lifecycle(&campaign, draft).await?)))
}

/// Shows a campaign's lifecycle
///
/// As it can be set again. What does not apply is null.
#[utoipa::path(get, path = "", operation_id = "getLifecycle",
    responses((status = OK, description = "The lifecycle.", body = LifecycleDraft)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<Json<LifecycleDraft>, HttpError> {
    Ok(Json(LifecycleDraft::from(&scope.lifecycle(&campaign).await?)))
}
