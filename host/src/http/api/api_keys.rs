//! API keys (O9): seen in full once, when they are made.

use crate::http::auth::{Scope, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use crate::store::keys::ApiKey;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many campaigns a key may be narrowed to.
const CAMPAIGNS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewApiKey {
    user_id: String,
    name: String,
    campaigns: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct FreshApiKey {
    id: String,
    key: String,
    prefix: String,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct ApiKeyView {
    id: String,
    user_id: String,
    name: String,
    prefix: String,
    campaigns: Option<Value>,
    created_at: String,
    revoked_at: Option<String>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(row: ApiKey) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            name: row.name,
            prefix: row.prefix,
            campaigns: row.campaigns.as_deref().map(views::value),
            created_at: views::time(row.created_at),
            revoked_at: row.revoked_at.map(views::time),
        }
    }
}

pub(in crate::http) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewApiKey>,
) -> Result<(StatusCode, Json<FreshApiKey>), Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let user = if new.user_id.contains('\0') {
        None
    } else {
        pipeline.store().user(&new.user_id).await.map_err(unavailable)?
    };
    let user = user.filter(|user| user.organization_id.as_ref() == Some(&scope.organization_id));
    let user = user.ok_or_else(|| Refusal::invalid("user_id", "names no user of this organization"))?;
    if new.campaigns.as_ref().is_some_and(|list| list.is_empty() || CAMPAIGNS_MAX < list.len()) {
        return Err(Refusal::invalid(
            "campaigns",
            format!("must name 1 to {CAMPAIGNS_MAX} campaigns, or be left out for all"),
        ));
    }
    let now = pipeline.clock().now();
    let fresh =
        pipeline.store().create_api_key(&user.id, &name, new.campaigns.as_deref(), now).await.map_err(unavailable)?;
    scope.record(&pipeline, "api_key.created", &fresh.id).await;
    Ok((StatusCode::CREATED, Json(FreshApiKey { id: fresh.id, key: fresh.key, prefix: fresh.prefix })))
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiKeyView>>, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let limit = query.limit(&pipeline);
    let rows =
        pipeline.store().api_keys(Some(&scope.organization_id), query.after(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

pub(in crate::http) async fn revoke(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let now = pipeline.clock().now();
    let id = id.replace('\0', " ");
    if !pipeline.store().revoke_api_key(Some(&scope.organization_id), &id, now).await.map_err(unavailable)? {
        return Err(Refusal::not_found("API key", &id));
    }
    scope.record(&pipeline, "api_key.revoked", &id).await;
    Ok(StatusCode::NO_CONTENT)
}
