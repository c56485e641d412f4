//! Due work in this host's memory, and the leases under which it may be worked on. The database is the truth: what is dropped here is
//! read again.

use hookmill_domain::clock::{BootTime, Clock, SystemClock, Timestamp};
use hookmill_domain::config::Limits;
use hookmill_domain::flow::lanes::{Item, LaneKey, LaneLimits, Lanes, Offer, PlaceEnd, TakenItems};
use hookmill_domain::flow::leases::{LeaseTerms, Leases};
use hookmill_domain::flow::{SHARDS, shard_for};
use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

use super::delivery::Delivery;
use super::element::Received;

/// What moves through this host.
pub(crate) struct Flow {
    pub(crate) submissions: Arc<Lane<Received>>,
    pub(crate) deliveries: Arc<Lane<Delivery>>,
    /// There are lanes to read, or the loader is to look whether there are.
    pub(crate) load: Arc<Notify>,
    /// A person is to be erased.
    pub(crate) erase: Notify,
    leases: Mutex<Leases>,
    host: String,
}

/// The lanes of one kind of work, and how its worker is told.
pub(crate) struct Lane<T> {
    lanes: Mutex<Lanes<T>>,
    /// There is something to take.
    pub(crate) wake: Notify,
    in_flight: Mutex<Vec<usize>>,
}

/// Items that are announced before their commit. What is not handed over when this is dropped is left to the store.
pub(crate) struct Reservation<T> {
    lane: Arc<Lane<T>>,
    load: Arc<Notify>,
    ids: Vec<(LaneKey, Arc<str>)>,
    at: Timestamp,
}

/// Items that are being worked on. What is not finished when this is dropped is read again from the store.
pub(crate) struct InFlight<T> {
    lane: Arc<Lane<T>>,
    load: Arc<Notify>,
    key: LaneKey,
    ids: Vec<(Arc<str>, u16)>,
    places: usize,
    /// Whether its lane's rate was regarded when it was taken.
    is_paced: bool,
    again_at: Option<Timestamp>,
}

impl Flow {
    pub(crate) fn new(limits: &Limits, is_shared: bool, host: String) -> Self {
        let queued = LaneLimits {
            items_max: limits.resident_items_max,
            bytes_max: limits.resident_bytes_max,
            lane_items_max: limits.lane_items_max,
            places_max: limits.process_workers,
            lane_places_max: limits.process_workers,
            lane_places_first: limits.process_workers,
            lane_taken_max: usize::MAX,
            is_batch_one_place: true,
        };
        let sent = LaneLimits {
            places_max: limits.deliveries_in_flight_max,
            lane_places_max: limits.deliveries_per_destination_max,
            lane_places_first: limits.deliveries_to_new_destination_max,
            lane_taken_max: limits.deliveries_per_destination_max + limits.unwritten_per_destination_max,
            is_batch_one_place: false,
            ..queued
        };
        let terms = LeaseTerms { lease_ms: limits.lease_ms, margin_ms: limits.lease_ms / 4 };
        Self {
            submissions: Arc::new(Lane::new(queued)),
            deliveries: Arc::new(Lane::new(sent)),
            load: Arc::default(),
            erase: Notify::new(),
            leases: Mutex::new(if is_shared { Leases::new(terms) } else { Leases::exclusive() }),
            host,
        }
    }

    /// This host's name among those that share the database: new at each start.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard for new work of a campaign: one that this host holds, with the lease's epoch, so that the work continues in memory; with
    /// no epoch a shard of another host while this host holds none.
    pub(crate) fn choose_shard(&self, campaign_key: &str) -> (u16, Option<i64>) {
        let hash = shard_for(campaign_key);
        match self.leases().choose(hash, boot_time()) {
            Some((shard, epoch)) => (shard, Some(epoch)),
            None => (hash % SHARDS, None),
        }
    }

    /// The epoch in which this host holds a shard; none when it does not.
    pub(crate) fn epoch(&self, shard: u16) -> Option<i64> {
        self.leases().held().into_iter().find(|(held, _)| *held == shard).map(|(_, epoch)| epoch)
    }

    /// Whether work of this shard may be started.
    pub(crate) fn may_start(&self, shard: u16) -> bool {
        self.leases().may_start(shard, boot_time())
    }

    /// Whether what was committed under this epoch may continue in memory.
    pub(crate) fn is_epoch(&self, shard: u16, epoch: i64) -> bool {
        self.leases().is_epoch(shard, epoch, boot_time())
    }

