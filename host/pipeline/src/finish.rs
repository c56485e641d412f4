//! The results of a batch, as rows: a state and its cause for each submission, and everything that must follow from it.

use super::Pipeline;
use super::action::{FIRST_SUBMISSION, first_of_person};
use super::context;
use super::element::{Received, Resumed};
use super::ping::{PING_WON, PingStep, message_bid, shown_bid};
use super::rendered::{self, json};
use super::slots::SCHEDULE_CLOSED;
use async_recursion::async_recursion as boxed;
use hookmill_domain::action::Action;
use hookmill_domain::campaign::DeliveryMode;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::endpoint::ClientEndpoint;
use hookmill_domain::event::{EventName, events_after};
use hookmill_domain::lead::{IdentityHash, tags};
use hookmill_domain::lifecycle::duplicates::DuplicateRule;
use hookmill_domain::lifecycle::local::LocalLifecycle;
use hookmill_domain::state::{Change, State};
use hookmill_engine::contract::{Bid, MappedLead, Payload, Submission, Verdict, Warning};
use hookmill_engine::{ItemError, Stage};
use hookmill_stages::{End, Kept, Start, Status};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::deliveries::{Message, NewDelivery, NewEvent};
use hookmill_store::destinations::Destination;
use hookmill_store::organizations::Organization;
use hookmill_store::processed::{DerivedFrom, First, Move, Processed, ProcessedLead};
use hookmill_store::webhooks::Webhook;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The cause of what can't be read or run.
pub(crate) const UNUSABLE: &str = "campaign_version_unusable";

/// What all work of a campaign needs. It is read once a second at most, and at once on the host where it was changed.
pub(crate) struct CampaignContext {
    pub(crate) organization: Organization,
    pub(crate) campaign: Campaign,
    pub(crate) client: Option<Destination<ClientEndpoint>>,
    /// Its first-submission action.
    pub(crate) action: Option<Destination<Action>>,
    /// Every webhook that its events may go to.
    pub(crate) webhooks: Vec<Webhook>,
    /// What its campaign says of its submissions' lives.
    pub(crate) lifecycle: LocalLifecycle,
    /// The duplicate rules whose leads its own are compared with: its own, and those of other campaigns that look at it.
    pub(crate) compared: Vec<DuplicateRule>,
}

/// A submission on its way through the stages.
pub(crate) struct BatchItem {
    pub(crate) id: String,
    revision: i64,
    pub(crate) shard: u16,
    received_at: i64,
    queued_at: Option<i64>,
    derived_from: Option<DerivedFrom>,
    /// The state in which it was taken up.
    pub(crate) from: State,
    /// What it goes on with; none where it was mapped in this batch.
    pub(crate) kept: Option<Kept>,
    /// Whether it is one of the person's submissions already.
    is_counted: bool,
    /// The keys under which it must be the first.
    pub(crate) firsts: Vec<First>,
    /// Where it is moved, if it is.
    pub(crate) next: Option<Move>,
    /// What asking for bids is for it.
    pub(crate) ping: PingStep,
    /// The bids that came for it, as the timeline shows them.
    pub(crate) shown_bids: Option<Value>,
    /// The digests of the tables that were read for it before its clients were asked, by name.
    pub(crate) read_before: BTreeMap<String, String>,
    pub(crate) status: ItemStatus,
    /// As the stages see it, also when it is decided; none where it was not mapped. Shared with everybody who reads it.
    submission: Option<Arc<Submission>>,
    warnings: Vec<Warning>,
    identities: Vec<IdentityHash>,
    verdict: Option<Verdict>,
    pub(crate) payload: Option<Payload>,
    /// Whether it was decided before anything of it was read or mapped.
    is_unread: bool,
    /// Whether its sender wants it stored and sent to nobody.
    is_stored_alone: bool,
    /// Whether its sender wants nobody new.
    must_exist: bool,
}

/// How far an item is.
pub(crate) enum ItemStatus {
    /// Mapped, and still on its way.
    Mapped,
    /// Decided.
    Decided(Transition),
    /// The schedule is closed.
    Closed,
    /// The first-submission action is to decide.
    Action,
    /// Its clients were asked for bids, and its own does not get it.
    Lost(Box<Lost>),
    /// The outcome is unknown: it is retried later.
    Deferred,
}

