//! One batch of one campaign, from its first stage to its last, in an instance of its own (P4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::batch::{Batch, BatchRun, Turn};
use super::call::{Enrich, Interpret, Map, Qualify, Shape, StageCall};
use super::contract_types::{
    ClientAnswer, Context, Inbound, Mapped, Outcome, Payload, Question, Severity, ShapeRequest, Submission, Verdict,
};
use super::exports::{Stage, Stages};
use super::fault::{Fault, FaultKind, ItemError, Phase};
use super::host_log::LogLine;
use super::instance::{Ledger, Seat};
use super::lookup::{NoValueSets, ValueSets};
use super::program::Program;
use super::runtime::Runtime;
use super::stats::named;

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
/// A call runs on a thread of the pool. Inside of [`super::Engine::on_guest_thread`] it stays on the thread it is called on; otherwise
/// it goes to one and comes back. Dropping the future of a call (of the whole work, inside) stops the guest at the next tick; the
/// session can be used on, in a new instance.
pub struct Session {
    runtime: Arc<Runtime>,
    program: Program,
    context: Arc<Context>,
    value_sets: Arc<dyn ValueSets>,
    seat: Option<Seat>,
    ledger: Ledger,
    turn: Turn,
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
            ledger: Ledger::default(),
            turn: Turn::default(),
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
        self.ledger.into()
    }

    async fn run<C: StageCall>(&mut self, call: C, items: Vec<C::Item>) -> Result<Outcomes<C::Output>, MissingStage> {
        if !self.stages().has(C::STAGE) {
            return Err(MissingStage { stage: C::STAGE });
        }
        let count = items.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        match self.run_batch(self.batch(call, items)).await {
            Ok(BatchRun { outcomes, seat, ledger }) => {
                self.seat = Some(seat);
                self.account(ledger);
                Ok(outcomes)
            }
            Err(fault) => {
                self.runtime.counters.faulted(fault.kind);
                self.ledger.faults.push(fault.kind);
                Ok((0..count).map(|_| Err(ItemError::Fault(fault.clone()))).collect())
            }
        }
    }

    fn batch<C: StageCall>(&self, call: C, items: Vec<C::Item>) -> Batch<C> {
        Batch {
            runtime: Arc::clone(&self.runtime),
            program: self.program.clone(),
            context: Arc::clone(&self.context),
            value_sets: Arc::clone(&self.value_sets),
            call,
            items,
        }
    }

    /// On this thread when it is one of the pool, otherwise on one of those.
    async fn run_batch<C: StageCall>(&mut self, batch: Batch<C>) -> Result<BatchRun<C::Output>, Fault> {
        // Before there is a thread: one that has an instance may need the thread to be done with it.
        let seat = match self.seat.take() {
            Some(seat) => seat,
            None => Seat::Empty(self.runtime.free_slot(C::STAGE.into()).await?),
        };
        let runtime = Arc::clone(&self.runtime);
        if let Some(abandoned) = runtime.pool.here() {
            self.turn.end_if_long(self.ledger.cpu_time_ns).await;
            return Ok(batch.run(seat, abandoned).await);
        }
        let run = runtime.pool.spawn(|abandoned| batch.run(seat, abandoned)).await;
        run.map_err(|lost| Fault::host(C::STAGE.into(), lost))
    }

    fn account(&mut self, ledger: Ledger) {
        let log = self.ledger.add(ledger);
        self.ledger.log.append(log, self.runtime.limits.log_lines_max);
    }
}

impl From<Ledger> for SessionReport {
    fn from(ledger: Ledger) -> Self {
        let mut faults = BTreeMap::new();
        ledger.faults.iter().for_each(|kind| *faults.entry(*kind).or_default() += 1);
        SessionReport {
            instances: ledger.instances,
            calls: named(&Phase::ALL, ledger.calls),
            cpu_time_us: ledger.cpu_time_us(),
            memory_high_water_bytes: ledger.memory_high_water_bytes,
            faults,
            log: ledger.log.lines,
            log_lines_dropped: ledger.log.dropped,
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("program", &self.program).field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