    /// Divides what all hosts together may send to one destination at once among those that live. Each sends at least one, so that work of
    /// more hosts than that can exceed it.
    pub(crate) fn share_destinations(&self, in_flight_max: usize, hosts: usize) {
        let mut lanes = self.deliveries.lanes();
        lanes.set_lane_places_share(in_flight_max / hosts.max(1));
        lanes.set_hosts(hosts);
    }

    /// The shards whose work may be started.
    pub(crate) fn shards(&self) -> Vec<u16> {
        self.leases().shards(boot_time())
    }

    /// Drops the unsent work of shards that this host no longer has, or is giving up.
    pub(crate) fn drop_shards(&self, shards: &[u16]) {
        self.submissions.lanes().drop_queued(|_, item| shards.contains(&item.shard));
        self.deliveries.lanes().drop_queued(|_, item| shards.contains(&item.shard));
    }

    /// Drops the queued work of submissions that are to be erased: none of it is due any more.
    pub(crate) fn drop_submissions(&self, ids: &HashSet<&str>) {
        self.submissions.lanes().drop_queued(|_, item| ids.contains(item.work.row.id.as_str()));
        self.deliveries.lanes().drop_queued(|_, item| ids.contains(item.work.row.submission_id.as_str()));
    }

    /// How many items of a shard are being worked on and not yet written.
    pub(crate) fn in_flight(&self, shard: u16) -> usize {
        self.submissions.count_in_flight(shard) + self.deliveries.count_in_flight(shard)
    }

    /// The store has submissions of this campaign that memory does not hold.
    pub(crate) fn read_submissions(&self, organization_id: &str, campaign_key: &str, at: Timestamp) {
        self.submissions.lanes().spill(&LaneKey::new(organization_id, campaign_key), at);
        self.load.notify_one();
    }

    /// The store has deliveries for this destination that memory does not hold.
    pub(crate) fn read_deliveries(&self, organization_id: &str, destination_id: &str, at: Timestamp) {
        self.deliveries.lanes().spill(&LaneKey::new(organization_id, destination_id), at);
        self.load.notify_one();
    }

    pub(crate) fn reserve_submissions(&self, ids: Vec<(LaneKey, Arc<str>)>, at: Timestamp) -> Reservation<Received> {
        Reservation::new(&self.submissions, &self.load, ids, at)
    }

    pub(crate) fn reserve_deliveries(&self, ids: Vec<(LaneKey, Arc<str>)>, at: Timestamp) -> Reservation<Delivery> {
        Reservation::new(&self.deliveries, &self.load, ids, at)
    }

    /// Takes submissions of one campaign, as many as `count_max` says of it.
    pub(crate) fn take_submissions(
        &self,
        now: Timestamp,
        count_max: impl Fn(&LaneKey) -> usize,
        bytes_max: usize,
    ) -> Option<(InFlight<Received>, Vec<Item<Received>>)> {
        self.submissions.take(&self.load, now, count_max, bytes_max)
    }

    /// Takes deliveries for one destination, as many as may be sent now.
    pub(crate) fn take_deliveries(&self, now: Timestamp) -> Option<(InFlight<Delivery>, Vec<Item<Delivery>>)> {
        self.deliveries.take(&self.load, now, |_| usize::MAX, usize::MAX)
    }
}

impl<T> Lane<T> {
    fn new(limits: LaneLimits) -> Self {
        Self {
            lanes: Mutex::new(Lanes::new(limits)),
            wake: Notify::new(),
            in_flight: Mutex::new(vec![0; usize::from(SHARDS)]),
        }
    }

    pub(crate) fn lanes(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(
        self: &Arc<Self>,
        load: &Arc<Notify>,
        now: Timestamp,
        count_max: impl Fn(&LaneKey) -> usize,
        bytes_max: usize,
    ) -> Option<(InFlight<T>, Vec<Item<T>>)> {
        let TakenItems { key, items, places, is_paced } = self.lanes().take(now, count_max, bytes_max)?;
        let ids: Vec<(Arc<str>, u16)> = items.iter().map(|item| (item.id.clone(), item.shard)).collect();
        self.count(&ids, 1);
        Some((
            InFlight { lane: Arc::clone(self), load: Arc::clone(load), key, ids, places, is_paced, again_at: None },
            items,
        ))
    }

    fn count(&self, ids: &[(Arc<str>, u16)], by: isize) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, shard) in ids {
            if let Some(count) = in_flight.get_mut(usize::from(*shard)) {
                *count = count.saturating_add_signed(by);
            }
        }
    }

    /// Waits until nothing is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let freed = self.wake.notified();
            if self.lanes().places() == 0 {
                return;
            }
            freed.await;
        }
    }

    fn count_in_flight(&self, shard: u16) -> usize {
        let in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.get(usize::from(shard)).copied().unwrap_or(0)
    }
}

