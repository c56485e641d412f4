//! Where a bulk job stands. It moves in one direction only, so that no submission is met twice.

use super::BulkFilter;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// Where a bulk job stands: it goes campaign by campaign, in each state by state, in each by id; or along the ids that its filter names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkCursor {
    /// The campaign that it is in (the store's id); empty before the first.
    pub campaign_key: String,
    /// Which of the filter's states it is in.
    state_index: usize,
    /// The last id that was looked at in it; empty before the first.
    pub after_id: String,
    /// How many of the filter's ids were looked at.
    ids_count: usize,
    /// Whether everything was looked at.
    pub is_at_end: bool,
}

impl BulkCursor {
    /// The state whose submissions are looked at next; none when the campaign has no more.
    pub fn state(&self, filter: &BulkFilter) -> Option<State> {
        filter.states.get(self.state_index).copied()
    }

    /// Begins a campaign.
    pub fn enter_campaign(&mut self, campaign_key: &str) {
        *self = Self { campaign_key: campaign_key.to_owned(), ..Self::default() };
    }

    /// Has looked at the submissions of this state up to this id.
    pub fn pass(&mut self, id: &str) {
        id.clone_into(&mut self.after_id);
    }

    /// Has looked at all of this state.
    pub fn pass_state(&mut self) {
        self.state_index += 1;
        self.after_id.clear();
    }

    /// The next ids that the filter names, at most so many.
    pub fn next_ids<'a>(&self, filter: &'a BulkFilter, count_max: usize) -> &'a [String] {
        let left = filter.ids.get(self.ids_count..).unwrap_or_default();
        &left[..left.len().min(count_max)]
    }

    /// Has looked at so many more of them.
    pub fn pass_ids(&mut self, count: usize) {
        self.ids_count += count;
    }

    /// As a database keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where it is something else, or of another version of the host.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l9_a_cursor_goes_through_states_and_ids_and_is_read_back() {
        let filter = BulkFilter {
            states: vec![State::Rejected, State::Failed],
            ids: vec!["a".into(), "b".into(), "c".into()],
            ..BulkFilter::default()
        };
        let mut cursor = BulkCursor::default();
        cursor.enter_campaign("cmp_1");
        assert_eq!(cursor.state(&filter), Some(State::Rejected));
        cursor.pass("req_1-0");
        assert_eq!(BulkCursor::from_bytes(&cursor.to_bytes()).unwrap(), cursor);
        cursor.pass_state();
        assert_eq!((cursor.state(&filter), cursor.after_id.as_str()), (Some(State::Failed), ""));
        cursor.pass_state();
        assert_eq!(cursor.state(&filter), None);
        cursor.enter_campaign("cmp_2");
        assert_eq!(cursor.state(&filter), Some(State::Rejected));
        assert_eq!(cursor.next_ids(&filter, 2), ["a", "b"]);
        cursor.pass_ids(2);
        assert_eq!(cursor.next_ids(&filter, 2), ["c"]);
        cursor.pass_ids(1);
        assert!(cursor.next_ids(&filter, 2).is_empty());
        assert!(BulkCursor::from_bytes(br#"{"place":1}"#).is_err());
    }
}
