//! A stage called on a batch: part by part, until each item has a result or a fault of its own (P3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::bisect::{Bisection, Finding, Part};
use super::call::{CallTarget, StageCall, StageResults};
use super::contract_types::{Context, Failure};
use super::deadline::Abandoned;
use super::fault::{Fault, FaultKind, ItemError, Outcomes, Phase};
use super::host_log::LogBuffer;
use super::instance::{CallStats, InstanceSlot, InstanceSpec, Running};
use super::lookup::ValueSets;
use super::output;
use super::program::Program;
use super::runtime::{HostPermit, Runtime};
use super::stats::add;

/// CPU time on one thread after which other work runs first.
const TIME_SLICE_NS: u64 = 1_000_000;

/// A stage called on a batch, with everything that the thread which runs it needs.
pub(crate) struct Batch<C: StageCall> {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) program: Program,
    pub(crate) context: Arc<Context>,
    pub(crate) value_sets: Arc<dyn ValueSets>,
    pub(crate) call: C,
    pub(crate) items: Vec<C::Item>,
}

/// Calls in a row on one thread.
#[derive(Debug, Default)]
pub(crate) struct TimeSlice {
    begun_at_ns: u64,
}

impl TimeSlice {
    /// Yields after much work, as if each call waited for a thread. `used_ns` is all CPU time so far.
    pub(crate) async fn end_if_long(&mut self, used_ns: u64) {
        if TIME_SLICE_NS < used_ns.saturating_sub(self.begun_at_ns) {
            self.begun_at_ns = used_ns;
            tokio::task::yield_now().await;
        }
    }
}

/// A batch after it ran.
pub(crate) struct BatchRun<T> {
    pub(crate) outcomes: Outcomes<T>,
    pub(crate) instance_slot: InstanceSlot,
    pub(crate) stats: CallStats,
}

/// How a part of a batch ended.
enum PartEnd<T> {
    /// Each item has its result.
    Done(Outcomes<T>),
    /// The call faulted: at least one of its items is a culprit.
    Faulted(Fault),
    /// The plugin can't run at all; no item caused it.
    Unable(Fault),
}

/// A part of a batch after it ran.
struct PartRun<T> {
    instance_slot: InstanceSlot,
    ran_fresh: bool,
    end: PartEnd<T>,
    stats: CallStats,
}

impl<C: StageCall> Batch<C> {
    /// Runs all parts, the first in the instance in `instance_slot`. To be awaited on a thread of the pool.
    pub(crate) async fn run(self, mut instance_slot: InstanceSlot, abandoned: Arc<AtomicBool>) -> BatchRun<C::Output> {
        let limits = &self.runtime.limits;
        let mut bisection =
            Bisection::new(self.items.len(), limits.batch_items_max, limits.bisection_cpu_ms_max * 1_000);
        let mut results = PartialResults::new(&self.runtime, self.items.len());
        let mut time_slice = TimeSlice::default();
        while let Some(part) = bisection.next() {
            // Bisecting can take long.
            time_slice.end_if_long(results.stats.cpu_time_ns).await;
            let run = self.run_part(&part, instance_slot, &abandoned);
            instance_slot = results.record_part(run, part, &mut bisection);
        }
        add(&self.runtime.counters.postponed, bisection.postponed().count() as u64);
        results.finish(instance_slot)
    }

    /// Runs one part in the instance in `instance_slot`, or in a new one.
    fn run_part(&self, part: &Part, instance_slot: InstanceSlot, abandoned: &Arc<AtomicBool>) -> PartRun<C::Output> {
        let spec = self.spec(abandoned);
        let mut stats = CallStats::default();
        if abandoned.load(Ordering::Relaxed) {
            return unable_to_run(Fault::host(C::STAGE.into(), Abandoned), instance_slot.into_permit(), stats);
        }
        let running = match instance_slot {
            InstanceSlot::Taken(running) if !part.fresh => Ok(running),
            instance_slot => spec.start(instance_slot.into_permit(), &mut stats),
        };
        match running {
            Ok(running) => self.run_in_instance(running, &spec, part, stats),
            Err((fault, permit)) => unable_to_run(fault, permit, stats),
        }
    }

    fn spec<'a>(&'a self, abandoned: &'a Arc<AtomicBool>) -> InstanceSpec<'a> {
        InstanceSpec {
            runtime: &self.runtime,
            component: &self.program.component,
            plan: self.program.plan.as_deref(),
            value_sets: &self.value_sets,
            now_ms: self.context.now,
            abandoned,
        }
    }

    fn run_in_instance(
        &self,
        mut running: Running,
        spec: &InstanceSpec<'_>,
        part: &Part,
        mut stats: CallStats,
    ) -> PartRun<C::Output> {
        let ran_fresh = !std::mem::replace(&mut running.used, true);
        let end = match self.call_guest(&mut running, spec, part, &mut stats) {
            Ok(results) => PartEnd::Done(results.into_iter().map(|result| self.check_result(result)).collect()),
            Err(fault) if fault.kind == FaultKind::Host => PartEnd::Unable(fault),
            Err(fault) => PartEnd::Faulted(fault),
        };
        let is_sound =
            matches!(&end, PartEnd::Done(results) if !results.iter().any(|result| as_fault(result).is_some()));
        let instance_slot = InstanceSlot::Taken(running);
        let instance_slot = if is_sound { instance_slot } else { InstanceSlot::Empty(instance_slot.into_permit()) };
        PartRun { instance_slot, ran_fresh, end, stats }
    }

