//! Process: a batch of one campaign, mapped, qualified and shaped in one fresh instance, and written in one commit.

use super::Pipeline;
use super::action::{FirstSubmissions, pass_later_ones};
use super::context;
use super::delivery::{Delivery, EventData};
use super::element::Received;
use super::finish::{BatchItem, CampaignContext, ItemStatus, Transition, UNUSABLE};
use super::flow::InFlight;
use super::lookups::Lookups;
use super::parts::by_source;
use super::programs::NotReady;
use super::rendered;
use super::slots::{EXPIRED, before_shape};
use super::warm_ups::WaitingLane;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::flow::lanes::LaneKey;
use hookmill_domain::lead::{Identity, IdentityHash};
use hookmill_domain::state::{Change, State};
use hookmill_engine::contract::{Destination, DestinationKind, Submission};
use hookmill_engine::{ItemError, Program};
use hookmill_stages::{HostStage, Item, Place, Run, Start, Way, advance};
use hookmill_store::StoreError;
use hookmill_store::processed::{DerivedFrom, Processed};
use hookmill_store::runs::RunStart;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How often the store is asked whether a commit happened whose response was lost, in milliseconds.
const ASK_COMMIT_MS: u64 = 500;

/// What a batch has become, and what it took.
pub(crate) struct Ran {
    pub(crate) items: Vec<BatchItem>,
    /// The digests of the tables that were read.
    pub(crate) value_sets: Option<Vec<u8>>,
    /// The plugins' CPU time, in microseconds.
    cpu_us: u64,
    has_faulted: bool,
}

impl Ran {
    fn without_program(items: Vec<BatchItem>) -> Self {
        Self { items, value_sets: None, cpu_us: 0, has_faulted: false }
    }
}

/// The results of a batch: its rows, and the events of each.
struct Decided {
    processed: Vec<Processed>,
    /// What further messages about a submission are shaped from, and how many transitions it has behind it then; of those with messages.
    told: HashMap<String, (Arc<Submission>, i64)>,
    deferred: HashSet<String>,
}

impl Pipeline {
    /// Takes a batch and processes it; returns whether there was one.
    pub(crate) async fn process_next(&self) -> bool {
        let bytes_max = self.settings.limits.process_batch_bytes_max;
        let batch_max = |key: &LaneKey| self.costs.batch_max(&key.lane);
        let Some((in_flight, items)) = self.flow.take_submissions(self.clock.now(), batch_max, bytes_max) else {
            return false;
        };
        let batch: Vec<Received> = items.into_iter().map(|item| item.work).collect();
        let campaign_key = batch.first().map(|received| received.row.campaign_key.clone()).unwrap_or_default();
        // Whatever happens from here on, what is not written is read again.
        let in_flight = in_flight.ask_again_at(self.due_at(self.later.next_at(&campaign_key, self.clock.boot_time())));
        let submissions = batch.len();
        if let Err(error) = self.process_batch(in_flight, &campaign_key, batch).await {
            self.later.failed(&campaign_key, self.clock.boot_time());
            tracing::error!(campaign_key, submissions, error = %error, "batch could not be processed; will be retried");
        }
        true
    }

    /// A run that begins now.
    pub(crate) fn new_run(&self) -> RunStart {
        let at = self.clock.now();
        RunStart { id: self.ids.new_id("run", at), at }
    }

