//! Events that sources report (I12): each is kept once by its source's id, with the deliveries that tell of it.

use super::deliveries::{NewDelivery, insert_deliveries};
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// What an event is about, as far as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSubject {
    /// A submission.
    Submission(String),
    /// A lead that has none in the campaign.
    Lead(String),
    /// Somebody who is not a lead yet: a hash of the address, in hexadecimal.
    Person(String),
    /// Nobody that the host can know.
    Nobody,
}

impl EventSubject {
    fn columns(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Submission(id) => ("submission", Some(id)),
            Self::Lead(id) => ("lead", Some(id)),
            Self::Person(hash) => ("person", Some(hash)),
            Self::Nobody => ("none", None),
        }
    }
}

/// An event to be kept.
#[derive(Debug, Clone)]
pub struct NewReportedEvent {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// By what it is the same when it is reported again.
    pub key_hash: [u8; 32],
    /// Until when it is known again.
    pub expires_at: Timestamp,
    /// What it is about.
    pub subject: EventSubject,
    /// Its name.
    pub name: String,
    /// What goes into `context`, a JSON object.
    pub details: Vec<u8>,
    /// What the source said of it, JSON.
    pub payload: Option<Vec<u8>>,
    /// The id and name of its category.
    pub category: Option<(i64, String)>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The webhooks that are told of it.
    pub deliveries: Vec<NewDelivery>,
}

impl NewReportedEvent {
    /// Whether it is about no submission.
    pub fn is_about_none(&self) -> bool {
        self.submission_id().is_none()
    }

    /// The submission that it is about.
    pub fn submission_id(&self) -> Option<&str> {
        match &self.subject {
            EventSubject::Submission(id) => Some(id),
            EventSubject::Lead(_) | EventSubject::Person(_) | EventSubject::Nobody => None,
        }
    }
}

const KEY: &str = "insert into idempotency (organization_id, key_hash, request_id, body_digest, first_seen_at, expires_at) values ($1, $2, $3, $2, $4, $5) \
     on conflict (organization_id, key_hash) do update set request_id = excluded.request_id, first_seen_at = excluded.first_seen_at, expires_at = excluded.expires_at \
     where idempotency.expires_at <= excluded.first_seen_at";
const EVENT: &str = "insert into events (organization_id, id, subject_kind, subject_id, campaign_key, name, status, details, payload, category_id, category_name, occurred_at) \
     values ($1, $2, $3, $4, $5, $6, null, $7, $8, $9, $10, $11)";

impl Store {
    /// Keeps events in one commit, each with its deliveries; says of each whether it is kept by this, or was reported before.
    #[boxed]
    pub async fn keep_reported_events(
        &self,
        events: &[NewReportedEvent],
        now: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        // Always in one order: two hosts that insert the same keys wait for each other, but never in a circle.
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by(|a, b| events[*a].key_hash.cmp(&events[*b].key_hash));
        Ok(writing!(self, Class::Intake, connection => {
            let mut kept = vec![false; events.len()];
            let mut deliveries: Vec<&NewDelivery> = Vec::new();
            for at in order {
                let event = &events[at];
                let won = sqlx::query(KEY).bind(&event.organization_id).bind(event.key_hash.as_slice()).bind(&event.id).bind(now.0)
                    .bind(event.expires_at.0).execute(&mut *connection).await?.rows_affected();
                if won == 0 {
                    continue;
                }
                let (subject_kind, subject_id) = event.subject.columns();
                let (category_id, category_name) = event.category.as_ref().map(|(id, name)| (*id, name.as_str())).unzip();
                sqlx::query(EVENT).bind(&event.organization_id).bind(&event.id).bind(subject_kind).bind(subject_id).bind(&event.campaign_key)
                    .bind(&event.name).bind(event.details.as_slice()).bind(event.payload.as_deref()).bind(category_id).bind(category_name)
                    .bind(event.occurred_at.0).execute(&mut *connection).await?;
                deliveries.extend(&event.deliveries);
                kept[at] = true;
            }
            insert_deliveries!(connection, &deliveries, now);
            kept
        }))
    }
}
