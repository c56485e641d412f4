//! Events, deliveries and attempts (O7): what happened, what is to be sent of it, and how that went.

use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_id: String,
    /// The submission it is about.
    pub submission_id: String,
    /// Its name.
    pub name: &'static str,
    /// The submission's state after it.
    pub status: &'static str,
    /// What goes into `context`, a JSON object.
    pub details: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The webhooks it goes to.
    pub deliveries: Vec<NewDelivery>,
}

/// Something to send.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_id: String,
    /// The submission it is about.
    pub submission_id: String,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// To whom: `client:` and a campaign, or `settings:` and an organization (the store's ids).
    pub endpoint: String,
    /// Retries after the first attempt.
    pub retries_max: i64,
    /// The message, if it is shaped already.
    pub message: Option<Vec<u8>>,
}

/// A message as it will be sent, again and again if need be: the bytes never change between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// All but the body.
    pub head: MessageHead,
    /// The body; none sends none.
    pub body: Option<Vec<u8>>,
}

/// All of a message but its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageHead {
    /// The method; none for the endpoint's.
    pub method: Option<String>,
    /// Parameters added to the URL's query.
    pub query: Vec<(String, String)>,
    /// Headers besides the endpoint's.
    pub headers: Vec<(String, String)>,
    /// The content type; none for the endpoint's.
    pub content_type: Option<String>,
    /// The digests of the tables that were read to shape it, by name, where it was shaped apart from its submission.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub value_sets: BTreeMap<String, String>,
    /// Whether there is a body.
    has_body: bool,
}

impl Message {
    /// A message of these parts.
    pub fn new(
        method: Option<String>,
        query: Vec<(String, String)>,
        headers: Vec<(String, String)>,
        content_type: Option<String>,
        body: Option<Vec<u8>>,
    ) -> Self {
        let (value_sets, has_body) = (BTreeMap::new(), body.is_some());
        Self { head: MessageHead { method, query, headers, content_type, value_sets, has_body }, body }
    }

    /// The same, with the digests of the tables that were read to shape it.
    pub fn with_value_sets(mut self, read: BTreeMap<String, String>) -> Self {
        self.head.value_sets = read;
        self
    }

    /// The bytes that are kept: the head as one line of JSON, then the body as it is.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self.head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// Reads them back.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: MessageHead = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = head.has_body.then(|| bytes[end + 1..].to_vec());
        Some(Self { head, body })
    }
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The campaign (the store's id).
    pub campaign_id: String,
    /// The submission.
    pub submission_id: String,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// The event's name.
    pub event_name: Option<String>,
    /// `client` or `settings`.
    pub kind: String,
    /// How it stands: `waiting`, `delivered`, `failed`, `skipped`, `canceled`.
    pub state: String,
    /// Attempts made.
    pub attempts: i64,
    /// Retries allowed after the first attempt.
    pub retries_max: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// When it is tried next.
    pub due_at: Option<i64>,
}

/// One request that was made.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub number: i64,
    /// When it began.
    pub started_at: i64,
    /// How long it took.
    pub elapsed_ms: i64,
    /// The HTTP status; none when there was no answer.
    pub status: Option<i64>,
    /// What it meant.
    pub outcome: String,
    /// More, a JSON object.
    pub detail: Vec<u8>,
}

/// An event as the API shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EventRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The submission's state after it.
    pub status: String,
    /// What goes into `context`, a JSON object.
    pub details: Vec<u8>,
    /// When it happened.
    pub occurred_at: i64,
}

macro_rules! insert_events {
    ($connection:expr, $events:expr, $now:expr) => {
        insert_many!($connection, "insert into events (id, organization_id, campaign_id, submission_id, name, status, details, occurred_at) values",
            "(?, ?, ?, ?, ?, ?, ?, ?)", "", $events,
            |query, e| query.bind(&e.id).bind(&e.organization_id).bind(&e.campaign_id).bind(&e.submission_id).bind(e.name).bind(e.status)
                .bind(e.details.as_slice()).bind(e.occurred_at.0))
    };
}
pub(super) use insert_events;

macro_rules! insert_deliveries {
    ($connection:expr, $deliveries:expr, $now:expr) => {
        insert_many!($connection,
            "insert into deliveries (id, organization_id, campaign_id, submission_id, event_id, kind, endpoint, state, attempts, retries_max, created_at, \
             updated_at, shape_due_at, due_at, message) values",
            "(?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?, ?, ?, ?, ?)", "", $deliveries,
            |query, d| query.bind(&d.id).bind(&d.organization_id).bind(&d.campaign_id).bind(&d.submission_id).bind(d.event_id.as_deref())
                .bind(d.kind()).bind(&d.endpoint).bind(d.retries_max).bind($now.0).bind($now.0)
                .bind(d.message.is_none().then_some($now.0)).bind(d.message.is_some().then_some($now.0)).bind(d.message.as_deref()))
    };
}
pub(super) use insert_deliveries;

