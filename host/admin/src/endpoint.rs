//! A campaign's client endpoint (L8): at most one.

use super::access::{Scope, unavailable};
use super::campaigns::delivery_conflict;
use super::headers::restore_masked;
use super::input::Input;
use super::use_cases::{GET_CLIENT_ENDPOINT, REMOVE_CLIENT_ENDPOINT, SET_CLIENT_ENDPOINT};
use hookmill_domain::campaign::DeliveryMode;
use hookmill_domain::endpoint::{ClientEndpoint, ClientEndpointDraft};
use hookmill_domain::error::ApiError;
use hookmill_domain::net_policy::{CaCertificates, WebhookUrl};

impl Scope {
    /// Sets a campaign's client endpoint. Its address is resolved and checked as at every connection. With another URL or method it is
    /// another receiver: what is under way still goes to the one it was made for. Leads that waited for an endpoint go on.
    pub async fn set_client_endpoint(
        &self,
        campaign_id: &str,
        draft: Input<ClientEndpointDraft>,
    ) -> Result<ClientEndpoint, ApiError> {
        let (campaign, entry) = self.change_of(&SET_CLIENT_ENDPOINT, campaign_id).await?;
        let mut draft = draft?;
        let stored = self.store().client_destination(&campaign.key).await.map_err(unavailable)?;
        restore_masked(&mut draft.headers, stored.as_ref().map(|stored| &stored.settings.headers))?;
        let endpoint = draft.check(self.pipeline().schemes(), self.now())?;
        if campaign.delivery().map_err(unavailable)? == DeliveryMode::StoreOnly {
            return Err(delivery_conflict("the campaign has `delivery: store_only`; set `delivery` to `client` first"));
        }
        self.check_reachable(&endpoint.url, endpoint.ca_certificates.as_ref()).await?;
        let versions_max = self.limits().destination_versions_max;
        let saved = self.store().set_client(&campaign, &endpoint, versions_max, &entry, self.now()).await;
        saved.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        self.pipeline().release_undeliverable(&campaign).await?;
        Ok(endpoint)
    }

    /// A campaign's client endpoint, its URL as far as this actor is shown it.
    pub async fn client_endpoint(&self, campaign_id: &str) -> Result<ClientEndpoint, ApiError> {
        let campaign = self.read_campaign(&GET_CLIENT_ENDPOINT, campaign_id).await?;
        let client = self.store().client_destination(&campaign.key).await.map_err(unavailable)?;
        let client = client.ok_or_else(|| ApiError::not_found("client endpoint of campaign", &campaign.campaign_id))?;
        Ok(ClientEndpoint { url: self.url_view().show(&client.settings.url), ..client.settings })
    }

    /// Removes a campaign's client endpoint: its leads then wait, unless it stores only.
    pub async fn remove_client_endpoint(&self, campaign_id: &str) -> Result<(), ApiError> {
        let (campaign, entry) = self.change_of(&REMOVE_CLIENT_ENDPOINT, campaign_id).await?;
        self.store().remove_client(&campaign, &entry, self.now()).await.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(())
    }

    /// The same check when an address is saved as at each connection (W8).
    pub(crate) async fn check_reachable(
        &self,
        url: &str,
        ca_certificates: Option<&CaCertificates>,
    ) -> Result<(), ApiError> {
        let pipeline = self.pipeline();
        if let Some(Err(why)) =
            ca_certificates.map(|certificates| pipeline.sender().check_ca_certificates(certificates))
        {
            return Err(ApiError::invalid("ca_certificates", format!("are rejected: {why}")));
        }
        let rejected = |why: String| ApiError::invalid("url", format!("is rejected: {why}"));
        let url = WebhookUrl::parse(url, pipeline.schemes()).map_err(|error| rejected(error.to_string()))?;
        pipeline.sender().check(&self.organization_id, &url).await.map_err(|blocked| rejected(blocked.to_string()))
    }
}
