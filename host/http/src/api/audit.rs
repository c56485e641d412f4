//! The audit log: who did what that matters.

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use hookmill_admin::rows::AuditLine;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub(crate) struct LineView {
    id: String,
    /// The user.
    user_id: String,
    /// The action, such as `campaign.created`.
    action: String,
    /// The object of the action.
    subject: String,
    at: Time,
}

impl From<AuditLine> for LineView {
    fn from(row: AuditLine) -> Self {
        Self { id: row.id, user_id: row.user_id, action: row.action, subject: row.subject, at: views::time(row.at) }
    }
}

/// Lists the audit log
///
/// Admins. The newest come first.
#[utoipa::path(get, path = "", operation_id = "listAuditLines", params(PageSize, Before),
    responses((status = OK, description = "A page of the audit log.", body = Page<LineView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<LineView>>, HttpError> {
    Ok(Json(Page::of(scope.list_audit_lines(&page.before(before)).await?, Into::into)))
}
