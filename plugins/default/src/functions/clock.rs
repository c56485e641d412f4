//! Reading and writing moments: ISO 8601 and the formats that a document names, in zones of the bundled IANA database.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::error::{FunctionError, quote_text};
use super::limits::DATE_BYTES_MAX;

/// Years before this are not meant: `26` is read by `%y`, and nobody who sends a lead writes of the year 26.
const YEAR_MIN: i16 = 1000;

/// What formats are made of, for messages and the reference.
pub const TOKENS: [(&str, &str); 22] = [
    ("%Y", "the year with four digits"),
    ("%y", "the year with two digits, 1969 to 2068"),
    ("%m", "the month, 1 to 12; written with two digits, read with one or two"),
    ("%B", "the English name of the month"),
    ("%b", "the English name of the month in short: Jan"),
    ("%d", "the day, 1 to 31; written with two digits, read with one or two"),
    ("%e", "the day, written with one or two digits"),
    ("%j", "the day of the year"),
    ("%A", "the English name of the weekday"),
    ("%a", "the English name of the weekday in short: Mon"),
    ("%H", "the hour, 0 to 23"),
    ("%I", "the hour, 1 to 12; needs %p"),
    ("%p", "AM or PM"),
    ("%M", "the minute"),
    ("%S", "the second"),
    ("%f", "the fraction of a second"),
    ("%.f", "the fraction of a second with the dot before it, if there is one"),
    ("%z", "the offset from UTC: +0100"),
    ("%:z", "the offset from UTC: +01:00"),
    ("%s", "the seconds since 1970"),
    ("%F", "the same as %Y-%m-%d"),
    ("%T", "the same as %H:%M:%S"),
];

/// Why a format can't be used.
#[derive(Debug)]
pub struct BadFormat {
    /// What is wrong.
    pub message: String,
    /// A suggested fix.
    pub hint: Option<String>,
}

/// What a text says about time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A day.
    Day(Date),
    /// A day and a time somewhere.
    Local(DateTime),
    /// A moment everywhere.
    Instant(Timestamp),
}

/// The zones of most campaigns. All of them would make the image of an instance half as large again, and what is in the image is
/// looked through when an instance ends.
const USUAL_ZONES: [&str; 14] = [
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Toronto",
    "America/Vancouver",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Sydney",
];

/// Reads the usual zones, so that no batch has to: one takes about 20 microseconds, and is then kept. Another zone is read when a
/// batch first asks for it.
pub fn prepare() {
    for name in USUAL_ZONES {
        drop(std::hint::black_box(TimeZone::get(name)));
    }
}

/// Whether this is a name of the zone database.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// A zone by its name.
pub fn zone(name: &str) -> Result<TimeZone, FunctionError> {
    TimeZone::get(name).map_err(|_| {
        let hint = "set the campaign's time zone to a name such as America/New_York";
        FunctionError::new("unknown_zone", format!("{} is not a time zone; {hint}", quote_text(name)))
    })
}

/// Whether times can be written in this format.
pub fn check_output(format: &str) -> Result<(), BadFormat> {
    sample_in(format).map(|_| ())
}

/// Whether dates can be read by this format: what is written in it must read back as the same day.
pub fn check_input(format: &str) -> Result<(), BadFormat> {
    let written = sample_in(format)?;
    let reject =
        |what: &str, hint: &str| Err(BadFormat { message: format!("`{format}` {what}"), hint: Some(hint.to_owned()) });
    let day = "name day, month and year, as in `%m/%d/%Y`";
    match by_format(&written, format) {
        Some(Moment::Day(date)) if date == SAMPLE.date() => Ok(()),
        Some(Moment::Local(at)) if at.date() == SAMPLE.date() && at.hour() == SAMPLE.hour() => Ok(()),
        Some(Moment::Local(at)) if at.date() == SAMPLE.date() => {
            reject("does not say whether an hour is before or after noon", "write `%H`, or `%I` together with `%p`")
        }
        Some(Moment::Instant(_)) => Ok(()),
        _ => reject("does not say which day is meant", day),
    }
}

/// A moment at which no part of a date or time can be taken for another one.
const SAMPLE: DateTime = jiff::civil::datetime(2024, 6, 15, 13, 30, 45, 0);

fn sample_in(format: &str) -> Result<String, BadFormat> {
    let tokens = || TOKENS.map(|(token, _)| token).join(" ");
    let reject = |why: String| BadFormat {
        message: format!("`{format}` is not a date format: {why}"),
        hint: Some(format!("it is made of {}", tokens())),
    };
    for token in tokens_of(format) {
        if token != "%%" && !TOKENS.iter().any(|(known, _)| *known == token) {
            return Err(reject(format!("there is no `{token}`")));
        }
    }
    if !format.contains('%') {
        return Err(reject("it has no token".to_owned()));
    }
    let sample = SAMPLE.to_zoned(TimeZone::UTC).map_err(|error| reject(error.to_string()))?;
    BrokenDownTime::from(&sample).to_string(format).map_err(|error| reject(error.to_string()))
}

