//! Campaign versions (O5): saving a document compiles it; every version is kept; a rollback is one call.

use super::access::{Scope, unavailable};
use super::endpoint::ping_without_price;
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{
    ACTIVATE_CAMPAIGN_VERSION, GET_DOCUMENT, LIST_CAMPAIGN_VERSIONS, SAVE_ACTIVE_VERSION, SAVE_CAMPAIGN_VERSION,
};
use crate::rows::{Campaign, CampaignVersionSummary};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::integer;
use hookmill_pipeline::{ChosenComponent, Problem, version_gone};
use hookmill_store::campaign_versions::{Activated, Activation};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new campaign version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document": "version: 1\n", "activate": true}))]
pub struct NewCampaignVersion {
    /// The document; left out for a plugin that takes none.
    pub document: Option<String>,
    /// The plugin and its version; left out for the default plugin.
    pub plugin: Option<ChosenPlugin>,
    /// Whether to activate it, from the next batch on.
    #[serde(default)]
    pub activate: bool,
}

/// A version of a plugin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenPlugin {
    /// Its id or name.
    pub id: String,
    /// The version, counted from 1.
    #[serde(deserialize_with = "integer::deserialize")]
    #[schema(minimum = 1)]
    pub version: i64,
}

/// A campaign version as it was saved.
#[derive(Debug)]
pub struct SavedVersion {
    /// The version.
    pub version: CampaignVersionSummary,
    /// What is odd in the document.
    pub problems: Vec<Problem>,
    /// The id of what the campaign runs now.
    pub active_id: Option<String>,
}

impl Scope {
    /// Saves a document or chooses a plugin. To activate it takes more than to save it.
    pub async fn save_campaign_version(
        &self,
        campaign_id: &str,
        new: Input<NewCampaignVersion>,
    ) -> Result<SavedVersion, ApiError> {
        self.authorize(&SAVE_CAMPAIGN_VERSION.use_case)?;
        let new = new?;
        let change = if new.activate { &SAVE_ACTIVE_VERSION } else { &SAVE_CAMPAIGN_VERSION };
        let (campaign, entry) = self.change_of(change, campaign_id).await?;
        let chosen = self.choose_component(new.plugin).await?;
        if chosen.plugin.is_none() && new.document.as_deref().is_none_or(|document| document.trim().is_empty()) {
            let message = "is missing: the default plugin runs a document; `version: 1` alone is the standard one";
            return Err(ApiError::invalid("document", message));
        }
        self.begin_heavy_call()?;
        let (compiled, problems) = self.pipeline().compile_version(chosen, new.document.as_deref()).await?;
        if new.activate
            && self.must_read_price(&campaign).await?
            && !self.pipeline().compiled_reads_price(&compiled).await?
        {
            return Err(ping_without_price());
        }
        let activation = if new.activate { Activation::Now } else { Activation::Later };
        let version = self.pipeline().save_campaign_version(&campaign.key, &compiled, activation, &entry).await?;
        let active_id = if new.activate { Some(version.id.clone()) } else { campaign.active_version_id };
        Ok(SavedVersion { version: version.into(), problems, active_id })
    }

    async fn choose_component(&self, plugin: Option<ChosenPlugin>) -> Result<ChosenComponent, ApiError> {
        let Some(plugin) = plugin else { return Ok(self.pipeline().default_component()) };
        let id = lookup_id(&plugin.id);
        let versions = self.store().plugin_versions(&self.organization_id, &id).await.map_err(unavailable)?;
        let version = versions.into_iter().find(|version| version.version == plugin.version);
        let version = version.ok_or_else(|| {
            let message = format!("version {} of plugin `{id}` not found in this organization", plugin.version);
            ApiError::invalid("plugin", message)
        })?;
        Ok(ChosenComponent { plugin: Some((version.plugin_id, version.version)), digest: version.component_digest })
    }

    /// The document of the active version of a campaign, and the number of that version.
    pub async fn document(&self, campaign_id: &str) -> Result<(i64, String), ApiError> {
        let campaign = self.read_campaign(&GET_DOCUMENT, campaign_id).await?;
        let version = match &campaign.active_version_id {
            Some(id) => self.store().campaign_version(id).await.map_err(unavailable)?,
            None => None,
        };
        let found = version.and_then(|version| Some((version.version, String::from_utf8(version.document?).ok()?)));
        found.ok_or_else(|| ApiError::not_found("document of campaign", &campaign.campaign_id))
    }

    /// Lists the versions of a campaign, the newest first, with the campaign.
    pub async fn list_campaign_versions(
        &self,
        campaign_id: &str,
        page: &PageRequest,
    ) -> Result<(Campaign, Listed<CampaignVersionSummary>), ApiError> {
        let campaign = self.read_campaign(&LIST_CAMPAIGN_VERSIONS, campaign_id).await?;
        let rows = self.store().campaign_versions(&campaign.key, self.rows_of(page)?).await.map_err(unavailable)?;
        Ok((campaign, Listed::all(rows)))
    }

    /// Activates a version of a campaign from the next batch on; this is also a rollback.
    pub async fn activate_campaign_version(&self, campaign_id: &str, version: &str) -> Result<(), ApiError> {
        let (campaign, entry) = self.change_of(&ACTIVATE_CAMPAIGN_VERSION, campaign_id).await?;
        let unknown = || {
            let message = format!("version not found in campaign `{}`", campaign.campaign_id);
            ApiError::new(Kind::NotFound, "not_found", message)
        };
        let version: i64 = version.parse().map_err(|_| unknown())?;
        let found = self.store().campaign_version_by_number(&campaign.key, version).await.map_err(unavailable)?;
        if let Some(found) = found.filter(|found| found.deleted_at.is_none())
            && self.must_read_price(&campaign).await?
        {
            let then = Campaign { active_version_id: Some(found.id), ..campaign.clone() };
            if !self.pipeline().reads_price(&then).await? {
                return Err(ping_without_price());
            }
        }
        let activated = self.store().activate_campaign_version(&campaign, version, &entry, self.now()).await;
        match activated.map_err(unavailable)? {
            Activated::Done => {}
            Activated::Unknown => return Err(unknown()),
            Activated::Deleted => return Err(version_gone(version)),
        }
        self.pipeline().forget_lookups();
        Ok(())
    }
}
