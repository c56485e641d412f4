//! What a person does with one submission: the same as a bulk job, at once.

use super::piece::{Work, repost};
use crate::Pipeline;
use crate::rendered::json;
use crate::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::bulk::BulkOperation;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::lead::Identity;
use hookmill_domain::state::State;
use hookmill_stages::Start;
use hookmill_store::StoreError;
use hookmill_store::audit::AuditEntry;
use hookmill_store::bulk_jobs::{AskedBy, BulkCandidate, EditedLead, Repost, Written};
use serde_json::json;

impl Pipeline {
    /// Runs a quarantined submission again, on what its campaign runs now; returns how many that were.
    #[boxed]
    pub async fn reprocess(&self, organization_id: &str, id: &str, entry: &AuditEntry) -> Result<u64, ApiError> {
        let found = self.find_one(organization_id, id).await?;
        let work = self.work_on_one(BulkOperation::Reprocess, organization_id, &found).await?;
        let by = AskedBy::Person { entry, subject: id, must_change: false };
        let written = self.write_one(&work, by, entry).await?;
        Ok(written.map_or(0, |written| written.submissions.len() as u64))
    }

    /// Cancels a submission that waits.
    #[boxed]
    pub async fn withdraw_submission(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
    ) -> Result<(), ApiError> {
        let found = self.find_one(organization_id, id).await?;
        check_withdrawable(&found)?;
        let work = self.work_on_one(BulkOperation::Withdraw, organization_id, &found).await?;
        let by = AskedBy::Person { entry, subject: id, must_change: true };
        self.write_one(&work, by, entry).await?.map(drop).ok_or_else(changed_meanwhile)
    }

    /// Posts a submission that is over again, with its lead or with an edited one; returns the id of the new submission. One that the client
    /// has is posted again only if `include_delivered`.
    #[boxed]
    pub async fn repost_submission(
        &self,
        organization_id: &str,
        id: &str,
        lead: Option<Vec<u8>>,
        include_delivered: bool,
        entry: &AuditEntry,
    ) -> Result<String, ApiError> {
        let found = self.find_one(organization_id, id).await?;
        check_repostable(&found, lead.is_some(), include_delivered)?;
        let context = self.campaign_context(&found.campaign_key).await.map_err(unavailable)?;
        if context.campaign.state().map_err(unavailable)? == CampaignState::Archived {
            let message =
                format!("campaign `{}` is archived, so that nothing more is delivered", context.campaign.campaign_id);
            return Err(ApiError::new(Kind::Conflict, "campaign_archived", message));
        }
        let start = if lead.is_some() { Start::Rules } else { Start::BeforeShape };
        let edited = match lead {
            Some(lead) => Some(
                self.identify_edited(organization_id, &context.organization.salt, lead).await.map_err(unavailable)?,
            ),
            None => None,
        };
        let new = Repost { edited, ..repost(organization_id, &found, start, self.clock.now()) };
        let by = AskedBy::Person { entry, subject: id, must_change: true };
        let written = self.write_one(&Work::Repost(vec![new]), by, entry).await?.ok_or_else(changed_meanwhile)?;
        written.submissions.into_iter().next().map(|(id, _)| id).ok_or_else(changed_meanwhile)
    }

    async fn find_one(&self, organization_id: &str, id: &str) -> Result<BulkCandidate, ApiError> {
        let found = self.people.bulk_candidates_by_id(organization_id, &[id], false).await.map_err(unavailable)?;
        found.into_iter().next().ok_or_else(|| ApiError::not_found("submission", id))
    }

    async fn work_on_one(
        &self,
        operation: BulkOperation,
        organization_id: &str,
        found: &BulkCandidate,
    ) -> Result<Work, ApiError> {
        let created_at = self.clock.now().0;
        let work = self.bulk_work(operation, organization_id, std::slice::from_ref(found), created_at).await;
        work.map_err(unavailable)
    }

    async fn write_one(&self, work: &Work, by: AskedBy<'_>, entry: &AuditEntry) -> Result<Option<Written>, ApiError> {
        let detail = json(&json!({ "user_id": entry.user_id }));
        self.write_work(work, &detail, by, self.clock.now()).await.map_err(unavailable)
    }

