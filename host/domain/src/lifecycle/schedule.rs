//! The schedule (L6): when a campaign's client takes leads.

use super::Otherwise;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The schedule of a campaign, in its zone. It is closed outside its windows, and on holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it is open; at least one window.
    pub windows: Vec<Window>,
    /// Days on which no window begins: `2026-12-25`, or `12-25` for every year.
    #[serde(default)]
    pub holidays: BTreeSet<String>,
    /// What becomes of a lead outside.
    pub when_closed: Otherwise,
}

/// A window: it begins at the same time on each of its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which it begins, `monday` to `sunday`.
    pub days: BTreeSet<Weekday>,
    /// When it begins, in minutes after midnight.
    pub from_minute: u16,
    /// When it ends, in minutes after midnight; at or before its beginning it is on the next day.
    pub until_minute: u16,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}
