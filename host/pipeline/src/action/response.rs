//! What the webhook of an action responds, and what follows: it approves, rejects, or a person decides. Nothing but an approval lets a submission
//! go on.

use crate::Pipeline;
use crate::delivery::Delivery;
use crate::finish::{CampaignContext, EventAbout};
use crate::interpret::{Interpretation, SendResult, attempt_detail, interpret_by_status};
use crate::outcome::{CompletedAttempt, Responded, is_unanswered};
use crate::rendered::json;
use hookmill_domain::action::{ActionData, ActionResponse, Decision, Priority, read_response};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::ReceiverSettings;
use hookmill_domain::interpret::OutcomeKind;
use hookmill_domain::state::State;
use hookmill_stages::Kept;
use hookmill_store::StoreError;
use hookmill_store::actions::{ActionDecision, ActionVerdict, ActionWork};
use hookmill_store::deliveries::NewEvent;
use hookmill_store::outcome::{Next, Outcome};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// How long a response waits that can't be applied since the database does not respond, in milliseconds.
const FAILED_WAIT_MS: u64 = 1_000;

impl Pipeline {
    /// What follows from the responses of one webhook. They are never forgotten: their requests left.
    pub(crate) async fn follow_actions(
        &self,
        group: Vec<Responded>,
        commit: &tokio::sync::mpsc::Sender<CompletedAttempt>,
    ) {
        let now = self.clock.now();
        let read: Vec<(Responded, Interpretation, Option<ActionResponse>)> = group
            .into_iter()
            .map(|responded| {
                let (interpretation, decision) = read(&responded.response, responded.receiver.url(), now);
                (responded, interpretation, decision)
            })
            .collect();
        let mut decided: HashMap<&str, Vec<&str>> = HashMap::new();
        for (Responded { delivery, .. }, _, _) in read.iter().filter(|(.., decision)| decision.is_some()) {
            decided.entry(&delivery.row.organization_id).or_default().push(&delivery.row.submission_id);
        }
        let mut works = HashMap::new();
        for (organization_id, ids) in decided {
            works.extend(self.read_action_work(organization_id, &ids).await);
        }
        for (responded, interpretation, decision) in read {
            let work = works.get(&responded.delivery.row.submission_id);
            let ended = self.end_action(responded, interpretation, decision, work);
            // The receiver lives as long as the workers.
            let _ = commit.send(ended).await;
        }
    }

    /// The submissions of responses that decide, for as long as it takes to read them.
    async fn read_action_work(&self, organization_id: &str, ids: &[&str]) -> HashMap<String, ActionWork> {
        loop {
            match self.store.action_work(organization_id, ids).await {
                Ok(works) => return works.into_iter().map(|work| (work.id.clone(), work)).collect(),
                Err(error) => {
                    tracing::error!(error = %error, responses = ids.len(), "decisions of actions can't be applied; will be retried");
                    tokio::time::sleep(Duration::from_millis(FAILED_WAIT_MS)).await;
                }
            }
        }
    }

    fn end_action(
        &self,
        responded: Responded,
        mut interpretation: Interpretation,
        decision: Option<ActionResponse>,
        work: Option<&ActionWork>,
    ) -> CompletedAttempt {
        let Responded { context, delivery, receiver, response, started_at, in_flight, .. } = responded;
        let now = self.clock.now();
        interpretation.reason = interpretation.reason.map(|reason| receiver.mask_echo(&reason));
        let next = self.next(&delivery, &interpretation, now);
        let detail =
            attempt_detail(&receiver, &response, &interpretation, self.settings.limits.kept_response_bytes_max);
        let attempts = delivery.row.attempts + 1;
        let action = match (decision, &next) {
            (Some(decision), _) => work.filter(|work| is_waiting(work, &delivery)).map(|work| {
                let by = json!({
                    "delivery_id": delivery.row.id,
                    "attempts": attempts,
                    "response": detail,
                });
                let reason = interpretation.reason.clone();
                self.decision(&context, work, Decided { reason, ..Decided::by_webhook(decision) }, by, now)
            }),
            (None, Next::Over(_)) => Some(undecided(&delivery, attempts, interpretation.reason.as_deref(), &detail)),
            (None, _) => None,
        };
        let outcome = Outcome {
            delivery_id: delivery.row.id.clone(),
            organization_id: delivery.row.organization_id.clone(),
            attempts_before: delivery.row.attempts,
            attempt: Some(self.attempt(&response, &interpretation, &detail, started_at)),
            next,
            is_unanswered: delivery.row.is_unanswered || is_unanswered(&response, &interpretation),
            transition: None,
            action,
            asked_for: None,
        };
        CompletedAttempt::new(outcome, &delivery, in_flight, now)
    }

