//! What a submission of each campaign costs, learnt from its batches: how many are taken at once, and what their organization is charged.

use hookmill_domain::config::Limits;
use std::sync::Arc;

/// What the host itself does for a submission, in microseconds: reading, writing, and what no plugin sees.
const HOST_US: u64 = 100;
/// What a batch takes beside its submissions, such as starting an instance on cold memory, in microseconds: it is not counted as theirs.
const BATCH_US: u64 = 5_000;
/// How many times its CPU time a batch is charged in which something faulted: others wait for whoever bisects it.
const FAULT_FACTOR: u64 = 4;

/// What is known of campaigns. What was forgotten is learnt again.
pub(crate) struct Costs {
    /// Microseconds for one submission.
    known: quick_cache::sync::Cache<Arc<str>, u64>,
    batch_us_max: u64,
    batch_max: usize,
    first_batch_max: usize,
}

impl Costs {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            known: quick_cache::sync::Cache::new(limits.programs_cached_max),
            batch_us_max: limits.process_batch_cpu_ms.saturating_mul(1_000),
            batch_max: limits.process_batch_max,
            first_batch_max: limits.process_first_batch_max,
        }
    }

    /// How many submissions of a campaign are processed together: few of one of which nothing is known, then as many as take about the
    /// time that a batch should.
    pub(crate) fn batch_max(&self, campaign_key: &str) -> usize {
        let Some(cost) = self.known.get(campaign_key) else { return self.first_batch_max.min(self.batch_max) };
        let count = self.batch_us_max / cost.max(1);
        usize::try_from(count).unwrap_or(usize::MAX).clamp(1, self.batch_max)
    }

    /// What so many submissions are expected to cost.
    pub(crate) fn expected(&self, campaign_key: &str, items: usize) -> u64 {
        self.known.get(campaign_key).unwrap_or(HOST_US).saturating_mul(items as u64)
    }

    /// A batch has run. Returns what it cost: its CPU time, more where something faulted, and the host's part.
    pub(crate) fn note(&self, campaign_key: &str, items: usize, cpu_us: u64, has_faulted: bool) -> u64 {
        let items = (items as u64).max(1);
        let own = HOST_US.saturating_mul(items);
        let each = cpu_us.saturating_sub(BATCH_US).saturating_add(own) / items;
        // A batch that costs more counts at once, one that costs less by and by.
        let known = self.known.get(campaign_key).map_or(each, |before| each.max((before.saturating_mul(3) + each) / 4));
        self.known.insert(campaign_key.into(), known);
        cpu_us.saturating_mul(if has_faulted { FAULT_FACTOR } else { 1 }).saturating_add(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W12: nobody's batch holds a worker for long: the first one is small, and later ones follow what the campaign costs.
    #[test]
    fn w12_batches_follow_what_a_campaign_costs() {
        let limits = Limits {
            process_batch_cpu_ms: 50,
            process_batch_max: 256,
            process_first_batch_max: 16,
            ..Limits::default()
        };
        let costs = Costs::new(&limits);
        assert_eq!((costs.batch_max("a"), costs.expected("a", 10)), (16, 1_000));
        assert_eq!(costs.note("a", 16, 160, false), 1_760);
        assert_eq!((costs.batch_max("a"), costs.expected("a", 10)), (256, 1_000));
        assert_eq!(costs.note("a", 10, 55_000, false), 56_000);
        assert_eq!(costs.batch_max("a"), 9, "5.1 ms each");
        costs.note("a", 10, 0, false);
        assert_eq!(costs.batch_max("a"), 12, "cheaper by and by");
        assert_eq!(costs.note("b", 1, 1_000_000, true), 4_000_100, "a fault is dear");
        assert_eq!(costs.batch_max("b"), 1);
    }
}
