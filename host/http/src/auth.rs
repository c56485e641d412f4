//! Who calls (O8, O9). A source key posts leads and reads its own requests; an API key does the rest, within its user's role,
//! organization and campaigns.

use crate::error::HttpError;
use axum::extract::{FromRequestParts, Query};
use axum::http::header;
use axum::http::request::Parts;
use hookmill_domain::error::Kind;
use hookmill_domain::role::{Permission, Role};
use hookmill_pipeline::Pipeline;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::keys::{API_KEY_PREFIX, SOURCE_KEY_PREFIX, SourceKey};
use serde::Deserialize;
use std::sync::Arc;

/// How long a key may be; nothing longer is looked up.
const KEY_BYTES_MAX: usize = 128;

/// A source, by its key.
pub(super) struct SourceCaller(pub Arc<SourceKey>);

impl FromRequestParts<Pipeline> for SourceCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        let key = presented_key(parts)?;
        if key.starts_with(API_KEY_PREFIX) {
            return Err(HttpError::new(
                Kind::Forbidden,
                "api_key_not_allowed",
                "leads are posted with a source key (hms_...), not with an API key",
            ));
        }
        pipeline.source_key(key).await?.map(Self).ok_or_else(unknown_key)
    }
}

/// A user, by an API key.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The user's id.
    pub user_id: String,
    /// The user's role.
    pub role: Role,
    /// The user's organization; none for operators.
    pub organization_id: Option<String>,
    /// The campaigns the key is scoped to; none for all.
    campaigns: Option<Vec<String>>,
}

impl FromRequestParts<Pipeline> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        let key = presented_key(parts)?;
        if key.starts_with(SOURCE_KEY_PREFIX) {
            let message =
                "a source key may only post leads and read back its own requests; this needs an API key (hmk_...)";
            return Err(HttpError::new(Kind::Forbidden, "source_key_not_allowed", message));
        }
        let (key, user) = pipeline.store().api_key_user(key).await.map_err(unavailable)?.ok_or_else(unknown_key)?;
        let campaigns = key.campaigns.map(|list| serde_json::from_slice(&list)).transpose();
        let campaigns = campaigns.map_err(|error| unavailable(StoreError::corrupt("api_keys", &key.id, error)))?;
        Ok(Self {
            role: user.role().map_err(unavailable)?,
            user_id: user.id,
            organization_id: user.organization_id,
            campaigns,
        })
    }
}

impl Caller {
    /// Rejects what the role does not allow.
    pub(super) fn may(&self, permission: Permission) -> Result<(), HttpError> {
        if self.role.may(permission) {
            return Ok(());
        }
        let message =
            format!("this key is of role `{}`, which is not allowed to {}", self.role.as_str(), permission.as_str());
        Err(HttpError::new(Kind::Forbidden, "role_not_allowed", message))
    }

    /// Rejects a key that is scoped to campaigns where something concerns the whole organization.
    pub(super) fn may_all(&self, permission: Permission) -> Result<(), HttpError> {
        self.may(permission)?;
        match self.campaigns {
            None => Ok(()),
            Some(_) => Err(HttpError::new(
                Kind::Forbidden,
                "key_scoped",
                "this key is scoped to named campaigns, and this operation concerns the organization as a whole",
            )),
        }
    }

    /// Whether the key covers this campaign.
    pub(super) fn covers(&self, campaign_id: &str) -> bool {
        self.campaigns.as_ref().is_none_or(|list| list.iter().any(|id| id == campaign_id))
    }
}

/// A user in an organization: the user's own, or for operators the one that `?organization=` names.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Who calls.
    pub caller: Caller,
    /// In which organization.
    pub organization_id: String,
}

#[derive(Deserialize)]
struct Named {
    organization: Option<String>,
}

impl FromRequestParts<Pipeline> for Scope {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        let caller = Caller::from_request_parts(parts, pipeline).await?;
        let Query(Named { organization }) = Query::try_from_uri(&parts.uri)
            .map_err(|_| HttpError::invalid("organization", "can't be read from the query"))?;
        let organization_id = match (&caller.organization_id, organization) {
            (Some(own), None) => own.clone(),
            (Some(own), Some(named)) if *own == named => named,
            (Some(_), Some(named)) => return Err(HttpError::not_found("organization", &named)),
            (None, Some(named)) => check_exists(pipeline, named).await?,
            (None, None) => {
                return Err(HttpError::invalid("organization", "is missing: operators name one with ?organization=ID"));
            }
        };
        Ok(Self { caller, organization_id })
    }
}

impl Scope {
    /// Writes a line of the audit log, or nothing happens.
    pub(super) async fn record_first(&self, pipeline: &Pipeline, action: &str, subject: &str) -> Result<(), HttpError> {
        let (store, now) = (pipeline.store(), pipeline.clock().now());
        store.audit(Some(&self.organization_id), &self.caller.user_id, action, subject, now).await.map_err(unavailable)
    }

    /// Writes a line of the audit log about what was done. When that fails, the line is in the host's log: to reject what is done
    /// already would be a lie.
    pub(super) async fn record(&self, pipeline: &Pipeline, action: &str, subject: &str) {
        if self.record_first(pipeline, action, subject).await.is_err() {
            let (organization_id, user_id) = (&self.organization_id, &self.caller.user_id);
            tracing::error!(organization_id, user_id, action, subject, "a line of the audit log could not be written");
        }
    }

    /// A campaign of this organization that the key covers.
    pub(super) async fn campaign(
        &self,
        pipeline: &Pipeline,
        campaign_id: &str,
        permission: Permission,
    ) -> Result<Campaign, HttpError> {
        self.caller.may(permission)?;
        let not_found = || HttpError::not_found("campaign", &campaign_id.chars().take(32).collect::<String>());
        if campaign_id.contains('\0') {
            return Err(not_found());
        }
        let campaign = pipeline
            .store()
            .campaign_by_id(&self.organization_id, campaign_id)
            .await
            .map_err(unavailable)?
            .ok_or_else(not_found)?;
        if self.caller.covers(&campaign.campaign_id) {
            return Ok(campaign);
        }
        Err(HttpError::new(
            Kind::Forbidden,
            "campaign_not_allowed",
            format!("this key is not for campaign `{}`", campaign.campaign_id),
        ))
    }
}

async fn check_exists(pipeline: &Pipeline, id: String) -> Result<String, HttpError> {
    let known = !id.contains('\0') && pipeline.store().organization(&id).await.map_err(unavailable)?.is_some();
    if known { Ok(id) } else { Err(HttpError::not_found("organization", &id.replace('\0', " "))) }
}

/// The key a request presents.
fn presented_key(parts: &Parts) -> Result<&str, HttpError> {
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let key = bearer.or_else(|| parts.headers.get("x-api-key")?.to_str().ok()).map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(HttpError::new(
            Kind::Unauthenticated,
            "key_missing",
            "send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
        ));
    }
    if KEY_BYTES_MAX < key.len() || !key.is_ascii() {
        return Err(unknown_key());
    }
    Ok(key)
}

fn unknown_key() -> HttpError {
    HttpError::new(Kind::Unauthenticated, "key_unknown", "unknown, expired or revoked key")
}

/// An error for a store that does not respond.
pub(super) fn unavailable(error: StoreError) -> HttpError {
    tracing::error!(error = %error, "database unavailable");
    HttpError::new(Kind::Unavailable, "unavailable", "database unavailable; nothing was changed, try again shortly")
}
