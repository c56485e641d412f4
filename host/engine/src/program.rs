//! What a campaign runs: a component, compiled, and its compiled configuration.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};

use super::digest::Digest;
use super::exports::{Exports, Stages};
use super::preparation::Preparation;
use super::state::GuestState;

/// A compiled component, ready to be instantiated. Shared by all campaigns that use it.
pub struct Loaded {
    pub(crate) pre: InstancePre<GuestState>,
    pub(crate) exports: Exports,
    pub(crate) compiled_bytes: usize,
    pub(crate) preparation: Preparation,
    digest: Digest,
}

/// What one campaign runs.
#[derive(Debug, Clone)]
pub struct Program {
    /// The component.
    pub component: Arc<Loaded>,
    /// The compiled configuration that a fresh instance loads, if the component takes one.
    pub plan: Option<Arc<[u8]>>,
}

impl Loaded {
    /// Checks the component's imports and exports against the contract.
    pub(crate) fn link(
        digest: Digest,
        component: &Component,
        linker: &Linker<GuestState>,
        compiled_bytes: usize,
        preparation: Preparation,
    ) -> wasmtime::Result<Self> {
        // The first instance would make the image otherwise, and be the slow one. Should it fail, the next one tries again.
        let _ = component.initialize_copy_on_write_image();
        let pre = linker.instantiate_pre(component)?;
        let exports = Exports::find(&pre)?;
        Ok(Loaded { pre, exports, compiled_bytes, preparation, digest })
    }

    /// The component's name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How its instances get ready.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// What it offers.
    pub fn stages(&self) -> Stages {
        self.exports.stages()
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("digest", &self.digest).field("stages", &self.stages()).finish_non_exhaustive()
    }
}
