//! One batch of one campaign, from its first stage to its last, in an instance of its own (P4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::call::{Batch, Enrich, Interpret, Map, PartEnd, PartRun, Qualify, Shape, StageCall};
use super::contract_types::{
    ClientAnswer, Context, Inbound, Mapped, Outcome, Payload, Question, Severity, ShapeRequest, Submission, Verdict,
};
use super::exports::{Stage, Stages};
use super::fault::{Fault, FaultKind, ItemError, Phase};
use super::halve::{Blame, Halving, Part};
use super::host_log::{LogBuffer, LogLine};
use super::instance::{Ledger, Seat};
use super::lookup::{NoValueSets, ValueSets};
use super::program::Program;
use super::runtime::Runtime;
use super::stats::add;

/// One result for each item, in the order of the items.
pub type Outcomes<T> = Vec<Result<T, ItemError>>;

/// The caller asked for a stage that the component does not export. The default plugin serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the component does not export `{stage}`; let the default plugin serve it")]
pub struct MissingStage {
    /// The stage.
    pub stage: Stage,
}

/// One batch of one campaign. Its stages run in the same instance, which is made at the first call and dropped at the first fault;
/// nothing survives the session.
///
/// Dropping the future of a call stops the guest at the next tick; the session can be used on, in a new instance.
pub struct Session {
    runtime: Arc<Runtime>,
    program: Program,
    context: Arc<Context>,
    value_sets: Arc<dyn ValueSets>,
    seat: Option<Seat>,
    report: SessionReport,
}

/// What a session used and left behind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionReport {
    /// Instances made: one, unless something faulted.
    pub instances: u64,
    /// Calls by phase.
    pub calls: BTreeMap<Phase, u64>,
    /// CPU time of all calls.
    pub cpu_time_us: u64,
    /// The most linear memory and tables that an instance held.
    pub memory_high_water_bytes: usize,
    /// Faults by kind, each guilty item counted once.
    pub faults: BTreeMap<FaultKind, u64>,
    /// The plugin's log, bounded. Lines of calls that were run again are not here twice.
    pub log: Vec<LogLine>,
    /// Lines that were not kept.
    pub log_lines_dropped: u64,
}

impl Session {
    pub(crate) fn new(runtime: Arc<Runtime>, program: &Program, context: Context) -> Self {
        Session {
            runtime,
            program: program.clone(),
            context: Arc::new(context),
            value_sets: Arc::new(NoValueSets),
            seat: None,
            report: SessionReport::default(),
        }
    }

    /// Lets the plugin read these tables; without, every look-up is answered with `not-granted`.
    pub fn with_value_sets(mut self, value_sets: Arc<dyn ValueSets>) -> Self {
        self.value_sets = value_sets;
        self
    }

    /// What the component offers.
    pub fn stages(&self) -> Stages {
        self.program.component.stages()
    }

    /// Stage 1: maps each element to any number of leads.
    pub async fn map(&mut self, elements: Vec<Inbound>) -> Result<Outcomes<Mapped>, MissingStage> {
        self.run(Map, elements).await
    }

    /// Stage 2: asks for each lead which questions to ask.
    pub async fn enrich(&mut self, submissions: Vec<Submission>) -> Result<Outcomes<Vec<Question>>, MissingStage> {
        self.run(Enrich, submissions).await
    }

    /// Stage 3: judges each lead by the rules of one severity.
    pub async fn qualify(
        &mut self,
        severity: Severity,
        submissions: Vec<Submission>,
    ) -> Result<Outcomes<Verdict>, MissingStage> {
        self.run(Qualify(severity), submissions).await
    }

    /// Stage 4: makes the message for each request.
    pub async fn shape(&mut self, requests: Vec<ShapeRequest>) -> Result<Outcomes<Payload>, MissingStage> {
        self.run(Shape, requests).await
    }

    /// Stage 5: interprets each answer; none leaves it to the host's default.
    pub async fn interpret(&mut self, answers: Vec<ClientAnswer>) -> Result<Outcomes<Option<Outcome>>, MissingStage> {
        self.run(Interpret, answers).await
    }

    /// Drops the instance and says what was used.
    pub fn finish(self) -> SessionReport {
        self.report
    }

