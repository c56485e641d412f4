//! Messages about events: shaped by what their submission ran on, many at once. In the step that causes them as far as that succeeds in
//! time; else when they are sent, as a step of its own whose result is committed before anything leaves.

use super::Pipeline;
use super::context;
use super::delivery::{Delivery, EventData, loaded_submission};
use super::finish::{CampaignContext, message};
use super::programs::NotReady;
use super::rendered::{self, json};
use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{Destination, DestinationKind, Event, Payload, Subject, Submission};
use hookmill_engine::{FaultKind, ItemError, Program, Stage};
use hookmill_store::StoreError;
use hookmill_store::deliveries::{DeliveryKey, Message, NewEvent, Shaped};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How long the step that causes events waits for their messages: a plugin that takes longer shapes them when they are sent.
const SHAPE_WITH_STEP: Duration = Duration::from_millis(100);

type ShapedPayloads = (Vec<Result<Payload, ItemError>>, BTreeMap<String, String>);

impl Pipeline {
    /// Shapes the messages of new events, as far as that succeeds in time; what is left has no message yet.
    pub(crate) async fn shape_new_events(
        &self,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        events: Vec<(Arc<Submission>, &mut NewEvent)>,
    ) {
        if events.is_empty() {
            return;
        }
        let requests =
            events.iter().map(|(subject, event)| (Arc::new(EventData::of(event)), Arc::clone(subject))).collect();
        let shaped =
            tokio::time::timeout(SHAPE_WITH_STEP, self.shape_events(context, campaign_version_id, requests)).await;
        let (payloads, read) = match shaped {
            Ok(Ok(Ok(shaped))) => shaped,
            Ok(Ok(Err(_))) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "messages could not be shaped with their events; they will be shaped when they are sent");
                return;
            }
        };
        for ((_, event), payload) in events.into_iter().zip(payloads) {
            let Ok(payload) = payload else { continue };
            let message = message(&payload).with_value_sets(read.clone());
            for delivery in &mut event.deliveries {
                delivery.message = Some(message.clone());
            }
        }
    }

    /// Gives deliveries that are about to be sent their messages, and keeps these first: every attempt sends the same bytes. What fails
    /// for good has ended then, and is not in the result; why, where nothing is known yet.
    pub(crate) async fn shape_deliveries(
        &self,
        context: &CampaignContext,
        deliveries: Vec<Delivery>,
    ) -> Result<Result<Vec<Delivery>, NotReady>, StoreError> {
        let deliveries = self.load_subjects(&context.organization.id, deliveries).await?;
        let mut by_program: BTreeMap<Option<String>, Vec<Delivery>> = BTreeMap::new();
        for delivery in deliveries {
            by_program.entry(delivery.row.campaign_version_id.clone()).or_default().push(delivery);
        }
        let (mut ready, mut kept) = (Vec::new(), Vec::new());
        for (campaign_version_id, of_program) in by_program {
            let subjects = of_program.iter().filter_map(|d| Some((d.event.clone()?, d.subject.clone()?))).collect();
            let shaped = self.shape_events(context, campaign_version_id.as_deref(), subjects).await?;
            let (payloads, read) = match shaped {
                Ok(shaped) => shaped,
                Err(not_ready) => return Ok(Err(not_ready)),
            };
            for (mut delivery, payload) in of_program.into_iter().zip(payloads) {
                let key =
                    DeliveryKey { organization_id: delivery.row.organization_id.clone(), id: delivery.row.id.clone() };
                match payload {
                    Ok(payload) => {
                        let message: Message = message(&payload).with_value_sets(read.clone());
                        delivery.row.message = Some(message.clone());
                        kept.push((key, Shaped::Message(message)));
                        ready.push(delivery);
                    }
                    // The host could not run it: nothing is known.
                    Err(ItemError::Fault(fault)) if fault.kind == FaultKind::Host => {
                        return Ok(Err(NotReady::later(fault)));
                    }
                    Err(error) => {
                        let Some((cause, detail)) = rendered::item_error(Stage::Shape, &error) else {
                            return Ok(Err(NotReady::later("the plugin took too long for others of the batch")));
                        };
                        let detail = json(&json!({ "error": cause, "detail": detail }));
                        let attempt_id = self.ids.new_id("att", self.clock.now());
                        kept.push((key, Shaped::Failed { attempt_id, detail }));
                    }
                }
            }
        }
        self.store.commit_shaped(&kept, self.clock.now()).await?;
        Ok(Ok(ready))
    }

    /// Has the deliveries of events read from the store: memory does not hold them.
    pub(crate) fn read_events(&self, events: &[NewEvent], now: Timestamp) {
        for delivery in events.iter().flat_map(|event| &event.deliveries) {
            self.flow.read_deliveries(&delivery.organization_id, &delivery.destination_id, now);
        }
    }

    /// What deliveries that were loaded from the store are about. One whose event is gone is about nothing and is left out.
    async fn load_subjects(
        &self,
        organization_id: &str,
        deliveries: Vec<Delivery>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let missing: Vec<&str> = deliveries
            .iter()
            .filter(|delivery| delivery.event.is_none() || delivery.subject.is_none())
            .filter_map(|delivery| delivery.row.event_id.as_deref())
            .collect();
        let loaded = self.store.events_to_shape(organization_id, &missing).await?;
        let loaded: HashMap<String, _> = loaded.into_iter().map(|event| (event.id.clone(), event)).collect();
        let filled = deliveries.into_iter().filter_map(|mut delivery| {
            if delivery.event.is_none() || delivery.subject.is_none() {
                let event = loaded.get(delivery.row.event_id.as_deref()?)?;
                delivery.event = Some(Arc::new(EventData::loaded(event)));
                delivery.subject = Some(Arc::new(loaded_submission(event)));
            }
            Some(delivery)
        });
        Ok(filled.collect())
    }

    /// Shapes events of one campaign for its organization's webhook; why, while it can't be known.
    async fn shape_events(
        &self,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        events: Vec<(Arc<EventData>, Arc<Submission>)>,
    ) -> Result<Result<ShapedPayloads, NotReady>, StoreError> {
        let program = match self.shaping_program(campaign_version_id).await {
            Ok(program) => program,
            Err(not_ready) => return Ok(Err(not_ready)),
        };
        let (now, organization) = (self.clock.now(), &context.organization);
        let call = Arc::new(context::context(organization, &context.campaign, now, &self.ids.new_id("run", now)));
        let destination = Destination {
            kind: DestinationKind::OrganizationWebhook,
            id: organization.id.clone(),
            name: organization.name.clone(),
            method: "POST".into(),
            url: context.webhook.as_ref().map(|webhook| webhook.settings.url.clone()).unwrap_or_default(),
            content_type: "application/json".into(),
            settings: None,
        };
        let subjects: Vec<Subject> = events
            .iter()
            .map(|(event, submission)| Subject::Event(Arc::new(contract_event(event, submission))))
            .collect();
        let mut lookups = self.lookups(&context.campaign, campaign_version_id).await?;
        loop {
            let mut run = self.run(&program, call.clone(), &lookups);
            let payloads = run.shape_subjects(destination.clone(), subjects.clone()).await;
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok(Ok((payloads, lookups.read()))),
            }
        }
    }

    /// The program the submission ran on shapes the messages about it; where it can never be run, the standard payload is sent. Why, while
    /// it is not ready.
    async fn shaping_program(&self, campaign_version_id: Option<&str>) -> Result<Program, NotReady> {
        match self.program_if_ready(campaign_version_id).await {
            Err(NotReady::Never(_)) => Ok(self.standard.clone()),
            result => result,
        }
    }
}

fn contract_event(event: &EventData, submission: &Arc<Submission>) -> Event {
    Event {
        id: event.id.clone(),
        name: event.name.clone(),
        occurred_at: event.occurred_at,
        status: event.status.clone(),
        submission: Some(Arc::clone(submission)),
        details: context::to_text(&event.details),
        payload: None,
        category: None,
    }
}
