//! Release: campaigns change their state, and what waited for it goes on.

use super::Pipeline;
use super::ingest::unavailable;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;

impl Pipeline {
    /// Moves a campaign to another state. Activating processes what waited, in order; archiving cancels it.
    pub async fn move_campaign(&self, campaign: &Campaign, next: CampaignState) -> Result<(), ApiError> {
        let from = campaign.state().map_err(|error| unavailable(&error))?;
        if !from.may_become(next) {
            let message = format!("a campaign that is {} can't become {}", from.as_str(), next.as_str());
            return Err(ApiError::new(Kind::Conflict, "state_conflict", message));
        }
        let now = self.clock.now();
        if !self.store.move_campaign(&campaign.id, from, next, now).await.map_err(|error| unavailable(&error))? {
            return Err(ApiError::new(
                Kind::Conflict,
                "state_conflict",
                "somebody else moved this campaign at the same moment; look again",
            ));
        }
        self.forget_lookups();
        if next == CampaignState::Archived {
            let released = self.store.reprocess_quarantined(&campaign.id, None, "campaign_archived", now).await;
            released.map_err(|error| unavailable(&error))?;
        }
        self.release_once(Some(&campaign.id)).await.map_err(|error| unavailable(&error))?;
        Ok(())
    }

    /// Puts back in line what waited for its campaign, of one or of all. Run again and again, it also finds what was kept
    /// pending at the very moment its campaign was activated.
    pub async fn release_once(&self, campaign_id: Option<&str>) -> Result<u64, StoreError> {
        let released = self.store.release_pending(campaign_id, self.clock.now()).await?;
        if 0 < released {
            self.wake.process.notify_one();
        }
        Ok(released)
    }

    /// Runs quarantined submissions again: one, or all of a campaign.
    pub async fn reprocess(&self, campaign_id: &str, submission_id: Option<&str>) -> Result<u64, ApiError> {
        let now = self.clock.now();
        let count = self
            .store
            .reprocess_quarantined(campaign_id, submission_id, "reprocessed", now)
            .await
            .map_err(|error| unavailable(&error))?;
        self.wake.process.notify_one();
        Ok(count)
    }
}
