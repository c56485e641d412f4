//! Source keys (I6): provisioned by an operator, revealed, regenerated and ended by an admin.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, Page, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::rows::{FreshKey, SourceKey};
use hookmill_admin::{NewSourceKey, Regeneration, SourceCharset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreshSourceKey {
    id: String,
    /// The key.
    key: String,
    /// Its first characters, for telling keys apart.
    prefix: String,
}

impl From<FreshKey> for FreshSourceKey {
    fn from(fresh: FreshKey) -> Self {
        Self { id: fresh.id, key: fresh.key, prefix: fresh.prefix }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceKey)]
pub(crate) struct SourceKeyView {
    id: String,
    name: String,
    /// The charset of what its source sends, where a request names none; null for UTF-8.
    charset: Option<String>,
    prefix: String,
    created_at: Time,
    /// When it expires: it was revoked, or replaced with a grace period.
    expires_at: Option<Time>,
}

impl From<SourceKey> for SourceKeyView {
    fn from(row: SourceKey) -> Self {
        Self {
            id: row.id,
            name: row.name,
            charset: row.charset,
            prefix: row.prefix,
            created_at: views::time(row.created_at),
            expires_at: row.expires_at.map(views::time),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revealed {
    /// The key.
    key: String,
    /// A ready-to-run call that posts a lead to the campaign that the query names.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevealQuery {
    /// The campaign to give a ready-to-run example for.
    campaign: Option<String>,
}

/// Provisions a source key
///
/// Operators. The key is stored encrypted, so that an admin can reveal it.
#[utoipa::path(post, path = "", operation_id = "createSourceKey", request_body = NewSourceKey,
    responses((status = CREATED, description = "The key is valid from now on.", body = FreshSourceKey)))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    JsonBody(new): JsonBody<NewSourceKey>,
) -> Result<(StatusCode, Json<FreshSourceKey>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_source_key(new).await?.into())))
}

/// Lists source keys
#[utoipa::path(get, path = "", operation_id = "listSourceKeys",
    responses((status = OK, description = "The complete list.", body = Page<SourceKeyView>)))]
pub(crate) async fn list(OrgUser(scope): OrgUser) -> Result<Json<Page<SourceKeyView>>, HttpError> {
    Ok(Json(Page::of(scope.list_source_keys().await?, Into::into)))
}

/// Replaces a source key
///
/// Admins. The old key stops working at once, or after the grace period.
#[utoipa::path(post, path = "", operation_id = "regenerateSourceKey", request_body = Regeneration,
    responses((status = CREATED, description = "The new key is valid from now on.", body = FreshSourceKey)))]
pub(crate) async fn regenerate(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(regeneration): JsonBody<Regeneration>,
) -> Result<(StatusCode, Json<FreshSourceKey>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.regenerate_source_key(&id, regeneration).await?.into())))
}

/// Sets the charset of a source
///
/// Admins. It counts for all keys of the source, where a request names no charset. It counts for what is posted from then on: a stored request is read again as it was read when it came.
#[utoipa::path(put, path = "", operation_id = "setSourceCharset", request_body = SourceCharset,
    responses((status = OK, description = "The object after the change.", body = SourceKeyView)))]
pub(crate) async fn set_charset(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(new): JsonBody<SourceCharset>,
) -> Result<Json<SourceKeyView>, HttpError> {
    Ok(Json(scope.set_source_charset(&id, new).await?.into()))
}

/// Reveals a source key
///
/// Admins. The call is recorded in the audit log before the key is returned.
#[utoipa::path(post, path = "", operation_id = "revealSourceKey", params(RevealQuery),
    responses((status = OK, description = "The key.", body = Revealed)))]
pub(crate) async fn reveal(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    Query(query): Query<RevealQuery>,
) -> Result<Json<Revealed>, HttpError> {
    let (key, campaign) = scope.reveal_source_key(&id, query.campaign.as_deref()).await?;
    let example = campaign.map(|campaign| views::example(&scope.settings().public_url, &key, &campaign.campaign_id));
    Ok(Json(Revealed { key, example }))
}

/// Revokes a source key
///
/// Admins. The key stops working at once on this host, and within a second on others.
#[utoipa::path(delete, path = "", operation_id = "revokeSourceKey",
    responses((status = NO_CONTENT, description = "The key is revoked.")))]
pub(crate) async fn revoke(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.revoke_source_key(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
