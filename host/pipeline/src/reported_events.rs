//! Events that sources report (I12): looked up, kept once, and told to the same webhooks as the host's own.

use super::Pipeline;
use super::context;
use super::delivery::{Delivery, EventData};
use super::event_subjects::{OfCampaign, Subject};
use super::events::{ToShape, within_step};
use super::finish::CampaignContext;
use super::rendered::json;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::ApiError;
use hookmill_domain::event::FIRST_EMAIL_SENT;
use hookmill_domain::flow::lanes::LaneKey;
use hookmill_domain::reported_event::{RejectedEvent, ReportedEvent, read_events};
use hookmill_engine::contract::Submission;
use hookmill_store::StoreError;
use hookmill_store::deliveries::NewDelivery;
use hookmill_store::reported_events::{EventSubject, NewReportedEvent};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The response to events that are durable (E1).
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[schema(as = ReportedEvents)]
pub struct ReportResponse {
    /// How many events were taken.
    pub accepted: usize,
    /// How many were reported before.
    pub duplicates: usize,
    /// The events that were not taken.
    pub rejected: Vec<RejectedReport>,
}

/// An event that was not taken.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = RejectedEvent)]
pub struct RejectedReport {
    /// Its index in `events`; 0 for one that was sent alone.
    pub index: usize,
    /// Why: `not_an_object`, `invalid`, `event_type_unknown` or `campaign_unknown`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// How the key of an event begins, so that it is none of a request: those have no NUL.
const EVENT_KEY: &str = "\0event\0";
/// The same of the first e-mail of a lead in a campaign.
const FIRST_EMAIL_KEY: &str = "\0first_email\0";
/// How long a first e-mail is known to have been one: for ever, as far as that goes.
const FIRST_EMAIL_DAYS: i64 = 36_500;

/// How many events one commit keeps: it holds the one writer of SQLite for some milliseconds.
const EVENTS_PER_COMMIT: usize = 200;

/// An event whose campaign and subject are known.
struct Resolved {
    context: Arc<CampaignContext>,
    event: ReportedEvent,
    subject: Subject,
}

impl Pipeline {
    /// Keeps the events in a body, as JSON. It returns when they are on disk.
    #[boxed]
    pub async fn report_events(&self, organization_id: &str, text: &str) -> Result<ReportResponse, ApiError> {
        let limits = &self.settings.limits;
        let (events_max, payload_bytes_max) = (limits.leads_per_request_max, limits.event_payload_bytes_max);
        let read = read_events(text, &self.settings.events, events_max, payload_bytes_max)?;
        self.check_backlog(organization_id).await?;
        let mut response = ReportResponse::default();
        let mut of_campaigns = Vec::with_capacity(read.len());
        for (index, event) in read.into_iter().enumerate() {
            let found = match event {
                Ok(event) => self.campaign_of_event(organization_id, event).await?,
                Err(rejected) => Err(rejected),
            };
            match found {
                Ok(of_campaign) => of_campaigns.push(of_campaign),
                Err(RejectedEvent { code, message }) => {
                    response.rejected.push(RejectedReport { index, code, message });
                }
            }
        }
        let looked_up: Vec<&OfCampaign> = of_campaigns.iter().collect();
        let subjects = self.find_subjects(organization_id, &looked_up).await.map_err(unavailable)?;
        let mut rows: Vec<NewReportedEvent> = Vec::with_capacity(of_campaigns.len());
        let mut reported = Vec::with_capacity(of_campaigns.len());
        let read = self.read_submissions_of(organization_id, &subjects).await.map_err(unavailable)?;
        let mut contexts = Vec::with_capacity(of_campaigns.len());
        for (OfCampaign { context, event }, subject) in of_campaigns.into_iter().zip(subjects) {
            let resolved = Resolved { context, event, subject };
            reported.push(rows.len());
            rows.push(self.reported_row(&resolved));
            rows.extend(self.first_email(&resolved));
            contexts.resize(rows.len(), resolved.context);
        }
        self.shape_reported(&mut rows, &contexts, &read).await;
        let mut kept = Vec::with_capacity(rows.len());
        for piece in rows.chunks(EVENTS_PER_COMMIT) {
            kept.extend(self.keep_events(organization_id, piece).await.map_err(unavailable)?);
        }
        response.accepted = reported.iter().filter(|at| kept[**at]).count();
        response.duplicates = reported.len() - response.accepted;
        Ok(response)
    }

