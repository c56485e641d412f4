//! Time. Everything that needs the time takes a [`Clock`]; nothing else reads the machine's.
//!
//! There are two of them. What people and the database are shown is a [`Timestamp`], by a clock that can be set. What ages in memory ages by
//! [`BootTime`], which nobody sets: a clock that is set back must not keep alive what was trusted for a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const DAY_MS: i64 = 24 * 3_600_000;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `ms` milliseconds later.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The moment `days` times 24 hours earlier.
    pub fn minus_days(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days.saturating_mul(DAY_MS)))
    }

    /// Reads RFC 3339 text; what is below a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// The moment as RFC 3339 text in UTC, to the second: all of one width.
    pub fn rfc3339_seconds(self) -> String {
        Self(self.0.div_euclid(1_000).saturating_mul(1_000)).rfc3339()
    }

    /// The moment as RFC 3339 text in UTC, with milliseconds only where they are not zero.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => moment.to_string(),
            Err(_) => format!("@{}", self.0),
        }
    }
}

/// A moment of this machine's clock that nobody sets and that runs through suspend, in milliseconds. Never compared between machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub i64);

impl BootTime {
    /// The moment `ms` milliseconds later.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The source of the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// The same by the clock that nobody sets.
    fn boot_time(&self) -> BootTime;
}

/// A clock that many parts share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn boot_time(&self) -> BootTime {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        BootTime(now.tv_sec.saturating_mul(1_000).saturating_add(now.tv_nsec / 1_000_000))
    }
}

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    boot_time: AtomicI64,
}

impl ManualClock {
    /// A clock that is set to `start`.
    pub fn new(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(start.0), boot_time: AtomicI64::new(0) })
    }

    /// Moves it forward.
    pub fn advance_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
        self.boot_time.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets it back, as somebody who corrects the machine's clock does.
    pub fn set_back_ms(&self, ms: i64) {
        self.now.fetch_sub(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn boot_time(&self) -> BootTime {
        BootTime(self.boot_time.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(Timestamp(1_718_447_400_000).rfc3339(), "2024-06-15T10:30:00Z");
        assert_eq!(Timestamp(1_718_447_400_250).rfc3339(), "2024-06-15T10:30:00.25Z");
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = ManualClock::new(Timestamp(5));
        clock.advance_ms(7);
        assert_eq!((clock.now(), clock.boot_time()), (Timestamp(12), BootTime(7)));
        clock.set_back_ms(10);
        assert_eq!((clock.now(), clock.boot_time()), (Timestamp(2), BootTime(7)));
    }

    #[test]
    fn the_clock_that_nobody_sets_goes_on() {
        let began = SystemClock.boot_time();
        assert!(BootTime(0) < began && began <= SystemClock.boot_time());
    }
}
