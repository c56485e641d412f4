//! Due work in memory: bounded, fair by organization, host and lane, each item at most once (residency), and never past what the store
//! alone holds (spilling). A lane is a campaign for submissions and a destination for deliveries; a host is where deliveries go.
//!
//! **Who is next** is who has used least (`turn.rs`): among the organizations, then among the hosts of one, then among the lanes of one.
//!
//! **How much one may have** is not a fixed share: what a lane has, what its host, its organization and all have together, must stay within
//! the bound. Whoever is alone may have much of it; the more some have, the sooner they wait; and there is always room for who has nothing.

mod pace;
mod places;
mod reads;
mod turn;

use crate::clock::Timestamp;
use pace::{Pace, Paces};
pub use reads::{LaneRead, ReadRows};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use turn::{Standing, Turn};

/// How many lanes are remembered that have nothing to do.
const LANES_REMEMBERED_MAX: usize = 10_000;

/// How much may be in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneLimits {
    /// Items queued or under way, of all organizations.
    pub items_max: usize,
    /// Bytes of queued items of all organizations.
    pub bytes_max: usize,
    /// Queued items of one lane.
    pub lane_items_max: usize,
    /// Places of all lanes. What is under way has one until its request, or its batch, has ended.
    pub places_max: usize,
    /// Places of one lane.
    pub lane_places_max: usize,
    /// Places of a lane that had no response yet: each response allows one more, and a missing one leaves one.
    pub lane_places_first: usize,
    /// Items of one lane that are taken and not finished: with so many, no more of it are taken. What a host that dies leaves without a
    /// record is at most these.
    pub lane_taken_max: usize,
    /// Whether items that are taken together need one place instead of one each.
    pub is_batch_one_place: bool,
}

/// How what was under way in a place ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceEnd {
    /// There was a response, or it is done: the lane bears more.
    Responded,
    /// There was no response: the lane gets one place until there is one.
    NoResponse,
    /// Nothing was asked.
    Unused,
}

/// A lane's name: its organization first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneKey {
    /// The organization, by whose name work is taken in turn.
    pub organization: Arc<str>,
    /// The campaign or the destination.
    pub lane: Arc<str>,
}

impl LaneKey {
    /// A lane of an organization.
    pub fn new(organization: &str, lane: &str) -> Self {
        Self { organization: organization.into(), lane: lane.into() }
    }
}

/// One piece of due work.
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// What it is about; never twice in memory.
    pub id: Arc<str>,
    /// The shard whose lease covers it.
    pub shard: u16,
    /// What it takes in memory, in bytes.
    pub bytes: usize,
    /// The work itself.
    pub work: T,
}

/// What became of an item that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is queued.
    Queued,
    /// It is in memory already: queued, under way, or ended and not yet written.
    Resident,
    /// There is no room, or earlier work of its lane is in the store alone: the store keeps it, and the lane is read later.
    Spilled,
}

/// Items taken together from one lane. Their places are held until [`Lanes::free_places`], and they stay resident until
/// [`Lanes::finish`] is called.
#[derive(Debug)]
pub struct TakenItems<T> {
    /// Where they come from.
    pub key: LaneKey,
    /// The items, in their order.
    pub items: Vec<Item<T>>,
    /// How many places they hold.
    pub places: usize,
    /// Whether they were taken with regard to the rate of their lane.
    pub is_paced: bool,
}

/// The lanes of one kind of work on one host.
#[derive(Debug)]
pub struct Lanes<T> {
    limits: LaneLimits,
    resident: HashSet<Arc<str>>,
    /// What is being committed and will be handed over: a read that sees it first leaves it alone.
    reserved: HashSet<Arc<str>>,
    organizations: HashMap<Arc<str>, Organization<T>>,
    /// The organizations that have something to take.
    turn: Turn,
    load: Load,
    /// How many places of one lane are this host's.
    lane_places_share: usize,
    paces: Paces,
    /// What was known of lanes that have nothing to do now.
    remembered: quick_cache::unsync::Cache<LaneKey, Learnt>,
    /// How often queued work was dropped: a read that began before may show what others have done since.
    drops: u64,
}

/// What was learnt of a lane.
#[derive(Debug, Clone)]
struct Learnt {
    host: Arc<str>,
    places_allowed: usize,
    pace: Option<Pace>,
}

