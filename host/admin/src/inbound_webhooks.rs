//! Inbound webhooks (O6, I8): addresses of a campaign that are capabilities.

use super::access::{Actor, Scope, unavailable};
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{
    CREATE_INBOUND_WEBHOOK, CREATE_INBOUND_WEBHOOK_BY_API, Change, DELETE_INBOUND_WEBHOOK, GET_INBOUND_WEBHOOK,
    LIST_INBOUND_WEBHOOKS, SET_INBOUND_WEBHOOK,
};
use crate::rows::{Campaign, InboundWebhook};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::inbound::settings::{InboundDraft, InboundSettings};
use hookmill_store::audit::AuditEntry;
use hookmill_store::inbound_webhooks::CreatedInbound;

/// An inbound webhook as an actor is shown it.
#[derive(Debug, Clone)]
pub struct InboundDetails {
    /// The webhook.
    pub webhook: InboundWebhook,
    /// The campaign, as its users know it.
    pub campaign_id: String,
    /// Its address; none for an actor who may not set it, since whoever has it may post.
    pub url: Option<String>,
}

impl Scope {
    /// Creates an inbound webhook of a campaign.
    pub async fn create_inbound_webhook(
        &self,
        campaign_id: &str,
        draft: Input<InboundDraft>,
    ) -> Result<InboundDetails, ApiError> {
        let (campaign, entry) = self.change_of(&CREATE_INBOUND_WEBHOOK, campaign_id).await?;
        let settings = draft?.check(None)?;
        self.insert_inbound(&campaign, &settings, &entry).await
    }

    /// Lists the inbound webhooks of a campaign, the oldest first.
    pub async fn list_inbound_webhooks(
        &self,
        campaign_id: &str,
        page: &PageRequest,
    ) -> Result<Listed<InboundDetails>, ApiError> {
        let campaign = self.read_campaign(&LIST_INBOUND_WEBHOOKS, campaign_id).await?;
        let limit = self.rows_of(page)?;
        let rows = self.store().inbound_webhooks(&campaign.key, page.from(), limit).await.map_err(unavailable)?;
        let listed = rows.into_iter().map(|row| self.describe_inbound(row, campaign.campaign_id.clone())).collect();
        Ok(Listed::page(listed, limit, |row: &InboundDetails| row.webhook.id.clone()))
    }

    /// An inbound webhook.
    pub async fn inbound_webhook(&self, id: &str) -> Result<InboundDetails, ApiError> {
        self.authorize(&GET_INBOUND_WEBHOOK)?;
        self.find_inbound(id).await
    }

    /// Sets everything about an inbound webhook but its address and its campaign.
    pub async fn set_inbound_webhook(&self, id: &str, draft: Input<InboundDraft>) -> Result<InboundDetails, ApiError> {
        let entry = self.authorize_change(&SET_INBOUND_WEBHOOK)?;
        let found = self.find_inbound(id).await?;
        let settings = draft?.check(Some(&found.webhook.settings))?;
        let saved = self.store().set_inbound_webhook(&found.webhook, &settings, &entry, self.now()).await;
        if !saved.map_err(unavailable)? {
            return Err(not_found(&found.webhook.id));
        }
        self.pipeline().forget_lookups();
        self.find_inbound(&found.webhook.id).await
    }

    /// Revokes an inbound webhook: its address is unknown from then on.
    pub async fn delete_inbound_webhook(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&DELETE_INBOUND_WEBHOOK)?;
        let found = self.find_inbound(id).await?;
        let id = &found.webhook.id;
        let deleted = self.store().delete_inbound_webhook(&self.organization_id, id, &entry, self.now()).await;
        if !deleted.map_err(unavailable)? {
            return Err(not_found(id));
        }
        self.pipeline().forget_lookups();
        Ok(())
    }

    async fn insert_inbound(
        &self,
        campaign: &Campaign,
        settings: &InboundSettings,
        entry: &AuditEntry,
    ) -> Result<InboundDetails, ApiError> {
        let created = self
            .store()
            .create_inbound_webhook(&self.organization_id, &campaign.key, settings, entry, self.now())
            .await;
        match created.map_err(unavailable)? {
            CreatedInbound::Created(webhook) => Ok(self.describe_inbound(*webhook, campaign.campaign_id.clone())),
            CreatedInbound::Full => {
                let most = self.limits().inbound_webhooks_max;
                let message = format!(
                    "the campaign has {most} inbound webhooks already (inbound_webhooks_max); delete one first"
                );
                Err(ApiError::new(Kind::Conflict, "too_many_webhooks", message))
            }
        }
    }

    async fn find_inbound(&self, id: &str) -> Result<InboundDetails, ApiError> {
        let id = lookup_id(id);
        let found = self.store().inbound_webhook(&self.organization_id, &id).await.map_err(unavailable)?;
        let webhook = found.ok_or_else(|| not_found(&id))?;
        let campaign = self.store().campaign(&webhook.campaign_key).await.map_err(unavailable)?;
        let campaign = campaign.ok_or_else(|| not_found(&id))?;
        // A scoped key sees those of its campaigns.
        let campaign = self.find_campaign(&campaign.campaign_id).await?;
        Ok(self.describe_inbound(webhook, campaign.campaign_id))
    }

    fn describe_inbound(&self, webhook: InboundWebhook, campaign_id: String) -> InboundDetails {
        let may_set = self.authorize(&SET_INBOUND_WEBHOOK.use_case).is_ok();
        let url = may_set.then(|| format!("{}/in/{}", self.settings().public_url, webhook.token));
        InboundDetails { webhook, campaign_id, url }
    }
}

impl Actor {
    /// Creates an inbound webhook in the dialect that has it (K1): the campaign is known by its id alone, in the organization of the key. A tag that no lead
    /// has is left out.
    ///
    /// # Errors
    /// One for a key that may not, whatever the reason.
    pub async fn create_inbound_by_api(
        self,
        organization: Option<String>,
        campaign_id: &str,
        draft: InboundDraft,
    ) -> Result<InboundDetails, ApiError> {
        const CHANGE: &Change = &CREATE_INBOUND_WEBHOOK_BY_API;
        let scope = self.enter(organization).await?;
        let (campaign, entry) = scope.change_of(CHANGE, campaign_id).await?;
        let mut settings = draft.check(None)?;
        if let Some(tag) = &settings.tag {
            let known = scope.store().leads_with_tag(&scope.organization_id, tag, None, "", 1).await;
            if known.map_err(unavailable)?.is_empty() {
                settings.tag = None;
            }
        }
        scope.insert_inbound(&campaign, &settings, &entry).await
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found("inbound webhook", id)
}
