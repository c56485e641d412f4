//! Openings of schedules, on the days on which clocks are set.

use super::*;
use Weekday::*;
use proptest::prelude::*;

const WORKDAYS: [Weekday; 5] = [Monday, Tuesday, Wednesday, Thursday, Friday];
const ALL_DAYS: [Weekday; 7] = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];

fn window(days: &[Weekday], from: (u16, u16), until: (u16, u16)) -> Window {
    let minute = |(hour, minute): (u16, u16)| hour * 60 + minute;
    Window { days: days.iter().copied().collect(), from_minute: minute(from), until_minute: minute(until) }
}

fn schedule(windows: Vec<Window>, holidays: &[&str]) -> Schedule {
    let holidays = holidays.iter().map(ToString::to_string).collect();
    Schedule { windows, holidays, when_closed: Otherwise::Queue }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// `open TIME`, `closed TIME`, or without a time where there is none.
fn describe(opening: Opening) -> String {
    let (word, time) = match opening {
        Opening::Open { until } => ("open", until),
        Opening::Closed { opens_at } => ("closed", opens_at),
    };
    time.map_or(word.into(), |time| format!("{word} {}", time.rfc3339()))
}

/// Each row: a moment, and what is expected then, its time read in whatever offset it is written.
fn check(name: &str, schedule: &Schedule, rows: &[(&str, &str)]) {
    for (moment, expected) in rows {
        let expected = match expected.split_once(' ') {
            Some((word, time)) => format!("{word} {}", at(time).rfc3339()),
            None => (*expected).to_owned(),
        };
        assert_eq!(describe(schedule.at(at(moment), &zone(name))), expected, "{name} {moment}");
    }
}

#[test]
fn l6_windows_of_the_week() {
    let office = schedule(vec![window(&WORKDAYS, (9, 0), (17, 0))], &[]);
    check(
        "America/New_York",
        &office,
        &[
            // 2024-05-03 is a Friday.
            ("2024-05-03T08:59:59.999-04:00", "closed 2024-05-03T09:00:00-04:00"),
            ("2024-05-03T09:00:00-04:00", "open 2024-05-03T17:00:00-04:00"),
            ("2024-05-03T16:59:59.999-04:00", "open 2024-05-03T17:00:00-04:00"),
            ("2024-05-03T17:00:00-04:00", "closed 2024-05-06T09:00:00-04:00"),
            ("2024-05-05T12:00:00-04:00", "closed 2024-05-06T09:00:00-04:00"),
        ],
    );
}

#[test]
fn l6_a_window_may_cross_midnight() {
    let night = schedule(vec![window(&[Friday], (22, 0), (6, 0))], &[]);
    check(
        "Europe/Berlin",
        &night,
        &[
            ("2024-05-03T21:00:00+02:00", "closed 2024-05-03T22:00:00+02:00"),
            ("2024-05-04T02:00:00+02:00", "open 2024-05-04T06:00:00+02:00"),
            ("2024-05-04T06:00:00+02:00", "closed 2024-05-10T22:00:00+02:00"),
            ("2024-05-04T22:30:00+02:00", "closed 2024-05-10T22:00:00+02:00"),
        ],
    );
    let until_midnight = schedule(vec![window(&[Friday], (22, 0), (0, 0))], &[]);
    check("Europe/Berlin", &until_midnight, &[("2024-05-03T23:00:00+02:00", "open 2024-05-04T00:00:00+02:00")]);
}

#[test]
fn l6_windows_that_overlap_or_meet_are_one_opening() {
    let split = schedule(
        vec![
            window(&[Monday], (12, 0), (14, 0)),
            window(&[Monday], (8, 0), (10, 0)),
            window(&[Monday], (10, 0), (11, 0)),
            window(&[Monday], (9, 0), (12, 30)),
        ],
        &[],
    );
    check(
        "UTC",
        &split,
        &[
            ("2024-05-06T08:00:00Z", "open 2024-05-06T14:00:00Z"),
            ("2024-05-06T07:59:00Z", "closed 2024-05-06T08:00:00Z"),
            ("2024-05-06T14:00:00Z", "closed 2024-05-13T08:00:00Z"),
        ],
    );
}

#[test]
fn l6_full_days() {
    let always = schedule(vec![window(&ALL_DAYS, (0, 0), (24, 0))], &[]);
    check("America/New_York", &always, &[("2024-05-06T08:00:00Z", "open")]);
    let weekend = schedule(vec![window(&[Saturday, Sunday], (0, 0), (24, 0))], &[]);
    check(
        "America/New_York",
        &weekend,
        &[
            ("2024-11-03T12:00:00-05:00", "open 2024-11-04T00:00:00-05:00"),
            ("2024-11-01T23:59:59-04:00", "closed 2024-11-02T00:00:00-04:00"),
        ],
    );
    // Havana has the hour after midnight twice: its Saturday ends with the first of them.
    let saturday = schedule(vec![window(&[Saturday], (0, 0), (24, 0))], &[]);
    check("America/Havana", &saturday, &[("2024-11-02T12:00:00-04:00", "open 2024-11-03T00:00:00-04:00")]);
}

#[test]
fn l6_holidays_are_days_on_which_no_window_begins() {
    let shop = schedule(
        vec![window(&ALL_DAYS, (9, 0), (17, 0)), window(&ALL_DAYS, (22, 0), (2, 0))],
        &["12-25", "2024-12-26", "02-29"],
    );
    check(
        "Europe/Berlin",
        &shop,
        &[
            ("2024-12-24T23:00:00+01:00", "open 2024-12-25T02:00:00+01:00"),
            ("2024-12-25T10:00:00+01:00", "closed 2024-12-27T09:00:00+01:00"),
            ("2024-12-26T00:30:00+01:00", "closed 2024-12-27T09:00:00+01:00"),
            ("2025-12-25T10:00:00+01:00", "closed 2025-12-26T09:00:00+01:00"),
            ("2028-02-29T10:00:00+01:00", "closed 2028-03-01T09:00:00+01:00"),
        ],
    );
}

#[test]
fn l6_the_missing_hour() {
    // Berlin went from 02:00 to 03:00 on 2024-03-31, a Sunday.
    let begins = schedule(vec![window(&[Sunday], (2, 30), (5, 0))], &[]);
    check(
        "Europe/Berlin",
        &begins,
        &[
            ("2024-03-31T01:59:59+01:00", "closed 2024-03-31T03:00:00+02:00"),
            ("2024-03-31T03:00:00+02:00", "open 2024-03-31T05:00:00+02:00"),
        ],
    );
    let ends = schedule(vec![window(&[Sunday], (1, 0), (2, 30))], &[]);
    check(
        "Europe/Berlin",
        &ends,
        &[
            ("2024-03-31T01:30:00+01:00", "open 2024-03-31T03:00:00+02:00"),
            ("2024-03-31T03:00:00+02:00", "closed 2024-04-07T01:00:00+02:00"),
        ],
    );
    let inside = schedule(vec![window(&[Sunday], (2, 10), (2, 50))], &[]);
    check("Europe/Berlin", &inside, &[("2024-03-31T01:30:00+01:00", "closed 2024-04-07T02:10:00+02:00")]);
}

#[test]
fn l6_the_doubled_hour() {
    // New York had 01:00 to 02:00 twice on 2024-11-03, a Sunday.
    let begins = schedule(vec![window(&[Sunday], (1, 30), (5, 0))], &[]);
    check(
        "America/New_York",
        &begins,
        &[
            ("2024-11-03T01:29:59-04:00", "closed 2024-11-03T01:30:00-04:00"),
            ("2024-11-03T01:00:00-05:00", "open 2024-11-03T05:00:00-05:00"),
        ],
    );
    let ends = schedule(vec![window(&[Saturday], (22, 0), (1, 30))], &[]);
    check(
        "America/New_York",
        &ends,
        &[
            ("2024-11-03T01:45:00-04:00", "open 2024-11-03T01:30:00-05:00"),
            ("2024-11-03T01:30:00-05:00", "closed 2024-11-09T22:00:00-05:00"),
        ],
    );
    // Lord Howe has half an hour twice: 01:30 to 02:00 on 2024-04-07.
    let half = schedule(vec![window(&[Sunday], (1, 30), (2, 0))], &[]);
    check("Australia/Lord_Howe", &half, &[("2024-04-07T01:30:00+11:00", "open 2024-04-07T02:00:00+10:30")]);
}

#[test]
fn l6_days_without_midnight_and_days_that_are_skipped() {
    // São Paulo, 2018-11-04, a Sunday: 00:00 was 01:00.
    let day = schedule(vec![window(&[Sunday], (0, 0), (24, 0))], &[]);
    check(
        "America/Sao_Paulo",
        &day,
        &[
            ("2018-11-03T23:59:59-03:00", "closed 2018-11-04T01:00:00-02:00"),
            ("2018-11-04T01:00:00-02:00", "open 2018-11-05T00:00:00-02:00"),
        ],
    );
    // Samoa skipped 2011-12-30, a Friday.
    let friday = schedule(vec![window(&[Friday], (9, 0), (17, 0))], &[]);
    check("Pacific/Apia", &friday, &[("2011-12-29T12:00:00-10:00", "closed 2012-01-06T09:00:00+14:00")]);
}

#[test]
fn l6_what_never_opens_is_closed_without_end() {
    let never: Vec<String> =
        (1..=12).flat_map(|month| (1..=31).map(move |day| format!("{month:02}-{day:02}"))).collect();
    let never =
        schedule(vec![window(&ALL_DAYS, (9, 0), (17, 0))], &never.iter().map(String::as_str).collect::<Vec<_>>());
    check("UTC", &never, &[("2024-05-06T10:00:00Z", "closed")]);
    check("UTC", &schedule(vec![], &[]), &[("2024-05-06T10:00:00Z", "closed")]);
}

#[test]
fn l6_no_clock_and_no_row_is_so_wrong_that_it_panics() {
    let odd = Window { days: ALL_DAYS.into(), from_minute: u16::MAX, until_minute: u16::MAX };
    let odd = schedule(vec![odd, window(&ALL_DAYS, (9, 0), (17, 0))], &["x"]);
    for moment in [i64::MIN, 0, i64::MAX] {
        odd.at(Timestamp(moment), &zone("America/New_York"));
    }
}

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let days = prop::collection::btree_set(prop::sample::select(&ALL_DAYS[..]), 1..=7);
    let one = (days, 0_u16..1_440, 1_u16..=1_440).prop_filter_map("a window has a length", |(days, from, until)| {
        (from != until % 1_440).then_some(Window { days, from_minute: from, until_minute: until })
    });
    prop::collection::vec(one, 1..4)
}