    async fn run<C: StageCall>(&mut self, call: C, items: Vec<C::Item>) -> Result<Outcomes<C::Output>, MissingStage> {
        if !self.stages().has(C::STAGE) {
            return Err(MissingStage { stage: C::STAGE });
        }
        let limits = &self.runtime.limits;
        let mut halving = Halving::new(items.len(), limits.batch_items_max, limits.halving_cpu_ms_max * 1_000);
        let mut outcomes = unsettled(items.len());
        let batch = Arc::new(Batch {
            runtime: Arc::clone(&self.runtime),
            program: self.program.clone(),
            context: Arc::clone(&self.context),
            value_sets: Arc::clone(&self.value_sets),
            call,
            items,
        });
        while let Some(part) = halving.next() {
            let run = self.run_part(&batch, &part).await;
            self.settle(run, part, &mut halving, &mut outcomes);
        }
        add(&self.runtime.counters.postponed, halving.postponed().count() as u64);
        Ok(outcomes)
    }

    /// Has a thread of the pool run the part.
    async fn run_part<C: StageCall>(
        &mut self,
        batch: &Arc<Batch<C>>,
        part: &Part,
    ) -> Result<PartRun<C::Output>, Fault> {
        let seat = match self.seat.take() {
            Some(seat) => seat,
            None => Seat::Empty(self.runtime.free_slot(C::STAGE.into()).await?),
        };
        let abandoned = AbandonOnDrop::default();
        let (batch, part, flag) = (Arc::clone(batch), part.clone(), Arc::clone(&abandoned.0));
        let run = self.runtime.pool.run(move || batch.run(&part, seat, &flag)).await;
        run.map_err(|lost| Fault::host(C::STAGE.into(), lost))
    }

    fn settle<T>(
        &mut self,
        run: Result<PartRun<T>, Fault>,
        part: Part,
        halving: &mut Halving,
        outcomes: &mut Outcomes<T>,
    ) {
        let PartRun { seat, ran_fresh, end, ledger } = match run {
            Ok(run) => run,
            Err(fault) => return self.blame_all(&fault, part, outcomes),
        };
        self.seat = Some(seat);
        let cpu_time_us = ledger.cpu_time_us;
        let log = self.account(ledger);
        match end {
            PartEnd::Done(results) => {
                self.keep_log(log);
                self.count_faults(&results);
                outcomes.splice(part.range, results);
            }
            PartEnd::Unable(fault) => {
                self.keep_log(log);
                self.blame_all(&fault, part, outcomes);
            }
            PartEnd::Faulted(fault) => match halving.faulted(part, ran_fresh, cpu_time_us) {
                Blame::Unclear => add(&self.runtime.counters.halvings, 1),
                Blame::Guilty(item) => {
                    self.keep_log(log);
                    self.count_fault(fault.kind);
                    outcomes[item] = Err(ItemError::Fault(fault));
                }
            },
        }
    }

    fn blame_all<T>(&mut self, fault: &Fault, part: Part, outcomes: &mut Outcomes<T>) {
        self.count_fault(fault.kind);
        part.range.for_each(|item| outcomes[item] = Err(ItemError::Fault(fault.clone())));
    }

    fn account(&mut self, ledger: Ledger) -> LogBuffer {
        let report = &mut self.report;
        report.instances += ledger.instances;
        report.cpu_time_us += ledger.cpu_time_us;
        report.memory_high_water_bytes = report.memory_high_water_bytes.max(ledger.memory_high_water_bytes);
        ledger.calls.into_iter().for_each(|phase| *report.calls.entry(phase).or_default() += 1);
        ledger.log
    }

    fn keep_log(&mut self, log: LogBuffer) {
        let report = &mut self.report;
        let mut kept = LogBuffer::new(std::mem::take(&mut report.log), report.log_lines_dropped);
        kept.append(log, self.runtime.limits.log_lines_max);
        (report.log, report.log_lines_dropped) = (kept.lines, kept.dropped);
    }

    fn count_faults<T>(&mut self, results: &[Result<T, ItemError>]) {
        for result in results {
            if let Err(ItemError::Fault(fault)) = result {
                self.count_fault(fault.kind);
            }
        }
    }

    fn count_fault(&mut self, kind: FaultKind) {
        self.runtime.counters.faulted(kind);
        *self.report.faults.entry(kind).or_default() += 1;
    }
}

/// Nothing is known about any item yet.
fn unsettled<T>(items: usize) -> Outcomes<T> {
    std::iter::repeat_with(|| Err(ItemError::Postponed)).take(items).collect()
}

/// Tells a running guest that nobody waits for it any more.
#[derive(Default)]
struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("program", &self.program).field("report", &self.report).finish_non_exhaustive()
    }
}
