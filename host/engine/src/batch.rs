//! A stage called on a batch: part by part, until each item has its result or its blame (P3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::call::{Answers, At, StageCall};
use super::contract_types::{Context, Failure};
use super::deadline::Abandoned;
use super::fault::{Fault, FaultKind, ItemError, Phase};
use super::halve::{Blame, Halving, Part};
use super::host_log::LogBuffer;
use super::instance::{Ledger, Recipe, Running, Seat, Slot};
use super::lookup::ValueSets;
use super::output;
use super::program::Program;
use super::runtime::Runtime;
use super::session::Outcomes;
use super::stats::add;

/// Work on one thread after which others go first.
const TURN_NS: u64 = 1_000_000;

/// A stage called on a batch: everything that the thread which runs it must know.
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
pub(crate) struct Turn {
    begun_at_ns: u64,
}

impl Turn {
    /// After much work, lets others go first, as they would if each call waited for a thread. `used_ns` is all CPU time so far.
    pub(crate) async fn end_if_long(&mut self, used_ns: u64) {
        if TURN_NS < used_ns.saturating_sub(self.begun_at_ns) {
            self.begun_at_ns = used_ns;
            tokio::task::yield_now().await;
        }
    }
}

/// A batch after it ran.
pub(crate) struct BatchRun<T> {
    pub(crate) outcomes: Outcomes<T>,
    pub(crate) seat: Seat,
    pub(crate) ledger: Ledger,
}

/// How a part of a batch ended.
enum PartEnd<T> {
    /// Each item has its result.
    Done(Outcomes<T>),
    /// The call faulted: one of its items is guilty, or several.
    Faulted(Fault),
    /// The plugin can't run at all; no item is to blame.
    Unable(Fault),
}

/// A part of a batch after it ran.
struct PartRun<T> {
    seat: Seat,
    ran_fresh: bool,
    end: PartEnd<T>,
    ledger: Ledger,
}

impl<C: StageCall> Batch<C> {
    /// Runs all parts, the first in the instance that sits in `seat`. To be awaited on a thread of the pool.
    pub(crate) async fn run(self, mut seat: Seat, abandoned: Arc<AtomicBool>) -> BatchRun<C::Output> {
        let limits = &self.runtime.limits;
        let mut halving = Halving::new(self.items.len(), limits.batch_items_max, limits.halving_cpu_ms_max * 1_000);
        let mut settled = Settled::new(&self.runtime, self.items.len());
        let mut turn = Turn::default();
        while let Some(part) = halving.next() {
            // Finding the guilty takes its time.
            turn.end_if_long(settled.ledger.cpu_time_ns).await;
            let run = self.run_part(&part, seat, &abandoned);
            seat = settled.settle(run, part, &mut halving);
        }
        add(&self.runtime.counters.postponed, halving.postponed().count() as u64);
        settled.finish(seat)
    }

    /// Runs one part in the instance that sits in `seat`, or in a new one.
    fn run_part(&self, part: &Part, seat: Seat, abandoned: &Arc<AtomicBool>) -> PartRun<C::Output> {
        let recipe = self.recipe(abandoned);
        let mut ledger = Ledger::default();
        if abandoned.load(Ordering::Relaxed) {
            return unable(Fault::host(C::STAGE.into(), Abandoned), seat.emptied(), ledger);
        }
        let running = match seat {
            Seat::Taken(running) if !part.fresh => Ok(running),
            seat => recipe.start(seat.emptied(), &mut ledger),
        };
        match running {
            Ok(running) => self.run_in(running, &recipe, part, ledger),
            Err((fault, slot)) => unable(fault, slot, ledger),
        }
    }

    fn recipe<'a>(&'a self, abandoned: &'a Arc<AtomicBool>) -> Recipe<'a> {
        Recipe {
            runtime: &self.runtime,
            component: &self.program.component,
            plan: self.program.plan.as_deref(),
            value_sets: &self.value_sets,
            now_ms: self.context.now,
            abandoned,
        }
    }

    fn run_in(&self, mut running: Running, recipe: &Recipe<'_>, part: &Part, mut ledger: Ledger) -> PartRun<C::Output> {
        let ran_fresh = !std::mem::replace(&mut running.used, true);
        let end = match self.call_guest(&mut running, recipe, part, &mut ledger) {
            Ok(answers) => PartEnd::Done(answers.into_iter().map(|answer| self.checked(answer)).collect()),
            Err(fault) if fault.kind == FaultKind::Host => PartEnd::Unable(fault),
            Err(fault) => PartEnd::Faulted(fault),
        };
        let is_sound =
            matches!(&end, PartEnd::Done(results) if !results.iter().any(|result| fault_of(result).is_some()));
        let seat = Seat::Taken(running);
        let seat = if is_sound { seat } else { Seat::Empty(seat.emptied()) };
        PartRun { seat, ran_fresh, end, ledger }
    }

