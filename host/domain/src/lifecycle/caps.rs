//! Caps (L5): how many leads a campaign's client takes, in total and in a month, week, day and hour of the campaign's zone.

use super::Otherwise;
use serde::{Deserialize, Serialize};

/// The caps of a campaign; at least one of them is set, and none is 0. Test leads are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// In all its life.
    pub total: Option<u64>,
    /// In a calendar month.
    pub month: Option<u64>,
    /// In a week, which begins on Monday (ISO 8601).
    pub week: Option<u64>,
    /// In a calendar day, which may have 23 or 25 hours.
    pub day: Option<u64>,
    /// In an hour by the clock on the wall; the hour that comes twice is two.
    pub hour: Option<u64>,
    /// What becomes of a lead for which there is no slot.
    pub when_reached: Otherwise,
}
