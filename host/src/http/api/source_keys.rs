//! Source keys (I6): provisioned by an operator, revealed, regenerated and ended by an admin.

use crate::http::auth::{Scope, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use crate::store::keys::{FreshKey, SourceKey};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// How long an old key may count after it was regenerated, in seconds (30 days).
const GRACE_S_MAX: i64 = 30 * 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewSourceKey {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Regeneration {
    #[serde(default)]
    grace_s: i64,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct FreshSourceKey {
    id: String,
    key: String,
    prefix: String,
}

impl From<FreshKey> for FreshSourceKey {
    fn from(fresh: FreshKey) -> Self {
        Self { id: fresh.id, key: fresh.key, prefix: fresh.prefix }
    }
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct SourceKeyView {
    id: String,
    name: String,
    prefix: String,
    created_at: String,
    expires_at: Option<String>,
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

#[derive(Debug, Serialize)]
pub(in crate::http) struct Revealed {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::http) struct RevealQuery {
    /// The campaign to give a ready-to-run example for.
    campaign: Option<String>,
}

pub(in crate::http) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewSourceKey>,
) -> Result<(StatusCode, Json<FreshSourceKey>), Refusal> {
    scope.caller.may_all(Permission::Provision)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let now = pipeline.clock().now();
    let fresh = pipeline.store().create_source_key(&scope.organization_id, &name, now).await.map_err(unavailable)?;
    scope.record(&pipeline, "source_key.provisioned", &fresh.id).await;
    Ok((StatusCode::CREATED, Json(fresh.into())))
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
) -> Result<Json<Page<SourceKeyView>>, Refusal> {
    scope.caller.may_all(Permission::View)?;
    let rows = pipeline.store().source_keys(&scope.organization_id).await.map_err(unavailable)?;
    Ok(Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

pub(in crate::http) async fn regenerate(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
    JsonBody(regeneration): JsonBody<Regeneration>,
) -> Result<(StatusCode, Json<FreshSourceKey>), Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let regeneration = regeneration?;
    if !(0..=GRACE_S_MAX).contains(&regeneration.grace_s) {
        return Err(Refusal::invalid("grace_s", format!("must be 0 to {GRACE_S_MAX} seconds")));
    }
    let (id, now) = (id.replace('\0', " "), pipeline.clock().now());
    let old_until = now.plus_ms(regeneration.grace_s * 1000);
    let fresh = pipeline
        .store()
        .regenerate_source_key(&scope.organization_id, &id, old_until, now)
        .await
        .map_err(unavailable)?;
    let fresh = fresh.ok_or_else(|| Refusal::not_found("source key", &id))?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "source_key.regenerated", &id).await;
    Ok((StatusCode::CREATED, Json(fresh.into())))
}

pub(in crate::http) async fn reveal(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
    Query(query): Query<RevealQuery>,
) -> Result<Json<Revealed>, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let campaign = match query.campaign {
        Some(public_id) => Some(scope.campaign(&pipeline, &public_id, Permission::View).await?),
        None => None,
    };
    let id = id.replace('\0', " ");
    let key = pipeline.store().reveal_source_key(&scope.organization_id, &id).await.map_err(unavailable)?;
    let key = key.ok_or_else(|| Refusal::not_found("source key", &id))?;
    scope.record_first(&pipeline, "source_key.revealed", &id).await?;
    let example = campaign.map(|campaign| views::example(&pipeline.settings().public_url, &key, &campaign.public_id));
    Ok(Json(Revealed { key, example }))
}

pub(in crate::http) async fn revoke(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let (id, now) = (id.replace('\0', " "), pipeline.clock().now());
    if !pipeline.store().revoke_source_key(&scope.organization_id, &id, now).await.map_err(unavailable)? {
        return Err(Refusal::not_found("source key", &id));
    }
    pipeline.forget_lookups();
    scope.record(&pipeline, "source_key.revoked", &id).await;
    Ok(StatusCode::NO_CONTENT)
}
