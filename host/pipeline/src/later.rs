//! How long work waits that the host itself could not do: a moment at first, twice as long each time it fails again, up to a bound. What
//! fails is counted in memory, by lane and by the clock that nobody sets: a host that starts again tries at once.

use hookmill_domain::clock::BootTime;
use hookmill_domain::config::Limits;

/// How often in a row the work of each lane failed.
pub(crate) struct Later {
    wait: Doubling,
    failures: quick_cache::sync::Cache<String, Failed>,
}

/// The failures of a lane.
#[derive(Debug, Clone, Copy)]
struct Failed {
    in_a_row: u32,
    /// When it is tried again. What fails before then was under way already, and is the same failure.
    again_at: BootTime,
}

/// A wait that doubles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doubling {
    min_ms: i64,
    max_ms: i64,
}

impl Doubling {
    pub(crate) fn new(min_ms: i64, max_ms: i64) -> Self {
        Self { min_ms: min_ms.max(1), max_ms: max_ms.max(min_ms).max(1) }
    }

    /// The wait after so many failures before this one.
    pub(crate) fn wait_ms(self, failures_before: u32) -> i64 {
        let factor = 1_i64.checked_shl(failures_before).filter(|factor| 0 < *factor).unwrap_or(i64::MAX);
        self.min_ms.saturating_mul(factor).min(self.max_ms)
    }
}

impl Later {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            wait: Doubling::new(limits.later_ms_min, limits.later_ms_max),
            failures: quick_cache::sync::Cache::new(limits.programs_cached_max),
        }
    }

    /// When the work of a lane that fails now is tried again.
    pub(crate) fn next_at(&self, lane: &str, now: BootTime) -> BootTime {
        match self.failures.get(lane) {
            Some(failed) if now < failed.again_at => failed.again_at,
            failed => now.plus_ms(self.wait.wait_ms(failed.map_or(0, |failed| failed.in_a_row))),
        }
    }

    /// The work of a lane failed; returns when it is tried again.
    pub(crate) fn failed(&self, lane: &str, now: BootTime) -> BootTime {
        let again_at = self.next_at(lane, now);
        let before = self.failures.get(lane);
        if before.is_none_or(|before| before.again_at <= now) {
            let in_a_row = before.map_or(0, |before| before.in_a_row).saturating_add(1);
            self.failures.insert(lane.to_owned(), Failed { in_a_row, again_at });
        }
        again_at
    }

    /// The work of a lane succeeded: its next failure is a first one.
    pub(crate) fn succeeded(&self, lane: &str) {
        if !self.failures.is_empty() {
            self.failures.remove(lane);
        }
    }

    /// The longest wait.
    pub(crate) fn longest_at(&self, now: BootTime) -> BootTime {
        now.plus_ms(self.wait.max_ms)
    }

    /// The wait, for who counts failures itself.
    pub(crate) fn doubling(&self) -> Doubling {
        self.wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H8: each lane waits by its own failures, twice as long each time and never longer than the bound. What fails together fails once.
    #[test]
    fn h8_waits_double_up_to_their_bound() {
        let later = Later::new(&Limits { later_ms_min: 1_000, later_ms_max: 60_000, ..Limits::default() });
        let mut now = BootTime(0);
        for wait in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            for together in 0..3 {
                let at = now.plus_ms(together);
                assert_eq!(later.failed("a", at), now.plus_ms(wait));
            }
            assert_eq!(later.next_at("b", now), now.plus_ms(1_000));
            now = now.plus_ms(wait);
        }
        later.succeeded("a");
        assert_eq!(later.failed("a", now), now.plus_ms(1_000));
    }

    #[test]
    fn a_wait_never_overflows() {
        let doubling = Doubling::new(i64::MAX / 2, i64::MAX);
        assert_eq!(doubling.wait_ms(0), i64::MAX / 2);
        for failures in [2, 62, 63, 64, u32::MAX] {
            assert_eq!(doubling.wait_ms(failures), i64::MAX);
        }
        assert_eq!(Doubling::new(0, -5).wait_ms(3), 1);
    }
}
