//! What all sections of a plan share: postcard's compact form, and why bytes are not a plan.

use serde::Serialize;
use serde::de::Deserialize;

use super::Function;

/// Gives each function of a chain a code of one byte; none for a chain with a function that has none.
///
/// The functions are declared above the plan, so whoever encodes one brings this along.
pub type PlainCodes = fn(&[Function<'_>]) -> Option<Vec<u8>>;

/// Why bytes are not a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanError(pub &'static str);

pub(super) fn encode(part: &impl Serialize) -> Result<Vec<u8>, PlanError> {
    postcard::to_allocvec(part).map_err(|_| PlanError("the plan can't be written"))
}

pub(super) fn decode<'p, T: Deserialize<'p>>(bytes: &'p [u8]) -> Result<T, PlanError> {
    postcard::from_bytes(bytes).map_err(|_| PlanError("it can't be read"))
}