    async fn process_batch(
        &self,
        in_flight: InFlight<Received>,
        campaign_key: &str,
        batch: Vec<Received>,
    ) -> Result<(), StoreError> {
        let began = self.new_run();
        let expected = self.costs.expected(campaign_key, batch.len());
        in_flight.charge(expected);
        let context = self.campaign_context(campaign_key).await?;
        let state = context.campaign.state()?;
        // Nobody has decided about these: they are due because their campaign was archived, which this host learns in a moment.
        let is_early = |received: &Received| state != CampaignState::Archived && received.awaits_decision();
        let (early, batch): (Vec<Received>, Vec<Received>) = batch.into_iter().partition(is_early);
        let mut ran = match state {
            CampaignState::Draft | CampaignState::Paused => {
                let decide = |received| BatchItem::while_inactive(received, &context.campaign.state);
                Ran::without_program(batch.iter().map(decide).collect())
            }
            CampaignState::Archived => {
                Ran::without_program(decide_all(&batch, &Transition::canceled("campaign_archived")))
            }
            CampaignState::Active if batch.is_empty() => Ran::without_program(Vec::new()),
            CampaignState::Active if context.lacks_client() => {
                Ran::without_program(decide_all(&batch, &Transition::without_client()))
            }
            CampaignState::Active => match self.program_if_ready(context.campaign.active_version_id.as_deref()).await {
                Ok(program) => {
                    let version = context.campaign.active_version_id.as_deref();
                    let lookups = self.lookups(&context.campaign, version).await?;
                    let ran = self.run_program(&context, &program, lookups, &batch, &began).await?;
                    let cost = self.costs.note(campaign_key, batch.len(), ran.cpu_us, ran.has_faulted);
                    in_flight.charge(cost.saturating_sub(expected));
                    ran
                }
                Err(NotReady::Never(why)) => Ran::without_program(decide_all(&batch, &Transition::unusable(&why))),
                Err(not_ready) => {
                    let lane = LaneKey::new(&context.organization.id, campaign_key);
                    tracing::debug!(campaign_key, submissions = batch.len(), why = %not_ready, "batch deferred");
                    self.park([in_flight], &WaitingLane::Submissions(lane), &not_ready);
                    return Ok(());
                }
            },
        };
        ran.items.extend(early.iter().map(BatchItem::deferred));
        let mut decided = self.decide(&context, &ran.items, ran.value_sets.as_deref());
        self.shape_processed(&context, &mut decided).await;
        self.write_processed(in_flight, &context, &ran, decided, &began).await
    }

    fn decide(&self, context: &CampaignContext, items: &[BatchItem], value_sets: Option<&[u8]>) -> Decided {
        let now = self.clock.now();
        let is_deferred = |item: &&BatchItem| matches!(item.status, ItemStatus::Deferred) && !item.is_derived();
        let deferred: HashSet<String> = items.iter().filter(is_deferred).map(|item| item.id.clone()).collect();
        // A lead made from an element that is looked at again is made again, too.
        let written = items.iter().filter(|item| !deferred.contains(item.source_id()));
        let (mut processed, mut told) = (Vec::with_capacity(items.len()), HashMap::new());
        for item in written {
            let Some(row) = self.finish_item(context, item, value_sets, now) else { continue };
            if row.delivery.is_some() || !row.pings.is_empty() || !row.events.is_empty() {
                told.insert(item.id.clone(), (item.subject(), item.revision_after()));
            }
            processed.push(row);
        }
        Decided { processed, told, deferred }
    }

    /// Shapes the messages of a batch at once, as far as that succeeds; the rest is shaped when it is sent.
    async fn shape_processed(&self, context: &CampaignContext, decided: &mut Decided) {
        let Decided { processed, told, .. } = decided;
        let campaign_version_id = context.campaign.active_version_id.clone();
        let events = processed.iter_mut().flat_map(|row| &mut row.events);
        let events = events.filter_map(|event| Some((Arc::clone(&told.get(&event.submission_id)?.0), event))).collect();
        self.shape_new_events(context, campaign_version_id.as_deref(), events).await;
    }