impl<T> Reservation<T> {
    fn new(lane: &Arc<Lane<T>>, load: &Arc<Notify>, ids: Vec<(LaneKey, Arc<str>)>, at: Timestamp) -> Self {
        let mut lanes = lane.lanes();
        for (_, id) in &ids {
            lanes.reserve(id);
        }
        drop(lanes);
        Self { lane: Arc::clone(lane), load: Arc::clone(load), ids, at }
    }

    /// Hands over what was committed. Reserved items that are not among `items` were not written: they need not be read.
    pub(crate) fn hand_over(mut self, items: Vec<(LaneKey, Item<T>)>) {
        let at = self.at;
        let mut lanes = self.lane.lanes();
        let mut has_spilled = false;
        for (key, item) in items {
            has_spilled |= lanes.offer(&key, item, at) == Offer::Spilled;
        }
        for (key, id) in self.ids.drain(..) {
            lanes.release(&key, &id, None);
        }
        drop(lanes);
        self.lane.wake.notify_one();
        if has_spilled {
            self.load.notify_one();
        }
    }

    /// Nothing was written.
    pub(crate) fn cancel(mut self) {
        let mut lanes = self.lane.lanes();
        for (key, id) in self.ids.drain(..) {
            lanes.release(&key, &id, None);
        }
    }
}

/// Dropped without a result: the commit may have succeeded, so the store is read again.
impl<T> Drop for Reservation<T> {
    fn drop(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let mut lanes = self.lane.lanes();
        for (key, id) in self.ids.drain(..) {
            lanes.release(&key, &id, Some(self.at));
        }
        drop(lanes);
        self.load.notify_one();
    }
}

impl<T> InFlight<T> {
    /// The requests, or the batch, ended: others may start.
    pub(crate) fn free_places(&mut self, end: PlaceEnd) {
        let places = std::mem::take(&mut self.places);
        if 0 < places {
            self.lane.lanes().free_places(&self.key, places, end);
            self.lane.wake.notify_one();
        }
    }

    /// Where these items go: with others that go there, they share its places.
    pub(crate) fn set_host(&self, host: &str) {
        self.lane.lanes().set_host(&self.key, host);
    }

    /// How many items of its lane may be taken a minute. Where that was not known when this was taken, when it may go on, if not now.
    pub(crate) fn keep_rate(&self, per_minute: Option<NonZeroU32>, now: Timestamp) -> Result<(), Timestamp> {
        self.lane.lanes().set_rate(&self.key, per_minute, self.is_paced, now)
    }

    /// What the items have used beside what they were charged when they were taken.
    pub(crate) fn charge(&self, cost: u64) {
        self.lane.lanes().charge(&self.key, cost);
    }

    /// All of it is written, or the store keeps it as it was; a row of it falls due again at `again_at`.
    pub(crate) fn finish(mut self, again_at: Option<Timestamp>) {
        self.again_at = again_at;
        self.end();
    }

    /// The same work, one item each.
    pub(crate) fn split(mut self) -> Vec<Self> {
        // Each has a place of its own from here.
        self.places = 0;
        let ids = std::mem::take(&mut self.ids);
        let one = |id| InFlight {
            lane: Arc::clone(&self.lane),
            load: Arc::clone(&self.load),
            key: self.key.clone(),
            ids: vec![id],
            places: 1,
            is_paced: self.is_paced,
            again_at: self.again_at,
        };
        ids.into_iter().map(one).collect()
    }

    /// The time at which the store is read again.
    pub(crate) fn ask_again_at(mut self, at: Timestamp) -> Self {
        self.again_at = Some(at);
        self
    }

    fn end(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        self.free_places(PlaceEnd::Unused);
        self.lane.count(&self.ids, -1);
        let ids = std::mem::take(&mut self.ids);
        let goes_on = self.lane.lanes().finish(&self.key, ids.iter().map(|(id, _)| &**id), self.again_at);
        if goes_on {
            self.lane.wake.notify_one();
        }
        if self.again_at.is_some() {
            self.load.notify_one();
        }
    }
}

impl<T> Drop for InFlight<T> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Now by the clock that runs through suspend, as leases are counted.
pub(crate) fn boot_time() -> BootTime {
    SystemClock.boot_time()
}
