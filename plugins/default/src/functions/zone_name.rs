//! Abbreviations of time zones, such as EST: the usual ones, by their distance from UTC.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Abbreviations that mean one thing where leads come from, in minutes from UTC. Those of the United States are meant as RFC 5322 has them.
const OFFSETS: [(&str, i32); 42] = [
    ("ACDT", 630),
    ("ACST", 570),
    ("AEDT", 660),
    ("AEST", 600),
    ("AKDT", -480),
    ("AKST", -540),
    ("AWST", 480),
    ("BRT", -180),
    ("CAT", 120),
    ("CDT", -300),
    ("CEST", 120),
    ("CET", 60),
    ("CLST", -180),
    ("CLT", -240),
    ("EAT", 180),
    ("EDT", -240),
    ("EEST", 180),
    ("EET", 120),
    ("EST", -300),
    ("GMT", 0),
    ("HKT", 480),
    ("HST", -600),
    ("JST", 540),
    ("KST", 540),
    ("MDT", -360),
    ("MESZ", 120),
    ("MEZ", 60),
    ("MSK", 180),
    ("MST", -420),
    ("NDT", -150),
    ("NST", -210),
    ("NZDT", 780),
    ("NZST", 720),
    ("PDT", -420),
    ("PKT", 300),
    ("PST", -480),
    ("SAST", 120),
    ("UT", 0),
    ("UTC", 0),
    ("WAT", 60),
    ("WEST", 60),
    ("WET", 0),
];

/// Abbreviations with several meanings: zones of the IANA database, each with minutes from UTC.
const SEVERAL: [(&str, &[(&str, i32)]); 7] = [
    ("AST", &[("America/Halifax", -240), ("Asia/Riyadh", 180)]),
    ("BST", &[("Europe/London", 60), ("Asia/Dhaka", 360)]),
    ("CST", &[("America/Chicago", -360), ("Asia/Shanghai", 480), ("America/Havana", -300)]),
    ("ECT", &[("America/Guayaquil", -300), ("America/Puerto_Rico", -240)]),
    ("GST", &[("Asia/Dubai", 240), ("Atlantic/South_Georgia", -120)]),
    ("IST", &[("Asia/Kolkata", 330), ("Asia/Jerusalem", 120), ("Europe/Dublin", 60)]),
    ("SST", &[("Pacific/Pago_Pago", -660), ("Asia/Singapore", 480)]),
];

/// Why an abbreviation does not say what its distance from UTC is.
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneNameError {
    /// Nobody knows it.
    Unknown(String),
    /// It has several meanings, and the zone that is named has none of them at this time.
    Several(&'static str, &'static [(&'static str, i32)]),
}

/// The distance from UTC that an abbreviation means at a time; of several the one that the named zone has then.
pub fn offset(name: &str, at: DateTime, zone: Option<&str>) -> Result<Offset, ZoneNameError> {
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some((_, minutes)) = OFFSETS.iter().find(|(known, _)| is_it(known)) {
        return of_minutes(*minutes).ok_or_else(|| ZoneNameError::Unknown(name.to_owned()));
    }
    let Some((known, meanings)) = SEVERAL.iter().find(|(known, _)| is_it(known)) else {
        return Err(ZoneNameError::Unknown(name.to_owned()));
    };
    let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
    let is_there = |offset: &Offset| {
        let instant = offset.to_timestamp(at).ok();
        zone.as_ref().zip(instant).is_some_and(|(zone, instant)| zone.to_offset(instant) == *offset)
    };
    let found = meanings.iter().filter_map(|(_, minutes)| of_minutes(*minutes)).find(is_there);
    found.ok_or(ZoneNameError::Several(known, meanings))
}

fn of_minutes(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(60 * minutes).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn m4_abbreviations_mean_one_thing_or_need_a_zone() {
        let (winter, summer) = (datetime(2026, 1, 15, 12, 0, 0, 0), datetime(2026, 7, 15, 12, 0, 0, 0));
        for (name, at, zone, minutes) in [
            ("EST", winter, None, Some(-300)),
            ("est", summer, None, Some(-300)),
            ("PDT", summer, None, Some(-420)),
            ("CEST", summer, None, Some(120)),
            ("UTC", summer, Some("Asia/Kolkata"), Some(0)),
            ("CST", winter, None, None),
            ("CST", winter, Some("America/Chicago"), Some(-360)),
            ("CST", winter, Some("America/Winnipeg"), Some(-360)),
            ("CST", winter, Some("Asia/Shanghai"), Some(480)),
            ("CST", winter, Some("Europe/Berlin"), None),
            ("BST", summer, Some("Europe/London"), Some(60)),
            ("BST", winter, Some("Europe/London"), None),
            ("IST", summer, Some("Asia/Kolkata"), Some(330)),
            ("IST", summer, Some("Europe/Dublin"), Some(60)),
            ("XYZ", summer, Some("UTC"), None),
        ] {
            let found = offset(name, at, zone).ok().map(|offset| offset.seconds() / 60);
            assert_eq!(found, minutes, "{name} in {zone:?}");
        }
    }

    /// What stands in the tables is what the zones have at some time of the year.
    #[test]
    fn m4_zones_have_the_offsets_of_the_table() {
        let dates = [datetime(2026, 1, 15, 12, 0, 0, 0), datetime(2026, 7, 15, 12, 0, 0, 0)];
        for (name, meanings) in SEVERAL {
            for (zone, minutes) in meanings {
                let has = |at: &DateTime| offset(name, *at, Some(zone)).is_ok_and(|o| o.seconds() == 60 * minutes);
                assert!(dates.iter().any(has), "{name} in {zone}");
            }
        }
    }
}