    /// What follows for a submission that somebody has decided about; `by` says who did.
    pub(crate) fn decision(
        &self,
        context: &CampaignContext,
        work: &ActionWork,
        decided: Decided,
        by: Value,
        now: Timestamp,
    ) -> ActionDecision {
        let kept = work.kept.as_deref().and_then(|kept| Kept::from_bytes(kept).ok());
        let mut detail = json!({ "decision": decided.decision.as_str(), "reason": decided.reason });
        for (name, value) in by.as_object().into_iter().flatten() {
            detail[name] = value.clone();
        }
        let (verdict, events) = match decided.decision {
            Decision::Approve => {
                if !decided.data.fields().is_empty() {
                    detail["data"] = decided.data.fields().clone().into();
                }
                let kept = Kept::approved(kept.as_ref()).to_bytes();
                (ActionVerdict::Approved { lead: merged(work, &decided.data), kept }, Vec::new())
            }
            Decision::Reject => {
                let kept = Kept::ended(kept.as_ref()).map(|kept| kept.to_bytes());
                (ActionVerdict::Rejected { kept }, self.events_of_rejection(context, work, &decided, now))
            }
        };
        ActionDecision {
            submission_id: work.id.clone(),
            organization_id: work.organization_id.clone(),
            campaign_key: work.campaign_key.clone(),
            revision: work.revision,
            verdict,
            cause: decided.cause,
            detail: json(&detail),
            events,
        }
    }

    /// Who is told of a rejection is told why, and not what the webhook responded besides.
    fn events_of_rejection(
        &self,
        context: &CampaignContext,
        work: &ActionWork,
        decided: &Decided,
        now: Timestamp,
    ) -> Vec<NewEvent> {
        let about = EventAbout { submission_id: &work.id, shard: u16::try_from(work.shard).unwrap_or(0) };
        let detail = json!({ "reason": decided.reason, "failed_rules": [], "cause": decided.cause });
        self.events(context, about, State::Disqualified, false, Some(&detail), now)
    }

    /// Whether the submission of a delivery still waits for what it asks.
    pub(crate) async fn awaits(&self, delivery: &Delivery) -> Result<bool, StoreError> {
        let row = &delivery.row;
        let work = self.store.action_work(&row.organization_id, &[&row.submission_id]).await?;
        Ok(work.first().is_some_and(|work| is_waiting(work, delivery)))
    }

    /// Reads the submissions that were approved: they are due.
    pub(crate) fn read_approved(&self, outcomes: &[Outcome], now: Timestamp) {
        for approved in outcomes.iter().filter_map(|outcome| outcome.action.as_ref()).filter(|one| one.is_approved()) {
            self.flow.read_submissions(&approved.organization_id, &approved.campaign_key, now);
        }
    }
}

/// What somebody has decided.
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) reason: Option<String>,
    pub(crate) data: ActionData,
    /// The cause of its line.
    pub(crate) cause: &'static str,
}

impl Decided {
    fn by_webhook(response: ActionResponse) -> Self {
        let ActionResponse { decision, reason, data } = response;
        let cause = match decision {
            Decision::Approve => "action_approved",
            Decision::Reject => "action_rejected",
        };
        Self { decision, reason, data, cause }
    }
}