/// What is in use.
#[derive(Debug, Default, Clone, Copy)]
struct Load {
    /// Items that are queued.
    items: usize,
    /// Their bytes.
    bytes: usize,
    /// Places of what is under way.
    places: usize,
}

#[derive(Debug)]
struct Organization<T> {
    lanes: HashMap<Arc<str>, Lane<T>>,
    hosts: HashMap<Arc<str>, Host>,
    /// The hosts that have something to take.
    turn: Turn,
    standing: Standing,
    load: Load,
}

#[derive(Debug, Default)]
struct Host {
    /// The lanes that have queued items, and fewer places than they are allowed.
    turn: Turn,
    standing: Standing,
    lanes: usize,
    places: usize,
}

#[derive(Debug)]
struct Lane<T> {
    queue: VecDeque<Item<T>>,
    /// Where its items go, as far as that is known; empty before.
    host: Arc<str>,
    standing: Standing,
    load: Load,
    /// Items that are taken and not finished.
    taken: usize,
    places_allowed: usize,
    pace: Option<Pace>,
    /// Whether it waits until its rate allows one more.
    waits_for_pace: bool,
    /// When the lane is to be read from the store; none while memory holds all its due work.
    unread_at: Option<Timestamp>,
    /// How often something of the lane stayed in the store alone.
    spills: u64,
    is_being_read: bool,
    /// What was finished since the read under way began: the read may still show it as due, and starting it would send it again.
    finished_while_read: HashSet<Arc<str>>,
}

impl<T> Default for Organization<T> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            hosts: HashMap::new(),
            turn: Turn::default(),
            standing: Standing::default(),
            load: Load::default(),
        }
    }
}

impl<T> Organization<T> {
    fn forget_host(&mut self, name: &str) {
        if self.hosts.get(name).is_some_and(|host| host.lanes == 0) {
            self.hosts.remove(name);
        }
    }
}

impl<T> Lane<T> {
    fn new(Learnt { host, places_allowed, pace }: Learnt) -> Self {
        Self {
            queue: VecDeque::new(),
            host,
            standing: Standing::default(),
            load: Load::default(),
            taken: 0,
            places_allowed,
            pace,
            waits_for_pace: false,
            unread_at: None,
            spills: 0,
            is_being_read: false,
            finished_while_read: HashSet::new(),
        }
    }

    /// How many more places it may have, of which so many are this host's, and of which so many items may be taken.
    fn places_free(&self, share: usize, taken_max: usize) -> usize {
        let free = self.places_allowed.clamp(1, share).saturating_sub(self.load.places);
        free.min(taken_max.saturating_sub(self.taken))
    }

    fn is_idle(&self) -> bool {
        let has_nothing = self.queue.is_empty() && self.taken == 0 && self.unread_at.is_none() && !self.is_being_read;
        // One that waits for its pace stays: what comes next waits as well.
        has_nothing && !self.waits_for_pace
    }
}

