//! Keeping leases: saying that this host lives, renewing what it has, taking what is free, and giving up its surplus when it is drained.

use super::Pipeline;
use super::flow::boot_time;
use hookmill_domain::clock::Timestamp;
use hookmill_store::StoreError;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::watch;

/// What the lease keeper remembers from one round to the next.
#[derive(Debug, Default)]
pub(crate) struct LeaseKeeper {
    signals: HashMap<u16, i64>,
    /// Shards whose lanes are still to be found: they stay here when the store does not respond.
    unread: BTreeSet<u16>,
}

impl LeaseKeeper {
    /// One round. Work of shards that are new to this host, or into which others have put something, is read.
    pub(crate) async fn keep(
        &mut self,
        pipeline: &Pipeline,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let flow = &pipeline.flow;
        let lease_ms = pipeline.settings.limits.lease_ms;
        let view = pipeline.store.announce_host(flow.host(), lease_ms).await?;
        let offset_ms = pipeline.clock.now().0.saturating_sub(view.database_now);
        pipeline.health.set_clock_offset_ms(offset_ms);
        flow.share_destinations(pipeline.settings.limits.deliveries_per_destination_max, view.hosts);
        let held = flow.leases().held();
        if !held.is_empty() {
            let sent_at = boot_time();
            let renewed = pipeline.store.renew_leases(flow.host(), &held, lease_ms).await?;
            let lost = flow.leases().renewed(&renewed, sent_at);
            if !lost.is_empty() {
                tracing::warn!(shards = ?lost, "leases lost; their unsent work is dropped from memory");
                flow.drop_shards(&lost);
            }
        }
        if *stopped.borrow() {
            return Ok(());
        }
        let plan = flow.leases().plan(&view.rows, view.hosts);
        if !plan.take.is_empty() {
            let sent_at = boot_time();
            let now = pipeline.clock.now();
            for taken in pipeline.store.take_leases(flow.host(), &plan.take, lease_ms, now).await? {
                flow.leases().record_taken(taken, sent_at);
                self.unread.insert(taken.shard);
            }
        }
        for shard in plan.give_up {
            flow.leases().drain(shard);
            flow.drop_shards(&[shard]);
        }
        self.give_up_drained(pipeline).await?;
        for (shard, count) in view.signals {
            let is_new = self.signals.insert(shard, count).is_none_or(|before| before != count);
            if is_new && flow.may_start(shard) {
                self.unread.insert(shard);
            }
        }
        let unread: Vec<u16> = self.unread.iter().copied().collect();
        pipeline.find_lanes(&unread, None).await?;
        self.unread.clear();
        Ok(())
    }

    /// A shard is given up when nothing of it is under way: what was sent is written by then.
    async fn give_up_drained(&self, pipeline: &Pipeline) -> Result<(), StoreError> {
        let flow = &pipeline.flow;
        let draining = flow.leases().draining();
        let drained: Vec<(u16, i64)> = draining.into_iter().filter(|(shard, _)| flow.in_flight(*shard) == 0).collect();
        if drained.is_empty() {
            return Ok(());
        }
        pipeline.store.give_up_leases(flow.host(), &drained).await?;
        let mut leases = flow.leases();
        for (shard, _) in drained {
            leases.given_up(shard);
        }
        Ok(())
    }
}

impl Pipeline {
    /// Drops the work of leases that have run out without a renewal: the database does not respond, and others may have them.
    pub(crate) fn expire_leases(&self) {
        let lost = self.flow.leases().expire(boot_time());
        if !lost.is_empty() {
            tracing::warn!(shards = ?lost, "leases expired; their unsent work is dropped from memory");
            self.flow.drop_shards(&lost);
        }
    }

    /// Finds the lanes that have work in these shards and lets the loader read them; with `overdue_at`, only those whose first work has
    /// been due since before then, and that memory has missed somehow.
    pub(crate) async fn find_lanes(&self, shards: &[u16], overdue_at: Option<Timestamp>) -> Result<(), StoreError> {
        let is_missed = |run_at: i64| overdue_at.is_none_or(|at| run_at <= at.0 || self.clock.now().0 < run_at);
        for lane in self.store.submission_lanes(shards).await?.into_iter().filter(|lane| is_missed(lane.run_at)) {
            self.flow.read_submissions(&lane.organization_id, &lane.lane, Timestamp(lane.run_at));
        }
        for lane in self.store.delivery_lanes(shards).await?.into_iter().filter(|lane| is_missed(lane.run_at)) {
            self.flow.read_deliveries(&lane.organization_id, &lane.lane, Timestamp(lane.run_at));
        }
        Ok(())
    }

    /// Takes the only shard where this host is alone on its database. It must be known before anything is loaded whether an earlier host
    /// gave it up.
    pub(crate) async fn take_sole_shard(&self) -> Result<(), StoreError> {
        if !self.store.is_shared() {
            let unclean_at = self.store.take_sole_shard(self.flow.host(), self.clock.now()).await?;
            self.flow.leases().set_unclean_at(unclean_at);
        }
        Ok(())
    }

    /// Gives everything up at the end (H7): others need not wait for the leases to run out. A shard of which a request may still be under
    /// way is not given up in order: whoever takes it must know that.
    pub(crate) async fn give_up_all_leases(&self, drained: Vec<(u16, i64)>) {
        if let Err(error) = self.try_give_up_all_leases(drained).await {
            tracing::warn!(error = %error, "leases could not be released; they will expire");
        }
    }

    /// The shards of which nothing is under way. None where the host ends because of a fault: nobody knows what that took with it.
    pub(crate) fn drained_shards(&self) -> Vec<(u16, i64)> {
        let mut drained = self.flow.leases().held();
        drained.retain(|(shard, _)| !self.health.is_dead() && self.flow.in_flight(*shard) == 0);
        drained
    }

    async fn try_give_up_all_leases(&self, drained: Vec<(u16, i64)>) -> Result<(), StoreError> {
        let host = self.flow.host();
        if !self.store.is_shared() {
            return if drained.is_empty() { Ok(()) } else { self.store.give_up_sole_shard(host).await };
        }
        self.store.give_up_leases(host, &drained).await?;
        self.store.retire_host(host).await
    }
}
