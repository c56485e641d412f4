//! Counters of the engine, for tests and metrics (P10).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::{FaultKind, Phase};

/// What the engine has done since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Instances made.
    pub instances: u64,
    /// Instances that are alive.
    pub instances_alive: u64,
    /// Calls by phase; phases without calls are left out.
    pub calls: BTreeMap<Phase, u64>,
    /// Items of those calls by phase, an item that is run again counted again.
    pub items: BTreeMap<Phase, u64>,
    /// Faults by kind, each counted once.
    pub faults: BTreeMap<FaultKind, u64>,
    /// Items postponed because the time for bisection ran out.
    pub postponed: u64,
    /// Calls that were split because they faulted.
    pub bisections: u64,
    /// Components compiled.
    pub compilations: u64,
    /// Components found compiled on disk.
    pub disk_hits: u64,
    /// Compiled files on disk that were damaged or from another installation, and were ignored.
    pub disk_rejections: u64,
}

/// The counters behind [`EngineStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) instances: AtomicU64,
    pub(crate) instances_dropped: AtomicU64,
    pub(crate) postponed: AtomicU64,
    pub(crate) bisections: AtomicU64,
    pub(crate) compilations: AtomicU64,
    pub(crate) disk_hits: AtomicU64,
    pub(crate) disk_rejections: AtomicU64,
    calls: [AtomicU64; Phase::ALL.len()],
    items: [AtomicU64; Phase::ALL.len()],
    faults: [AtomicU64; FaultKind::ALL.len()],
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    pub(crate) fn count_call(&self, phase: Phase, items: usize) {
        add(&self.calls[phase as usize], 1);
        add(&self.items[phase as usize], items as u64);
    }

    pub(crate) fn count_fault(&self, kind: FaultKind) {
        add(&self.faults[kind as usize], 1);
    }

    /// The counters at this moment.
    pub(crate) fn read(&self) -> EngineStats {
        let instances = read(&self.instances);
        EngineStats {
            instances,
            instances_alive: instances.saturating_sub(read(&self.instances_dropped)),
            calls: nonzero_by_name(Phase::ALL, self.calls.iter().map(read)),
            items: nonzero_by_name(Phase::ALL, self.items.iter().map(read)),
            faults: nonzero_by_name(FaultKind::ALL, self.faults.iter().map(read)),
            postponed: read(&self.postponed),
            bisections: read(&self.bisections),
            compilations: read(&self.compilations),
            disk_hits: read(&self.disk_hits),
            disk_rejections: read(&self.disk_rejections),
        }
    }
}

/// Counters under their names; what never happened is left out.
pub(crate) fn nonzero_by_name<N: Copy + Ord>(names: &[N], counters: impl IntoIterator<Item = u64>) -> BTreeMap<N, u64> {
    names.iter().copied().zip(counters).filter(|(_, count)| *count != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P10: what is counted under a name is read under it.
    #[test]
    fn names_and_places_agree() {
        for (place, phase) in Phase::ALL.iter().copied().enumerate() {
            assert_eq!(phase as usize, place);
        }
        for (place, kind) in FaultKind::ALL.iter().copied().enumerate() {
            assert_eq!(kind as usize, place);
        }
        let counters = Counters::default();
        counters.count_call(Phase::Map, 100);
        counters.count_fault(FaultKind::Trap);
        let stats = counters.read();
        assert_eq!(stats.calls, BTreeMap::from([(Phase::Map, 1)]));
        assert_eq!(stats.items, BTreeMap::from([(Phase::Map, 100)]));
        assert_eq!(stats.faults, BTreeMap::from([(FaultKind::Trap, 1)]));
    }
}