/// What becomes of one that its own client does not get.
pub(crate) struct Lost {
    pub(crate) transition: Transition,
    /// Whose client gets it; none where nobody wants it.
    pub(crate) moved_to: Option<Move>,
}

/// What ends the processing of a submission, and its cause.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    pub(crate) change: Change,
    pub(crate) cause: &'static str,
    pub(crate) detail: Option<Value>,
}

impl CampaignContext {
    /// Whether its leads are stored and sent to no client, as the campaign says.
    pub(crate) fn stores_only(&self) -> bool {
        self.campaign.delivery == DeliveryMode::StoreOnly.as_str()
    }

    /// Whether there is nothing to be done with a lead that passed everything: it waits.
    pub(crate) fn lacks_client(&self) -> bool {
        self.client.is_none() && !self.stores_only()
    }
}

impl Transition {
    /// It waits until its campaign has a client.
    pub(crate) fn without_client() -> Self {
        let message =
            "the campaign has no client endpoint, so its leads wait; set one, or set `delivery` to `store_only`";
        Self {
            change: const { Change::of(State::Processing, State::Pending) },
            cause: "no_client_endpoint",
            detail: Some(json!({ "message": message })),
        }
    }

    /// It waits for a person.
    pub(crate) fn quarantined(cause: &'static str, detail: Value) -> Self {
        Self { change: const { Change::of(State::Processing, State::Quarantined) }, cause, detail: Some(detail) }
    }
}

impl BatchItem {
    pub(crate) fn new(received: &Received, id: String, derived_from: Option<DerivedFrom>, status: ItemStatus) -> Self {
        let (row, resumed) = (&received.row, received.resumed.as_ref());
        let lead = resumed.map(|Resumed { lead, is_test, .. }| {
            let (lead_id, lead) = (row.lead_id.clone(), lead.clone());
            Arc::new(context::submission(&row.id, lead_id, lead, *is_test, row.received_at))
        });
        let resumed_warnings = resumed.into_iter().flat_map(|resumed| resumed.warnings.iter().cloned());
        Self {
            id,
            revision: row.revision,
            shard: u16::try_from(row.shard).unwrap_or(0),
            received_at: row.received_at,
            queued_at: row.queued_at,
            derived_from,
            from: received.state(),
            kept: resumed.map(|resumed| resumed.kept.clone()),
            is_counted: row.lead_id.is_some(),
            firsts: Vec::new(),
            next: None,
            ping: received.bid.clone().map_or(PingStep::None, PingStep::TakesUp),
            shown_bids: None,
            read_before: BTreeMap::new(),
            status,
            submission: lead,
            warnings: received.warnings.iter().cloned().chain(resumed_warnings).collect(),
            identities: Vec::new(),
            verdict: None,
            payload: None,
            is_unread: false,
            is_stored_alone: received.origin.metadata.inbound.as_ref().is_some_and(|inbound| inbound.skip_actions),
            must_exist: received.origin.metadata.inbound.as_ref().is_some_and(|inbound| inbound.must_exist),
        }
    }

    /// One with its lead.
    pub(crate) fn mapped(received: &Received, id: String, derived_from: Option<DerivedFrom>, lead: MappedLead) -> Self {
        let MappedLead { lead, is_test, warnings } = lead;
        let mut item = Self::new(received, id, derived_from, ItemStatus::Mapped);
        item.submission = Some(Arc::new(context::submission(&item.id, None, lead, is_test, item.received_at)));
        item.warnings.extend(warnings);
        item
    }

    /// One that goes on with its lead.
    pub(crate) fn resumed(received: &Received) -> Self {
        Self::new(received, received.row.id.clone(), None, ItemStatus::Mapped)
    }

    /// One of which its plugin made no lead.
    pub(crate) fn without_lead(received: &Received) -> Self {
        let mut item = Self::with_transition(received, Transition::canceled("no_lead"));
        item.is_unread = false;
        item.warnings.push(rendered::no_lead());
        item
    }

