//! What to write in a document when a text is a date in another format: the formats that read it, with what each makes of it.

use super::clock::Moment;
use super::date_format::{DateReader, Misfit};

/// Days as people write them.
const DAYS: [&str; 28] = [
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d.%m.%Y.",
    "%Y.%m.%d",
    "%Y.%m.%d.",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %m %Y",
    "%d %B %Y",
    "%d. %B %Y.",
    "%B %d, %Y",
    "%B %d %Y",
    "%d %B, %Y",
    "%d-%b-%Y",
    "%d/%b/%Y",
    "%d.%b.%Y",
    "%d de %B de %Y",
    "%Y. %B %d.",
    "%Y-%b-%d",
    "%Y-%m-%d",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%d-%b-%y",
    "%Y年%m月%d日",
];

/// What stands behind a day when there is a time.
const TIMES: [&str; 9] =
    [" %H:%M", " %T", " %I:%M %p", " %I:%M:%S %p", " %H:%M %Z", " %T %Z", " %T %z", ", %H:%M", ", %I:%M:%S %p"];

/// Days and times together that others write in no such order.
const WHOLE: [&str; 3] = ["%a %b %d %Y %T %Z", "%a %b %d %T %Y", "%a %b %d %T %Z %Y"];

/// How many formats are named.
const FORMATS_NAMED: usize = 2;

/// What to write so that a function reads this text; none when no usual format does.
pub fn suggest(text: &str, function: &str, reader: &DateReader<'_>) -> Option<String> {
    if let Some(unit) = epoch_unit(text) {
        return Some(format!("`{{epoch: {unit}}}` reads it, if it counts since 1970"));
    }
    let (day, has_time) = day_part(text);
    let days = DAYS.iter().filter(|format| reader.read(day, format) != Err(Misfit::Otherwise));
    let formats: Vec<String> = if has_time {
        days.flat_map(|day| TIMES.map(|time| format!("{day}{time}"))).chain(WHOLE.map(str::to_owned)).collect()
    } else {
        days.map(|day| (*day).to_owned()).collect()
    };
    let (mut found, mut without_day): (Vec<(String, Moment)>, Option<String>) = (Vec::new(), None);
    for format in formats {
        let moment = match reader.read(text, &format) {
            Ok(read) => read.moment,
            Err(Misfit::Otherwise) => continue,
            Err(Misfit::NoSuchDay(why)) => {
                without_day.get_or_insert_with(|| {
                    format!("`{{{function}: '{format}'}}`, in which it is not a day of the calendar: {why}")
                });
                continue;
            }
            // Another format reads all of it already: `PM` is not a zone there.
            Err(_) if !found.is_empty() => continue,
            // The format is the right one, and the text says something else that the next try will tell.
            Err(_) => return Some(format!("`{{{function}: '{format}'}}` is its format")),
        };
        if found.iter().all(|(_, known)| *known != moment) {
            found.push((format, moment));
        }
    }
    let named = found
        .iter()
        .take(FORMATS_NAMED)
        .map(|(format, moment)| format!("`{{{function}: '{format}'}}` reads it as {}", moment.describe()));
    (!found.is_empty()).then(|| named.collect::<Vec<_>>().join(", ")).or(without_day)
}

/// What stands before a time of day, and whether there is one.
fn day_part(text: &str) -> (&str, bool) {
    let Some((before, _)) = text.split_once(':') else { return (text, false) };
    let day = before.trim_end_matches(|c: char| c.is_ascii_digit());
    (day.trim_end_matches(|c: char| c.is_whitespace() || c == ','), true)
}

/// The unit of a number that would be a time between 2001 and 2286.
fn epoch_unit(text: &str) -> Option<&'static str> {
    match text.len() {
        _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        10 => Some("s"),
        13 => Some("ms"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::calendar::MonthNames;
    use super::super::century::Century;
    use super::super::clock::check_input;
    use super::*;

    #[test]
    fn m4_the_formats_that_read_a_text_are_named() {
        let century = Some(Century { today: date(2026, 6, 15), is_birth: false });
        let reader = DateReader { months: MonthNames::default(), century, zone: None };
        for (text, expected) in [
            ("13/02/2026", Some("`{date: '%d/%m/%Y'}` reads it as 2026-02-13")),
            (
                "03/04/2026",
                Some("`{date: '%m/%d/%Y'}` reads it as 2026-03-04, `{date: '%d/%m/%Y'}` reads it as 2026-04-03"),
            ),
            ("15 août 2026", Some("`{date: '%d %B %Y'}` reads it as 2026-08-15")),
            ("15. srpna 2026", Some("`{date: '%d %B %Y'}` reads it as 2026-08-15")),
            ("15 listopada 2026", Some("`{date: '%d %B %Y'}` is its format")),
            ("15.8.2026 14:30", Some("`{date: '%d.%m.%Y %H:%M'}` reads it as 2026-08-15T14:30:00")),
            ("13/1/2024 5:00 PM", Some("`{date: '%d/%m/%Y %I:%M %p'}` reads it as 2024-01-13T17:00:00")),
            ("1718447400", Some("`{epoch: s}` reads it, if it counts since 1970")),
            ("31/31/2026", None),
            (
                "31.02.2026",
                Some("`{date: '%d.%m.%Y'}`, in which it is not a day of the calendar: February 2026 has 28 days"),
            ),
            (
                "02/30/2026",
                Some("`{date: '%m/%d/%Y'}`, in which it is not a day of the calendar: February 2026 has 28 days"),
            ),
            ("31.4.26", Some("`{date: '%d.%m.%y'}`, in which it is not a day of the calendar: April 2026 has 30 days")),
            (
                "31 Nov 2026",
                Some("`{date: '%d %B %Y'}`, in which it is not a day of the calendar: November 2026 has 30 days"),
            ),
            ("12/31/30", Some("`{date: '%m/%d/%y'}` reads it as 2030-12-31")),
            ("soon", None),
        ] {
            assert_eq!(suggest(text, "date", &reader).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn formats_that_are_named_can_be_written() {
        for format in DAYS.iter().chain(&WHOLE) {
            assert!(check_input(format).is_ok(), "{format}");
        }
    }
}
