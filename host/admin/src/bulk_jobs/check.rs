//! What a bulk job is asked for with, and whether that can be done: all that is wrong with it at once.

use hookmill_domain::bulk::{BulkFilter, BulkOperation, CAUSE_CHARS_MAX, IDS_MAX, REASON_CHARS_MAX};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::state::State;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How many characters an id may have; none has more.
const ID_CHARS_MAX: usize = 128;

/// What is to be done with many submissions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "repost", "filter": {"campaign_id": "SOLAR", "states": ["failed"], "cause": "retries_exhausted"}}))]
pub struct NewBulkJob {
    /// What is done with each.
    pub operation: BulkOperation,
    /// Which submissions: those that match all that is said.
    #[serde(default)]
    pub filter: BulkFilterInput,
    /// Has to be true where the filter says nothing: then all submissions that the key may reach are meant.
    #[serde(default)]
    pub all: bool,
    /// Of `repost`: whether leads that were delivered are delivered again.
    #[serde(default)]
    pub include_delivered: bool,
}

/// Which submissions are meant. What is left out narrows nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkFilterInput)]
pub struct BulkFilterInput {
    /// Those of this campaign.
    pub campaign_id: Option<String>,
    /// Those in these states, of those that the operation takes. `reprocess`: `quarantined`. `repost`: `disqualified`, `duplicate`, `rejected`, `failed`, `canceled`, and `delivered`
    /// with `include_delivered`. `withdraw`: `received`, `pending`, `quarantined`, `pending_action`, `queued`.
    #[schema(min_items = 1)]
    pub states: Option<Vec<State>>,
    /// Those whose last transition has this cause, such as `retries_exhausted`.
    #[schema(min_length = 1, max_length = 64)]
    pub cause: Option<String>,
    /// Those whose last transition has this in its reason or message, letter case aside.
    #[schema(min_length = 1, max_length = 255)]
    pub reason: Option<String>,
    /// Those received at this time or later.
    #[schema(format = DateTime)]
    pub received_from: Option<String>,
    /// Those received before this time.
    #[schema(format = DateTime)]
    pub received_until: Option<String>,
    /// Those with these ids.
    #[schema(min_items = 1, max_items = 1000)]
    pub ids: Option<Vec<String>>,
}

/// What is wrong so far.
#[derive(Default)]
struct Problems(Vec<Detail>);

impl Problems {
    fn add(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Detail { path: path.to_owned(), code: "invalid".into(), message: message.into() });
    }
}

impl BulkFilterInput {
    fn says_nothing(&self) -> bool {
        let Self { campaign_id, states, cause, reason, received_from, received_until, ids } = self;
        let texts = [campaign_id, cause, reason, received_from, received_until];
        texts.into_iter().all(Option::is_none) && states.is_none() && ids.is_none()
    }
}

impl NewBulkJob {
    /// The operation, and the filter as it is kept.
    pub(super) fn check(self) -> Result<(BulkOperation, BulkFilter), ApiError> {
        let Self { operation, filter, all, include_delivered } = self;
        let mut problems = Problems::default();
        match (filter.says_nothing(), all) {
            (true, false) => problems.add(
                "filter",
                "says nothing, which would mean all submissions; say which are meant, or send `all: true`",
            ),
            (false, true) => problems.add("all", "goes with an empty filter; remove it, or the filter"),
            _ => {}
        }
        if include_delivered && operation != BulkOperation::Repost {
            problems.add("include_delivered", "is for `repost` alone; remove it");
        }
        let states = states(operation, filter.states, include_delivered, &mut problems);
        let time = |name: &str, text: &Option<String>, problems: &mut Problems| {
            let time = Timestamp::parse(text.as_deref()?);
            if time.is_none() {
                problems.add(name, "must be a time in RFC 3339, such as 2026-03-01T12:00:00Z");
            }
            time.map(|time| time.0)
        };
        let received_from = time("filter.received_from", &filter.received_from, &mut problems);
        let received_until = time("filter.received_until", &filter.received_until, &mut problems);
        if let (Some(from), Some(until)) = (received_from, received_until)
            && until <= from
        {
            problems.add("filter.received_until", "is not after `received_from`, so that no submission can match");
        }
        check_text("filter.cause", filter.cause.as_deref(), CAUSE_CHARS_MAX, &mut problems);
        check_text("filter.reason", filter.reason.as_deref(), REASON_CHARS_MAX, &mut problems);
        let ids = ids(filter.ids, &mut problems);
        let (campaign_id, cause, reason) = (filter.campaign_id, filter.cause, filter.reason);
        let checked = BulkFilter { campaign_id, states, cause, reason, received_from, received_until, ids };
        match problems.0.first() {
            None => Ok((operation, checked)),
            Some(Detail { path, message, .. }) => {
                let message = format!("`{path}` {message}");
                Err(ApiError::new(Kind::Invalid, "invalid", message).with_details(problems.0))
            }
        }
    }
}

