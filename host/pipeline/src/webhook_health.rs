//! Webhooks that take nothing: paused where they are gone (W9) or keep failing, asked again from time to time, and resumed (W11). Whatever
//! else the campaign's events go to is told of it.

use super::Pipeline;
use super::deliver::Preparation;
use super::delivery::{Delivery, NoRequest};
use super::finish::CampaignContext;
use super::outcome::Responded;
use super::receivers::{Addressee, Nobody};
use super::rendered::json;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::event::EventName;
use hookmill_domain::interpret::{OutcomeKind, pauses_endpoint};
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::webhook::failing::{Failing, PauseTerms};
use hookmill_store::StoreError;
use hookmill_store::outcome::Next;
use hookmill_store::reported_events::{EventSubject, NewReportedEvent};
use hookmill_store::webhooks::Webhook;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How many webhooks are remembered that fail.
const FAILING_REMEMBERED_MAX: usize = 10_000;
/// How long after the end of a probe at the latest the other messages are looked at again, in milliseconds.
const AFTER_PROBE_MS: i64 = 1_000;
/// How the key of such an event begins, so that it is none of a source.
const PAUSE_KEY: &str = "\0pause\0";

/// The webhooks that fail, by destination and revision of its settings: those that were saved since are others.
pub(crate) struct FailingWebhooks {
    terms: PauseTerms,
    failing: quick_cache::sync::Cache<(String, i64), Failing>,
}

impl FailingWebhooks {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            terms: PauseTerms { failing_ms: limits.pause_failing_ms, failures_min: limits.pause_failures_min },
            failing: quick_cache::sync::Cache::new(FAILING_REMEMBERED_MAX),
        }
    }

    fn succeeded(&self, webhook: &(String, i64)) {
        if !self.failing.is_empty() {
            self.failing.remove(webhook);
        }
    }

    /// One more request failed; says since when the webhook is to be paused for it.
    fn failed(&self, webhook: (String, i64), now: Timestamp) -> Option<Timestamp> {
        let failing = Failing::after(self.failing.get(&webhook), now);
        self.failing.insert(webhook, failing);
        failing.is_to_pause(self.terms, now)
    }
}

/// What became of a webhook.
enum Turn {
    Gone,
    Failing { since: Timestamp, probe_at: Timestamp },
    Resumed,
}

impl Turn {
    fn event(&self) -> EventName {
        match self {
            Self::Gone | Self::Failing { .. } => EventName::WebhookPaused,
            Self::Resumed => EventName::WebhookResumed,
        }
    }

    fn details(&self) -> Value {
        let time = Timestamp::rfc3339_seconds;
        match self {
            Self::Gone => json!({ "reason": "gone" }),
            Self::Failing { since, probe_at } => {
                json!({ "reason": "failing", "failing_since": time(*since), "next_probe_at": time(*probe_at) })
            }
            Self::Resumed => json!({}),
        }
    }
}

impl Pipeline {
    /// What stands between a message that only tells and its request: whether its webhook is paused.
    pub(crate) async fn prepare_told(
        &self,
        delivery: &Delivery,
        addressee: Addressee,
    ) -> Result<Preparation, StoreError> {
        let (Some(probe_at), Some(revision)) = (addressee.probe_at, addressee.revision) else {
            return Ok(Preparation::Send(Box::new(addressee), None));
        };
        let (now, limits) = (self.clock.now(), &self.settings.limits);
        if delivery.row.created_at.saturating_add(limits.paused_wait_ms_max) < now.0 {
            return Ok(Preparation::End(NoRequest::Because(Nobody::DestinationPaused.as_str())));
        }
        if now < probe_at {
            return Ok(Preparation::End(NoRequest::Then(Next::Defer(probe_at))));
        }
        let (id, next_at) = (&delivery.row.destination_id, now.plus_ms(limits.probe_paused_every_ms));
        if self.store.claim_probe(id, revision, probe_at, next_at).await? {
            return Ok(Preparation::Send(Box::new(addressee), None));
        }
        // Another one is the probe: what comes of it is known then, also where it resumes the webhook while this is being deferred.
        let timeout_ms =
            i64::try_from(addressee.receiver.timeout().as_millis()).unwrap_or(limits.probe_paused_every_ms);
        let again_at = now.plus_ms(timeout_ms.saturating_add(AFTER_PROBE_MS));
        Ok(Preparation::End(NoRequest::Then(Next::Defer(again_at))))
    }

