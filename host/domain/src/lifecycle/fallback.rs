//! Fallback (L8): where a lead goes that its campaign's client does not take.

use serde::{Deserialize, Serialize};

/// The most campaigns that a lead is moved through.
pub const MOVES_MAX: usize = 16;

/// The fallback list of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fallback {
    /// The ids of the campaigns, in the order in which they are tried; of the same organization, each once, not the campaign itself.
    pub campaigns: Vec<String>,
    /// Whether the lead is checked by the rules of the campaign it is moved to; otherwise it goes straight to its caps.
    pub qualify: bool,
    /// Whether a lead is moved whose last request was sent and not responded to. It may then be sold twice.
    pub after_unanswered: bool,
}
