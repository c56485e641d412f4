//! Outcome: what responses mean, many of one campaign at once; what follows for delivery and submission; and the commit that all share
//! which ended together.

use super::Pipeline;
use super::action::{needs_review, undecided};
use super::delivery::{Delivery, EventData, NoRequest};
use super::fallback::NextCampaigns;
use super::finish::{CampaignContext, EventAbout};
use super::flow::InFlight;
use super::interpret::{
    Decider, Interpretation, SendResult, attempt_detail, client_destination, client_response, error_code,
    interpret_by_status, shown_warnings,
};
use super::ping::shown_bid;
use super::rendered::json;
use super::send::Receiver;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_domain::interpret::{OutcomeKind, outcome_of_told};
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::retry::{Backoff, Next as NextTry, Retries};
use hookmill_domain::state::{Change, State};
use hookmill_engine::Program;
use hookmill_engine::contract::DestinationKind as ContractKind;
use hookmill_store::outcome::{Attempt, Next, Outcome, Transition};
use hookmill_store::processed::Move;
use hookmill_store::{Remedy, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long the writer waits before it tries again what could not be written, in milliseconds.
const FAILED_WAIT_MS: u64 = 1_000;
/// The same where somebody else was in the way.
const PASSING_WAIT_MS: u64 = 10;

/// A request that ended.
pub(crate) struct Responded {
    pub(crate) context: Arc<CampaignContext>,
    pub(crate) delivery: Delivery,
    pub(crate) receiver: Receiver,
    /// The revision of the destination's settings that it was sent by; none where it was sent by earlier ones.
    pub(crate) revision: Option<i64>,
    /// Whether its webhook is paused, and was asked whether it takes messages again.
    pub(crate) is_probe: bool,
    pub(crate) program: Option<Program>,
    pub(crate) response: SendResult,
    pub(crate) started_at: Timestamp,
    pub(crate) in_flight: InFlight<Delivery>,
}

/// Whose responses are interpreted together: those of one campaign and version, and of one version of one destination, whose receiver is
/// the call's.
pub(crate) type GroupKey = (String, Option<String>, String, i64, String);

impl Responded {
    pub(crate) fn group(&self) -> GroupKey {
        let row = &self.delivery.row;
        if self.delivery.kind().is_some_and(DestinationKind::is_told) {
            // The status alone says what they mean: whose they are does not matter, and there may be one of each of many webhooks.
            return (row.organization_id.clone(), None, String::new(), 0, String::new());
        }
        let (campaign_key, campaign_version_id) = (row.campaign_key.clone(), row.campaign_version_id.clone());
        let (destination_id, kind) = (row.destination_id.clone(), row.destination_kind.clone());
        (campaign_key, campaign_version_id, destination_id, row.destination_version, kind)
    }
}

/// An outcome that is to be written.
pub(crate) struct CompletedAttempt {
    outcome: Outcome,
    in_flight: InFlight<Delivery>,
    /// What follows in memory, once it is written.
    deliveries: Vec<Delivery>,
    /// Of a ping, the campaign (the store's id) of the lead about which the client was asked.
    asked_in: Option<String>,
    /// Whether it is tried for as long as it takes, by itself: the database did not take it as it was.
    is_alone: bool,
}

impl Pipeline {
    /// What the responses of one campaign and program mean, and what follows: `commit` gets each as soon as it is known. A response that the
    /// host itself can't have interpreted is kept and tried again, longer apart each time: its request left, and must not be repeated. At
    /// the end of `interpret_wait_ms_max` there is no verdict.
    pub(crate) async fn interpret_group(
        &self,
        mut group: Vec<Responded>,
        commit: &tokio::sync::mpsc::Sender<CompletedAttempt>,
    ) {
        // A group has one destination.
        if group.first().is_some_and(|one| one.delivery.kind() == Some(DestinationKind::Action)) {
            return self.follow_actions(group, commit).await;
        }
        let (mut failures, mut waited_ms) = (0, 0);
        loop {
            let interpretations = self.interpret_responses(&group).await;
            let wait_ms = self.later.doubling().wait_ms(failures);
            let is_last = self.settings.limits.interpret_wait_ms_max < waited_ms + wait_ms;
            let (known, unknown): (Vec<_>, Vec<_>) =
                group.into_iter().zip(interpretations).partition(|(_, meaning)| is_last || meaning.is_known());
            warn_of_errors(&known);
            for ended in self.follow(known).await {
                // The receiver lives as long as the workers.
                let _ = commit.send(ended).await;
            }
            if unknown.is_empty() {
                return;
            }
            tracing::warn!(
                responses = unknown.len(),
                wait_ms,
                "the host could not have responses interpreted; will be retried"
            );
            tokio::time::sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default())).await;
            group = unknown.into_iter().map(|(responded, _)| responded).collect();
            (failures, waited_ms) = (failures + 1, waited_ms + wait_ms);
        }
    }

    /// What follows from the responses of one campaign and program.
    async fn follow(&self, interpreted: Vec<(Responded, Interpretation)>) -> Vec<CompletedAttempt> {
        let mut ended = Vec::with_capacity(interpreted.len());
        let mut subjects = Vec::with_capacity(interpreted.len());
        let (mut shaping, mut next_campaigns) = (None, NextCampaigns::default());
        for (responded, mut interpretation) in interpreted {
            self.note_health(&responded, interpretation.kind).await;
            let Responded { context, delivery, receiver, response, started_at, in_flight, .. } = responded;
            interpretation.reason = interpretation.reason.map(|reason| receiver.mask_echo(&reason));
            for warning in &mut interpretation.warnings {
                warning.message = receiver.mask_echo(&warning.message);
            }
            let next = self.next(&delivery, &interpretation, self.clock.now());
            let is_unanswered = delivery.row.is_unanswered || is_unanswered(&response, &interpretation);
            let end = match next {
                Next::Over(_) => {
                    self.client_end(&delivery, interpretation.kind, is_unanswered, &mut next_campaigns).await
                }
                Next::Retry(_) | Next::Defer(_) | Next::Hold => None,
            };
            let detail =
                attempt_detail(&receiver, &response, &interpretation, self.settings.limits.kept_response_bytes_max);
            let transition = end.map(|end| self.transition(&context, &delivery, &interpretation, &detail, end));
            let attempt = self.attempt(&response, &interpretation, &detail, started_at);
            let outcome = Outcome {
                delivery_id: delivery.row.id.clone(),
                organization_id: delivery.row.organization_id.clone(),
                attempts_before: delivery.row.attempts,
                attempt: Some(attempt),
                asked_for: asked_for(&delivery, &next),
                next,
                is_unanswered,
                transition,
                action: None,
            };
            subjects.push(delivery.subject.clone());
            shaping.get_or_insert((context, delivery.row.campaign_version_id.clone()));
            ended.push((outcome, delivery, in_flight));
        }
        if let Some((context, campaign_version_id)) = shaping {
            let transitions = ended
                .iter_mut()
                .zip(&subjects)
                .filter_map(|((outcome, ..), subject)| Some((outcome.transition.as_mut()?, subject.clone()?)));
            let events = transitions.flat_map(|(transition, subject)| {
                transition.events.iter_mut().map(move |event| (subject.clone(), event))
            });
            self.shape_new_events(&context, campaign_version_id.as_deref(), events.collect()).await;
        }
        let now = self.clock.now();
        ended
            .into_iter()
            .map(|(outcome, delivery, in_flight)| CompletedAttempt::new(outcome, &delivery, in_flight, now))
            .collect()
    }

    /// Interprets the responses of a group: one call for all of a destination that decides; the others are interpreted by their status.
    async fn interpret_responses(&self, group: &[Responded]) -> Vec<Interpretation> {
        let now = self.clock.now();
        let by_status = |one: &Responded| {
            let interpretation = interpret_by_status(&one.response, one.receiver.url(), now.0);
            match one.delivery.kind().is_some_and(DestinationKind::is_told) {
                true => {
                    let status = one.response.as_ref().ok().map(|response| response.status);
                    Interpretation { kind: outcome_of_told(status), ..interpretation }
                }
                false => interpretation,
            }
        };
        let mut interpretations: Vec<Interpretation> = group.iter().map(by_status).collect();
        let is_interpreted = |one: &Responded| one.delivery.kind().is_some_and(DestinationKind::is_interpreted);
        let asked: Vec<usize> =
            (0..group.len()).filter(|at| is_interpreted(&group[*at]) && group[*at].program.is_some()).collect();
        let Some(first) = asked.first().map(|at| &group[*at]) else { return interpretations };
        let Some(program) = &first.program else { return interpretations };
        let kind = match first.delivery.kind() {
            Some(DestinationKind::Ping) => ContractKind::Ping,
            _ => ContractKind::Client,
        };
        let (campaign, receiver) = (&first.context.campaign, &first.receiver);
        let destination = client_destination(campaign, kind, receiver.method(), receiver.url());
        let responses = asked.iter().map(|at| {
            let one = &group[*at];
            client_response(&one.delivery.row.submission_id, one.delivery.row.attempts + 1, &one.response)
        });
        let responses = responses.collect();
        let by_status = asked.iter().map(|at| interpretations[*at].clone()).collect();
        let version_id = first.delivery.row.campaign_version_id.as_deref();
        match self.interpret_by_program(&first.context, program, version_id, &destination, responses, by_status).await {
            Ok(by_program) => {
                for (at, one) in asked.into_iter().zip(by_program) {
                    interpretations[at] = one;
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "the tables for responses can't be read; will be retried");
                for at in asked {
                    interpretations[at] = Interpretation::unknown(interpretations[at].clone());
                }
            }
        }
        interpretations
    }

    /// What follows for a delivery from what the response to it means.
    pub(crate) fn next(&self, delivery: &Delivery, interpretation: &Interpretation, now: Timestamp) -> Next {
        let row = &delivery.row;
        let retries = Retries::within(u64::try_from(row.retries_max).unwrap_or(0), 0..=u8::MAX);
        let attempts = u32::try_from(row.attempts + 1).unwrap_or(u32::MAX);
        let again = match (interpretation.kind, retries) {
            (OutcomeKind::Retry, Ok(retries)) => {
                Backoff::default().next(retries, attempts, now.0, interpretation.retry_after_ms, self.random())
            }
            _ => NextTry::Spent,
        };
        match (again, interpretation.kind) {
            (NextTry::At(at), _) => Next::Retry(Timestamp(at)),
            // A client's no is a response that arrived: the delivery itself is done.
            (NextTry::Spent, OutcomeKind::Accepted | OutcomeKind::Rejected | OutcomeKind::Duplicate) => {
                Next::Over("delivered")
            }
            (NextTry::Spent, OutcomeKind::Retry | OutcomeKind::Failed) => Next::Over("failed"),
        }
    }

    /// An attempt that ended now.
    pub(crate) fn attempt(
        &self,
        response: &SendResult,
        interpretation: &Interpretation,
        detail: &Value,
        started_at: Timestamp,
    ) -> Attempt {
        let elapsed_ms = response.as_ref().map_or_else(|error| error.elapsed_ms, |response| response.elapsed_ms);
        Attempt {
            id: self.ids.new_id("att", self.clock.now()),
            started_at,
            elapsed_ms: i64::try_from(elapsed_ms).unwrap_or(i64::MAX),
            status: response.as_ref().ok().map(|response| response.status),
            outcome: interpretation.kind.as_str(),
            detail: json(detail),
        }
    }

    /// How a submission ends by what its client's last response means; none where the destination does not decide that.
    async fn client_end(
        &self,
        delivery: &Delivery,
        kind: OutcomeKind,
        is_unanswered: bool,
        next_campaigns: &mut NextCampaigns,
    ) -> Option<SubmissionEnd> {
        if !delivery.kind().is_some_and(DestinationKind::decides) {
            return None;
        }
        let (change, cause) = change_after(kind);
        if change.to() == State::Delivered {
            return Some(SubmissionEnd { change, cause, by_client: true, gives_slots_back: false, moved_to: None });
        }
        let moved_to = self.next_after_client(delivery, is_unanswered, next_campaigns).await;
        Some(SubmissionEnd { change, cause, by_client: true, gives_slots_back: !is_unanswered, moved_to })
    }

    /// What a client's last response means for the submission.
    fn transition(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
        interpretation: &Interpretation,
        last: &Value,
        mut end: SubmissionEnd,
    ) -> Transition {
        if let Decider::Nobody(_) = interpretation.decided_by {
            end.cause = "not_interpreted";
        }
        // What the client has bid holds unless it says another price when it takes the lead.
        let bid = delivery.row.message.as_ref().and_then(|message| message.head.bid.as_ref());
        let bid_price = bid.filter(|_| end.change.to() == State::Delivered).map(|bid| &bid.price);
        let detail = json!({
            "reason": interpretation.reason,
            "reference": interpretation.reference,
            "price": interpretation.price.as_ref().or(bid_price),
            "bid": bid.map(|bid| shown_bid(&bid.price, bid.token.as_deref())),
            "warnings": shown_warnings(interpretation),
            "attempts": delivery.row.attempts + 1,
            "cut": last["cut"],
            "resent": last["resent"],
            "last_response": (end.change.to() != State::Delivered).then_some(last),
            "delivery_id": delivery.row.id,
        });
        self.submission_transition(context, delivery, end, detail)
    }

    fn submission_transition(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
        end: SubmissionEnd,
        mut detail: Value,
    ) -> Transition {
        let SubmissionEnd { change, cause, by_client, gives_slots_back, moved_to } = end;
        detail["moved_to"] = moved_to.as_ref().map(|moved| moved.campaign_id.as_str()).into();
        // What the client did not say is not said either.
        if let Some(members) = detail.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let about = EventAbout { submission_id: &delivery.row.submission_id, shard: delivery.row.shard };
        // Subscribers are not admins, and the target of a redirect may be a secret.
        let told = UrlView::Masked.show_response(&detail);
        Transition {
            submission_id: delivery.row.submission_id.clone(),
            campaign_key: delivery.row.campaign_key.clone(),
            revision: delivery.row.submission_revision,
            change,
            cause,
            detail: json(&detail),
            events: self.events(context, about, change.to(), by_client, Some(&told), self.clock.now()),
            gives_slots_back,
            moved_to,
        }
    }

    /// Writes outcomes until it succeeds: what was sent must not be forgotten. Where one of several spoils the commit they are written in
    /// halves, until it stands alone; nobody waits for that one.
    #[boxed]
    pub(crate) async fn write_outcomes(&self, ended: Vec<CompletedAttempt>) {
        let now = self.clock.now();
        let outcomes: Vec<Outcome> = ended.iter().map(|ended| ended.outcome.clone()).collect();
        let deliveries = ended.iter().flat_map(|ended| &ended.deliveries);
        let reserved = deliveries.map(|delivery| (delivery.lane(), Arc::from(delivery.row.id.as_str()))).collect();
        let reservation = self.flow.reserve_deliveries(reserved, now);
        let commit_id = self.ids.new_id("cmt", now);
        let is_alone = ended.iter().all(|ended| ended.is_alone);
        let mut is_repeated = false;
        let changed = loop {
            match self.store.commit_outcomes(&commit_id, &outcomes, self.clock.now()).await {
                Ok(changed) => break Some(changed),
                // The commit before had succeeded, and only its response was lost.
                Err(_) if is_repeated && self.store.is_committed(&commit_id).await.is_ok_and(|committed| committed) => {
                    break None;
                }
                Err(error) if error.trouble().remedy() == Remedy::Halve && 1 < outcomes.len() => {
                    tracing::warn!(error = %error, attempts = outcomes.len(), "attempts could not be written together; written in halves");
                    reservation.cancel();
                    let mut first = ended;
                    let second = first.split_off(first.len() / 2);
                    self.write_outcomes(first).await;
                    return self.write_outcomes(second).await;
                }
                Err(error) if error.is_of_row() && !is_alone => {
                    reservation.cancel();
                    return self.write_alone(ended, &error);
                }
                Err(error) => {
                    tracing::error!(error = %error, attempts = outcomes.len(), "attempts could not be written; will be retried");
                    let is_passing = error.is_passing();
                    tokio::time::sleep(Duration::from_millis(if is_passing {
                        PASSING_WAIT_MS
                    } else {
                        FAILED_WAIT_MS
                    }))
                    .await;
                    is_repeated = true;
                }
            }
        };
        self.read_approved(&outcomes, now);
        for outcome in &outcomes {
            let moved_to = outcome.transition.iter().filter_map(|transition| transition.moved_to.as_ref());
            self.read_moved(&outcome.organization_id, moved_to, now);
        }
        match changed {
            Some(changed) => {
                let is_written = |ended: &&mut CompletedAttempt| {
                    ended.outcome.submission_id().is_some_and(|submission_id| changed.contains(submission_id))
                };
                if is_alone {
                    self.read_events(ended.iter().flat_map(|ended| ended.outcome.events()), now);
                }
                self.read_asked(&ended, now);
                let mut ended = ended;
                let items = ended.iter_mut().filter(is_written).flat_map(|ended| std::mem::take(&mut ended.deliveries));
                reservation.hand_over(items.map(|delivery| (delivery.lane(), delivery.into_item())).collect());
                end_all(ended, now);
            }
            // What followed is in the store; dropping the reservation has it read.
            None => {
                drop(reservation);
                self.read_asked(&ended, now);
                end_all(ended, now);
            }
        }
    }

    /// Has the leads read about which clients were asked: those of which the last one has responded are due.
    fn read_asked(&self, ended: &[CompletedAttempt], now: Timestamp) {
        for one in ended {
            if let Some(campaign_key) = &one.asked_in {
                self.flow.read_submissions(&one.outcome.organization_id, campaign_key, now);
            }
        }
    }

    /// Writes an outcome that the database does not take, without what it may not take of it, for as long as it takes: until it is written its
    /// delivery stays in memory, so that nothing is sent twice.
    fn write_alone(&self, ended: Vec<CompletedAttempt>, error: &StoreError) {
        let (pipeline, reason) = (self.clone(), json(&json!({ "error": "unwritable" })));
        for mut one in ended {
            let delivery_id = &one.outcome.delivery_id;
            tracing::error!(delivery_id, error = %error, "attempt could not be written; its details are left out");
            one.strip(&reason);
            let pipeline = pipeline.clone();
            tokio::spawn(async move { pipeline.write_outcomes(vec![one]).await });
        }
    }

    /// A random number for jitter.
    fn random(&self) -> u64 {
        let mut bytes = [0_u8; 8];
        self.ids.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}

