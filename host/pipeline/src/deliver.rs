//! Deliver: messages that are due are claimed, sent, judged, and what follows is written, attempts that end together in one
//! commit.

use super::Pipeline;
use super::answer::{Answer, Judge, Judged, judge_by_status, kept};
use super::conclude::Setting;
use super::ingest::json;
use super::parts::HeldToken;
use super::programs::NotReady;
use super::send::{self, Receiver};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::destination::Schemes;
use hookmill_domain::interpret::{OutcomeKind, pauses_endpoint};
use hookmill_domain::retry::{Backoff, Next as NextTry, Retries};
use hookmill_domain::state::State;
use hookmill_outbound::{OutboundAnswer, SendError, SendErrorKind};
use hookmill_store::StoreError;
use hookmill_store::claims::ClaimedDelivery;
use hookmill_store::deliveries::Message;
use hookmill_store::outcome::{Attempted, Next, Transition};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// How long a delivery waits whose campaign is paused before it is looked at again, in milliseconds.
const PAUSED_MS: i64 = 15_000;
/// How long a delivery waits for which this host had no slot, in milliseconds.
const BUSY_MS: i64 = 1_000;

/// The deliveries under way, counted by endpoint, so that one slow endpoint takes no other's place (W12).
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<String, usize>>);

impl Flights {
    fn take_off(self: &Arc<Self>, endpoint: &str) -> Flight {
        *self.lock().entry(endpoint.to_owned()).or_default() += 1;
        Flight { flights: Arc::clone(self), endpoint: endpoint.to_owned() }
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().sum()
    }

    fn full(&self, per_endpoint_max: usize) -> Vec<String> {
        self.lock()
            .iter()
            .filter(|(_, count)| per_endpoint_max <= **count)
            .map(|(endpoint, _)| endpoint.clone())
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One delivery under way; its place is free when this is dropped, whatever happened.
struct Flight {
    flights: Arc<Flights>,
    endpoint: String,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        if let Some(count) = flights.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                flights.remove(&self.endpoint);
            }
        }
    }
}

/// An attempt that ended, and the claim it was made under: renewed until it is written.
pub(crate) struct Landed {
    pub(crate) attempted: Attempted,
    _token: Arc<HeldToken>,
    _flight: Flight,
}

impl Pipeline {
    /// Claims what is due and sends it; each attempt lands in `landed`. Answers how many took off.
    pub(crate) async fn deliver_once(
        &self,
        flights: &Arc<Flights>,
        landed: &mpsc::Sender<Landed>,
    ) -> Result<usize, StoreError> {
        let limits = &self.settings.limits;
        let room =
            limits.deliveries_in_flight_max.saturating_sub(flights.count()).min(limits.deliveries_per_endpoint_max);
        if room == 0 {
            return Ok(0);
        }
        let token = Arc::new(self.hold_token());
        let full = flights.full(limits.deliveries_per_endpoint_max);
        let room = i64::try_from(room).unwrap_or(i64::MAX);
        let claimed =
            self.store.claim_deliveries(token.as_str(), &self.held_tokens(), &full, room, self.clock.now()).await?;
        let count = claimed.len();
        for delivery in claimed {
            let flight = flights.take_off(&delivery.endpoint);
            let (pipeline, token, landed) = (self.clone(), Arc::clone(&token), landed.clone());
            tokio::spawn(async move {
                match pipeline.attempt(&delivery).await {
                    // The receiver of landed attempts lives as long as the workers; a host that stops hands the claim back.
                    Ok(attempted) => drop(landed.send(Landed { attempted, _token: token, _flight: flight }).await),
                    Err(error) => {
                        tracing::error!(delivery_id = delivery.id, error = %error, "a delivery could not be made; its claim will run out")
                    }
                }
            });
        }
        Ok(count)
    }