    async fn write_processed(
        &self,
        in_flight: InFlight<Received>,
        context: &CampaignContext,
        ran: &Ran,
        decided: Decided,
        began: &RunStart,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let organization_id = &context.organization.id;
        let deliveries = handed_over(&decided, context.campaign.active_version_id.as_deref(), now);
        let reservation = self.flow.reserve_deliveries(
            deliveries.iter().map(|(_, delivery)| (delivery.lane(), Arc::from(delivery.row.id.as_str()))).collect(),
            now,
        );
        let deferred_until = self.deferred_until(&context.campaign.key, &decided);
        if !decided.deferred.is_empty() {
            let ids: Vec<&str> = decided.deferred.iter().map(String::as_str).collect();
            self.store.defer_submissions(organization_id, &ids, deferred_until).await?;
        }
        // What waits for its campaign or a person may be reopened by the commit, and what was made and not run is due.
        let waits = decided
            .processed
            .iter()
            .any(|row| matches!(row.change.to(), State::Received | State::Pending | State::Quarantined));
        let taken_up_at = decided.processed.iter().filter_map(|row| row.run_at.map(Timestamp)).min();
        let deferred_until = (!decided.deferred.is_empty()).then_some(deferred_until);
        let again_at = [waits.then_some(now), deferred_until, taken_up_at].into_iter().flatten().min();
        let rows = by_source(decided.processed);
        let premises = self.premises(context, &ran.items, ran.value_sets.as_deref(), now);
        let parts = self.write_parts(context, &rows, Some(&premises), began, now).await;
        drop(premises);
        let is_moved = |id: &str| parts.is_response_lost || parts.without_slot.contains(id);
        let next = ran.items.iter().filter(|item| is_moved(&item.id)).filter_map(|item| item.next.as_ref());
        self.read_moved(organization_id, rows.iter().filter_map(|row| row.moved_to.as_ref()).chain(next), now);
        // What is written instead of what got no slot has events of its own, which memory does not hold.
        if !parts.without_slot.is_empty() {
            for webhook in &context.webhooks {
                self.flow.read_deliveries(organization_id, &webhook.destination.id, now);
            }
        }
        if parts.is_response_lost {
            // What follows is in the store; dropping the reservation has it read.
            drop(reservation);
        } else if parts.written.is_empty() && parts.error.is_some() {
            reservation.cancel();
        } else {
            let is_sent = |(source_id, delivery): &(String, Delivery)| {
                parts.written.contains(source_id) && !parts.without_slot.contains(&delivery.row.submission_id)
            };
            let items = deliveries.into_iter().filter(is_sent);
            reservation.hand_over(items.map(|(_, delivery)| (delivery.lane(), delivery.into_item())).collect());
        }
        match parts.error {
            None => {
                // What got no slot has events of its own, which are with the store, or was moved to another campaign.
                let is_unclear = parts.is_response_lost || parts.has_unwritable || !parts.without_slot.is_empty();
                in_flight.finish(if is_unclear { Some(self.clock.now()) } else { again_at });
                Ok(())
            }
            // What it was decided by has changed: it is read and decided again.
            Some(StoreError::Outdated) => {
                self.forget_lookups();
                in_flight.finish(Some(self.clock.now()));
                Ok(())
            }
            // What was not written is asked for again later; what was is no longer due.
            Some(error) => Err(error),
        }
    }

    /// Until when a batch's submissions wait that have no result. Where the host got through none of the batch, longer each time.
    fn deferred_until(&self, campaign_key: &str, decided: &Decided) -> Timestamp {
        let now = self.clock.boot_time();
        if !decided.deferred.is_empty() && decided.processed.is_empty() {
            return self.due_at(self.later.failed(campaign_key, now));
        }
        self.later.succeeded(campaign_key);
        self.due_at(self.later.next_at(campaign_key, now))
    }

    /// Asks until the store says whether a commit happened.
    pub(crate) async fn wait_for_commit(&self, commit_id: &str) -> bool {
        loop {
            match self.store.is_committed(commit_id).await {
                Ok(is_committed) => return is_committed,
                Err(error) => {
                    tracing::warn!(commit_id, error = %error, "commit state unknown; asking the database again");
                    tokio::time::sleep(Duration::from_millis(ASK_COMMIT_MS)).await;
                }
            }
        }
    }

