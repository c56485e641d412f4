//! Due work in memory: bounded, fair by organization and lane, each item at most once (residency), and never past what the store alone
//! holds (spilling). A lane is a campaign for submissions and a destination for deliveries.

use crate::clock::Timestamp;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// How much may be in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneLimits {
    /// Items queued or under way, of all organizations.
    pub items_max: usize,
    /// Bytes of queued items of all organizations.
    pub bytes_max: usize,
    /// Bytes of queued items of one organization.
    pub organization_bytes_max: usize,
    /// Queued items of one lane.
    pub lane_items_max: usize,
    /// Items of one lane that may be under way at once.
    pub lane_in_flight_max: usize,
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

/// Items taken together from one lane. Each holds a place of its lane until [`Lanes::free_places`], and stays resident until
/// [`Lanes::finish`] is called.
#[derive(Debug)]
pub struct TakenItems<T> {
    /// Where they come from.
    pub key: LaneKey,
    /// The items, in their order.
    pub items: Vec<Item<T>>,
}

/// A read of a lane that is under way. It ends with [`Lanes::read_ended`], also when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRead {
    /// The lane.
    pub key: LaneKey,
    spills: u64,
    drops: u64,
}

/// What a read found.
#[derive(Debug)]
pub struct ReadRows<T> {
    /// Due rows in their order; those in memory already may be among them.
    pub items: Vec<Item<T>>,
    /// Whether the store has more due rows than these.
    pub has_more: bool,
    /// When the lane's next row falls due that is not due yet.
    pub next_at: Option<Timestamp>,
}

/// The lanes of one kind of work on one host.
#[derive(Debug)]
pub struct Lanes<T> {
    limits: LaneLimits,
    resident: HashSet<Arc<str>>,
    /// What is being committed and will be handed over: a read that sees it first leaves it alone.
    reserved: HashSet<Arc<str>>,
    organizations: HashMap<Arc<str>, Organization<T>>,
    /// The organizations that have queued items, in turn.
    turn: VecDeque<Arc<str>>,
    queued_bytes: usize,
    /// How often queued work was dropped: a read that began before may show what others have done since.
    drops: u64,
}

#[derive(Debug)]
struct Organization<T> {
    lanes: HashMap<Arc<str>, Lane<T>>,
    /// The lanes that have queued items and room to work on them, in turn.
    turn: VecDeque<Arc<str>>,
    queued_bytes: usize,
    is_in_turn: bool,
}

#[derive(Debug)]
struct Lane<T> {
    queue: VecDeque<Item<T>>,
    in_flight: usize,
    is_in_turn: bool,
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
        Self { lanes: HashMap::new(), turn: VecDeque::new(), queued_bytes: 0, is_in_turn: false }
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            in_flight: 0,
            is_in_turn: false,
            unread_at: None,
            spills: 0,
            is_being_read: false,
            finished_while_read: HashSet::new(),
        }
    }
}

