//! Events that sources report (I12): looked up, kept once, and told to the same webhooks as the host's own.

use super::Pipeline;
use super::finish::CampaignContext;
use super::rendered::json;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::ApiError;
use hookmill_domain::event::FIRST_EMAIL_SENT;
use hookmill_domain::hex::write_hex;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::reported_event::{LeadReference, RejectedEvent, ReportedEvent, read_events};
use hookmill_store::StoreError;
use hookmill_store::deliveries::NewDelivery;
use hookmill_store::reported_events::{EventSubject, NewReportedEvent};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
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

/// Whom an event is about.
struct Subject {
    subject: EventSubject,
    /// By what it is the same person however an event names them; none where nobody is known.
    person: Option<String>,
    /// The shard of its submission: whoever erases that has what is sent of it in memory.
    shard: Option<u16>,
}

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
        let mut rows: Vec<NewReportedEvent> = Vec::new();
        let mut reported = Vec::new();
        for (index, event) in read.into_iter().enumerate() {
            let resolved = match event {
                Ok(event) => self.resolve_event(organization_id, event).await?,
                Err(rejected) => Err(rejected),
            };
            match resolved {
                Ok(resolved) => {
                    let first = self.first_email(&resolved);
                    reported.push(rows.len());
                    rows.push(self.reported_row(&resolved));
                    rows.extend(first);
                }
                Err(RejectedEvent { code, message }) => {
                    response.rejected.push(RejectedReport { index, code, message });
                }
            }
        }
        let now = self.clock.now();
        let mut kept = Vec::with_capacity(rows.len());
        for piece in rows.chunks(EVENTS_PER_COMMIT) {
            let of_piece = self.store.keep_reported_events(piece, now).await.map_err(unavailable)?;
            let told = piece.iter().zip(&of_piece).filter(|(_, kept)| **kept);
            let told: Vec<&NewDelivery> = told.flat_map(|(row, _)| &row.deliveries).collect();
            self.wake_deliveries(organization_id, &told, now).await.map_err(unavailable)?;
            kept.extend(of_piece);
        }
        response.accepted = reported.iter().filter(|at| kept[**at]).count();
        response.duplicates = reported.len() - response.accepted;
        Ok(response)
    }

    /// Has deliveries sent that are in the database alone: by this host, or by those that have their shards.
    pub(crate) async fn wake_deliveries(
        &self,
        organization_id: &str,
        deliveries: &[&NewDelivery],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lanes: BTreeSet<&str> = deliveries.iter().map(|one| one.destination_id.as_str()).collect();
        for destination_id in lanes {
            self.flow.read_deliveries(organization_id, destination_id, now);
        }
        let shards: BTreeSet<u16> = deliveries.iter().map(|one| one.shard).collect();
        let of_others: Vec<u16> = shards.into_iter().filter(|shard| self.flow.epoch(*shard).is_none()).collect();
        self.store.signal_shards(&of_others).await
    }

    /// The campaign of an event, and whom it is about.
    async fn resolve_event(
        &self,
        organization_id: &str,
        event: ReportedEvent,
    ) -> Result<Result<Resolved, RejectedEvent>, ApiError> {
        let campaign = self.campaign_by_id(organization_id, &event.campaign_id).await?;
        let Some(campaign) = campaign else {
            let message = "campaign not found in this organization".to_owned();
            return Ok(Err(RejectedEvent { code: "campaign_unknown", message }));
        };
        let context = self.campaign_context(&campaign.key).await.map_err(unavailable)?;
        let subject = self.find_subject(&context, &event.lead).await?;
        Ok(Ok(Resolved { context, event, subject }))
    }

    /// Whom an event is about: the submission that it names, or the newest one of its person in the campaign.
    async fn find_subject(&self, context: &CampaignContext, lead: &LeadReference) -> Result<Subject, ApiError> {
        let organization = &context.organization;
        if let Some(id) = &lead.submission_id {
            let found = self.store.submissions_by_id(&organization.id, &[id.as_str()]).await.map_err(unavailable)?;
            let campaign_id = &context.campaign.campaign_id;
            if let Some(row) = found.into_iter().find(|row| row.campaign_id == *campaign_id && row.erased_at.is_none())
            {
                let person = row.lead_id.unwrap_or_else(|| row.id.clone());
                return self.of_submission(&organization.id, row.id, person).await;
            }
        }
        let identities = lead.identities(&organization.salt);
        let Some(first) = identities.first() else {
            let person = lead.external_id.clone();
            return Ok(Subject { subject: EventSubject::Nobody, person, shard: None });
        };
        let known = self.store.known_leads(&organization.id, &identities).await.map_err(unavailable)?;
        let Some(lead_id) = identities.iter().find_map(|hash: &IdentityHash| known.get(hash)) else {
            let hash = write_hex(first);
            return Ok(Subject { subject: EventSubject::Person(hash.clone()), person: Some(hash), shard: None });
        };
        let among = [context.campaign.key.clone()];
        let newest = self.store.newest_submissions_of_leads(&organization.id, &[lead_id.as_str()], Some(&among)).await;
        match newest.map_err(unavailable)?.into_iter().next() {
            Some(newest) => self.of_submission(&organization.id, newest.id, lead_id.clone()).await,
            None => {
                let person = Some(lead_id.clone());
                Ok(Subject { subject: EventSubject::Lead(lead_id.clone()), person, shard: None })
            }
        }
    }

    async fn of_submission(&self, organization_id: &str, id: String, person: String) -> Result<Subject, ApiError> {
        let shard = self.store.shard_of_submission(organization_id, &id).await.map_err(unavailable)?;
        Ok(Subject { subject: EventSubject::Submission(id), person: Some(person), shard })
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
