//! Who is asked for a bid on a lead, and the row of a lead about which clients are asked.

use super::PingStep;
use crate::Pipeline;
use crate::finish::{BatchItem, CampaignContext, Transition};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::ping::{DECIDE_AFTER_MS, PINGS_MAX, Ping};
use hookmill_domain::state::{Change, State};
use hookmill_stages::{Asked, AskedClient, Kept, Start};
use hookmill_store::StoreError;
use hookmill_store::deliveries::NewDelivery;
use hookmill_store::processed::Processed;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// By which campaigns a lead came, which are left of its list, and which said no: who came the same way is asked for the same.
type WayHere = (Vec<String>, Vec<String>, Vec<String>);

impl Pipeline {
    /// Finds out for each lead of a batch that is on its way whether clients are asked for bids first, or whether its client has bid.
    pub(crate) async fn find_ping_steps(
        &self,
        context: &CampaignContext,
        items: &mut [BatchItem],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut known: HashMap<WayHere, Arc<Vec<Arc<CampaignContext>>>> = HashMap::new();
        for item in items.iter_mut().filter(|item| item.submission().is_some()) {
            let kept = item.kept.as_ref();
            let standing = kept.and_then(|kept| kept.bid_of(&context.campaign.key, now.0));
            if let Some(bid) = item.ping.bid().or(standing).cloned() {
                item.take_up(bid);
                continue;
            }
            if context.ping().is_none() {
                continue;
            }
            let way = kept.map(|kept| (kept.visited.clone(), kept.fallback.clone(), kept.declined.clone()));
            let way = way.unwrap_or_default();
            let clients = match known.get(&way) {
                Some(clients) => Arc::clone(clients),
                None => {
                    let found = Arc::new(self.clients_to_ask(context, kept, now).await?);
                    known.insert(way, Arc::clone(&found));
                    found
                }
            };
            item.ping = PingStep::Asks(clients);
        }
        Ok(())
    }

    /// The clients of the fallback list that can be asked now beside its own, in the order of the list.
    async fn clients_to_ask(
        &self,
        context: &CampaignContext,
        kept: Option<&Kept>,
        now: Timestamp,
    ) -> Result<Vec<Arc<CampaignContext>>, StoreError> {
        let mut clients: Vec<Arc<CampaignContext>> = Vec::new();
        for campaign_id in &context.fallback_list(kept) {
            if PINGS_MAX <= clients.len() + 1 {
                break;
            }
            let found = self.store.campaign_by_id(&context.organization.id, campaign_id).await?;
            let is_out = |key: &String| {
                kept.is_some_and(|kept| kept.visited.contains(key) || kept.declined.contains(key))
                    || *key == context.campaign.key
                    || clients.iter().any(|client| client.campaign.key == *key)
            };
            let Some(campaign) = found.filter(|campaign| !is_out(&campaign.key)) else { continue };
            let other = self.campaign_context(&campaign.key).await?;
            let is_active = other.campaign.state()? == CampaignState::Active;
            if is_active && other.ping().is_some() && self.has_room(&other, now).await? {
                clients.push(other);
            }
        }
        Ok(clients)
    }

    /// The row of a lead about which clients are asked. It is taken up again when all have responded, or a moment after the deadline.
    pub(crate) fn asking(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        (ping, others): (&Ping, &[Arc<CampaignContext>]),
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        let expires_at = now.plus_ms(i64::try_from(ping.timeout_ms).unwrap_or(i64::MAX));
        let clients = std::iter::once(context).chain(others.iter().map(|other| &**other));
        let with_ping = clients.filter_map(|client| Some((client, self.new_ping(client, item, expires_at, now)?)));
        let (clients, pings): (Vec<&CampaignContext>, Vec<NewDelivery>) = with_ping.unzip();
        let asked = clients.iter().zip(&pings).map(|(client, delivery)| {
            let (price, min_price) =
                client.ping().map(|ping| (ping.price.clone(), ping.min_price.clone())).unwrap_or_default();
            let (campaign_key, campaign_id) = (client.campaign.key.clone(), client.campaign.campaign_id.clone());
            AskedClient { delivery_id: delivery.id.clone(), campaign_key, campaign_id, price, min_price }
        });
        let value_sets_read = value_sets.and_then(|read| serde_json::from_slice(read).ok()).unwrap_or_default();
        let asked = Asked { expires_at: expires_at.0, clients: asked.collect(), value_sets: value_sets_read };
        let shown: Vec<_> = asked
            .clients
            .iter()
            .map(|client| json!({ "campaign_id": client.campaign_id, "delivery_id": client.delivery_id }))
            .collect();
        let detail = json!({ "expires_at": expires_at.rfc3339(), "pings": shown });
        let change = const { Change::of(State::Processing, State::Delivering) };
        let transition = Transition { change, cause: super::PINGED, detail: Some(detail) };
        let kept = Kept { asked: Some(asked), ..Kept::going_on(item.kept.as_ref(), Start::BeforeShape) };
        Processed {
            kept: Some(kept.to_bytes()),
            run_at: Some(expires_at.plus_ms(DECIDE_AFTER_MS).0),
            seeks_slot: !item.is_test(),
            pings,
            ..self.row(context, item, transition, value_sets, now)
        }
    }

    fn new_ping(
        &self,
        client: &CampaignContext,
        item: &BatchItem,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Option<NewDelivery> {
        let destination = client.client.as_ref()?;
        Some(NewDelivery {
            id: self.ids.new_id("dlv", now),
            organization_id: client.organization.id.clone(),
            campaign_key: client.campaign.key.clone(),
            submission_id: item.id.clone(),
            event_id: None,
            destination_id: destination.id.clone(),
            destination_version: destination.version,
            destination_kind: DestinationKind::Ping,
            shard: item.shard(),
            // A second try would come when it is decided.
            retries_max: 0,
            expires_at: Some(expires_at.0),
            campaign_version_id: client.campaign.active_version_id.clone(),
            message: None,
            is_suppressed: false,
        })
    }
}

impl CampaignContext {
    /// The campaigns that a lead may be moved to, in their order: those that it came with, then those of its campaign's own list.
    pub(crate) fn fallback_list(&self, kept: Option<&Kept>) -> Vec<String> {
        let came_with = kept.map(|kept| kept.fallback.as_slice()).unwrap_or_default();
        let own = self.lifecycle.rules().fallback.iter().flat_map(|fallback| &fallback.campaigns);
        came_with.iter().chain(own).cloned().collect()
    }
}