/// Each token of a format, as `%m`, `%.f` or `%:z`.
fn tokens_of(format: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        rest = &rest[start..];
        let marks = rest[1..].chars().take_while(|c| matches!(c, '.' | ':')).count();
        let end = rest.char_indices().nth(2 + marks).map_or(rest.len(), |(end, _)| end);
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

/// The moment that a text says in ISO 8601: `2024-06-15`, `2024-06-15T10:30:00Z`, `2024-06-15 10:30+0200`.
pub fn iso(text: &str) -> Option<Moment> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = text.trim();
    // A zone's name in brackets is not ISO 8601, and must not be passed over.
    if text.len() > DATE_BYTES_MAX || !text.starts_with(|c: char| c.is_ascii_digit()) || text.contains('[') {
        return None;
    }
    let is_day = !text.contains([':', 'T', 't']);
    if let Ok(instant) = PARSER.parse_timestamp(text) {
        return Some(Moment::Instant(instant)).filter(is_plausible);
    }
    if is_day {
        return PARSER.parse_date(text).ok().map(Moment::Day).filter(is_plausible);
    }
    PARSER.parse_datetime(text).ok().map(Moment::Local).filter(is_plausible)
}

/// The moment that a text says in a format.
pub fn by_format(text: &str, format: &str) -> Option<Moment> {
    let text = text.trim();
    if text.len() > DATE_BYTES_MAX {
        return None;
    }
    let read = BrokenDownTime::parse(format, text).ok()?;
    let moment = if read.offset().is_some() || read.timestamp().is_some() {
        Moment::Instant(read.to_timestamp().ok()?)
    } else if read.hour().is_some() {
        Moment::Local(read.to_datetime().ok()?)
    } else {
        Moment::Day(read.to_date().ok()?)
    };
    Some(moment).filter(is_plausible)
}

fn is_plausible(moment: &Moment) -> bool {
    let year = match moment {
        Moment::Day(date) => date.year(),
        Moment::Local(at) => at.year(),
        Moment::Instant(at) => at.to_zoned(TimeZone::UTC).year(),
    };
    YEAR_MIN <= year
}

/// A moment in a zone, and whether the clocks there showed this time twice or never.
pub fn in_zone(at: DateTime, zone: &TimeZone) -> Option<(Zoned, bool)> {
    let found = zone.to_ambiguous_zoned(at);
    let is_odd = found.is_ambiguous();
    Some((found.compatible().ok()?, is_odd))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn describe(moment: Option<Moment>) -> String {
        match moment {
            None => "-".to_owned(),
            Some(Moment::Day(day)) => format!("day {day}"),
            Some(Moment::Local(at)) => format!("local {at}"),
            Some(Moment::Instant(at)) => at.to_string(),
        }
    }

    #[test]
    fn m4_what_is_iso_8601_and_what_is_not() {
        for (text, expected) in [
            ("2024-06-15", "day 2024-06-15"),
            (" 2024-06-15 ", "day 2024-06-15"),
            ("20240615", "day 2024-06-15"),
            ("2024-06-15T10:30:00Z", "2024-06-15T10:30:00Z"),
            ("2024-06-15t10:30:00.5z", "2024-06-15T10:30:00.5Z"),
            ("2024-06-15 10:30+0200", "2024-06-15T08:30:00Z"),
            ("2024-06-15T10:30:00-05:30", "2024-06-15T16:00:00Z"),
            ("2024-06-15 10:30", "local 2024-06-15T10:30:00"),
            ("2024-06-15T10:30:00[America/New_York]", "-"),
            ("2024-06-15T10:30:00+02:00[Europe/Berlin]", "-"),
            ("2024-06-15+02:00", "-"),
            ("2024-06-15Z", "-"),
            ("2024-02-30", "-"),
            ("2024-6-5", "-"),
            ("2024-06", "-"),
            ("2024", "-"),
            ("0026-06-15", "-"),
            ("-2024-06-15", "-"),
            ("1718447400", "-"),
            ("15/06/2024", "-"),
            ("2024-06-15T25:00:00Z", "-"),
            ("2024-06-15 and more", "-"),
            ("", "-"),
        ] {
            assert_eq!(describe(iso(text)), expected, "{text}");
        }
    }

    #[test]
    fn m4_formats_take_what_they_name_and_no_more() {
        for (text, format, expected) in [
            ("3/4/2026", "%m/%d/%Y", "day 2026-03-04"),
            ("03/04/26", "%m/%d/%y", "day 2026-03-04"),
            ("03/04/69", "%m/%d/%y", "day 1969-03-04"),
            ("03/04/26", "%m/%d/%Y", "-"),
            ("03/04/2026 x", "%m/%d/%Y", "-"),
            ("13/04/2026", "%m/%d/%Y", "-"),
            ("02/29/2026", "%m/%d/%Y", "-"),
            ("june 5, 2026", "%B %d, %Y", "day 2026-06-05"),
            ("05-Jun-2026 1:05 PM", "%d-%b-%Y %I:%M %p", "local 2026-06-05T13:05:00"),
            ("2026-06-05T13:05:00+0000", "%Y-%m-%dT%H:%M:%S%z", "2026-06-05T13:05:00Z"),
            ("1718447400", "%s", "2024-06-15T10:30:00Z"),
        ] {
            assert!(check_input(format).is_ok(), "{format}");
            assert_eq!(describe(by_format(text, format)), expected, "{text} in {format}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_or_not(text in "[0-9TZ:+. /-]{0,30}", format in "(%[YmdHMSzsFTjyIp][ /:-]?){1,6}") {
            let _ = iso(&text);
            if check_input(&format).is_ok() {
                let _ = by_format(&text, &format);
            }
        }
    }
}