fn warn_of_errors(interpreted: &[(Responded, Interpretation)]) {
    for (responded, interpretation) in interpreted {
        let Some(code) = interpretation.error().map(error_code) else { continue };
        let (delivery_id, outcome) = (&responded.delivery.row.id, interpretation.kind.as_str());
        match interpretation.decided_by {
            Decider::Nobody(_) => {
                tracing::warn!(delivery_id, code, outcome, "the response could not be interpreted; the lead failed");
            }
            _ => {
                tracing::warn!(
                    delivery_id,
                    code,
                    outcome,
                    "the response could not be interpreted; falling back to the HTTP status"
                );
            }
        }
    }
}

fn end_all(ended: Vec<CompletedAttempt>, now: Timestamp) {
    for CompletedAttempt { outcome, in_flight, .. } in ended {
        in_flight.finish(match outcome.next {
            Next::Retry(at) | Next::Defer(at) => Some(at),
            // Its campaign may have been activated meanwhile.
            Next::Hold => Some(now),
            Next::Over(_) => None,
        });
    }
}

impl CompletedAttempt {
    pub(crate) fn new(outcome: Outcome, delivery: &Delivery, in_flight: InFlight<Delivery>, now: Timestamp) -> Self {
        let mut deliveries = Vec::new();
        let revision = delivery.row.submission_revision + 1;
        for event in outcome.events() {
            let data = Arc::new(EventData::of(event));
            let subject = delivery.subject.as_ref();
            let campaign_version_id = delivery.row.campaign_version_id.as_deref();
            let of_event = event.deliveries.iter().filter(|new| !new.is_suppressed);
            deliveries.extend(
                of_event.map(|new| Delivery::new(new, Some(&data), subject, revision, campaign_version_id, now)),
            );
        }
        let asked_in = outcome.asked_for.is_some().then(|| delivery.row.submission_campaign_key.clone());
        Self { outcome, in_flight, deliveries, asked_in, is_alone: false }
    }