fn is_open(schedule: &Schedule, at: Timestamp, zone: &TimeZone) -> bool {
    matches!(schedule.at(at, zone), Opening::Open { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    // Ten years from 2011 on, so with the day that Samoa skipped.
    #[test]
    fn l6_an_opening_is_exact(
        name in prop::sample::select(&["America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "America/Havana"][..]),
        windows in windows(), moment in 1_300_000_000_000_i64..1_620_000_000_000,
    ) {
        let (schedule, zone, moment) = (schedule(windows, &["12-25"]), zone(name), Timestamp(moment));
        match schedule.at(moment, &zone) {
            Opening::Open { until: Some(until) } => {
                prop_assert!(moment < until);
                prop_assert!(is_open(&schedule, until.plus_ms(-1), &zone) && !is_open(&schedule, until, &zone));
            }
            Opening::Closed { opens_at: Some(opens_at) } => {
                prop_assert!(moment < opens_at);
                prop_assert!(!is_open(&schedule, opens_at.plus_ms(-1), &zone) && is_open(&schedule, opens_at, &zone));
            }
            Opening::Open { until: None } => {
                prop_assert!(is_open(&schedule, moment.plus_ms(86_400_000), &zone));
            }
            Opening::Closed { opens_at: None } => prop_assert!(false, "every week has a window"),
        }
    }

    // On days on which no clock is set, a schedule is open exactly when the clock on the wall is in a window.
    #[test]
    fn l6_open_is_what_the_clock_on_the_wall_says(windows in windows(), moment in 1_300_000_000_000_i64..1_620_000_000_000) {
        let schedule = schedule(windows, &[]);
        let shown = jiff::Timestamp::from_millisecond(moment).unwrap().to_zoned(TimeZone::UTC);
        let minute = u16::try_from(i32::from(shown.hour()) * 60 + i32::from(shown.minute())).unwrap();
        let (today, yesterday) = (Weekday::of(shown.date()), Weekday::of(shown.date().yesterday().unwrap()));
        let expected = schedule.windows.iter().any(|window| {
            let crosses = window.until_minute <= window.from_minute;
            let of_today = window.days.contains(&today) && window.from_minute <= minute && (crosses || minute < window.until_minute);
            let of_yesterday = window.days.contains(&yesterday) && crosses && minute < window.until_minute;
            of_today || of_yesterday
        });
        prop_assert_eq!(is_open(&schedule, Timestamp(moment), &TimeZone::UTC), expected);
    }
}
