//! The lifecycle of a campaign as the API receives and shows it, unchecked.

use super::caps::{CAP_MAX, Caps, Period};
use super::duplicates::{DuplicateAction, DuplicateField, DuplicateRule, DuplicateScope, Matches, WINDOW_DAYS};
use super::fallback::{Fallback, MOVES_MAX};
use super::schedule::{Schedule, Weekday, Window};
use super::{Lifecycle, Otherwise, QUEUE_HOURS};
use crate::endpoint::Faults;
use crate::integer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod schedule;

/// How much of a text an error repeats.
const CHARS_SHOWN: usize = 32;

/// What a campaign does with its leads between mapping and delivery, and where the client does not take them. What is left out, or null, does
/// not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Lifecycle, example = json!({
    "duplicates": {"fields": ["email", "phone"], "window_days": 30, "action": "reject"},
    "caps": {"month": 2000, "day": 100, "when_reached": "queue"},
    "schedule": {
        "windows": [{"days": ["monday", "tuesday", "wednesday", "thursday", "friday"], "from": "09:00", "until": "17:00"}],
        "holidays": ["12-25", "2026-11-26"],
        "when_closed": "queue"
    },
    "queue_expires_after_hours": 72
}))]
pub struct LifecycleDraft {
    /// What becomes of a lead that came before; without it leads are not compared.
    #[serde(default)]
    pub duplicates: Option<DuplicateRuleDraft>,
    /// How many leads the client takes; without it any number.
    #[serde(default)]
    pub caps: Option<CapsDraft>,
    /// When the client takes leads; without it always.
    #[serde(default)]
    pub schedule: Option<ScheduleDraft>,
    /// After how many hours in the queue a lead is canceled; without it none is.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 8760)]
    pub queue_expires_after_hours: Option<u64>,
    /// Where a lead goes that this campaign's client does not take; without it nowhere.
    #[serde(default)]
    pub fallback: Option<FallbackDraft>,
}

/// What becomes of a lead that came before. Test leads are exempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DuplicateRule)]
pub struct DuplicateRuleDraft {
    /// The fields that are compared, each once.
    #[schema(min_items = 1, max_items = 3)]
    pub fields: Vec<DuplicateField>,
    /// Whether any of the fields or all of them must be the same; `any` if not given.
    #[serde(default)]
    pub matches: Matches,
    /// How many times 24 hours back leads are compared, from when each was received.
    #[serde(deserialize_with = "integer::deserialize")]
    #[schema(minimum = 1, maximum = 365)]
    pub window_days: u64,
    /// Whose leads are compared; `campaign` if not given.
    #[serde(default)]
    pub scope: DuplicateScope,
    /// What becomes of a duplicate; `reject` if not given.
    #[serde(default)]
    pub action: DuplicateAction,
}

/// How many leads the client takes, by the calendar of the campaign's time zone; at least one cap. Test leads are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Caps)]
pub struct CapsDraft {
    /// In all its life.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub total: Option<u64>,
    /// In a calendar month.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub month: Option<u64>,
    /// In a week, which begins on Monday.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub week: Option<u64>,
    /// In a calendar day, which may have 23 or 25 hours.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub day: Option<u64>,
    /// In an hour by the clock on the wall; an hour that comes twice is two.
    #[serde(default, deserialize_with = "integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub hour: Option<u64>,
    /// What becomes of a lead for which there is no slot; `queue` if not given.
    #[serde(default)]
    pub when_reached: Otherwise,
}

/// When the client takes leads, by the clocks of the campaign's time zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Schedule)]
pub struct ScheduleDraft {
    /// When it is open. Windows may overlap.
    #[schema(min_items = 1, max_items = 100)]
    pub windows: Vec<WindowDraft>,
    /// Days on which no window begins: `2026-11-26`, or `12-25` for every year. A window that began the day before goes on.
    #[serde(default)]
    #[schema(max_items = 400, value_type = Vec<Holiday>)]
    pub holidays: Vec<String>,
    /// What becomes of a lead outside; `queue` if not given.
    #[serde(default)]
    pub when_closed: Otherwise,
}