    /// Leaves out what came from outside; the events are shaped when they are sent.
    fn strip(&mut self, reason: &[u8]) {
        self.is_alone = true;
        self.deliveries.clear();
        if let Some(attempt) = &mut self.outcome.attempt {
            attempt.detail = reason.to_vec();
        }
        if let Some(transition) = &mut self.outcome.transition {
            transition.detail = reason.to_vec();
            for event in &mut transition.events {
                event.details = reason.to_vec();
                event.deliveries.iter_mut().for_each(|delivery| delivery.message = None);
            }
        }
        // What was decided can't be written: a person decides.
        if let Some(action) = &mut self.outcome.action {
            *action = needs_review(action, reason.to_vec());
        }
    }

    /// A delivery for which no request was made.
    pub(crate) async fn without_request(
        pipeline: &Pipeline,
        context: &CampaignContext,
        delivery: Delivery,
        in_flight: InFlight<Delivery>,
        why: NoRequest,
        now: Timestamp,
    ) -> Self {
        let row = &delivery.row;
        let is_action = delivery.kind() == Some(DestinationKind::Action);
        let over = match delivery.kind() {
            Some(DestinationKind::Ping) => "canceled",
            Some(kind) if kind.decides() => "failed",
            _ => "suppressed",
        };
        let attempt_with = |outcome: &'static str, detail: &Value| Attempt {
            id: pipeline.ids.new_id("att", now),
            started_at: now,
            elapsed_ms: 0,
            status: None,
            outcome,
            detail: json(detail),
        };
        let attempt = |outcome: &'static str| attempt_with(outcome, &json!({ "error": outcome, "sent": false }));
        let (attempt, next, transition, action) = match why {
            NoRequest::Then(next) => (None, next, None, None),
            NoRequest::Because(why) if is_action => {
                let detail = json!({ "error": why, "sent": false });
                let action = undecided(&delivery, row.attempts, Some(why), &detail);
                (Some(attempt(why)), Next::Over("failed"), None, Some(action))
            }
            NoRequest::Failed { cause, detail } => {
                let detail = json!({ "error": cause, "detail": detail, "sent": false });
                (Some(attempt_with("shaping_failed", &detail)), Next::Over(over), None, None)
            }
            NoRequest::Because(why) => {
                let detail = json!({ "error": why, "sent": false });
                let next = Next::Over(over);
                let meaning = Interpretation::not_sent(why);
                let mut next_campaigns = NextCampaigns::default();
                let end = pipeline.client_end(&delivery, meaning.kind, row.is_unanswered, &mut next_campaigns).await;
                let transition = end.map(|end| pipeline.transition(context, &delivery, &meaning, &detail, end));
                (Some(attempt(why)), next, transition, None)
            }
            NoRequest::Decided => (Some(attempt("already_decided")), Next::Over("canceled"), None, None),
            // The submission itself is canceled with all that waits.
            NoRequest::Archived if is_action => {
                (Some(attempt("campaign_archived")), Next::Over("canceled"), None, None)
            }
            NoRequest::Archived => {
                let detail = json!({ "attempts": row.attempts, "delivery_id": row.id });
                let cause = "campaign_archived";
                let change = const { Change::of(State::Delivering, State::Canceled) };
                let gives_slots_back = !row.is_unanswered;
                let end = SubmissionEnd { change, cause, by_client: false, gives_slots_back, moved_to: None };
                let transition = pipeline.submission_transition(context, &delivery, end, detail);
                (Some(attempt(cause)), Next::Over("canceled"), Some(transition), None)
            }
        };
        let outcome = Outcome {
            delivery_id: row.id.clone(),
            organization_id: row.organization_id.clone(),
            attempts_before: row.attempts,
            attempt,
            asked_for: asked_for(&delivery, &next),
            next,
            is_unanswered: row.is_unanswered,
            transition,
            action,
        };
        Self::new(outcome, &delivery, in_flight, now)
    }
}

