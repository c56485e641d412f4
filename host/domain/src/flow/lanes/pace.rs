//! How fast items of a lane may be taken (W12): so many a minute, evenly. What was not used may be taken within a second.
//!
//! This is the generic cell rate algorithm (ITU-T I.371): one number a lane, and no timer.

use super::{LaneKey, Lanes};
use crate::clock::Timestamp;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

const MINUTE_US: i64 = 60_000_000;
/// What was not used for so long may be taken at once, in microseconds.
const BURST_US: i64 = 1_000_000;

/// The rate of a lane, and how far it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    per_minute: NonZeroU32,
    /// When the items that were taken so far would all be through, one after another, in microseconds.
    through_at_us: i64,
}

impl Pace {
    fn interval_us(self, hosts: u32) -> i64 {
        MINUTE_US.saturating_mul(i64::from(hosts)) / i64::from(self.per_minute.get())
    }

    fn tolerance_us(self, hosts: u32) -> i64 {
        (BURST_US - self.interval_us(hosts)).max(0)
    }

    fn starts_us(self, now: Timestamp) -> i64 {
        self.through_at_us.max(now.0.saturating_mul(1_000))
    }

    /// How many items may be taken now.
    fn free(self, hosts: u32, now: Timestamp) -> usize {
        let left = now.0.saturating_mul(1_000) + self.tolerance_us(hosts) - self.starts_us(now);
        if left < 0 { 0 } else { usize::try_from(left / self.interval_us(hosts).max(1) + 1).unwrap_or(usize::MAX) }
    }

    /// When the next one may be taken.
    fn next_at(self, hosts: u32) -> Timestamp {
        let us = self.through_at_us - self.tolerance_us(hosts);
        Timestamp(us.div_euclid(1_000) + i64::from(us.rem_euclid(1_000) != 0))
    }

    fn used(self, count: usize, hosts: u32, now: Timestamp) -> Self {
        let used = self.interval_us(hosts).saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
        Self { through_at_us: self.starts_us(now).saturating_add(used), ..self }
    }
}

/// The lanes that wait for their pace, and among how many hosts a rate is divided.
#[derive(Debug)]
pub(super) struct Paces {
    waiting: BTreeSet<(Timestamp, LaneKey)>,
    hosts: u32,
}

impl Default for Paces {
    fn default() -> Self {
        Self { waiting: BTreeSet::new(), hosts: 1 }
    }
}

impl<T> Lanes<T> {
    /// Divides the rates of lanes among so many hosts.
    pub fn set_hosts(&mut self, hosts: usize) {
        self.paces.hosts = u32::try_from(hosts.max(1)).unwrap_or(u32::MAX);
    }

    /// Says how many items of a lane may be taken a minute; none for as many as there are. Of one whose rate was not known, `is_counted` says
    /// that what is being worked on was taken without regard to it: then this returns when it may go on, if that is not now.
    pub fn set_rate(
        &mut self,
        key: &LaneKey,
        per_minute: Option<NonZeroU32>,
        is_counted: bool,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let hosts = self.paces.hosts;
        let lane = self.lane(key);
        let Some(per_minute) = per_minute else {
            lane.pace = None;
            return Ok(());
        };
        let before = lane.pace.map_or(0, |pace| pace.through_at_us);
        let pace = Pace { per_minute, through_at_us: before };
        let (is_free, next_at) = (is_counted || 0 < pace.free(hosts, now), pace.next_at(hosts));
        lane.pace = Some(if is_counted || !is_free { pace } else { pace.used(1, hosts, now) });
        self.keep_pace(key, now);
        if is_free { Ok(()) } else { Err(next_at) }
    }

    /// How many items of a lane its rate allows now, where it has one.
    pub(super) fn paced(&self, key: &LaneKey, now: Timestamp) -> Option<usize> {
        let lane = self.organizations.get(&key.organization)?.lanes.get(&key.lane)?;
        Some(lane.pace?.free(self.paces.hosts, now))
    }

    /// Items of a lane were taken.
    pub(super) fn use_pace(&mut self, key: &LaneKey, count: usize, now: Timestamp) {
        let hosts = self.paces.hosts;
        let lane = self.lane(key);
        lane.pace = lane.pace.map(|pace| pace.used(count, hosts, now));
        self.keep_pace(key, now);
    }

    /// Keeps a lane out of the turn until its rate allows one more.
    fn keep_pace(&mut self, key: &LaneKey, now: Timestamp) {
        let hosts = self.paces.hosts;
        let lane = self.lane(key);
        if lane.waits_for_pace {
            return;
        }
        if let Some(pace) = lane.pace.filter(|pace| pace.free(hosts, now) == 0) {
            lane.waits_for_pace = true;
            self.paces.waiting.insert((pace.next_at(hosts), key.clone()));
            self.settle(key);
        }
    }

