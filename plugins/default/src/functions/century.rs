//! Years of two digits: which century is meant, seen from the time of the run.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

/// The oldest age that a date of birth is read as; nobody is known to have been older than 122.
const AGE_YEARS_MAX: i32 = 120;
/// How far back a date that is not one of birth is read.
const PAST_YEARS_MAX: i32 = 80;
/// How far ahead a date that is not one of birth is read without a warning.
const AHEAD_YEARS_USUAL: i32 = 20;
/// How far ahead a date that is not one of birth could be meant.
const AHEAD_YEARS_MAX: i32 = 50;

/// What is needed to know the century of a date.
#[derive(Clone, Copy, Debug)]
pub struct Century {
    /// The day of the run.
    pub today: Date,
    /// Whether it is a date of birth, which is never in the future.
    pub is_birth: bool,
}

/// A day, and the one in another century that could be meant as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The day that was taken.
    pub day: Date,
    /// The other one; none where only one day is plausible.
    pub other: Option<Date>,
}

impl Century {
    /// The years that end in these two digits and may be meant.
    pub fn years(self, short: i16) -> impl Iterator<Item = i16> {
        [-200, -100, 0, 100].into_iter().map(move |distance| self.in_this_century(short) + distance)
    }

    /// The year of the century of the run that ends in these two digits.
    pub fn in_this_century(self, short: i16) -> i16 {
        let year = self.today.year();
        year - year.rem_euclid(100) + short
    }

    /// Of days in different centuries, earliest first, the last one that is not later than usual; none where none is plausible.
    pub fn choose(self, days: &[Date]) -> Option<Choice> {
        let away = |span: Span| self.today.checked_add(span).unwrap_or(self.today);
        let (first, usual, last) = if self.is_birth {
            (away(-AGE_YEARS_MAX.years()), self.today, self.today)
        } else {
            (away(-PAST_YEARS_MAX.years()), away(AHEAD_YEARS_USUAL.years()), away(AHEAD_YEARS_MAX.years()))
        };
        let plausible: Vec<Date> = days.iter().copied().filter(|day| first < *day && *day <= last).collect();
        let place = plausible.iter().rposition(|day| *day <= usual).unwrap_or(0);
        let day = *plausible.get(place)?;
        Some(Choice { day, other: plausible.iter().copied().find(|other| *other != day) })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn choose(today: Date, is_birth: bool, [month, day]: [i8; 2], short: i16) -> String {
        let century = Century { today, is_birth };
        let days: Vec<Date> = century.years(short).filter_map(|year| Date::new(year, month, day).ok()).collect();
        match century.choose(&days) {
            None => "-".to_owned(),
            Some(Choice { day, other: None }) => day.to_string(),
            Some(Choice { day, other: Some(other) }) => format!("{day} or {other}"),
        }
    }

    /// A date of birth is never after the day of the run, and who is over a hundred is not forgotten.
    #[test]
    fn m4_dates_of_birth_are_never_in_the_future() {
        let today = date(2026, 6, 15);
        for (day, short, expected) in [
            ([3, 4], 85, "1985-03-04"),
            ([3, 4], 60, "1960-03-04"),
            ([3, 4], 27, "1927-03-04"),
            ([6, 15], 26, "2026-06-15 or 1926-06-15"),
            ([6, 16], 26, "1926-06-16"),
            ([3, 4], 10, "2010-03-04 or 1910-03-04"),
            ([3, 4], 5, "2005-03-04"),
            ([2, 29], 0, "2000-02-29"),
            ([2, 29], 24, "2024-02-29 or 1924-02-29"),
            ([2, 29], 28, "1928-02-29"),
            ([2, 29], 27, "-"),
        ] {
            assert_eq!(choose(today, true, day, short), expected, "{day:?} {short}");
        }
    }

    #[test]
    fn m4_other_dates_are_within_eighty_years_back_and_fifty_ahead() {
        let today = date(2026, 6, 15);
        for (day, short, expected) in [
            ([3, 4], 26, "2026-03-04"),
            ([3, 4], 30, "2030-03-04"),
            ([6, 15], 46, "2046-06-15"),
            ([6, 16], 46, "1946-06-16 or 2046-06-16"),
            ([3, 4], 60, "1960-03-04 or 2060-03-04"),
            ([3, 4], 76, "1976-03-04 or 2076-03-04"),
            ([3, 4], 77, "1977-03-04"),
            ([3, 4], 99, "1999-03-04"),
            ([2, 29], 48, "1948-02-29 or 2048-02-29"),
        ] {
            assert_eq!(choose(today, false, day, short), expected, "{day:?} {short}");
        }
        assert_eq!(choose(date(1999, 12, 31), false, [1, 1], 5), "2005-01-01");
        assert_eq!(choose(date(1999, 12, 31), true, [1, 1], 5), "1905-01-01");
    }
}
