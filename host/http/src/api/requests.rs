//! Requests as they came in (I11).

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use hookmill_admin::rows::RequestSummary;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub(crate) struct RequestLine {
    id: String,
    source_key_id: String,
    /// The channel of the request: `batch` or `campaign`.
    channel: String,
    content_type: String,
    remote_address: Option<String>,
    body_bytes: i64,
    received_at: Time,
}

impl From<RequestSummary> for RequestLine {
    fn from(row: RequestSummary) -> Self {
        Self {
            id: row.id,
            source_key_id: row.source_key_id,
            channel: row.channel,
            content_type: row.content_type,
            remote_address: row.remote_address,
            body_bytes: row.body_bytes,
            received_at: views::time(row.received_at),
        }
    }
}

/// Lists requests
///
/// The newest come first.
#[utoipa::path(get, path = "", operation_id = "listRequests", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<RequestLine>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<RequestLine>>, HttpError> {
    Ok(Json(Page::of(scope.list_requests(&page.before(before)).await?, Into::into)))
}
