//! Which interfaces of the contract a component exports.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use strum::VariantArray;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc};

use super::bindings::exports::hookmill::plugin::{
    configuration, enrichment, interpretation, lifecycle, mapping, qualification, shaping,
};

/// A stage of the pipeline that a plugin may serve (M1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum Stage {
    /// From an inbound element to leads.
    Map,
    /// Which HTTP requests to make.
    Enrich,
    /// Whether a lead goes on.
    Qualify,
    /// What is sent.
    Shape,
    /// What a client's response means.
    Interpret,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: &[Stage] = Stage::VARIANTS;

    /// The interface that exports it.
    pub fn interface(self) -> &'static str {
        match self {
            Stage::Map => "mapping",
            Stage::Enrich => "enrichment",
            Stage::Qualify => "qualification",
            Stage::Shape => "shaping",
            Stage::Interpret => "interpretation",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.interface())
    }
}

/// The stages that a component exports. The host's default plugin serves the stages that are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    stages: [bool; Stage::ALL.len()],
    configuration: bool,
}

impl Stages {
    /// Whether the component exports this stage.
    pub fn has(&self, stage: Stage) -> bool {
        self.stages[stage as usize]
    }

    /// Whether the component takes a configuration.
    pub fn is_configurable(&self) -> bool {
        self.configuration
    }

    /// The stages it exports, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Stage> {
        let stages = *self;
        Stage::ALL.iter().copied().filter(move |stage| stages.has(*stage))
    }
}

/// Where to find the exports of one component.
pub(crate) struct Exports {
    pub(crate) mapping: Option<Function<mapping::GuestIndices>>,
    pub(crate) enrichment: Option<Function<enrichment::GuestIndices>>,
    pub(crate) qualification: Option<Function<qualification::GuestIndices>>,
    pub(crate) shaping: Option<Function<shaping::GuestIndices>>,
    pub(crate) interpretation: Option<Function<interpretation::GuestIndices>>,
    pub(crate) configuration: Option<Function<configuration::GuestIndices>>,
    pub(crate) lifecycle: Option<lifecycle::GuestIndices>,
}

/// The function of an interface that is called for every batch.
pub(crate) struct Function<I> {
    pub(crate) indices: I,
    index: ComponentExportIndex,
    /// Whether it has the contract's types: one instance of a component has the types of all.
    is_typed: AtomicBool,
}

impl<I> Function<I> {
    fn find<T: 'static>(pre: &InstancePre<T>, indices: I, interface: &str, name: &str) -> Option<Self> {
        let interface = pre.component().get_export_index(None, qualified(interface))?;
        let index = pre.component().get_export_index(Some(&interface), name)?;
        Some(Function { indices, index, is_typed: AtomicBool::new(false) })
    }

    /// The function in this instance. `check` compares the types of the whole interface. Comparing costs as much as the call of a
    /// small guest, so it is done until it succeeded once.
    pub(crate) fn typed<T: 'static, P, R>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
        check: impl FnOnce(&I, &mut Store<T>, &Instance) -> wasmtime::Result<()>,
    ) -> wasmtime::Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        if !self.is_typed.load(Ordering::Relaxed) {
            check(&self.indices, store, instance)?;
            let function = instance.get_typed_func(&mut *store, self.index)?;
            self.is_typed.store(true, Ordering::Relaxed);
            return Ok(function);
        }
        let function = instance.get_func(&mut *store, self.index);
        let function = function.ok_or_else(|| wasmtime::format_err!("the component does not export it"))?;
        // SAFETY: these types were found in an instance of the same component, and an instance has the types of its component: the
        // contract has no resources, whose types an instance could take from what it is linked with. `P` and `R` are one pair for each
        // `I`, by the generated functions that `call!` and `load` stand for.
        #[allow(unsafe_code, reason = "the safe way compares the types again for each instance")]
        unsafe {
            Ok(TypedFunc::new_unchecked(function))
        }
    }
}

/// Runs the generated look-up for an interface, if the component has it at all. An interface that is there but not as the contract
/// has it is an error.
macro_rules! find {
    ($pre:expr, $interface:ident) => {
        if has($pre, stringify!($interface)) { Some($interface::GuestIndices::new($pre)?) } else { None }
    };
    ($pre:expr, $interface:ident, $function:literal) => {
        match find!($pre, $interface) {
            Some(indices) => Function::find($pre, indices, stringify!($interface), $function),
            None => None,
        }
    };
}

/// Loads each interface that is there.
macro_rules! check_types {
    ($exports:ident, $store:ident, $instance:ident; $($interface:ident)+) => {{
        $(if let Some(function) = &$exports.$interface {
            function.indices.load(&mut *$store, $instance)?;
        })+
        if let Some(indices) = &$exports.lifecycle {
            indices.load(&mut *$store, $instance)?;
        }
        Ok(())
    }};
}

impl Exports {
    /// Looks up each interface of the contract.
    pub(crate) fn find<T: 'static>(pre: &InstancePre<T>) -> wasmtime::Result<Self> {
        Ok(Exports {
            mapping: find!(pre, mapping, "map"),
            enrichment: find!(pre, enrichment, "enrich"),
            qualification: find!(pre, qualification, "qualify"),
            shaping: find!(pre, shaping, "shape"),
            interpretation: find!(pre, interpretation, "interpret"),
            configuration: find!(pre, configuration, "load"),
            lifecycle: find!(pre, lifecycle),
        })
    }

    /// Whether every function has the contract's types: the look-up by name does not check it.
    pub(crate) fn check_types<T: 'static>(&self, store: &mut Store<T>, instance: &Instance) -> wasmtime::Result<()> {
        check_types!(self, store, instance; mapping enrichment qualification shaping interpretation configuration)
    }

    /// The stages that the component exports.
    pub(crate) fn stages(&self) -> Stages {
        let stages = [
            self.mapping.is_some(),
            self.enrichment.is_some(),
            self.qualification.is_some(),
            self.shaping.is_some(),
            self.interpretation.is_some(),
        ];
        Stages { stages, configuration: self.configuration.is_some() }
    }
}

fn has<T: 'static>(pre: &InstancePre<T>, interface: &str) -> bool {
    pre.component().get_export_index(None, qualified(interface)).is_some()
}

fn qualified(interface: &str) -> String {
    format!("hookmill:plugin/{interface}@1.0.0")
}
