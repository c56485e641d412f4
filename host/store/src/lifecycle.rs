//! The lifecycle of a campaign as it is saved (L3, L5-L8).

use super::audit::AuditEntry;
use super::campaigns::{Campaign, lock_lifecycle};
use super::cap_counts::{count_begun_caps, try_again};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::Lifecycle;
use hookmill_domain::lifecycle::caps::begun_periods;

impl Store {
    /// Replaces the lifecycle of a campaign. What was decided by the one before is not written any more, its queue is looked at, and caps that begin
    /// to count begin with what was delivered in their running periods. `UnderWay` when too many leads are for that.
    #[boxed]
    pub async fn set_lifecycle(
        &self,
        campaign: &Campaign,
        lifecycle: &Lifecycle,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        try_again(|| self.try_set_lifecycle(campaign, lifecycle, entry, now)).await
    }

    async fn try_set_lifecycle(
        &self,
        campaign: &Campaign,
        lifecycle: &Lifecycle,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let stored = serde_json::to_vec(lifecycle).map_err(|error| StoreError::lost("a lifecycle", error))?;
        writing!(self, connection => {
            let (before, zone) = lock_lifecycle!(connection, &campaign.key);
            sqlx::query("update campaigns set lifecycle = $1, lifecycle_revision = lifecycle_revision + 1, queue_run_at = $2, updated_at = $2 where campaign_key = $3")
                .bind(stored.as_slice()).bind(now.0).bind(&campaign.key).execute(&mut *connection).await?;
            let periods = |lifecycle: &Lifecycle| lifecycle.caps.as_ref().map(|caps| caps.periods(now, &zone)).unwrap_or_default();
            let begun = begun_periods(&periods(&before), periods(lifecycle));
            count_begun_caps!(connection, &campaign.key, campaign.delivery()?, &begun);
            insert_audit!(self, connection, entry, &campaign.campaign_id, now);
        });
        Ok(())
    }
}
