//! Times of RFC 3339 in UTC, from milliseconds: what every message carries, so it is made without a detour.

use hookmill_json::Value;

use super::error::{FunctionError, quote_text};

const DAY_MS: i64 = 86_400_000;

/// The first and the last moment that RFC 3339 can write, in milliseconds since 1970.
const WRITABLE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// How much of a second is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Milliseconds where there are any.
    AsNeeded,
    /// None of it.
    Seconds,
    /// Milliseconds, also where there are none.
    Milliseconds,
}

/// The words for them; without one it is the first.
pub const PRECISIONS: [&str; 3] = ["as_needed", "s", "ms"];

impl Precision {
    /// The precision of a word, by its place among them.
    pub fn of_word(place: usize) -> Self {
        match place {
            0 => Self::AsNeeded,
            1 => Self::Seconds,
            _ => Self::Milliseconds,
        }
    }
}

/// The time of a text that is a number of milliseconds since 1970.
pub fn of_milliseconds(text: &str, precision: Precision) -> Result<Value<'static>, FunctionError> {
    let reason = "is not an integer of milliseconds since 1970 within the years 0000 to 9999";
    let made = text.trim().parse().ok().and_then(|time_ms| rfc3339(time_ms, precision));
    made.map(Value::text).ok_or_else(|| FunctionError::new("not_a_time", format!("{} {reason}", quote_text(text))))
}

/// A moment as RFC 3339 in UTC; none outside the years 0000 to 9999.
pub fn rfc3339(time_ms: i64, precision: Precision) -> Option<String> {
    if !WRITABLE_MS.contains(&time_ms) {
        return None;
    }
    let (year, month, day) = civil(time_ms.div_euclid(DAY_MS));
    let rest_ms = time_ms.rem_euclid(DAY_MS);
    let (seconds, milliseconds) = (rest_ms / 1000, rest_ms % 1000);
    let fraction = match (precision, milliseconds) {
        (Precision::Seconds, _) | (Precision::AsNeeded, 0) => String::new(),
        _ => format!(".{milliseconds:03}"),
    };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Year, month and day of a number of days since 1970-01-01. Counted in years that begin in March, so that the leap day is
/// the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let since_era_zero = days + 719_468;
    let era = since_era_zero.div_euclid(146_097);
    let day_of_era = since_era_zero.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w2_times_are_rfc_3339_in_utc() {
        for (time_ms, expected) in [
            (0, Some("1970-01-01T00:00:00Z")),
            (1_718_447_400_000, Some("2024-06-15T10:30:00Z")),
            (1_718_447_400_007, Some("2024-06-15T10:30:00.007Z")),
            (951_782_400_000, Some("2000-02-29T00:00:00Z")),
            (-1, Some("1969-12-31T23:59:59.999Z")),
            (-62_167_219_200_000, Some("0000-01-01T00:00:00Z")),
            (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
            (253_402_300_800_000, None),
            (i64::MIN, None),
        ] {
            assert_eq!(rfc3339(time_ms, Precision::AsNeeded).as_deref(), expected, "{time_ms}");
        }
    }

    /// C2: all times of one width.
    #[test]
    fn w2_a_precision_makes_all_times_as_wide() {
        for (time_ms, seconds, milliseconds) in [
            (1_718_447_400_000, "2024-06-15T10:30:00Z", "2024-06-15T10:30:00.000Z"),
            (1_718_447_400_999, "2024-06-15T10:30:00Z", "2024-06-15T10:30:00.999Z"),
            (-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(time_ms, Precision::Seconds).as_deref(), Some(seconds));
            assert_eq!(rfc3339(time_ms, Precision::Milliseconds).as_deref(), Some(milliseconds));
        }
    }
}