/// The states that are meant, in the order of a lead's way.
fn states(
    operation: BulkOperation,
    given: Option<Vec<State>>,
    include_delivered: bool,
    problems: &mut Problems,
) -> Vec<State> {
    let of_operation = operation.states();
    let Some(given) = given else {
        return if include_delivered { of_operation.to_vec() } else { operation.states_unless_named() };
    };
    if given.is_empty() {
        problems.add("filter.states", "is empty; leave it out, or name at least one state");
    }
    let is_wrong = |state: &&State| !of_operation.contains(*state);
    let wrong: BTreeSet<&str> = given.iter().filter(is_wrong).map(|state| state.as_str()).collect();
    for state in wrong {
        let known: Vec<&str> = of_operation.iter().map(|state| state.as_str()).collect();
        let message = format!("`{}` can't take `{state}`; it takes {}", operation.as_str(), known.join(", "));
        problems.add("filter.states", message);
    }
    let names_delivered = given.contains(&State::Delivered);
    if operation == BulkOperation::Repost && names_delivered && !include_delivered {
        problems
            .add("filter.states", "names `delivered`; to deliver these leads again, send `include_delivered: true`");
    }
    if include_delivered && !names_delivered {
        problems.add(
            "include_delivered",
            "does nothing while `filter.states` does not name `delivered`; add it there, or remove this",
        );
    }
    of_operation.iter().copied().filter(|state| given.contains(state)).collect()
}

fn check_text(path: &str, text: Option<&str>, chars_max: usize, problems: &mut Problems) {
    let Some(text) = text else { return };
    let chars = text.chars().count();
    if text.trim().is_empty() {
        problems.add(path, "is empty; leave it out, or say which are meant");
    } else if chars_max < chars {
        problems.add(path, format!("has {chars} characters, at most {chars_max} are allowed"));
    }
}

