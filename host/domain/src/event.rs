//! The events that destinations are told of (W1): those of the host, and those that sources report (I12).

use super::state::State;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
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
    /// A webhook is paused: it is gone, or kept failing.
    #[serde(rename = "webhook.paused")]
    #[strum(serialize = "webhook.paused")]
    WebhookPaused,
    /// A webhook that was paused because it kept failing takes messages again.
    #[serde(rename = "webhook.resumed")]
    #[strum(serialize = "webhook.resumed")]
    WebhookResumed,
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

/// The events that sources report, besides those that an operator adds.
const REPORTED_EVENTS: [&str; 11] = [
    "EMAIL_SENT",
    FIRST_EMAIL_SENT,
    "EMAIL_OPEN",
    "EMAIL_LINK_CLICK",
    "EMAIL_REPLY",
    "EMAIL_BOUNCE",
    "LEAD_UNSUBSCRIBED",
    "LEAD_CATEGORY_UPDATED",
    "CAMPAIGN_STATUS_CHANGED",
    "UNTRACKED_REPLIES",
    "MANUAL_STEP_REACHED",
];
/// The event that the host also makes itself, of the first `EMAIL_SENT` of a lead (E1).
pub const FIRST_EMAIL_SENT: &str = "FIRST_EMAIL_SENT";

/// How many characters the name of an event may have.
const NAME_CHARS_MAX: usize = 64;

/// Every event that a webhook may select: those of the host, those that are usually reported, and those that an operator adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRegistry {
    reported: BTreeSet<String>,
}

impl Default for EventRegistry {
    fn default() -> Self {
        Self { reported: REPORTED_EVENTS.map(str::to_owned).into() }
    }
}

impl EventRegistry {
    /// The registry with the names that an operator adds.
    ///
    /// # Errors
    /// Which name can't be one.
    pub fn with_added(added: &[String]) -> Result<Self, String> {
        let mut registry = Self::default();
        for name in added {
            let fits = (1..=NAME_CHARS_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            if !fits || EventName::parse(name).is_some() {
                return Err(format!(
                    "`{}` can't be the name of a reported event; write 1 to {NAME_CHARS_MAX} of A-Z a-z 0-9 _ - . which the host has no event for",
                    name.chars().take(NAME_CHARS_MAX).collect::<String>().escape_debug()
                ));
            }
            registry.reported.insert(name.clone());
        }
        Ok(registry)
    }

    /// Whether a webhook may select it.
    pub fn has(&self, name: &str) -> bool {
        self.is_reported(name) || EventName::parse(name).is_some()
    }

    /// Whether a source may report it.
    pub fn is_reported(&self, name: &str) -> bool {
        self.reported.contains(name)
    }

    /// The names that sources may report, in order.
    pub fn reported(&self) -> impl Iterator<Item = &str> {
        self.reported.iter().map(String::as_str)
    }
}

/// All names, with commas between them.
impl fmt::Display for EventRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = EventName::ALL.iter().map(|event| event.as_str());
        let names: Vec<&str> = own.chain(self.reported()).collect();
        f.write_str(&names.join(", "))
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
    fn w1_an_operator_adds_names() {
        let registry = EventRegistry::with_added(&["SMS_REPLY".into()]).unwrap();
        assert!(registry.is_reported("SMS_REPLY") && registry.is_reported("EMAIL_REPLY"));
        assert!(registry.has("lead.delivered") && !registry.is_reported("lead.delivered"));
        for wrong in ["", "a b", "lead.delivered", &"x".repeat(65)] {
            assert!(EventRegistry::with_added(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn w1_names_are_read_back() {
        for &name in EventName::ALL {
            assert_eq!(EventName::parse(name.as_str()), Some(name));
        }
    }
}
