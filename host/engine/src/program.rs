//! What a campaign runs: a component, compiled, and its compiled configuration.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};

use super::digest::Digest;
use super::exports::{Exports, Stages};
use super::snapshot_status::SnapshotStatus;
use super::state::GuestState;

/// A compiled component, ready to be instantiated. Shared by all campaigns that use it.
pub struct LoadedComponent {
    pub(crate) pre: InstancePre<GuestState>,
    pub(crate) exports: Exports,
    pub(crate) compiled_bytes: usize,
    pub(crate) snapshot_status: SnapshotStatus,
    digest: Digest,
}

/// What one campaign runs.
#[derive(Debug, Clone)]
pub struct Program {
    /// The component.
    pub component: Arc<LoadedComponent>,
    /// The compiled configuration that a fresh instance loads, if the component takes one.
    pub plan: Option<Arc<[u8]>>,
}

impl LoadedComponent {
    /// Checks the component's imports and exports against the contract.
    pub(crate) fn link(
        digest: Digest,
        component: &Component,
        linker: &Linker<GuestState>,
        compiled_bytes: usize,
        snapshot_status: SnapshotStatus,
    ) -> wasmtime::Result<Self> {
        // Otherwise the first instance would build the memory image, and be slow. If it fails, the next one tries again.
        let _ = component.initialize_copy_on_write_image();
        let pre = linker.instantiate_pre(component)?;
        let exports = Exports::find(&pre)?;
        Ok(LoadedComponent { pre, exports, compiled_bytes, snapshot_status, digest })
    }

    /// The component's name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether its instances start from a snapshot.
    pub fn snapshot_status(&self) -> &SnapshotStatus {
        &self.snapshot_status
    }

    /// The stages that it exports.
    pub fn stages(&self) -> Stages {
        self.exports.stages()
    }
}

impl fmt::Debug for LoadedComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedComponent")
            .field("digest", &self.digest)
            .field("stages", &self.stages())
            .finish_non_exhaustive()
    }
}