/// The ids, each once and sorted.
fn ids(given: Option<Vec<String>>, problems: &mut Problems) -> Vec<String> {
    let Some(given) = given else { return Vec::new() };
    if given.is_empty() {
        problems.add("filter.ids", "is empty; leave it out, or name at least one submission");
    }
    if IDS_MAX < given.len() {
        let message = format!("has {} ids, at most {IDS_MAX} are allowed; create several jobs", given.len());
        problems.add("filter.ids", message);
        return Vec::new();
    }
    let is_id = |id: &str| {
        let is_character = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        !id.is_empty() && id.len() <= ID_CHARS_MAX && id.chars().all(is_character)
    };
    for (at, _) in given.iter().enumerate().filter(|(_, id)| !is_id(id)) {
        problems.add(&format!("filter.ids[{at}]"), "is not the id of a submission");
    }
    given.into_iter().collect::<BTreeSet<String>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(new: Value) -> Result<(BulkOperation, BulkFilter), ApiError> {
        serde_json::from_value::<NewBulkJob>(new).expect("it can be read").check()
    }

    fn paths(new: Value) -> Vec<String> {
        check(new).unwrap_err().details.into_iter().map(|detail| detail.path).collect()
    }

    #[test]
    fn l9_a_filter_that_says_nothing_needs_a_word() {
        for operation in ["reprocess", "repost", "withdraw"] {
            assert_eq!(paths(json!({"operation": operation})), ["filter"]);
            assert_eq!(paths(json!({"operation": operation, "filter": {}})), ["filter"]);
            let (_, filter) = check(json!({"operation": operation, "all": true})).unwrap();
            assert!(filter.takes_all_in_states() && !filter.states.contains(&State::Delivered));
            assert_eq!(paths(json!({"operation": operation, "all": true, "filter": {"campaign_id": "A"}})), ["all"]);
        }
    }

    #[test]
    fn l9_states_are_those_that_the_operation_takes() {
        let of = |operation: &str, states: Value, include: bool| {
            let new = json!({"operation": operation, "filter": {"states": states}, "include_delivered": include});
            check(new).map(|(_, filter)| filter.states)
        };
        assert_eq!(
            of("repost", json!(["failed", "rejected", "failed"]), false).unwrap(),
            [State::Rejected, State::Failed]
        );
        assert_eq!(of("repost", json!(["delivered"]), true).unwrap(), [State::Delivered]);
        for (operation, states, include) in [
            ("repost", json!(["queued"]), false),
            ("repost", json!(["delivered"]), false),
            ("repost", json!([]), false),
            ("reprocess", json!(["failed"]), false),
            ("withdraw", json!(["delivering"]), false),
        ] {
            let error = of(operation, states.clone(), include).unwrap_err();
            assert_eq!(error.details[0].path, "filter.states", "{operation} {states}");
        }
        let error = of("withdraw", json!(["delivering"]), false).unwrap_err();
        assert!(error.message.contains("received, pending, quarantined, pending_action, queued"), "{}", error.message);
        let all = check(json!({"operation": "repost", "all": true, "include_delivered": true})).unwrap().1.states;
        assert_eq!(all, BulkOperation::Repost.states());
        assert_eq!(
            paths(json!({"operation": "withdraw", "all": true, "include_delivered": true})),
            ["include_delivered"]
        );
        assert_eq!(
            paths(json!({"operation": "repost", "filter": {"states": ["failed"]}, "include_delivered": true})),
            ["include_delivered"]
        );
    }

    #[test]
    fn l9_all_that_is_wrong_is_named_at_once() {
        let new = json!({"operation": "reprocess", "filter": {
            "states": ["failed"], "cause": " ", "reason": "x".repeat(256), "received_from": "yesterday",
            "received_until": "2026-03-01", "ids": ["req_1-0", "", "a/b", "req_1-0.1"],
        }});
        let expected = [
            "filter.states",
            "filter.received_from",
            "filter.received_until",
            "filter.cause",
            "filter.reason",
            "filter.ids[1]",
            "filter.ids[2]",
        ];
        assert_eq!(paths(new), expected);
        let times = json!({"received_from": "2026-03-01T12:00:00Z", "received_until": "2026-03-01T13:00:00+01:00"});
        assert_eq!(paths(json!({"operation": "withdraw", "filter": times})), ["filter.received_until"]);
        assert_eq!(paths(json!({"operation": "withdraw", "filter": {"ids": []}})), ["filter.ids"]);
        assert_eq!(paths(json!({"operation": "withdraw", "filter": {"ids": vec!["a"; IDS_MAX + 1]}})), ["filter.ids"]);
    }

    #[test]
    fn l9_ids_are_kept_each_once() {
        let (_, filter) = check(json!({"operation": "withdraw", "filter": {"ids": ["b-0", "a-0.1", "b-0"]}})).unwrap();
        assert_eq!(filter.ids, ["a-0.1", "b-0"]);
        for wrong in [json!({"operation": "release"}), json!({"operation": "repost", "filter": {"state": "failed"}})] {
            assert!(serde_json::from_value::<NewBulkJob>(wrong).is_err());
        }
    }
}