/// A submission about which its webhook did not decide: a person does.
pub(crate) fn undecided(delivery: &Delivery, attempts: i64, reason: Option<&str>, last: &Value) -> ActionDecision {
    let (row, priority) = (&delivery.row, Priority::default());
    let detail = json!({
        "reason": reason,
        "review": true,
        "priority": priority.as_str(),
        "attempts": attempts,
        "delivery_id": row.id,
        "last_response": last,
    });
    ActionDecision {
        submission_id: row.submission_id.clone(),
        organization_id: row.organization_id.clone(),
        campaign_key: row.campaign_key.clone(),
        revision: row.submission_revision,
        verdict: ActionVerdict::Review { priority: priority.rank() },
        cause: "action_failed",
        detail: json(&detail),
        events: Vec::new(),
    }
}

/// The same instead of a decision that can't be written.
pub(crate) fn needs_review(decision: &ActionDecision, detail: Vec<u8>) -> ActionDecision {
    ActionDecision {
        verdict: ActionVerdict::Review { priority: Priority::default().rank() },
        cause: "action_failed",
        detail,
        events: Vec::new(),
        ..decision.clone()
    }
}

/// Whether a submission still waits for the response to this delivery.
fn is_waiting(work: &ActionWork, delivery: &Delivery) -> bool {
    work.state == State::PendingAction.as_str() && work.revision == delivery.row.submission_revision
}

/// The lead with what is added to it; none where that is nothing, or the lead is gone.
fn merged(work: &ActionWork, data: &ActionData) -> Option<Vec<u8>> {
    let lead = work.lead.as_deref().filter(|_| !data.fields().is_empty())?;
    Some(data.merge_into(std::str::from_utf8(lead).ok()?).into_bytes())
}

