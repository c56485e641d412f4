//! The life of a submission as one table. Code, documentation and pictures are made from it.

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $end:ident, [$($next:ident)*];)*) => {
        /// The state of a submission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
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
            pub const fn next(self) -> &'static [State] {
                match self { $(State::$name => &[$(State::$next),*],)* }
            }
        }
    };
}

states! {
    /// Stored, and not processed yet.
    Received = "received", open, [Processing Pending Canceled];
    /// Waiting: the campaign is a draft, is paused, or has neither a client endpoint nor `delivery: store_only`.
    Pending = "pending", open, [Received Canceled];
    /// A host is mapping, qualifying and shaping it.
    Processing = "processing", open, [Received Pending Quarantined PendingAction Queued Delivering Disqualified Delivered Duplicate Rejected Canceled];
    /// It could not be mapped or its plugin faulted: waiting until a person reprocesses it.
    Quarantined = "quarantined", open, [Received Canceled];
    /// The first-submission action has it.
    PendingAction = "pending_action", open, [Processing Disqualified Canceled];
    /// A cap is reached or the schedule is closed.
    Queued = "queued", open, [Processing Rejected Canceled];
    /// Its message is on the way to the client, or its clients are asked for bids; it is processed further when those are in.
    Delivering = "delivering", open, [Processing Delivered Duplicate Rejected Failed Canceled];
    /// A rule, an action or a reviewer disqualified it.
    Disqualified = "disqualified", terminal, [];
    /// The client took it, or it is stored for a campaign with `delivery: store_only`.
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

    /// Whether lines of the timeline say what happened in this state, without a transition: that a first-submission action has decided, or
    /// could not.
    pub const fn has_notes(self) -> bool {
        matches!(self, Self::PendingAction)
    }

    /// Whether the table allows this transition.
    pub const fn may_become(self, next: State) -> bool {
        let list = self.next();
        let mut at = 0;
        while at < list.len() {
            if list[at] as u8 == next as u8 {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// A transition that the table allows. The state of a submission is written by one of these and by nothing else, so an illegal one has
/// no spelling: a constant of it does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    from: State,
    to: State,
}

impl Change {
    /// Processing begins. It ends in the same commit, so no row is ever left in `processing`.
    pub const BEGIN: Self = Self::of(State::Received, State::Processing);
    /// Its campaign came to be active or archived: it is processed now.
    pub const RELEASE: Self = Self::of(State::Pending, State::Received);
    /// It leaves quarantine: somebody had it reprocessed, or its campaign was archived.
    pub const REPROCESS: Self = Self::of(State::Quarantined, State::Received);

    /// A transition; none where the table does not allow it.
    pub const fn new(from: State, to: State) -> Option<Self> {
        if from.may_become(to) { Some(Self { from, to }) } else { None }
    }

    /// A transition that the table allows; for constants, where another one is an error of the compiler.
    ///
    /// # Panics
    /// Where the table does not allow it.
    pub const fn of(from: State, to: State) -> Self {
        assert!(from.may_become(to), "the table of states does not allow this transition");
        Self { from, to }
    }

    /// The state that is left.
    pub const fn from(self) -> State {
        self.from
    }

    /// The state that follows.
    pub const fn to(self) -> State {
        self.to
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

    /// Each of the 169 pairs, against the diagram of the requirements as it is drawn.
    #[test]
    fn only_transitions_of_the_requirements_can_be_made() {
        const DRAWN: [(&str, &str); 13] = [
            ("received", "processing pending canceled"),
            ("pending", "received canceled"),
            (
                "processing",
                "received pending quarantined pending_action queued delivering disqualified delivered duplicate rejected canceled",
            ),
            ("quarantined", "received canceled"),
            ("pending_action", "processing disqualified canceled"),
            ("queued", "processing rejected canceled"),
            ("delivering", "processing delivered duplicate rejected failed canceled"),
            ("disqualified", ""),
            ("delivered", ""),
            ("duplicate", ""),
            ("rejected", ""),
            ("failed", ""),
            ("canceled", ""),
        ];
        assert_eq!(DRAWN.len(), State::ALL.len());
        for (from, followers) in DRAWN {
            let from = State::parse(from).unwrap();
            for to in State::ALL.iter().copied() {
                let expected = followers.split(' ').any(|name| name == to.as_str());
                let change = Change::new(from, to);
                assert_eq!(change.map(|change| (change.from(), change.to())), expected.then_some((from, to)));
                assert_eq!(std::panic::catch_unwind(|| Change::of(from, to)).is_ok(), expected, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn the_terminal_states_are_those_of_the_requirements() {
        let terminal: Vec<&str> = State::ALL.iter().filter(|s| s.is_terminal()).map(|s| s.as_str()).collect();
        assert_eq!(terminal, ["disqualified", "delivered", "duplicate", "rejected", "failed", "canceled"]);
    }
}
