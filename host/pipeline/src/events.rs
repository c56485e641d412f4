//! Messages about events: shaped by what their submission ran on, many at once. In the step that causes them as far as that succeeds in
//! time; else when they are sent, as a step of its own whose result is committed before anything leaves.

use super::Pipeline;
use super::context;
use super::delivery::{Delivery, EventData, loaded_submission};
use super::finish::{CampaignContext, message};
use super::programs::NotReady;
use super::rendered::{self, json};
use super::webhooks::Shaper;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind as ReceiverKind;
use hookmill_engine::contract::{Category, Destination, Event, Payload, Subject, Submission};
use hookmill_engine::{FaultKind, ItemError, Stage};
use hookmill_store::deliveries::{DeliveryKey, Message, NewEvent, Shaped};
use hookmill_store::{Remedy, StoreError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How long the step that causes events waits for their messages: a plugin that takes longer shapes them when they are sent.
const SHAPE_WITH_STEP: Duration = Duration::from_millis(100);

/// How often messages are written again whose commit met somebody else's.
const AGAIN_MAX: usize = 3;

/// What came of shaping deliveries that are about to be sent. What is in neither has ended without a message.
#[derive(Debug, Default)]
pub(crate) struct ShapedDeliveries {
    /// Those whose message is kept.
    pub(crate) ready: Vec<Delivery>,
    /// Those whose message could not be written now: they stay as they are.
    pub(crate) left: HashSet<String>,
    /// Those without a message whose response was to decide about a submission: it is not decided by them.
    pub(crate) undecided: Vec<Delivery>,
}

/// What came of keeping the messages of deliveries that are about to be sent.
pub(crate) struct KeptMessages {
    /// Those whose message is kept.
    pub(crate) ready: Vec<Delivery>,
    /// Those whose message could not be written now: they stay as they are.
    pub(crate) left: HashSet<String>,
    /// Those whose message the database does not take.
    pub(crate) unwritten: Vec<Delivery>,
}

/// What came of writing messages.
#[derive(Debug, Default)]
struct WrittenMessages {
    /// The deliveries that have one.
    kept: HashSet<String>,
    /// Those of which nothing was written.
    left: HashSet<String>,
}

impl WrittenMessages {
    fn left(shaped: &[(DeliveryKey, Shaped)], error: &StoreError) -> Self {
        tracing::error!(error = %error, messages = shaped.len(), "messages could not be written; will be retried");
        Self { left: shaped.iter().map(|(key, _)| key.id.clone()).collect(), ..Self::default() }
    }

    fn and(mut self, other: Self) -> Self {
        self.kept.extend(other.kept);
        self.left.extend(other.left);
        self
    }
}

type ShapedPayloads = (Vec<Result<Payload, ItemError>>, BTreeMap<String, String>);

/// Events to shape for one destination, each with its place among all.
pub(crate) type ToShape = Vec<(usize, Arc<EventData>, Option<Arc<Submission>>)>;

/// What a program is asked for one destination.
type ShapeCall = (Destination, Vec<Subject>);

/// A destination among several, the places of its events among all, and what is asked for it.
type Member = (String, Vec<usize>, ShapeCall);

impl Pipeline {
    /// Shapes the messages of new events, as far as that succeeds in time; what is left has no message yet.
    pub(crate) async fn shape_new_events(
        &self,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        mut events: Vec<(Arc<Submission>, &mut NewEvent)>,
    ) {
        let mut requests: BTreeMap<String, ToShape> = BTreeMap::new();
        for (at, (subject, event)) in events.iter().enumerate() {
            let data = Arc::new(EventData::of(event));
            for new in event.deliveries.iter().filter(|new| !new.is_suppressed) {
                let of_destination = requests.entry(new.destination_id.clone()).or_default();
                of_destination.push((at, Arc::clone(&data), Some(Arc::clone(subject))));
            }
        }
        let shaping = self.shape_together(context, campaign_version_id, requests, |destination_id, at, message| {
            let told = events[at].1.deliveries.iter_mut().filter(|new| new.destination_id == destination_id);
            told.for_each(|new| new.message = Some(message.clone()));
        });
        within_step(shaping).await;
    }

    /// Shapes events of one campaign for several destinations: those with the same program in one run, since to begin one costs more than most
    /// messages do. `keep` gets the message of each event, by the destination and the event's place, once its run has succeeded.
    pub(crate) async fn shape_together(
        &self,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        requests: BTreeMap<String, ToShape>,
        mut keep: impl FnMut(&str, usize, Message),
    ) -> Result<(), StoreError> {
        let mut groups: Vec<(Shaper, Vec<Member>)> = Vec::new();
        for (destination_id, events) in requests {
            let webhook = self.webhook(context, &destination_id).await?;
            // What is not ready is when the messages are sent, or is looked at then.
            let Ok(shaper) = self.shaper(webhook.as_deref(), campaign_version_id).await else { continue };
            let destination = context.event_destination(&destination_id, webhook.as_deref());
            let places = events.iter().map(|(at, ..)| *at).collect();
            let subjects = events.iter().map(|(_, event, submission)| subject(event, submission.as_ref())).collect();
            let member = (destination_id, places, (destination, subjects));
            match groups.iter_mut().find(|(of_group, _)| of_group.is_same(&shaper)) {
                Some((_, members)) => members.push(member),
                None => groups.push((shaper, vec![member])),
            }
        }
        for (shaper, members) in groups {
            let (names, calls): (Vec<_>, Vec<_>) =
                members.into_iter().map(|(id, places, call)| ((id, places), call)).unzip();
            let (shaped, read) = self.run_shapes(context, &shaper, campaign_version_id, &calls).await?;
            for ((destination_id, places), payloads) in names.iter().zip(shaped) {
                for (at, payload) in places.iter().zip(payloads) {
                    if let Ok(payload) = payload {
                        keep(destination_id, *at, message(&payload).with_value_sets(read.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs a program for several destinations, once more for each time it asks for a table that is not in memory yet.
    #[boxed]
    async fn run_shapes(
        &self,
        context: &CampaignContext,
        shaper: &Shaper,
        campaign_version_id: Option<&str>,
        calls: &[ShapeCall],
    ) -> Result<(Vec<Vec<Result<Payload, ItemError>>>, BTreeMap<String, String>), StoreError> {
        let campaign_version_id = campaign_version_id.filter(|_| shaper.is_of_campaign);
        let now = self.clock.now();
        let run_id = self.ids.new_id("run", now);
        let call = Arc::new(context::context(&context.organization, &context.campaign, now, &run_id));
        let mut lookups = self.lookups(&context.campaign, campaign_version_id).await?;
        loop {
            let mut run = self.run(&shaper.program, call.clone(), &lookups);
            let calls_of_run = calls.to_vec();
            // On one thread, since there may be many destinations of few events each.
            let shaping = self.engine().on_guest_thread(async move {
                let mut shaped = Vec::with_capacity(calls_of_run.len());
                for (destination, subjects) in calls_of_run {
                    shaped.push(run.shape_subjects(destination, subjects).await);
                }
                shaped
            });
            // Where the host failed nothing is known of any of them.
            let unknown = |(_, subjects): &ShapeCall| subjects.iter().map(|_| Err(ItemError::Postponed)).collect();
            let shaped = shaping.await.unwrap_or_else(|_| calls.iter().map(unknown).collect());
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok((shaped, lookups.read())),
            }
        }
    }

    /// Gives deliveries that are about to be sent their messages, and keeps these first: every attempt sends the same bytes. What fails
    /// for good has ended then, and is not in the result; why, where nothing is known yet.
    pub(crate) async fn shape_deliveries(
        &self,
        context: &CampaignContext,
        deliveries: Vec<Delivery>,
    ) -> Result<Result<ShapedDeliveries, NotReady>, StoreError> {
        let deliveries = self.load_subjects(&context.organization.id, deliveries).await?;
        let mut by_program: BTreeMap<(Option<String>, String), Vec<Delivery>> = BTreeMap::new();
        for delivery in deliveries {
            let key = (delivery.row.campaign_version_id.clone(), delivery.row.destination_id.clone());
            by_program.entry(key).or_default().push(delivery);
        }
        let (mut ready, mut kept, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
        for ((campaign_version_id, destination_id), of_program) in by_program {
            let subjects = of_program.iter().filter_map(|d| Some((d.event.clone()?, d.subject.clone()))).collect();
            let shaped = self.shape_events(&destination_id, context, campaign_version_id.as_deref(), subjects).await?;
            let (payloads, read) = match shaped {
                Ok(shaped) => shaped,
                // It can never be written: its delivery has failed, and can be sent again once the payload is saved anew.
                Err(NotReady::Never(why)) => {
                    kept.extend(of_program.iter().map(|delivery| (delivery_key(delivery), self.unusable(&why))));
                    continue;
                }
                Err(not_ready) => return Ok(Err(not_ready)),
            };
            for (mut delivery, payload) in of_program.into_iter().zip(payloads) {
                let key = delivery_key(&delivery);
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
                        if is_action(&delivery) {
                            undecided.push(delivery);
                            continue;
                        }
                        let detail = json(&json!({ "error": cause, "detail": detail }));
                        let attempt_id = self.ids.new_id("att", self.clock.now());
                        kept.push((key, Shaped::Failed { attempt_id, detail }));
                    }
                }
            }
        }
        let KeptMessages { ready, left, unwritten } = self.keep_messages(&kept, ready).await;
        undecided.extend(unwritten.into_iter().filter(is_action));
        Ok(Ok(ShapedDeliveries { ready, left, undecided }))
    }

    /// The end of a delivery whose payload can never be written.
    fn unusable(&self, why: &str) -> Shaped {
        let attempt_id = self.ids.new_id("att", self.clock.now());
        Shaped::Failed { attempt_id, detail: json(&json!({ "error": "payload_unusable", "detail": why })) }
    }

    /// Writes messages, and the ends of what has none; of those that are ready, the ones that were written go on.
    pub(crate) async fn keep_messages(&self, shaped: &[(DeliveryKey, Shaped)], ready: Vec<Delivery>) -> KeptMessages {
        let WrittenMessages { kept, left } = self.write_shaped(shaped).await;
        let (ready, unwritten): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|delivery: &Delivery| kept.contains(&delivery.row.id));
        let unwritten = unwritten.into_iter().filter(|one| !left.contains(&one.row.id)).collect();
        KeptMessages { ready, left, unwritten }
    }

    /// Writes messages, and the ends of what has none. Where one of several spoils the commit they are written in halves, until it stands
    /// alone: its delivery then ends without a message, and its neighbours go on.
    #[boxed]
    async fn write_shaped(&self, shaped: &[(DeliveryKey, Shaped)]) -> WrittenMessages {
        let mut attempt = 0;
        while !shaped.is_empty() {
            let Err(error) = self.store.commit_shaped(shaped, self.clock.now()).await else {
                let messages = shaped.iter().filter(|(_, shaped)| matches!(shaped, Shaped::Message(_)));
                return WrittenMessages {
                    kept: messages.map(|(key, _)| key.id.clone()).collect(),
                    ..WrittenMessages::default()
                };
            };
            match error.trouble().remedy() {
                Remedy::Again if attempt < AGAIN_MAX => attempt += 1,
                Remedy::Halve if 1 < shaped.len() => {
                    let (first, second) = shaped.split_at(shaped.len() / 2);
                    return self.write_shaped(first).await.and(self.write_shaped(second).await);
                }
                Remedy::Halve if error.is_of_row() => return self.end_unwritable(shaped, &error).await,
                Remedy::Again | Remedy::Halve | Remedy::Later => return WrittenMessages::left(shaped, &error),
            }
        }
        WrittenMessages::default()
    }

    /// Ends deliveries whose message the database does not take; they can be sent again by hand.
    async fn end_unwritable(&self, shaped: &[(DeliveryKey, Shaped)], error: &StoreError) -> WrittenMessages {
        let now = self.clock.now();
        let ends = shaped.iter().map(|(key, _)| {
            tracing::error!(delivery_id = key.id, error = %error, "a message could not be written; its delivery has failed");
            let detail = json(&json!({ "error": "unwritable" }));
            (key.clone(), Shaped::Failed { attempt_id: self.ids.new_id("att", now), detail })
        });
        match self.store.commit_shaped(&ends.collect::<Vec<_>>(), now).await {
            Ok(()) => WrittenMessages::default(),
            Err(error) => WrittenMessages::left(shaped, &error),
        }
    }

    /// Has the deliveries of events read from the store: memory does not hold them.
    pub(crate) fn read_events<'a>(&self, events: impl IntoIterator<Item = &'a NewEvent>, now: Timestamp) {
        let deliveries = events.into_iter().flat_map(|event| &event.deliveries);
        let lanes: BTreeSet<(&str, &str)> =
            deliveries.map(|one| (one.organization_id.as_str(), one.destination_id.as_str())).collect();
        for (organization_id, destination_id) in lanes {
            self.flow.read_deliveries(organization_id, destination_id, now);
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
            .filter(|delivery| delivery.is_to_load())
            .filter_map(|delivery| delivery.row.event_id.as_deref())
            .collect();
        let loaded = self.store.events_to_shape(organization_id, &missing).await?;
        let loaded: HashMap<String, _> = loaded.into_iter().map(|event| (event.id.clone(), event)).collect();
        let filled = deliveries.into_iter().filter_map(|mut delivery| {
            if delivery.is_to_load() {
                let event = loaded.get(delivery.row.event_id.as_deref()?)?;
                delivery.event = Some(Arc::new(EventData::loaded(event)));
                delivery.subject = loaded_submission(event).map(Arc::new);
            }
            Some(delivery)
        });
        Ok(filled.collect())
    }

    /// Shapes events of one campaign for one destination; why, while it can't be known.
    async fn shape_events(
        &self,
        destination_id: &str,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        events: Vec<(Arc<EventData>, Option<Arc<Submission>>)>,
    ) -> Result<Result<ShapedPayloads, NotReady>, StoreError> {
        let webhook = self.webhook(context, destination_id).await?;
        let shaper = match self.shaper(webhook.as_deref(), campaign_version_id).await {
            Ok(shaper) => shaper,
            Err(not_ready) => return Ok(Err(not_ready)),
        };
        let destination = context.event_destination(destination_id, webhook.as_deref());
        let subjects = events.iter().map(|(event, submission)| subject(event, submission.as_ref())).collect();
        let (shaped, read) = self.run_shapes(context, &shaper, campaign_version_id, &[(destination, subjects)]).await?;
        Ok(Ok((shaped.into_iter().flatten().collect(), read)))
    }
}

/// Shapes for as long as a step waits, however many destinations there are; those that were shaped in time have their messages.
pub(crate) async fn within_step(shaping: impl Future<Output = Result<(), StoreError>>) {
    if let Ok(Err(error)) = tokio::time::timeout(SHAPE_WITH_STEP, shaping).await {
        tracing::warn!(error = %error, "messages could not be shaped with their events; they will be shaped when they are sent");
    }
}

fn subject(event: &EventData, submission: Option<&Arc<Submission>>) -> Subject {
    Subject::Event(Arc::new(contract_event(event, submission)))
}

fn delivery_key(delivery: &Delivery) -> DeliveryKey {
    DeliveryKey { organization_id: delivery.row.organization_id.clone(), id: delivery.row.id.clone() }
}

fn is_action(delivery: &Delivery) -> bool {
    delivery.kind() == Some(ReceiverKind::Action)
}

fn contract_event(event: &EventData, submission: Option<&Arc<Submission>>) -> Event {
    Event {
        id: event.id.clone(),
        name: event.name.clone(),
        occurred_at: event.occurred_at,
        status: event.status.clone(),
        submission: submission.map(Arc::clone),
        details: context::to_text(&event.details),
        payload: event.payload.as_deref().map(context::to_text),
        category: event.category.as_ref().map(|(id, name)| Category { id: *id, name: name.clone() }),
    }
}