    /// Lets the lanes go on whose rates allow it by now.
    pub(super) fn end_waits(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.paces.waiting.first()
            && *at <= now
            && let Some((_, key)) = self.paces.waiting.pop_first()
        {
            let organization = self.organizations.get_mut(&key.organization);
            if let Some(lane) = organization.and_then(|of| of.lanes.get_mut(&key.lane)) {
                lane.waits_for_pace = false;
                self.keep_pace(&key, now);
                self.settle(&key);
                self.forget_idle(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LIMITS, item, key};
    use super::*;
    use crate::flow::lanes::{LaneLimits, PlaceEnd};
    use proptest::prelude::*;

    const WIDE: LaneLimits = LaneLimits {
        items_max: 10_000,
        bytes_max: 1 << 20,
        lane_items_max: 10_000,
        lane_places_max: 64,
        lane_places_first: 8,
        ..LIMITS
    };

    /// When items leave a lane of so many a minute, looked at every `step_ms` for so long. It always has some, or gets one at each look when it
    /// has none.
    fn times(per_minute: u32, hosts: usize, step_ms: i64, end_ms: i64, always_has_some: bool) -> Vec<i64> {
        let mut lanes = Lanes::new(WIDE);
        let (lane, start) = (key("o", "a"), 1_000_000);
        lanes.set_hosts(hosts);
        let mut ids = (0..1_000).map(item);
        if always_has_some {
            for item in ids.by_ref() {
                lanes.offer(&lane, item, Timestamp(start));
            }
        }
        lanes.set_rate(&lane, NonZeroU32::new(per_minute), true, Timestamp(start)).unwrap();
        let mut times = Vec::new();
        for at in (0..end_ms).step_by(usize::try_from(step_ms).unwrap()) {
            if lanes.resident_count() == 0
                && let Some(item) = ids.next()
            {
                lanes.offer(&lane, item, Timestamp(start + at));
            }
            while let Some(taken) = lanes.take(Timestamp(start + at), |_| usize::MAX, usize::MAX) {
                times.extend(taken.items.iter().map(|_| at));
                lanes.free_places(&lane, taken.places, PlaceEnd::Responded);
                lanes.finish(&lane, taken.items.iter().map(|item| &*item.id), None);
            }
        }
        times
    }

    proptest! {
        /// W12: in no time more is taken than the rate allows and a second may make up for, and it is taken as fast as that.
        #[test]
        fn w12_a_lane_keeps_its_rate(per_minute in 1_u32..600, hosts in 1_usize..4, step_ms in 1_i64..400, always_has_some in any::<bool>()) {
            let end_ms = 90_000;
            let times = times(per_minute, hosts, step_ms, end_ms, always_has_some);
            let share = f64::from(per_minute) / 60_000.0 / f64::from(u32::try_from(hosts).unwrap());
            for (from, first) in times.iter().enumerate() {
                for (count, last) in times[from..].iter().enumerate() {
                    let allowed = share * f64::from(i32::try_from(last - first).unwrap() + 1_000) + 1.0;
                    prop_assert!(f64::from(u32::try_from(count).unwrap()) <= allowed, "{} in {} ms", count + 1, last - first);
                }
            }
            if !always_has_some {
                return Ok(());
            }
            let least = share * f64::from(i32::try_from(end_ms - 1_000).unwrap()) - 1.0;
            let got = f64::from(u32::try_from(times.len().min(1_000)).unwrap());
            prop_assert!(least.min(999.0) <= got * (1.0 + 0.001 * f64::from(i32::try_from(step_ms).unwrap())), "{got} of {least}");
        }
    }

    /// W12: a lane that waits for its pace delays no other, and one whose rate is taken away goes on.
    #[test]
    fn w12_a_slow_lane_delays_no_other() {
        let (mut lanes, now) = (Lanes::new(WIDE), Timestamp(0));
        for id in 0..4 {
            lanes.offer(&key("o", "slow"), item(id), now);
            lanes.offer(&key("o", "fast"), item(10 + id), now);
        }
        lanes.set_rate(&key("o", "slow"), NonZeroU32::new(1), true, now).unwrap();
        let mut taken = Vec::new();
        while let Some(some) = lanes.take(now, |_| 1, usize::MAX) {
            taken.extend(some.items.iter().map(|item| item.work));
        }
        taken.sort_unstable();
        assert_eq!(taken, [0, 10, 11, 12, 13]);
        assert!(lanes.take(Timestamp(59_999), |_| 1, usize::MAX).is_none());
        assert_eq!(lanes.take(Timestamp(60_000), |_| 9, usize::MAX).unwrap().items.len(), 1);
        lanes.set_rate(&key("o", "slow"), None, true, Timestamp(60_000)).unwrap();
        assert_eq!(lanes.take(Timestamp(120_000), |_| 9, usize::MAX).unwrap().items.len(), 2);
    }

    /// W12: what was taken before its lane's rate was known goes on one at a time.
    #[test]
    fn w12_what_was_taken_before_is_held_to_the_rate() {
        let (mut lanes, lane) = (Lanes::new(WIDE), key("o", "a"));
        for id in 0..3 {
            lanes.offer(&lane, item(id), Timestamp(0));
        }
        assert_eq!(lanes.take(Timestamp(0), |_| 9, usize::MAX).unwrap().items.len(), 3);
        let rate = NonZeroU32::new(60);
        let each = [0, 1, 2].map(|_| lanes.set_rate(&lane, rate, false, Timestamp(0)));
        assert_eq!(each, [Ok(()), Err(Timestamp(1_000)), Err(Timestamp(1_000))]);
        assert_eq!(lanes.set_rate(&lane, rate, false, Timestamp(1_000)), Ok(()));
    }
}
