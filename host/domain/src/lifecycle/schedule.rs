//! The schedule (L6): when a campaign's client takes leads.

use super::Otherwise;
use super::calendar::{at_minute, day_of, days_later, first_moment, last_moment, start_of_day};
use crate::clock::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most windows of a schedule.
pub const WINDOWS_MAX: usize = 100;
/// The most holidays of a schedule.
pub const HOLIDAYS_MAX: usize = 400;
/// How many days ahead a schedule is looked at: what does not open or close until then never does.
pub const LOOK_AHEAD_DAYS: i64 = 400;
/// The minutes of a day: a window until then ends with the day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// The schedule of a campaign, in its zone. It is closed outside its windows, and on holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it is open; at least one window.
    pub windows: Vec<Window>,
    /// Days on which no window begins: `2026-12-25`, or `12-25` for every year. A window that began the day before goes on.
    #[serde(default)]
    pub holidays: BTreeSet<String>,
    /// What becomes of a lead outside.
    pub when_closed: Otherwise,
}

/// A window: it begins at the same time on each of its days.
///
/// Where the clocks are set: a window that begins in the missing hour begins at the first moment after it, and one that lies in it as a
/// whole does not come. A window that begins in an hour that comes twice begins in its first pass; one that ends in it ends in its last
/// pass. A window that ends with its day ends with the first moment of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which it begins, `monday` to `sunday`.
    pub days: BTreeSet<Weekday>,
    /// When it begins, in minutes after midnight.
    pub from_minute: u16,
    /// When it ends, in minutes after midnight, 1440 for the end of the day; at or before its beginning it is on the next day.
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

/// Whether a schedule is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is.
    Open {
        /// The first moment at which it is not; none when it does not close within [`LOOK_AHEAD_DAYS`].
        until: Option<Timestamp>,
    },
    /// It is not.
    Closed {
        /// The first moment at which it is; none when it does not open within [`LOOK_AHEAD_DAYS`].
        opens_at: Option<Timestamp>,
    },
}

impl Schedule {
    /// Whether it is open, and until when. Windows that overlap or follow each other at once are one opening.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Opening {
        let today = day_of(now, zone);
        let mut windows: Vec<&Window> = self.windows.iter().collect();
        windows.sort_by_key(|window| window.from_minute);
        let mut open_until = None;
        // A window that is open now began yesterday at the earliest, where no clock was set; a day more is enough wherever one was.
        for day in (-2..=LOOK_AHEAD_DAYS).map(|days| days_later(today, days)) {
            if self.is_holiday(day) {
                continue;
            }
            for (from, until) in windows.iter().filter_map(|window| window.on(day, zone)) {
                match open_until {
                    _ if from <= now && until <= now => {}
                    None if now < from => return Opening::Closed { opens_at: Some(from) },
                    Some(open_until) if open_until < from => return Opening::Open { until: Some(open_until) },
                    _ => open_until = open_until.max(Some(until)),
                }
            }
        }
        let Some(open_until) = open_until else { return Opening::Closed { opens_at: None } };
        let bound = start_of_day(days_later(today, LOOK_AHEAD_DAYS), zone);
        Opening::Open { until: (open_until < bound).then_some(open_until) }
    }

    fn is_holiday(&self, day: Date) -> bool {
        if self.holidays.is_empty() {
            return false;
        }
        let (year, month, day) = (day.year(), day.month(), day.day());
        self.holidays.contains(&format!("{month:02}-{day:02}"))
            || self.holidays.contains(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl Window {
    /// Its first moment on a day and the first one after it; none when it does not begin on that day, or the clocks skip all of it.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&Weekday::of(day)) {
            return None;
        }
        let last_day = if self.until_minute <= self.from_minute { days_later(day, 1) } else { day };
        let until = match self.until_minute {
            0 => start_of_day(last_day, zone),
            minute if DAY_MINUTES <= minute => start_of_day(days_later(last_day, 1), zone),
            minute => last_moment(at_minute(last_day, minute), zone),
        };
        let from = first_moment(at_minute(day, self.from_minute), zone);
        (from < until).then_some((from, until))
    }
}

impl Weekday {
    /// The day of the week of a date.
    pub fn of(day: Date) -> Self {
        match day.weekday() {
            jiff::civil::Weekday::Monday => Self::Monday,
            jiff::civil::Weekday::Tuesday => Self::Tuesday,
            jiff::civil::Weekday::Wednesday => Self::Wednesday,
            jiff::civil::Weekday::Thursday => Self::Thursday,
            jiff::civil::Weekday::Friday => Self::Friday,
            jiff::civil::Weekday::Saturday => Self::Saturday,
            jiff::civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

#[cfg(test)]
mod tests;
