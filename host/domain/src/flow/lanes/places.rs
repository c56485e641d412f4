//! Who may work on what: the lane whose turn it is, the places it takes, and what it is charged.

use super::{LaneKey, Lanes, PlaceEnd, TakenItems};
use crate::clock::Timestamp;

impl<T> Lanes<T> {
    /// Takes the next items of who has used least: at most as many as `count_max` says of their lane, of at most `bytes_max` bytes, one at
    /// least. None when nothing may be worked on now. Each item is charged as one.
    pub fn take(
        &mut self,
        now: Timestamp,
        count_max: impl Fn(&LaneKey) -> usize,
        bytes_max: usize,
    ) -> Option<TakenItems<T>> {
        self.end_waits(now);
        let (key, room) = self.next()?;
        let paced = self.paced(&key, now);
        let count_max = count_max(&key).min(paced.unwrap_or(usize::MAX)).max(1);
        let count_max = if self.limits.is_batch_one_place { count_max } else { count_max.min(room) };
        let (mut items, mut bytes) = (Vec::new(), 0);
        let lane = self.lane(&key);
        while items.len() < count_max
            && let Some(next) = lane.queue.front()
            && (items.is_empty() || bytes + next.bytes <= bytes_max)
        {
            bytes += next.bytes;
            items.extend(lane.queue.pop_front());
        }
        lane.taken += items.len();
        let places = if self.limits.is_batch_one_place { 1 } else { items.len() };
        self.add_queued(&key, |load| {
            load.items -= items.len();
            load.bytes -= bytes;
        });
        self.add_places(&key, |count| *count += places);
        self.serve(&key);
        self.charge(&key, u64::try_from(items.len()).unwrap_or(u64::MAX));
        self.use_pace(&key, items.len(), now);
        self.settle(&key);
        Some(TakenItems { key, items, places, is_paced: paced.is_some() })
    }

    /// The lane whose turn it is, and how many places there are for it.
    fn next(&self) -> Option<(LaneKey, usize)> {
        let places_max = self.limits.places_max;
        let left = |used: usize| places_max.checked_sub(used).filter(|left| 0 < *left);
        left(self.load.places)?;
        for organization in self.turn.names() {
            let Some(of_organization) = self.organizations.get(organization) else { continue };
            let used = self.load.places + of_organization.load.places;
            let hosts = of_organization.turn.names().filter_map(|name| Some((name, of_organization.hosts.get(name)?)));
            for (name, host) in hosts.filter(|_| left(used).is_some()) {
                let used = if name.is_empty() { used } else { used + host.places };
                let lanes = host.turn.names().filter_map(|lane| Some((lane, of_organization.lanes.get(lane)?)));
                for (lane, of_lane) in lanes.filter(|_| left(used).is_some()) {
                    // A lane of which it is not known where its items go counts as a host of its own.
                    let of_host = if name.is_empty() { of_lane.load.places } else { 0 };
                    let Some(left) = left(used + of_host + of_lane.load.places) else { continue };
                    // Each place counts for the lane, its host, its organization and for all.
                    let room =
                        (left / 4).max(1).min(of_lane.places_free(self.lane_places_share, self.limits.lane_taken_max));
                    return Some((LaneKey { organization: organization.clone(), lane: lane.clone() }, room));
                }
            }
        }
        None
    }

    /// It is this lane's turn.
    fn serve(&mut self, key: &LaneKey) {
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        self.turn.serve(&organization.standing);
        let Some(lane) = organization.lanes.get(&key.lane) else { return };
        if let Some(host) = organization.hosts.get_mut(&lane.host) {
            organization.turn.serve(&host.standing);
            host.turn.serve(&lane.standing);
        }
    }

    /// What a lane has taken, beside what it was charged before: the units are the caller's, such as microseconds of CPU time.
    pub fn charge(&mut self, key: &LaneKey, cost: u64) {
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        self.turn.charge(&mut organization.standing, &key.organization, cost);
        let Some(lane) = organization.lanes.get_mut(&key.lane) else { return };
        if let Some(host) = organization.hosts.get_mut(&lane.host) {
            organization.turn.charge(&mut host.standing, &lane.host, cost);
            host.turn.charge(&mut lane.standing, &key.lane, cost);
        }
    }

    /// Says where a lane's items go: lanes of one host share its places.
    pub fn set_host(&mut self, key: &LaneKey, host: &str) {
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        let Some(lane) = organization.lanes.get_mut(&key.lane) else { return };
        if &*lane.host == host {
            return;
        }
        let before = std::mem::replace(&mut lane.host, host.into());
        let places = lane.load.places;
        let to = organization.hosts.entry(lane.host.clone()).or_default();
        to.lanes += 1;
        to.places += places;
        if let Some(from) = organization.hosts.get_mut(&before) {
            from.turn.set(&mut lane.standing, &key.lane, false);
            from.lanes -= 1;
            from.places -= places;
            let is_in_turn = !from.turn.is_empty();
            organization.turn.set(&mut from.standing, &before, is_in_turn);
        }
        organization.forget_host(&before);
        self.settle(key);
    }

    /// Changes how many of the places of one lane are this host's, at least one. Lanes that are beyond it finish what they have.
    pub fn set_lane_places_share(&mut self, count: usize) {
        let before = std::mem::replace(&mut self.lane_places_share, count.max(1));
        if before != self.lane_places_share {
            self.keys().iter().for_each(|key| self.settle(key));
        }
    }

    /// Items that were taken need these places no more: their requests, or their batch, ended. They stay resident until they are written.
    pub fn free_places(&mut self, key: &LaneKey, count: usize, end: PlaceEnd) {
        let allowed_max = self.limits.lane_places_max;
        let lane = self.lane(key);
        match end {
            PlaceEnd::Responded => lane.places_allowed = (lane.places_allowed + count).min(allowed_max),
            PlaceEnd::NoResponse => lane.places_allowed = 1,
            PlaceEnd::Unused => {}
        }
        self.add_places(key, |places| *places = places.saturating_sub(count));
        self.settle(key);
    }

    /// How many places are held.
    pub fn places(&self) -> usize {
        self.load.places
    }

    fn add_places(&mut self, key: &LaneKey, add: impl Fn(&mut usize)) {
        add(&mut self.load.places);
        let Some(organization) = self.organizations.get_mut(&key.organization) else { return };
        add(&mut organization.load.places);
        let Some(lane) = organization.lanes.get_mut(&key.lane) else { return };
        add(&mut lane.load.places);
        if let Some(host) = organization.hosts.get_mut(&lane.host) {
            add(&mut host.places);
        }
    }
}