    /// The submissions that events are about, as long as their leads fit into what is read at once.
    async fn read_submissions_of(
        &self,
        organization_id: &str,
        subjects: &[Subject],
    ) -> Result<HashMap<String, Arc<Submission>>, StoreError> {
        let mut bytes_left = self.settings.limits.load_bytes_max;
        let mut ids = BTreeSet::new();
        for subject in subjects {
            if let EventSubject::Submission(id) = &subject.subject
                && subject.bytes <= bytes_left
                && ids.insert(id.as_str())
            {
                bytes_left -= subject.bytes;
            }
        }
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = ids.into_iter().collect();
        let rows = self.store.submissions_by_id(organization_id, &ids).await?;
        let each = rows.into_iter().filter(|row| row.erased_at.is_none()).map(|row| {
            let lead = row.lead.as_deref().map_or_else(|| "{}".to_owned(), context::to_text);
            let submission = context::submission(&row.id, row.lead_id, lead, row.is_test, row.received_at);
            (row.id, Arc::new(submission))
        });
        Ok(each.collect())
    }

    /// Shapes the messages of events that are about to be kept, as far as that succeeds in time; what is left is shaped when it is sent. So most of
    /// them are written once.
    async fn shape_reported(
        &self,
        rows: &mut [NewReportedEvent],
        contexts: &[Arc<CampaignContext>],
        read: &HashMap<String, Arc<Submission>>,
    ) {
        let mut of_campaigns: BTreeMap<String, (Arc<CampaignContext>, BTreeMap<String, ToShape>)> = BTreeMap::new();
        for (at, (row, context)) in rows.iter().zip(contexts).enumerate() {
            let submission = row.submission_id().and_then(|id| read.get(id));
            // One that was not read is read when the message is sent.
            if submission.is_none() && !row.is_about_none() {
                continue;
            }
            let data = Arc::new(EventData::reported(row));
            for new in row.deliveries.iter().filter(|new| !new.is_suppressed) {
                let of_campaign = of_campaigns.entry(row.campaign_key.clone());
                let (_, requests) = of_campaign.or_insert_with(|| (Arc::clone(context), BTreeMap::new()));
                let of_destination = requests.entry(new.destination_id.clone()).or_default();
                of_destination.push((at, Arc::clone(&data), submission.map(Arc::clone)));
            }
        }
        let shaping = async {
            for (context, requests) in of_campaigns.into_values() {
                let version = context.campaign.active_version_id.as_deref();
                let shaped = self.shape_together(&context, version, requests, |destination_id, at, message| {
                    let told = rows[at].deliveries.iter_mut().find(|new| new.destination_id == destination_id);
                    if let Some(new) = told {
                        new.message = Some(message);
                    }
                });
                shaped.await?;
            }
            Ok::<_, StoreError>(())
        };
        within_step(shaping).await;
    }

    /// Keeps events of an organization in one commit, and has sent what is to be sent of them; says which are new.
    pub(crate) async fn keep_events(
        &self,
        organization_id: &str,
        rows: &[NewReportedEvent],
    ) -> Result<Vec<bool>, StoreError> {
        let now = self.clock.now();
        let deliveries = || rows.iter().flat_map(|row| &row.deliveries).filter(|new| !new.is_suppressed);
        let shards: BTreeSet<u16> = deliveries().map(|new| new.shard).collect();
        let epochs: HashMap<u16, i64> =
            shards.iter().filter_map(|shard| Some((*shard, self.flow.epoch(*shard)?))).collect();
        let key = |new: &NewDelivery| LaneKey::new(&new.organization_id, &new.destination_id);
        let reserved = deliveries().filter(|new| epochs.contains_key(&new.shard));
        let reserved = reserved.map(|new| (key(new), Arc::from(new.id.as_str()))).collect();
        // Dropped where the commit fails, or is unknown: then the store is asked.
        let reservation = self.flow.reserve_deliveries(reserved, now);
        let kept = self.store.keep_reported_events(rows, now).await?;
        let is_held = |shard: u16| epochs.get(&shard).is_some_and(|epoch| self.flow.is_epoch(shard, *epoch));
        let new_rows = || rows.iter().zip(&kept).filter(|(_, is_new)| **is_new).map(|(row, _)| row);
        let items = new_rows().flat_map(|row| {
            let event = Arc::new(EventData::reported(row));
            let mine = row.deliveries.iter().filter(|new| !new.is_suppressed && is_held(new.shard));
            mine.map(move |new| Delivery {
                is_about_none: row.is_about_none(),
                ..Delivery::new(new, Some(&event), None, 0, None, now)
            })
        });
        reservation.hand_over(items.map(|delivery| (delivery.lane(), delivery.into_item())).collect());
        let of_others = new_rows().flat_map(|row| &row.deliveries).filter(|new| !is_held(new.shard));
        self.wake_deliveries(organization_id, &of_others.collect::<Vec<_>>(), now).await?;
        Ok(kept)
    }

    /// Has deliveries sent that are in the database alone: by this host, or by those that have their shards.
    async fn wake_deliveries(
        &self,
        organization_id: &str,
        deliveries: &[&NewDelivery],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lanes: BTreeSet<&str> = deliveries.iter().map(|one| one.destination_id.as_str()).collect();
        for destination_id in lanes {
            self.flow.read_deliveries(organization_id, destination_id, now);
        }
        self.signal_others(deliveries.iter().map(|one| one.shard)).await
    }

