//! The way of a bulk job through the submissions: the next ones that it is about, and where it stands after them.

use super::{BulkTarget, LoadedJob};
use crate::Pipeline;
use hookmill_domain::bulk::{BulkCursor, BulkOperation};
use hookmill_domain::state::State;
use hookmill_store::StoreError;
use hookmill_store::bulk_jobs::BulkCandidate;

/// How many submissions are looked at in one read, where not all of them need match.
const ROWS_PER_READ: usize = 1_000;
/// How many reads may find nothing before the place is noted.
const READS_PER_PIECE: usize = 16;
/// How many campaigns are looked at in one read.
const CAMPAIGNS_PER_READ: i64 = 100;
/// How many bytes the leads that one commit posts again may have.
const LEAD_BYTES_MAX: i64 = 4 << 20;

/// What the next piece of a job is.
pub(super) enum Next {
    /// These submissions match, and the job stands here after them. There may be none, while there are more to look at.
    Piece(Vec<BulkCandidate>, BulkCursor),
    /// The campaign has as many submissions to process as memory holds: those go first.
    Wait,
    /// Everything was looked at.
    End(BulkCursor),
}

impl BulkTarget {
    /// Whether a submission is one of them.
    pub(super) fn matches(&self, candidate: &BulkCandidate) -> bool {
        self.filter.matches(&candidate.view(), self.operation, self.created_at)
    }

    /// How many submissions are read at once to find so many.
    fn read_rows(&self, rows: usize) -> usize {
        if self.filter.takes_all_in_states() { rows } else { rows.max(ROWS_PER_READ) }
    }

    /// Whether what is done makes work for the steps of processing.
    fn makes_work(&self) -> bool {
        match self.operation {
            BulkOperation::Reprocess | BulkOperation::Repost => true,
            BulkOperation::Withdraw => false,
        }
    }

    /// The bytes of a candidate that a commit has to copy.
    fn copied_bytes(&self, candidate: &BulkCandidate) -> i64 {
        match self.operation {
            BulkOperation::Repost => candidate.lead_bytes.unwrap_or_default(),
            BulkOperation::Reprocess | BulkOperation::Withdraw => 0,
        }
    }
}

/// Those of some candidates that match, as many as one commit may take.
pub(super) struct Matching<'a> {
    target: &'a BulkTarget,
    rows_max: usize,
    bytes: i64,
    found: Vec<BulkCandidate>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(target: &'a BulkTarget, rows_max: usize) -> Self {
        Self { target, rows_max, bytes: 0, found: Vec::new() }
    }

    /// Looks at a candidate; returns whether it was passed. One that is not is the first of the next piece.
    pub(super) fn pass(&mut self, candidate: BulkCandidate) -> bool {
        if !self.target.matches(&candidate) {
            return true;
        }
        let bytes = self.bytes.saturating_add(self.target.copied_bytes(&candidate));
        let is_full = self.rows_max <= self.found.len() || LEAD_BYTES_MAX < bytes;
        if is_full && !self.found.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.found.push(candidate);
        true
    }
}

impl Pipeline {
    /// The next submissions that a job is about, at most so many.
    pub(super) async fn next_of_bulk_job(&self, loaded: &LoadedJob, rows_max: usize) -> Result<Next, StoreError> {
        if !loaded.target.filter.ids.is_empty() {
            return self.next_by_id(loaded, rows_max).await;
        }
        let LoadedJob { target, .. } = loaded;
        let mut cursor = loaded.cursor.clone();
        for _ in 0..READS_PER_PIECE {
            let Some(state) = self.enter_next_state(target, &mut cursor).await? else {
                return Ok(Next::End(cursor));
            };
            let rows_max = rows_max.min(self.room_for_bulk(target, &cursor.campaign_key).await?);
            if rows_max == 0 {
                return Ok(Next::Wait);
            }
            let read_rows = target.read_rows(rows_max);
            let with_detail = target.filter.reason.is_some();
            let read =
                self.people.bulk_candidates(&cursor.campaign_key, state, &cursor.after_id, with_detail, read_rows);
            let read = read.await?;
            let is_last = read.len() < read_rows;
            let mut matching = Matching::new(target, rows_max);
            let mut is_whole = true;
            for candidate in read {
                let id = candidate.id.clone();
                is_whole = matching.pass(candidate);
                if !is_whole {
                    break;
                }
                cursor.pass(&id);
            }
            if is_last && is_whole {
                cursor.pass_state();
            }
            if !matching.found.is_empty() {
                return Ok(Next::Piece(matching.found, cursor));
            }
        }
        Ok(Next::Piece(Vec::new(), cursor))
    }

