//! Rejected requests (I2): what is stored of them.

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use hookmill_admin::rows::RejectedRequest;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedRequest)]
pub(crate) struct RejectedRequestView {
    id: String,
    /// The error code that its sender got.
    code: String,
    body_bytes: i64,
    /// SHA-256 of the body, for finding the request at its sender.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    body_digest: String,
    rejected_at: Time,
}

impl From<RejectedRequest> for RejectedRequestView {
    fn from(row: RejectedRequest) -> Self {
        Self {
            id: row.id,
            code: row.code,
            body_bytes: row.body_bytes,
            body_digest: row.body_digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            rejected_at: views::time(row.rejected_at),
        }
    }
}

/// Lists rejected requests
///
/// The newest come first. Only the code, size and digest of such a request are stored, and only when its key was valid.
#[utoipa::path(get, path = "", operation_id = "listRejectedRequests", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<RejectedRequestView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<RejectedRequestView>>, HttpError> {
    Ok(Json(Page::of(scope.list_rejected_requests(&page.before(before)).await?, Into::into)))
}
