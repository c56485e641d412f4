//! Moments: the dates and times of leads, and those that a document names, absolute or relative to now. Now and the time zone
//! are the campaign's, never a clock's.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use hookmill_json::Value;

use crate::functions::clock;

/// The smallest JSON number that is read as milliseconds since 1970 (in 1973): a smaller one is likelier seconds.
const MILLISECONDS_MIN: i64 = 100_000_000_000;
/// Bytes of a date and time; a longer text is none.
const MOMENT_BYTES_MAX: usize = 40;
/// How far from now a document may point.
pub const DISTANCE_YEARS_MAX: u32 = 1000;

/// Now, and where.
#[derive(Clone, Debug)]
pub struct Now {
    at: Timestamp,
    zone: TimeZone,
}

/// A day, or a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day of the calendar.
    Day(Date),
    /// A point in time.
    Instant(Timestamp),
}

/// A moment as a document writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Written<'t> {
    /// `now`
    Now,
    /// `today`
    Today,
    /// `30d`, `-1y6mo`, `2h`
    Distance(Distance),
    /// `2026-01-31`, `2026-01-31T10:00:00Z`
    Absolute(&'t str),
}

/// How far from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    months: i64,
    days: i64,
    seconds: i64,
    has_time: bool,
}

impl Now {
    /// Now in a zone of the IANA database; none when there is no such zone, or no such time.
    pub fn new(now_ms: i64, time_zone: &str) -> Option<Self> {
        let at = Timestamp::from_millisecond(now_ms).ok()?;
        Some(Self { at, zone: TimeZone::get(time_zone).ok()? })
    }

    /// The day it is there.
    pub fn today(&self) -> Date {
        self.day_of(self.at)
    }

    fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Which is earlier. A day and a point in time are compared by the day that the point is on.
    pub fn compare(&self, one: Moment, other: Moment) -> Ordering {
        match (one, other) {
            (Moment::Instant(one), Moment::Instant(other)) => one.cmp(&other),
            (one, other) => self.day(one).cmp(&self.day(other)),
        }
    }

    fn day(&self, moment: Moment) -> Date {
        match moment {
            Moment::Day(day) => day,
            Moment::Instant(at) => self.day_of(at),
        }
    }

    /// The moment that a value is: a date, a date and time (without an offset in the campaign's zone), or a JSON number of
    /// milliseconds since 1970.
    pub fn read(&self, value: &Value<'_>) -> Option<Moment> {
        match value {
            Value::Number(digits) => {
                let ms = digits.parse().ok().filter(|ms| MILLISECONDS_MIN <= *ms)?;
                Timestamp::from_millisecond(ms).ok().map(Moment::Instant)
            }
            Value::Text(text) => self.read_text(text.trim()),
            _ => None,
        }
    }

    fn read_text(&self, text: &str) -> Option<Moment> {
        match read_iso(text)? {
            clock::Moment::Day(day) => Some(Moment::Day(day)),
            clock::Moment::Local(at) => Some(Moment::Instant(at.to_zoned(self.zone.clone()).ok()?.timestamp())),
            clock::Moment::Instant(at) => Some(Moment::Instant(at)),
        }
    }

    /// The moment that a document means; none when it lies outside the calendar.
    pub fn meant(&self, written: Written<'_>) -> Option<Moment> {
        match written {
            Written::Now => Some(Moment::Instant(self.at)),
            Written::Today => Some(Moment::Day(self.today())),
            Written::Absolute(text) => self.read_text(text),
            Written::Distance(distance) => self.away(distance),
        }
    }

    fn away(&self, distance: Distance) -> Option<Moment> {
        let span = Span::new().try_months(distance.months).ok()?.try_days(distance.days).ok()?;
        if !distance.has_time {
            return self.today().checked_add(span).ok().map(Moment::Day);
        }
        let span = span.try_seconds(distance.seconds).ok()?;
        let there = self.at.to_zoned(self.zone.clone()).checked_add(span).ok()?;
        Some(Moment::Instant(there.timestamp()))
    }

    /// The full years since a birthday; none for what is not a date, or a day to come. Somebody who is born on 29 February is a
    /// year older on 1 March of other years. Of a date and time the date counts as it is written.
    pub fn age(&self, birthday: &Value<'_>) -> Option<u16> {
        let born = match birthday {
            Value::Text(text) => {
                let text = text.trim();
                self.read_text(text)?;
                day_of_text(text.get(..10)?)?
            }
            value => match self.read(value)? {
                Moment::Day(day) => day,
                Moment::Instant(at) => at.to_zoned(TimeZone::UTC).date(),
            },
        };
        let today = self.today();
        let had_birthday = (born.month(), born.day()) <= (today.month(), today.day());
        let years = today.year() - born.year() - i16::from(!had_birthday);
        u16::try_from(years).ok()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Instant(at) => write!(f, "{at}"),
        }
    }
}

