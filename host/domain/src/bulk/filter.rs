//! Which submissions a bulk job is about.

use super::BulkOperation;
use crate::clock::Timestamp;
use crate::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which submissions a bulk job is about, as it is kept. It was checked when the job was created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkFilter {
    /// Those of this campaign; of all that the job may reach if none is named.
    pub campaign_id: Option<String>,
    /// Those in these states, each once and in the order of a lead's way; never empty.
    pub states: Vec<State>,
    /// Those whose last transition has this cause.
    pub cause: Option<String>,
    /// Those whose last transition has this in its reason or message, letter case aside.
    pub reason: Option<String>,
    /// Those received at this time or later, in milliseconds.
    pub received_from: Option<i64>,
    /// Those received before this time, in milliseconds.
    pub received_until: Option<i64>,
    /// Those with these ids, each once and sorted; all if empty.
    pub ids: Vec<String>,
}

/// A submission that may be one of them.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its state; none for a name that this host does not know.
    pub state: Option<State>,
    /// When it was received.
    pub received_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// The cause of its last transition.
    pub cause: Option<&'a str>,
    /// The detail of its last transition, a JSON object.
    pub detail: Option<&'a [u8]>,
}

impl BulkFilter {
    /// Whether nothing but states is said: then all that are in them match.
    pub fn takes_all_in_states(&self) -> bool {
        let Self { campaign_id: _, states: _, cause, reason, received_from, received_until, ids } = self;
        cause.is_none() && reason.is_none() && received_from.is_none() && received_until.is_none() && ids.is_empty()
    }

    /// Whether a submission was one of them when the job was created, and still is. What a job makes was received after that, so that no
    /// job meets its own work.
    pub fn matches(&self, candidate: &Candidate<'_>, operation: BulkOperation, created_at: Timestamp) -> bool {
        let Candidate { state, received_at, updated_at, cause, detail } = *candidate;
        let was_there =
            received_at <= created_at.0 && (!operation.takes_only_unchanged() || updated_at <= created_at.0);
        was_there
            && state.is_some_and(|state| self.states.contains(&state))
            && self.received_from.is_none_or(|from| from <= received_at)
            && self.received_until.is_none_or(|until| received_at < until)
            && self.cause.as_deref().is_none_or(|wanted| cause == Some(wanted))
            && self.reason.as_deref().is_none_or(|wanted| has_reason(detail, wanted))
    }
}

/// Whether a detail has this in its reason or its message, letter case aside.
fn has_reason(detail: Option<&[u8]>, wanted: &str) -> bool {
    let detail: Value = detail.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let wanted = wanted.to_lowercase();
    let texts = ["reason", "message", "detail"].iter().filter_map(|name| detail[*name].as_str());
    texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED_AT: Timestamp = Timestamp(1_000);

    fn candidate(state: State) -> Candidate<'static> {
        let detail: &[u8] = br#"{"reason":"Bill TOO low","price":"5"}"#;
        Candidate { state: Some(state), received_at: 500, updated_at: 900, cause: Some("rules"), detail: Some(detail) }
    }

    fn filter() -> BulkFilter {
        BulkFilter { states: vec![State::Disqualified, State::Failed], ..BulkFilter::default() }
    }

    #[test]
    fn l9_each_part_of_a_filter_narrows() {
        let text = |text: &str| Some(text.to_owned());
        let table = [
            (filter(), true),
            (BulkFilter { states: vec![State::Failed], ..filter() }, false),
            (BulkFilter { cause: text("rules"), ..filter() }, true),
            (BulkFilter { cause: text("rule"), ..filter() }, false),
            (BulkFilter { reason: text("too LOW"), ..filter() }, true),
            (BulkFilter { reason: text("price"), ..filter() }, false),
            (BulkFilter { received_from: Some(500), ..filter() }, true),
            (BulkFilter { received_from: Some(501), ..filter() }, false),
            (BulkFilter { received_until: Some(501), ..filter() }, true),
            (BulkFilter { received_until: Some(500), ..filter() }, false),
        ];
        for (filter, expected) in table {
            let found = filter.matches(&candidate(State::Disqualified), BulkOperation::Repost, CREATED_AT);
            assert_eq!(found, expected, "{filter:?}");
        }
    }

    #[test]
    fn l9_what_has_no_reason_or_state_matches_none() {
        let wanted = BulkFilter { reason: Some("low".into()), ..filter() };
        for detail in [None, Some(b"nonsense".as_slice()), Some(b"{}"), Some(b"[]"), Some(br#"{"reason":7}"#)] {
            let candidate = Candidate { detail, ..candidate(State::Failed) };
            assert!(!wanted.matches(&candidate, BulkOperation::Repost, CREATED_AT), "{detail:?}");
        }
        let unknown = Candidate { state: None, ..candidate(State::Failed) };
        assert!(!filter().matches(&unknown, BulkOperation::Repost, CREATED_AT));
    }

    /// L9: what a job itself makes, and what came into its state since, is not part of it; what waits may have moved on meanwhile.
    #[test]
    fn l9_a_job_is_about_what_was_there_when_it_was_created() {
        let waits = BulkFilter { states: vec![State::Queued], ..BulkFilter::default() };
        let is_met = |operation, received_at, updated_at| {
            let candidate = Candidate { received_at, updated_at, ..candidate(State::Queued) };
            waits.matches(&candidate, operation, CREATED_AT)
        };
        for operation in [BulkOperation::Reprocess, BulkOperation::Repost] {
            assert!(is_met(operation, 1_000, 1_000) && !is_met(operation, 1_000, 1_001), "{operation:?}");
        }
        assert!(is_met(BulkOperation::Withdraw, 1_000, 1_001));
        for &operation in BulkOperation::ALL {
            assert!(!is_met(operation, 1_001, 1_001), "{operation:?}");
        }
    }

    #[test]
    fn l9_a_filter_is_read_back() {
        let filter = BulkFilter { ids: vec!["a".into()], cause: Some("x".into()), received_from: Some(1), ..filter() };
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<BulkFilter>(&text).unwrap(), filter);
        assert!(serde_json::from_str::<BulkFilter>(r#"{"sates":[]}"#).is_err());
        assert!(filter != BulkFilter::default() && !filter.takes_all_in_states());
    }
}
