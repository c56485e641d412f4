//! The queues of campaigns (L7, FLOW 15): looks at those that are to be looked at, and has those taken up that may go on. Every host looks; a queue
//! is locked while one does.

use super::Pipeline;
use super::finish::local_lifecycle;
use hookmill_store::StoreError;
use hookmill_store::queue::{QueueLook, QueueRules};
use std::collections::VecDeque;

/// How many campaigns one run looks at.
const CAMPAIGNS_MAX: i64 = 1_000;
/// How long one run takes up who waits before the campaigns are asked for again, in milliseconds.
const RUN_MS_MAX: i64 = 2_000;

impl Pipeline {
    /// Looks at the queues that are to be looked at now, a piece of each in turn, so that none waits for the whole of another. Where there are
    /// none, this costs no write.
    pub(crate) async fn look_at_queues(&self) -> Result<(), StoreError> {
        let until = self.clock.boot_time().plus_ms(RUN_MS_MAX);
        let mut due = VecDeque::from(self.store.campaigns_with_queue(self.clock.now(), CAMPAIGNS_MAX).await?);
        while let Some(campaign_key) = due.pop_front()
            && self.clock.boot_time() < until
        {
            match self.look_at_queue(&campaign_key).await {
                Ok(true) => due.push_back(campaign_key),
                // Its lifecycle was changed at this moment: it is looked at by that one.
                Ok(false) | Err(StoreError::Outdated) => {}
                Err(error) if error.is_outage() => return Err(error),
                Err(error) => {
                    tracing::warn!(campaign_key, error = %error, "the queue of a campaign could not be looked at; will be retried");
                }
            }
        }
        Ok(())
    }

    /// Looks at one queue; says whether more of it may be taken up at once.
    async fn look_at_queue(&self, campaign_key: &str) -> Result<bool, StoreError> {
        let Some(campaign) = self.store.campaign(campaign_key).await? else { return Ok(false) };
        let lifecycle = local_lifecycle(&campaign)?;
        let now = self.clock.now();
        let rules = QueueRules {
            campaign_key,
            revision: campaign.lifecycle_revision,
            moment: &lifecycle.at(now),
            expires_after_ms: lifecycle.rules().queue_expires_after_ms(),
            window: self.settings.limits.lane_items_max as u64,
        };
        let QueueLook { taken_up, has_more } = self.store.look_at_queue(&rules, now).await?;
        if taken_up == 0 {
            return Ok(false);
        }
        tracing::debug!(campaign_key, leads = taken_up, "queued leads are taken up");
        self.flow.read_submissions(&campaign.organization_id, campaign_key, now);
        Ok(has_more)
    }
}
