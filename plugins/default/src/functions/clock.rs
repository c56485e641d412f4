//! Reading and writing moments: ISO 8601 and the formats that a document names, in zones of the bundled IANA database.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::calendar::MonthNames;
use super::century::Century;
use super::date_format::{DateReader, OFFSET_HOURS_MAX, YEAR_MIN, plain};
use super::error::{FunctionError, quote_text};
use super::limits::DATE_BYTES_MAX;

/// What formats are made of, for messages and the reference.
pub const TOKENS: [(&str, &str); 23] = [
    ("%Y", "the year with four digits"),
    ("%y", "the year with two digits; the time of the run says in which century"),
    ("%m", "the month, 1 to 12; written with two digits, read with one or two"),
    ("%B", "the name of the month, written in English, read in all languages below and in short as well"),
    ("%b", "the name of the month, written in English and in short: Jan; read like %B"),
    ("%d", "the day, 1 to 31; written with two digits, read with one or two and as in `1st` or `1er`"),
    ("%e", "the day, written with one or two digits; read like %d"),
    ("%j", "the day of the year"),
    ("%A", "the name of the weekday, written in English, read like that of a month; it must be the day's"),
    ("%a", "the name of the weekday, written in English and in short: Mon; read like %A"),
    ("%H", "the hour, 0 to 23"),
    ("%I", "the hour, 1 to 12; needs %p"),
    ("%p", "AM or PM, read as `a.m.` too"),
    ("%M", "the minute"),
    ("%S", "the second"),
    ("%f", "the fraction of a second"),
    ("%.f", "the fraction of a second with the dot before it, if there is one"),
    ("%z", "the offset from UTC, written as +0100, read as `+01:00`, `+01` and `Z` too"),
    ("%:z", "the offset from UTC, written as +01:00; read like %z"),
    ("%Z", "the abbreviation of a time zone, such as EST, CET or UTC"),
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

impl Moment {
    /// As ISO 8601.
    pub fn describe(&self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Local(at) => at.to_string(),
            Self::Instant(at) => at.to_string(),
        }
    }
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
    if format.contains("%I") && !format.contains("%p") && !format.contains("%H") {
        return reject(
            "does not say whether an hour is before or after noon",
            "write `%H`, or `%I` together with `%p`",
        );
    }
    let century = Some(Century { today: SAMPLE.date(), is_birth: false });
    let reader = DateReader { months: MonthNames::default(), century, zone: None };
    match reader.read(&written, format).map(|read| read.moment) {
        Ok(Moment::Day(date)) if date == SAMPLE.date() => Ok(()),
        Ok(Moment::Local(at)) if at.date() == SAMPLE.date() => Ok(()),
        Ok(Moment::Instant(_)) => Ok(()),
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
        let (token, behind) = split_token(&rest[start..]);
        tokens.push(token);
        rest = behind;
    }
    tokens
}

/// The token at the beginning of a text, and what is behind it.
pub fn split_token(text: &str) -> (&str, &str) {
    let marks = text.chars().skip(1).take_while(|c| matches!(c, '.' | ':')).count();
    let end = text.char_indices().nth(2 + marks).map_or(text.len(), |(end, _)| end);
    text.split_at(end)
}

/// The moment that a text says in ISO 8601: `2024-06-15`, `2024-06-15T10:30:00Z`, `2024-06-15 10:30+0200`.
pub fn iso(text: &str) -> Option<Moment> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = plain(text);
    // A zone's name in brackets is not ISO 8601, and must not be passed over.
    if text.len() > DATE_BYTES_MAX || !text.starts_with(|c: char| c.is_ascii_digit()) || text.contains('[') {
        return None;
    }
    let pieces = PARSER.parse_pieces(&*text).ok()?;
    let offset_max = 3600 * OFFSET_HOURS_MAX;
    let moment = match (pieces.time(), pieces.to_numeric_offset()) {
        (None, None) => Moment::Day(pieces.date()),
        (Some(time), None) => Moment::Local(pieces.date().to_datetime(time)),
        (Some(time), Some(offset)) if offset.seconds().abs() <= offset_max => {
            Moment::Instant(offset.to_timestamp(pieces.date().to_datetime(time)).ok()?)
        }
        _ => return None,
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
            ("2024-06-15 10", "local 2024-06-15T10:00:00"),
            ("2024-06-15T10:30:00[America/New_York]", "-"),
            ("2024-06-15T10:30:00+02:00[Europe/Berlin]", "-"),
            ("2024-06-15+02:00", "-"),
            ("2024-06-15Z", "-"),
            ("2024-02-30", "-"),
            ("2024-6-5", "-"),
            ("2024-06", "-"),
            ("2024", "-"),
            ("0026-06-15", "-"),
            ("1405-05-24", "-"),
            ("-2024-06-15", "-"),
            ("\u{feff}2024-06-15\u{200b}", "day 2024-06-15"),
            ("2024-06-15T10:30:00−05:00", "2024-06-15T15:30:00Z"),
            ("2024-06-15T10:30:00+25:00", "-"),
            ("2024-06-15T10:30:00 02:00", "-"),
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
    fn m4_formats_that_say_a_day_can_be_read() {
        for format in ["%m/%d/%Y", "%d.%m.%y", "%A, %d %B %Y", "%Y-%j", "%s", "%F %I:%M %p", "%FT%T%.f%:z", "%F %T %Z"]
        {
            assert!(check_input(format).is_ok(), "{format}");
        }
        for format in ["%m/%d", "%Y", "%F %I:%M", "%Q", "today", "%", "%Z"] {
            assert!(check_input(format).is_err(), "{format}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_or_not(text in "[0-9TZ:+. /-]{0,30}", format in "(%[YmdHMSzsFTjyIp][ /:-]?){1,6}") {
            let _ = iso(&text);
            let _ = check_input(&format);
        }
    }
}