impl<T> Lanes<T> {
    /// Empty lanes.
    pub fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            resident: HashSet::new(),
            reserved: HashSet::new(),
            organizations: HashMap::new(),
            turn: Turn::default(),
            load: Load::default(),
            lane_places_share: limits.lane_places_max.max(1),
            paces: Paces::default(),
            remembered: quick_cache::unsync::Cache::new(LANES_REMEMBERED_MAX),
            drops: 0,
        }
    }

    /// How many items are queued or under way.
    pub fn resident_count(&self) -> usize {
        self.resident.len()
    }

    /// Whether this item is in memory, or on its way into it.
    pub fn is_resident(&self, id: &str) -> bool {
        self.resident.contains(id) || self.reserved.contains(id)
    }

    /// Announces an item before its commit. Between commit and hand-over a read may see its row, and must not start it: the hand-over
    /// would start it a second time.
    pub fn reserve(&mut self, id: &Arc<str>) {
        self.reserved.insert(id.clone());
    }

    /// An announced item is not handed over: its commit failed, or is unknown. `at` says from when the store is to be asked, if it may
    /// have the item.
    pub fn release(&mut self, key: &LaneKey, id: &str, at: Option<Timestamp>) {
        if self.reserved.remove(id)
            && let Some(at) = at
        {
            self.spill(key, at);
        }
    }

    /// Hands over an item whose commit is known to have succeeded. `at` is when it fell due.
    pub fn offer(&mut self, key: &LaneKey, item: Item<T>, at: Timestamp) -> Offer {
        self.reserved.remove(&item.id);
        if self.resident.contains(&item.id) {
            return Offer::Resident;
        }
        let reads_first = self.lane(key).unread_at.is_some_and(|unread| unread <= at) || self.lane(key).is_being_read;
        if reads_first || self.room(key, item.bytes) == 0 {
            self.spill(key, at);
            return Offer::Spilled;
        }
        self.queue(key, item);
        Offer::Queued
    }

    /// The store has work of this lane, due at `at`, that memory does not hold.
    pub fn spill(&mut self, key: &LaneKey, at: Timestamp) {
        let lane = self.lane(key);
        lane.spills += 1;
        lane.unread_at = Some(lane.unread_at.map_or(at, |before| before.min(at)));
    }

    /// Items that were taken are written, or given back to the store: they are resident no longer. `unread_at` is when the store's row
    /// of one of them falls due again. Returns whether the lane had as many as may be taken, and may go on now.
    pub fn finish<'a>(
        &mut self,
        key: &LaneKey,
        ids: impl IntoIterator<Item = &'a str>,
        unread_at: Option<Timestamp>,
    ) -> bool {
        let taken_max = self.limits.lane_taken_max;
        let finished: Vec<Arc<str>> = ids.into_iter().filter_map(|id| self.resident.take(id)).collect();
        let lane = self.lane(key);
        let was_full = taken_max <= lane.taken;
        lane.taken = lane.taken.saturating_sub(finished.len());
        if lane.is_being_read {
            lane.finished_while_read.extend(finished);
        }
        if let Some(at) = unread_at {
            self.spill(key, at);
        }
        self.settle(key);
        self.forget_idle(key);
        was_full
    }

    /// A lane can't be worked on before `until`: what is queued of it is left to the store, which is not read before either, however much it
    /// has. [`Lanes::spill`] ends it earlier.
    pub fn park(&mut self, key: &LaneKey, until: Timestamp) {
        let lane = self.lane(key);
        let queue = std::mem::take(&mut lane.queue);
        lane.unread_at = Some(until);
        // A read under way does not show what is dropped here.
        lane.spills += 1;
        let bytes: usize = queue.iter().map(|item| item.bytes).sum();
        for item in &queue {
            self.resident.remove(&item.id);
        }
        self.add_queued(key, |load| {
            load.items -= queue.len();
            load.bytes -= bytes;
        });
        self.settle(key);
    }

    /// Drops what is queued and not under way of shards that this host no longer has, or of a lane that must not be worked on: the
    /// store keeps it.
    pub fn drop_queued(&mut self, mut is_dropped: impl FnMut(&LaneKey, &Item<T>) -> bool) -> usize {
        let mut dropped = 0;
        self.drops += 1;
        let keys: Vec<LaneKey> = self.keys();
        for key in keys {
            let lane = self.lane(&key);
            let (gone, kept): (VecDeque<_>, VecDeque<_>) =
                lane.queue.drain(..).partition(|item| is_dropped(&key, item));
            lane.queue = kept;
            let bytes: usize = gone.iter().map(|item| item.bytes).sum();
            for item in &gone {
                self.resident.remove(&item.id);
            }
            dropped += gone.len();
            self.add_queued(&key, |load| {
                load.items -= gone.len();
                load.bytes -= bytes;
            });
            self.settle(&key);
            self.forget_idle(&key);
        }
        dropped
    }

    /// Every lane of which something is known.
    pub fn keys(&self) -> Vec<LaneKey> {
        let of = |(organization, lanes): (&Arc<str>, &Organization<T>)| {
            let organization = organization.clone();
            lanes
                .lanes
                .keys()
                .map(move |lane| LaneKey { organization: organization.clone(), lane: lane.clone() })
                .collect::<Vec<_>>()
        };
        self.organizations.iter().flat_map(of).collect()
    }

    /// How many more items of a lane there is room for, the next of which has so many bytes.
    fn room(&mut self, key: &LaneKey, bytes: usize) -> usize {
        self.ensure(key);
        let organization = self.organizations.get(&key.organization);
        organization.and_then(|of| Some(self.room_of(of, of.lanes.get(&key.lane)?, bytes))).unwrap_or(0)
    }

    /// How many more bytes a lane may have queued.
    fn bytes_left(&self, organization: &Organization<T>, lane: &Lane<T>) -> usize {
        let used = lane.load.bytes + organization.load.bytes + self.load.bytes;
        // Each byte counts for the lane, its organization and for all.
        self.limits.bytes_max.saturating_sub(used) / 3
    }

    fn room_of(&self, organization: &Organization<T>, lane: &Lane<T>, bytes: usize) -> usize {
        let limits = &self.limits;
        let used = |of: fn(&Load) -> usize| of(&lane.load) + of(&organization.load) + of(&self.load);
        if limits.bytes_max < used(|load| load.bytes) + bytes {
            return 0;
        }
        // Each item counts for the lane, its organization and for all.
        let left = limits.items_max.saturating_sub(used(|load| load.items)).div_ceil(3);
        left.min(limits.items_max.saturating_sub(self.resident.len()))
            .min(limits.lane_items_max.saturating_sub(lane.queue.len()))
    }

    fn queue(&mut self, key: &LaneKey, item: Item<T>) {
        self.resident.insert(item.id.clone());
        self.ensure(key);
        let bytes = item.bytes;
        self.add_queued(key, |load| {
            load.items += 1;
            load.bytes += bytes;
        });
        self.lane(key).queue.push_back(item);
        self.settle(key);
    }

    /// Gives a lane, its host and its organization their places in the turn, or takes them away.
    fn settle(&mut self, key: &LaneKey) {
        let (share, taken_max) = (self.lane_places_share, self.limits.lane_taken_max);
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        if let Some(lane) = organization.lanes.get_mut(&key.lane)
            && let Some(host) = organization.hosts.get_mut(&lane.host)
        {
            let is_free = 0 < lane.places_free(share, taken_max) && !lane.waits_for_pace;
            let is_in_turn = is_free && !lane.queue.is_empty();
            host.turn.set(&mut lane.standing, &key.lane, is_in_turn);
            organization.turn.set(&mut host.standing, &lane.host, !host.turn.is_empty());
        }
        self.turn.set(&mut organization.standing, &key.organization, !organization.turn.is_empty());
    }

    fn add_queued(&mut self, key: &LaneKey, add: impl Fn(&mut Load)) {
        add(&mut self.load);
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        add(&mut organization.load);
        if let Some(lane) = organization.lanes.get_mut(&key.lane) {
            add(&mut lane.load);
        }
    }

    /// Makes a lane that is not there.
    fn ensure(&mut self, key: &LaneKey) {
        let organization = self.organizations.entry(key.organization.clone()).or_default();
        if organization.lanes.contains_key(&key.lane) {
            return;
        }
        let first = Learnt { host: Arc::default(), places_allowed: self.limits.lane_places_first, pace: None };
        let learnt = self.remembered.get(key).cloned().unwrap_or(first);
        organization.hosts.entry(learnt.host.clone()).or_default().lanes += 1;
        organization.lanes.insert(key.lane.clone(), Lane::new(learnt));
    }

    fn lane(&mut self, key: &LaneKey) -> &mut Lane<T> {
        self.ensure(key);
        let organization = self.organizations.entry(key.organization.clone()).or_default();
        let unknown = || Lane::new(Learnt { host: Arc::default(), places_allowed: 1, pace: None });
        organization.lanes.entry(key.lane.clone()).or_insert_with(unknown)
    }

    /// A lane of which nothing is known takes no memory.
    fn forget_idle(&mut self, key: &LaneKey) {
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        if organization.lanes.get(&key.lane).is_some_and(Lane::is_idle)
            && let Some(lane) = organization.lanes.remove(&key.lane)
        {
            if let Some(host) = organization.hosts.get_mut(&lane.host) {
                host.lanes -= 1;
            }
            organization.forget_host(&lane.host);
            if !lane.host.is_empty() || lane.pace.is_some() {
                let learnt = Learnt { host: lane.host, places_allowed: lane.places_allowed, pace: lane.pace };
                self.remembered.insert(key.clone(), learnt);
            }
        }
        if organization.lanes.is_empty() {
            self.organizations.remove(&key.organization);
        }
    }
}

#[cfg(test)]
mod tests;