/// What a response means, and what it decides: nothing where it is not plainly a decision. Then it is as if nobody had responded, where the
/// webhook may do better next time (as its status says, or since its response broke off), and else there is no use in asking again.
fn read(response: &SendResult, sent_to: &str, now: Timestamp) -> (Interpretation, Option<ActionResponse>) {
    let mut by_status = interpret_by_status(response, sent_to, now.0);
    if let (OutcomeKind::Retry | OutcomeKind::Failed, Ok(response)) = (by_status.kind, response) {
        let reason = || format!("the webhook responded with status {}, which does not decide", response.status);
        by_status.reason.get_or_insert_with(reason);
    }
    let response = match (by_status.kind, response) {
        (OutcomeKind::Accepted, Ok(response)) => response,
        _ => return (by_status, None),
    };
    let undecided = |kind, reason: String| (Interpretation { kind, reason: Some(reason), ..by_status.clone() }, None);
    if let Some(cut) = &response.cut {
        return undecided(OutcomeKind::Retry, cut.message.clone());
    }
    if response.truncated {
        let bytes = response.body.len();
        return undecided(OutcomeKind::Failed, format!("the response has more than {bytes} bytes; send less"));
    }
    if let Some(problem) = &response.problem {
        return undecided(OutcomeKind::Failed, problem.clone());
    }
    match read_response(&response.body) {
        Ok(decision) => {
            let kind = match decision.decision {
                Decision::Approve => OutcomeKind::Accepted,
                Decision::Reject => OutcomeKind::Rejected,
            };
            (Interpretation { kind, reason: decision.reason.clone(), ..by_status }, Some(decision))
        }
        Err(why) => undecided(OutcomeKind::Failed, why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Response;
    use hookmill_outbound::{Cut, OutboundResponse, SendError, SendErrorKind};

    const URL: &str = "https://checks.example/lead";

    fn response(status: u16, body: &str) -> Response {
        let (headers_truncated, truncated, cut, elapsed_ms, resent) = (false, false, None, 1, false);
        let (headers, body) = (Vec::new(), bytes::Bytes::copy_from_slice(body.as_bytes()));
        let response =
            OutboundResponse { status, headers, headers_truncated, body, truncated, cut, elapsed_ms, resent };
        Response::read(response, 1_000)
    }

    fn cut_off(status: u16, body: &str) -> Response {
        response(status, body).cut_off(Cut { kind: SendErrorKind::Timeout, message: "the deadline came".into() })
    }

    fn outcome(response: SendResult) -> (OutcomeKind, Option<Decision>, String) {
        let (interpretation, decision) = read(&response, URL, Timestamp(0));
        (interpretation.kind, decision.map(|read| read.decision), interpretation.reason.unwrap_or_default())
    }

    /// L4: a decision is a whole 2xx response that says so. What may come right is asked again, and nothing else.
    #[test]
    fn l4_each_response_has_one_outcome() {
        use OutcomeKind::{Accepted, Failed, Rejected, Retry};
        let approve = r#"{"decision":"approve","reason":"fine"}"#;
        let reject = r#"{"decision":"reject","reason":"on a list"}"#;
        let table = [
            (response(200, approve), Accepted, Some(Decision::Approve), "fine"),
            (response(201, reject), Rejected, Some(Decision::Reject), "on a list"),
            (response(200, r#"{"decision":"approve"}"#), Accepted, Some(Decision::Approve), ""),
            (response(204, ""), Failed, None, "no body"),
            (response(200, "approve"), Failed, None, "not JSON"),
            (response(200, r#"{"decision":"later"}"#), Failed, None, "unknown"),
            (response(302, approve), Failed, None, "302"),
            (response(400, approve), Failed, None, "status 400"),
            (response(410, approve), Failed, None, "status 410"),
            (response(422, reject), Failed, None, "status 422"),
            (response(408, approve), Retry, None, "status 408"),
            (response(429, approve), Retry, None, "status 429"),
            (response(500, approve), Retry, None, "status 500"),
            (response(503, reject), Retry, None, "status 503"),
            (cut_off(200, approve), Retry, None, "the deadline came"),
            (cut_off(200, ""), Retry, None, "the deadline came"),
        ];
        for (response, kind, decision, reason) in table {
            let shown = format!("{} {:?}", response.status, response.body);
            let found = outcome(Ok(response));
            assert_eq!((found.0, found.1), (kind, decision), "{shown}");
            assert!(found.2.contains(reason) && found.2.is_empty() == reason.is_empty(), "{shown}: {}", found.2);
        }
        let message = "no response within 1 s".to_owned();
        let none = SendError { kind: SendErrorKind::Timeout, sent: true, elapsed_ms: 1, resent: false, message };
        assert_eq!(outcome(Err(none)), (Retry, None, "no response within 1 s".to_owned()));
    }

    /// L4: of a response that is too large the beginning may say anything.
    #[test]
    fn l4_a_part_of_a_response_does_not_decide() {
        let (headers_truncated, cut, elapsed_ms, resent) = (false, None, 1, false);
        let (headers, body) = (Vec::new(), bytes::Bytes::from_static(br#"{"decision":"approve"}"#));
        let response = OutboundResponse {
            status: 200,
            headers,
            headers_truncated,
            body,
            truncated: true,
            cut,
            elapsed_ms,
            resent,
        };
        let (kind, decision, reason) = outcome(Ok(Response::unchanged(response)));
        assert_eq!((kind, decision), (OutcomeKind::Failed, None));
        assert!(reason.contains("more than 22 bytes"), "{reason}");
    }

    fn work(lead: Option<&str>) -> ActionWork {
        ActionWork {
            id: "req_1-0".into(),
            organization_id: "org".into(),
            campaign_key: "cmp".into(),
            shard: 0,
            state: "pending_action".into(),
            revision: 2,
            received_at: 0,
            lead_id: None,
            lead: lead.map(|lead| lead.as_bytes().to_vec()),
            is_test: false,
            kept: None,
            review_priority: None,
        }
    }

    /// L4: what adds nothing leaves the lead byte for byte as it is, and nothing is added to a lead that was deleted.
    #[test]
    fn l4_a_lead_is_written_where_something_is_added() {
        let data = |json: serde_json::Value| ActionData::check("data", json.as_object().unwrap().clone()).unwrap();
        let score = data(json!({"score": 7}));
        let merged_lead = merged(&work(Some(r#"{"email":"a"}"#)), &score).unwrap();
        assert_eq!(String::from_utf8(merged_lead).unwrap(), r#"{"email":"a","custom":{"score":7}}"#);
        assert_eq!(merged(&work(Some(r#"{"email": "a"}"#)), &ActionData::default()), None);
        assert_eq!(merged(&work(None), &score), None);
    }
}
