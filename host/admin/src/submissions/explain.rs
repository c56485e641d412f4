//! Why a submission is in its state (O4): what is kept of it, for the sentence that [`hookmill_domain::why`] makes of it.

use crate::access::{Scope, unavailable};
use crate::rows::{SubmissionRow, TimelineRow};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::error::ApiError;
use hookmill_domain::state::State;
use hookmill_domain::why::{LastDelivery, Standing, Why, explain};
use hookmill_store::StoreError;
use serde_json::Value;

impl Scope {
    /// Why a submission is in its state; `last` is the last line of its timeline.
    pub(super) async fn explain(
        &self,
        submission: &SubmissionRow,
        last: Option<&TimelineRow>,
    ) -> Result<Why, ApiError> {
        let state = State::parse(&submission.state).ok_or_else(|| {
            let reason = format!("no state `{}`", submission.state);
            unavailable(StoreError::corrupt("submissions", &submission.id, reason))
        })?;
        let asked = self.last_delivery(submission, state).await?;
        let queue_at = match state {
            State::Queued => self.store().queue_run_at(&submission.campaign_key).await.map_err(unavailable)?,
            _ => None,
        };
        let detail = json(last.and_then(|line| line.detail.as_deref()));
        let decision = json(submission.decision.as_deref());
        let (cause, asked) = (submission.cause.as_str(), asked.as_ref());
        let is_erased = submission.erased_at.is_some();
        Ok(explain(&Standing { state, cause, detail: &detail, decision: &decision, asked, queue_at, is_erased }))
    }

    /// The newest message to whoever decides about it, where somebody was asked.
    async fn last_delivery(&self, submission: &SubmissionRow, state: State) -> Result<Option<LastDelivery>, ApiError> {
        let Some(kind) = asked_in(state) else { return Ok(None) };
        let (organization_id, id) = (&submission.organization_id, &submission.id);
        let found = self.store().newest_delivery(organization_id, id, kind).await.map_err(unavailable)?;
        Ok(found.map(|delivery| LastDelivery {
            attempts: delivery.attempts,
            retries_max: delivery.retries_max,
            next_at: delivery.run_at.map(Timestamp),
            // It is shown as the delivery's own page shows it.
            attempt: json(delivery.attempt.map(|detail| self.url_view().show_response_text(detail)).as_deref()),
        }))
    }
}

/// Who was asked about a submission in this state; nobody in the others.
fn asked_in(state: State) -> Option<DestinationKind> {
    match state {
        State::Delivering | State::Delivered | State::Duplicate | State::Rejected | State::Failed => {
            Some(DestinationKind::Client)
        }
        State::PendingAction => Some(DestinationKind::Action),
        State::Received
        | State::Pending
        | State::Processing
        | State::Quarantined
        | State::Queued
        | State::Disqualified
        | State::Canceled => None,
    }
}

fn json(bytes: Option<&[u8]>) -> Value {
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}
