//! What a batch came to, as rows: a state and its cause for each submission, and everything that must follow from it.

use super::Pipeline;
use super::context;
use super::ingest::json;
use super::rendered;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::endpoint::ClientEndpoint;
use hookmill_domain::event::{EventName, events_of};
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::settings::WebhookSettings;
use hookmill_domain::state::State;
use hookmill_engine::ItemError;
use hookmill_engine::contract::{MappedLead, Payload, Submission, Verdict};
use hookmill_store::campaigns::Campaign;
use hookmill_store::claims::ClaimedSubmission;
use hookmill_store::deliveries::{Message, NewDelivery, NewEvent};
use hookmill_store::organizations::Organization;
use hookmill_store::processed::{Born, Processed, ProcessedLead};
use serde_json::{Value, json};

/// What is the same for a whole batch.
pub(crate) struct Setting {
    pub(crate) organization: Organization,
    pub(crate) campaign: Campaign,
    pub(crate) endpoint: Option<ClientEndpoint>,
    pub(crate) webhook: Option<WebhookSettings>,
    pub(crate) run_id: String,
    /// The tables that the batch read, as a submission keeps them.
    pub(crate) value_sets: Option<Vec<u8>>,
}

/// A submission on its way through the stages.
pub(crate) struct Candidate {
    pub(crate) id: String,
    revision: i64,
    received_at: i64,
    born: Option<Born>,
    pub(crate) stand: Stand,
    /// The lead, also when the submission is over.
    lead: Option<MappedLead>,
    pub(crate) person: Option<(String, Vec<IdentityHash>)>,
    verdict: Option<Verdict>,
    pub(crate) payload: Option<Payload>,
}

/// How far a candidate is.
pub(crate) enum Stand {
    /// Mapped, and still on its way.
    Mapped(MappedLead),
    /// Decided.
    Over(Conclusion),
    /// Nothing is known: it goes back in line.
    Postponed,
}

/// Where a submission stands after the batch, and why.
#[derive(Debug, Clone)]
pub(crate) struct Conclusion {
    pub(crate) state: State,
    pub(crate) cause: &'static str,
    pub(crate) detail: Option<Value>,
}

impl Conclusion {
    /// It is kept until somebody looks at it.
    pub(crate) fn quarantined(cause: &'static str, detail: Value) -> Self {
        Self { state: State::Quarantined, cause, detail: Some(detail) }
    }
}

impl Candidate {
    pub(crate) fn new(claimed: &ClaimedSubmission, id: String, born: Option<Born>, stand: Stand) -> Self {
        Self {
            id,
            revision: claimed.revision,
            received_at: claimed.received_at,
            born,
            stand,
            lead: None,
            person: None,
            verdict: None,
            payload: None,
        }
    }

    /// One that is decided before it was mapped.
    pub(crate) fn over(claimed: &ClaimedSubmission, conclusion: Conclusion) -> Self {
        Self::new(claimed, claimed.id.clone(), None, Stand::Over(conclusion))
    }

    /// One that goes back in line.
    pub(crate) fn postponed(claimed: &ClaimedSubmission) -> Self {
        Self::new(claimed, claimed.id.clone(), None, Stand::Postponed)
    }

    /// One that could not be mapped.
    pub(crate) fn from_error(claimed: &ClaimedSubmission, error: &ItemError) -> Self {
        let mut candidate = Self::new(claimed, claimed.id.clone(), None, Stand::Postponed);
        candidate.fail(error);
        candidate
    }

    /// Whether it was made in this batch.
    pub(crate) fn is_born(&self) -> bool {
        self.born.is_some()
    }

    /// The claimed submission it belongs to: itself, or the one it was made from.
    pub(crate) fn family(&self) -> &str {
        self.born.as_ref().map_or(&self.id, |born| &born.parent_id)
    }

    /// Its lead, while it is on its way.
    pub(crate) fn mapped(&self) -> Option<&MappedLead> {
        match &self.stand {
            Stand::Mapped(lead) => Some(lead),
            Stand::Over(_) | Stand::Postponed => None,
        }
    }

    /// As the later stages see it, while it is on its way.
    pub(crate) fn submission(&self) -> Option<Submission> {
        let (lead, (lead_id, _)) = (self.mapped()?, self.person.as_ref()?);
        Some(context::submission(&self.id, Some(lead_id), &lead.lead, lead.is_test, self.received_at))
    }

    /// Its plugin refused it, faulted on it, or did not get to it.
    pub(crate) fn fail(&mut self, error: &ItemError) {
        let stand = match error {
            ItemError::Fault(fault) if fault.kind == hookmill_engine::FaultKind::Host => Stand::Postponed,
            _ => match rendered::item_error(error) {
                Some((cause, detail)) => Stand::Over(Conclusion::quarantined(cause, detail)),
                None => Stand::Postponed,
            },
        };
        self.end(stand);
    }

    /// A rule said no.
    pub(crate) fn disqualify(&mut self, verdict: Verdict) {
        let detail = json!({
            "reason": verdict.failed.first().map(|rule| rule.reason.clone()),
            "failedRules": rendered::failed_rules(&verdict),
        });
        self.verdict = Some(verdict);
        self.end(Stand::Over(Conclusion { state: State::Disqualified, cause: "rules", detail: Some(detail) }));
    }

