//! The queue of a campaign (L7, FLOW 15): how many of those that wait may be taken up, and when it is looked at again. What is known of the queue
//! is asked in the transaction that writes what follows from it.

use super::local::Moment;
use crate::clock::Timestamp;

/// After how long a queue is looked at again whose leads are taken up, in milliseconds, should none of them be decided until then: the commit that
/// decides one has it looked at earlier.
pub const IN_RELEASE_MS: i64 = 10_000;

/// What is known of a campaign's queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueView {
    /// How many are taken up and not decided yet.
    pub in_release: u64,
    /// How many slots are taken in each period of the moment, in their order.
    pub taken: Vec<u64>,
}

impl Moment {
    /// How many more of those that wait may be taken up now, of which there may be `window` at once: as many as there are free slots in every
    /// period, less those that are taken up already.
    pub fn releasable(&self, queue: &QueueView, window: u64) -> u64 {
        if self.is_closed() {
            return 0;
        }
        let free = self.periods.iter().zip(&queue.taken).map(|(period, taken)| period.limit.saturating_sub(*taken));
        free.min().unwrap_or(u64::MAX).min(window).saturating_sub(queue.in_release)
    }

    /// When more of those that wait may be taken up, where some wait; none where only a change brings that about.
    pub fn next_release(&self, queue: &QueueView, window: u64, now: Timestamp) -> Option<Timestamp> {
        if self.is_closed() {
            return self.opens_at();
        }
        if 0 < self.releasable(queue, window) {
            return Some(now);
        }
        // A slot is free when every period that has none is over.
        let full = self.periods.iter().zip(&queue.taken).filter(|(period, taken)| period.limit <= **taken);
        let ends: Vec<Option<Timestamp>> = full.map(|(period, _)| period.ends_at).collect();
        if ends.is_empty() {
            return Some(now.plus_ms(IN_RELEASE_MS));
        }
        ends.into_iter().collect::<Option<Vec<Timestamp>>>()?.into_iter().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::caps::Caps;
    use crate::lifecycle::local::LocalLifecycle;
    use crate::lifecycle::schedule::{Schedule, Weekday, Window};
    use crate::lifecycle::{Lifecycle, Otherwise};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// 2026-03-02, a Monday, at ten in the morning.
    const NOW: &str = "2026-03-02T10:00:00Z";

    fn moment(caps: Option<Caps>, schedule: Option<Schedule>) -> Arc<Moment> {
        let lifecycle = Lifecycle { caps, schedule, ..Lifecycle::default() };
        LocalLifecycle::new(lifecycle, "UTC").unwrap().at(now())
    }

    fn now() -> Timestamp {
        Timestamp::parse(NOW).unwrap()
    }

    fn view(in_release: u64, taken: &[u64]) -> QueueView {
        QueueView { in_release, taken: taken.to_vec() }
    }

    fn on_mondays(from_minute: u16, until_minute: u16) -> Schedule {
        let window = Window { days: [Weekday::Monday].into(), from_minute, until_minute };
        Schedule { windows: vec![window], holidays: Default::default(), when_closed: Otherwise::Queue }
    }

    #[test]
    fn l7_no_more_are_taken_up_than_there_are_free_slots() {
        let capped = moment(Some(Caps { total: Some(100), day: Some(10), hour: Some(3), ..Caps::default() }), None);
        let table = [
            (view(0, &[0, 0, 0]), 3, NOW),
            (view(1, &[0, 0, 0]), 2, NOW),
            (view(3, &[0, 0, 0]), 0, "2026-03-02T10:00:10Z"),
            (view(0, &[0, 0, 3]), 0, "2026-03-02T11:00:00Z"),
            (view(0, &[0, 10, 3]), 0, "2026-03-03T00:00:00Z"),
            (view(0, &[0, 11, 0]), 0, "2026-03-03T00:00:00Z"),
            (view(0, &[99, 0, 0]), 1, NOW),
            (view(0, &[100, 0, 0]), 0, "never"),
        ];
        for (queue, releasable, next) in table {
            assert_eq!(capped.releasable(&queue, 1_000), releasable, "{queue:?}");
            let at = capped.next_release(&queue, 1_000, now()).map_or_else(|| "never".to_owned(), Timestamp::rfc3339);
            assert_eq!(at.replace(".000", ""), next, "{queue:?}");
        }
    }

    #[test]
    fn l7_the_queue_is_released_when_the_schedule_opens() {
        let closed = moment(None, Some(on_mondays(11 * 60, 12 * 60)));
        let opens_at = Timestamp::parse("2026-03-02T11:00:00Z");
        assert_eq!((closed.releasable(&view(0, &[]), 9), closed.next_release(&view(5, &[]), 9, now())), (0, opens_at));
        let open = moment(None, Some(on_mondays(9 * 60, 12 * 60)));
        assert_eq!((open.releasable(&view(0, &[]), 9), open.next_release(&view(0, &[]), 9, now())), (9, Some(now())));
        assert_eq!(open.releasable(&view(9, &[]), 9), 0, "no more than memory holds");
    }

    proptest! {
        // However it stands: what is taken up has room, and where none is, the queue is looked at later.
        #[test]
        fn l7_what_is_taken_up_has_slots(
            total in 1_u64..50, day in 1_u64..50, taken in prop::collection::vec(0_u64..60, 2), in_release in 0_u64..60, window in 1_u64..40,
        ) {
            let capped = moment(Some(Caps { total: Some(total), day: Some(day), ..Caps::default() }), None);
            let queue = view(in_release, &taken);
            let more = capped.releasable(&queue, window);
            if 0 < more {
                prop_assert!(taken[0] + in_release + more <= total && taken[1] + in_release + more <= day);
                prop_assert!(in_release + more <= window);
                prop_assert_eq!(capped.next_release(&queue, window, now()), Some(now()));
            } else {
                prop_assert!(capped.next_release(&queue, window, now()).is_none_or(|at| now() < at));
                prop_assert_eq!(capped.next_release(&queue, window, now()).is_none(), total <= taken[0]);
            }
        }
    }
}