/// A day on which no window begins: a date, or month and day for every year.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$", example = "12-25")]
pub struct Holiday(pub String);

/// A window, which begins at the same time on each of its days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Window)]
pub struct WindowDraft {
    /// The days on which it begins.
    #[schema(min_items = 1)]
    pub days: Vec<Weekday>,
    /// When it begins, `00:00` to `23:59`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub from: String,
    /// When it ends, `00:00` to `24:00`, the end of the day. Before `from`, it is on the next day.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "17:00")]
    pub until: String,
}

/// Where a lead goes that this campaign's client does not take: because of a cap or the schedule where they say `next`, and when the client says
/// `rejected` or `duplicate`, or delivery failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fallback)]
pub struct FallbackDraft {
    /// The ids of campaigns of the organization, in the order in which they are tried; not archived, each once, not the campaign itself, and none
    /// that leads back to it.
    #[schema(min_items = 1, max_items = 16)]
    pub campaigns: Vec<String>,
    /// Whether the lead is qualified by the rules of the campaign it is moved to; otherwise it goes straight to its caps. True if not given.
    #[serde(default = "yes")]
    pub qualify: bool,
    /// Whether a lead is moved whose last request was sent and not responded to. It may then be sold twice. False if not given.
    #[serde(default)]
    pub after_unanswered: bool,
}

fn yes() -> bool {
    true
}

impl LifecycleDraft {
    /// Checks what it says by itself, for the campaign of this id, and adds all that is wrong to `faults`. What comes back counts only when
    /// there are none, and the fallback list is still to be looked at among the other campaigns.
    pub fn check(self, campaign_id: &str, faults: &mut Faults) -> Lifecycle {
        let has_next = self.fallback.as_ref().is_some_and(|fallback| !fallback.campaigns.is_empty());
        let otherwise = [
            ("caps.when_reached", self.caps.as_ref().map(|caps| caps.when_reached)),
            ("schedule.when_closed", self.schedule.as_ref().map(|schedule| schedule.when_closed)),
        ];
        for (path, _) in otherwise.iter().filter(|(_, given)| *given == Some(Otherwise::Next) && !has_next) {
            faults.add(path, "is `next`, but there is no next campaign; name some in `fallback.campaigns`");
        }
        Lifecycle {
            duplicates: self.duplicates.map(|rule| rule.check(faults)),
            caps: self.caps.map(|caps| caps.check(faults)),
            schedule: self.schedule.map(|schedule| schedule.check(faults)),
            queue_expires_after_hours: self.queue_expires_after_hours.map(|hours| within_hours(hours, faults)),
            fallback: self.fallback.map(|fallback| fallback.check(campaign_id, faults)),
        }
    }
}

fn within_hours(hours: u64, faults: &mut Faults) -> u32 {
    let within = u32::try_from(hours).ok().filter(|hours| QUEUE_HOURS.contains(hours));
    within.unwrap_or_else(|| {
        let message = format!("must be {} to {} hours", QUEUE_HOURS.start(), QUEUE_HOURS.end());
        faults.add("queue_expires_after_hours", message);
        *QUEUE_HOURS.end()
    })
}

impl DuplicateRuleDraft {
    fn check(self, faults: &mut Faults) -> DuplicateRule {
        let Self { fields, matches, window_days, scope, action } = self;
        if fields.is_empty() {
            faults.add("duplicates.fields", "is empty; name at least one of email, phone, external_id");
        }
        for (index, field) in fields.iter().enumerate().filter(|(index, field)| fields[..*index].contains(field)) {
            faults.add(&format!("duplicates.fields[{index}]"), format!("is `{}` again; remove it", field.as_str()));
        }
        let days = u16::try_from(window_days).ok().filter(|days| WINDOW_DAYS.contains(days));
        let window_days = days.unwrap_or_else(|| {
            let message = format!("must be {} to {} days", WINDOW_DAYS.start(), WINDOW_DAYS.end());
            faults.add("duplicates.window_days", message);
            *WINDOW_DAYS.end()
        });
        DuplicateRule { fields, matches, window_days, scope, action }
    }
}