    /// Runs a batch, once more for each time it asks for a table that is not in memory yet.
    pub(crate) async fn run_program(
        &self,
        context: &CampaignContext,
        program: &Program,
        mut lookups: Lookups,
        batch: &[Received],
        began: &RunStart,
    ) -> Result<Ran, StoreError> {
        let mut cpu_us = 0;
        loop {
            let ran = self.run_stages(context, program, &lookups, batch, began).await?;
            cpu_us += ran.cpu_us;
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok(Ran { value_sets: lookups.record(), cpu_us, ..ran }),
            }
        }
    }

    async fn run_stages(
        &self,
        context: &CampaignContext,
        program: &Program,
        lookups: &Lookups,
        batch: &[Received],
        began: &RunStart,
    ) -> Result<Ran, StoreError> {
        let now = began.at;
        let call = Arc::new(context::context(&context.organization, &context.campaign, now, &began.id));
        let mut run = self.run(program, call, lookups);
        let mut items = self.map(&mut run, context, batch, now).await?;
        self.identify(context, &mut items).await?;
        self.check_duplicates(context, &mut items).await?;
        self.decide_bids(context, &mut items).await?;
        self.find_ping_steps(context, &mut items, now).await?;
        self.find_next(context, &mut items).await?;
        let firsts = self.find_first_submissions(context, &items).await?;
        let mut groups = on_their_way(context, &items, firsts.as_ref(), now);
        // The store is not asked any more: what is left stays on one thread, also the end of the instance.
        let run = self.engine().on_guest_thread(async move {
            for group in &mut groups {
                advance(&mut run, &group.way, &mut group.items, now, &mut ()).await;
            }
            if pass_later_ones(groups.iter_mut().flat_map(|group| &mut group.items)) {
                for group in &mut groups {
                    advance(&mut run, &group.way, &mut group.items, now, &mut ()).await;
                }
            }
            (run.finish(), groups)
        });
        let Ok((reports, groups)) = run.await else {
            return Ok(Ran::without_program(batch.iter().map(BatchItem::deferred).collect()));
        };
        for Group { places, items: moved, .. } in groups {
            for (at, item) in places.into_iter().zip(moved) {
                items[at].end(item.status, &context.campaign.key);
            }
        }
        for report in reports.iter().filter(|report| !report.log.is_empty() || !report.faults.is_empty()) {
            // What a plugin writes may be personal: its lines are not for the host's own log.
            let (lines, dropped) = (report.log.len(), report.log_lines_dropped);
            tracing::info!(campaign_key = context.campaign.key, faults = ?report.faults, lines, dropped, "plugin wrote log lines or faulted");
        }
        let cpu_us = reports.iter().map(|report| report.cpu_time_us).sum();
        let has_faulted = reports.iter().any(|report| !report.faults.is_empty());
        Ok(Ran { items, value_sets: None, cpu_us, has_faulted })
    }

    async fn map(
        &self,
        run: &mut Run,
        context: &CampaignContext,
        batch: &[Received],
        now: Timestamp,
    ) -> Result<Vec<BatchItem>, StoreError> {
        let (mut items, mut elements, mut order) = (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
        for received in batch {
            if received.resumed.is_some() {
                items.push(match expiry(context, received, now) {
                    Some(expired) => BatchItem::with_transition(received, expired),
                    None => BatchItem::resumed(received),
                });
                continue;
            }
            match (&received.body, context::inbound(received)) {
                (Ok(_), Some(element)) => match self.normalized(context, received, element).await? {
                    Ok(element) => {
                        elements.push(element);
                        order.push(received);
                    }
                    Err(error) => {
                        let detail = json!({ "code": error.code, "message": error.message });
                        items.push(BatchItem::with_transition(received, Transition::quarantined("map_failed", detail)));
                    }
                },
                (Err(why), _) => items.push(BatchItem::with_transition(received, Transition::unusable(why))),
                (Ok(_), None) => items.push(BatchItem::deferred(received)),
            }
        }
        let mapped = if elements.is_empty() { Vec::new() } else { run.map(elements).await };
        let known = self.child_submissions(&context.organization.id, &order, &mapped).await?;
        for (received, result) in order.into_iter().zip(mapped) {
            items.extend(build_items(received, result, &known));
        }
        Ok(items)
    }

    /// The submissions that elements with several leads have become before: they are not made twice.
    async fn child_submissions(
        &self,
        organization_id: &str,
        order: &[&Received],
        mapped: &[Mapped],
    ) -> Result<HashSet<String>, StoreError> {
        let several: Vec<&str> = order
            .iter()
            .zip(mapped)
            .filter(|(_, result)| result.as_ref().is_ok_and(|m| 1 < m.leads.len()))
            .map(|(received, _)| received.row.id.as_str())
            .collect();
        if several.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(self.store.child_submissions(organization_id, &several).await?.into_iter().collect())
    }

    /// Finds out who each lead is.
    async fn identify(&self, context: &CampaignContext, items: &mut [BatchItem]) -> Result<(), StoreError> {
        let salt = &context.organization.salt;
        let (mut identities, mut bytes) = (Vec::with_capacity(items.len()), 0);
        for item in items.iter() {
            let lead = item.submission().map(|submission| submission.lead.as_str());
            identities.push(lead.map(|lead| Identity::of(salt, lead)));
            bytes += lead.map_or(0, str::len);
            // Others have their turn at the thread.
            if self.large().inline_bytes_max() < bytes {
                bytes = 0;
                tokio::task::yield_now().await;
            }
        }
        let hashes: Vec<IdentityHash> =
            identities.iter().flatten().flat_map(|identity| identity.hashes.iter().copied()).collect();
        let mut known = self.store.known_leads(&context.organization.id, &hashes).await?;
        for (item, identity) in items.iter_mut().zip(identities) {
            let Some(identity) = identity else { continue };
            // One that goes on is whose it was, whatever was added to it.
            let found = || identity.hashes.iter().find_map(|hash| known.get(hash).cloned());
            let lead_id = item.lead_id().map(str::to_owned).or_else(found);
            let is_known = lead_id.is_some() || item.is_counted();
            let lead_id = lead_id.unwrap_or_else(|| identity.lead_id(salt, &item.id));
            for hash in &identity.hashes {
                known.entry(*hash).or_insert_with(|| lead_id.clone());
            }
            item.identify(lead_id, identity.hashes);
            item.end_as_wished(is_known);
        }
        Ok(())
    }
}

