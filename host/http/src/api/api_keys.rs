//! API keys (O9): seen in full once, when they are made.

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Name, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use hookmill_store::keys::ApiKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The most campaigns that a key can be scoped to.
const CAMPAIGNS_MAX: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "usr_01kxs3n9v6z4c6c0x5h2rg5m7k", "name": "laptop", "campaigns": ["SOLAR"]}))]
pub(crate) struct NewApiKey {
    /// The user that the key belongs to, whose role it has.
    user_id: String,
    /// The name, for people.
    name: Name,
    /// The campaigns it is scoped to; left out for all.
    #[schema(min_items = 1, max_items = 100)]
    campaigns: Option<Vec<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreshApiKey {
    id: String,
    /// The key. Only this response contains it: the host stores its hash.
    key: String,
    /// Its first characters, for telling keys apart.
    prefix: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    id: String,
    user_id: String,
    name: String,
    prefix: String,
    /// The campaigns it is scoped to; null for all.
    #[schema(value_type = Option<Vec<String>>)]
    campaigns: Option<Value>,
    created_at: Time,
    revoked_at: Option<Time>,
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

/// Creates an API key
///
/// Admins. Only this response contains the key.
#[utoipa::path(post, path = "", operation_id = "createApiKey", request_body = NewApiKey,
    responses((status = CREATED, description = "The key is valid from now on.", body = FreshApiKey)))]
pub(crate) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewApiKey>,
) -> Result<(StatusCode, Json<FreshApiKey>), HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let user = if new.user_id.contains('\0') {
        None
    } else {
        pipeline.store().user(&new.user_id).await.map_err(unavailable)?
    };
    let user = user.filter(|user| user.organization_id.as_ref() == Some(&scope.organization_id));
    let user = user.ok_or_else(|| HttpError::invalid("user_id", "is not the id of a user of this organization"))?;
    if new.campaigns.as_ref().is_some_and(|list| list.is_empty() || CAMPAIGNS_MAX < list.len()) {
        return Err(HttpError::invalid(
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

/// Lists API keys
///
/// Admins. The oldest come first; revoked keys stay listed.
#[utoipa::path(get, path = "", operation_id = "listApiKeys", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<ApiKeyView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<ApiKeyView>>, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let limit = page.limit(&pipeline)?;
    let rows = pipeline.store().api_keys(Some(&scope.organization_id), after.id(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

/// Revokes an API key
///
/// Admins. The key stops working at once on this host, and within a second on others.
#[utoipa::path(delete, path = "", operation_id = "revokeApiKey",
    responses((status = NO_CONTENT, description = "The key is revoked.")))]
pub(crate) async fn revoke(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let now = pipeline.clock().now();
    let id = id.replace('\0', " ");
    if !pipeline.store().revoke_api_key(Some(&scope.organization_id), &id, now).await.map_err(unavailable)? {
        return Err(HttpError::not_found("API key", &id));
    }
    scope.record(&pipeline, "api_key.revoked", &id).await;
    Ok(StatusCode::NO_CONTENT)
}