    /// Finds out whose an edited lead is.
    async fn identify_edited(
        &self,
        organization_id: &str,
        salt: &[u8],
        lead: Vec<u8>,
    ) -> Result<EditedLead, StoreError> {
        let identity = Identity::of(salt, &String::from_utf8_lossy(&lead));
        let known = self.people.known_leads(organization_id, &identity.hashes).await?;
        let found = identity.hashes.iter().find_map(|hash| known.get(hash).cloned());
        // A lead that says nothing of who it is stays the same person's.
        let new = (!identity.hashes.is_empty()).then(|| identity.lead_id(salt, ""));
        Ok(EditedLead { lead_id: found.or(new), lead })
    }
}

/// Rejects what does not wait.
fn check_withdrawable(found: &BulkCandidate) -> Result<(), ApiError> {
    match State::parse(&found.state) {
        Some(state) if BulkOperation::Withdraw.states().contains(&state) => Ok(()),
        Some(state) if state.is_terminal() => {
            Err(conflict("already_ended", format!("the submission is `{}`, which is final", state.as_str())))
        }
        _ => Err(conflict(
            "under_way",
            "the submission is under way: its lead may be with the client already; wait for what becomes of it".into(),
        )),
    }
}

/// Rejects what can't be posted again.
fn check_repostable(found: &BulkCandidate, is_edited: bool, include_delivered: bool) -> Result<(), ApiError> {
    match State::parse(&found.state) {
        Some(State::Delivered) if !include_delivered => Err(conflict(
            "already_delivered",
            "the lead was delivered; to deliver it again, send `include_delivered: true`".into(),
        )),
        Some(state) if !state.is_terminal() => Err(conflict(
            "not_ended",
            format!("the submission is `{}`, and only one that has ended is posted again; withdraw it first, or wait", state.as_str()),
        )),
        _ if found.lead_bytes.is_none() && !is_edited => Err(conflict(
            "no_lead",
            "the submission has no lead, for it was not mapped; send the lead with it (`lead`), or post its request again".into(),
        )),
        _ => Ok(()),
    }
}

fn changed_meanwhile() -> ApiError {
    conflict("state_conflict", "the submission was changed at the same time; read it again".into())
}

fn conflict(code: &'static str, message: String) -> ApiError {
    ApiError::new(Kind::Conflict, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(state: State, lead_bytes: Option<i64>) -> BulkCandidate {
        BulkCandidate {
            id: "sub".into(),
            campaign_key: "cmp".into(),
            state: state.as_str().into(),
            revision: 2,
            shard: 3,
            received_at: 1,
            updated_at: 2,
            cause: None,
            detail: None,
            lead_bytes,
            kept: None,
        }
    }

    /// L9: each state has one defined result: it is withdrawn, it is over, or its lead is on the way to the client.
    #[test]
    fn l9_what_waits_is_withdrawn_and_nothing_else() {
        for &state in State::ALL {
            let expected = match state {
                State::Processing | State::Delivering => Some("under_way"),
                terminal if terminal.is_terminal() => Some("already_ended"),
                _ => None,
            };
            let code = check_withdrawable(&candidate(state, None)).err().map(|error| error.code);
            assert_eq!(code, expected, "{state:?}");
        }
    }

    #[test]
    fn l9_what_is_over_and_has_a_lead_is_posted_again() {
        for &state in State::ALL {
            let code = |lead_bytes, is_edited, include_delivered| {
                let checked = check_repostable(&candidate(state, lead_bytes), is_edited, include_delivered);
                checked.err().map(|error| error.code)
            };
            let is_over = state.is_terminal();
            let expected = (!is_over).then_some("not_ended");
            assert_eq!(code(Some(2), false, true), expected, "{state:?}");
            assert_eq!(code(None, false, true), expected.or(Some("no_lead")), "{state:?}");
            assert_eq!(code(None, true, true), expected, "{state:?}");
            if state == State::Delivered {
                assert_eq!(code(Some(2), true, false), Some("already_delivered"));
            }
        }
    }
}
