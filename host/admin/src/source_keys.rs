//! Source keys (I6): provisioned by an operator, revealed, regenerated and revoked by an admin.

use super::access::{Scope, unavailable};
use super::input::{Input, Name, lookup_id};
use super::page::Listed;
use super::use_cases::{
    CREATE_SOURCE_KEY, LIST_SOURCE_KEYS, REGENERATE_SOURCE_KEY, REVEAL_SOURCE_KEY, REVOKE_SOURCE_KEY,
    SET_SOURCE_CHARSET,
};
use crate::rows::{Campaign, FreshKey, SourceKey};
use hookmill_domain::body;
use hookmill_domain::error::ApiError;
use hookmill_domain::integer;
use serde::Deserialize;
use utoipa::ToSchema;

/// The longest grace period of a regenerated key, in seconds (30 days).
const GRACE_S_MAX: i64 = 30 * 86_400;

/// A new source key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "website"}))]
pub struct NewSourceKey {
    /// The name of the source, for people.
    pub name: Name,
    /// The charset of what it sends, where a request names none: a label of the Encoding Standard, such as `windows-1252`.
    pub charset: Option<String>,
}

/// The charset of a source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"charset": "windows-1252"}))]
pub struct SourceCharset {
    /// The charset of what it sends, where a request names none: a label of the Encoding Standard; null for none, which is UTF-8.
    #[serde(deserialize_with = "Deserialize::deserialize")]
    #[schema(required = true)]
    pub charset: Option<String>,
}

/// How a source key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace_s": 3600}))]
pub struct Regeneration {
    /// The grace period of the old key, in seconds (at most 30 days).
    #[serde(default, deserialize_with = "integer::deserialize")]
    #[schema(minimum = 0, maximum = 2592000)]
    pub grace_s: i64,
}

impl Scope {
    /// Provisions a source key. It is kept encrypted, so that an admin can reveal it.
    pub async fn create_source_key(&self, new: Input<NewSourceKey>) -> Result<FreshKey, ApiError> {
        let entry = self.authorize_change(&CREATE_SOURCE_KEY)?;
        let NewSourceKey { name, charset } = new?;
        let (name, charset) = (name.check("name", self.limits())?, charset_name(charset)?);
        let created = self.store().create_source_key(&self.organization_id, &name, charset, &entry, self.now());
        created.await.map_err(unavailable)
    }

    /// Lists source keys, ended ones too.
    pub async fn list_source_keys(&self) -> Result<Listed<SourceKey>, ApiError> {
        self.authorize(&LIST_SOURCE_KEYS)?;
        self.store().source_keys(&self.organization_id).await.map(Listed::all).map_err(unavailable)
    }

    /// Replaces a source key: the old one stops at once, or after the grace.
    pub async fn regenerate_source_key(&self, id: &str, how: Input<Regeneration>) -> Result<FreshKey, ApiError> {
        let entry = self.authorize_change(&REGENERATE_SOURCE_KEY)?;
        let Regeneration { grace_s } = how?;
        if !(0..=GRACE_S_MAX).contains(&grace_s) {
            return Err(ApiError::invalid("grace_s", format!("must be 0 to {GRACE_S_MAX} seconds")));
        }
        let (id, now) = (lookup_id(id), self.now());
        let old_until = now.plus_ms(grace_s * 1000);
        let fresh = self.store().regenerate_source_key(&self.organization_id, &id, old_until, &entry, now).await;
        let fresh = fresh.map_err(unavailable)?.ok_or_else(|| ApiError::not_found("source key", &id))?;
        self.pipeline().forget_lookups();
        Ok(fresh)
    }

    /// Sets the charset of a source: it counts at once on this host, within a second on others, and for what is posted from then on.
    pub async fn set_source_charset(&self, id: &str, new: Input<SourceCharset>) -> Result<SourceKey, ApiError> {
        let entry = self.authorize_change(&SET_SOURCE_CHARSET)?;
        let (charset, id) = (charset_name(new?.charset)?, lookup_id(id));
        let changed = self.store().set_source_charset(&self.organization_id, &id, charset, &entry, self.now()).await;
        let changed = changed.map_err(unavailable)?.ok_or_else(|| ApiError::not_found("source key", &id))?;
        self.pipeline().forget_lookups();
        Ok(changed)
    }

    /// Reveals a source key, and finds the campaign that it is to be used for, if one is named.
    pub async fn reveal_source_key(
        &self,
        id: &str,
        campaign_id: Option<&str>,
    ) -> Result<(String, Option<Campaign>), ApiError> {
        let entry = self.authorize_change(&REVEAL_SOURCE_KEY)?;
        let campaign = match campaign_id {
            Some(campaign_id) => Some(self.find_campaign(campaign_id).await?),
            None => None,
        };
        let id = lookup_id(id);
        let key = self.store().reveal_source_key(&self.organization_id, &id, &entry, self.now()).await;
        let key = key.map_err(unavailable)?.ok_or_else(|| ApiError::not_found("source key", &id))?;
        Ok((key, campaign))
    }

    /// Revokes a source key: it stops at once on this host, within a second on others.
    pub async fn revoke_source_key(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&REVOKE_SOURCE_KEY)?;
        let id = lookup_id(id);
        let revoked = self.store().revoke_source_key(&self.organization_id, &id, &entry, self.now()).await;
        if !revoked.map_err(unavailable)? {
            return Err(ApiError::not_found("source key", &id));
        }
        self.pipeline().forget_lookups();
        Ok(())
    }
}

/// The name of a charset that a source may have.
fn charset_name(label: Option<String>) -> Result<Option<&'static str>, ApiError> {
    label.map(|label| body::charset_name(&label)).transpose()
}
