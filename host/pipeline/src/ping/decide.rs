//! What follows when bids are in: its own client gets the lead, or it is moved to the campaign whose client bid best, or nobody wants it and it
//! goes the way of a lead that its client rejected (L8).

use super::{Decision, Responses};
use crate::Pipeline;
use crate::finish::{BatchItem, CampaignContext, ItemStatus, Lost, Transition};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::fallback::MOVES_MAX;
use hookmill_domain::state::{Change, State};
use hookmill_stages::{Asked, Kept, StandingBid, Start};
use hookmill_store::StoreError;
use hookmill_store::processed::Move;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const REJECTED: Change = Change::of(State::Processing, State::Rejected);

impl Pipeline {
    /// Decides about those of a batch whose clients were asked.
    pub(crate) async fn decide_bids(
        &self,
        context: &CampaignContext,
        items: &mut [BatchItem],
    ) -> Result<(), StoreError> {
        let ids: Vec<&str> = items
            .iter()
            .filter_map(BatchItem::asked)
            .flat_map(|asked| asked.clients.iter().map(|client| client.delivery_id.as_str()))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let responses = Responses::of(self.store.ping_rows(&context.organization.id, &ids).await?);
        for item in items {
            let Some(asked) = item.asked().cloned() else { continue };
            let Some(kept) = item.kept.clone() else { continue };
            self.decide_one(context, item, &Decision::of(&asked, &responses), &kept).await?;
            item.read_before = asked.value_sets;
        }
        Ok(())
    }

    async fn decide_one(
        &self,
        context: &CampaignContext,
        item: &mut BatchItem,
        decision: &Decision,
        kept: &Kept,
    ) -> Result<(), StoreError> {
        let own = &context.campaign.key;
        let after = decision.keep_here(kept, own);
        item.shown_bids = Some(decision.show_pings());
        for (place, (bid, campaign_id)) in decision.bidders().enumerate() {
            if bid.campaign_key == *own {
                item.kept = Some(after);
                return Ok(());
            }
            // Each move is a submission of its own, whose id says how many there were.
            let moves = kept.visited.len().max(item.id.matches('.').count());
            if MOVES_MAX <= moves || !self.takes_leads(&bid.campaign_key).await? {
                continue;
            }
            let (list, start) = (context.fallback_list(Some(kept)), context.start_elsewhere(Some(kept)));
            let elsewhere = decision.keep_elsewhere(kept, own, place, &list, start);
            let (campaign_key, id) = (bid.campaign_key.clone(), campaign_id.to_owned());
            let moved = Move { campaign_key, campaign_id: id, kept: elsewhere.to_bytes() };
            let detail = json!({ "cause": "outbid", "moved_to": campaign_id, "bid": super::shown_bid(&bid.price, bid.token.as_deref()) });
            item.lose("moved", detail, Some(moved));
            return Ok(());
        }
        // Whoever is left of the list may take it: nobody was offered it yet.
        let next = self.next_campaign(context, Some(&after)).await?;
        let cause = super::NO_BID;
        match next {
            Some(next) => item.lose("moved", json!({ "cause": cause, "moved_to": next.campaign_id }), Some(next)),
            None => item.lose(cause, json!({}), None),
        }
        item.kept = Some(after);
        Ok(())
    }

    /// Whether a campaign can be given a lead that its client has bid for.
    async fn takes_leads(&self, campaign_key: &str) -> Result<bool, StoreError> {
        let context = self.campaign_context(campaign_key).await?;
        let is_active = context.campaign.state()? == CampaignState::Active;
        Ok(is_active
            && context.client.is_some()
            && !context.stores_only()
            && self.has_room(&context, self.clock.now()).await?)
    }

    /// Whether a campaign is open and has a slot, at this moment: its own commit decides.
    pub(super) async fn has_room(&self, context: &CampaignContext, now: Timestamp) -> Result<bool, StoreError> {
        let moment = context.lifecycle.at(now);
        if moment.is_closed() {
            return Ok(false);
        }
        for period in &moment.periods {
            if period.limit <= self.store.taken_slots(&context.campaign.key, period).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl BatchItem {
    /// The clients that were asked about it, where it is taken up for that.
    fn asked(&self) -> Option<&Asked> {
        let kept = self.kept.as_ref().filter(|_| self.from == State::Delivering && self.submission().is_some())?;
        kept.asked.as_ref()
    }

    /// Its client gets it, and has bid for it.
    pub(super) fn take_up(&mut self, bid: StandingBid) {
        self.offer(super::contract_bid(&bid));
        self.ping = super::PingStep::TakesUp(bid);
    }

    /// Its client does not get it.
    fn lose(&mut self, cause: &'static str, mut detail: Value, moved_to: Option<Move>) {
        if let Some(bids) = &self.shown_bids {
            detail["bids"] = bids.clone();
        }
        let transition = Transition { change: REJECTED, cause, detail: Some(detail) };
        self.status = ItemStatus::Lost(Box::new(Lost { transition, moved_to }));
    }

    /// The digests of the tables that were read for it, by name: those of this run, and those that were read before its clients were asked.
    pub(crate) fn value_sets(&self, read: Option<&[u8]>) -> Option<Vec<u8>> {
        if self.read_before.is_empty() {
            return read.map(<[u8]>::to_vec);
        }
        let mut all = self.read_before.clone();
        let now: BTreeMap<String, String> = read.and_then(|read| serde_json::from_slice(read).ok()).unwrap_or_default();
        all.extend(now);
        Some(crate::rendered::json(&all))
    }
}

impl CampaignContext {
    /// Where the way of a lead begins that is moved from here.
    fn start_elsewhere(&self, kept: Option<&Kept>) -> Start {
        let qualifies = match &self.lifecycle.rules().fallback {
            Some(fallback) => fallback.qualify,
            None => kept.and_then(|kept| kept.born_at).is_some_and(|start| start <= Start::Rules),
        };
        if qualifies { Start::Rules } else { Start::BeforeShape }
    }
}
