//! The audit log: who did what that matters.

use crate::http::auth::{Scope, unavailable};
use crate::http::extract::Query;
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use axum::Json;
use axum::extract::State;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(in crate::http) struct LineView {
    id: String,
    user_id: String,
    action: String,
    subject: String,
    at: String,
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<LineView>>, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let limit = query.limit(&pipeline);
    let rows =
        pipeline.store().audit_lines(&scope.organization_id, query.before(), limit).await.map_err(unavailable)?;
    let view = |row: crate::store::audit::AuditLine| LineView {
        at: views::time(row.at),
        id: row.id,
        user_id: row.user_id,
        action: row.action,
        subject: row.subject,
    };
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), view)))
}
