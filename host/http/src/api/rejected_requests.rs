//! Rejected requests (I2): what is kept of them, and posting them again.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::request_id::RequestId;
use crate::views::{self, Before, PageSize, SubmissionStatus, Time};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hookmill_admin::rows::{RejectedFigures, RejectedRequest};
use hookmill_admin::{Correction, ListedRejections, RejectedDetails, RejectedQuery};
use hookmill_domain::hex::write_hex;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_pipeline::IngestResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A filter for rejected requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RejectedFilter {
    /// Only those of the source of this source key, whichever of its keys posted them.
    source: Option<String>,
    /// Only those that were posted to this campaign's own address.
    campaign: Option<String>,
    /// Only those with this error code.
    code: Option<String>,
    /// Only those rejected at this time or later.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only those rejected before this time.
    #[param(format = DateTime)]
    until: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedRequest)]
pub(crate) struct RejectedRequestView {
    id: String,
    source_key_id: String,
    /// The channel of the request: `batch` or `campaign`.
    channel: String,
    /// The campaign that its address names; it need not exist.
    campaign_id: Option<String>,
    /// The error code that its sender got.
    code: String,
    /// The error that its sender got: what is wrong, where, and the suggested fix. Of many details the first 20 are kept.
    #[schema(value_type = Object)]
    error: Value,
    content_type: String,
    content_encoding: String,
    /// How many bytes of the body were received.
    body_bytes: i64,
    /// How many of them are kept, the first ones. A request whose body is not kept whole is posted again with a corrected one.
    kept_bytes: i64,
    /// SHA-256 of the body, for finding the request at its sender; null when the body was not read to its end.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    body_digest: Option<String>,
    remote_address: Option<String>,
    rejected_at: Time,
    /// The request that it became when it was posted again.
    reposted_as: Option<String>,
    reposted_at: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedRequestDetails)]
pub(crate) struct RejectedRequestPage {
    #[serde(flatten)]
    request: RejectedRequestView,
    /// The headers that are kept with a request, as pairs; none of them carries a key.
    headers: Vec<(String, String)>,
    /// The query, as pairs.
    query: Vec<(String, String)>,
    idempotency_key: Option<String>,
    /// The submissions of the request that it was posted again as.
    submissions: Vec<SubmissionStatus>,
}

/// A page of rejected requests, and how many there are of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedRequests)]
pub(crate) struct RejectedRequestsPage {
    items: Vec<RejectedRequestView>,
    /// Where the next page begins: send it as `before`. Null at the end.
    next: Option<String>,
    /// How many are kept.
    rows: i64,
    /// How many bytes they take.
    bytes: i64,
    /// How many were never kept, because more came than may be stored in a minute or may wait.
    not_kept: i64,
}

impl From<RejectedRequest> for RejectedRequestView {
    fn from(row: RejectedRequest) -> Self {
        Self {
            id: row.id,
            source_key_id: row.source_key_id,
            channel: row.channel,
            campaign_id: row.campaign_id,
            code: row.code,
            error: views::value(&row.error),
            content_type: row.content_type,
            content_encoding: row.content_encoding,
            body_bytes: row.body_bytes,
            kept_bytes: row.kept_bytes,
            body_digest: row.body_digest.as_deref().map(write_hex),
            remote_address: row.remote_address,
            rejected_at: views::time(row.rejected_at),
            reposted_as: row.reposted_as,
            reposted_at: row.reposted_at.map(views::time),
        }
    }
}

impl From<RejectedDetails> for RejectedRequestPage {
    fn from(RejectedDetails { request, submissions }: RejectedDetails) -> Self {
        let metadata: RequestMetadata = serde_json::from_slice(&request.metadata).unwrap_or_default();
        let key = request.idempotency_key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned());
        let submissions = submissions.into_iter();
        Self {
            request: request.into(),
            headers: metadata.headers,
            query: metadata.query,
            idempotency_key: key,
            submissions: submissions.map(|(submission_id, state)| SubmissionStatus { submission_id, state }).collect(),
        }
    }
}

impl From<ListedRejections> for RejectedRequestsPage {
    fn from(ListedRejections { page, figures }: ListedRejections) -> Self {
        let RejectedFigures { rows, bytes, lost } = figures;
        let items = page.items.into_iter().map(Into::into).collect();
        Self { items, next: page.next, rows, bytes, not_kept: lost }
    }
}

/// Lists rejected requests
///
/// Posts of leads that were rejected as a whole, and whose key was valid. The newest come first.
#[utoipa::path(get, path = "", operation_id = "listRejectedRequests", params(RejectedFilter, PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = RejectedRequestsPage)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(filter): Query<RejectedFilter>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<RejectedRequestsPage>, HttpError> {
    let RejectedFilter { source, campaign, code, since, until } = filter;
    let query = RejectedQuery { source, campaign, code, since, until };
    Ok(Json(scope.list_rejected_requests(query, &page.before(before)).await?.into()))
}

/// Shows a rejected request
///
/// Without its body, which is at `/body`.
#[utoipa::path(get, path = "", operation_id = "getRejectedRequest",
    responses((status = OK, description = "The rejected request.", body = RejectedRequestPage)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
) -> Result<Json<RejectedRequestPage>, HttpError> {
    Ok(Json(scope.rejected_request(&id).await?.into()))
}

/// Downloads the body of a rejected request
///
/// The bytes as they were received, or the first of them (`kept_bytes`).
#[utoipa::path(get, path = "", operation_id = "getRejectedRequestBody",
    responses((status = OK, description = "The bytes.", body = String, content_type = "application/octet-stream")))]
pub(crate) async fn body(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Response, HttpError> {
    let bytes = scope.rejected_body(&id).await?;
    // Whoever sent it chose its bytes: no browser is to show them.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

/// Deletes a rejected request
///
/// Admins. A request that it was posted again as stays.
#[utoipa::path(delete, path = "", operation_id = "deleteRejectedRequest",
    responses((status = NO_CONTENT, description = "The rejected request is deleted.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_rejected_request(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Posts a rejected request again
///
/// Admins. The bytes that are kept go the way of every post, from the same source, with what is corrected; `{}` corrects nothing, for what was wrong
/// here, such as a missing campaign. A rejected request becomes another once. What is wrong with it now is the response, and is not kept again.
#[utoipa::path(post, path = "", operation_id = "repostRejectedRequest", request_body = Correction,
    responses(
        (status = ACCEPTED, description = "The request is on disk.", body = IngestResponse),
        (status = CONFLICT, description = "`already_reposted`: it is another request already; `error` says which (`reposted_as`, `submission_ids`). `body_not_whole`: its body is not kept whole; send a corrected one. `campaign_archived`, `duplicate_request`: as for every post. Nothing was added.", body = ErrorBody),
    ))]
pub(crate) async fn repost(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    Extension(request_id): Extension<RequestId>,
    JsonBody(correction): JsonBody<Correction>,
) -> Result<(StatusCode, Json<IngestResponse>), HttpError> {
    let response = scope.repost_rejected_request(&id, request_id.as_str(), correction).await?;
    Ok((StatusCode::ACCEPTED, Json(response)))
}
