//! The life of a submission as one table. Code, documentation and pictures are made from it.

use serde::Serialize;

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $end:ident, [$($next:ident)*];)*) => {
        /// The state of a submission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = SubmissionState)]
        pub enum State { $($(#[$doc])* $name,)* }

        impl State {
            /// Every state, in the order of a lead's way.
            pub const ALL: &'static [State] = &[$(State::$name),*];

            /// The name the API, the timeline and the database use.
            pub fn as_str(self) -> &'static str {
                match self { $(State::$name => $text,)* }
            }

            /// Whether nothing follows (T).
            pub fn is_terminal(self) -> bool {
                match self { $(State::$name => stringify!($end) == "terminal",)* }
            }

            /// The states that may follow.
            pub fn next(self) -> &'static [State] {
                match self { $(State::$name => &[$(State::$next),*],)* }
            }
        }
    };
}

states! {
    /// Stored, and not processed yet.
    Received = "received", open, [Processing Pending Canceled];
    /// Waiting: the campaign is a draft or paused.
    Pending = "pending", open, [Received Canceled];
    /// A host is mapping, qualifying and shaping it.
    Processing = "processing", open, [Received Pending Quarantined PendingAction Queued Delivering Disqualified Delivered Duplicate Rejected Canceled];
    /// It could not be mapped or its plugin faulted: waiting until a person reprocesses it.
    Quarantined = "quarantined", open, [Received Canceled];
    /// The first-submission action has it.
    PendingAction = "pending_action", open, [Processing Disqualified Canceled];
    /// A cap is reached or the schedule is closed.
    Queued = "queued", open, [Processing Rejected Canceled];
    /// Its message is on the way to the client.
    Delivering = "delivering", open, [Delivered Duplicate Rejected Failed Canceled];
    /// A rule, an action or a reviewer disqualified it.
    Disqualified = "disqualified", terminal, [];
    /// The client took it, or it is stored for a campaign without client endpoint.
    Delivered = "delivered", terminal, [];
    /// The duplicate rule or the client found it a duplicate.
    Duplicate = "duplicate", terminal, [];
    /// The client, a cap or the schedule rejected it.
    Rejected = "rejected", terminal, [];
    /// Retries are exhausted, or it failed for good.
    Failed = "failed", terminal, [];
    /// Withdrawn, archived, expired, erased, or nothing was mapped.
    Canceled = "canceled", terminal, [];
}

impl State {
    /// Reads the name a database row or a filter carries.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }

    /// Whether the table allows this transition.
    pub fn may_become(self, next: State) -> bool {
        self.next().contains(&next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
        assert_eq!(State::parse("Received"), None);
    }

    #[test]
    fn nothing_follows_a_terminal_state_and_something_every_other() {
        for state in State::ALL {
            assert_eq!(state.is_terminal(), state.next().is_empty(), "{state:?}");
        }
    }

    #[test]
    fn every_state_but_the_first_is_reached() {
        for state in State::ALL.iter().skip(1) {
            assert!(State::ALL.iter().any(|from| from.may_become(*state)), "{state:?}");
        }
    }

    #[test]
    fn the_terminal_states_are_those_of_the_requirements() {
        let terminal: Vec<&str> = State::ALL.iter().filter(|s| s.is_terminal()).map(|s| s.as_str()).collect();
        assert_eq!(terminal, ["disqualified", "delivered", "duplicate", "rejected", "failed", "canceled"]);
    }
}
