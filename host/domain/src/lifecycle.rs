//! The lifecycle of a campaign's submissions (L3, L5-L8): what is decided between mapping and delivery, and what follows where a lead
//! can't go on. Everything here was checked when it was saved; what it says of a lead is pure.

mod calendar;
pub mod caps;
pub mod draft;
pub mod duplicates;
pub mod fallback;
pub mod local;
pub mod merge;
pub mod queue;
pub mod schedule;

use crate::clock::Timestamp;
use calendar::HOUR_MS;
use caps::Caps;
use duplicates::DuplicateRule;
use fallback::Fallback;
use schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use strum::IntoStaticStr;

/// After how many hours a queued lead may be canceled.
pub const QUEUE_HOURS: RangeInclusive<u32> = 1..=8_760;

/// What a campaign says of its submissions' lives. The default says nothing: every lead goes straight to the client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lifecycle {
    /// What becomes of a lead that came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<DuplicateRule>,
    /// How many leads the client takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caps: Option<Caps>,
    /// When the client takes leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// After how many hours a queued lead is canceled; none waits without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_expires_after_hours: Option<u32>,
    /// Where a lead goes that this campaign's client does not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
}

impl Lifecycle {
    /// When a lead is canceled that was queued then; none where it waits without end.
    pub fn queue_expires_at(&self, queued_at: Timestamp) -> Option<Timestamp> {
        Some(queued_at.plus_ms(self.queue_expires_after_ms()?))
    }

    /// After how long a queued lead is canceled, in milliseconds; none where it waits without end.
    pub fn queue_expires_after_ms(&self) -> Option<i64> {
        Some(i64::from(self.queue_expires_after_hours?) * HOUR_MS)
    }
}

/// What becomes of a lead for which there is no slot, or that comes outside the schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Otherwise {
    /// It waits, and is released in the order of arrival.
    #[default]
    Queue,
    /// It goes to the next campaign of the fallback list.
    Next,
    /// It is rejected.
    Reject,
}
