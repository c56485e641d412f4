//! The webhook settings of an organization, and those that a campaign has in their place (W3). The secret is write-only; a first save without
//! one has one made, and shows it once.

use super::access::{Scope, unavailable};
use super::headers::restore_masked;
use super::input::Input;
use super::use_cases::{
    GET_CAMPAIGN_WEBHOOK_SETTINGS, GET_WEBHOOK_SETTINGS, REMOVE_CAMPAIGN_WEBHOOK_SETTINGS,
    SET_CAMPAIGN_WEBHOOK_SETTINGS, SET_WEBHOOK_SETTINGS,
};
use crate::rows::Destination;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::signature::SigningSecret;
use hookmill_domain::webhook::settings::{WebhookSettings, WebhookSettingsDraft};

/// Settings as they were saved.
#[derive(Debug, Clone)]
pub struct SavedSettings {
    /// The settings.
    pub settings: WebhookSettings,
    /// The secret that was made because none was given.
    pub new_secret: Option<String>,
}

/// The webhook settings that count for a campaign.
#[derive(Debug, Clone)]
pub struct CampaignSettings {
    /// Its own, where it has some.
    pub own: Option<Destination<WebhookSettings>>,
    /// Its organization's.
    pub organization: Option<Destination<WebhookSettings>>,
}

impl Scope {
    /// Sets the organization's webhook. Saving ends a pause. With another URL it is another receiver: what is under way still goes to the
    /// one it was made for.
    pub async fn set_webhook_settings(&self, draft: Input<WebhookSettingsDraft>) -> Result<SavedSettings, ApiError> {
        let entry = self.authorize_change(&SET_WEBHOOK_SETTINGS)?;
        let stored = self.store().organization_webhook(&self.organization_id).await.map_err(unavailable)?;
        let paused = paused_id(stored.as_ref());
        let saved = self.check_settings(draft?, stored).await?;
        let versions_max = self.limits().destination_versions_max;
        let written =
            self.store().set_webhook(&self.organization_id, &saved.settings, versions_max, &entry, self.now()).await;
        written.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        self.end_pause(paused).await?;
        Ok(saved)
    }

    /// The organization's webhook, its URL as far as this actor is shown it.
    pub async fn webhook_settings(&self) -> Result<Destination<WebhookSettings>, ApiError> {
        self.authorize(&GET_WEBHOOK_SETTINGS)?;
        let found = self.store().organization_webhook(&self.organization_id).await.map_err(unavailable)?;
        let webhook =
            found.ok_or_else(|| ApiError::not_found("webhook settings of organization", &self.organization_id))?;
        Ok(self.show_webhook(webhook))
    }

    /// Sets a campaign's own webhook, which counts in place of the organization's from then on.
    pub async fn set_campaign_webhook_settings(
        &self,
        campaign_id: &str,
        draft: Input<WebhookSettingsDraft>,
    ) -> Result<SavedSettings, ApiError> {
        let (campaign, entry) = self.change_of(&SET_CAMPAIGN_WEBHOOK_SETTINGS, campaign_id).await?;
        let stored = self.store().campaign_webhook(&campaign.key).await.map_err(unavailable)?;
        let paused = paused_id(stored.as_ref());
        let saved = self.check_settings(draft?, stored).await?;
        let versions_max = self.limits().destination_versions_max;
        let written =
            self.store().set_campaign_webhook(&campaign, &saved.settings, versions_max, &entry, self.now()).await;
        written.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        self.end_pause(paused).await?;
        Ok(saved)
    }

    /// The settings that count for a campaign: its own, or its organization's.
    pub async fn campaign_webhook_settings(&self, campaign_id: &str) -> Result<CampaignSettings, ApiError> {
        let campaign = self.read_campaign(&GET_CAMPAIGN_WEBHOOK_SETTINGS, campaign_id).await?;
        let own = self.store().campaign_webhook(&campaign.key).await.map_err(unavailable)?;
        let organization = self.store().organization_webhook(&self.organization_id).await.map_err(unavailable)?;
        let show = |webhook: Option<_>| webhook.map(|webhook| self.show_webhook(webhook));
        Ok(CampaignSettings { own: show(own), organization: show(organization) })
    }

    /// Removes a campaign's own webhook: its organization's counts again.
    pub async fn remove_campaign_webhook_settings(&self, campaign_id: &str) -> Result<(), ApiError> {
        let (campaign, entry) = self.change_of(&REMOVE_CAMPAIGN_WEBHOOK_SETTINGS, campaign_id).await?;
        self.store().remove_campaign_webhook(&campaign, &entry, self.now()).await.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(())
    }

    /// Has what waits for a webhook sent whose pause was ended.
    pub(super) async fn end_pause(&self, paused: Option<String>) -> Result<(), ApiError> {
        let Some(id) = paused else { return Ok(()) };
        self.pipeline().webhook_resumed(&self.organization_id, &id).await.map_err(unavailable)
    }

    async fn check_settings(
        &self,
        mut draft: WebhookSettingsDraft,
        stored: Option<Destination<WebhookSettings>>,
    ) -> Result<SavedSettings, ApiError> {
        let stored = stored.map(|webhook| webhook.settings);
        restore_masked("headers", &mut draft.headers, stored.as_ref().map(|stored| &stored.headers))?;
        let stored = stored.map(|settings| settings.secrets);
        let is_given = draft.secrets.is_some() || stored.is_some();
        let new_secret = if is_given { None } else { Some(self.new_secret()?) };
        let secrets = stored.unwrap_or_else(|| new_secret.clone().into_iter().collect());
        let pipeline = self.pipeline();
        let settings = draft.check(pipeline.schemes(), &pipeline.settings().events, secrets, self.now())?;
        self.check_reachable(&settings.url, settings.ca_certificates.as_ref()).await?;
        Ok(SavedSettings { settings, new_secret })
    }

    /// A webhook with its URL as far as this actor is shown it.
    pub(crate) fn show_webhook(&self, mut webhook: Destination<WebhookSettings>) -> Destination<WebhookSettings> {
        webhook.settings.url = self.url_view().show(&webhook.settings.url);
        webhook
    }

    /// A new signing secret.
    pub(crate) fn new_secret(&self) -> Result<String, ApiError> {
        let mut random = vec![0_u8; 32];
        self.pipeline().ids().fill(&mut random);
        let secret = SigningSecret::from_bytes(random)
            .map_err(|error| ApiError::new(Kind::Unavailable, "no_secret", error.to_string()))?;
        Ok(secret.reveal())
    }
}

/// The id of a webhook that is paused.
pub(super) fn paused_id(webhook: Option<&Destination<WebhookSettings>>) -> Option<String> {
    webhook.filter(|webhook| webhook.paused.is_some()).map(|webhook| webhook.id.clone())
}
