//! Sending a ping: until the deadline, and never after it.

use crate::Pipeline;
use crate::deliver::Preparation;
use crate::delivery::{Delivery, NoRequest};
use crate::finish::CampaignContext;
use crate::programs::NotReady;
use crate::receivers::Addressee;
use hookmill_domain::campaign::CampaignState;
use hookmill_store::StoreError;
use std::time::Duration;

/// Why a ping is not sent any more, in the log of attempts.
pub(crate) const DEADLINE_PASSED: &str = "deadline_passed";

impl Pipeline {
    /// Whether it is too late for this delivery.
    pub(crate) fn is_expired(&self, delivery: &Delivery) -> bool {
        delivery.row.expires_at.is_some_and(|expires_at| expires_at <= self.clock.now().0)
    }

    /// How long a request may take that is worth nothing after its deadline.
    pub(crate) fn timeout_within(&self, delivery: &Delivery, timeout: Duration) -> Duration {
        let Some(expires_at) = delivery.row.expires_at else { return timeout };
        let left = u64::try_from(expires_at.saturating_sub(self.clock.now().0)).unwrap_or(0);
        timeout.min(Duration::from_millis(left))
    }

    /// What stands between a ping and its request. Nothing waits: a bid that comes too late is none.
    pub(crate) async fn prepare_ping(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
        addressee: Addressee,
    ) -> Result<Preparation, StoreError> {
        if self.is_expired(delivery) {
            return Ok(Preparation::End(NoRequest::Because(DEADLINE_PASSED)));
        }
        if context.campaign.state()? != CampaignState::Active {
            return Ok(Preparation::End(NoRequest::Because("campaign_not_active")));
        }
        match self.program_if_ready(delivery.row.campaign_version_id.as_deref()).await {
            Ok(program) => Ok(Preparation::Send(Box::new(addressee), Some(program))),
            Err(NotReady::Never(_)) => Ok(Preparation::End(NoRequest::Because("campaign_version_unusable"))),
            Err(not_ready) => Ok(Preparation::Wait(not_ready)),
        }
    }
}
