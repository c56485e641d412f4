//! Caps (L5): how many leads a campaign's client takes, in total and in a month, week, day and hour of the campaign's zone.

use super::Otherwise;
use super::calendar::{HOUR_MS, changes, day_of, days_later, local, monday_of, start_of_day, within_years};
use crate::clock::Timestamp;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The most that a cap may be.
pub const CAP_MAX: u64 = 1_000_000_000;

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

/// A kind of period that can have a cap.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Period {
    /// All the life of the campaign.
    Total,
    /// A calendar month.
    Month,
    /// A week from Monday.
    Week,
    /// A calendar day.
    Day,
    /// An hour by the clock on the wall.
    Hour,
}

/// A period with a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapPeriod {
    /// Its kind.
    pub period: Period,
    /// Its first moment; 1970 for the total.
    pub starts_at: Timestamp,
    /// The first moment after it; none for the total.
    pub ends_at: Option<Timestamp>,
    /// How many leads are taken in it.
    pub limit: u64,
}

impl Period {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] = [Self::Total, Self::Month, Self::Week, Self::Day, Self::Hour];

    /// The name that the API and the database use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The period of this kind that a moment lies in: its first moment, and the first one after it. Periods of one kind follow each other
    /// without a gap. Days, weeks and months begin with the first moment that shows their date. An hour ends where the clocks are set: one
    /// that comes twice is two, and half an hour that is left is one of its own.
    pub fn bounds(self, at: Timestamp, zone: &TimeZone) -> (Timestamp, Option<Timestamp>) {
        let at = within_years(at);
        let day = || day_of(at, zone);
        let (first, next) = match self {
            Self::Total => return (Timestamp(0), None),
            Self::Hour => return hour(at, zone),
            Self::Month => {
                let first = day().first_of_month();
                (first, first.saturating_add(1.month()))
            }
            Self::Week => {
                let monday = monday_of(day());
                (monday, days_later(monday, 7))
            }
            Self::Day => {
                let day = day();
                (day, days_later(day, 1))
            }
        };
        (start_of_day(first, zone), Some(start_of_day(next, zone)))
    }
}

impl Caps {
    /// The cap of a kind of period.
    pub fn limit(&self, period: Period) -> Option<u64> {
        match period {
            Period::Total => self.total,
            Period::Month => self.month,
            Period::Week => self.week,
            Period::Day => self.day,
            Period::Hour => self.hour,
        }
    }

    /// The periods with a cap that a moment lies in: total, month, week, day, hour.
    pub fn periods(&self, now: Timestamp, zone: &TimeZone) -> Vec<CapPeriod> {
        let capped = Period::ALL.into_iter().filter_map(|period| Some((period, self.limit(period)?)));
        capped
            .map(|(period, limit)| {
                let (starts_at, ends_at) = period.bounds(now, zone);
                CapPeriod { period, starts_at, ends_at, limit }
            })
            .collect()
    }
}

/// Those of the periods that now have a cap for which nothing was counted so far: they had none before, or the calendar is another one.
pub fn begun_periods(before: &[CapPeriod], now: Vec<CapPeriod>) -> Vec<CapPeriod> {
    let was_counted =
        |new: &CapPeriod| before.iter().any(|old| (old.period, old.starts_at) == (new.period, new.starts_at));
    now.into_iter().filter(|new| !was_counted(new)).collect()
}

fn hour(at: Timestamp, zone: &TimeZone) -> (Timestamp, Option<Timestamp>) {
    let shown = local(at, zone).time();
    let seconds = i64::from(shown.minute()) * 60 + i64::from(shown.second());
    let began = at.plus_ms(-(seconds * 1_000 + i64::from(shown.millisecond())));
    let over = began.plus_ms(HOUR_MS);
    (changes(began, at, zone).last().unwrap_or(began), Some(changes(at, over, zone).next().unwrap_or(over)))
}

#[cfg(test)]
mod tests;