impl<T> Lane<T> {
    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight == 0 && self.unread_at.is_none() && !self.is_being_read
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
            turn: VecDeque::new(),
            queued_bytes: 0,
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
        if reads_first || !self.has_room(key, item.bytes) {
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

    /// The next lanes to read: those whose unread work is due and that have room again. Each is being read from now on.
    pub fn lanes_to_read(&mut self, now: Timestamp, count_max: usize) -> Vec<LaneRead> {
        let low = self.limits.lane_items_max / 4;
        let has_room = self.resident.len() < self.limits.items_max && self.queued_bytes < self.limits.bytes_max;
        let mut due = Vec::new();
        for (organization, of_organization) in &mut self.organizations {
            if self.limits.organization_bytes_max <= of_organization.queued_bytes {
                continue;
            }
            for (name, lane) in &mut of_organization.lanes {
                let is_due = lane.unread_at.is_some_and(|at| at <= now) && !lane.is_being_read;
                // A lane with nothing queued is always read, so that a full memory of others can't starve it.
                if is_due && lane.queue.len() <= low && (has_room || lane.queue.is_empty()) {
                    due.push((lane.unread_at, organization.clone(), name.clone()));
                }
            }
        }
        due.sort();
        due.truncate(count_max);
        let drops = self.drops;
        due.into_iter()
            .map(|(_, organization, lane)| {
                let key = LaneKey { organization, lane };
                let lane = self.lane(&key);
                lane.is_being_read = true;
                let spills = lane.spills;
                LaneRead { key, spills, drops }
            })
            .collect()
    }

    /// When the next lane is to be read.
    pub fn next_read_at(&self) -> Option<Timestamp> {
        let lanes = self.organizations.values().flat_map(|organization| organization.lanes.values());
        lanes.filter(|lane| !lane.is_being_read).filter_map(|lane| lane.unread_at).min()
    }

    /// What a read found; none when it failed, and the lane is read again at `retry_at`.
    pub fn read_ended(&mut self, read: &LaneRead, rows: Option<ReadRows<T>>, retry_at: Timestamp) {
        let drops = self.drops;
        let lane = self.lane(&read.key);
        lane.is_being_read = false;
        let finished = std::mem::take(&mut lane.finished_while_read);
        let Some(rows) = rows else {
            lane.unread_at = Some(retry_at);
            return;
        };
        // A shard was lost since the read began: it may be held again by now, and another host may have done what the read shows.
        if read.drops != drops {
            return;
        }
        let mut is_whole = !rows.has_more;
        for item in rows.items {
            if self.is_resident(&item.id) || finished.contains(&item.id) {
                continue;
            }
            let is_first = self.lane(&read.key).queue.is_empty();
            if !is_first && !self.has_room(&read.key, item.bytes) {
                is_whole = false;
                break;
            }
            self.queue(&read.key, item);
        }
        let lane = self.lane(&read.key);
        if is_whole && lane.spills == read.spills {
            // Memory holds all that is due; what falls due later is read then.
            lane.unread_at = rows.next_at;
        }
        self.forget_idle(&read.key);
    }

    /// Takes the next items: organizations in turn, within one its lanes in turn, of one lane at most `count_max` items of `bytes_max`
    /// bytes, one at least. None when nothing may be worked on now.
    pub fn take(&mut self, count_max: usize, bytes_max: usize) -> Option<TakenItems<T>> {
        while let Some(organization) = self.turn.pop_front() {
            let Some(of_organization) = self.organizations.get_mut(&organization) else { continue };
            of_organization.is_in_turn = false;
            let Some(lane) = of_organization.turn.pop_front() else { continue };
            let key = LaneKey { organization, lane };
            let items = self.take_from(&key, count_max, bytes_max);
            self.enqueue_lane(&key);
            if !items.is_empty() {
                return Some(TakenItems { key, items });
            }
            self.forget_idle(&key);
        }
        None
    }

    /// Changes how many items of one lane are worked on at once, at least one. Lanes that are beyond it finish what they have.
    pub fn set_lane_in_flight_max(&mut self, count: usize) {
        let before = std::mem::replace(&mut self.limits.lane_in_flight_max, count.max(1));
        if before < count {
            self.keys().iter().for_each(|key| self.enqueue_lane(key));
        }
    }

    fn take_from(&mut self, key: &LaneKey, count_max: usize, bytes_max: usize) -> Vec<Item<T>> {
        let in_flight_max = self.limits.lane_in_flight_max;
        let lane = self.lane(key);
        lane.is_in_turn = false;
        let count_max = count_max.min(in_flight_max.saturating_sub(lane.in_flight));
        let (mut items, mut bytes) = (Vec::new(), 0);
        while items.len() < count_max
            && let Some(next) = lane.queue.front()
            && (items.is_empty() || bytes + next.bytes <= bytes_max)
        {
            bytes += next.bytes;
            items.extend(lane.queue.pop_front());
        }
        lane.in_flight += items.len();
        self.organization(key).queued_bytes -= bytes;
        self.queued_bytes -= bytes;
        items
    }

    /// Items that were taken need no place of their lane any more: their requests ended. They stay resident until they are written.
    pub fn free_places(&mut self, key: &LaneKey, count: usize) {
        let lane = self.lane(key);
        lane.in_flight = lane.in_flight.saturating_sub(count);
        self.enqueue_lane(key);
    }

    /// Items that were taken are written, or given back to the store: they are resident no longer. `unread_at` is when the store's row
    /// of one of them falls due again.
    pub fn finish<'a>(&mut self, key: &LaneKey, ids: impl IntoIterator<Item = &'a str>, unread_at: Option<Timestamp>) {
        let finished: Vec<Arc<str>> = ids.into_iter().filter_map(|id| self.resident.take(id)).collect();
        let lane = self.lane(key);
        if lane.is_being_read {
            lane.finished_while_read.extend(finished);
        }
        if let Some(at) = unread_at {
            self.spill(key, at);
        }
        self.forget_idle(key);
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
            self.queued_bytes -= bytes;
            self.organization(&key).queued_bytes -= bytes;
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

    fn has_room(&mut self, key: &LaneKey, bytes: usize) -> bool {
        let limits = self.limits;
        self.resident.len() < limits.items_max
            && self.queued_bytes + bytes <= limits.bytes_max
            && self.organization(key).queued_bytes + bytes <= limits.organization_bytes_max
            && self.lane(key).queue.len() < limits.lane_items_max
    }

    fn queue(&mut self, key: &LaneKey, item: Item<T>) {
        self.resident.insert(item.id.clone());
        self.queued_bytes += item.bytes;
        self.organization(key).queued_bytes += item.bytes;
        self.lane(key).queue.push_back(item);
        self.enqueue_lane(key);
    }

    /// Gives a lane its place in the turn, if it has something to take and room to work on it.
    fn enqueue_lane(&mut self, key: &LaneKey) {
        let in_flight_max = self.limits.lane_in_flight_max;
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        if let Some(lane) = organization.lanes.get_mut(&key.lane)
            && !lane.is_in_turn
            && !lane.queue.is_empty()
            && lane.in_flight < in_flight_max
        {
            lane.is_in_turn = true;
            organization.turn.push_back(key.lane.clone());
        }
        if !organization.is_in_turn && !organization.turn.is_empty() {
            organization.is_in_turn = true;
            self.turn.push_back(key.organization.clone());
        }
    }

    fn organization(&mut self, key: &LaneKey) -> &mut Organization<T> {
        self.organizations.entry(key.organization.clone()).or_default()
    }

    fn lane(&mut self, key: &LaneKey) -> &mut Lane<T> {
        self.organization(key).lanes.entry(key.lane.clone()).or_default()
    }

    /// A lane of which nothing is known takes no memory.
    fn forget_idle(&mut self, key: &LaneKey) {
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        if organization.lanes.get(&key.lane).is_some_and(|lane| lane.is_idle() && !lane.is_in_turn) {
            organization.lanes.remove(&key.lane);
        }
        if organization.lanes.is_empty() && !organization.is_in_turn {
            self.organizations.remove(&key.organization);
        }
    }
}

#[cfg(test)]
mod tests;
