//! A lifecycle in its campaign's zone: which periods of caps run, and whether the schedule is open. What is known holds until the next of
//! them ends, so it is worked out once and not for each batch.

use super::Lifecycle;
use super::caps::CapPeriod;
use super::schedule::Opening;
use crate::clock::Timestamp;
use jiff::tz::TimeZone;
use std::sync::{Arc, Mutex, PoisonError};

/// A lifecycle and the zone that it is meant in.
#[derive(Debug)]
pub struct LocalLifecycle {
    lifecycle: Lifecycle,
    zone: TimeZone,
    known: Mutex<Option<Arc<Moment>>>,
}

/// How a lifecycle stands for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    from: Timestamp,
    until: Timestamp,
    /// The periods of the caps.
    pub periods: Vec<CapPeriod>,
    /// The schedule; none where there is none, which is always open.
    pub opening: Option<Opening>,
}

impl LocalLifecycle {
    /// A lifecycle in a zone; none where there is no such zone.
    pub fn new(lifecycle: Lifecycle, zone: &str) -> Option<Self> {
        Some(Self { lifecycle, zone: TimeZone::get(zone).ok()?, known: Mutex::new(None) })
    }

    /// One that says nothing, so that every lead goes on.
    pub fn always_open() -> Self {
        Self { lifecycle: Lifecycle::default(), zone: TimeZone::UTC, known: Mutex::new(None) }
    }

    /// What the campaign says.
    pub fn rules(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// How it stands at a moment.
    pub fn at(&self, now: Timestamp) -> Arc<Moment> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moment) = known.as_ref().filter(|moment| moment.from <= now && now < moment.until) {
            return Arc::clone(moment);
        }
        let moment = Arc::new(self.work_out(now));
        *known = Some(Arc::clone(&moment));
        moment
    }

    fn work_out(&self, now: Timestamp) -> Moment {
        let periods = self.lifecycle.caps.as_ref().map(|caps| caps.periods(now, &self.zone)).unwrap_or_default();
        let opening = self.lifecycle.schedule.as_ref().map(|schedule| schedule.at(now, &self.zone));
        let turns = match opening {
            Some(Opening::Open { until }) => until,
            Some(Opening::Closed { opens_at }) => opens_at,
            None => None,
        };
        let ends = periods.iter().filter_map(|period| period.ends_at).chain(turns);
        let until = ends.min().unwrap_or(Timestamp(i64::MAX));
        Moment { from: now, until, periods, opening }
    }
}

impl Moment {
    /// Whether the schedule is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.opening, Some(Opening::Closed { .. }))
    }

    /// When a closed schedule opens, where that is known.
    pub fn opens_at(&self) -> Option<Timestamp> {
        match self.opening? {
            Opening::Closed { opens_at } => opens_at,
            Opening::Open { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::caps::Caps;

    /// L5: a day cap in Berlin is another one at midnight there, also when nobody asked in between, and when the clock is set back.
    #[test]
    fn l5_what_is_known_holds_until_the_next_end() {
        let caps = Caps { day: Some(5), ..Caps::default() };
        let lifecycle = Lifecycle { caps: Some(caps), ..Lifecycle::default() };
        let local = LocalLifecycle::new(lifecycle, "Europe/Berlin").unwrap();
        let starts = |text: &str| local.at(Timestamp::parse(text).unwrap()).periods[0].starts_at.rfc3339();
        for (now, expected) in [
            ("2026-06-01T21:59:59.999Z", "2026-05-31T22:00:00Z"),
            ("2026-06-01T22:00:00Z", "2026-06-01T22:00:00Z"),
            ("2026-06-01T12:00:00Z", "2026-05-31T22:00:00Z"),
        ] {
            assert_eq!(starts(now), expected, "{now}");
        }
        assert!(LocalLifecycle::new(Lifecycle::default(), "Mars/Olympus").is_none());
        assert_eq!(LocalLifecycle::new(Lifecycle::default(), "UTC").unwrap().at(Timestamp(5)).until.0, i64::MAX);
    }
}