    async fn attempt(&self, delivery: &ClaimedDelivery) -> Result<Attempted, StoreError> {
        let setting = self.delivery_setting(&delivery.campaign_id).await?;
        let (receiver, paused) = receiver_of(delivery, &setting);
        let started_at = self.clock.now();
        let Some(receiver) = receiver else {
            return Ok(self.not_sent(&setting, delivery, "endpoint_removed", started_at));
        };
        if paused {
            return Ok(self.not_sent(&setting, delivery, "endpoint_paused", started_at));
        }
        if delivery.event_id.is_none() {
            match setting.campaign.state()? {
                CampaignState::Active => {}
                CampaignState::Archived => return Ok(self.canceled(&setting, delivery, started_at)),
                // Pausing stops release; what was not sent yet waits.
                CampaignState::Draft | CampaignState::Paused => return Ok(later(delivery, started_at, PAUSED_MS)),
            }
        }
        let program = match (&receiver, self.program_of_delivery(delivery).await) {
            (Receiver::Client(_), Err(NotReady::Later(why))) => {
                // Who would read the answer is not known: nothing is sent before it is.
                tracing::warn!(delivery_id = delivery.id, why, "a delivery is put off");
                return Ok(later(delivery, started_at, BUSY_MS));
            }
            (_, program) => program.ok(),
        };
        let Some(message) = Message::read(&delivery.message) else {
            return Err(StoreError::corrupt("deliveries", &delivery.id, "the message can't be read"));
        };
        let id = delivery.event_id.as_deref().unwrap_or(&delivery.submission_id);
        let answer = match send::request(&receiver, &message, id, started_at.0.div_euclid(1000), self.schemes()) {
            Ok(request) => self.sender.send(request).await,
            Err(why) => {
                Err(SendError { kind: SendErrorKind::Refused, sent: false, status: None, elapsed_ms: 0, message: why })
            }
        };
        if answer.as_ref().is_err_and(|error| error.kind == SendErrorKind::Busy) {
            return Ok(later(delivery, started_at, BUSY_MS));
        }
        let judged = match &receiver {
            Receiver::Client(_) => self.judge_client(&setting, program.as_ref(), delivery, &receiver, &answer).await,
            Receiver::Settings(_) => judge_by_status(&answer, self.clock.now().0),
        };
        if matches!(receiver, Receiver::Settings(_))
            && answer.as_ref().is_ok_and(|answer| pauses_endpoint(answer.status))
        {
            tracing::warn!(
                organization_id = delivery.organization_id,
                "the webhook answered 410 Gone and is paused until its settings are saved again"
            );
            if let Err(error) = self.store.pause_webhook_settings(&delivery.organization_id, self.clock.now()).await {
                tracing::error!(error = %error, "the webhook could not be paused; its next 410 will do it");
            }
            self.forget_lookups();
        }
        Ok(self.landed(&setting, delivery, &answer, &judged, started_at))
    }

    /// Which URLs may be dialled.
    pub fn schemes(&self) -> Schemes {
        if self.settings.development { Schemes::HttpToo } else { Schemes::HttpsOnly }
    }

    async fn delivery_setting(&self, campaign_id: &str) -> Result<Arc<DeliverySetting>, StoreError> {
        let (key, now) = (campaign_id.to_owned(), self.clock.now());
        if let Some(known) = self.delivery_settings.get(&key, now) {
            return Ok(known);
        }
        let (organization, campaign) = self.home_of(campaign_id, "a delivery").await?;
        let (webhook, webhook_paused) = self
            .store
            .webhook_settings(&organization.id)
            .await?
            .map_or((None, false), |(s, at)| (Some(s), at.is_some()));
        let endpoint = self.store.endpoint_of(&campaign)?;
        let setting = Setting { organization, campaign, endpoint, webhook, run_id: String::new(), value_sets: None };
        Ok(self.delivery_settings.put(key, DeliverySetting { setting, webhook_paused }, now))
    }

