//! The bounds of a host as its operator sets them: in a file, on the command line or in the environment. What is not set has its default.

use hookmill_domain::config::Limits;
use hookmill_domain::event::EventRegistry;
use hookmill_domain::net_policy::AllowedRange;
use hookmill_outbound::OutboundLimits;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// Every bound, by the part of the host that keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The host.
    pub host: Limits,
    /// The sandbox of plugins.
    pub sandbox: hookmill_engine::Limits,
    /// Requests to the outside.
    pub outbound: OutboundLimits,
    /// The private ranges in which receivers may be.
    #[serde(skip)]
    pub allowed_private_ranges: Vec<AllowedRange>,
    /// The events that webhooks may select and sources report: the usual ones, and those that are added.
    #[serde(skip)]
    pub events: EventRegistry,
}

/// The part and the names of the settings that are lists of texts.
const RANGES: (&str, &str) = ("host", "allowed_private_ranges");
const EVENTS: (&str, &str) = ("host", "reported_events");

impl Bounds {
    /// The defaults, then those of a TOML file, then those that are set one by one as `part.name=number`.
    pub fn read(file: Option<&Path>, set: &[String]) -> Result<Self, String> {
        let mut bounds = serde_json::to_value(Self::default()).map_err(|error| error.to_string())?;
        let (mut allowed_private_ranges, mut events) = (Vec::new(), EventRegistry::default());
        if let Some(path) = file {
            let place = path.display();
            let text = std::fs::read_to_string(path).map_err(|error| format!("{place} can't be read: {error}"))?;
            let given: Map<String, Value> = toml::from_str(&text).map_err(|error| format!("{place}: {error}"))?;
            for (part, names) in &given {
                let names = names.as_object().ok_or_else(|| {
                    format!("{place}: `{part}` stands alone; write it under [host], [sandbox] or [outbound]")
                })?;
                for (name, value) in names {
                    if (part.as_str(), name.as_str()) == RANGES {
                        allowed_private_ranges = ranges(value).map_err(|why| format!("{place}: {why}"))?;
                        continue;
                    }
                    if (part.as_str(), name.as_str()) == EVENTS {
                        let added = texts(value).ok_or_else(|| {
                            format!("{place}: `host.reported_events` is a list of names, such as [\"SMS_REPLY\"]")
                        })?;
                        events = EventRegistry::with_added(&added)
                            .map_err(|why| format!("{place}: `host.reported_events`: {why}"))?;
                        continue;
                    }
                    put(&mut bounds, part, name, value.clone()).map_err(|why| format!("{place}: {why}"))?;
                }
            }
        }
        for one in set {
            let (name, value) = one.split_once('=').ok_or_else(|| format!("`{one}` is not `part.name=number`"))?;
            let (part, name) = name.trim().split_once('.').ok_or_else(|| {
                format!("`{name}` names no part; write host.{name}, sandbox.{name} or outbound.{name}")
            })?;
            let number = value.trim().parse::<u64>().map_err(|_| not_a_number(part, name, value))?;
            put(&mut bounds, part, name, number.into())?;
        }
        let bounds: Self = serde_json::from_value(bounds).map_err(|error| format!("a bound is too large: {error}"))?;
        Ok(Self { allowed_private_ranges, events, ..bounds })
    }
}

/// A list of texts; none for anything else.
fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Private ranges as a list of texts.
fn ranges(value: &Value) -> Result<Vec<AllowedRange>, String> {
    let texts = texts(value)
        .ok_or_else(|| "`host.allowed_private_ranges` is a list of networks, such as [\"10.1.0.0/16\"]".to_owned())?;
    let parse =
        |text: &String| text.parse::<AllowedRange>().map_err(|why| format!("`host.allowed_private_ranges`: {why}"));
    texts.iter().map(parse).collect()
}

