//! Finding the guilty items of a call that faulted (P3).
//!
//! A call on several items that faults loses its results only. Its items are split in halves, each is run in a fresh instance, and
//! so on until a guilty item stands alone. An item is guilty only when it faulted alone in a fresh instance: one that fell because
//! an earlier call left the instance in a bad state gets another chance.
//!
//! If all of n items are guilty, that takes 2n - 1 calls. So that a plugin which runs into the deadline on every item can't hold
//! the sandbox for minutes, the CPU time of faulting calls is bounded: once a guilty item is found and
//! `halving_cpu_ms_max` is used up, the items that are left are postponed. They are not faulted, for a good neighbour among them
//! would be blamed for the others; and since every session finds at least one guilty item, running them again ends.

use std::ops::Range;

/// The parts of a batch that are still to be run.
#[derive(Debug)]
pub(crate) struct Halving {
    /// The next part is the last.
    parts: Vec<Part>,
    spent_us: u64,
    spent_us_max: u64,
    guilty_found: bool,
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
pub(crate) enum Blame {
    /// This item is guilty.
    Guilty(usize),
    /// The part will be run again, in smaller parts or in a fresh instance.
    Unclear,
}

impl Halving {
    /// Cuts a batch into parts of at most `items_max` items.
    pub(crate) fn new(items: usize, items_max: usize, spent_us_max: u64) -> Self {
        let items_max = items_max.max(1);
        let starts = (0..items).step_by(items_max);
        let part = |start| Part { range: start..items.min(start + items_max), fresh: false };
        Halving { parts: starts.rev().map(part).collect(), spent_us: 0, spent_us_max, guilty_found: false }
    }

    /// The next part to run; none when all is done or the time is used up.
    pub(crate) fn next(&mut self) -> Option<Part> {
        if self.guilty_found && self.spent_us_max < self.spent_us {
            return None;
        }
        self.parts.pop()
    }

    /// Learns that a part faulted, which took `spent_us`. `ran_fresh` tells whether nothing ran before it in its instance.
    pub(crate) fn faulted(&mut self, part: Part, ran_fresh: bool, spent_us: u64) -> Blame {
        self.spent_us = self.spent_us.saturating_add(spent_us);
        let Range { start, end } = part.range;
        if 1 < end - start {
            let middle = start + (end - start) / 2;
            self.parts.push(Part { range: middle..end, fresh: true });
            self.parts.push(Part { range: start..middle, fresh: true });
            return Blame::Unclear;
        }
        if ran_fresh {
            self.guilty_found = true;
            return Blame::Guilty(start);
        }
        self.parts.push(Part { range: start..end, fresh: true });
        Blame::Unclear
    }

    /// The items that no call judged.
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
        guilty: Vec<usize>,
        postponed: Vec<usize>,
        calls: usize,
    }

    fn run(items: usize, items_max: usize, spent_us_max: u64, bad: impl Fn(usize) -> bool) -> Run {
        let (mut halving, mut run, mut used) = (Halving::new(items, items_max, spent_us_max), Run::default(), false);
        while let Some(part) = halving.next() {
            run.calls += 1;
            let ran_fresh = part.fresh || !used;
            if !part.range.clone().any(&bad) {
                used = true;
                run.good.extend(part.range);
                continue;
            }
            used = false;
            if let Blame::Guilty(item) = halving.faulted(part, ran_fresh, 10) {
                run.guilty.push(item);
            }
        }
        run.postponed.extend(halving.postponed());
        run
    }

    /// P4: 100 leads are one call; lead 57 of 100 falls alone.
    #[test]
    fn one_of_a_hundred() {
        assert_eq!(run(100, 500, u64::MAX, |_| false).calls, 1);
        let run = run(100, 500, u64::MAX, |item| item == 57);
        assert_eq!(run.guilty, [57]);
        assert_eq!(run.good.len(), 99);
        assert!(run.calls <= 15, "{}", run.calls);
    }

    #[test]
    fn nothing_to_do_is_no_call() {
        assert_eq!(run(0, 10, 0, |_| true).calls, 0);
    }

    #[test]
    fn a_lone_item_in_a_used_instance_gets_a_fresh_one() {
        let mut halving = Halving::new(1, 1, u64::MAX);
        let part = halving.next().unwrap();
        assert_eq!(halving.faulted(part, false, 0), Blame::Unclear);
        let part = halving.next().unwrap();
        assert!(part.fresh);
        assert_eq!(halving.faulted(part, true, 0), Blame::Guilty(0));
        assert_eq!(halving.next(), None);
    }

    proptest! {
        /// P3: exactly the guilty items are blamed, each once, whatever the batch.
        #[test]
        fn blames_the_guilty_alone(bad in prop::collection::vec(prop::bool::weighted(0.2), 1..200), items_max in 1usize..250) {
            let run = run(bad.len(), items_max, u64::MAX, |item| bad[item]);
            let (mut good, mut guilty) = (run.good.clone(), run.guilty.clone());
            good.sort_unstable();
            guilty.sort_unstable();
            prop_assert!(good.iter().all(|item| !bad[*item]) && guilty.iter().all(|item| bad[*item]));
            prop_assert_eq!(good.len() + guilty.len(), bad.len());
            prop_assert!(run.calls <= 3 * bad.len());
            prop_assert!(run.postponed.is_empty());
        }

        /// P3: out of time, nothing is blamed wrongly, nothing is lost, and something is settled.
        #[test]
        fn out_of_time(items in 1usize..300, spent_us_max in 0u64..500) {
            let run = run(items, 500, spent_us_max, |_| true);
            prop_assert!(run.good.is_empty() && !run.guilty.is_empty());
            prop_assert_eq!(run.guilty.len() + run.postponed.len(), items);
        }
    }

    /// All bad: 2n - 1 calls and no more.
    #[test]
    fn the_worst_case_is_bounded() {
        assert_eq!(run(64, 500, u64::MAX, |_| true).calls, 127);
    }
}
