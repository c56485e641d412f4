//! A piece of a bulk job: what is done with some submissions, in one commit with the job's progress.

use super::LoadedJob;
use super::walk::Next;
use crate::Pipeline;
use crate::finish::EventAbout;
use crate::rendered::json;
use hookmill_domain::bulk::{BulkCursor, BulkOperation, Pace};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::{Change, State};
use hookmill_stages::{Kept, Start};
use hookmill_store::bulk_jobs::{AskedBy, BulkCandidate, Piece, Repost, SubmissionChange, Written};
use hookmill_store::{Remedy, StoreError};
use serde_json::json;
use std::collections::BTreeSet;

/// The causes of what people do, as timelines show them.
pub(super) const REPROCESSED: &str = "reprocessed";
pub(super) const REPOSTED: &str = "reposted";
pub(super) const WITHDRAWN: &str = "withdrawn";

/// What is to be changed of submissions.
pub(super) enum Work {
    /// They go to another state, for this cause.
    Change(&'static str, Vec<SubmissionChange>),
    /// They are posted again.
    Repost(Vec<Repost>),
}

impl Work {
    fn rows(&self) -> usize {
        match self {
            Self::Change(_, changes) => changes.len(),
            Self::Repost(reposts) => reposts.len(),
        }
    }
}

impl Pipeline {
    /// Does the next piece of a job; returns whether it may go on at once.
    pub(super) async fn do_bulk_piece(&self, loaded: &LoadedJob, pace: &mut Pace) -> Result<bool, StoreError> {
        let (candidates, cursor) = match self.next_of_bulk_job(loaded, pace.rows()).await? {
            Next::Wait => return Ok(false),
            Next::End(cursor) => {
                self.people.complete_bulk_job(&loaded.job, &cursor, self.clock.now()).await?;
                tracing::info!(bulk_job = loaded.job.id, "a bulk job is completed");
                return Ok(true);
            }
            Next::Piece(candidates, cursor) => (candidates, cursor),
        };
        let now = self.clock.now();
        let work = self
            .bulk_work(loaded.target.operation, &loaded.job.organization_id, &candidates, loaded.job.created_at)
            .await?;
        let piece = Piece { job: &loaded.job, cursor: &cursor, matched: candidates.len(), failed: 0 };
        let detail = json(&json!({ "bulk_job_id": loaded.job.id, "user_id": loaded.job.user_id }));
        let error = match self.write_work(&work, &detail, AskedBy::Job(&piece), now).await {
            Ok(written) => {
                if let Some(written) = written {
                    pace.took(work.rows(), written.elapsed_ms);
                }
                // Where nothing was written the job was canceled, or is another host's.
                return Ok(true);
            }
            Err(error) => error,
        };
        self.after_failed_piece(loaded, &candidates, &cursor, pace, error).await
    }

    /// A piece could not be written: it is tried again in halves, until the submission that the database does not take stands alone. That one
    /// counts as failed.
    async fn after_failed_piece(
        &self,
        loaded: &LoadedJob,
        candidates: &[BulkCandidate],
        cursor: &BulkCursor,
        pace: &mut Pace,
        error: StoreError,
    ) -> Result<bool, StoreError> {
        let is_halved = error.trouble().remedy() == Remedy::Halve;
        match candidates {
            [one] if error.is_of_row() => {
                tracing::error!(bulk_job = loaded.job.id, submission_id = one.id, error = %error, "the database does not take what a bulk job does with this submission");
                let piece = Piece { job: &loaded.job, cursor, matched: 1, failed: 1 };
                self.people.pass_bulk_piece(&piece, self.clock.now()).await?;
                Ok(true)
            }
            [_, _, ..] if is_halved => {
                tracing::warn!(bulk_job = loaded.job.id, error = %error, "a piece of a bulk job could not be written; tried again in halves");
                while candidates.len() <= pace.rows() && !pace.is_one() {
                    pace.halve();
                }
                Ok(true)
            }
            _ => Err(error),
        }
    }

    /// What is to be changed of some submissions. Those with which it can't be done are left out.
    pub(super) async fn bulk_work(
        &self,
        operation: BulkOperation,
        organization_id: &str,
        candidates: &[BulkCandidate],
        created_at: i64,
    ) -> Result<Work, StoreError> {
        let now = self.clock.now();
        match operation {
            BulkOperation::Reprocess => {
                let changes =
                    candidates.iter().filter(|candidate| State::parse(&candidate.state) == Some(State::Quarantined));
                Ok(Work::Change(REPROCESSED, changes.map(|candidate| reprocess(organization_id, candidate)).collect()))
            }
            BulkOperation::Withdraw => {
                let mut changes = Vec::with_capacity(candidates.len());
                for candidate in candidates {
                    changes.extend(self.withdraw(organization_id, candidate, now).await?);
                }
                Ok(Work::Change(WITHDRAWN, changes))
            }
            BulkOperation::Repost => {
                // A host whose clock is behind must not make what the job itself would meet.
                let received_at = Timestamp(now.0.max(created_at.saturating_add(1)));
                let mut reposts = Vec::with_capacity(candidates.len());
                for candidate in candidates.iter().filter(|candidate| candidate.lead_bytes.is_some()) {
                    let context = self.campaign_context(&candidate.campaign_key).await?;
                    if context.campaign.state()? != CampaignState::Archived {
                        reposts.push(repost(organization_id, candidate, Start::BeforeShape, received_at));
                    }
                }
                Ok(Work::Repost(reposts))
            }
        }
    }

