//! The webhook settings of an organization (W3). The secret is write-only; a first save without one has one made, and shows it once.

use super::access::{Scope, unavailable};
use super::headers::restore_masked;
use super::input::Input;
use super::use_cases::{GET_WEBHOOK_SETTINGS, SET_WEBHOOK_SETTINGS};
use crate::rows::Destination;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::settings::{WebhookSettings, WebhookSettingsDraft};
use hookmill_domain::signature::SigningSecret;

/// Settings as they were saved.
#[derive(Debug, Clone)]
pub struct SavedSettings {
    /// The settings.
    pub settings: WebhookSettings,
    /// The secret that was made because none was given.
    pub new_secret: Option<String>,
}

impl Scope {
    /// Sets the organization's webhook. Saving ends a pause. With another URL it is another receiver: what is under way still goes to the
    /// one it was made for.
    pub async fn set_webhook_settings(&self, draft: Input<WebhookSettingsDraft>) -> Result<SavedSettings, ApiError> {
        let entry = self.authorize_change(&SET_WEBHOOK_SETTINGS)?;
        let mut draft = draft?;
        let stored = self.store().organization_webhook(&self.organization_id).await.map_err(unavailable)?;
        let stored = stored.map(|webhook| webhook.settings);
        restore_masked("headers", &mut draft.headers, stored.as_ref().map(|stored| &stored.headers))?;
        let stored = stored.map(|settings| settings.secrets);
        let is_given = draft.secrets.is_some() || stored.is_some();
        let new_secret = if is_given { None } else { Some(self.new_secret()?) };
        let secrets = stored.unwrap_or_else(|| new_secret.clone().into_iter().collect());
        let settings = draft.check(self.pipeline().schemes(), secrets, self.now())?;
        self.check_reachable(&settings.url, settings.ca_certificates.as_ref()).await?;
        let versions_max = self.limits().destination_versions_max;
        let saved = self.store().set_webhook(&self.organization_id, &settings, versions_max, &entry, self.now()).await;
        saved.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(SavedSettings { settings, new_secret })
    }

    /// The organization's webhook, its URL as far as this actor is shown it.
    pub async fn webhook_settings(&self) -> Result<Destination<WebhookSettings>, ApiError> {
        self.authorize(&GET_WEBHOOK_SETTINGS)?;
        let found = self.store().organization_webhook(&self.organization_id).await.map_err(unavailable)?;
        let mut webhook =
            found.ok_or_else(|| ApiError::not_found("webhook settings of organization", &self.organization_id))?;
        webhook.settings.url = self.url_view().show(&webhook.settings.url);
        Ok(webhook)
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
