//! Dates and times as text: ISO 8601 in between, other formats where the document names them.

use hookmill_decimal::Decimal;
use hookmill_json::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::call::Call;
use super::clock::{self, Moment};
use super::error::{FunctionError, quote_text};
use super::rfc3339::{of_milliseconds, rfc3339};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Parameter, Run, Spec, example, optional, required};

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
        ("not_a_date", "the text fits none of the formats, or no such day exists"),
        ("no_time_of_day", "the text says a day only"),
        ("unknown_zone", "the campaign's time zone is unknown"),
    ],
    warnings: &[
        ("ambiguous_date", "the text means another day in a later format of the list; the first one was taken"),
        ("ambiguous_time", "clocks showed this time twice, or never, because they were changed"),
    ],
    ..TIME
};

const FORMATS: Parameter = optional(
    "formats",
    ArgumentKind::Formats,
    "ISO 8601",
    "the formats in which the text may be written, such as `%m/%d/%Y`, in the order in which they are tried",
);

const ZONE: Parameter = optional(
    "zone",
    ArgumentKind::Zone,
    "the campaign's time zone",
    "the zone in which a time without an offset is meant",
);

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "date",
        summary: "Reads a date, or the day of a time, and writes it as YYYY-MM-DD.",
        parameters: &[
            FORMATS,
            optional(
                "zone",
                ArgumentKind::Zone,
                "the campaign's time zone",
                "the zone whose day is meant, for a time with an offset",
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
        ],
        run: Run::ReadFilled(date),
        ..READING
    },
    Spec {
        name: "time",
        summary: "Reads a date and time and writes it in RFC 3339 in UTC; a time without an offset is one of the zone.",
        parameters: &[FORMATS, ZONE],
        examples: &[
            example("time", r#""2026-03-08T09:09:27+0000""#, r#""2026-03-08T09:09:27Z""#),
            example("{time: ['%m/%d/%Y %I:%M %p']}", r#""06/15/2024 1:30 pm""#, r#""2024-06-15T17:30:00Z""#),
            example("{time: {zone: Europe/Berlin}}", r#""2024-06-15 10:30""#, r#""2024-06-15T08:30:00Z""#),
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
        parameters: &[FORMATS],
        on_empty: EmptyInput::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        errors: &[],
        warnings: &[],
        examples: &[
            example("{is_date: '%m/%d/%Y'}", r#""02/29/2024""#, "true"),
            example("{is_date: '%m/%d/%Y'}", r#""02/29/2026""#, "false"),
        ],
        run: Run::Read(|text, call| Ok(Some(Value::Bool(first_reading(text, call).is_some())))),
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
        summary: "Gives the seconds or milliseconds since 1970 of a time; one without an offset is one of the zone.",
        gives: Kind::Number,
        parameters: &[required("unit", ArgumentKind::Word(&["s", "ms"]), "seconds or milliseconds"), ZONE],
        errors: &[
            ("not_a_time", "the text is not a date or time in ISO 8601"),
            ("no_time_of_day", "the text says a day only"),
            ("unknown_zone", "the campaign's time zone is unknown"),
        ],
        warnings: READING.warnings,
        examples: &[
            example("{to_epoch: s}", r#""2015-07-30T21:34:25Z""#, "1438292065"),
            example("{to_epoch: ms}", r#""1969-12-31T23:59:59.999Z""#, "-1"),
        ],
        run: Run::ReadFilled(to_epoch),
        ..TIME
    },
    Spec {
        name: "rfc3339",
        summary: "Writes a number of milliseconds since 1970 as a date and time of RFC 3339 in UTC.",
        takes: Kind::Number,
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"1970-01-01T00:00:00Z\"", "wrong_type", "wrong_type"]),
        errors: &[("not_a_time", "it is not an integer of milliseconds, or outside the years 0000 to 9999")],
        examples: &[example("rfc3339", "1718447400000", "\"2024-06-15T10:30:00Z\"")],
        run: Run::ReadFilled(|text, _| of_milliseconds(text).map(Some)),
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

/// The first format that fits, by its place, and what it says.
fn first_reading(text: &str, call: &Call<'_, '_>) -> Option<(usize, Moment)> {
    match call.texts(0) {
        None => clock::iso(text).map(|moment| (0, moment)),
        Some(formats) => {
            formats.iter().enumerate().find_map(|(place, format)| Some((place, clock::by_format(text, format)?)))
        }
    }
}

/// What the text says in the first format that fits, with a warning when a later one says something else.
fn read_first_format(text: &str, call: &Call<'_, '_>) -> Result<Moment, FunctionError> {
    let formats = call.texts(0).unwrap_or_default();
    let (place, moment) = first_reading(text, call).ok_or_else(|| not_a_date(text, formats))?;
    let others = formats.get(place + 1..).unwrap_or_default();
    if let Some(other) = others.iter().find(|other| clock::by_format(text, other).is_some_and(|found| found != moment))
    {
        let taken = formats.get(place).map(|format| &**format).unwrap_or_default();
        let message = format!("{} was read as `{taken}`, but could be meant as `{other}`", quote_text(text));
        call.context.warn("ambiguous_date", message);
    }
    Ok(moment)
}

fn not_a_date(text: &str, formats: &[std::borrow::Cow<'_, str>]) -> FunctionError {
    let hint = if formats.is_empty() {
        "is not a date in ISO 8601 such as 2024-06-15; name its format: `{date: '%m/%d/%Y'}`".to_owned()
    } else {
        format!(
            "is not a date of an existing day in {}",
            formats.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
        )
    };
    FunctionError::of_text("not_a_date", text, &hint)
}

fn iso(text: &str) -> Result<Moment, FunctionError> {
    let hint = "is not a date or time in ISO 8601; read it with `date` or `time` and its format before";
    clock::iso(text).ok_or_else(|| FunctionError::of_text("not_a_time", text, hint))
}

fn date(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let day = match read_first_format(text, call)? {
        Moment::Day(day) => day,
        Moment::Local(at) => at.date(),
        Moment::Instant(at) => at.to_zoned(zone_of(call, 1)?).date(),
    };
    Ok(Some(Value::text(day.to_string())))
}

fn time(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let moment = read_first_format(text, call)?;
    Ok(Some(Value::text(instant(text, moment, call, 1)?.to_string())))
}

/// The moment itself; a time without an offset is one of the zone.
fn instant(text: &str, moment: Moment, call: &Call<'_, '_>, place: usize) -> Result<Timestamp, FunctionError> {
    match moment {
        Moment::Instant(at) => Ok(at),
        Moment::Day(_) => {
            let hint = "says a day, but no time of it; read it with `date`";
            Err(FunctionError::of_text("no_time_of_day", text, hint))
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
    let made = milliseconds.to_i64().and_then(rfc3339);
    let reason = "is outside the years 0000 to 9999, or counts parts of a millisecond; is the unit right?";
    made.map(Value::text).ok_or_else(|| FunctionError::new("not_a_time", format!("{shown} {reason}")))
}

fn to_epoch(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let at = instant(text, iso(text)?, call, 1)?;
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
    let reason = format!("says too little for `{format}`");
    made.map(|made| Some(Value::text(made))).map_err(|_| FunctionError::of_text("no_time_of_day", text, &reason))
}

fn age(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let zone = zone_of(call, 0)?;
    let born = match iso(text)? {
        Moment::Day(day) => day,
        Moment::Local(at) => at.date(),
        Moment::Instant(at) => at.to_zoned(zone.clone()).date(),
    };
    let out_of_range =
        |_| FunctionError::new("not_a_time", "the time of this run is outside the years that can be written");
    let today = Timestamp::from_millisecond(call.context.now_ms()).map_err(out_of_range)?.to_zoned(zone).date();
    if today < born {
        return Err(FunctionError::of_text("in_the_future", text, &format!("has not come yet: today is {today}")));
    }
    let had_birthday = (born.month(), born.day()) <= (today.month(), today.day());
    let years = i64::from(today.year()) - i64::from(born.year()) - i64::from(!had_birthday);
    Ok(Some(Value::integer(years)))
}