    /// The state whose submissions are looked at next, of this campaign or of the next one; none when there is no other.
    pub(super) async fn enter_next_state(
        &self,
        target: &BulkTarget,
        cursor: &mut BulkCursor,
    ) -> Result<Option<State>, StoreError> {
        let is_in_campaign = !cursor.campaign_key.is_empty() && cursor.state(&target.filter).is_some();
        if !is_in_campaign {
            match self.campaign_after(target, &cursor.campaign_key).await? {
                Some(campaign_key) => cursor.enter_campaign(&campaign_key),
                None => cursor.is_at_end = true,
            }
        }
        Ok(if cursor.is_at_end { None } else { cursor.state(&target.filter) })
    }

    /// The first campaign after this one (the store's keys) that the job may reach.
    pub(super) async fn campaign_after(&self, target: &BulkTarget, after: &str) -> Result<Option<String>, StoreError> {
        if target.campaigns.is_some() {
            return Ok(self.reachable(target).await?.into_iter().flatten().find(|key| after < key.as_str()));
        }
        let next = self.people.campaigns(&target.organization_id, None, after, 1).await?;
        Ok(next.into_iter().next().map(|campaign| campaign.key))
    }

    /// The campaigns that the job may reach (the store's keys), in their order; none for all.
    pub(super) async fn reachable(&self, target: &BulkTarget) -> Result<Option<Vec<String>>, StoreError> {
        let Some(campaigns) = &target.campaigns else { return Ok(None) };
        let mut keys = Vec::with_capacity(campaigns.len());
        for campaign_id in campaigns {
            let found = self.people.campaign_by_id(&target.organization_id, campaign_id).await?;
            keys.extend(found.map(|campaign| campaign.key));
        }
        keys.sort();
        Ok(Some(keys))
    }

    /// How many more submissions of a campaign may be made due: no more than memory holds of it, so that new ones don't wait behind a
    /// million.
    async fn room_for_bulk(&self, target: &BulkTarget, campaign_key: &str) -> Result<usize, StoreError> {
        if !target.makes_work() {
            return Ok(usize::MAX);
        }
        let counts = self.people.submission_counts(campaign_key).await?;
        let received =
            counts.iter().find(|(state, _)| state == State::Received.as_str()).map_or(0, |(_, count)| *count);
        let received = usize::try_from(received).unwrap_or_default();
        Ok(self.settings.limits.lane_items_max.saturating_sub(received))
    }

    /// The same along the ids that the filter names. Those that are not there, or that the job may not reach, are not among them.
    async fn next_by_id(&self, loaded: &LoadedJob, rows_max: usize) -> Result<Next, StoreError> {
        let LoadedJob { target, .. } = loaded;
        let mut cursor = loaded.cursor.clone();
        let ids = cursor.next_ids(&target.filter, rows_max);
        if ids.is_empty() {
            cursor.is_at_end = true;
            return Ok(Next::End(cursor));
        }
        let read = self.candidates_by_id(target, ids).await?;
        let mut matching = Matching::new(target, rows_max);
        let mut passed = ids.len();
        for candidate in read {
            let place = ids.iter().position(|id| *id == candidate.id);
            if !matching.pass(candidate) {
                passed = place.unwrap_or(passed);
                break;
            }
        }
        cursor.pass_ids(passed);
        Ok(Next::Piece(matching.found, cursor))
    }

