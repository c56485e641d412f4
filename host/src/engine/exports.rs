//! Which interfaces of the contract a component exports.

use std::fmt;

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::bindings::exports::hookmill::plugin::{
    configuration, enrichment, lifecycle, mapping, qualification, response, shaping,
};

/// A stage of the pipeline that a plugin may serve (M1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// From what came in to leads.
    Map,
    /// What to ask the outside.
    Enrich,
    /// Whether a lead goes on.
    Qualify,
    /// What is sent.
    Shape,
    /// What a client's answer means.
    Interpret,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Stage; 5] = [Stage::Map, Stage::Enrich, Stage::Qualify, Stage::Shape, Stage::Interpret];

    /// The interface that exports it.
    pub fn interface(self) -> &'static str {
        match self {
            Stage::Map => "mapping",
            Stage::Enrich => "enrichment",
            Stage::Qualify => "qualification",
            Stage::Shape => "shaping",
            Stage::Interpret => "response",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.interface())
    }
}

/// What a component offers. The host's default plugin serves the stages that are missing.
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
        Stage::ALL.into_iter().filter(move |stage| stages.has(*stage))
    }
}

/// Where to find the exports of one component.
pub(crate) struct Exports {
    pub(crate) mapping: Option<mapping::GuestIndices>,
    pub(crate) enrichment: Option<enrichment::GuestIndices>,
    pub(crate) qualification: Option<qualification::GuestIndices>,
    pub(crate) shaping: Option<shaping::GuestIndices>,
    pub(crate) response: Option<response::GuestIndices>,
    pub(crate) configuration: Option<configuration::GuestIndices>,
    pub(crate) lifecycle: Option<lifecycle::GuestIndices>,
}

/// Runs the generated look-up for an interface, if the component has it at all. An interface that is there but not as the contract
/// has it is an error.
macro_rules! find {
    ($pre:expr, $interface:ident) => {
        if has($pre, stringify!($interface)) { Some($interface::GuestIndices::new($pre)?) } else { None }
    };
}

/// Loads each interface that is there.
macro_rules! check_types {
    ($exports:ident, $store:ident, $instance:ident; $($interface:ident)+) => {{
        $(if let Some(indices) = &$exports.$interface {
            indices.load(&mut *$store, $instance)?;
        })+
        Ok(())
    }};
}

impl Exports {
    /// Looks up each interface of the contract.
    pub(crate) fn find<T: 'static>(pre: &InstancePre<T>) -> wasmtime::Result<Self> {
        Ok(Exports {
            mapping: find!(pre, mapping),
            enrichment: find!(pre, enrichment),
            qualification: find!(pre, qualification),
            shaping: find!(pre, shaping),
            response: find!(pre, response),
            configuration: find!(pre, configuration),
            lifecycle: find!(pre, lifecycle),
        })
    }

    /// Whether every function has the contract's types: the look-up by name does not tell.
    pub(crate) fn check_types<T: 'static>(&self, store: &mut Store<T>, instance: &Instance) -> wasmtime::Result<()> {
        check_types!(self, store, instance; mapping enrichment qualification shaping response configuration lifecycle)
    }

    /// What the component offers.
    pub(crate) fn stages(&self) -> Stages {
        let stages = [
            self.mapping.is_some(),
            self.enrichment.is_some(),
            self.qualification.is_some(),
            self.shaping.is_some(),
            self.response.is_some(),
        ];
        Stages { stages, configuration: self.configuration.is_some() }
    }
}

fn has<T: 'static>(pre: &InstancePre<T>, interface: &str) -> bool {
    let name = format!("hookmill:plugin/{interface}@1.0.0");
    pre.component().get_export_index(None, &name).is_some()
}