    fn call_guest(
        &self,
        running: &mut Running,
        spec: &InstanceSpec<'_>,
        part: &Part,
        stats: &mut CallStats,
    ) -> Result<StageResults<C>, Fault> {
        let items = &self.items[part.range.clone()];
        if self.call.result_without_call(&running.loaded).is_some() {
            return Ok(items.iter().filter_map(|_| self.call.result_without_call(&running.loaded)).map(Ok).collect());
        }
        let phase = Phase::from(C::STAGE);
        self.runtime.counters.count_call(phase, items.len());
        let allowed_us = self.runtime.limits.deadline_us(items.len());
        let (instance, exports, loaded) = (&running.instance, &self.program.component.exports, &running.loaded);
        let results = spec.call(&mut running.store, phase, allowed_us, stats, |store| {
            self.call.invoke(CallTarget { store, instance, exports, loaded }, &self.context, items).transpose()
        })?;
        let results = results.ok_or_else(|| Fault::host(phase, "the component does not export it"))?;
        if results.len() == items.len() {
            return Ok(results);
        }
        let what = format_args!("it returned {} results for {} items", results.len(), items.len());
        Err(Fault::new(FaultKind::WrongLength, phase, what))
    }

    /// A result that can't be used is a fault of this item alone: its position in the list identifies it.
    fn check_result(&self, mut result: Result<C::Output, Failure>) -> Result<C::Output, ItemError> {
        output::check(&mut result, Phase::from(C::STAGE), &self.runtime.limits).map_err(ItemError::Fault)?;
        result.map_err(ItemError::Failure)
    }
}

fn as_fault<T>(result: &Result<T, ItemError>) -> Option<&Fault> {
    match result {
        Err(ItemError::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn unable_to_run<T>(fault: Fault, permit: HostPermit, stats: CallStats) -> PartRun<T> {
    PartRun { instance_slot: InstanceSlot::Empty(permit), ran_fresh: true, end: PartEnd::Unable(fault), stats }
}

/// The results so far.
struct PartialResults<'a, T> {
    runtime: &'a Runtime,
    items: usize,
    /// Empty or as many as items.
    outcomes: Outcomes<T>,
    stats: CallStats,
    /// Why the plugin could not run, if it could not.
    unable: Option<FaultKind>,
}

impl<'a, T> PartialResults<'a, T> {
    fn new(runtime: &'a Runtime, items: usize) -> Self {
        PartialResults { runtime, items, outcomes: Vec::new(), stats: CallStats::default(), unable: None }
    }

    fn record_part(&mut self, run: PartRun<T>, part: Part, bisection: &mut Bisection) -> InstanceSlot {
        let PartRun { instance_slot, ran_fresh, end, stats } = run;
        let spent_us = stats.cpu_time_us();
        let log = self.stats.add(stats);
        match end {
            PartEnd::Done(results) => {
                self.keep_log(log);
                self.record_results(part, results);
            }
            PartEnd::Unable(fault) => {
                self.keep_log(log);
                // Counted once, however many parts it stops.
                if self.unable != Some(fault.kind) {
                    self.unable = Some(fault.kind);
                    self.count_fault(fault.kind);
                }
                self.set_results(part.range.map(|item| (item, Err(ItemError::Fault(fault.clone())))));
            }
            PartEnd::Faulted(fault) => match bisection.record_fault(part, ran_fresh, spent_us) {
                // It runs again, and the log of that run is kept.
                Finding::Unclear => add(&self.runtime.counters.bisections, 1),
                Finding::Culprit(item) => {
                    self.keep_log(log);
                    self.count_fault(fault.kind);
                    self.set_results([(item, Err(ItemError::Fault(fault)))]);
                }
            },
        }
        instance_slot
    }

    fn record_results(&mut self, part: Part, results: Outcomes<T>) {
        for fault in results.iter().filter_map(as_fault) {
            self.count_fault(fault.kind);
        }
        if self.outcomes.is_empty() && results.len() == self.items {
            self.outcomes = results;
        } else {
            self.set_results(part.range.zip(results));
        }
    }

    fn set_results(&mut self, results: impl IntoIterator<Item = (usize, Result<T, ItemError>)>) {
        self.fill_unknown();
        results.into_iter().for_each(|(item, result)| self.outcomes[item] = result);
    }

    /// An item without a result so far is postponed.
    fn fill_unknown(&mut self) {
        self.outcomes.resize_with(self.items, || Err(ItemError::Postponed));
    }

    fn keep_log(&mut self, log: LogBuffer) {
        self.stats.log.append(log, self.runtime.limits.log_lines_max);
    }

    fn count_fault(&mut self, kind: FaultKind) {
        self.runtime.counters.count_fault(kind);
        self.stats.faults.push(kind);
    }

    fn finish(mut self, instance_slot: InstanceSlot) -> BatchRun<T> {
        self.fill_unknown();
        BatchRun { outcomes: self.outcomes, instance_slot, stats: self.stats }
    }
}