impl NewDelivery {
    /// The part of the endpoint before the colon.
    pub fn kind(&self) -> &str {
        self.endpoint.split(':').next().unwrap_or_default()
    }
}

const COLUMNS: &str = "select d.id, d.campaign_id, d.submission_id, d.event_id, e.name as event_name, d.kind, d.state, d.attempts, d.retries_max, \
     d.created_at, d.updated_at, d.due_at from deliveries d left join events e on e.id = d.event_id";

impl Store {
    /// Keeps the shaped messages of claimed deliveries and makes them due.
    pub async fn commit_shaped(
        &self,
        token: &str,
        shaped: &[(String, Shaped)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, connection => {
            for (id, result) in shaped {
                match result {
                    Shaped::Message(message) => {
                        sqlx::query("update deliveries set message = $1, shape_due_at = null, due_at = $2, claim = null, updated_at = $2 where id = $3 and claim = $4")
                            .bind(message.as_slice()).bind(now.0).bind(id).bind(token).execute(&mut *connection).await?;
                    }
                    Shaped::Failed(detail) => {
                        sqlx::query("insert into attempts (delivery_id, number, started_at, elapsed_ms, outcome, detail) \
                             select id, 0, $1, 0, 'shaping_failed', $2 from deliveries where id = $3 and claim = $4 on conflict do nothing")
                            .bind(now.0).bind(detail.as_slice()).bind(id).bind(token).execute(&mut *connection).await?;
                        sqlx::query("update deliveries set state = 'failed', shape_due_at = null, claim = null, updated_at = $1 where id = $2 and claim = $3")
                            .bind(now.0).bind(id).bind(token).execute(&mut *connection).await?;
                    }
                }
            }
        });
        Ok(())
    }

    /// The deliveries of an organization, the newest first, older than `before`; of one submission or state if given.
    pub async fn deliveries(
        &self,
        organization_id: &str,
        filter: &DeliveryFilter,
        before: &str,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "{COLUMNS} where d.organization_id = $1 and ($2 = '' or d.id < $2) and ($3 = '' or d.submission_id = $3) and ($4 = '' or d.state = $4) and ($5 = '' or d.campaign_id = $5) \
             order by d.id desc limit $6"
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before).bind(&filter.submission_id).bind(&filter.state)
                .bind(&filter.campaign_id).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// One delivery with its message and attempts.
    pub async fn delivery(
        &self,
        organization_id: &str,
        id: &str,
    ) -> Result<Option<(Delivery, Option<Message>, Vec<AttemptRow>)>, StoreError> {
        let sql = format!("{COLUMNS} where d.organization_id = $1 and d.id = $2");
        reading!(self, connection => {
            let found: Option<Delivery> = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?;
            let Some(found) = found else { return Ok(None) };
            let message: Option<Vec<u8>> = sqlx::query_scalar("select message from deliveries where id = $1").bind(id).fetch_one(&mut *connection).await?;
            let attempts = sqlx::query_as("select number, started_at, elapsed_ms, status, outcome, detail from attempts where delivery_id = $1 order by number")
                .bind(id).fetch_all(&mut *connection).await?;
            Ok(Some((found, message.as_deref().and_then(Message::read), attempts)))
        })
    }

    /// The events of a submission, in order.
    pub async fn events_of_submission(&self, submission_id: &str) -> Result<Vec<EventRow>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, name, status, details, occurred_at from events where submission_id = $1 order by id").bind(submission_id)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// Sends an event's delivery once more, with the same id and bytes (W11), and with as many retries after it as are given.
    /// Leads on their way to a client are not resent here: that is a repost. Says whether there was one to resend.
    pub async fn resend_delivery(
        &self,
        organization_id: &str,
        id: &str,
        retries: u8,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = writing!(self, connection => {
            // One that was never shaped is shaped now.
            sqlx::query("update deliveries set state = 'waiting', retries_max = attempts + $4, updated_at = $1, \
                 due_at = case when message is null then null else $1 end, shape_due_at = case when message is null then $1 else null end \
                 where id = $2 and organization_id = $3 and event_id is not null and state <> 'waiting'")
                .bind(now.0).bind(id).bind(organization_id).bind(i64::from(retries)).execute(&mut *connection).await?.rows_affected()
        });
        Ok(done == 1)
    }
}

/// What became of shaping a message.
#[derive(Debug, Clone)]
pub enum Shaped {
    /// The message.
    Message(Vec<u8>),
    /// Why there is none, a JSON object.
    Failed(Vec<u8>),
}

/// Which deliveries to list; empty texts do not filter.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of one submission.
    pub submission_id: String,
    /// In one state.
    pub state: String,
    /// Of one campaign (the store's id).
    pub campaign_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_is_read_back(method in proptest::option::of("[A-Z]{3}"), query in proptest::collection::vec((".*", ".*"), 0..3),
            body in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..50))) {
            let message = Message::new(method, query, vec![], Some("application/json".into()), body);
            prop_assert_eq!(Message::read(&message.write()), Some(message));
        }
    }
}