    fn landed(
        &self,
        setting: &Setting,
        delivery: &ClaimedDelivery,
        answer: &Answer,
        judged: &Judged,
        started_at: Timestamp,
    ) -> Attempted {
        let now = self.clock.now();
        let retries = Retries::within(u64::try_from(delivery.retries_max).unwrap_or(0), 0..=u8::MAX);
        let made = u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX);
        let again = match (judged.kind, retries) {
            (OutcomeKind::Retry, Ok(retries)) => {
                Backoff::default().next(retries, made, now.0, judged.retry_after_ms, self.chance())
            }
            _ => NextTry::Spent,
        };
        let next = match (again, judged.kind) {
            (NextTry::At(at), _) => Next::Retry(Timestamp(at)),
            (NextTry::Spent, OutcomeKind::Accepted) => Next::Over("delivered"),
            // A client's no is an answer that arrived: the delivery itself is done.
            (NextTry::Spent, OutcomeKind::Rejected | OutcomeKind::Duplicate) => Next::Over("delivered"),
            (NextTry::Spent, OutcomeKind::Retry | OutcomeKind::Failed) => Next::Over("failed"),
        };
        let detail = kept(answer, judged, self.settings.limits.kept_answer_bytes_max);
        let transition = (delivery.event_id.is_none() && !matches!(next, Next::Retry(_)))
            .then(|| self.transition(setting, delivery, judged, &detail, now));
        let elapsed_ms = answer.as_ref().map_or_else(|error| error.elapsed_ms, |answer| answer.elapsed_ms);
        Attempted {
            delivery_id: delivery.id.clone(),
            claim: delivery.claim.clone(),
            number: delivery.attempts + 1,
            started_at,
            elapsed_ms: i64::try_from(elapsed_ms).unwrap_or(i64::MAX),
            status: answer.as_ref().map_or_else(|error| error.status, |answer: &OutboundAnswer| Some(answer.status)),
            outcome: judged.kind.as_str(),
            detail: json(&detail),
            next,
            transition,
        }
    }

    /// What a client's last answer means for the submission.
    fn transition(
        &self,
        setting: &Setting,
        delivery: &ClaimedDelivery,
        judged: &Judged,
        last: &Value,
        now: Timestamp,
    ) -> Transition {
        let (state, cause) = state_after(judged.kind);
        let mut detail = json!({
            "reason": judged.reason,
            "reference": judged.reference,
            "price": judged.price,
            "attempts": delivery.attempts + 1,
            "lastAnswer": (state != State::Delivered).then_some(last),
            "deliveryId": delivery.id,
        });
        // What the client did not say is not said either.
        if let Some(members) = detail.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let events = self.events(setting, &delivery.submission_id, state, true, Some(&detail), now);
        Transition { submission_id: delivery.submission_id.clone(), state, cause, detail: json(&detail), events }
    }

    /// An attempt for which there is nobody to send to.
    fn not_sent(&self, setting: &Setting, delivery: &ClaimedDelivery, why: &'static str, now: Timestamp) -> Attempted {
        let detail = json!({ "error": why, "sent": false });
        let judged = Judged {
            judge: Judge::Status,
            kind: OutcomeKind::Failed,
            reason: Some(why.into()),
            reference: None,
            price: None,
            retry_after_ms: None,
            value_sets: BTreeMap::new(),
        };
        let is_client = delivery.event_id.is_none();
        Attempted {
            delivery_id: delivery.id.clone(),
            claim: delivery.claim.clone(),
            number: delivery.attempts + 1,
            started_at: now,
            elapsed_ms: 0,
            status: None,
            outcome: why,
            detail: json(&detail),
            next: Next::Over(if is_client { "failed" } else { "skipped" }),
            transition: is_client.then(|| self.transition(setting, delivery, &judged, &detail, now)),
        }
    }

    /// A lead that was still to be sent when its campaign was archived.
    fn canceled(&self, setting: &Setting, delivery: &ClaimedDelivery, now: Timestamp) -> Attempted {
        let detail = json!({ "attempts": delivery.attempts, "deliveryId": delivery.id });
        let events = self.events(setting, &delivery.submission_id, State::Canceled, false, Some(&detail), now);
        let transition = Transition {
            submission_id: delivery.submission_id.clone(),
            state: State::Canceled,
            cause: "campaign_archived",
            detail: json(&detail),
            events,
        };
        Attempted {
            number: delivery.attempts + 1,
            outcome: "campaign_archived",
            detail: json(&json!({ "error": "campaign_archived", "sent": false })),
            next: Next::Over("canceled"),
            transition: Some(transition),
            ..later(delivery, now, 0)
        }
    }

    fn chance(&self) -> u64 {
        let mut bytes = [0_u8; 8];
        self.minter.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}

/// Where a submission stands after its client's last answer, and why.
pub(crate) fn state_after(kind: OutcomeKind) -> (State, &'static str) {
    match kind {
        OutcomeKind::Accepted => (State::Delivered, "client_accepted"),
        OutcomeKind::Rejected => (State::Rejected, "client_rejected"),
        OutcomeKind::Duplicate => (State::Duplicate, "client_duplicate"),
        OutcomeKind::Retry => (State::Failed, "retries_spent"),
        OutcomeKind::Failed => (State::Failed, "client_failed"),
    }
}

/// Not an attempt: it is looked at again after a while.
fn later(delivery: &ClaimedDelivery, now: Timestamp, wait_ms: i64) -> Attempted {
    Attempted {
        delivery_id: delivery.id.clone(),
        claim: delivery.claim.clone(),
        number: delivery.attempts,
        started_at: now,
        elapsed_ms: 0,
        status: None,
        outcome: "put_off",
        detail: Vec::new(),
        next: Next::Later(now.plus_ms(wait_ms)),
        transition: None,
    }
}

/// What deliveries of one campaign need to know.
pub(crate) struct DeliverySetting {
    setting: Setting,
    webhook_paused: bool,
}

impl std::ops::Deref for DeliverySetting {
    type Target = Setting;

    fn deref(&self) -> &Setting {
        &self.setting
    }
}

/// To whom a delivery goes, and whether that endpoint is paused.
fn receiver_of(delivery: &ClaimedDelivery, setting: &DeliverySetting) -> (Option<Receiver>, bool) {
    if delivery.event_id.is_none() {
        return (setting.endpoint.clone().map(Receiver::Client), false);
    }
    let settings = setting.webhook.clone().filter(|settings| settings.enabled);
    (settings.map(Receiver::Settings), setting.webhook_paused)
}
