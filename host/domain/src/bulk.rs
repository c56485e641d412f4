//! Bulk jobs (L9): what a person has done with many submissions, one after the other: reprocess, repost, withdraw.

mod cursor;
mod eligible;
mod filter;
mod pace;

pub use cursor::BulkCursor;
pub use eligible::{OpenJob, eligible_jobs};
pub use filter::{BulkFilter, Candidate};
pub use pace::Pace;

use super::state::State;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// How many submissions a filter may name.
pub const IDS_MAX: usize = 1_000;
/// How many characters the cause of a filter may have.
pub const CAUSE_CHARS_MAX: usize = 64;
/// How many characters the reason of a filter may have.
pub const REASON_CHARS_MAX: usize = 255;

/// What is done with each submission.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BulkOperation {
    /// It leaves quarantine and runs again, on the campaign's active version.
    Reprocess,
    /// Its lead becomes a new submission, which is not qualified again.
    Repost,
    /// It is canceled while it waits.
    Withdraw,
}

impl BulkOperation {
    /// Every operation.
    pub const ALL: &[BulkOperation] = BulkOperation::VARIANTS;

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The states that it takes submissions in, in the order of a lead's way: so a lead that moves on meanwhile is met further on.
    pub fn states(self) -> &'static [State] {
        match self {
            Self::Reprocess => &[State::Quarantined],
            Self::Repost => &[
                State::Disqualified,
                State::Delivered,
                State::Duplicate,
                State::Rejected,
                State::Failed,
                State::Canceled,
            ],
            Self::Withdraw => {
                &[State::Received, State::Pending, State::Quarantined, State::PendingAction, State::Queued]
            }
        }
    }

    /// Those that it takes where none is named: a lead that a client has is posted again only when that is said.
    pub fn states_unless_named(self) -> Vec<State> {
        self.states().iter().copied().filter(|state| *state != State::Delivered).collect()
    }

    /// Whether it leaves alone what came into its state after the job was created.
    pub(crate) fn takes_only_unchanged(self) -> bool {
        match self {
            Self::Reprocess | Self::Repost => true,
            // A lead that still waits is withdrawn, whatever it waits for by now.
            Self::Withdraw => false,
        }
    }
}

/// How a bulk job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BulkJobState {
    /// It waits for its turn.
    Queued,
    /// A host works on it.
    Running,
    /// Every submission that it concerns was looked at.
    Completed,
    /// Somebody canceled it; what was done by then stays.
    Canceled,
    /// It can't go on.
    Failed,
}

impl BulkJobState {
    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Change;

    #[test]
    fn l9_names_are_read_back() {
        for &operation in BulkOperation::ALL {
            assert_eq!(BulkOperation::parse(operation.as_str()), Some(operation));
        }
        for &state in BulkJobState::VARIANTS {
            assert_eq!(BulkJobState::parse(state.as_str()), Some(state));
        }
    }

    /// L9: each operation takes exactly the states in which it can be done: what can be received again from quarantine, what is final, and
    /// what waits and can be canceled.
    #[test]
    fn l9_an_operation_takes_the_states_it_can_be_done_in() {
        let of = |operation: BulkOperation| operation.states().to_vec();
        assert_eq!(of(BulkOperation::Reprocess), [State::Quarantined]);
        let mut terminal: Vec<State> = State::ALL.iter().copied().filter(|state| state.is_terminal()).collect();
        let mut reposted = of(BulkOperation::Repost);
        terminal.sort();
        reposted.sort();
        assert_eq!(reposted, terminal);
        let under_way = [State::Processing, State::Delivering];
        let waiting = State::ALL.iter().copied().filter(|state| !state.is_terminal() && !under_way.contains(state));
        let mut waiting: Vec<State> = waiting.collect();
        let mut withdrawn = of(BulkOperation::Withdraw);
        waiting.sort();
        withdrawn.sort();
        assert_eq!(withdrawn, waiting);
        assert!(withdrawn.iter().all(|state| Change::new(*state, State::Canceled).is_some()));
    }

    #[test]
    fn l9_what_a_client_has_is_reposted_only_when_that_is_said() {
        let unless_named = BulkOperation::Repost.states_unless_named();
        assert!(!unless_named.contains(&State::Delivered));
        assert_eq!(unless_named.len() + 1, BulkOperation::Repost.states().len());
        for operation in [BulkOperation::Reprocess, BulkOperation::Withdraw] {
            assert_eq!(operation.states_unless_named(), operation.states());
        }
    }
}
