//! The events the host itself tells of (W1).

use super::state::State;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// An event of a lead's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema, EnumString, IntoStaticStr, VariantArray)]
pub enum EventName {
    /// The client took it, or it is stored.
    #[serde(rename = "lead.delivered")]
    #[strum(serialize = "lead.delivered")]
    Delivered,
    /// A rule, an action or a reviewer disqualified it.
    #[serde(rename = "lead.disqualified")]
    #[strum(serialize = "lead.disqualified")]
    Disqualified,
    /// The client rejected it, or retries are exhausted.
    #[serde(rename = "lead.failed")]
    #[strum(serialize = "lead.failed")]
    Failed,
    /// It waits for a cap or the schedule.
    #[serde(rename = "lead.queued")]
    #[strum(serialize = "lead.queued")]
    Queued,
    /// The first-submission action has started.
    #[serde(rename = "lead.first_submission_action")]
    #[strum(serialize = "lead.first_submission_action")]
    FirstSubmissionAction,
    /// It has reached a terminal state.
    #[serde(rename = "lead.processed")]
    #[strum(serialize = "lead.processed")]
    Processed,
    /// It could not be mapped, or its plugin faulted.
    #[serde(rename = "lead.quarantined")]
    #[strum(serialize = "lead.quarantined")]
    Quarantined,
    /// A plugin version was taken out after repeated faults.
    #[serde(rename = "plugin.disabled")]
    #[strum(serialize = "plugin.disabled")]
    PluginDisabled,
}

impl EventName {
    /// Every event.
    pub const ALL: &[EventName] = EventName::VARIANTS;

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The events that reaching a state causes, in their order (section 5). `by_client` says whether a client's response caused it.
pub fn events_after(state: State, by_client: bool) -> Vec<EventName> {
    let own = match state {
        State::Quarantined => Some(EventName::Quarantined),
        State::Disqualified => Some(EventName::Disqualified),
        State::PendingAction => Some(EventName::FirstSubmissionAction),
        State::Queued => Some(EventName::Queued),
        State::Delivered => Some(EventName::Delivered),
        State::Failed => Some(EventName::Failed),
        State::Duplicate | State::Rejected if by_client => Some(EventName::Failed),
        _ => None,
    };
    own.into_iter().chain(state.is_terminal().then_some(EventName::Processed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w1_each_state_causes_its_events() {
        use EventName::*;
        let table = [
            (State::Received, false, vec![]),
            (State::Pending, false, vec![]),
            (State::Quarantined, false, vec![Quarantined]),
            (State::Queued, false, vec![Queued]),
            (State::PendingAction, false, vec![FirstSubmissionAction]),
            (State::Disqualified, false, vec![Disqualified, Processed]),
            (State::Delivered, true, vec![Delivered, Processed]),
            (State::Duplicate, false, vec![Processed]),
            (State::Duplicate, true, vec![Failed, Processed]),
            (State::Rejected, true, vec![Failed, Processed]),
            (State::Failed, true, vec![Failed, Processed]),
            (State::Canceled, false, vec![Processed]),
        ];
        for (state, by_client, expected) in table {
            assert_eq!(events_after(state, by_client), expected, "{state:?}");
        }
    }

    #[test]
    fn w1_names_are_read_back() {
        for &name in EventName::ALL {
            assert_eq!(EventName::parse(name.as_str()), Some(name));
        }
    }
}