    fn end(&mut self, stand: Stand) {
        if let Stand::Mapped(lead) = std::mem::replace(&mut self.stand, stand) {
            self.lead = Some(lead);
        }
    }
}

impl Pipeline {
    /// The rows of a batch.
    pub(crate) fn conclude(&self, setting: &Setting, candidates: Vec<&Candidate>) -> Vec<Processed> {
        let now = self.clock.now();
        candidates.into_iter().filter_map(|candidate| self.conclude_one(setting, candidate, now)).collect()
    }

    fn conclude_one(&self, setting: &Setting, candidate: &Candidate, now: Timestamp) -> Option<Processed> {
        let (conclusion, delivery) = match &candidate.stand {
            // One that was made in this batch has no row to hand back: it gets one, and is looked at again.
            Stand::Postponed if candidate.is_born() => {
                (Conclusion { state: State::Received, cause: "postponed", detail: None }, None)
            }
            Stand::Postponed => return None,
            Stand::Over(conclusion) => (conclusion.clone(), None),
            Stand::Mapped(_) => self.send_or_store(setting, candidate, now),
        };
        let lead = candidate.mapped().or(candidate.lead.as_ref());
        let events = self.events(setting, &candidate.id, conclusion.state, false, conclusion.detail.as_ref(), now);
        Some(Processed {
            id: candidate.id.clone(),
            organization_id: setting.organization.id.clone(),
            revision: candidate.revision,
            state: conclusion.state,
            cause: conclusion.cause,
            detail: conclusion.detail.as_ref().map(json),
            program_id: setting.campaign.program_id.clone(),
            lead: lead.zip(candidate.person.as_ref()).map(|(lead, (lead_id, identities))| ProcessedLead {
                lead_id: lead_id.clone(),
                identities: identities.clone(),
                lead: lead.lead.clone().into_bytes(),
                is_test: lead.is_test,
            }),
            decision: rendered::decision(
                candidate.verdict.as_ref(),
                lead.map(|lead| lead.notices.as_slice()).unwrap_or_default(),
            ),
            value_sets: setting.value_sets.clone(),
            delivery,
            events,
            born: candidate.born.clone(),
        })
    }

    /// A lead that passed everything goes to the client; without a client it is delivered as soon as it is stored.
    fn send_or_store(
        &self,
        setting: &Setting,
        candidate: &Candidate,
        now: Timestamp,
    ) -> (Conclusion, Option<NewDelivery>) {
        let (Some(endpoint), Some(payload)) = (&setting.endpoint, &candidate.payload) else {
            return (
                Conclusion { state: State::Delivered, cause: "stored", detail: Some(json!({"detail": "stored"})) },
                None,
            );
        };
        let delivery = NewDelivery {
            id: self.minter.mint("dlv", now),
            organization_id: setting.organization.id.clone(),
            campaign_id: setting.campaign.id.clone(),
            submission_id: candidate.id.clone(),
            event_id: None,
            endpoint: format!("client:{}", setting.campaign.id),
            retries_max: i64::from(endpoint.retries),
            message: Some(message(payload).write()),
        };
        let detail = json!({ "deliveryId": delivery.id });
        (Conclusion { state: State::Delivering, cause: "shaped", detail: Some(detail) }, Some(delivery))
    }

    /// The events that reaching a state causes, each with the webhooks it goes to.
    pub(crate) fn events(
        &self,
        setting: &Setting,
        submission_id: &str,
        state: State,
        by_client: bool,
        detail: Option<&Value>,
        now: Timestamp,
    ) -> Vec<NewEvent> {
        let empty = json!({});
        events_of(state, by_client)
            .into_iter()
            .map(|name| self.event(setting, submission_id, name, state, detail.unwrap_or(&empty), now))
            .collect()
    }

    fn event(
        &self,
        setting: &Setting,
        submission_id: &str,
        name: EventName,
        state: State,
        detail: &Value,
        now: Timestamp,
    ) -> NewEvent {
        let id = self.minter.mint("evt", now);
        let wanted = setting.webhook.as_ref().filter(|settings| settings.wants(name));
        let deliveries = wanted.map(|settings| NewDelivery {
            id: self.minter.mint("dlv", now),
            organization_id: setting.organization.id.clone(),
            campaign_id: setting.campaign.id.clone(),
            submission_id: submission_id.to_owned(),
            event_id: Some(id.clone()),
            endpoint: format!("settings:{}", setting.organization.id),
            retries_max: i64::from(settings.retries),
            message: None,
        });
        NewEvent {
            id,
            organization_id: setting.organization.id.clone(),
            campaign_id: setting.campaign.id.clone(),
            submission_id: submission_id.to_owned(),
            name: name.as_str(),
            status: state.as_str(),
            details: json(detail),
            occurred_at: now,
            deliveries: deliveries.into_iter().collect(),
        }
    }
}

/// A shaped message as it is kept.
pub(crate) fn message(payload: &Payload) -> Message {
    let pairs = |list: &[hookmill_engine::contract::Pair]| {
        list.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect()
    };
    Message::new(
        payload.method.clone(),
        pairs(&payload.query),
        pairs(&payload.headers),
        payload.content_type.clone(),
        payload.body.clone(),
    )
}
