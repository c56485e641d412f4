//! Release: campaigns change their state, and waiting work is released.

use super::Pipeline;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::StoreError;
use hookmill_store::audit::AuditEntry;
use hookmill_store::campaigns::Campaign;
use hookmill_store::release::Release;

/// How long a release may be under way before it is taken for one that was left, in milliseconds.
const RELEASE_MS: i64 = 10_000;
/// How many campaigns that were left one run of the chore releases.
const CAMPAIGNS_PER_RUN: i64 = 100;

impl Pipeline {
    /// Moves a campaign to another state. Activating processes what waited, in order; archiving cancels it.
    #[boxed]
    pub async fn move_campaign(
        &self,
        campaign: &Campaign,
        next: CampaignState,
        entry: &AuditEntry,
    ) -> Result<(), ApiError> {
        let from = campaign.state().map_err(unavailable)?;
        if !from.may_become(next) {
            let message = format!("a campaign in state {} can't change to {}", from.as_str(), next.as_str());
            return Err(ApiError::new(Kind::Conflict, "state_conflict", message));
        }
        let now = self.clock.now();
        let moved = self.people.move_campaign(campaign, next, entry, now).await;
        if !moved.map_err(unavailable)? {
            return Err(ApiError::new(
                Kind::Conflict,
                "state_conflict",
                "the campaign was changed at the same time; read it again",
            ));
        }
        self.forget_lookups();
        self.release_waiting(campaign, next, now).await.map_err(unavailable)
    }

    /// Releases what waited in an active campaign for a client, or for it to store only, once it came to that.
    #[boxed]
    pub async fn release_undeliverable(&self, campaign: &Campaign) -> Result<(), ApiError> {
        match campaign.state().map_err(unavailable)? {
            state @ CampaignState::Active => {
                self.release_waiting(campaign, state, self.clock.now()).await.map_err(unavailable)
            }
            CampaignState::Draft | CampaignState::Paused | CampaignState::Archived => Ok(()),
        }
    }

    /// Releases what waited for campaigns whose host was killed before it had done so.
    pub(crate) async fn release_left(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.plus_ms(-RELEASE_MS);
        for campaign in self.store.campaigns_to_release(before, CAMPAIGNS_PER_RUN).await? {
            tracing::info!(
                campaign = campaign.campaign_id,
                "its waiting leads were not all released, which is done now"
            );
            self.release_waiting(&campaign, campaign.state()?, before).await?;
        }
        Ok(())
    }

    /// Releases what waited for this state of its campaign, which it came to before this time. What begins to wait at the moment of the
    /// change is released by the commit that makes it wait. It bears to be done twice.
    async fn release_waiting(
        &self,
        campaign: &Campaign,
        state: CampaignState,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        match state {
            CampaignState::Active => {
                self.people.release_submissions(&campaign.key, Release::Pending, "released", now).await?;
            }
            CampaignState::Archived => {
                let cause = "campaign_archived";
                self.people.release_submissions(&campaign.key, Release::Pending, cause, now).await?;
                self.people.release_submissions(&campaign.key, Release::Quarantined, cause, now).await?;
                self.people.release_actions(&campaign.key, now).await?;
            }
            CampaignState::Draft | CampaignState::Paused => return Ok(()),
        }
        self.people.release_deliveries(&campaign.key, now).await?;
        self.people.campaign_released(&campaign.key, before).await?;
        self.flow.read_submissions(&campaign.organization_id, &campaign.key, now);
        let client = self.people.client_destination(&campaign.key).await?.map(|client| client.id);
        let action = self.people.action_destination(&campaign.key).await?.map(|action| action.id);
        for destination_id in client.into_iter().chain(action) {
            self.flow.read_deliveries(&campaign.organization_id, &destination_id, now);
        }
        Ok(())
    }

    /// Reads what is due for a destination: by hand a delivery to it was made due, or a pause was ended.
    pub fn deliveries_due(&self, organization_id: &str, destination_id: &str) {
        self.flow.read_deliveries(organization_id, destination_id, self.clock.now());
    }
}
