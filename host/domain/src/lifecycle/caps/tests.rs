//! The periods of caps, on the days on which clocks are set.

use super::*;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn l5_periods_follow_the_local_calendar() {
    // Zone, period, a moment, its period: what the zone's own calendar says of that day.
    let table = [
        ("UTC", Period::Day, "2024-02-29T12:00:00Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("UTC", Period::Month, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("UTC", Period::Week, "2024-02-29T12:00:00Z", "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z"),
        ("UTC", Period::Week, "2025-01-01T00:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"),
        ("UTC", Period::Week, "2025-01-05T23:59:59.999Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"),
        ("UTC", Period::Hour, "2024-02-29T12:59:59.999Z", "2024-02-29T12:00:00Z", "2024-02-29T13:00:00Z"),
        // New York: 23 hours on 2024-03-10, 25 on 2024-11-03.
        (
            "America/New_York",
            Period::Day,
            "2024-03-10T12:00:00-04:00",
            "2024-03-10T00:00:00-05:00",
            "2024-03-11T00:00:00-04:00",
        ),
        (
            "America/New_York",
            Period::Day,
            "2024-11-03T12:00:00-05:00",
            "2024-11-03T00:00:00-04:00",
            "2024-11-04T00:00:00-05:00",
        ),
        (
            "America/New_York",
            Period::Month,
            "2024-11-15T12:00:00-05:00",
            "2024-11-01T00:00:00-04:00",
            "2024-12-01T00:00:00-05:00",
        ),
        (
            "America/New_York",
            Period::Month,
            "2024-12-31T23:59:59-05:00",
            "2024-12-01T00:00:00-05:00",
            "2025-01-01T00:00:00-05:00",
        ),
        (
            "America/New_York",
            Period::Week,
            "2024-11-03T23:00:00-05:00",
            "2024-10-28T00:00:00-04:00",
            "2024-11-04T00:00:00-05:00",
        ),
        (
            "America/New_York",
            Period::Hour,
            "2024-03-10T01:59:59-05:00",
            "2024-03-10T01:00:00-05:00",
            "2024-03-10T03:00:00-04:00",
        ),
        (
            "America/New_York",
            Period::Hour,
            "2024-03-10T03:00:00-04:00",
            "2024-03-10T03:00:00-04:00",
            "2024-03-10T04:00:00-04:00",
        ),
        (
            "America/New_York",
            Period::Hour,
            "2024-11-03T01:30:00-04:00",
            "2024-11-03T01:00:00-04:00",
            "2024-11-03T01:00:00-05:00",
        ),
        (
            "America/New_York",
            Period::Hour,
            "2024-11-03T01:30:00-05:00",
            "2024-11-03T01:00:00-05:00",
            "2024-11-03T02:00:00-05:00",
        ),
        (
            "Europe/Berlin",
            Period::Day,
            "2024-03-31T10:00:00+02:00",
            "2024-03-31T00:00:00+01:00",
            "2024-04-01T00:00:00+02:00",
        ),
        (
            "Europe/Berlin",
            Period::Day,
            "2024-10-27T10:00:00+01:00",
            "2024-10-27T00:00:00+02:00",
            "2024-10-28T00:00:00+01:00",
        ),
        // Lord Howe is set by half an hour: at 02:00 to 02:30, and at 02:00 back to 01:30.
        (
            "Australia/Lord_Howe",
            Period::Day,
            "2024-10-06T12:00:00+11:00",
            "2024-10-06T00:00:00+10:30",
            "2024-10-07T00:00:00+11:00",
        ),
        (
            "Australia/Lord_Howe",
            Period::Hour,
            "2024-10-06T02:45:00+11:00",
            "2024-10-06T02:30:00+11:00",
            "2024-10-06T03:00:00+11:00",
        ),
        (
            "Australia/Lord_Howe",
            Period::Hour,
            "2024-04-07T01:45:00+11:00",
            "2024-04-07T01:00:00+11:00",
            "2024-04-07T02:00:00+11:00",
        ),
        (
            "Australia/Lord_Howe",
            Period::Hour,
            "2024-04-07T01:45:00+10:30",
            "2024-04-07T01:30:00+10:30",
            "2024-04-07T02:00:00+10:30",
        ),
        // Kathmandu is 5 hours and 45 minutes ahead.
        ("Asia/Kathmandu", Period::Day, "2024-05-01T12:00:00+05:45", "2024-04-30T18:15:00Z", "2024-05-01T18:15:00Z"),
        ("Asia/Kathmandu", Period::Hour, "2024-05-01T00:10:00Z", "2024-04-30T23:15:00Z", "2024-05-01T00:15:00Z"),
        // São Paulo had no midnight on 2018-11-04, and on 2018-02-17 had the hour before midnight twice.
        (
            "America/Sao_Paulo",
            Period::Day,
            "2018-11-04T12:00:00-02:00",
            "2018-11-04T01:00:00-02:00",
            "2018-11-05T00:00:00-02:00",
        ),
        (
            "America/Sao_Paulo",
            Period::Day,
            "2018-11-03T23:30:00-03:00",
            "2018-11-03T00:00:00-03:00",
            "2018-11-04T01:00:00-02:00",
        ),
        (
            "America/Sao_Paulo",
            Period::Day,
            "2018-02-17T23:30:00-03:00",
            "2018-02-17T00:00:00-02:00",
            "2018-02-18T00:00:00-03:00",
        ),
        // Samoa skipped 2011-12-30.
        (
            "Pacific/Apia",
            Period::Day,
            "2011-12-29T23:00:00-10:00",
            "2011-12-29T00:00:00-10:00",
            "2011-12-31T00:00:00+14:00",
        ),
        (
            "Pacific/Apia",
            Period::Day,
            "2011-12-31T00:00:00+14:00",
            "2011-12-31T00:00:00+14:00",
            "2012-01-01T00:00:00+14:00",
        ),
        // Toronto went from 23:30 to 00:30 in 1919.
        (
            "America/Toronto",
            Period::Day,
            "1919-03-31T12:00:00-04:00",
            "1919-03-31T00:30:00-04:00",
            "1919-04-01T00:00:00-04:00",
        ),
    ];
    for (name, period, moment, starts, ends) in table {
        let (starts_at, ends_at) = period.bounds(at(moment), &zone(name));
        let ends_at = ends_at.expect("a period of the calendar ends");
        let expected = (at(starts), at(ends));
        assert_eq!((starts_at, ends_at), expected, "{name} {period:?} {moment}: {}", starts_at.rfc3339());
    }
}

#[test]
fn l5_hours_of_a_day_are_as_many_as_the_day_has() {
    for (name, day, expected) in [
        ("America/New_York", "2024-03-10T12:00:00Z", 23),
        ("America/New_York", "2024-11-03T12:00:00Z", 25),
        ("America/New_York", "2024-11-05T12:00:00Z", 24),
        ("Europe/Berlin", "2024-10-27T12:00:00Z", 25),
        ("Pacific/Apia", "2011-12-29T12:00:00Z", 24),
    ] {
        let zone = zone(name);
        let (mut moment, ends_at) = Period::Day.bounds(at(day), &zone);
        let mut hours = 0;
        while Some(moment) != ends_at {
            moment = Period::Hour.bounds(moment, &zone).1.expect("an hour ends");
            hours += 1;
        }
        assert_eq!(hours, expected, "{name} {day}");
    }
}

#[test]
fn l5_periods_come_in_one_order_and_only_where_a_cap_is_set() {
    let caps = Caps { hour: Some(1), total: Some(5), week: Some(3), ..Caps::default() };
    let periods = caps.periods(at("2024-05-01T10:20:30Z"), &TimeZone::UTC);
    let seen: Vec<_> = periods.iter().map(|period| (period.period.as_str(), period.limit)).collect();
    assert_eq!(seen, [("total", 5), ("week", 3), ("hour", 1)]);
    assert_eq!((periods[0].starts_at, periods[0].ends_at), (Timestamp(0), None));
    assert!(Period::ALL.iter().all(|period| Period::parse(period.as_str()) == Some(*period)));
    assert_eq!(Period::parse("year"), None);
}

#[test]
fn l5_what_was_not_counted_before_begins_to_be() {
    let now = at("2024-05-01T10:20:30Z");
    let few = Caps { total: Some(9), day: Some(1), ..Caps::default() };
    let more = Caps { total: Some(5), day: Some(3), week: Some(4), hour: Some(1), ..Caps::default() };
    let begun = |before: &Caps, zone_before: &str, caps: &Caps, zone_now: &str| {
        let begun = begun_periods(&before.periods(now, &zone(zone_before)), caps.periods(now, &zone(zone_now)));
        begun.iter().map(|period| period.period.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(begun(&few, "UTC", &more, "UTC"), ["week", "hour"]);
    assert!(begun(&more, "UTC", &few, "UTC").is_empty());
    // Berlin's days begin elsewhere, and its hours with those of UTC; Kathmandu's hours do not.
    assert_eq!(begun(&more, "UTC", &more, "Europe/Berlin"), ["week", "day"]);
    assert_eq!(begun(&more, "UTC", &more, "Asia/Kathmandu"), ["week", "day", "hour"]);
    assert!(begun(&more, "Europe/Berlin", &more, "Europe/Paris").is_empty());
}

#[test]
fn l5_no_clock_is_so_wrong_that_there_are_no_periods() {
    for moment in [i64::MIN, -62_135_596_800_001, 0, 221_845_392_000_001, i64::MAX] {
        for period in Period::ALL {
            let (starts_at, ends_at) = period.bounds(Timestamp(moment), &zone("America/New_York"));
            assert!(ends_at.is_none_or(|ends_at| starts_at < ends_at), "{moment} {period:?}");
        }
    }
}

const ZONES: [&str; 11] = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "America/Toronto",
    "America/Havana",
    "Africa/Casablanca",
    "Antarctica/Troll",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    // From 1900 to 2100, so with all rules that ever were.
    #[test]
    fn l5_a_period_contains_its_moment_and_meets_its_neighbours(
        name in prop::sample::select(&ZONES[..]), moment in -2_208_988_800_000_i64..4_102_444_800_000,
    ) {
        let (zone, moment) = (zone(name), Timestamp(moment));
        for period in [Period::Month, Period::Week, Period::Day, Period::Hour] {
            let (starts_at, ends_at) = period.bounds(moment, &zone);
            let ends_at = ends_at.expect("a period of the calendar ends");
            prop_assert!(starts_at <= moment && moment < ends_at, "{period:?}");
            for inside in [starts_at, ends_at.plus_ms(-1)] {
                prop_assert_eq!(period.bounds(inside, &zone), (starts_at, Some(ends_at)), "{:?}", period);
            }
            prop_assert_eq!(period.bounds(ends_at, &zone).0, ends_at, "{:?}", period);
            prop_assert_eq!(period.bounds(starts_at.plus_ms(-1), &zone).1, Some(starts_at), "{:?}", period);
        }
    }

    // A shorter period lies in a longer one; weeks and months cross.
    #[test]
    fn l5_shorter_periods_lie_in_longer_ones(
        name in prop::sample::select(&ZONES[..]), moment in -2_208_988_800_000_i64..4_102_444_800_000,
    ) {
        let (zone, moment) = (zone(name), Timestamp(moment));
        let of = |period: Period| { let (from, until) = period.bounds(moment, &zone); (from, until.expect("it ends")) };
        let (month, week, day, hour) = (of(Period::Month), of(Period::Week), of(Period::Day), of(Period::Hour));
        for (inner, outer) in [(hour, day), (day, week), (day, month)] {
            prop_assert!(outer.0 <= inner.0 && inner.1 <= outer.1, "{:?} in {:?}", inner, outer);
        }
    }
}
