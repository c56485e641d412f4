//! A campaign's first-submission action (L4): a webhook, a person, or none.

use super::access::{Scope, unavailable};
use super::headers::restore_masked;
use super::input::Input;
use super::use_cases::{GET_FIRST_SUBMISSION_ACTION, REMOVE_FIRST_SUBMISSION_ACTION, SET_FIRST_SUBMISSION_ACTION};
use hookmill_domain::action::{Action, ActionDraft, ActionKind};
use hookmill_domain::error::ApiError;

/// An action as it was saved.
#[derive(Debug, Clone)]
pub struct SavedAction {
    /// The action.
    pub action: Action,
    /// The secret that was made because none was given.
    pub new_secret: Option<String>,
}

impl Scope {
    /// Sets a campaign's first-submission action. The address of a webhook is resolved and checked as at every connection. What is asked already is
    /// asked where it was, and what waits for a person goes on waiting.
    pub async fn set_first_submission_action(
        &self,
        campaign_id: &str,
        draft: Input<ActionDraft>,
    ) -> Result<SavedAction, ApiError> {
        let (campaign, entry) = self.change_of(&SET_FIRST_SUBMISSION_ACTION, campaign_id).await?;
        let mut draft = draft?;
        let stored = self.store().action_destination(&campaign.key).await.map_err(unavailable)?;
        let stored = stored.and_then(|stored| stored.settings.webhook().cloned());
        if let Some(headers) = &mut draft.headers {
            restore_masked("headers", headers, stored.as_ref().map(|stored| &stored.headers))?;
        }
        let stored = stored.map(|webhook| webhook.secrets);
        let needs_secret = draft.kind == ActionKind::Webhook && draft.secrets.is_none() && stored.is_none();
        let new_secret = if needs_secret { Some(self.new_secret()?) } else { None };
        let secrets = stored.unwrap_or_else(|| new_secret.clone().into_iter().collect());
        let action = draft.check(self.pipeline().schemes(), secrets, self.now())?;
        if let Some(webhook) = action.webhook() {
            self.check_reachable(&webhook.url, webhook.ca_certificates.as_ref()).await?;
        }
        let versions_max = self.limits().destination_versions_max;
        let saved = self.store().set_action(&campaign, &action, versions_max, &entry, self.now()).await;
        saved.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(SavedAction { action, new_secret })
    }

    /// A campaign's first-submission action, the URL of its webhook as far as this actor is shown it.
    pub async fn first_submission_action(&self, campaign_id: &str) -> Result<Action, ApiError> {
        let campaign = self.read_campaign(&GET_FIRST_SUBMISSION_ACTION, campaign_id).await?;
        let found = self.store().action_destination(&campaign.key).await.map_err(unavailable)?;
        let mut found =
            found.ok_or_else(|| ApiError::not_found("first-submission action of campaign", &campaign.campaign_id))?;
        if let Action::Webhook(webhook) = &mut found.settings {
            webhook.url = self.url_view().show(&webhook.url);
        }
        Ok(found.settings)
    }

    /// Removes a campaign's first-submission action: nobody is asked about its leads from then on. About those that a webhook is still asked about,
    /// a person decides.
    pub async fn remove_first_submission_action(&self, campaign_id: &str) -> Result<(), ApiError> {
        let (campaign, entry) = self.change_of(&REMOVE_FIRST_SUBMISSION_ACTION, campaign_id).await?;
        self.store().remove_action(&campaign, &entry, self.now()).await.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(())
    }
}
