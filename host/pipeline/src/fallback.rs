//! Fallback (L8): the next campaign of the list for a lead that its campaign's client does not take.

use super::Pipeline;
use super::delivery::Delivery;
use super::finish::{BatchItem, CampaignContext};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::fallback::MOVES_MAX;
use hookmill_domain::lifecycle::{Lifecycle, Otherwise};
use hookmill_stages::{Kept, Start};
use hookmill_store::StoreError;
use hookmill_store::processed::Move;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// How long a list that can't be read now is waited for, in milliseconds.
const AGAIN_MS: u64 = 1_000;

/// The next campaigns that were found for leads of one campaign, by what was kept of the way they came.
#[derive(Default)]
pub(crate) struct NextCampaigns(HashMap<Option<Vec<u8>>, Option<Move>>);

impl Pipeline {
    /// Finds the next campaign for those of a batch that may be moved.
    pub(crate) async fn find_next(&self, context: &CampaignContext, items: &mut [BatchItem]) -> Result<(), StoreError> {
        if !moves(context.lifecycle.rules()) {
            return Ok(());
        }
        let mut known = NextCampaigns::default();
        for item in items.iter_mut().filter(|item| item.submission().is_some()) {
            item.next = self.next_campaign_once(context, item.kept.as_ref(), &mut known).await?;
        }
        Ok(())
    }

    /// The same as [`Self::next_campaign`], asked once for all that came the same way.
    pub(crate) async fn next_campaign_once(
        &self,
        context: &CampaignContext,
        kept: Option<&Kept>,
        known: &mut NextCampaigns,
    ) -> Result<Option<Move>, StoreError> {
        let way = kept.map(Kept::to_bytes);
        if let Some(next) = known.0.get(&way) {
            return Ok(next.clone());
        }
        let next = self.next_campaign(context, kept).await?;
        known.0.insert(way, next.clone());
        Ok(next)
    }

    /// The next campaign for a lead that its campaign's client did not take. None after a request that may have been taken without a word, unless
    /// the campaign says so: nobody is to sell a lead twice by accident. As long as the database is away nothing can be written either, so
    /// that is waited for.
    pub(crate) async fn next_after_client(
        &self,
        delivery: &Delivery,
        is_unanswered: bool,
        known: &mut NextCampaigns,
    ) -> Option<Move> {
        loop {
            let error = match self.try_next_after_client(delivery, is_unanswered, known).await {
                Ok(next) => return next,
                Err(error) => error,
            };
            let delivery_id = &delivery.row.id;
            if !error.is_outage() && !error.is_passing() {
                tracing::error!(delivery_id, error = %error, "the fallback list can't be read; the lead is not moved");
                return None;
            }
            tracing::warn!(delivery_id, error = %error, "the fallback list can't be read now; will be retried");
            tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
        }
    }

    async fn try_next_after_client(
        &self,
        delivery: &Delivery,
        is_unanswered: bool,
        known: &mut NextCampaigns,
    ) -> Result<Option<Move>, StoreError> {
        // As it says now: what was sent may be minutes old.
        let context = self.campaign_context(&delivery.row.campaign_key).await?;
        let fallback = context.lifecycle.rules().fallback.as_ref();
        if is_unanswered && !fallback.is_some_and(|fallback| fallback.after_unanswered) {
            return Ok(None);
        }
        let unreadable = |error| StoreError::corrupt("submissions", &delivery.row.submission_id, error);
        let kept = delivery.row.kept.as_deref().map(Kept::from_bytes).transpose().map_err(unreadable)?;
        if fallback.is_none() && kept.is_none() {
            return Ok(None);
        }
        self.next_campaign_once(&context, kept.as_ref(), known).await
    }

    /// The first campaign of the rest of the list that a lead came with, and then of its campaign's own list, that it was not in yet and that
    /// is active; none where there is no such campaign.
    pub(crate) async fn next_campaign(
        &self,
        context: &CampaignContext,
        kept: Option<&Kept>,
    ) -> Result<Option<Move>, StoreError> {
        let Some(fallback) = &context.lifecycle.rules().fallback else { return self.rest_of_list(context, kept).await };
        let came_with = kept.map(|kept| kept.fallback.as_slice()).unwrap_or_default();
        let list: Vec<&String> = came_with.iter().chain(&fallback.campaigns).collect();
        self.first_active(context, kept, &list, fallback.qualify).await
    }

    /// Has the campaigns read to which leads were moved: memory does not hold them.
    pub(crate) fn read_moved<'a>(&self, organization_id: &str, moves: impl Iterator<Item = &'a Move>, now: Timestamp) {
        for campaign_key in moves.map(|moved| moved.campaign_key.as_str()).collect::<BTreeSet<_>>() {
            self.flow.read_submissions(organization_id, campaign_key, now);
        }
    }

    async fn rest_of_list(&self, context: &CampaignContext, kept: Option<&Kept>) -> Result<Option<Move>, StoreError> {
        let Some(kept) = kept else { return Ok(None) };
        let list: Vec<&String> = kept.fallback.iter().collect();
        let qualifies = kept.born_at.is_some_and(|start| start <= Start::Rules);
        self.first_active(context, Some(kept), &list, qualifies).await
    }

    async fn first_active(
        &self,
        context: &CampaignContext,
        kept: Option<&Kept>,
        list: &[&String],
        qualifies: bool,
    ) -> Result<Option<Move>, StoreError> {
        let mut visited = kept.map(|kept| kept.visited.clone()).unwrap_or_default();
        visited.push(context.campaign.key.clone());
        if MOVES_MAX < visited.len() {
            return Ok(None);
        }
        for (at, campaign_id) in list.iter().enumerate() {
            let found = self.known_campaign(&context.organization.id, campaign_id).await?;
            let Some(campaign) = found else { continue };
            let is_out =
                visited.contains(&campaign.key) || kept.is_some_and(|kept| kept.declined.contains(&campaign.key));
            if is_out || campaign.state()? != CampaignState::Active {
                continue;
            }
            let start = if qualifies { Start::Rules } else { Start::BeforeShape };
            let fallback = list.iter().skip(at + 1).map(|id| (*id).clone()).collect();
            let kept = Kept { visited, fallback, ..Kept::starting(start) }.with_bids_of(kept);
            return Ok(Some(Move {
                campaign_key: campaign.key.clone(),
                campaign_id: campaign.campaign_id.clone(),
                kept: kept.to_bytes(),
            }));
        }
        Ok(None)
    }
}

/// Whether leads may be moved before they are sent.
fn moves(lifecycle: &Lifecycle) -> bool {
    let caps = lifecycle.caps.as_ref().map(|caps| caps.when_reached);
    let schedule = lifecycle.schedule.as_ref().map(|schedule| schedule.when_closed);
    [caps, schedule].contains(&Some(Otherwise::Next))
}
