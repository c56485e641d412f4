//! The audit log: who did what that matters.

use crate::auth::{Scope, unavailable};
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
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

/// Lists the audit log
///
/// Admins. The newest come first.
#[utoipa::path(get, path = "", operation_id = "listAuditLines", params(PageSize, Before),
    responses((status = OK, description = "A page of the audit log.", body = Page<LineView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<LineView>>, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let limit = page.limit(&pipeline)?;
    let rows = pipeline.store().audit_lines(&scope.organization_id, before.id(), limit).await.map_err(unavailable)?;
    let view = |row: hookmill_store::audit::AuditLine| LineView {
        at: views::time(row.at),
        id: row.id,
        user_id: row.user_id,
        action: row.action,
        subject: row.subject,
    };
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), view)))
}
