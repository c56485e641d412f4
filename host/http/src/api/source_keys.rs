//! Source keys (I6): provisioned by an operator, revealed, regenerated and ended by an admin.

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, Name, Page, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::integer;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use hookmill_store::keys::{FreshKey, SourceKey};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The longest grace period of a regenerated key, in seconds (30 days).
const GRACE_S_MAX: i64 = 30 * 86_400;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "website"}))]
pub(crate) struct NewSourceKey {
    /// The name of the source, for people.
    name: Name,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace_s": 3600}))]
pub(crate) struct Regeneration {
    /// The grace period of the old key, in seconds (at most 30 days).
    #[serde(default, deserialize_with = "integer::deserialize")]
    #[schema(minimum = 0, maximum = 2592000)]
    grace_s: i64,
}

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
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewSourceKey>,
) -> Result<(StatusCode, Json<FreshSourceKey>), HttpError> {
    scope.caller.may_all(Permission::Provision)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let now = pipeline.clock().now();
    let fresh = pipeline.store().create_source_key(&scope.organization_id, &name, now).await.map_err(unavailable)?;
    scope.record(&pipeline, "source_key.provisioned", &fresh.id).await;
    Ok((StatusCode::CREATED, Json(fresh.into())))
}

/// Lists source keys
#[utoipa::path(get, path = "", operation_id = "listSourceKeys",
    responses((status = OK, description = "The complete list.", body = Page<SourceKeyView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
) -> Result<Json<Page<SourceKeyView>>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let rows = pipeline.store().source_keys(&scope.organization_id).await.map_err(unavailable)?;
    Ok(Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Replaces a source key
///
/// Admins. The old key stops working at once, or after the grace period.
#[utoipa::path(post, path = "", operation_id = "regenerateSourceKey", request_body = Regeneration,
    responses((status = CREATED, description = "The new key is valid from now on.", body = FreshSourceKey)))]
pub(crate) async fn regenerate(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
    JsonBody(regeneration): JsonBody<Regeneration>,
) -> Result<(StatusCode, Json<FreshSourceKey>), HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let regeneration = regeneration?;
    if !(0..=GRACE_S_MAX).contains(&regeneration.grace_s) {
        return Err(HttpError::invalid("grace_s", format!("must be 0 to {GRACE_S_MAX} seconds")));
    }
    let (id, now) = (id.replace('\0', " "), pipeline.clock().now());
    let old_until = now.plus_ms(regeneration.grace_s * 1000);
    let fresh = pipeline
        .store()
        .regenerate_source_key(&scope.organization_id, &id, old_until, now)
        .await
        .map_err(unavailable)?;
    let fresh = fresh.ok_or_else(|| HttpError::not_found("source key", &id))?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "source_key.regenerated", &id).await;
    Ok((StatusCode::CREATED, Json(fresh.into())))
}

/// Reveals a source key
///
/// Admins. The call is recorded in the audit log before the key is returned.
#[utoipa::path(post, path = "", operation_id = "revealSourceKey", params(RevealQuery),
    responses((status = OK, description = "The key.", body = Revealed)))]
pub(crate) async fn reveal(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
    Query(query): Query<RevealQuery>,
) -> Result<Json<Revealed>, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let campaign = match query.campaign {
        Some(campaign_id) => Some(scope.campaign(&pipeline, &campaign_id, Permission::View).await?),
        None => None,
    };
    let id = id.replace('\0', " ");
    let key = pipeline.store().reveal_source_key(&scope.organization_id, &id).await.map_err(unavailable)?;
    let key = key.ok_or_else(|| HttpError::not_found("source key", &id))?;
    scope.record_first(&pipeline, "source_key.revealed", &id).await?;
    let example = campaign.map(|campaign| views::example(&pipeline.settings().public_url, &key, &campaign.campaign_id));
    Ok(Json(Revealed { key, example }))
}

/// Revokes a source key
///
/// Admins. The key stops working at once on this host, and within a second on others.
#[utoipa::path(delete, path = "", operation_id = "revokeSourceKey",
    responses((status = NO_CONTENT, description = "The key is revoked.")))]
pub(crate) async fn revoke(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let (id, now) = (id.replace('\0', " "), pipeline.clock().now());
    if !pipeline.store().revoke_source_key(&scope.organization_id, &id, now).await.map_err(unavailable)? {
        return Err(HttpError::not_found("source key", &id));
    }
    pipeline.forget_lookups();
    scope.record(&pipeline, "source_key.revoked", &id).await;
    Ok(StatusCode::NO_CONTENT)
}