    /// One that is decided before it was mapped. It keeps the lead that it goes on with, if it has one.
    pub(crate) fn with_transition(received: &Received, transition: Transition) -> Self {
        let is_unread = true;
        Self { is_unread, ..Self::new(received, received.row.id.clone(), None, ItemStatus::Decided(transition)) }
    }

    /// One that is retried later.
    pub(crate) fn deferred(received: &Received) -> Self {
        Self::new(received, received.row.id.clone(), None, ItemStatus::Deferred)
    }

    /// One that could not be mapped.
    pub(crate) fn from_error(received: &Received, error: &ItemError) -> Self {
        let mut item = Self::deferred(received);
        item.fail(Stage::Map, error);
        item
    }

    /// Whether it was made in this batch.
    pub(crate) fn is_derived(&self) -> bool {
        self.derived_from.is_some()
    }

    /// The submission that was taken up: itself, or the one it was made from.
    pub(crate) fn source_id(&self) -> &str {
        self.derived_from.as_ref().map_or(&self.id, |from| &from.parent_id)
    }

    /// As the later stages see it, while it is on its way.
    pub(crate) fn submission(&self) -> Option<&Arc<Submission>> {
        self.submission.as_ref().filter(|_| matches!(self.status, ItemStatus::Mapped))
    }

    /// Whose lead it is, where that is known.
    pub(crate) fn lead_id(&self) -> Option<&str> {
        self.submission.as_ref()?.lead_id.as_deref()
    }

    /// Sets whose lead it is.
    pub(crate) fn identify(&mut self, lead_id: String, identities: Vec<IdentityHash>) {
        // Nobody shares it yet, so nothing is copied.
        if let Some(submission) = &mut self.submission {
            Arc::make_mut(submission).lead_id = Some(lead_id);
            self.identities = identities;
        }
    }

    /// Whether it is one of the person's submissions already.
    pub(crate) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// Ends it where its sender does not want it to go on: nobody is known by its addresses, or it is only to be stored.
    pub(crate) fn end_as_wished(&mut self, is_known: bool) {
        if !matches!(self.status, ItemStatus::Mapped) {
            return;
        }
        if self.must_exist && !is_known {
            self.status = ItemStatus::Decided(Transition::canceled("no_match"));
        } else if self.is_stored_alone {
            self.status = ItemStatus::Decided(Transition::canceled("stored_alone"));
        }
    }

    /// Where its way begins.
    pub(crate) fn start(&self) -> Start {
        self.kept.as_ref().map_or(Start::Map, |kept| kept.start)
    }

    /// Since when it is queued, for one that is: if it was not before, since now.
    pub(crate) fn queued_since(&self, now: Timestamp) -> Timestamp {
        self.queued_at.filter(|_| self.from == State::Queued).map_or(now, Timestamp)
    }

    /// When it was received.
    pub(crate) fn received_at(&self) -> i64 {
        self.received_at
    }

    /// Replaces its lead.
    pub(crate) fn set_lead(&mut self, lead: String) {
        if let Some(submission) = &mut self.submission {
            Arc::make_mut(submission).lead = lead;
        }
    }

    /// Lets the stages see what its client has bid.
    pub(crate) fn offer(&mut self, bid: Bid) {
        if let Some(submission) = &mut self.submission {
            Arc::make_mut(submission).bid = Some(bid);
        }
    }

    /// Whether it is a test.
    pub(crate) fn is_test(&self) -> bool {
        self.submission.as_ref().is_some_and(|submission| submission.is_test)
    }

    /// The shard whose lease covers its work.
    pub(crate) fn shard(&self) -> u16 {
        self.shard
    }

    /// Notes something unusual.
    pub(crate) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// What messages about it are shaped from.
    pub(crate) fn subject(&self) -> Arc<Submission> {
        let without_lead = || context::submission(&self.id, None, "{}".to_owned(), false, self.received_at);
        self.submission.clone().unwrap_or_else(|| Arc::new(without_lead()))
    }

    /// How many transitions it has behind it once it is written.
    pub(crate) fn revision_after(&self) -> i64 {
        if self.is_derived() { 1 } else { self.revision + 2 }
    }

