//! A campaign's first-submission action (L4). Values of headers and secrets are never shown again.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::Path;
use crate::views;
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::SavedAction;
use hookmill_domain::action::{Action, ActionDraft, ActionKind, Priority};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What does not apply to its kind is null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FirstSubmissionAction)]
pub(crate) struct ActionView {
    /// Who decides.
    kind: ActionKind,
    /// The URL of the webhook; whose role is below `admin` sees scheme and host alone, as `https://checks.example/…`.
    url: Option<String>,
    method: Option<String>,
    /// The names; every value is shown as `***`.
    headers: Option<BTreeMap<String, &'static str>>,
    /// The retries after the first attempt.
    retries: Option<u8>,
    /// The timeout of one attempt, in seconds.
    timeout_s: Option<u64>,
    /// The number of signing secrets, which are never shown.
    secrets: Option<usize>,
    /// The certificate authorities that it is trusted by instead of the public ones, in PEM; null where the public ones count.
    ca_certificates: Option<String>,
    /// In which order the reviews are listed.
    priority: Option<Priority>,
    /// The secret that was generated because none was given; it is shown only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_secret: Option<String>,
}

fn view(action: &Action, new_secret: Option<String>) -> ActionView {
    let webhook = action.webhook();
    let headers = webhook.map(|webhook| views::mask_headers(&webhook.headers));
    ActionView {
        kind: action.kind(),
        url: webhook.map(|webhook| webhook.url.clone()),
        method: webhook.map(|webhook| webhook.method.clone()),
        headers: headers.map(|headers| headers.into_iter().map(|(name, mask)| (name.to_owned(), mask)).collect()),
        retries: webhook.map(|webhook| webhook.retries),
        timeout_s: webhook.map(|webhook| webhook.timeout_s),
        secrets: webhook.map(|webhook| webhook.secrets.len()),
        ca_certificates: webhook.and_then(|webhook| Some(webhook.ca_certificates.as_ref()?.as_str().to_owned())),
        priority: action.priority(),
        new_secret,
    }
}

/// Sets a campaign's first-submission action
///
/// Admins. On a person's first submission to the campaign, after the hard rules, a webhook or a person decides whether it goes on. Persons who came
/// before there was an action count as new. The first save of a webhook without secrets generates one and returns it once. The address is
/// resolved and checked, as it is again at every connection. What is asked already is asked where it was, and reviews that wait go on waiting.
#[utoipa::path(put, path = "", operation_id = "setFirstSubmissionAction", request_body = ActionDraft,
    responses((status = OK, description = "The action after the change.", body = ActionView)))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<ActionDraft>,
) -> Result<Json<ActionView>, HttpError> {
    let SavedAction { action, new_secret } = scope.set_first_submission_action(&campaign, draft).await?;
    Ok(Json(view(&action, new_secret)))
}

/// Shows a campaign's first-submission action
#[utoipa::path(get, path = "", operation_id = "getFirstSubmissionAction",
    responses((status = OK, description = "The action; secrets and values of headers are never shown, and path and query of the URL to admins alone.", body = ActionView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(campaign): Path<String>) -> Result<Json<ActionView>, HttpError> {
    Ok(Json(view(&scope.first_submission_action(&campaign).await?, None)))
}

/// Removes a campaign's first-submission action
///
/// Admins. Nobody is asked about its leads from then on. Reviews that wait go on waiting, and so does each lead that a webhook was still to be asked about
/// again.
#[utoipa::path(delete, path = "", operation_id = "removeFirstSubmissionAction",
    responses((status = NO_CONTENT, description = "The action is removed.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(campaign): Path<String>) -> Result<StatusCode, HttpError> {
    scope.remove_first_submission_action(&campaign).await?;
    Ok(StatusCode::NO_CONTENT)
}
