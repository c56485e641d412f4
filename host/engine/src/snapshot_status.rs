//! Whether instances start from a snapshot, and the compiled form that records it.

use serde::{Deserialize, Serialize};

use super::host_log::truncate;

/// What a compiled form starts with. Another number, another layout: an older one is compiled again.
pub(crate) const LAYOUT: &[u8; 12] = b"hookmill-c1\n";
/// Bytes of a reason, which may quote foreign names.
const REASON_BYTES_MAX: usize = 1_000;

/// Whether the instances of a component start from a snapshot of one that was initialised (P4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SnapshotStatus {
    /// There is nothing to initialise: the component does not export `lifecycle`.
    NotNeeded,
    /// Every instance starts from the memory that `initialize` left.
    Taken {
        /// Bytes of linear memory in the snapshot.
        snapshot_bytes: usize,
    },
    /// No snapshot can be taken, so each instance calls `initialize` again.
    Unavailable {
        /// Why, for the author.
        reason: String,
    },
}

impl SnapshotStatus {
    /// No snapshot, and why.
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        SnapshotStatus::Unavailable { reason: truncate(reason.into(), REASON_BYTES_MAX) }
    }

    /// Whether `initialize` has been called for all instances.
    pub fn is_taken(&self) -> bool {
        matches!(self, SnapshotStatus::Taken { .. })
    }
}

/// Machine code, and whether its instances start from a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) snapshot_status: SnapshotStatus,
    /// Empty where no snapshot could be taken and nothing is compiled yet.
    pub(crate) code: Vec<u8>,
}

impl Compiled {
    /// Nothing is compiled yet, and no snapshot is needed.
    pub(crate) fn no_lifecycle() -> Self {
        Compiled { snapshot_status: SnapshotStatus::NotNeeded, code: Vec::new() }
    }

    /// Nothing is compiled yet: no snapshot can be taken.
    pub(crate) fn without_snapshot(reason: impl Into<String>) -> Self {
        Compiled { snapshot_status: SnapshotStatus::unavailable(reason), code: Vec::new() }
    }

    /// As bytes: the layout, the length of the header, the header as JSON, the code.
    pub(crate) fn write(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.snapshot_status).unwrap_or_default();
        let length = (header.len() as u32).to_le_bytes();
        [LAYOUT.as_slice(), &length, &header, &self.code].concat()
    }

    /// From bytes; none when they have another layout.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.strip_prefix(LAYOUT)?.split_first_chunk()?;
        let (header, code) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        Some(Compiled { snapshot_status: serde_json::from_slice(header).ok()?, code: code.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P4: the report survives with the code, and another layout is not mistaken for it.
    #[test]
    fn writes_and_reads() {
        let reason = "ä".repeat(REASON_BYTES_MAX);
        for snapshot_status in [
            SnapshotStatus::NotNeeded,
            SnapshotStatus::Taken { snapshot_bytes: 7 },
            SnapshotStatus::unavailable(reason.as_str()),
        ] {
            let compiled = Compiled { snapshot_status, code: b"code".to_vec() };
            let bytes = compiled.write();
            assert_eq!(Compiled::read(&bytes), Some(compiled));
            for cut in 0..bytes.len() - b"code".len() {
                assert_eq!(Compiled::read(&bytes[..cut]), None);
            }
        }
        assert_eq!(Compiled::read(b"\x7fELF"), None);
        assert_eq!(Compiled::read(&[LAYOUT.as_slice(), &[0xff; 12]].concat()), None);
    }
}
