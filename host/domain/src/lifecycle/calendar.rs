//! The local calendar of a zone: at which moments its days and hours begin, with days of 23 and 25 hours, days without midnight, days that
//! are skipped, and times that come twice.

use crate::clock::Timestamp;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// The beginning of the years 1 and 9000: what lies outside counts as these, for no calendar reaches that far.
const YEARS_MS: (i64, i64) = (-62_135_596_800_000, 221_845_392_000_000);
/// An hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// The moment, or the nearest one for which a calendar is kept.
pub(super) fn within_years(at: Timestamp) -> Timestamp {
    Timestamp(at.0.clamp(YEARS_MS.0, YEARS_MS.1))
}

/// What the clocks of a zone show at a moment.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    let at = exact(at);
    zone.to_offset(at).to_datetime(at)
}

/// The first moment at which the clocks of a zone show this or later: the first pass of a time that comes twice, and for one that is skipped
/// the first moment after the gap.
pub(super) fn first_moment(shown: DateTime, zone: &TimeZone) -> Timestamp {
    moment(shown, zone, |before, _| before)
}

/// The same with the last pass of a time that comes twice.
pub(super) fn last_moment(shown: DateTime, zone: &TimeZone) -> Timestamp {
    moment(shown, zone, |_, after| after)
}

/// The day of a moment: the last day that has begun. Where clocks are set back over midnight, a day that has begun does not end again.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    let shown = local(at, zone).date();
    let next = days_later(shown, 1);
    if start_of_day(next, zone) <= at { next } else { shown }
}

/// The first moment of a day.
pub(super) fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    first_moment(at_minute(day, 0), zone)
}

/// The Monday of a day's week (ISO 8601).
pub(super) fn monday_of(day: Date) -> Date {
    days_later(day, -i64::from(day.weekday().since(Weekday::Monday)))
}

/// The day this many days later, or earlier.
pub(super) fn days_later(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

/// A minute of a day, 0 to 1439.
pub(super) fn at_minute(day: Date, minute: u16) -> DateTime {
    let (hour, minute) = (i8::try_from(minute / 60).unwrap_or_default(), i8::try_from(minute % 60).unwrap_or_default());
    day.to_datetime(Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight()))
}

/// When the clocks of a zone are set, after a moment and until another, in order.
pub(super) fn changes(after: Timestamp, until: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
    let is_set = |at: &jiff::Timestamp, offset: Offset| zone.to_offset(exact(of(*at).plus_ms(-1))) != offset;
    let all = zone.following(exact(after)).map(|change| (change.timestamp(), change.offset()));
    all.take_while(move |(at, _)| of(*at) <= until)
        .filter(move |(at, offset)| is_set(at, *offset))
        .map(|(at, _)| of(at))
}

fn moment(shown: DateTime, zone: &TimeZone, pass: impl Fn(Offset, Offset) -> Offset) -> Timestamp {
    match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => by_offset(shown, offset),
        AmbiguousOffset::Fold { before, after } => by_offset(shown, pass(before, after)),
        AmbiguousOffset::Gap { before, after } => {
            let (earliest, latest) = (by_offset(shown, after), by_offset(shown, before));
            changes(earliest, latest, zone).next().unwrap_or(latest)
        }
    }
}

fn by_offset(shown: DateTime, offset: Offset) -> Timestamp {
    // Within the years that are kept every date has its moment.
    of(offset.to_timestamp(shown).unwrap_or_default())
}

fn exact(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(within_years(at).0).unwrap_or_default()
}

fn of(at: jiff::Timestamp) -> Timestamp {
    Timestamp(at.as_millisecond())
}