/// The deliveries of a batch as they continue in memory, each with the submission that was taken up for it.
fn handed_over(decided: &Decided, campaign_version_id: Option<&str>, now: Timestamp) -> Vec<(String, Delivery)> {
    let mut deliveries = Vec::new();
    for row in &decided.processed {
        let Some((subject, revision)) = decided.told.get(&row.id) else { continue };
        let (subject, source_id) = (Some(subject), row.source_id());
        if let Some(new) = &row.delivery {
            let delivery = Delivery::new(new, None, subject, *revision, campaign_version_id, now);
            deliveries.push((source_id.to_owned(), delivery.with_kept(row.kept.as_deref())));
        }
        for new in &row.pings {
            let ping = Delivery::new(new, None, subject, *revision, campaign_version_id, now);
            deliveries.push((source_id.to_owned(), ping.about_lead_of(&row.campaign_key)));
        }
        for event in &row.events {
            let data = Arc::new(EventData::of(event));
            for new in event.deliveries.iter().filter(|new| !new.is_suppressed) {
                deliveries.push((
                    source_id.to_owned(),
                    Delivery::new(new, Some(&data), subject, *revision, campaign_version_id, now),
                ));
            }
        }
    }
    deliveries
}

type Mapped = Result<hookmill_engine::contract::Mapped, ItemError>;

fn decide_all(batch: &[Received], transition: &Transition) -> Vec<BatchItem> {
    batch.iter().map(|received| BatchItem::with_transition(received, transition.clone())).collect()
}

/// What one element became: its submission takes the first lead, the others are made anew. A submission that was made so takes only its
/// own.
fn build_items(received: &Received, mapped: Mapped, known: &HashSet<String>) -> Vec<BatchItem> {
    let mapped = match mapped {
        Ok(mapped) => mapped,
        Err(error) => return vec![BatchItem::from_error(received, &error)],
    };
    let row = &received.row;
    let own = row.parent_id.as_ref().and_then(|_| row.id.rsplit_once('.')?.1.parse::<usize>().ok()).unwrap_or(0);
    if mapped.leads.len() <= own {
        return vec![BatchItem::without_lead(received)];
    }
    let mut items = Vec::with_capacity(mapped.leads.len());
    for (index, lead) in mapped.leads.into_iter().enumerate() {
        let item = |id, from| match lead {
            Ok(lead) => BatchItem::mapped(received, id, from, lead),
            Err(failure) => {
                let transition = Transition::quarantined("map_failed", rendered::failure(&failure));
                BatchItem::new(received, id, from, ItemStatus::Decided(transition))
            }
        };
        if index == own {
            items.push(item(row.id.clone(), None));
        } else if row.parent_id.is_none() && !known.contains(&id_of_made(&row.id, index)) {
            let from = DerivedFrom {
                parent_id: row.id.clone(),
                request_id: row.request_id.clone(),
                shard: u16::try_from(row.shard).unwrap_or(0),
                element_start: row.element_start,
                element_bytes: row.element_bytes,
                received_at: row.received_at,
            };
            items.push(item(id_of_made(&row.id, index), Some(from)));
        }
    }
    items
}