impl CapsDraft {
    fn check(self, faults: &mut Faults) -> Caps {
        let Self { total, month, week, day, hour, when_reached } = self;
        let caps = Caps { total, month, week, day, hour, when_reached };
        let set = || Period::ALL.into_iter().filter_map(|period| Some((period, caps.limit(period)?)));
        if set().next().is_none() {
            faults.add("caps", "sets no cap; set at least one of total, month, week, day, hour, or leave `caps` out");
        }
        for (period, limit) in set() {
            let path = format!("caps.{}", period.as_str());
            if limit == 0 {
                faults.add(&path, "is 0; leave it out for no cap, or pause the campaign to take no leads");
            } else if CAP_MAX < limit {
                faults.add(&path, format!("must be 1 to {CAP_MAX}"));
            } else if let Some((longer, most)) = set().find(|(longer, most)| period.most_in(*longer, *most) < limit) {
                let (longer, most) = (longer.as_str(), period.most_in(longer, most));
                let message = format!(
                    "is never reached, since `caps.{longer}` comes first; make it {most} at most, or leave it out"
                );
                faults.add(&path, message);
            }
        }
        caps
    }
}

impl Period {
    /// How many leads this period can have at most where a longer one has a cap: as many as that, and a week in two months twice as many.
    fn most_in(self, longer: Self, limit: u64) -> u64 {
        match (self, longer) {
            (Self::Week, Self::Month) => limit.saturating_mul(2),
            _ if longer < self => limit,
            _ => u64::MAX,
        }
    }
}

impl FallbackDraft {
    fn check(self, campaign_id: &str, faults: &mut Faults) -> Fallback {
        let Self { campaigns, qualify, after_unanswered } = self;
        if campaigns.is_empty() {
            faults.add("fallback.campaigns", "is empty; name at least one campaign, or leave `fallback` out");
        }
        if MOVES_MAX < campaigns.len() {
            let message = format!("has {} campaigns, at most {MOVES_MAX} are allowed", campaigns.len());
            faults.add("fallback.campaigns", message);
        }
        let mut seen = BTreeSet::new();
        for (index, id) in campaigns.iter().take(MOVES_MAX).enumerate() {
            let path = fallback_path(index);
            if id == campaign_id {
                faults.add(&path, "is the campaign itself; remove it");
            } else if !seen.insert(id) {
                faults.add(&path, format!("is `{}` again; remove it", show(id)));
            }
        }
        Fallback { campaigns, qualify, after_unanswered }
    }
}

/// Where a campaign of the fallback list stands in what was sent.
pub fn fallback_path(index: usize) -> String {
    format!("fallback.campaigns[{index}]")
}

/// As much of a text as an error repeats.
fn show(text: &str) -> String {
    text.chars().take(CHARS_SHOWN).flat_map(char::escape_debug).collect()
}

impl From<&Lifecycle> for LifecycleDraft {
    fn from(lifecycle: &Lifecycle) -> Self {
        Self {
            duplicates: lifecycle.duplicates.as_ref().map(Into::into),
            caps: lifecycle.caps.as_ref().map(Into::into),
            schedule: lifecycle.schedule.as_ref().map(Into::into),
            queue_expires_after_hours: lifecycle.queue_expires_after_hours.map(u64::from),
            fallback: lifecycle.fallback.as_ref().map(Into::into),
        }
    }
}

impl From<&DuplicateRule> for DuplicateRuleDraft {
    fn from(rule: &DuplicateRule) -> Self {
        let DuplicateRule { fields, matches, window_days, scope, action } = rule.clone();
        Self { fields, matches, window_days: window_days.into(), scope, action }
    }
}

impl From<&Caps> for CapsDraft {
    fn from(caps: &Caps) -> Self {
        let Caps { total, month, week, day, hour, when_reached } = caps.clone();
        Self { total, month, week, day, hour, when_reached }
    }
}

impl From<&Fallback> for FallbackDraft {
    fn from(fallback: &Fallback) -> Self {
        let Fallback { campaigns, qualify, after_unanswered } = fallback.clone();
        Self { campaigns, qualify, after_unanswered }
    }
}

#[cfg(test)]
mod tests;