/// How a submission ends that was being delivered.
struct SubmissionEnd {
    change: Change,
    cause: &'static str,
    /// Whether a client's response caused it.
    by_client: bool,
    /// Whether its slots come back (L5): the client did not take it, which is certain.
    gives_slots_back: bool,
    /// Where it is moved (L8).
    moved_to: Option<Move>,
}

/// Whether the receiver may have what was sent without having said so: the request left and no response began, or it began as a success, broke off
/// and could not be read, or nobody could say what it means.
pub(crate) fn is_unanswered(response: &SendResult, interpretation: &Interpretation) -> bool {
    if let Decider::Nobody(_) = interpretation.decided_by {
        return true;
    }
    match response {
        Ok(response) => {
            let is_success = (200..300).contains(&response.status);
            is_success && response.cut.is_some() && interpretation.kind == OutcomeKind::Failed
        }
        Err(error) => error.sent,
    }
}

impl Interpretation {
    /// The outcome of a delivery that was not sent.
    fn not_sent(why: &str) -> Self {
        Self {
            decided_by: Decider::Status,
            kind: OutcomeKind::Failed,
            reason: Some(why.into()),
            reference: None,
            price: None,
            retry_after_ms: None,
            warnings: Vec::new(),
            trace: None,
            value_sets: BTreeMap::new(),
        }
    }
}

/// Of a ping that is over, the submission about which its client was asked.
fn asked_for(delivery: &Delivery, next: &Next) -> Option<String> {
    let is_over = delivery.kind() == Some(DestinationKind::Ping) && matches!(next, Next::Over(_));
    is_over.then(|| delivery.row.submission_id.clone())
}

/// What a client's last response does to the submission, and why.
pub(crate) fn change_after(kind: OutcomeKind) -> (Change, &'static str) {
    const FAILED: Change = Change::of(State::Delivering, State::Failed);
    match kind {
        OutcomeKind::Accepted => (const { Change::of(State::Delivering, State::Delivered) }, "client_accepted"),
        OutcomeKind::Rejected => (const { Change::of(State::Delivering, State::Rejected) }, "client_rejected"),
        OutcomeKind::Duplicate => (const { Change::of(State::Delivering, State::Duplicate) }, "client_duplicate"),
        OutcomeKind::Retry => (FAILED, "retries_exhausted"),
        OutcomeKind::Failed => (FAILED, "client_failed"),
    }
}
