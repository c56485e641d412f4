//! Events that sources report (I12): each is kept once by its source's id, with the deliveries that tell of it.

use super::database::{chunks, many_sql};
use super::deliveries::{NewDelivery, insert_deliveries};
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use std::collections::HashSet;

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

const KEYS: &str =
    "insert into idempotency (organization_id, key_hash, request_id, body_digest, first_seen_at, expires_at) values";
const KEYS_TAIL: &str = "on conflict (organization_id, key_hash) do update set request_id = excluded.request_id, first_seen_at = excluded.first_seen_at, \
     expires_at = excluded.expires_at where idempotency.expires_at <= excluded.first_seen_at returning request_id";
const EVENTS: &str = "insert into events (organization_id, id, subject_kind, subject_id, campaign_key, name, details, payload, category_id, category_name, occurred_at) values";

impl Store {
    /// Keeps events in one commit, each with its deliveries; says of each whether it is kept by this, or was reported before.
    #[boxed]
    pub async fn keep_reported_events(
        &self,
        events: &[NewReportedEvent],
        now: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        // Always in one order: two hosts that insert the same keys wait for each other, but never in a circle.
        let mut of_keys: Vec<&NewReportedEvent> = events.iter().collect();
        of_keys.sort_by_key(|event| event.key_hash);
        // A statement can't meet its own row.
        of_keys.dedup_by_key(|event| event.key_hash);
        Ok(writing!(self, Class::Intake, connection => {
            let mut kept: HashSet<String> = HashSet::with_capacity(of_keys.len());
            for chunk in chunks(&of_keys) {
                let sql = many_sql(&*connection, KEYS, "(?, ?, ?, ?, ?, ?)", chunk.len(), KEYS_TAIL);
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                for event in chunk {
                    let hash = event.key_hash.as_slice();
                    query = query.bind(&event.organization_id).bind(hash).bind(&event.id).bind(hash).bind(now.0).bind(event.expires_at.0);
                }
                kept.extend(query.fetch_all(&mut *connection).await?);
            }
            let new: Vec<&NewReportedEvent> = events.iter().filter(|event| kept.contains(&event.id)).collect();
            insert_many!(connection, EVENTS, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "", &new, |query, event| {
                let ((subject_kind, subject_id), category) = (event.subject.columns(), event.category.as_ref());
                query.bind(&event.organization_id).bind(&event.id).bind(subject_kind).bind(subject_id).bind(&event.campaign_key).bind(&event.name)
                    .bind(event.details.as_slice()).bind(event.payload.as_deref()).bind(category.map(|(id, _)| *id))
                    .bind(category.map(|(_, name)| name.as_str())).bind(event.occurred_at.0)
            });
            let deliveries: Vec<&NewDelivery> = new.iter().flat_map(|event| &event.deliveries).collect();
            insert_deliveries!(connection, &deliveries, now);
            events.iter().map(|event| kept.contains(&event.id)).collect()
        }))
    }
}
