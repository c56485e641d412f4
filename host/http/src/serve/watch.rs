//! The watch: looks at all connections a few times a second, and cuts those that hold a place for nothing. Who is served is never cut, however
//! long it takes: a request is bounded by what it reads ([`crate::body`]) and does.

use super::places::{Kind, Places};
use super::watched::{Moment, Phase, Watched};
use std::time::Duration;

/// How long a connection may take for what, in ticks of the watch.
#[derive(Debug, Clone, Copy)]
pub(super) struct WatchBounds {
    /// How long a tick is, in milliseconds.
    pub(super) tick_ms: u64,
    /// Without a request.
    pub(super) idle: u64,
    /// For the head of a request.
    pub(super) head: u64,
    /// To read the least number of bytes, when there is more to read.
    pub(super) progress: u64,
    /// That number.
    pub(super) progress_bytes_min: u64,
    /// In all, on a reserved place.
    pub(super) reserved_life: u64,
}

/// Looks at all connections, for ever. Ticks are counted, not timed: a host that was stopped for a while cuts nobody for that.
pub(super) async fn keep_watching(places: &Places, bounds: &WatchBounds) {
    loop {
        tokio::time::sleep(Duration::from_millis(bounds.tick_ms)).await;
        places.look(bounds);
    }
}

/// What was seen of a connection so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    born: u64,
    moment: Moment,
    /// Since when it is at that moment.
    since: u64,
    /// Since when less than the least number of bytes was read.
    slow_since: u64,
    /// What was sent by then.
    sent: u64,
}

impl Seen {
    /// A connection that was accepted at this tick.
    pub(super) fn first(watched: &Watched, tick: u64) -> Self {
        Self { born: tick, moment: watched.moment(), since: tick, slow_since: tick, sent: watched.sent() }
    }

    /// For how many ticks it has been seen at this moment.
    pub(super) fn ticks_at(&self, moment: Moment, tick: u64) -> u64 {
        if moment == self.moment { tick - self.since } else { 0 }
    }

    /// For how many ticks its client has read less than the least number of bytes, while there is more to read.
    pub(super) fn stalled_ticks(&self, watched: &Watched, tick: u64) -> u64 {
        if watched.is_blocked() { tick - self.slow_since } else { 0 }
    }

    /// Looks again; returns why the connection is to be cut, if it is.
    pub(super) fn look(&mut self, watched: &Watched, kind: Kind, tick: u64, bounds: &WatchBounds) -> Option<Cut> {
        let (moment, sent) = (watched.moment(), watched.sent());
        if moment != self.moment {
            (self.moment, self.since) = (moment, tick);
        }
        if !watched.is_blocked() || self.sent + bounds.progress_bytes_min <= sent {
            (self.slow_since, self.sent) = (tick, sent);
        }
        let held = tick - self.since;
        match moment.phase() {
            Phase::Idle if bounds.idle <= held => return Some(Cut::Idle),
            Phase::Head if bounds.head <= held => return Some(Cut::SlowHead),
            _ => {}
        }
        if bounds.progress <= tick - self.slow_since {
            return Some(Cut::SlowReader);
        }
        (kind == Kind::Reserved && bounds.reserved_life <= tick - self.born).then_some(Cut::Reserved)
    }
}

/// Why a connection was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// No request came.
    Idle,
    /// The head of a request did not come to its end.
    SlowHead,
    /// The client does not read its responses, or too slowly.
    SlowReader,
    /// It was on a reserved place for too long.
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: WatchBounds =
        WatchBounds { tick_ms: 1, idle: 6, head: 3, progress: 4, progress_bytes_min: 10, reserved_life: 50 };

    /// The tick at which a connection is cut, and why, when this is done before each look.
    fn cut(kind: Kind, ticks: u64, mut act: impl FnMut(u64, &Watched)) -> Option<(u64, Cut)> {
        let watched = Watched::default();
        let mut seen = Seen::first(&watched, 0);
        (1..=ticks).find_map(|tick| {
            act(tick, &watched);
            seen.look(&watched, kind, tick, &BOUNDS).map(|cut| (tick, cut))
        })
    }

    fn round(watched: &Watched) {
        watched.request_begins();
        watched.request_ends();
        watched.flushed();
    }

    #[test]
    fn h6_who_sends_nothing_is_cut() {
        assert_eq!(cut(Kind::Ordinary, 100, |_, _| {}), Some((6, Cut::Idle)));
    }

    #[test]
    fn h6_who_sends_a_request_now_and_then_is_not() {
        assert_eq!(
            cut(Kind::Ordinary, 100, |tick, watched| if tick.is_multiple_of(5) {
                round(watched)
            }),
            None
        );
    }

    #[test]
    fn h6_a_head_that_trickles_in_is_cut() {
        assert_eq!(cut(Kind::Ordinary, 100, |_, watched| assert!(watched.received())), Some((4, Cut::SlowHead)));
    }

    #[test]
    fn h6_work_is_never_cut() {
        assert_eq!(
            cut(Kind::Ordinary, 1_000, |tick, watched| if tick == 1 {
                watched.request_begins()
            }),
            None
        );
    }

    #[test]
    fn h6_who_reads_too_slowly_is_cut_whatever_it_sends_meanwhile() {
        let slow = |tick: u64, watched: &Watched| {
            watched.wrote(if tick.is_multiple_of(2) { 1 } else { 0 });
            watched.could_not_write();
            if tick.is_multiple_of(3) {
                round(watched)
            }
        };
        assert_eq!(cut(Kind::Ordinary, 100, slow), Some((4, Cut::SlowReader)));
    }

    #[test]
    fn h6_who_reads_slowly_but_steadily_is_not() {
        let steady = |_: u64, watched: &Watched| {
            watched.request_begins();
            watched.wrote(3);
            watched.could_not_write();
        };
        assert_eq!(cut(Kind::Ordinary, 1_000, steady), None);
    }

    #[test]
    fn h6_who_read_it_all_is_not() {
        let now_and_then = |tick: u64, watched: &Watched| {
            watched.request_begins();
            if tick.is_multiple_of(3) { watched.wrote(1) } else { watched.could_not_write() }
        };
        assert_eq!(cut(Kind::Ordinary, 1_000, now_and_then), None);
    }

    #[test]
    fn h6_a_reserved_place_is_not_held() {
        assert_eq!(cut(Kind::Reserved, 100, |_, watched| round(watched)), Some((50, Cut::Reserved)));
    }

    #[test]
    fn a_moment_is_counted_from_when_it_was_seen() {
        let watched = Watched::default();
        let mut seen = Seen::first(&watched, 7);
        seen.look(&watched, Kind::Ordinary, 9, &BOUNDS);
        assert_eq!(seen.ticks_at(watched.moment(), 9), 2);
        round(&watched);
        assert_eq!(seen.ticks_at(watched.moment(), 9), 0);
        seen.look(&watched, Kind::Ordinary, 10, &BOUNDS);
        assert_eq!(seen.ticks_at(watched.moment(), 12), 2);
    }
}