    /// How far the stages took it, in this campaign.
    pub(crate) fn end(&mut self, status: Status, campaign_key: &str) {
        match status {
            Status::Ended(End::Passed(payload)) => self.payload = payload,
            Status::Ended(End::Disqualified(verdict)) => self.disqualify(verdict),
            Status::Ended(End::Failed(stage, error)) => self.fail(stage, &error),
            Status::Waiting { reason: SCHEDULE_CLOSED, .. } => self.status = ItemStatus::Closed,
            Status::Waiting { reason: FIRST_SUBMISSION, .. } => {
                self.firsts
                    .extend(self.lead_id().map(|lead_id| first_of_person(campaign_key, lead_id, self.received_at)));
                self.status = ItemStatus::Action;
            }
            // What stands nowhere is looked at again.
            Status::Moving | Status::Asking(_) | Status::Waiting { .. } => self.status = ItemStatus::Deferred,
        }
    }

    /// Its plugin rejected it in a stage, faulted on it, or did not get to it.
    fn fail(&mut self, stage: Stage, error: &ItemError) {
        let status = match error {
            ItemError::Fault(fault) if fault.kind == hookmill_engine::FaultKind::Host => ItemStatus::Deferred,
            _ => match rendered::item_error(stage, error) {
                Some((cause, detail)) => ItemStatus::Decided(Transition::quarantined(cause, detail)),
                None => ItemStatus::Deferred,
            },
        };
        self.status = status;
    }

    /// A rule failed.
    fn disqualify(&mut self, verdict: Verdict) {
        let detail = rendered::disqualification(&verdict);
        self.verdict = Some(verdict);
        let change = const { Change::of(State::Processing, State::Disqualified) };
        self.status = ItemStatus::Decided(Transition { change, cause: "rules", detail: Some(detail) });
    }
}