/// The id of a submission that is made of another's element, by its place among the leads of that.
pub(crate) fn id_of_made(id: &str, index: usize) -> String {
    format!("{id}.{index}")
}

/// Items of a batch that take the same way, with their places in it.
struct Group {
    way: Way,
    places: Vec<usize>,
    items: Vec<Item>,
}

/// The items that are still on their way, by where it begins for them: one group in most batches.
fn on_their_way(
    context: &CampaignContext,
    items: &[BatchItem],
    firsts: Option<&Arc<FirstSubmissions>>,
    now: Timestamp,
) -> Vec<Group> {
    let mut groups: BTreeMap<(Start, bool, bool), Group> = BTreeMap::new();
    let moment = context.lifecycle.at(now);
    for (at, item) in items.iter().enumerate() {
        let Some(submission) = item.submission() else { continue };
        // One that is not mapped takes the way of those that were mapped just now.
        let start = item.start().max(Start::Rules);
        let (asks, has_asked) = (item.ping.asks(), item.from == State::Delivering);
        let group = groups.entry((start, asks, has_asked)).or_insert_with(|| {
            let action = firsts.map(|stage| (Place::BetweenRules, Arc::clone(stage) as Arc<dyn HostStage>));
            // Who was asked for bids was asked while the schedule was open.
            let closed = before_shape(&moment).filter(|_| !has_asked).map(|stage| (Place::BeforeShape, stage));
            let client = contract_client(context).filter(|_| !asks);
            let way = Way::with_stages(start, client, action.into_iter().chain(closed));
            Group { way, places: Vec::new(), items: Vec::new() }
        });
        group.places.push(at);
        group.items.push(Item::new(Arc::clone(submission)));
    }
    groups.into_values().collect()
}

/// Where the campaign sends its leads.
pub(crate) fn contract_client(context: &CampaignContext) -> Option<Destination> {
    let client = context.client.as_ref().filter(|_| !context.stores_only())?;
    let (method, url) = (&client.settings.method, &client.settings.url);
    Some(super::interpret::client_destination(&context.campaign, DestinationKind::Client, method, url))
}

/// How a queued lead ends that has waited for as long as its campaign lets it (L7).
fn expiry(context: &CampaignContext, received: &Received, now: Timestamp) -> Option<Transition> {
    let queued_at = received.row.queued_at.filter(|_| received.state() == State::Queued).map(Timestamp)?;
    let expires_at = context.lifecycle.rules().queue_expires_at(queued_at).filter(|at| *at <= now)?;
    let detail = json!({ "queued_at": queued_at.rfc3339(), "expires_at": expires_at.rfc3339() });
    Some(Transition { detail: Some(detail), ..Transition::canceled(EXPIRED) })
}

impl BatchItem {
    /// One whose campaign does nothing now. It waits for that; who waits in its queue waits there.
    fn while_inactive(received: &Received, campaign_state: &str) -> Self {
        let transition = match received.state() {
            State::Queued => Transition {
                change: const { Change::of(State::Processing, State::Queued) },
                cause: "campaign_paused",
                detail: None,
            },
            _ => Transition::pending(campaign_state),
        };
        Self::with_transition(received, transition)
    }
}

impl Transition {
    /// It waits for its campaign.
    fn pending(campaign_state: &str) -> Self {
        Self {
            change: const { Change::of(State::Processing, State::Pending) },
            cause: if campaign_state == "draft" { "campaign_draft" } else { "campaign_paused" },
            detail: None,
        }
    }

    /// It will not be sent.
    pub(crate) fn canceled(cause: &'static str) -> Self {
        Self { change: const { Change::of(State::Processing, State::Canceled) }, cause, detail: None }
    }

    /// What the campaign runs can't be run.
    fn unusable(why: &str) -> Self {
        Self::quarantined(UNUSABLE, json!({ "code": UNUSABLE, "message": why }))
    }
}
