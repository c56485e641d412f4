//! What a person decides about a submission (L4): one that waits for a person, or, where that is said, one whose webhook is still asked.

use super::response::Decided;
use crate::Pipeline;
use crate::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::action::{ActionData, Decision};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::state::State;
use hookmill_stages::Kept;
use hookmill_store::actions::ActionWork;
use hookmill_store::audit::AuditEntry;
use serde_json::{Value, json};

/// What a person decides.
#[derive(Debug, Clone)]
pub struct Review {
    /// Whether it goes on.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What is added to the lead, where it goes on.
    pub data: ActionData,
    /// Whether this counts although a webhook is still asked.
    pub overrides: bool,
}

impl Pipeline {
    /// Applies what a person decided. Of two at the same moment one counts, and the other is told.
    #[boxed]
    pub async fn review(
        &self,
        organization_id: &str,
        submission_id: &str,
        review: Review,
        entry: &AuditEntry,
    ) -> Result<(), ApiError> {
        let found = self.people.action_work(organization_id, &[submission_id]).await.map_err(unavailable)?.pop();
        let work = found.ok_or_else(|| ApiError::not_found("submission", submission_id))?;
        check_reviewable(&work, review.overrides)?;
        let context = self.campaign_context(&work.campaign_key).await.map_err(unavailable)?;
        let by = decided_by(&work, &review, entry);
        let decision = self.decision(&context, &work, Decided::from(review), by, self.clock.now());
        if !self.people.commit_review(&decision, entry, self.clock.now()).await.map_err(unavailable)? {
            return Err(already_decided());
        }
        let now = self.clock.now();
        self.read_events(&decision.events, now);
        self.flow.read_submissions(organization_id, &work.campaign_key, now);
        let shards: Vec<u16> = u16::try_from(work.shard).into_iter().collect();
        self.people.signal_shards(&shards).await.map_err(unavailable)
    }
}

impl From<Review> for Decided {
    fn from(review: Review) -> Self {
        let Review { decision, reason, data, .. } = review;
        let cause = match decision {
            Decision::Approve => "review_approved",
            Decision::Reject => "review_rejected",
        };
        Self { decision, reason, data, cause }
    }
}

fn decided_by(work: &ActionWork, review: &Review, entry: &AuditEntry) -> Value {
    let mut by = json!({ "user_id": entry.user_id });
    if review.overrides && work.review_priority.is_none() {
        by["override"] = true.into();
    }
    by
}

/// Only what nobody has decided about is reviewed.
fn check_reviewable(work: &ActionWork, overrides: bool) -> Result<(), ApiError> {
    let conflict = |code, message: String| Err(ApiError::new(Kind::Conflict, code, message));
    if work.state != State::PendingAction.as_str() {
        let message = format!("the submission is `{}`; only one in `pending_action` waits for a decision", work.state);
        return conflict("not_in_review", message);
    }
    let kept = work.kept.as_deref().and_then(|kept| Kept::from_bytes(kept).ok());
    if kept.is_some_and(|kept| kept.is_action_decided) {
        return Err(already_decided());
    }
    if work.review_priority.is_none() && !overrides {
        let message =
            "its webhook is still asked; wait for the response, or send `\"override\": true` to decide all the same";
        return conflict("action_under_way", message.to_owned());
    }
    Ok(())
}

fn already_decided() -> ApiError {
    let message = "somebody else has decided about the submission, or it is canceled; read it again";
    ApiError::new(Kind::Conflict, "already_decided", message)
}
