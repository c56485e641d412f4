//! API keys (O9): seen in full once, when they are made.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::NewApiKey;
use hookmill_admin::rows::ApiKey;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

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
    OrgUser(scope): OrgUser,
    JsonBody(new): JsonBody<NewApiKey>,
) -> Result<(StatusCode, Json<FreshApiKey>), HttpError> {
    let fresh = scope.create_api_key(new).await?;
    Ok((StatusCode::CREATED, Json(FreshApiKey { id: fresh.id, key: fresh.key, prefix: fresh.prefix })))
}

/// Lists API keys
///
/// Admins. The oldest come first; revoked keys stay listed.
#[utoipa::path(get, path = "", operation_id = "listApiKeys", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<ApiKeyView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<ApiKeyView>>, HttpError> {
    Ok(Json(Page::of(scope.list_api_keys(&page.after(after)).await?, Into::into)))
}

/// Revokes an API key
///
/// Admins. The key stops working at once on this host, and within a second on others.
#[utoipa::path(delete, path = "", operation_id = "revokeApiKey",
    responses((status = NO_CONTENT, description = "The key is revoked.")))]
pub(crate) async fn revoke(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.revoke_api_key(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
