//! The five stages as calls of one shape: a list of items in, one result for each out (M1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::Store;
use wasmtime::component::Instance;

use super::contract_types::{
    ClientAnswer, Context, Failure, Inbound, Mapped, Outcome, Payload, Question, Severity, ShapeRequest, Submission,
    Verdict,
};
use super::deadline::Abandoned;
use super::exports::{Exports, Stage};
use super::fault::{Fault, FaultKind, ItemError, Phase};
use super::halve::Part;
use super::instance::{Ledger, Recipe, Running, Seat, Slot};
use super::lookup::ValueSets;
use super::output::{self, Output};
use super::program::Program;
use super::runtime::Runtime;

/// What a guest answers to a list of items.
type Answers<C> = Vec<Result<<C as StageCall>::Output, Failure>>;

/// A stage, as something that can be called with a list of items.
pub(crate) trait StageCall: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Output: Output + Send + 'static;
    const STAGE: Stage;

    /// Calls the export. None when the component has none.
    fn invoke(&self, at: At<'_>, context: &Context, items: &[Self::Item]) -> Option<wasmtime::Result<Answers<Self>>>
    where
        Self: Sized;
}

/// The instance a call goes to.
pub(crate) struct At<'a> {
    store: &'a mut Store<super::state::GuestState>,
    instance: &'a Instance,
    exports: &'a Exports,
}

/// Calls `$function` of the interface `$interface` with the arguments.
macro_rules! call {
    ($at:ident, $interface:ident, $function:ident, $($argument:expr),+) => {{
        let indices = $at.exports.$interface.as_ref()?;
        let guest = match indices.load(&mut *$at.store, $at.instance) {
            Ok(guest) => guest,
            Err(error) => return Some(Err(error)),
        };
        Some(guest.$function($at.store, $($argument),+))
    }};
}

/// `mapping.map`.
pub(crate) struct Map;
/// `enrichment.enrich`.
pub(crate) struct Enrich;
/// `qualification.qualify` by the rules of one severity.
pub(crate) struct Qualify(pub(crate) Severity);
/// `shaping.shape`.
pub(crate) struct Shape;
/// `response.interpret`.
pub(crate) struct Interpret;

impl StageCall for Map {
    type Item = Inbound;
    type Output = Mapped;
    const STAGE: Stage = Stage::Map;

    fn invoke(&self, at: At<'_>, context: &Context, items: &[Inbound]) -> Option<wasmtime::Result<Answers<Self>>> {
        call!(at, mapping, call_map, context, items)
    }
}

impl StageCall for Enrich {
    type Item = Submission;
    type Output = Vec<Question>;
    const STAGE: Stage = Stage::Enrich;

    fn invoke(&self, at: At<'_>, context: &Context, items: &[Submission]) -> Option<wasmtime::Result<Answers<Self>>> {
        call!(at, enrichment, call_enrich, context, items)
    }
}

impl StageCall for Qualify {
    type Item = Submission;
    type Output = Verdict;
    const STAGE: Stage = Stage::Qualify;

    fn invoke(&self, at: At<'_>, context: &Context, items: &[Submission]) -> Option<wasmtime::Result<Answers<Self>>> {
        call!(at, qualification, call_qualify, context, self.0, items)
    }
}

impl StageCall for Shape {
    type Item = ShapeRequest;
    type Output = Payload;
    const STAGE: Stage = Stage::Shape;

    fn invoke(&self, at: At<'_>, context: &Context, items: &[ShapeRequest]) -> Option<wasmtime::Result<Answers<Self>>> {
        call!(at, shaping, call_shape, context, items)
    }
}

impl StageCall for Interpret {
    type Item = ClientAnswer;
    type Output = Option<Outcome>;
    const STAGE: Stage = Stage::Interpret;

    fn invoke(&self, at: At<'_>, context: &Context, items: &[ClientAnswer]) -> Option<wasmtime::Result<Answers<Self>>> {
        call!(at, response, call_interpret, context, items)
    }
}

/// A stage called on a batch: everything that the threads which run its parts must know.
pub(crate) struct Batch<C: StageCall> {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) program: Program,
    pub(crate) context: Arc<Context>,
    pub(crate) value_sets: Arc<dyn ValueSets>,
    pub(crate) call: C,
    pub(crate) items: Vec<C::Item>,
}

/// How a part of a batch ended.
pub(crate) enum PartEnd<T> {
    /// Each item has its result.
    Done(Vec<Result<T, ItemError>>),
    /// The call faulted: one of its items is guilty, or several.
    Faulted(Fault),
    /// The plugin can't run at all; no item is to blame.
    Unable(Fault),
}

/// A part of a batch after it ran.
pub(crate) struct PartRun<T> {
    pub(crate) seat: Seat,
    pub(crate) ran_fresh: bool,
    pub(crate) end: PartEnd<T>,
    pub(crate) ledger: Ledger,
}

impl<C: StageCall> Batch<C> {
    /// Runs one part in the instance that sits in `seat`, or in a new one. To be called on a thread of the pool.
    pub(crate) fn run(&self, part: &Part, seat: Seat, abandoned: &Arc<AtomicBool>) -> PartRun<C::Output> {
        let recipe = self.recipe(abandoned);
        let mut ledger = Ledger::default();
        if abandoned.load(Ordering::Relaxed) {
            return unable(Fault::host(C::STAGE.into(), Abandoned), seat.emptied(), ledger);
        }
        let running = match seat {
            Seat::Taken(running) if !part.fresh => Ok(running),
            seat => recipe.start(seat.emptied(), &mut ledger),
        };
        let running = match running {
            Ok(running) => running,
            Err((fault, slot)) => return unable(fault, slot, ledger),
        };
        self.run_in(running, &recipe, part, ledger)
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
        let is_sound = matches!(&end, PartEnd::Done(results) if !results.iter().any(is_fault));
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

fn is_fault<T>(result: &Result<T, ItemError>) -> bool {
    matches!(result, Err(ItemError::Fault(_)))
}

fn unable<T>(fault: Fault, slot: Slot, ledger: Ledger) -> PartRun<T> {
    PartRun { seat: Seat::Empty(slot), ran_fresh: true, end: PartEnd::Unable(fault), ledger }
}
