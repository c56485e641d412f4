//! Dates and times as text: ISO 8601 in between, other formats where the document names them.

use std::borrow::Cow;

use hookmill_decimal::Decimal;
use hookmill_json::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::calendar::{LANGUAGES, MonthNames, describe_meanings};
use super::call::Call;
use super::century::Century;
use super::clock::{self, Moment};
use super::date_format::{DateReader, Misfit, ReadDate, plain};
use super::date_hint::suggest;
use super::error::{FunctionError, quote_text};
use super::limits::DATE_BYTES_MAX;
use super::rfc3339::{PRECISIONS, Precision, of_milliseconds, rfc3339};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Parameter, Run, Spec, example, optional, required};
use super::zone_name::ZoneNameError;
use crate::plan::Argument;

/// A function that reads a date or time in ISO 8601.
const TIME: Spec = Spec {
    takes: Kind::Time,
    gives: Kind::Time,
    lists: Lists::Rejected,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_time", "wrong_type", "wrong_type"]),
    errors: &[
        ("not_a_time", "the text is not a date or time in ISO 8601, or no such day exists"),
        ("unknown_zone", "the campaign's time zone is unknown"),
    ],
    ..Spec::USUAL
};

const READING: Spec = Spec {
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_date", "wrong_type", "wrong_type"]),
    errors: &[
        ("not_a_date", "the text fits none of the formats, no such day exists, or it is another weekday"),
        ("ambiguous_month", "the name of the month means another one in another language"),
        ("ambiguous_zone", "the abbreviation of the zone means several zones"),
        ("no_time_of_day", "the text says a day only"),
        ("unknown_zone", "the campaign's time zone is unknown"),
    ],
    warnings: &[
        ("ambiguous_century", "the year has two digits, and the day could be meant in two centuries"),
        ("ambiguous_date", "the text means another day in a later format of the list; the first one was taken"),
        AMBIGUOUS_TIME,
    ],
    ..TIME
};

const AMBIGUOUS_TIME: (&str, &str) =
    ("ambiguous_time", "clocks showed this time twice, or never, because they were changed");

const DATE_ERRORS: &[(&str, &str)] = &[
    READING.errors[0],
    READING.errors[1],
    READING.errors[2],
    ("in_the_future", "the date is one of birth and after the day of the run"),
    ("not_a_time", "the time of the run is outside the years that can be written"),
    ("unknown_zone", "the campaign's time zone is unknown"),
];

const FORMATS: Parameter = optional(
    "formats",
    ArgumentKind::Formats,
    "ISO 8601",
    "the formats in which the text may be written, such as `%m/%d/%Y`, in the order in which they are tried",
);

const LANGUAGE: Parameter = optional(
    "language",
    ArgumentKind::Word(&LANGUAGES),
    "a name that means two months is rejected",
    "whose names of months are meant where languages differ, ISO 639",
);

const MONTHS: Parameter = optional(
    "months",
    ArgumentKind::Months,
    "the names of these languages",
    "names of months to add, with their numbers, such as `{Ionawr: 1, Chwefror: 2}`",
);

const ZONE: Parameter = optional(
    "zone",
    ArgumentKind::Zone,
    "the campaign's time zone",
    "the zone in which a time without an offset is meant, and which an abbreviation such as CST is one of",
);

