//! A plan as bytes: a mark, a version, a checksum, and the plan in postcard's compact form.

use super::Plan;

/// How many bytes a plan may have.
pub const PLAN_BYTES_MAX: usize = 4 << 20;

/// Says what follows, and in which form.
const MARK: &[u8; 4] = b"HMP\x01";

/// Mark and checksum.
const HEAD_BYTES: usize = 12;

/// Why bytes are no plan.
#[derive(Debug, PartialEq)]
pub struct Damaged(pub &'static str);

impl Plan {
    /// The same plan gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Damaged> {
        let body = postcard::to_allocvec(self).map_err(|_| Damaged("the plan can't be written"))?;
        if body.len() + HEAD_BYTES > PLAN_BYTES_MAX {
            return Err(Damaged("the plan is larger than PLAN_BYTES_MAX"));
        }
        let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&checksum(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Takes what [`Plan::to_bytes`] made. The checksum guards against accidents: a plan is a tree, and reading a
    /// random one could nest without end.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        if bytes.len() > PLAN_BYTES_MAX {
            return Err(Damaged("it is larger than PLAN_BYTES_MAX"));
        }
        let rest = bytes.strip_prefix(MARK).ok_or(Damaged("it was not compiled by this version of the plugin"))?;
        let (sum, body) = rest.split_first_chunk::<8>().ok_or(Damaged("it is cut off"))?;
        if u64::from_le_bytes(*sum) != checksum(body) {
            return Err(Damaged("its checksum is wrong"));
        }
        postcard::from_bytes(body).map_err(|_| Damaged("it can't be read"))
    }
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