    /// Notes what a response says of its webhook: it is paused where it is gone or kept failing, and resumed by a probe that succeeds.
    /// It says nothing of settings that were saved since.
    pub(crate) async fn note_health(&self, responded: &Responded, kind: OutcomeKind) {
        let Responded { delivery, context, revision, is_probe, response, .. } = responded;
        let Some(revision) = *revision else { return };
        if !delivery.kind().is_some_and(DestinationKind::is_told) {
            return;
        }
        let webhook = (delivery.row.destination_id.clone(), revision);
        let now = self.clock.now();
        let is_gone = response.as_ref().is_ok_and(|response| pauses_endpoint(response.status));
        let turn = match kind {
            _ if is_gone => Some(Turn::Gone),
            OutcomeKind::Accepted => {
                self.failing_webhooks.succeeded(&webhook);
                is_probe.then_some(Turn::Resumed)
            }
            // It is paused already.
            _ if *is_probe => None,
            _ => self.failing_webhooks.failed(webhook, now).map(|since| {
                let probe_at = now.plus_ms(self.settings.limits.probe_paused_every_ms);
                Turn::Failing { since, probe_at }
            }),
        };
        if let Some(turn) = turn
            && let Err(error) = self.turn_webhook(context, delivery, revision, &turn, now).await
        {
            let destination_id = &delivery.row.destination_id;
            tracing::error!(destination_id, error = %error, "the webhook could not be paused or resumed; its next response will do it");
        }
    }

    async fn turn_webhook(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
        revision: i64,
        turn: &Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = &delivery.row.destination_id;
        let is_turned = match turn {
            Turn::Gone => self.store.pause_destination(id, revision, None, now).await?,
            Turn::Failing { probe_at, .. } => self.store.pause_destination(id, revision, Some(*probe_at), now).await?,
            Turn::Resumed => self.store.resume_destination(id, revision).await?,
        };
        if !is_turned {
            return Ok(());
        }
        match turn {
            Turn::Gone => tracing::warn!(
                destination_id = id,
                "the webhook responded with 410 Gone and is paused until its settings are saved again"
            ),
            Turn::Failing { .. } => tracing::warn!(
                destination_id = id,
                "the webhook kept failing and is paused; it is asked again from time to time, and saving its settings resumes it"
            ),
            Turn::Resumed => tracing::info!(destination_id = id, "the webhook takes messages again and is resumed"),
        }
        self.forget_lookups();
        if matches!(turn, Turn::Resumed) {
            self.webhook_resumed(&delivery.row.organization_id, id).await?;
        }
        self.tell_of_webhook(context, delivery, turn, now).await
    }

    /// Has everything sent now that waits for a webhook which is paused no more.
    ///
    /// # Errors
    /// Where the store does not respond: then it is sent when it falls due.
    pub async fn webhook_resumed(&self, organization_id: &str, destination_id: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let shards = self.store.deliver_now(destination_id, now).await?;
        self.flow.read_deliveries(organization_id, destination_id, now);
        self.signal_others(shards).await
    }

    /// Tells everybody else who wants to know.
    async fn tell_of_webhook(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
        turn: &Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = &delivery.row.destination_id;
        let Some(webhook) = self.webhook(context, id).await? else { return Ok(()) };
        let mut details = turn.details();
        details["webhook"] = webhook_view(&webhook);
        let key =
            [PAUSE_KEY.as_bytes(), id.as_bytes(), turn.event().as_str().as_bytes(), &now.0.to_be_bytes()].concat();
        let mut event = NewReportedEvent {
            id: self.ids.new_id("evt", now),
            organization_id: context.organization.id.clone(),
            campaign_key: context.campaign.key.clone(),
            key_hash: Sha256::digest(key).into(),
            expires_at: now.plus_ms(self.settings.limits.events_kept_ms),
            subject: EventSubject::Nobody,
            name: turn.event().as_str().to_owned(),
            details: json(&details),
            payload: None,
            category: None,
            occurred_at: now,
            deliveries: Vec::new(),
        };
        event.deliveries = self.deliveries_of_event(context, &event, None);
        event.deliveries.retain(|told| told.destination_id != *id);
        if event.deliveries.is_empty() {
            return Ok(());
        }
        self.keep_events(&event.organization_id, std::slice::from_ref(&event)).await.map(drop)
    }
}

/// A webhook as others are told of it: its URL may be a secret.
fn webhook_view(webhook: &Webhook) -> Value {
    let settings = &webhook.destination.settings;
    json!({
        "id": webhook.destination.id,
        "kind": webhook.kind.as_str(),
        "name": (!settings.name.is_empty()).then_some(&settings.name),
        "url": UrlView::Masked.show(&settings.url),
    })
}