/// Where the arguments of the functions that read by formats stand.
const FORMATS_AT: usize = 0;
const LANGUAGE_AT: usize = 1;
const MONTHS_AT: usize = 2;
const ZONE_AT: usize = 3;
const BIRTH_AT: usize = 4;

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "date",
        summary: "Reads a date, or the day of a time, and writes it as YYYY-MM-DD.",
        parameters: &[
            FORMATS,
            LANGUAGE,
            MONTHS,
            optional(
                "zone",
                ArgumentKind::Zone,
                "the campaign's time zone",
                "the zone whose day is meant, for a time with an offset",
            ),
            optional(
                "birth",
                ArgumentKind::OfBirth,
                "true in the field `date_of_birth`, else false",
                "whether it is a date of birth, which is never after the day of the run",
            ),
        ],
        examples: &[
            example("date", r#""1990-05-15""#, r#""1990-05-15""#),
            example("date", r#""2026-03-08T02:09:27+0000""#, r#""2026-03-07""#),
            example("{date: '%m/%d/%Y'}", r#""10/12/1976""#, r#""1976-10-12""#),
            example("{date: ['%m/%d/%Y', '%d/%m/%Y']}", r#""13/02/2026""#, r#""2026-02-13""#),
            example("{date: ['%m/%d/%Y', '%d/%m/%Y']}", r#""03/04/2026""#, r#""2026-03-04" + ambiguous_date"#),
            example("{date: ['%m/%d/%Y', '%d/%m/%Y']}", r#""04/04/2026""#, r#""2026-04-04""#),
            example("date", r#""02/30/2026""#, "not_a_date"),
            example("{date: '%m/%d/%Y'}", r#""02/30/2026""#, "not_a_date"),
            example("{date: '%m/%d/%Y'}", r#""02/03/26""#, "not_a_date"),
            example("{date: '%d %B %Y'}", r#""1er févr. 2025""#, r#""2025-02-01""#),
            example("{date: '%d %B %Y'}", r#""Samstag, 3. August 2024""#, r#""2024-08-03""#),
            example("{date: '%d %B %Y'}", r#""Sonntag, 3. August 2024""#, "not_a_date"),
            example("{date: '%d %B %Y'}", r#""15 listopada 2023""#, "ambiguous_month"),
            example("{date: {formats: '%d %B %Y', language: pl}}", r#""15 listopada 2023""#, r#""2023-11-15""#),
            example("{date: {formats: '%d %B %Y', months: {Ionawr: 1}}}", r#""15 Ionawr 2024""#, r#""2024-01-15""#),
            example("{date: '%m/%d/%y'}", r#""03/04/85""#, r#""1985-03-04""#),
            example("{date: '%m/%d/%y'}", r#""03/04/60""#, r#""1960-03-04" + ambiguous_century"#),
            example("{date: {formats: '%m/%d/%y', birth: true}}", r#""03/04/60""#, r#""1960-03-04""#),
            example("{date: {formats: '%m/%d/%y', birth: true}}", r#""06/16/24""#, r#""1924-06-16""#),
            example(
                "{date: {formats: '%m/%d/%y', birth: true}}",
                r#""03/04/10""#,
                r#""2010-03-04" + ambiguous_century"#,
            ),
            example("{date: {formats: '%m/%d/%Y', birth: true}}", r#""03/04/2060""#, "in_the_future"),
        ],
        errors: DATE_ERRORS,
        run: Run::ReadFilled(date),
        ..READING
    },
    Spec {
        name: "time",
        summary: "Reads a date and time and writes it in RFC 3339 in UTC; a time without an offset is one of the zone.",
        parameters: &[FORMATS, LANGUAGE, MONTHS, ZONE],
        examples: &[
            example("time", r#""2026-03-08T09:09:27+0000""#, r#""2026-03-08T09:09:27Z""#),
            example("{time: ['%m/%d/%Y %I:%M %p']}", r#""06/15/2024 1:30 pm""#, r#""2024-06-15T17:30:00Z""#),
            example("{time: {zone: Europe/Berlin}}", r#""2024-06-15 10:30""#, r#""2024-06-15T08:30:00Z""#),
            example("{time: '%m/%d/%Y %H:%M %Z'}", r#""06/15/2024 13:30 PDT""#, r#""2024-06-15T20:30:00Z""#),
            example("{time: '%m/%d/%Y %H:%M %Z'}", r#""01/15/2024 13:30 CST""#, "ambiguous_zone"),
            example(
                "{time: {formats: '%m/%d/%Y %H:%M %Z', zone: America/Chicago}}",
                r#""01/15/2024 13:30 CST""#,
                r#""2024-01-15T19:30:00Z""#,
            ),
            example("time", r#""2026-11-01T01:30:00""#, r#""2026-11-01T05:30:00Z" + ambiguous_time"#),
            example("time", r#""2026-03-08""#, "no_time_of_day"),
        ],
        run: Run::ReadFilled(time),
        ..READING
    },
    Spec {
        name: "is_date",
        summary: "Says whether a text is a date in one of the formats, and the day exists.",
        gives: Kind::Boolean,
        lists: Lists::Each,
        parameters: &[FORMATS, LANGUAGE, MONTHS],
        on_empty: EmptyInput::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        errors: &[("not_a_time", "the time of the run is outside the years that can be written")],
        warnings: &[],
        examples: &[
            example("{is_date: '%m/%d/%Y'}", r#""02/29/2024""#, "true"),
            example("{is_date: '%m/%d/%Y'}", r#""02/29/2026""#, "false"),
        ],
        run: Run::Read(|text, call| Ok(Some(Value::Bool(first_reading(text, call)?.is_ok())))),
        ..READING
    },
    Spec {
        name: "epoch",
        summary: "Writes a number of seconds or milliseconds since 1970 as a time of RFC 3339 in UTC.",
        takes: Kind::Number,
        parameters: &[required("unit", ArgumentKind::Word(&["s", "ms"]), "seconds or milliseconds")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"1970-01-01T00:00:00Z\"", "wrong_type", "wrong_type"]),
        errors: &[
            ("not_a_number", "it is not a number"),
            ("number_too_long", "the number has more digits than NUMBER_DIGITS_MAX"),
            ("not_a_time", "it is outside the years 0000 to 9999, or counts parts of a millisecond"),
        ],
        examples: &[
            example("{epoch: s}", "1438292065", "\"2015-07-30T21:34:25Z\""),
            example("{epoch: ms}", "\"1462216307945\"", "\"2016-05-02T19:11:47.945Z\""),
            example("{epoch: s}", "1462216307945", "not_a_time"),
        ],
        run: Run::Number(epoch),
        ..TIME
    },
    Spec {
        name: "to_epoch",
        summary: "Gives the seconds or milliseconds since 1970 of a time, or of the midnight that begins a day in a zone that is named.",
        gives: Kind::Number,
        parameters: &[
            required("unit", ArgumentKind::Word(&["s", "ms"]), "seconds or milliseconds"),
            optional(
                "zone",
                ArgumentKind::Zone,
                "the campaign's time zone for a time, none for a day",
                "the zone in which a day or a time without an offset is meant",
            ),
        ],
        errors: &[
            ("not_a_time", "the text is not a date or time in ISO 8601"),
            ("no_time_of_day", "the text says a day only, and no zone is named"),
            ("unknown_zone", "the campaign's time zone is unknown"),
        ],
        warnings: &[AMBIGUOUS_TIME],
        examples: &[
            example("{to_epoch: s}", r#""2015-07-30T21:34:25Z""#, "1438292065"),
            example("{to_epoch: ms}", r#""1969-12-31T23:59:59.999Z""#, "-1"),
            example("{to_epoch: ms}", r#""1990-05-15""#, "no_time_of_day"),
            example("{to_epoch: {unit: ms, zone: UTC}}", r#""1990-05-15""#, "642729600000"),
        ],
        run: Run::ReadFilled(to_epoch),
        ..TIME
    },
    Spec {
        name: "rfc3339",
        summary: "Writes a number of milliseconds since 1970 as a date and time of RFC 3339 in UTC.",
        takes: Kind::Number,
        parameters: &[optional(
            "precision",
            ArgumentKind::Word(&PRECISIONS),
            "milliseconds where there are any",
            "always whole seconds, with what is below them cut off (`s`), or always milliseconds (`ms`)",
        )],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"1970-01-01T00:00:00Z\"", "wrong_type", "wrong_type"]),
        errors: &[("not_a_time", "it is not an integer of milliseconds, or outside the years 0000 to 9999")],
        examples: &[
            example("rfc3339", "1718447400000", "\"2024-06-15T10:30:00Z\""),
            example("rfc3339", "1718447400250", "\"2024-06-15T10:30:00.250Z\""),
            example("{rfc3339: s}", "1718447400250", "\"2024-06-15T10:30:00Z\""),
            example("{rfc3339: ms}", "1718447400000", "\"2024-06-15T10:30:00.000Z\""),
        ],
        run: Run::ReadFilled(|text, call| of_milliseconds(text, Precision::of_word(call.word(0))).map(Some)),
        ..TIME
    },
    Spec {
        name: "in_zone",
        summary: "Writes a time of RFC 3339 with the offset that a zone has at that moment.",
        parameters: &[optional("zone", ArgumentKind::Zone, "the campaign's time zone", "the zone")],
        errors: TO_EPOCH_ERRORS,
        examples: &[
            example("in_zone", r#""2026-03-08T09:09:27Z""#, r#""2026-03-08T05:09:27-04:00""#),
            example("{in_zone: Asia/Kolkata}", r#""2026-03-08T09:09:27+0000""#, r#""2026-03-08T14:39:27+05:30""#),
        ],
        run: Run::ReadFilled(in_zone),
        ..TIME
    },
    Spec {
        name: "format_date",
        summary: "Writes a date or time in ISO 8601 in another format.",
        gives: Kind::Text,
        parameters: &[
            required("format", ArgumentKind::Format, "the format, such as `%m/%d/%Y`"),
            optional(
                "zone",
                ArgumentKind::Zone,
                "the campaign's time zone",
                "the zone in which a time with an offset is written",
            ),
        ],
        errors: &[
            ("not_a_time", "the text is not a date or time in ISO 8601"),
            ("no_time_of_day", "the format asks for a time, and the text says a day only"),
            ("unknown_zone", "the campaign's time zone is unknown"),
        ],
        examples: &[
            example("{format_date: '%m/%d/%Y'}", r#""1976-10-12""#, r#""10/12/1976""#),
            example(
                "{format_date: '%B %e, %Y at %I:%M %p'}",
                r#""2024-06-15T10:30:00Z""#,
                r#""June 15, 2024 at 06:30 AM""#,
            ),
            example("{format_date: '%H:%M'}", r#""1976-10-12""#, "no_time_of_day"),
        ],
        run: Run::ReadFilled(format_date),
        ..TIME
    },
    Spec {
        name: "age",
        summary: "Gives the age in whole years, today in the zone, of someone born on a date in ISO 8601.",
        gives: Kind::Number,
        parameters: &[optional(
            "zone",
            ArgumentKind::Zone,
            "the campaign's time zone",
            "the zone whose today is meant",
        )],
        errors: &[
            ("not_a_time", "the text is not a date in ISO 8601"),
            ("in_the_future", "the date has not come yet"),
            ("unknown_zone", "the campaign's time zone is unknown"),
        ],
        examples: &[
            example("age", r#""1990-06-15""#, "34"),
            example("age", r#""1990-06-16""#, "33"),
            example("age", r#""2024-06-16""#, "in_the_future"),
        ],
        run: Run::ReadFilled(age),
        ..TIME
    },
];

const TO_EPOCH_ERRORS: &[(&str, &str)] = &[
    ("not_a_time", "the text is not a date or time in ISO 8601"),
    ("no_time_of_day", "the text says a day only"),
    ("unknown_zone", "the campaign's time zone is unknown"),
];

fn zone_of(call: &Call<'_, '_>, place: usize) -> Result<TimeZone, FunctionError> {
    clock::zone(call.text(place).unwrap_or_else(|| call.context.time_zone()))
}

/// How a call reads dates; where no year has two digits, the day of the run is not needed.
fn reader<'t>(call: &Call<'_, 't>, has_short_years: bool) -> Result<DateReader<'t>, FunctionError> {
    let language = matches!(call.arguments.get(LANGUAGE_AT), Some(Argument::Word(_)));
    let months = MonthNames { language: language.then(|| call.word(LANGUAGE_AT)), added: call.pairs(MONTHS_AT) };
    let is_birth = call.flag(BIRTH_AT);
    let century = match has_short_years {
        true => Some(Century { today: today(call, zone_of(call, ZONE_AT)?)?, is_birth }),
        false => None,
    };
    Ok(DateReader { months, century, zone: call.text(ZONE_AT) })
}

fn has_short_year(format: &str) -> bool {
    format.contains("%y")
}

/// The day of the run in a zone.
fn today(call: &Call<'_, '_>, zone: TimeZone) -> Result<Date, FunctionError> {
    let outside = |_| FunctionError::new("not_a_time", "the time of this run is outside the years that can be written");
    Ok(Timestamp::from_millisecond(call.context.now_ms()).map_err(outside)?.to_zoned(zone).date())
}

/// The first format that fits, by its place, and what the text says in it; else the first reason why it says none that is more than
/// that it is written otherwise.
type Reading = Result<(usize, ReadDate), Misfit>;

fn first_reading(text: &str, call: &Call<'_, '_>) -> Result<Reading, FunctionError> {
    let Some(formats) = call.texts(FORMATS_AT) else {
        let read = clock::iso(text).map(|moment| (0, ReadDate { moment, other_century: None }));
        return Ok(read.ok_or_else(|| iso_misfit(text)));
    };
    let mut misfit = Misfit::Otherwise;
    if text.len() > DATE_BYTES_MAX {
        return Ok(Err(misfit));
    }
    let reader = reader(call, formats.iter().any(|format| has_short_year(format)))?;
    for (place, format) in formats.iter().enumerate() {
        match reader.read(text, format) {
            Ok(read) => return Ok(Ok((place, read))),
            Err(why) if misfit == Misfit::Otherwise => misfit = why,
            Err(_) => {}
        }
    }
    Ok(Err(misfit))
}

/// Why a text is not a date or time in ISO 8601.
fn iso_misfit(text: &str) -> Misfit {
    if DATE_BYTES_MAX < text.len() {
        return Misfit::Otherwise;
    }
    let text = plain(text);
    let (day, rest) = text.split_at_checked("2024-06-15".len()).unwrap_or((&text, ""));
    let reader = DateReader { months: MonthNames::default(), century: None, zone: None };
    match reader.read(day, "%Y-%m-%d") {
        Err(misfit @ Misfit::NoSuchDay(_)) if rest.is_empty() || rest.starts_with(['T', 't', ' ']) => misfit,
        _ => Misfit::Otherwise,
    }
}

/// What the text says in the first format that fits, with a warning when it could be meant as something else.
fn read_first_format(text: &str, call: &Call<'_, '_>) -> Result<Moment, FunctionError> {
    let (place, read) = match first_reading(text, call)? {
        Ok(found) => found,
        Err(misfit) => return Err(reject(text, call, &misfit)?),
    };
    let formats = call.texts(FORMATS_AT).unwrap_or_default();
    if let Some((taken, later)) = formats.get(place..).and_then(<[_]>::split_first)
        && !later.is_empty()
    {
        let reader = reader(call, later.iter().any(|format| has_short_year(format)))?;
        let differs = |format: &&Cow<'_, str>| reader.read(text, format).is_ok_and(|other| other.moment != read.moment);
        if let Some(other) = later.iter().find(differs) {
            let message = format!("{} was read as `{taken}`, but could be meant as `{other}`", quote_text(text));
            call.context.warn("ambiguous_date", message);
        }
    }
    if let Some(other) = read.other_century {
        let message =
            format!("{} was read as {}, but could be meant as {other}", quote_text(text), read.moment.describe());
        call.context.warn("ambiguous_century", message);
    }
    Ok(read.moment)
}

/// Why a text is rejected, with the suggested fix.
fn reject(text: &str, call: &Call<'_, '_>, misfit: &Misfit) -> Result<FunctionError, FunctionError> {
    let name = call.name;
    let (code, reason) = match misfit {
        Misfit::Otherwise => ("not_a_date", not_a_date(text, call)?),
        Misfit::NoSuchDay(why) => ("not_a_date", no_such_day(why)),
        Misfit::Weekday(day) => {
            let weekday = day.strftime("%A");
            (
                "not_a_date",
                format!(
                    "names another weekday, but {day} is a {weekday}; correct it, or check the order of day and month"
                ),
            )
        }
        Misfit::Month(month, meanings) => {
            let hint = format!("name the language: `{{{name}: {{formats: ..., language: ...}}}}`");
            ("ambiguous_month", format!("has `{month}`, which is {}; {hint}", describe_meanings(meanings)))
        }
        Misfit::Zone(ZoneNameError::Unknown(zone)) => {
            let hint = "take it out of text and format, and name the zone: `zone: America/New_York`";
            ("not_a_date", format!("has `{zone}`, which is not a known abbreviation of a time zone; {hint}"))
        }
        Misfit::Zone(ZoneNameError::Several(zone, meanings)) => {
            let zones: Vec<String> = meanings.iter().map(|(zone, _)| format!("`{zone}`")).collect();
            let hint = format!("name the one that is meant with `zone`: {}", zones.join(", "));
            ("ambiguous_zone", format!("has `{zone}`, which means several time zones; {hint}"))
        }
    };
    Ok(FunctionError::of_text(code, text, &reason))
}

fn not_a_date(text: &str, call: &Call<'_, '_>) -> Result<String, FunctionError> {
    let text = text.trim();
    let suggested = if text.len() > DATE_BYTES_MAX { None } else { suggest(text, call.name, &reader(call, true)?) };
    let formats = call.texts(FORMATS_AT).unwrap_or_default();
    if formats.is_empty() {
        let hint = suggested.unwrap_or_else(|| format!("`{{{}: '%m/%d/%Y'}}`", call.name));
        return Ok(format!("is not a date in ISO 8601 such as 2024-06-15; name its format: {hint}"));
    }
    let formats: Vec<String> = formats.iter().map(|one| format!("`{one}`")).collect();
    let hint = suggested.map(|hint| format!("; {hint}")).unwrap_or_default();
    Ok(format!("is not a date in {}{hint}", formats.join(", ")))
}

fn no_such_day(why: &str) -> String {
    format!("is not a day of the calendar: {why}; `on_error` says what becomes of such a date")
}

fn iso(text: &str) -> Result<Moment, FunctionError> {
    let hint = "is not a date or time in ISO 8601; read it with `date` or `time` and its format before";
    clock::iso(text).ok_or_else(|| match iso_misfit(text) {
        Misfit::NoSuchDay(why) => FunctionError::of_text("not_a_time", text, &no_such_day(&why)),
        _ => FunctionError::of_text("not_a_time", text, hint),
    })
}

fn date(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let day = match read_first_format(text, call)? {
        Moment::Day(day) => day,
        Moment::Local(at) => at.date(),
        Moment::Instant(at) => at.to_zoned(zone_of(call, ZONE_AT)?).date(),
    };
    if call.flag(BIRTH_AT) {
        let today = today(call, zone_of(call, ZONE_AT)?)?;
        if today < day {
            return Err(in_the_future(text, today));
        }
    }
    Ok(Some(Value::text(day.to_string())))
}

fn in_the_future(text: &str, today: Date) -> FunctionError {
    FunctionError::of_text("in_the_future", text, &format!("has not come yet: today is {today}"))
}

fn time(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let moment = read_first_format(text, call)?;
    Ok(Some(Value::text(instant(text, moment, call, ZONE_AT)?.to_string())))
}

/// The moment itself; a time without an offset is one of the zone.
fn instant(text: &str, moment: Moment, call: &Call<'_, '_>, place: usize) -> Result<Timestamp, FunctionError> {
    match moment {
        Moment::Instant(at) => Ok(at),
        Moment::Day(_) => {
            let hint = if call.name == "time" {
                "say `date` instead of `time`".to_owned()
            } else {
                format!("put `{{suffix: 'T00:00:00'}}` before `{}` if the day begins then", call.name)
            };
            Err(FunctionError::of_text("no_time_of_day", text, &format!("says a day, but no time of it; {hint}")))
        }
        Moment::Local(at) => {
            let zone = zone_of(call, place)?;
            let outside = || FunctionError::of_text("not_a_time", text, "is outside the years that can be written");
            let (zoned, is_odd) = clock::in_zone(at, &zone).ok_or_else(outside)?;
            if is_odd {
                let message = format!("clocks were changed at {}: it was there twice, or never", quote_text(text));
                call.context.warn("ambiguous_time", message);
            }
            Ok(zoned.timestamp())
        }
    }
}

fn epoch(number: Decimal, call: &Call<'_, '_>) -> Result<Value<'static>, FunctionError> {
    let shown = number.digits();
    let milliseconds = if call.word(0) == 0 { number.times(&Decimal::integer(1000))? } else { number };
    let made = milliseconds.to_i64().and_then(|time_ms| rfc3339(time_ms, Precision::AsNeeded));
    let reason = "is outside the years 0000 to 9999, or counts parts of a millisecond; is the unit right?";
    made.map(Value::text).ok_or_else(|| FunctionError::new("not_a_time", format!("{shown} {reason}")))
}

fn to_epoch(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let moment = match (iso(text)?, call.text(1)) {
        (Moment::Day(day), Some(_)) => Moment::Local(day.at(0, 0, 0, 0)),
        (Moment::Day(_), None) => {
            let unit = if call.word(0) == 0 { "s" } else { "ms" };
            let hint = format!(
                "says a day, but no time of it; name the zone whose midnight is meant: `{{to_epoch: {{unit: {unit}, zone: UTC}}}}`"
            );
            return Err(FunctionError::of_text("no_time_of_day", text, &hint));
        }
        (moment, _) => moment,
    };
    let at = instant(text, moment, call, 1)?;
    let number = if call.word(0) == 0 { at.as_second() } else { at.as_millisecond() };
    Ok(Some(Value::integer(number)))
}

fn in_zone(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let at = instant(text, iso(text)?, call, 0)?;
    let offset = zone_of(call, 0)?.to_offset(at);
    Ok(Some(Value::text(at.display_with_offset(offset).to_string())))
}

fn format_date(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let format = call.text_or_empty(0);
    let made = match iso(text)? {
        Moment::Day(day) => jiff::fmt::strtime::format(format, day),
        Moment::Local(at) => jiff::fmt::strtime::format(format, at),
        Moment::Instant(at) => jiff::fmt::strtime::format(format, &at.to_zoned(zone_of(call, 1)?)),
    };
    let reason = format!("says too little for `{format}`; a day alone is written in a format such as `%F`");
    made.map(|made| Some(Value::text(made))).map_err(|_| FunctionError::of_text("no_time_of_day", text, &reason))
}

fn age(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let zone = zone_of(call, 0)?;
    let born = match iso(text)? {
        Moment::Day(day) => day,
        Moment::Local(at) => at.date(),
        Moment::Instant(at) => at.to_zoned(zone.clone()).date(),
    };
    let today = today(call, zone)?;
    if today < born {
        return Err(in_the_future(text, today));
    }
    let had_birthday = (born.month(), born.day()) <= (today.month(), today.day());
    let years = i64::from(today.year()) - i64::from(born.year()) - i64::from(!had_birthday);
    Ok(Some(Value::integer(years)))
}
