//! Bisection of a call that faulted: finds the items that cause the fault, the culprits (P3).
//!
//! A call on several items that faults loses its results only. Its items are split in halves, each is run in a fresh instance, and
//! so on until a culprit is alone. An item is a culprit only when it faulted alone in a fresh instance: one that failed because
//! an earlier call left the instance in a bad state is run again.
//!
//! If all of n items are culprits, that takes 2n - 1 calls. So that a plugin which runs into the deadline on every item can't hold
//! the sandbox for minutes, the CPU time of faulting calls is bounded: once a culprit is found and
//! `bisection_cpu_ms_max` is used up, the items that are left are postponed. They are not faulted, for a good item among them
//! would fail because of the others; and since every session finds at least one culprit, running them again ends.

use std::ops::Range;

/// The parts of a batch that are still to be run.
#[derive(Debug)]
pub(crate) struct Bisection {
    /// The next part is the last.
    parts: Vec<Part>,
    spent_us: u64,
    spent_us_max: u64,
    culprit_found: bool,
}

/// A range of items for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) range: Range<usize>,
    /// Whether it must run in an instance that nothing ran in before.
    pub(crate) fresh: bool,
}

/// What a fault means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// This item is a culprit.
    Culprit(usize),
    /// The part will be run again, in smaller parts or in a fresh instance.
    Unclear,
}

impl Bisection {
    /// Cuts a batch into parts of at most `items_max` items.
    pub(crate) fn new(items: usize, items_max: usize, spent_us_max: u64) -> Self {
        let items_max = items_max.max(1);
        let starts = (0..items).step_by(items_max);
        let part = |start| Part { range: start..items.min(start + items_max), fresh: false };
        Bisection { parts: starts.rev().map(part).collect(), spent_us: 0, spent_us_max, culprit_found: false }
    }

    /// The next part to run; none when all is done or the time is used up.
    pub(crate) fn next(&mut self) -> Option<Part> {
        if self.culprit_found && self.spent_us_max < self.spent_us {
            return None;
        }
        self.parts.pop()
    }

    /// Takes note of a part that faulted after `spent_us`. `ran_fresh`: nothing ran before it in its instance.
    pub(crate) fn record_fault(&mut self, part: Part, ran_fresh: bool, spent_us: u64) -> Finding {
        self.spent_us = self.spent_us.saturating_add(spent_us);
        let Range { start, end } = part.range;
        if 1 < end - start {
            let middle = start + (end - start) / 2;
            self.parts.push(Part { range: middle..end, fresh: true });
            self.parts.push(Part { range: start..middle, fresh: true });
            return Finding::Unclear;
        }
        if ran_fresh {
            self.culprit_found = true;
            return Finding::Culprit(start);
        }
        self.parts.push(Part { range: start..end, fresh: true });
        Finding::Unclear
    }

    /// The items without a result.
    pub(crate) fn postponed(self) -> impl Iterator<Item = usize> {
        self.parts.into_iter().flat_map(|part| part.range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct Run {
        good: Vec<usize>,
        culprits: Vec<usize>,
        postponed: Vec<usize>,
        calls: usize,
    }

    fn run(items: usize, items_max: usize, spent_us_max: u64, bad: impl Fn(usize) -> bool) -> Run {
        let (mut bisection, mut run, mut used) =
            (Bisection::new(items, items_max, spent_us_max), Run::default(), false);
        while let Some(part) = bisection.next() {
            run.calls += 1;
            let ran_fresh = part.fresh || !used;
            if !part.range.clone().any(&bad) {
                used = true;
                run.good.extend(part.range);
                continue;
            }
            used = false;
            if let Finding::Culprit(item) = bisection.record_fault(part, ran_fresh, 10) {
                run.culprits.push(item);
            }
        }
        run.postponed.extend(bisection.postponed());
        run
    }

    /// P4: 100 leads are one call; lead 57 of 100 fails alone.
    #[test]
    fn one_of_a_hundred() {
        assert_eq!(run(100, 500, u64::MAX, |_| false).calls, 1);
        let run = run(100, 500, u64::MAX, |item| item == 57);
        assert_eq!(run.culprits, [57]);
        assert_eq!(run.good.len(), 99);
        assert!(run.calls <= 15, "{}", run.calls);
    }

    #[test]
    fn nothing_to_do_is_no_call() {
        assert_eq!(run(0, 10, 0, |_| true).calls, 0);
    }

    #[test]
    fn a_lone_item_in_a_used_instance_gets_a_fresh_one() {
        let mut bisection = Bisection::new(1, 1, u64::MAX);
        let part = bisection.next().unwrap();
        assert_eq!(bisection.record_fault(part, false, 0), Finding::Unclear);
        let part = bisection.next().unwrap();
        assert!(part.fresh);
        assert_eq!(bisection.record_fault(part, true, 0), Finding::Culprit(0));
        assert_eq!(bisection.next(), None);
    }

    proptest! {
        /// P3: exactly the culprits are found, each once, whatever the batch.
        #[test]
        fn finds_the_culprits_alone(bad in prop::collection::vec(prop::bool::weighted(0.2), 1..200), items_max in 1usize..250) {
            let run = run(bad.len(), items_max, u64::MAX, |item| bad[item]);
            let (mut good, mut culprits) = (run.good.clone(), run.culprits.clone());
            good.sort_unstable();
            culprits.sort_unstable();
            prop_assert!(good.iter().all(|item| !bad[*item]) && culprits.iter().all(|item| bad[*item]));
            prop_assert_eq!(good.len() + culprits.len(), bad.len());
            prop_assert!(run.calls <= 3 * bad.len());
            prop_assert!(run.postponed.is_empty());
        }

        /// P3: out of time, no item is found wrongly, none is lost, and at least one has a result.
        #[test]
        fn out_of_time(items in 1usize..300, spent_us_max in 0u64..500) {
            let run = run(items, 500, spent_us_max, |_| true);
            prop_assert!(run.good.is_empty() && !run.culprits.is_empty());
            prop_assert_eq!(run.culprits.len() + run.postponed.len(), items);
        }
    }

    /// All bad: 2n - 1 calls and no more.
    #[test]
    fn the_worst_case_is_bounded() {
        assert_eq!(run(64, 500, u64::MAX, |_| true).calls, 127);
    }
}
