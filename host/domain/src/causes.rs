//! The causes of transitions, each with the states that it leads to: whoever looks for a cause looks in those states alone.

use crate::state::State;

/// Every cause that is known, with the states after it.
pub const CAUSES: &[(&str, &[State])] = &[
    ("ingested", &[State::Received]),
    ("released", &[State::Received]),
    ("reprocessed", &[State::Received]),
    ("reposted", &[State::Received]),
    ("deferred", &[State::Received]),
    ("campaign_draft", &[State::Pending]),
    ("campaign_paused", &[State::Pending, State::Queued]),
    ("no_client_endpoint", &[State::Pending]),
    ("started", &[State::Processing]),
    ("map_failed", &[State::Quarantined]),
    ("enrich_failed", &[State::Quarantined]),
    ("qualify_failed", &[State::Quarantined]),
    ("shape_failed", &[State::Quarantined]),
    ("interpret_failed", &[State::Quarantined]),
    ("plugin_faulted", &[State::Quarantined]),
    ("campaign_version_unusable", &[State::Quarantined]),
    ("unwritable", &[State::Quarantined]),
    ("duplicate", &[State::Duplicate, State::Quarantined]),
    ("action_webhook", &[State::PendingAction]),
    ("action_review", &[State::PendingAction]),
    ("action_failed", &[State::PendingAction]),
    ("action_approved", &[State::PendingAction]),
    ("review_approved", &[State::PendingAction]),
    ("cap_reached", &[State::Queued, State::Rejected]),
    ("schedule_closed", &[State::Queued, State::Rejected]),
    ("behind_queue", &[State::Queued]),
    ("rules", &[State::Disqualified]),
    ("action_rejected", &[State::Disqualified]),
    ("review_rejected", &[State::Disqualified]),
    ("shaped", &[State::Delivering]),
    ("pinged", &[State::Delivering]),
    ("ping_won", &[State::Delivering]),
    ("stored", &[State::Delivered]),
    ("client_accepted", &[State::Delivered]),
    ("client_duplicate", &[State::Duplicate]),
    ("client_rejected", &[State::Rejected]),
    ("no_bid", &[State::Rejected]),
    ("moved", &[State::Rejected, State::Received]),
    ("retries_exhausted", &[State::Failed]),
    ("client_failed", &[State::Failed]),
    ("not_interpreted", &[State::Failed]),
    ("no_lead", &[State::Canceled]),
    ("campaign_archived", &[State::Received, State::Canceled]),
    ("expired", &[State::Canceled]),
    ("withdrawn", &[State::Canceled]),
    ("stored_alone", &[State::Canceled]),
    ("no_match", &[State::Canceled]),
    ("erased", &[State::Canceled]),
];

/// The states that a cause leads to; none where the cause is not known, or leads to any state.
pub fn states_after(cause: &str) -> &'static [State] {
    CAUSES.iter().find(|(name, _)| *name == cause).map_or(&[], |(_, states)| states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_named_once_and_each_state_has_one() {
        for (at, (cause, states)) in CAUSES.iter().enumerate() {
            assert!(CAUSES.iter().skip(at + 1).all(|(other, _)| other != cause), "{cause}");
            assert!(!states.is_empty(), "{cause}");
        }
        for state in State::ALL {
            assert!(CAUSES.iter().any(|(_, states)| states.contains(state)), "{state:?}");
        }
        assert_eq!((states_after("rules"), states_after("none")), (&[State::Disqualified][..], &[][..]));
    }
}
