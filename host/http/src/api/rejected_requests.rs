//! Requests that were wholly rejected (I2): what stays of them.

use crate::auth::{Scope, unavailable};
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use hookmill_store::requests::RejectedRequest;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedRequest)]
pub(crate) struct RejectedRequestView {
    id: String,
    /// Why, as its sender was told.
    code: String,
    body_bytes: i64,
    /// SHA-256 of the body, by which its sender can find it.
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

/// Lists requests that were wholly rejected
///
/// The newest come first. Only code, size and digest stay of such a request, and only when its key was good.
#[utoipa::path(get, path = "", operation_id = "listRejectedRequests", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<RejectedRequestView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<RejectedRequestView>>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let limit = page.limit(&pipeline)?;
    let rows =
        pipeline.store().rejected_requests(&scope.organization_id, before.id(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}
