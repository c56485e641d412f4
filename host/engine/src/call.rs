//! The five stages as calls of one shape: a list of items in, one result for each out (M1).

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::contract_types::{
    ClientResponse, Context, Destination, Failure, HttpRequest, Inbound, Loaded, Mapped, Outcome, Payload, Severities,
    Subject, Submission, Verdict,
};
use super::exports::{Exports, Stage};
use super::output::Output;

/// What a guest results to a list of items.
pub(crate) type StageResults<C> = Vec<Result<<C as StageCall>::Output, Failure>>;

/// A stage, as something that can be called with a list of items.
pub(crate) trait StageCall: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Output: Output + Send + 'static;
    const STAGE: Stage;

    /// The result for each item where the loaded configuration leaves nothing to call the guest for.
    fn result_without_call(&self, _loaded: &Loaded) -> Option<Self::Output> {
        None
    }

    /// Calls the export. None when the component has none.
    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[Self::Item],
    ) -> Option<wasmtime::Result<StageResults<Self>>>
    where
        Self: Sized;
}

/// The instance of a call.
pub(crate) struct CallTarget<'a> {
    pub(crate) store: &'a mut Store<super::state::GuestState>,
    pub(crate) instance: &'a Instance,
    pub(crate) exports: &'a Exports,
    pub(crate) loaded: &'a Loaded,
}

/// Calls the function of the interface `$interface` with the arguments.
macro_rules! call {
    ($target:ident, $interface:ident, $($argument:expr),+) => {{
        let CallTarget { store, instance, exports, .. } = $target;
        let function = exports.$interface.as_ref()?;
        let function = function.typed(store, instance, |indices, store, instance| indices.load(store, instance).map(drop));
        Some(function.and_then(|function| function.call(store, ($($argument,)+))).map(|(results,)| results))
    }};
}

/// `mapping.map`.
pub(crate) struct Map;
/// `enrichment.enrich`.
pub(crate) struct Enrich;
/// `qualification.qualify` by the rules of these severities.
pub(crate) struct Qualify(pub(crate) Severities);
/// `shaping.shape` for this destination.
pub(crate) struct Shape(pub(crate) Destination);
/// `interpretation.interpret` for this destination.
pub(crate) struct Interpret(pub(crate) Destination);

impl StageCall for Map {
    type Item = Inbound;
    type Output = Mapped;
    const STAGE: Stage = Stage::Map;

    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[Inbound],
    ) -> Option<wasmtime::Result<StageResults<Self>>> {
        call!(target, mapping, context, items)
    }
}

impl StageCall for Enrich {
    type Item = Arc<Submission>;
    type Output = Vec<HttpRequest>;
    const STAGE: Stage = Stage::Enrich;

    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[Arc<Submission>],
    ) -> Option<wasmtime::Result<StageResults<Self>>> {
        call!(target, enrichment, context, items)
    }
}

impl StageCall for Qualify {
    type Item = Arc<Submission>;
    type Output = Verdict;
    const STAGE: Stage = Stage::Qualify;

    fn result_without_call(&self, loaded: &Loaded) -> Option<Verdict> {
        let is_without_rules = (self.0 & loaded.severities) == Severities::empty();
        is_without_rules.then(|| Verdict { qualified: true, failed: Vec::new(), trace: None })
    }

    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[Arc<Submission>],
    ) -> Option<wasmtime::Result<StageResults<Self>>> {
        let severities = self.0 & target.loaded.severities;
        call!(target, qualification, context, severities, items)
    }
}

impl StageCall for Shape {
    type Item = Subject;
    type Output = Payload;
    const STAGE: Stage = Stage::Shape;

    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[Subject],
    ) -> Option<wasmtime::Result<StageResults<Self>>> {
        call!(target, shaping, context, &self.0, items)
    }
}

impl StageCall for Interpret {
    type Item = ClientResponse;
    type Output = Option<Outcome>;
    const STAGE: Stage = Stage::Interpret;

    fn invoke(
        &self,
        target: CallTarget<'_>,
        context: &Context,
        items: &[ClientResponse],
    ) -> Option<wasmtime::Result<StageResults<Self>>> {
        call!(target, interpretation, context, &self.0, items)
    }
}
