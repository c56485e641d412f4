//! Moments against each other and against now.

use proptest::prelude::*;

use super::*;

/// 2024-06-15T03:30:00Z: in New York it is still the 14th.
fn now() -> Now {
    Now::new(1_718_422_200_000, "America/New_York").unwrap()
}

fn meant(text: &str) -> String {
    let written = Written::read(text).unwrap_or_else(|why| panic!("{why}"));
    now().meant(written).unwrap().to_string()
}

#[test]
fn m7_moments_of_a_document() {
    for (text, expected) in [
        ("now", "2024-06-15T03:30:00Z"),
        ("today", "2024-06-14"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("2026-01-31T10:00:00+0200", "2026-01-31T08:00:00Z"),
        ("2026-01-31T10:00:00", "2026-01-31T15:00:00Z"),
        ("30d", "2024-07-14"),
        ("+1w", "2024-06-21"),
        ("-1y", "2023-06-14"),
        ("-1y6mo", "2022-12-14"),
        ("-2h30min", "2024-06-15T01:00:00Z"),
        ("1d1s", "2024-06-16T03:30:01Z"),
        ("0d", "2024-06-14"),
    ] {
        assert_eq!(meant(text), expected, "{text}");
    }
}

#[test]
fn m7_what_is_no_moment_is_told() {
    for (text, part) in [
        ("", "`2026-01-31`"),
        ("30", "is not a date"),
        ("d", "is not a date"),
        ("30m", "`30mo` or `30min`"),
        ("30 d", "is not a date"),
        ("--3d", "is not a date"),
        ("2026-02-30", "is not a date"),
        ("31/01/2026", "is not a date"),
        ("20260131", "is not a date"),
        ("tomorrow", "is not a date"),
        ("1001y", "more than 1000 years"),
        ("99999999999999999999d", "more than 1000 years"),
    ] {
        let why = Written::read(text).unwrap_err();
        assert!(why.contains(part), "{text}: {why}");
    }
}

/// M7: what a lead may have in a date, and what is none.
#[test]
fn m7_values_are_moments_or_not() {
    for (json, expected) in [
        ("\"2024-06-15\"", Some("2024-06-15")),
        ("\" 2024-06-15 \"", Some("2024-06-15")),
        ("\"2024-06-15T10:30:00.5Z\"", Some("2024-06-15T10:30:00.5Z")),
        ("\"2024-06-15 10:30\"", Some("2024-06-15T14:30:00Z")),
        ("1718447400000", Some("2024-06-15T10:30:00Z")),
        ("1718447400", None),
        ("\"1718447400000\"", None),
        ("\"2024-13-01\"", None),
        ("\"2024-06-15T10:30:00[Asia/Tokyo]\"", None),
        ("\"2024-06-15T10:30:00+25:00\"", None),
        ("\"0001-01-01\"", None),
        ("\"2023-02-29\"", None),
        ("\"06/15/2024\"", None),
        ("\"20240615\"", None),
        ("\"\"", None),
        ("true", None),
        ("1e400", None),
        ("[\"2024-06-15\"]", None),
    ] {
        let value = hookmill_json::parse(json).unwrap();
        assert_eq!(now().read(&value).map(|moment| moment.to_string()).as_deref(), expected, "{json}");
    }
}

/// M7: a day and a point in time meet on the campaign's day.
#[test]
fn m7_days_and_times_compare_by_the_campaigns_day() {
    let read = |text: &str| now().read(&Value::text(text.to_owned())).unwrap();
    for (one, other, order) in [
        ("2024-06-14", "2024-06-15", Ordering::Less),
        ("2024-06-14", "2024-06-15T03:59:59Z", Ordering::Equal),
        ("2024-06-14", "2024-06-15T04:00:00Z", Ordering::Less),
        ("2024-06-15T04:00:00Z", "2024-06-15T00:00:00-04:00", Ordering::Equal),
        ("2024-06-15T04:00:00Z", "2024-06-15T04:00:00.001Z", Ordering::Less),
    ] {
        assert_eq!(now().compare(read(one), read(other)), order, "{one} {other}");
    }
}

/// M7: ages turn on the birthday, in the campaign's zone.
#[test]
fn m7_ages_are_full_years() {
    let at =
        |now_ms, birthday: &str| Now::new(now_ms, "America/New_York").unwrap().age(&Value::text(birthday.to_owned()));
    let (the_14th, feb_28, mar_1) = (1_718_422_200_000, 1_677_603_600_000, 1_677_690_000_000);
    for (now_ms, birthday, age) in [
        (the_14th, "2006-06-14", Some(18)),
        (the_14th, "2006-06-15", Some(17)),
        (the_14th, "2006-06-14T00:00:00Z", Some(18)),
        (the_14th, "2024-06-14", Some(0)),
        (the_14th, "2024-06-15", None),
        (the_14th, "1900-01-01", Some(124)),
        (the_14th, "14.06.2006", None),
        (feb_28, "2000-02-29", Some(22)),
        (mar_1, "2000-02-29", Some(23)),
    ] {
        assert_eq!(at(now_ms, birthday), age, "{birthday} at {now_ms}");
    }
}

#[test]
fn m2_orders_that_always_hold_are_known() {
    for (one, other, order) in [
        ("2026-01-01", "2026-01-02", Some(Ordering::Less)),
        ("-1y", "today", Some(Ordering::Less)),
        ("30d", "-30d", Some(Ordering::Greater)),
        ("-1mo", "-30d", None),
        ("2026-01-01", "today", None),
    ] {
        let read = |text| Written::read(text).unwrap();
        assert_eq!(read(one).order(read(other)), order, "{one} {other}");
    }
}

#[test]
fn an_unknown_zone_is_none() {
    assert!(Now::new(0, "Mars/Olympus").is_none() && Now::new(i64::MAX, "UTC").is_none());
}

proptest! {
    #[test]
    fn any_text_is_a_moment_or_told(text: String, signed in "[+-]?([0-9]{1,7}(y|mo|w|d|h|min|s|m)){0,3}", now_ms: i64) {
        for text in [text.as_str(), signed.as_str()] {
            let _ = now().read(&Value::text(text.to_owned())).map(|moment| moment.to_string());
            let _ = now().age(&Value::text(text.to_owned()));
            if let (Ok(written), Some(now)) = (Written::read(text), Now::new(now_ms, "Pacific/Apia")) {
                let _ = now.meant(written).map(|moment| moment.to_string());
            }
        }
    }
}
