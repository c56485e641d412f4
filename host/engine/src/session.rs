//! One batch of one campaign, from its first stage to its last, in an instance of its own (P4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::batch::{Batch, BatchRun, TimeSlice};
use super::call::{Enrich, Interpret, Map, Qualify, Shape, StageCall};
use super::contract_types::{
    ClientResponse, Context, Destination, HttpRequest, Inbound, Mapped, Outcome, Payload, Severities, Subject,
    Submission, Verdict,
};
use super::exports::{Stage, Stages};
use super::fault::{Fault, FaultKind, ItemError, Outcomes, Phase};
use super::host_log::LogLine;
use super::instance::{CallStats, InstanceSlot};
use super::lookup::{NoValueSets, ValueSets};
use super::program::Program;
use super::runtime::{Priority, Runtime};
use super::stats::nonzero_by_name;

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
/// it moves to one and returns. Dropping the future of a call (of all the work, inside) stops the guest at the next tick; the
/// session can be used on, in a new instance.
pub struct Session {
    runtime: Arc<Runtime>,
    priority: Priority,
    program: Program,
    context: Arc<Context>,
    value_sets: Arc<dyn ValueSets>,
    instance_slot: Option<InstanceSlot>,
    stats: CallStats,
    time_slice: TimeSlice,
}

/// What a session used, and its log.
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
    /// Faults by kind, each culprit counted once.
    pub faults: BTreeMap<FaultKind, u64>,
    /// The plugin's log, bounded. Lines of calls that were run again are not here twice.
    pub log: Vec<LogLine>,
    /// Lines that were not kept.
    pub log_lines_dropped: u64,
}

impl Session {
    pub(crate) fn new(runtime: Arc<Runtime>, priority: Priority, program: &Program, context: Arc<Context>) -> Self {
        Session {
            runtime,
            priority,
            program: program.clone(),
            context,
            value_sets: Arc::new(NoValueSets),
            instance_slot: None,
            stats: CallStats::default(),
            time_slice: TimeSlice::default(),
        }
    }

    /// Lets the plugin read these tables; without, every look-up returns `not-granted`.
    pub fn with_value_sets(mut self, value_sets: Arc<dyn ValueSets>) -> Self {
        self.value_sets = value_sets;
        self
    }

    /// The stages that the component exports.
    pub fn stages(&self) -> Stages {
        self.program.component.stages()
    }

    /// Stage 1: maps each element to any number of leads.
    pub async fn map(&mut self, elements: Vec<Inbound>) -> Result<Outcomes<Mapped>, MissingStage> {
        self.run(Map, elements).await
    }

    /// Stage 2: the HTTP requests to make for each lead.
    pub async fn enrich(
        &mut self,
        submissions: Vec<Arc<Submission>>,
    ) -> Result<Outcomes<Vec<HttpRequest>>, MissingStage> {
        self.run(Enrich, submissions).await
    }

    /// Stage 3: qualifies each lead by the rules of these severities. Where there are none, the guest is not called.
    pub async fn qualify(
        &mut self,
        severities: Severities,
        submissions: Vec<Arc<Submission>>,
    ) -> Result<Outcomes<Verdict>, MissingStage> {
        self.run(Qualify(severities), submissions).await
    }

    /// Stage 4: makes the message about each subject, all for one destination.
    pub async fn shape(
        &mut self,
        destination: Destination,
        subjects: Vec<Subject>,
    ) -> Result<Outcomes<Payload>, MissingStage> {
        self.run(Shape(destination), subjects).await
    }

    /// Stage 5: interprets each response of one destination; none leaves it to the host's default.
    pub async fn interpret(
        &mut self,
        destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Result<Outcomes<Option<Outcome>>, MissingStage> {
        self.run(Interpret(destination), responses).await
    }

    /// Drops the instance and returns what was used.
    pub fn finish(self) -> SessionReport {
        self.stats.into()
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
            Ok(BatchRun { outcomes, instance_slot, stats }) => {
                self.instance_slot = Some(instance_slot);
                self.merge_stats(stats);
                Ok(outcomes)
            }
            Err(fault) => {
                self.runtime.counters.count_fault(fault.kind);
                self.stats.faults.push(fault.kind);
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

    /// On this thread if it is one of the pool, otherwise on one of those.
    async fn run_batch<C: StageCall>(&mut self, batch: Batch<C>) -> Result<BatchRun<C::Output>, Fault> {
        // Before taking a thread: a session that holds an instance may need the thread to finish with it.
        let instance_slot = match self.instance_slot.take() {
            Some(instance_slot) => instance_slot,
            None => InstanceSlot::Empty(self.runtime.acquire_permit(self.priority, C::STAGE.into()).await?),
        };
        let runtime = Arc::clone(&self.runtime);
        let pool = runtime.pool(self.priority);
        if let Some(abandoned) = pool.current_abandon_flag() {
            self.time_slice.end_if_long(self.stats.cpu_time_ns).await;
            return Ok(batch.run(instance_slot, abandoned).await);
        }
        let run = pool.spawn(|abandoned| batch.run(instance_slot, abandoned)).await;
        run.map_err(|lost| Fault::host(C::STAGE.into(), lost))
    }

    fn merge_stats(&mut self, stats: CallStats) {
        let log = self.stats.add(stats);
        self.stats.log.append(log, self.runtime.limits.log_lines_max);
    }
}

impl From<CallStats> for SessionReport {
    fn from(stats: CallStats) -> Self {
        let mut faults = BTreeMap::new();
        stats.faults.iter().for_each(|kind| *faults.entry(*kind).or_default() += 1);
        SessionReport {
            instances: stats.instances,
            calls: nonzero_by_name(Phase::ALL, stats.calls),
            cpu_time_us: stats.cpu_time_us(),
            memory_high_water_bytes: stats.memory_high_water_bytes,
            faults,
            log: stats.log.lines,
            log_lines_dropped: stats.log.dropped,
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("program", &self.program).field("stats", &self.stats).finish_non_exhaustive()
    }
}