impl Pipeline {
    /// The row of an item, if it has one to write.
    pub(crate) fn finish_item(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Option<Processed> {
        let (transition, delivery) = match &item.status {
            // One that was made in this batch has no row that could wait: it gets one, and is looked at again.
            ItemStatus::Deferred if item.is_derived() => {
                let change = const { Change::of(State::Processing, State::Received) };
                (Transition { change, cause: "deferred", detail: None }, None)
            }
            ItemStatus::Deferred => return None,
            ItemStatus::Decided(transition) => (transition.clone(), None),
            ItemStatus::Closed => return Some(self.closed(context, item, value_sets, now)),
            ItemStatus::Action => return Some(self.pending_action(context, item, value_sets, now)),
            ItemStatus::Lost(lost) => return Some(self.lost(context, item, lost, value_sets, now)),
            ItemStatus::Mapped => match (&item.ping, context.ping()) {
                (PingStep::Asks(clients), Some(ping)) => {
                    return Some(self.asking(context, item, (ping, clients), value_sets, now));
                }
                _ => self.send_or_store(context, item, now),
            },
        };
        let takes_slot = matches!(item.status, ItemStatus::Mapped)
            && matches!(transition.change.to(), State::Delivering | State::Delivered)
            && item.submission.as_ref().is_some_and(|submission| !submission.is_test);
        Some(Processed { delivery, takes_slot, ..self.row(context, item, transition, value_sets, now) })
    }

    /// The row of a lead that its own client does not get, though it was asked. Where nobody does, that is a client's no.
    fn lost(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        lost: &Lost,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        let Lost { transition, moved_to } = lost;
        let row = self.row(context, item, transition.clone(), value_sets, now);
        if moved_to.is_some() {
            return Processed { moved_to: moved_to.clone(), ..row };
        }
        let about = EventAbout { submission_id: &item.id, shard: item.shard };
        let events = self.events(context, about, transition.change.to(), true, transition.detail.as_ref(), now);
        Processed { events, ..row }
    }

    /// The row of an item that was decided so.
    pub(crate) fn row(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        transition: Transition,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        let about = EventAbout { submission_id: &item.id, shard: item.shard };
        // One that is queued again was told of before.
        let stays_queued = item.from == State::Queued && transition.change.to() == State::Queued;
        let events = match stays_queued {
            true => Vec::new(),
            false => self.events(context, about, transition.change.to(), false, transition.detail.as_ref(), now),
        };
        Processed {
            id: item.id.clone(),
            organization_id: context.organization.id.clone(),
            campaign_key: context.campaign.key.clone(),
            shard: item.shard,
            revision: item.revision,
            from: item.from,
            change: transition.change,
            cause: transition.cause,
            detail: transition.detail.as_ref().map(json),
            campaign_version_id: context.campaign.active_version_id.clone(),
            // Where nothing could be read, nothing that is stored is replaced by nothing.
            leaves_stored: item.is_unread && item.submission.is_none(),
            lead: item.submission.as_ref().and_then(|submission| {
                Some(ProcessedLead {
                    lead_id: submission.lead_id.clone()?,
                    identities: item.identities.clone(),
                    lead: submission.lead.clone().into_bytes(),
                    is_test: submission.is_test,
                    is_counted: item.is_counted,
                    tags: tags(&submission.lead),
                })
            }),
            decision: rendered::decision(item.submission.is_some(), item.verdict.as_ref(), &item.warnings),
            value_sets: item.value_sets(value_sets),
            kept: kept_in(transition.change.to(), item).map(|kept| kept.to_bytes()),
            firsts: item.firsts.clone(),
            takes_slot: false,
            seeks_slot: false,
            run_at: None,
            queue_run_at: stays_queued.then_some(i64::MAX),
            review_priority: None,
            moved_to: None,
            delivery: None,
            pings: Vec::new(),
            events,
            derived_from: item.derived_from.clone(),
        }
    }

    /// A lead that passed everything goes to the client. Where the campaign stores only, it is delivered as soon as it is stored.
    fn send_or_store(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        now: Timestamp,
    ) -> (Transition, Option<NewDelivery>) {
        if context.stores_only() {
            let change = const { Change::of(State::Processing, State::Delivered) };
            let detail = json!({ "detail": "stored", "delivery": DeliveryMode::StoreOnly.as_str() });
            return (Transition { change, cause: "stored", detail: Some(detail) }, None);
        }
        let (Some(client), Some(payload)) = (&context.client, &item.payload) else {
            return (Transition::without_client(), None);
        };
        let delivery = NewDelivery {
            id: self.ids.new_id("dlv", now),
            organization_id: context.organization.id.clone(),
            campaign_key: context.campaign.key.clone(),
            submission_id: item.id.clone(),
            event_id: None,
            destination_id: client.id.clone(),
            destination_version: client.version,
            destination_kind: DestinationKind::Client,
            shard: item.shard,
            retries_max: i64::from(client.settings.retries),
            expires_at: None,
            campaign_version_id: None,
            is_suppressed: false,
            message: Some(message(payload).with_bid(item.ping.bid().map(message_bid))),
        };
        let mut detail = json!({ "delivery_id": delivery.id });
        if let Some(bid) = item.ping.bid() {
            detail["bid"] = shown_bid(&bid.price, bid.token.as_deref());
        }
        if let Some(bids) = &item.shown_bids {
            detail["bids"] = bids.clone();
        }
        let change = const { Change::of(State::Processing, State::Delivering) };
        let cause = if item.shown_bids.is_some() { PING_WON } else { "shaped" };
        (Transition { change, cause, detail: Some(detail) }, Some(delivery))
    }

    /// The events that reaching a state causes and that have a destination, each with its destinations.
    pub(crate) fn events(
        &self,
        context: &CampaignContext,
        about: EventAbout<'_>,
        state: State,
        by_client: bool,
        detail: Option<&Value>,
        now: Timestamp,
    ) -> Vec<NewEvent> {
        let empty = json!({});
        let named = events_after(state, by_client).into_iter();
        named.filter_map(|name| self.event(context, about, name, state, detail.unwrap_or(&empty), now)).collect()
    }

    /// One event, if it has a destination.
    pub(crate) fn event(
        &self,
        context: &CampaignContext,
        about: EventAbout<'_>,
        name: EventName,
        state: State,
        detail: &Value,
        now: Timestamp,
    ) -> Option<NewEvent> {
        let recipients = context.recipients(name.as_str(), None);
        if recipients.is_empty() {
            return None;
        }
        let mut event = self.new_event(context, about, name, state, detail, now);
        for (webhook, is_suppressed) in recipients {
            let destination = &webhook.destination;
            let to = (webhook.kind, destination.id.as_str(), destination.version);
            let delivery = self.new_delivery(&event, about.shard, to, destination.settings.retries);
            event.deliveries.push(NewDelivery { is_suppressed, ..delivery });
        }
        Some(event)
    }

    /// An event that nobody is told of yet.
    pub(crate) fn new_event(
        &self,
        context: &CampaignContext,
        about: EventAbout<'_>,
        name: EventName,
        state: State,
        detail: &Value,
        now: Timestamp,
    ) -> NewEvent {
        NewEvent {
            id: self.ids.new_id("evt", now),
            organization_id: context.organization.id.clone(),
            campaign_key: context.campaign.key.clone(),
            submission_id: about.submission_id.to_owned(),
            name: name.as_str(),
            status: state.as_str(),
            details: json(detail),
            occurred_at: now,
            deliveries: Vec::new(),
        }
    }

    /// A delivery of an event to a version of a destination.
    pub(crate) fn new_delivery(
        &self,
        event: &NewEvent,
        shard: u16,
        (destination_kind, destination_id, destination_version): (DestinationKind, &str, i64),
        retries: u8,
    ) -> NewDelivery {
        NewDelivery {
            id: self.ids.new_id("dlv", event.occurred_at),
            organization_id: event.organization_id.clone(),
            campaign_key: event.campaign_key.clone(),
            submission_id: event.submission_id.clone(),
            event_id: Some(event.id.clone()),
            destination_id: destination_id.to_owned(),
            destination_version,
            destination_kind,
            shard,
            retries_max: i64::from(retries),
            expires_at: None,
            campaign_version_id: None,
            message: None,
            is_suppressed: false,
        }
    }

    /// What all work of a campaign needs to know.
    pub(crate) async fn campaign_context(&self, campaign_key: &str) -> Result<Arc<CampaignContext>, StoreError> {
        let (key, now) = (campaign_key.to_owned(), self.clock.boot_time());
        self.contexts.get_or_read(key, now, self.read_context(campaign_key)).await
    }

    #[boxed]
    async fn read_context(&self, campaign_key: &str) -> Result<CampaignContext, StoreError> {
        let (organization, campaign) = self.find_campaign(campaign_key).await?;
        let webhooks = self.store.webhooks_of_campaign(&campaign).await?;
        let client = self.store.client_destination(campaign_key).await?;
        let action = self.store.action_destination(campaign_key).await?;
        let lifecycle = local_lifecycle(&campaign)?;
        let compared = self.compared(&campaign, lifecycle.rules()).await?;
        Ok(CampaignContext { organization, campaign, client, action, webhooks, lifecycle, compared })
    }
}

/// What a campaign says of its submissions' lives, in its zone.
pub(crate) fn local_lifecycle(campaign: &Campaign) -> Result<LocalLifecycle, StoreError> {
    let no_zone = || StoreError::corrupt("campaigns", &campaign.key, format!("no time zone `{}`", campaign.time_zone));
    LocalLifecycle::new(campaign.lifecycle()?, &campaign.time_zone).ok_or_else(no_zone)
}

/// The submission an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventAbout<'a> {
    pub(crate) submission_id: &'a str,
    pub(crate) shard: u16,
}

/// What is kept of an item that comes to this state.
fn kept_in(state: State, item: &BatchItem) -> Option<Kept> {
    let kept = item.kept.as_ref();
    match state {
        // It goes on as it would have now.
        State::Received | State::Pending => kept.cloned().map(|kept| Kept { asked: None, ..kept }),
        State::Quarantined => Kept::reprocessed(kept),
        State::Queued => Some(Kept::checked_again(kept)),
        // Not decided yet: whoever takes it up for another reason must not take it for approved.
        State::PendingAction => Some(Kept::going_on(kept, Start::BetweenRules)),
        // Who is next should its client not take it, and what they have bid.
        State::Delivering if item.shown_bids.is_some() => kept.cloned(),
        _ => Kept::ended(kept),
    }
}

/// A shaped message, as it is stored.
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
