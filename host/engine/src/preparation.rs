//! How an instance gets ready, and the compiled form that remembers it.

use serde::{Deserialize, Serialize};

use super::host_log::cut;

/// What a compiled form starts with. Another number, another layout: what is older is made anew.
pub(crate) const LAYOUT: &[u8; 12] = b"hookmill-c1\n";
/// Bytes of a reason, which may quote foreign names.
const REASON_BYTES_MAX: usize = 1_000;

/// Whether the instances of a component start from a snapshot of one that was initialised (P4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Preparation {
    /// There is nothing to prepare: the component does not export `lifecycle`.
    None,
    /// Every instance starts as `initialize` left the one that was kept.
    Prepared {
        /// Bytes of linear memory in the snapshot.
        image_bytes: usize,
    },
    /// No snapshot can be taken, so each instance calls `initialize` again.
    Cold {
        /// Why, for the author.
        reason: String,
    },
}

impl Preparation {
    /// No snapshot, and why.
    pub(crate) fn cold(reason: impl Into<String>) -> Self {
        Preparation::Cold { reason: cut(reason.into(), REASON_BYTES_MAX) }
    }

    /// Whether `initialize` has been called for all instances.
    pub fn is_prepared(&self) -> bool {
        matches!(self, Preparation::Prepared { .. })
    }
}

/// Machine code, and how its instances get ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) preparation: Preparation,
    /// Empty where preparing failed and nothing was compiled yet.
    pub(crate) code: Vec<u8>,
}

impl Compiled {
    /// Nothing is compiled yet, and nothing but that is to be done.
    pub(crate) fn nothing_to_prepare() -> Self {
        Compiled { preparation: Preparation::None, code: Vec::new() }
    }

    /// Nothing is compiled yet: no snapshot can be taken.
    pub(crate) fn cold(reason: impl Into<String>) -> Self {
        Compiled { preparation: Preparation::cold(reason), code: Vec::new() }
    }

    /// As bytes: the layout, the length of the header, the header as JSON, the code.
    pub(crate) fn write(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.preparation).unwrap_or_default();
        let length = (header.len() as u32).to_le_bytes();
        [LAYOUT.as_slice(), &length, &header, &self.code].concat()
    }

    /// From bytes; none when they have another layout.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.strip_prefix(LAYOUT)?.split_first_chunk()?;
        let (header, code) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        Some(Compiled { preparation: serde_json::from_slice(header).ok()?, code: code.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P4: the report survives with the code, and another layout is not mistaken for it.
    #[test]
    fn writes_and_reads() {
        let reason = "ä".repeat(REASON_BYTES_MAX);
        for preparation in
            [Preparation::None, Preparation::Prepared { image_bytes: 7 }, Preparation::cold(reason.as_str())]
        {
            let compiled = Compiled { preparation, code: b"code".to_vec() };
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