    /// The end of one that waits, with what is told of it; none where it does not wait.
    async fn withdraw(
        &self,
        organization_id: &str,
        candidate: &BulkCandidate,
        now: Timestamp,
    ) -> Result<Option<SubmissionChange>, StoreError> {
        let state = State::parse(&candidate.state).filter(|state| BulkOperation::Withdraw.states().contains(state));
        let Some(change) = state.and_then(|state| Change::new(state, State::Canceled)) else { return Ok(None) };
        let context = self.campaign_context(&candidate.campaign_key).await?;
        let about = EventAbout { submission_id: &candidate.id, shard: u16::try_from(candidate.shard).unwrap_or(0) };
        Ok(Some(SubmissionChange {
            organization_id: organization_id.to_owned(),
            id: candidate.id.clone(),
            campaign_key: candidate.campaign_key.clone(),
            revision: candidate.revision,
            change,
            kept: change_kept(candidate, Kept::ended),
            events: self.events(&context, about, change.to(), false, None, now),
        }))
    }

    /// Writes it, and has what follows read; none where nothing was written.
    pub(super) async fn write_work(
        &self,
        work: &Work,
        detail: &[u8],
        by: AskedBy<'_>,
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let written = match work {
            Work::Change(cause, changes) => self.people.change_submissions(changes, cause, detail, by, now).await?,
            Work::Repost(reposts) => self.people.repost_submissions(reposts, REPOSTED, detail, by, now).await?,
        };
        if written.as_ref().is_some_and(|written| !written.submissions.is_empty()) {
            self.read_after(work, now);
        }
        Ok(written)
    }

    /// Has what follows from it read from the store: memory does not hold it.
    fn read_after(&self, work: &Work, now: Timestamp) {
        let lanes: BTreeSet<(&str, &str)> = match work {
            Work::Change(_, changes) => {
                let received = changes.iter().filter(|one| one.change.to() == State::Received);
                received.map(|one| (one.organization_id.as_str(), one.campaign_key.as_str())).collect()
            }
            Work::Repost(reposts) => {
                reposts.iter().map(|one| (one.organization_id.as_str(), one.campaign_key.as_str())).collect()
            }
        };
        for (organization_id, campaign_key) in lanes {
            self.flow.read_submissions(organization_id, campaign_key, now);
        }
        if let Work::Change(_, changes) = work {
            self.read_events(changes.iter().flat_map(|one| &one.events), now);
        }
    }
}

/// What is kept of it after a change. What can't be read is left to whoever takes it up, who says so.
fn change_kept(candidate: &BulkCandidate, change: fn(Option<&Kept>) -> Option<Kept>) -> Option<Vec<u8>> {
    match candidate.kept.as_deref().map(Kept::from_bytes).transpose() {
        Ok(kept) => change(kept.as_ref()).map(|kept| kept.to_bytes()),
        Err(_) => candidate.kept.clone(),
    }
}

/// Its way begins again: at its element, or where it began, if it was made of another one's lead.
fn reprocess(organization_id: &str, candidate: &BulkCandidate) -> SubmissionChange {
    SubmissionChange {
        organization_id: organization_id.to_owned(),
        id: candidate.id.clone(),
        campaign_key: candidate.campaign_key.clone(),
        revision: candidate.revision,
        change: Change::REPROCESS,
        kept: change_kept(candidate, Kept::reprocessed),
        events: Vec::new(),
    }
}

/// A new submission with its lead, which begins here.
pub(super) fn repost(organization_id: &str, candidate: &BulkCandidate, start: Start, received_at: Timestamp) -> Repost {
    Repost {
        organization_id: organization_id.to_owned(),
        parent_id: candidate.id.clone(),
        campaign_key: candidate.campaign_key.clone(),
        kept: Kept::starting(start).to_bytes(),
        edited: None,
        received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(kept: Option<Vec<u8>>) -> BulkCandidate {
        BulkCandidate {
            id: "sub".into(),
            campaign_key: "cmp".into(),
            state: "quarantined".into(),
            revision: 2,
            shard: 3,
            received_at: 1,
            updated_at: 2,
            cause: None,
            detail: None,
            lead_bytes: None,
            kept,
        }
    }

    /// L9: what was mapped from its element is mapped again; what was made of another one's lead begins where it began.
    #[test]
    fn l9_what_is_reprocessed_begins_as_it_began() {
        let kept = |kept: Option<Vec<u8>>| reprocess("org", &candidate(kept)).kept;
        assert_eq!(kept(None), None);
        assert_eq!(kept(Some(Kept::checked_again(None).to_bytes())), None);
        for start in [Start::Rules, Start::BeforeShape] {
            let born = Kept::starting(start);
            let waited = Kept::going_on(Some(&born), Start::BetweenRules).to_bytes();
            assert_eq!(kept(Some(waited)), Some(born.to_bytes()));
        }
        assert_eq!(kept(Some(b"nonsense".to_vec())), Some(b"nonsense".to_vec()));
    }

    /// L9 P8: one that ends and was made of another one's lead is replayed from that lead.
    #[test]
    fn l9_what_is_withdrawn_keeps_what_it_was_made_of() {
        let kept = |kept: Option<Vec<u8>>| change_kept(&candidate(kept), Kept::ended);
        assert_eq!(kept(None), None);
        assert_eq!(kept(Some(Kept::checked_again(None).to_bytes())), None);
        let born = Kept::starting(Start::Rules).to_bytes();
        assert_eq!(kept(Some(born.clone())), Some(born));
    }

    #[test]
    fn l9_a_repost_is_not_qualified_again() {
        let repost = repost("org", &candidate(None), Start::BeforeShape, Timestamp(7));
        assert_eq!(Kept::from_bytes(&repost.kept).unwrap().start, Start::BeforeShape);
        assert_eq!((repost.parent_id.as_str(), repost.received_at), ("sub", Timestamp(7)));
    }
}