    /// Tells the hosts that have these shards that there is something due in them; for its own this host knows.
    pub(crate) async fn signal_others(&self, shards: impl IntoIterator<Item = u16>) -> Result<(), StoreError> {
        let of_others: Vec<u16> = shards.into_iter().filter(|shard| self.flow.epoch(*shard).is_none()).collect();
        self.store.signal_shards(&of_others).await
    }

    /// The campaign of an event.
    async fn campaign_of_event(
        &self,
        organization_id: &str,
        event: ReportedEvent,
    ) -> Result<Result<OfCampaign, RejectedEvent>, ApiError> {
        let campaign = self.campaign_by_id(organization_id, &event.campaign_id).await?;
        let Some(campaign) = campaign else {
            let message = "campaign not found in this organization".to_owned();
            return Ok(Err(RejectedEvent { code: "campaign_unknown", message }));
        };
        let context = self.campaign_context(&campaign.key).await.map_err(unavailable)?;
        Ok(Ok(OfCampaign { context, event }))
    }

    fn reported_row(&self, resolved: &Resolved) -> NewReportedEvent {
        let event = &resolved.event;
        let key = [EVENT_KEY.as_bytes(), event.event_id.as_bytes()].concat();
        let details = match event.lead.is_empty() {
            true => json!({ "event_id": event.event_id }),
            false => json!({ "event_id": event.event_id, "lead": event.lead.to_json() }),
        };
        let expires_at = self.clock.now().plus_ms(self.settings.limits.events_kept_ms);
        let mut row = self.event_row(resolved, &event.event_type, &key, expires_at, &details);
        row.deliveries = self.deliveries_of_event(&resolved.context, &row, resolved.subject.shard);
        row
    }

    /// The event that the host makes of the first e-mail that a lead of a campaign was sent.
    fn first_email(&self, resolved: &Resolved) -> Option<NewReportedEvent> {
        let Resolved { context, event, subject } = resolved;
        if !event.is_first_email() {
            return None;
        }
        let about = subject.person.as_ref()?;
        let key = format!("{FIRST_EMAIL_KEY}{}\0{about}", context.campaign.key);
        let expires_at = self.clock.now().minus_days(-FIRST_EMAIL_DAYS);
        let details = match event.lead.is_empty() {
            true => json!({}),
            false => json!({ "lead": event.lead.to_json() }),
        };
        let mut row = self.event_row(resolved, FIRST_EMAIL_SENT, key.as_bytes(), expires_at, &details);
        row.deliveries = self.deliveries_of_event(context, &row, subject.shard);
        Some(row)
    }

    fn event_row(
        &self,
        resolved: &Resolved,
        name: &str,
        key: &[u8],
        expires_at: Timestamp,
        details: &Value,
    ) -> NewReportedEvent {
        let Resolved { context, event, subject } = resolved;
        let now = self.clock.now();
        NewReportedEvent {
            id: self.ids.new_id("evt", now),
            organization_id: context.organization.id.clone(),
            campaign_key: context.campaign.key.clone(),
            key_hash: Sha256::digest(key).into(),
            expires_at,
            subject: subject.subject.clone(),
            name: name.to_owned(),
            details: json(details),
            payload: event.payload.as_ref().map(|payload| payload.get().as_bytes().to_vec()),
            category: event.category.clone(),
            occurred_at: event.occurred_at.unwrap_or(now),
            deliveries: Vec::new(),
        }
    }

    /// What is sent of an event: it is shaped when it is sent, by what the campaign runs now.
    pub(crate) fn deliveries_of_event(
        &self,
        context: &CampaignContext,
        event: &NewReportedEvent,
        shard: Option<u16>,
    ) -> Vec<NewDelivery> {
        let (now, category) = (self.clock.now(), event.category.as_ref().map(|(id, _)| *id));
        let shard = shard.unwrap_or_else(|| self.flow.choose_shard(&context.campaign.key).0);
        let recipients = context.recipients(&event.name, category).into_iter();
        let deliveries = recipients.map(|(webhook, is_suppressed)| NewDelivery {
            id: self.ids.new_id("dlv", now),
            organization_id: event.organization_id.clone(),
            campaign_key: event.campaign_key.clone(),
            submission_id: match &event.subject {
                EventSubject::Submission(id) => id.clone(),
                _ => event.id.clone(),
            },
            event_id: Some(event.id.clone()),
            destination_id: webhook.destination.id.clone(),
            destination_version: webhook.destination.version,
            destination_kind: webhook.kind,
            shard,
            retries_max: i64::from(webhook.destination.settings.retries),
            expires_at: None,
            campaign_version_id: context.campaign.active_version_id.clone(),
            message: None,
            is_suppressed,
        });
        deliveries.collect()
    }
}
