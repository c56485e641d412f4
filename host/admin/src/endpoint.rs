//! A campaign's client endpoint (L8): at most one.

use super::access::{Scope, unavailable};
use super::campaigns::delivery_conflict;
use super::headers::{restore_masked, restore_masked_secret};
use super::input::Input;
use super::use_cases::{GET_CLIENT_ENDPOINT, REMOVE_CLIENT_ENDPOINT, SET_CLIENT_ENDPOINT};
use hookmill_domain::campaign::DeliveryMode;
use hookmill_domain::endpoint::{ClientEndpoint, ClientEndpointDraft};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::net_policy::{CaCertificates, WebhookUrl};
use hookmill_domain::ping::Ping;
use hookmill_store::campaigns::Campaign;

const PRICE: &str = "ping.price";
const WITHOUT_PRICE: &str = "what the campaign runs reads none out of the response to a ping; set `ping.price` of the client endpoint to what an \
    accepted lead is worth, or give the document a `price` under `interpret_ping` (or `interpret`)";

/// A version that can't be active, for the ping of its campaign's client would be without a price.
pub(crate) fn ping_without_price() -> ApiError {
    let message = format!("the campaign's client has a ping, whose `price` is not set, and {WITHOUT_PRICE}");
    ApiError::new(Kind::Conflict, "ping_without_price", message)
}

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
        let stored = stored.map(|stored| stored.settings);
        restore_masked("headers", &mut draft.headers, stored.as_ref().map(|stored| &stored.headers))?;
        if let Some(ping) = &mut draft.ping {
            let stored = stored.as_ref().and_then(|stored| stored.ping.as_ref());
            restore_masked("ping.headers", &mut ping.headers, stored.map(|stored| &stored.headers))?;
        }
        if let Some(auth) = &mut draft.auth {
            restore_masked_secret(auth, stored.as_ref().and_then(|stored| stored.auth.as_ref()))?;
        }
        let endpoint = draft.check(self.pipeline().schemes(), self.now())?;
        if campaign.delivery().map_err(unavailable)? == DeliveryMode::StoreOnly {
            return Err(delivery_conflict("the campaign has `delivery: store_only`; set `delivery` to `client` first"));
        }
        self.check_reachable(&endpoint.url, endpoint.ca_certificates.as_ref()).await?;
        if let Some(ping) = &endpoint.ping {
            self.check_address("ping.url", &ping.url).await?;
            self.check_price(&campaign, ping).await?;
        }
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
        let (url, ping) = (self.url_view().show(&client.settings.url), client.settings.ping);
        let ping = ping.map(|ping| Ping { url: self.url_view().show(&ping.url), ..ping });
        Ok(ClientEndpoint { url, ping, ..client.settings })
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
        self.check_address("url", url).await
    }

    async fn check_address(&self, path: &str, url: &str) -> Result<(), ApiError> {
        let pipeline = self.pipeline();
        let rejected = |why: String| ApiError::invalid(path, format!("is rejected: {why}"));
        let url = WebhookUrl::parse(url, pipeline.schemes()).map_err(|error| rejected(error.to_string()))?;
        pipeline.sender().check(&self.organization_id, &url).await.map_err(|blocked| rejected(blocked.to_string()))
    }

    /// A ping without a price is a bid for nothing: either its response says one, or it is set.
    async fn check_price(&self, campaign: &Campaign, ping: &Ping) -> Result<(), ApiError> {
        if ping.price.is_some() || self.pipeline().reads_price(campaign).await? {
            return Ok(());
        }
        Err(ApiError::invalid(PRICE, format!("is missing, and {WITHOUT_PRICE}")))
    }

    /// Whether what a campaign runs must read the price out of the response to a ping: its client has one, and no price is set.
    pub(crate) async fn must_read_price(&self, campaign: &Campaign) -> Result<bool, ApiError> {
        let client = self.store().client_destination(&campaign.key).await.map_err(unavailable)?;
        Ok(client.and_then(|client| client.settings.ping).is_some_and(|ping| ping.price.is_none()))
    }
}
