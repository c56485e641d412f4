//! Which lanes are to be read from the store, and what becomes of what a read found.

use super::{Item, LaneKey, Lanes};
use crate::clock::Timestamp;

/// A lane is read when there is room for a part of what it lacks: rather one read of many rows than many of one.
const READ_PARTS: usize = 8;

/// A read of a lane that is under way. It ends with [`Lanes::read_ended`], also when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRead {
    /// The lane.
    pub key: LaneKey,
    /// How many items there is room for, at least one.
    pub items_max: usize,
    /// How many bytes they may have; one item is read all the same.
    pub bytes_max: usize,
    /// How many items of the lane are in memory, which the store may still show as due.
    pub resident: usize,
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

impl<T> Lanes<T> {
    /// The next lanes to read, of each organization in turn: those whose unread work is due and that have room again. Each is being read
    /// from now on.
    pub fn lanes_to_read(&mut self, now: Timestamp, count_max: usize) -> Vec<LaneRead> {
        let low = self.limits.lane_items_max / 4;
        let mut due = Vec::new();
        for (organization, of_organization) in &self.organizations {
            let mut of_one = Vec::new();
            for (name, lane) in &of_organization.lanes {
                let Some(at) = lane.unread_at.filter(|at| *at <= now && !lane.is_being_read) else { continue };
                // A lane with nothing queued is always read, so that a full memory of others can't starve it.
                let (room, bytes) = (self.room_of(of_organization, lane, 0), self.bytes_left(of_organization, lane));
                let has_room = low <= room.saturating_mul(READ_PARTS)
                    && self.limits.bytes_max / 3 <= bytes.saturating_mul(READ_PARTS);
                if lane.queue.is_empty() || (lane.queue.len() <= low && has_room) {
                    of_one.push((at, name.clone(), (room.max(1), bytes)));
                }
            }
            of_one.sort();
            let of_one = of_one.into_iter().enumerate();
            due.extend(of_one.map(|(rank, (at, lane, room))| (rank, at, organization.clone(), lane, room)));
        }
        due.sort();
        due.truncate(count_max);
        let drops = self.drops;
        due.into_iter()
            .map(|(_, _, organization, lane, (items_max, bytes_max))| {
                let key = LaneKey { organization, lane };
                let lane = self.lane(&key);
                lane.is_being_read = true;
                let spills = lane.spills;
                let resident = lane.taken + lane.queue.len();
                LaneRead { key, items_max, bytes_max, resident, spills, drops }
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
            if !is_first && self.room(&read.key, item.bytes) == 0 {
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
}
