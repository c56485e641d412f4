//! Dates by the way they are written, in the formats that a document names.

/// Formats of days, as the function `date` takes them. Where two fit, the one that stands first is the likelier.
pub(super) const FORMATS: [&str; 10] = [
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The formats that a text may be written in.
pub(super) fn formats(text: &str) -> Vec<usize> {
    let text = text.trim();
    if 20 < text.len() || !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    (0..FORMATS.len()).filter(|index| FORMATS.get(*index).is_some_and(|format| fits(text, format))).collect()
}

/// A day and a time of ISO 8601.
pub(super) fn is_moment(text: &str) -> bool {
    let (Some(day), Some(rest)) = (text.get(..10), text.get(10..)) else { return false };
    let time = rest.strip_prefix(['T', 't', ' ']).unwrap_or_default();
    let mut parts = time.split(':');
    let two_digits = |part: Option<&str>| {
        part.and_then(|part| part.get(..2)).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    fits(day, "%Y-%m-%d") && two_digits(parts.next()) && two_digits(parts.next())
}

fn fits(text: &str, format: &str) -> bool {
    let mut rest = text;
    let mut codes = format.chars();
    while let Some(code) = codes.next() {
        let after = match code {
            '%' => part(rest, codes.next().unwrap_or_default()),
            mark => rest.strip_prefix(mark),
        };
        let Some(after) = after else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// What follows a part of a date; none when it does not begin with one.
fn part(text: &str, code: char) -> Option<&str> {
    match code {
        'Y' => number(text, 4, 4, 1900..=2100),
        'm' => number(text, 1, 2, 1..=12),
        'd' => number(text, 1, 2, 1..=31),
        'B' => month(text, |name| name.len()),
        _ => month(text, |_| 3),
    }
}

fn number(text: &str, min: usize, max: usize, range: std::ops::RangeInclusive<u32>) -> Option<&str> {
    let len = text.bytes().take(max).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len)?;
    (min <= len && digits.parse().is_ok_and(|number| range.contains(&number))).then_some(rest)
}

fn month(text: &str, len: impl Fn(&str) -> usize) -> Option<&str> {
    MONTHS.into_iter().find_map(|name| {
        let name = name.get(..len(name))?;
        let (start, rest) = text.split_at_checked(name.len())?;
        (start.eq_ignore_ascii_case(name) && !rest.starts_with(char::is_alphabetic)).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m11_dates_are_recognised_by_their_format() {
        let table: [(&str, &[&str]); 12] = [
            ("1990-05-15", &["%Y-%m-%d"]),
            ("10/12/1976", &["%m/%d/%Y", "%d/%m/%Y"]),
            ("10/25/1976", &["%m/%d/%Y"]),
            ("25/10/1976", &["%d/%m/%Y"]),
            ("1.2.2026", &["%d.%m.%Y"]),
            ("March 3, 2026", &["%B %d, %Y"]),
            ("May 3, 2026", &["%B %d, %Y", "%b %d, %Y"]),
            ("3 March 2026", &["%d %B %Y"]),
            ("2026-13-01", &[]),
            ("1234567890", &[]),
            ("99/99/9999", &[]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let found: Vec<&str> = formats(text).into_iter().map(|index| FORMATS[index]).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(is_moment("2026-03-28T09:35:01+00:00") && is_moment("2026-03-28 09:35"));
        assert!(!is_moment("2026-03-28") && !is_moment("2026-03-28Tea") && !is_moment("é2026-03-28"));
    }
}