    /// The submissions with these ids that the job may reach, in the order of their ids.
    pub(super) async fn candidates_by_id(
        &self,
        target: &BulkTarget,
        ids: &[String],
    ) -> Result<Vec<BulkCandidate>, StoreError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let with_detail = target.filter.reason.is_some();
        let mut read = self.people.bulk_candidates_by_id(&target.organization_id, &ids, with_detail).await?;
        if let Some(keys) = self.reachable(target).await? {
            read.retain(|candidate| keys.contains(&candidate.campaign_key));
        }
        Ok(read)
    }

    /// All campaigns that a job may reach (the store's keys).
    pub(super) async fn campaigns_of(&self, target: &BulkTarget) -> Result<Vec<String>, StoreError> {
        if let Some(keys) = self.reachable(target).await? {
            return Ok(keys);
        }
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().cloned().unwrap_or_default();
            let page = self.people.campaigns(&target.organization_id, None, &after, CAMPAIGNS_PER_READ).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page.into_iter().map(|campaign| campaign.key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::bulk::BulkFilter;
    use hookmill_domain::clock::Timestamp;

    fn target(operation: BulkOperation) -> BulkTarget {
        let filter = BulkFilter { states: operation.states().to_vec(), ..BulkFilter::default() };
        let (organization_id, created_at) = ("org".to_owned(), Timestamp(10));
        BulkTarget { organization_id, operation, filter, campaigns: None, created_at }
    }

    fn candidate(state: State, lead_bytes: i64) -> BulkCandidate {
        BulkCandidate {
            id: "sub".into(),
            campaign_key: "cmp".into(),
            state: state.as_str().into(),
            revision: 1,
            shard: 0,
            received_at: 1,
            updated_at: 1,
            cause: None,
            detail: None,
            lead_bytes: Some(lead_bytes),
            kept: None,
        }
    }

    /// H6: a piece has so many rows and bytes, and one row in any case; what does not match takes no room.
    #[test]
    fn h6_a_piece_stays_within_rows_and_bytes() {
        let reposts = target(BulkOperation::Repost);
        let take = |sizes: &[i64], rows_max| {
            let mut matching = Matching::new(&reposts, rows_max);
            sizes.iter().take_while(|size| matching.pass(candidate(State::Failed, **size))).count()
        };
        assert_eq!(take(&[1, 1, 1, 1], 3), 3);
        assert_eq!(take(&[LEAD_BYTES_MAX, 1], 9), 1);
        assert_eq!(take(&[LEAD_BYTES_MAX + 1, 1], 9), 1);
        assert_eq!(take(&[LEAD_BYTES_MAX - 1, 1, 1], 9), 2);
        let mut matching = Matching::new(&reposts, 1);
        let passed = [State::Received, State::Failed, State::Queued, State::Failed];
        let passed = passed.into_iter().take_while(|state| matching.pass(candidate(*state, 1))).count();
        assert_eq!((passed, matching.found.len()), (3, 1));
    }

    #[test]
    fn h6_only_what_is_copied_counts() {
        let withdrawals = target(BulkOperation::Withdraw);
        let mut matching = Matching::new(&withdrawals, 3);
        assert!((0..3).all(|_| matching.pass(candidate(State::Queued, LEAD_BYTES_MAX))));
        assert!(!matching.pass(candidate(State::Queued, 0)));
    }

    #[test]
    fn l9_where_all_match_no_more_is_read_than_is_used() {
        let mut of_states = target(BulkOperation::Repost);
        assert_eq!(of_states.read_rows(7), 7);
        of_states.filter.cause = Some("x".into());
        assert_eq!(of_states.read_rows(7), ROWS_PER_READ);
    }
}
