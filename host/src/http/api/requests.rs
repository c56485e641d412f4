//! Requests as they came in (I11).

use crate::http::auth::{Scope, unavailable};
use crate::http::extract::Query;
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use crate::store::requests::RequestRow;
use axum::Json;
use axum::extract::State;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(in crate::http) struct RequestLine {
    id: String,
    source_key_id: String,
    door: String,
    content_type: String,
    remote_address: Option<String>,
    body_bytes: i64,
    received_at: String,
}

impl From<RequestRow> for RequestLine {
    fn from(row: RequestRow) -> Self {
        Self {
            id: row.id,
            source_key_id: row.source_key_id,
            door: row.door,
            content_type: row.content_type,
            remote_address: row.remote_address,
            body_bytes: row.body_bytes,
            received_at: views::time(row.received_at),
        }
    }
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RequestLine>>, Refusal> {
    scope.caller.may_all(Permission::View)?;
    let limit = query.limit(&pipeline);
    let rows = pipeline.store().requests(&scope.organization_id, query.before(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}