    fn call_guest(
        &self,
        running: &mut Running,
        recipe: &Recipe<'_>,
        part: &Part,
        ledger: &mut Ledger,
    ) -> Result<Answers<C>, Fault> {
        let items = &self.items[part.range.clone()];
        let phase = Phase::from(C::STAGE);
        self.runtime.counters.called(phase, items.len());
        let allowed_us = self.runtime.limits.deadline_us(items.len());
        let (instance, exports) = (&running.instance, &self.program.component.exports);
        let answers = recipe.call(&mut running.store, phase, allowed_us, ledger, |store| {
            self.call.invoke(At { store, instance, exports }, &self.context, items).transpose()
        })?;
        let answers = answers.ok_or_else(|| Fault::host(phase, "the component does not export it"))?;
        if answers.len() == items.len() {
            return Ok(answers);
        }
        let what = format_args!("it returned {} results for {} items", answers.len(), items.len());
        Err(Fault::new(FaultKind::WrongLength, phase, what))
    }

    /// An answer that can't be used is a fault of this item alone: its place in the list says whose it is.
    fn checked(&self, answer: Result<C::Output, Failure>) -> Result<C::Output, ItemError> {
        output::check(&answer, Phase::from(C::STAGE), &self.runtime.limits).map_err(ItemError::Fault)?;
        answer.map_err(ItemError::Failure)
    }
}

fn fault_of<T>(result: &Result<T, ItemError>) -> Option<&Fault> {
    match result {
        Err(ItemError::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn unable<T>(fault: Fault, slot: Slot, ledger: Ledger) -> PartRun<T> {
    PartRun { seat: Seat::Empty(slot), ran_fresh: true, end: PartEnd::Unable(fault), ledger }
}

/// The results so far.
struct Settled<'a, T> {
    runtime: &'a Runtime,
    items: usize,
    /// Empty or as many as items.
    outcomes: Outcomes<T>,
    ledger: Ledger,
    /// Why the plugin could not run, if it could not.
    unable: Option<FaultKind>,
}

impl<'a, T> Settled<'a, T> {
    fn new(runtime: &'a Runtime, items: usize) -> Self {
        Settled { runtime, items, outcomes: Vec::new(), ledger: Ledger::default(), unable: None }
    }

    fn settle(&mut self, run: PartRun<T>, part: Part, halving: &mut Halving) -> Seat {
        let PartRun { seat, ran_fresh, end, ledger } = run;
        let spent_us = ledger.cpu_time_us();
        let log = self.ledger.add(ledger);
        match end {
            PartEnd::Done(results) => {
                self.keep_log(log);
                self.done(part, results);
            }
            PartEnd::Unable(fault) => {
                self.keep_log(log);
                // One reason, however many parts meet it.
                if self.unable != Some(fault.kind) {
                    self.unable = Some(fault.kind);
                    self.count_fault(fault.kind);
                }
                self.put(part.range.map(|item| (item, Err(ItemError::Fault(fault.clone())))));
            }
            PartEnd::Faulted(fault) => match halving.faulted(part, ran_fresh, spent_us) {
                // It runs again, and what it writes then is kept.
                Blame::Unclear => add(&self.runtime.counters.halvings, 1),
                Blame::Guilty(item) => {
                    self.keep_log(log);
                    self.count_fault(fault.kind);
                    self.put([(item, Err(ItemError::Fault(fault)))]);
                }
            },
        }
        seat
    }

    fn done(&mut self, part: Part, results: Outcomes<T>) {
        for fault in results.iter().filter_map(fault_of) {
            self.count_fault(fault.kind);
        }
        if self.outcomes.is_empty() && results.len() == self.items {
            self.outcomes = results;
        } else {
            self.put(part.range.zip(results));
        }
    }

    fn put(&mut self, results: impl IntoIterator<Item = (usize, Result<T, ItemError>)>) {
        self.make_room();
        results.into_iter().for_each(|(item, result)| self.outcomes[item] = result);
    }

    /// Nothing is known about an item that no part settled.
    fn make_room(&mut self) {
        self.outcomes.resize_with(self.items, || Err(ItemError::Postponed));
    }

    fn keep_log(&mut self, log: LogBuffer) {
        self.ledger.log.append(log, self.runtime.limits.log_lines_max);
    }

    fn count_fault(&mut self, kind: FaultKind) {
        self.runtime.counters.faulted(kind);
        self.ledger.faults.push(kind);
    }

    fn finish(mut self, seat: Seat) -> BatchRun<T> {
        self.make_room();
        BatchRun { outcomes: self.outcomes, seat, ledger: self.ledger }
    }
}