/// Whether a text is a date, or a date and time, of the calendar.
pub fn is_moment(text: &str) -> bool {
    read_iso(text).is_some()
}

/// A date, or a date and time, in the extended form of ISO 8601.
fn read_iso(text: &str) -> Option<clock::Moment> {
    let is_shaped = text.len() == 10 && begins_like_a_date(text) || begins_like_a_time(text);
    if is_shaped { clock::iso(text) } else { None }
}

fn day_of_text(text: &str) -> Option<Date> {
    if text.len() != 10 || !begins_like_a_date(text) {
        return None;
    }
    text.parse().ok()
}

fn begins_like_a_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(shape)
}

fn begins_like_a_time(text: &str) -> bool {
    text.len() <= MOMENT_BYTES_MAX
        && begins_like_a_date(text)
        && text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b't' | b' '))
}

impl<'t> Written<'t> {
    /// Reads a moment of a document, or says why it is none.
    pub fn read(text: &'t str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "today" => Ok(Self::Today),
            _ if is_moment(text) => Ok(Self::Absolute(text)),
            _ => Distance::read(text).map(Self::Distance),
        }
    }

    /// Whether it moves with now.
    pub fn is_relative(self) -> bool {
        !matches!(self, Self::Absolute(_))
    }

    /// Which of two is earlier, whenever that is asked; none when it depends.
    pub fn order(self, other: Self) -> Option<Ordering> {
        if self.is_relative() != other.is_relative() {
            return None;
        }
        // A leap day, a year's last second and a day after February: months and days stand differently to each other.
        let at = |now_ms| {
            let now = Now { at: Timestamp::from_millisecond(now_ms).ok()?, zone: TimeZone::UTC };
            Some(now.compare(now.meant(self)?, now.meant(other)?))
        };
        let first = at(1_709_164_800_000)?;
        [1_735_689_599_000, 1_678_838_400_000].into_iter().all(|now_ms| at(now_ms) == Some(first)).then_some(first)
    }
}

/// The units of a distance, and how many of them [`DISTANCE_YEARS_MAX`] has at least.
const UNITS: [(&str, u32); 7] =
    [("y", 1), ("mo", 12), ("w", 52), ("d", 365), ("h", 365 * 24), ("min", 365 * 24 * 60), ("s", 365 * 24 * 60 * 60)];

impl Distance {
    /// Reads `30d` or `-1y6mo`, or says why it is none.
    fn read(text: &str) -> Result<Self, String> {
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let mut distance = Self::default();
        if rest.is_empty() {
            return Err(no_moment(text));
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
            let (unit, after) = after.split_at(letters);
            distance.add(sign, number, unit, text)?;
            rest = after;
        }
        Ok(distance)
    }

    fn add(&mut self, sign: i64, number: &str, unit: &str, whole: &str) -> Result<(), String> {
        if unit == "m" && !number.is_empty() {
            return Err(format!("`{number}m` can be months or minutes: write `{number}mo` or `{number}min`"));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit).filter(|_| !number.is_empty());
        let (_, in_year) = known.ok_or_else(|| no_moment(whole))?;
        let most = u64::from(*in_year) * u64::from(DISTANCE_YEARS_MAX);
        let too_far = || format!("`{number}{unit}` is more than {DISTANCE_YEARS_MAX} years away");
        let number: u64 = number.parse().ok().filter(|number| *number <= most).ok_or_else(too_far)?;
        let number = sign * i64::try_from(number).map_err(|_| too_far())?;
        match unit {
            "y" => self.months += 12 * number,
            "mo" => self.months += number,
            "w" => self.days += 7 * number,
            "d" => self.days += number,
            "h" => self.seconds += 3600 * number,
            "min" => self.seconds += 60 * number,
            _ => self.seconds += number,
        }
        self.has_time |= matches!(unit, "h" | "min" | "s");
        Ok(())
    }

    /// Whether it is measured in hours, minutes or seconds.
    pub fn has_time(self) -> bool {
        self.has_time
    }

    /// Whether it points back.
    pub fn is_past(self) -> bool {
        (self.months, self.days, self.seconds) < (0, 0, 0)
    }
}

/// The seconds of a duration such as `1h30min`; none for what is not one, points back, or has months or years, which are not all of
/// one length.
pub fn duration_seconds(text: &str) -> Option<u64> {
    let Ok(Written::Distance(distance)) = Written::read(text) else { return None };
    let seconds = distance.days.checked_mul(86_400)?.checked_add(distance.seconds)?;
    u64::try_from(seconds).ok().filter(|_| distance.months == 0)
}

fn no_moment(text: &str) -> String {
    format!(
        "`{text}` is not a date, time or distance from now; write it like `2026-01-31`, `2026-01-31T10:00:00Z`, `now`, `today`, `30d` or `-1y6mo` (y, mo, w, d, h, min, s)"
    )
}

#[cfg(test)]
mod tests;