/// Sets one bound that exists to a number that is not zero.
fn put(bounds: &mut Value, part: &str, name: &str, value: Value) -> Result<(), String> {
    let names = bounds.get_mut(part).and_then(Value::as_object_mut);
    let names = names.ok_or_else(|| format!("`{part}` is not a part; there are host, sandbox and outbound"))?;
    if !names.contains_key(name) {
        let nearest = names.keys().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
        let nearest = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
        return Err(format!("`{part}` has no bound `{name}`{nearest}"));
    }
    match value.as_u64() {
        None => Err(not_a_number(part, name, &value.to_string())),
        Some(0) => Err(format!("`{part}.{name}` is 0, which would stop what it bounds; set it to at least 1")),
        Some(_) => {
            names.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

fn not_a_number(part: &str, name: &str, value: &str) -> String {
    format!("`{part}.{name}` is {value}; a bound is an integer, in the unit that its name ends in")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file wins over the default, the command line over the file; nothing else changes.
    #[test]
    fn h6_bounds_are_set_in_a_file_and_one_by_one() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("hookmill.toml");
        std::fs::write(&file, "[host]\nbody_bytes_max = 1_000\npoll_ms = 7\n[outbound]\nrequests_max = 5\n").unwrap();
        let set = ["host.poll_ms=9".to_owned(), "sandbox.threads = 3".to_owned()];
        let bounds = Bounds::read(Some(&file), &set).unwrap();
        let mut expected = Bounds::default();
        (expected.host.body_bytes_max, expected.host.poll_ms) = (1_000, 9);
        (expected.outbound.requests_max, expected.sandbox.threads) = (5, 3);
        assert_eq!(bounds, expected);
        assert_eq!(Bounds::read(None, &[]).unwrap(), Bounds::default());
    }

    /// W8: private ranges stand in the file; what is none is named.
    #[test]
    fn w8_private_ranges_stand_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("hookmill.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Bounds::read(Some(&file), &[])
        };
        let bounds = read("[host]\nallowed_private_ranges = [\"10.1.0.0/16\", \"fd12::/32\"]\npoll_ms = 7\n").unwrap();
        let shown: Vec<String> = bounds.allowed_private_ranges.iter().map(ToString::to_string).collect();
        assert_eq!((shown, bounds.host.poll_ms), (vec!["10.1.0.0/16".to_owned(), "fd12::/32".to_owned()], 7));
        for (value, expected) in [
            ("\"10.1.0.0/16\"", "is a list of networks"),
            ("[7]", "is a list of networks"),
            ("[\"8.8.8.8\"]", "`8.8.8.8/32` does not lie within one private range"),
            ("[\"169.254.0.0/16\"]", "it is a link-local address"),
        ] {
            let error = read(&format!("[host]\nallowed_private_ranges = {value}\n")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// What does not exist, and what is not a number, is named with what to do.
    #[test]
    fn h6_nonsense_is_rejected() {
        let of_set = |one: &str| Bounds::read(None, &[one.to_owned()]).unwrap_err();
        let table = [
            ("host.body_byte_max=1", "`host` has no bound `body_byte_max`; did you mean `body_bytes_max`?"),
            ("hosts.poll_ms=1", "`hosts` is not a part; there are host, sandbox and outbound"),
            ("host.poll_ms=0", "`host.poll_ms` is 0, which would stop what it bounds; set it to at least 1"),
            ("host.poll_ms=-1", "`host.poll_ms` is -1; a bound is an integer, in the unit that its name ends in"),
            ("host.poll_ms=fast", "`host.poll_ms` is fast; a bound is an integer, in the unit that its name ends in"),
            ("poll_ms=1", "`poll_ms` names no part; write host.poll_ms, sandbox.poll_ms or outbound.poll_ms"),
            ("host.poll_ms", "`host.poll_ms` is not `part.name=number`"),
        ];
        for (given, expected) in table {
            assert_eq!(of_set(given), expected);
        }
        assert!(of_set("sandbox.memories_max=99999999999").starts_with("a bound is too large"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("hookmill.toml");
        for (text, expected) in [
            ("poll_ms = 3", "`poll_ms` stands alone"),
            ("[host]\npoll_ms = \"3\"", "`host.poll_ms` is \"3\""),
            ("[host]\npoll_ms = 1.5", "`host.poll_ms` is 1.5"),
            ("[host", "TOML parse error"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Bounds::read(Some(&file), &[]).unwrap_err();
            assert!(error.contains(expected) && error.contains("hookmill.toml"), "{error}");
        }
        assert!(Bounds::read(Some(&directory.path().join("none")), &[]).unwrap_err().contains("can't be read"));
    }
}
