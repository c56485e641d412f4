//! Events, deliveries and attempts (O7): what happened, what is to be sent of it, and how that went.

use super::audit::AuditEntry;
use super::outcome::NOTHING;
use super::requests::before_or_end;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DeliveryState, DestinationKind};
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
    pub campaign_key: String,
    /// The submission it is about.
    pub submission_id: String,
    /// Its name.
    pub name: &'static str,
    /// The submission's state after it.
    pub status: &'static str,
    /// The `context` of the payload, a JSON object.
    pub details: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The webhooks that receive it.
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
    pub campaign_key: String,
    /// The submission it is about; of a reported event that is about none, that event.
    pub submission_id: String,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// The destination.
    pub destination_id: String,
    /// The version of the destination that it is made for: it goes to no other receiver.
    pub destination_version: i64,
    /// What kind of destination that is.
    pub destination_kind: DestinationKind,
    /// The shard of the submission.
    pub shard: u16,
    /// Retries after the first attempt.
    pub retries_max: i64,
    /// When it is worth nothing any more and is not sent; none for what is sent whenever it can be.
    pub expires_at: Option<i64>,
    /// What shapes it and interprets its response, where that is not what its submission ran on.
    pub campaign_version_id: Option<String>,
    /// The message, if it is shaped already.
    pub message: Option<Message>,
    /// Whether it is only recorded: its webhook is inactive.
    pub is_suppressed: bool,
}

impl NewDelivery {
    /// The state that it is written in.
    pub(crate) fn first_state(&self) -> DeliveryState {
        if self.is_suppressed { DeliveryState::Suppressed } else { DeliveryState::Waiting }
    }
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
    /// The bid that it takes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<MessageBid>,
}

/// The bid of a client that a message takes up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBid {
    /// The price, a decimal number.
    pub price: String,
    /// What the client calls it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
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
        let (value_sets, bid) = (BTreeMap::new(), None);
        Self { head: MessageHead { method, query, headers, content_type, value_sets, bid }, body }
    }

    /// The same, which takes up this bid.
    pub fn with_bid(mut self, bid: Option<MessageBid>) -> Self {
        self.head.bid = bid;
        self
    }

    /// The same, with the digests of the tables that were read to shape it.
    pub fn with_value_sets(mut self, read: BTreeMap<String, String>) -> Self {
        self.head.value_sets = read;
        self
    }

    /// The head, as it is stored.
    pub fn head_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.head).unwrap_or_default()
    }

    /// Reads a message back; `id` is its delivery's.
    pub fn read(id: &str, head: &[u8], body: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let head = serde_json::from_slice(head).map_err(|error| StoreError::corrupt("deliveries", id, error))?;
        Ok(Self { head, body })
    }
}

/// A delivery as the API shows it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The campaign (the store's id).
    pub campaign_key: String,
    /// The submission; none for a reported event that is about none.
    pub submission_id: Option<String>,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// The event's name.
    pub event_name: Option<String>,
    /// The destination.
    pub destination_id: String,
    /// The destination's kind.
    pub destination_kind: String,
    /// Its state: `waiting`, `held`, `delivered`, `failed`, `suppressed`, `canceled`.
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
    pub run_at: Option<i64>,
    /// When its message was erased.
    pub erased_at: Option<i64>,
    /// SHA-256 of what had been sent of it by then; none where nothing had.
    pub message_digest: Option<Vec<u8>>,
}
from_row!(Delivery {
    id,
    campaign_key,
    submission_id,
    event_id,
    event_name,
    destination_id,
    destination_kind,
    state,
    attempts,
    retries_max,
    created_at,
    updated_at,
    run_at,
    erased_at,
    message_digest
});

/// The newest delivery of a submission, as far as it says how the submission stands.
#[derive(Debug, Clone)]
pub struct NewestDelivery {
    /// Attempts made.
    pub attempts: i64,
    /// Retries allowed after the first attempt.
    pub retries_max: i64,
    /// When it is tried next.
    pub run_at: Option<i64>,
    /// The detail of the last attempt, a JSON object; none where there is none any more.
    pub attempt: Option<Vec<u8>>,
}
from_row!(NewestDelivery { attempts, retries_max, run_at, attempt });

/// The columns of a message: its head, and its body.
type HeadAndBody = (Option<Vec<u8>>, Option<Vec<u8>>);

/// One request that was made.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub number: i64,
    /// When it began.
    pub started_at: i64,
    /// How long it took.
    pub elapsed_ms: i64,
    /// The HTTP status; none when there was no response.
    pub status: Option<i64>,
    /// What it meant.
    pub outcome: String,
    /// More, a JSON object.
    pub detail: Vec<u8>,
}
from_row!(AttemptRow { number, started_at, elapsed_ms, status, outcome, detail });

/// An event as the API shows it.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The submission's state after it; none for a reported event.
    pub status: Option<String>,
    /// The `context` of the payload, a JSON object.
    pub details: Vec<u8>,
    /// What the source of a reported event said, JSON.
    pub payload: Option<Vec<u8>>,
    /// The id of its category.
    pub category_id: Option<i64>,
    /// The name of its category.
    pub category_name: Option<String>,
    /// When it happened.
    pub occurred_at: i64,
}
from_row!(EventRow { id, name, status, details, payload, category_id, category_name, occurred_at });

macro_rules! select_events {
    () => {
        "select id, name, status, details, payload, category_id, category_name, occurred_at from events"
    };
}

macro_rules! insert_events {
    ($connection:expr, $events:expr) => {
        insert_many!($connection, "insert into events (id, organization_id, subject_kind, subject_id, campaign_key, name, status, details, occurred_at) values",
            "(?, ?, 'submission', ?, ?, ?, ?, ?, ?)", "", $events,
            |query, e| query.bind(&e.id).bind(&e.organization_id).bind(&e.submission_id).bind(&e.campaign_key).bind(e.name).bind(e.status)
                .bind(e.details.as_slice()).bind(e.occurred_at.0))
    };
}
pub(super) use insert_events;

macro_rules! insert_deliveries {
    ($connection:expr, $deliveries:expr, $now:expr) => {
        insert_many!($connection,
            "insert into deliveries (id, organization_id, campaign_key, submission_id, event_id, destination_id, destination_version, destination_kind, shard, state, attempts, \
             retries_max, created_at, updated_at, run_at, expires_at, campaign_version_id, message_head, message_body) values",
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)", "", $deliveries,
            |query, d| query.bind(&d.id).bind(&d.organization_id).bind(&d.campaign_key).bind(&d.submission_id).bind(d.event_id.as_deref())
                .bind(&d.destination_id).bind(d.destination_version).bind(d.destination_kind.as_str()).bind(i64::from(d.shard)).bind(d.first_state().as_str()).bind(d.retries_max).bind($now.0).bind($now.0)
                .bind((!d.is_suppressed).then_some($now.0)).bind(d.expires_at).bind(d.campaign_version_id.as_deref()).bind(d.message.as_ref().map(|message| message.head_json())).bind(d.message.as_ref().and_then(|message| message.body.as_deref())))
    };
}
pub(super) use insert_deliveries;

const COLUMNS: &str = "select d.id, d.campaign_key, nullif(d.submission_id, d.event_id) as submission_id, d.event_id, e.name as event_name, d.destination_id, d.destination_kind, d.state, d.attempts, d.retries_max, \
     d.created_at, d.updated_at, d.run_at, d.erased_at, d.message_digest from deliveries d left join events e on e.organization_id = d.organization_id and e.id = d.event_id";

impl Store {
    /// Keeps messages that were shaped apart from the step that caused them. One that was shaped or erased meanwhile stays as it is.
    #[boxed]
    pub async fn commit_shaped(&self, shaped: &[(DeliveryKey, Shaped)], now: Timestamp) -> Result<(), StoreError> {
        writing!(self, Class::Processing, connection => {
            for (key, result) in shaped {
                match result {
                    Shaped::Message(message) => {
                        sqlx::query("update deliveries set message_head = $1, message_body = $2, updated_at = $3 where organization_id = $4 and id = $5 and message_head is null and state = 'waiting'")
                            .bind(message.head_json()).bind(message.body.as_deref()).bind(now.0).bind(&key.organization_id).bind(&key.id).execute(&mut *connection).await?;
                    }
                    Shaped::Failed { attempt_id, detail } => {
                        sqlx::query("insert into attempts (organization_id, delivery_id, id, number, started_at, elapsed_ms, outcome, detail) \
                             values ($1, $2, $3, 0, $4, 0, 'shaping_failed', $5) on conflict do nothing")
                            .bind(&key.organization_id).bind(&key.id).bind(attempt_id).bind(now.0).bind(detail.as_slice()).execute(&mut *connection).await?;
                        sqlx::query("update deliveries set state = 'failed', run_at = null, updated_at = $1 where organization_id = $2 and id = $3 and state = 'waiting'")
                            .bind(now.0).bind(&key.organization_id).bind(&key.id).execute(&mut *connection).await?;
                    }
                }
            }
        });
        Ok(())
    }

    /// The deliveries of an organization, the newest first, older than `before`; of one submission, campaign, destination or state if given.
    #[boxed]
    pub async fn deliveries(
        &self,
        organization_id: &str,
        filter: &DeliveryFilter,
        before: &str,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (conditions, given) = filter.conditions(organization_id);
        let (before_at, limit_at) = (given.len() + 1, given.len() + 2);
        let sql = format!("{COLUMNS} where {conditions} and d.id < ${before_at} order by d.id desc limit ${limit_at}");
        Ok(reading!(self, connection => {
            let query = given.iter().fold(sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())), |query, value| query.bind(*value));
            query.bind(before_or_end(before)).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// One delivery with its message and its newest attempts (`attempts_shown_max`), in their order.
    #[boxed]
    pub async fn delivery(
        &self,
        organization_id: &str,
        id: &str,
    ) -> Result<Option<(Delivery, Option<Message>, Vec<AttemptRow>)>, StoreError> {
        let sql = format!("{COLUMNS} where d.organization_id = $1 and d.id = $2");
        let (found, attempts) = reading!(self, connection => {
            let found: Option<Delivery> = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?;
            let Some(found) = found else { return Ok(None) };
            // Ids sort by time.
            let attempts: Vec<AttemptRow> = sqlx::query_as("select number, started_at, elapsed_ms, status, outcome, detail from attempts \
                 where organization_id = $1 and delivery_id = $2 order by id desc limit $3")
                .bind(organization_id).bind(id).bind(self.limits.attempts_shown_max).fetch_all(&mut *connection).await?;
            (found, attempts.into_iter().rev().collect())
        });
        Ok(Some((found, self.delivery_message(organization_id, id).await?, attempts)))
    }

    /// The newest delivery of a submission to a destination of this kind, with its last attempt.
    #[boxed]
    pub async fn newest_delivery(
        &self,
        organization_id: &str,
        submission_id: &str,
        kind: DestinationKind,
    ) -> Result<Option<NewestDelivery>, StoreError> {
        const SQL: &str = "select d.attempts, d.retries_max, d.run_at, (select a.detail from attempts a where a.organization_id = d.organization_id \
            and a.delivery_id = d.id order by a.id desc limit 1) as attempt from deliveries d \
            where d.organization_id = $1 and d.submission_id = $2 and d.destination_kind = $3 order by d.id desc limit 1";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(submission_id).bind(kind.as_str()).fetch_optional(&mut *connection).await?
        }))
    }

    /// The message of a delivery; none when there is no such delivery, or it is to be shaped yet.
    #[boxed]
    pub async fn delivery_message(&self, organization_id: &str, id: &str) -> Result<Option<Message>, StoreError> {
        let found: Option<HeadAndBody> = reading!(self, connection => {
            sqlx::query_as("select message_head, message_body from deliveries where organization_id = $1 and id = $2")
                .bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        });
        let Some((Some(head), body)) = found else { return Ok(None) };
        Message::read(id, &head, body).map(Some)
    }

    /// The events of a submission, in order.
    #[boxed]
    pub async fn events_of_submission(
        &self,
        organization_id: &str,
        submission_id: &str,
    ) -> Result<Vec<EventRow>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as(concat!(select_events!(), " where organization_id = $1 and subject_id = $2 order by id")).bind(organization_id).bind(submission_id).fetch_all(&mut *connection).await?
        }))
    }

    /// Events that sources reported of a lead or a person without a submission, after an id and in their order; of those that are erased none.
    #[boxed]
    pub async fn reported_events(
        &self,
        organization_id: &str,
        subject_id: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<EventRow>, StoreError> {
        const SQL: &str = concat!(
            select_events!(),
            " where organization_id = $1 and subject_id = $2 and $3 < id and details <> $4 order by id limit $5"
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(subject_id).bind(after).bind(NOTHING).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// Sends again what a webhook was not told: its deliveries that failed or were suppressed, of an event if one is named, in a range of ids and in their
    /// order; so many at most, with as many retries as are given. Returns the shards of what was made due, and the last id.
    #[boxed]
    pub async fn resend_deliveries(
        &self,
        organization_id: &str,
        filter: &ResendFilter,
        retries: u8,
        entry: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<(Vec<u16>, Option<String>), StoreError> {
        // `state || ''` is not a column: they are found by their destination.
        const FIND: &str = "select d.id, d.event_id, d.organization_id, d.erased_at from deliveries d where d.destination_id = $1 and d.event_id is not null and $2 < d.id and d.id < $3 \
             and d.state || '' in ('failed', 'suppressed') and d.destination_kind <> 'action' order by d.id limit $4";
        const RESEND: &str = "update deliveries set state = 'waiting', retries_max = attempts + $4, updated_at = $1, run_at = $1, \
             destination_version = coalesce((select d.version from destinations d where d.id = deliveries.destination_id), destination_version) \
             where organization_id = $2 and id = $3 and state || '' in ('failed', 'suppressed') and erased_at is null returning shard";
        let ResendFilter { destination_id, event, after, before, limit } = filter;
        let (shards, last): (Vec<i64>, Option<String>) = writing!(self, connection => {
            let found: Vec<(String, String, String, Option<i64>)> = sqlx::query_as(FIND).bind(destination_id).bind(after).bind(before_or_end(before)).bind(limit)
                .fetch_all(&mut *connection).await?;
            let mut shards = Vec::new();
            for (id, event_id, owner, erased_at) in &found {
                if owner != organization_id || erased_at.is_some() {
                    continue;
                }
                if let Some(event) = event {
                    let name: Option<String> = sqlx::query_scalar("select name from events where organization_id = $1 and id = $2")
                        .bind(organization_id).bind(event_id).fetch_optional(&mut *connection).await?;
                    if name.as_ref() != Some(event) {
                        continue;
                    }
                }
                let shard: Option<i64> = sqlx::query_scalar(RESEND).bind(now.0).bind(organization_id).bind(id).bind(i64::from(retries))
                    .fetch_optional(&mut *connection).await?;
                shards.extend(shard);
            }
            if let Some(entry) = entry {
                insert_audit!(self, connection, entry, destination_id, now);
            }
            (shards, found.into_iter().next_back().map(|(id, ..)| id))
        });
        let shards: Vec<u16> = shards.into_iter().filter_map(|shard| u16::try_from(shard).ok()).collect();
        self.signal_shards(&shards).await?;
        Ok((shards, last))
    }

    /// Sends an event's delivery once more, with the same id and bytes (W11), and with as many retries after it as are given, to the
    /// receiver that its destination has now. Leads on their way to a client are not resent here: that is a repost. Nor is an action asked again. Returns the destination and the shard of what was made due.
    #[boxed]
    pub async fn resend_delivery(
        &self,
        organization_id: &str,
        id: &str,
        retries: u8,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<(String, u16)>, StoreError> {
        let resent: Option<(String, i64)> = writing!(self, connection => {
            let resent = sqlx::query_as("update deliveries set state = 'waiting', retries_max = attempts + $4, updated_at = $1, run_at = $1, \
                 destination_version = coalesce((select d.version from destinations d where d.id = deliveries.destination_id), destination_version) \
                 where id = $2 and organization_id = $3 and event_id is not null and erased_at is null and destination_kind <> 'action' and state not in ('waiting', 'held') returning destination_id, shard")
                .bind(now.0).bind(id).bind(organization_id).bind(i64::from(retries)).fetch_optional(&mut *connection).await?;
            if resent.is_some() {
                insert_audit!(self, connection, entry, id, now);
            }
            resent
        });
        let Some((destination_id, shard)) = resent else { return Ok(None) };
        let shard = u16::try_from(shard).unwrap_or(0);
        self.signal_shards(&[shard]).await?;
        Ok(Some((destination_id, shard)))
    }
}

/// Which delivery is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryKey {
    /// Its organization.
    pub organization_id: String,
    /// Its id.
    pub id: String,
}

/// What became of shaping a message.
#[derive(Debug, Clone)]
pub enum Shaped {
    /// The message.
    Message(Message),
    /// There is none.
    Failed {
        /// The id of the attempt with that response.
        attempt_id: String,
        /// Why, a JSON object.
        detail: Vec<u8>,
    },
}

/// Which deliveries of a webhook are sent again.
#[derive(Debug, Clone)]
pub struct ResendFilter {
    /// The webhook's destination.
    pub destination_id: String,
    /// Only those of this event.
    pub event: Option<String>,
    /// Only those whose id is greater.
    pub after: String,
    /// Only those whose id is smaller; empty for all.
    pub before: String,
    /// How many are looked at.
    pub limit: i64,
}

/// Which deliveries to list; an empty text does not filter.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of one submission.
    pub submission_id: String,
    /// In one state.
    pub state: Option<DeliveryState>,
    /// Of one campaign (the store's id).
    pub campaign_key: String,
    /// To one destination, which is told of events.
    pub destination_id: String,
}

impl DeliveryFilter {
    /// The conditions, as SQL whose parameters are numbered from 1, and these. Only what is asked for is in the statement, and the words of states are
    /// written out, so that an index can serve it.
    fn conditions<'a>(&'a self, organization_id: &'a str) -> (String, Vec<&'a str>) {
        let in_state = match self.state {
            Some(DeliveryState::Delivered) => " and d.state = 'delivered'".to_owned(),
            // The second condition is the index's own: SQLite does not conclude it from the first.
            Some(state) => format!(" and d.state = '{}' and d.state <> 'delivered'", state.as_str()),
            None => String::new(),
        };
        let (campaign, submission) = (self.campaign_key.as_str(), self.submission_id.as_str());
        let (owned, given): (&str, Vec<&str>) = match (self.destination_id.as_str(), submission, campaign, self.state) {
            ("", "", "", None | Some(DeliveryState::Delivered)) => ("d.organization_id = $1", vec![organization_id]),
            // What is in a rare state is found campaign by campaign.
            ("", "", "", _) => (
                "d.campaign_key in (select campaign_key from campaigns where organization_id = $1)",
                vec![organization_id],
            ),
            // A campaign's key says whose it is.
            ("", "", _, _) => ("d.campaign_key = $1", vec![campaign]),
            ("", _, "", _) => ("d.organization_id = $1 and d.submission_id = $2", vec![organization_id, submission]),
            ("", _, _, _) => ("d.campaign_key = $1 and d.submission_id = $2", vec![campaign, submission]),
            // Found among those of the destination, whatever else is asked for; whose that is, is not the caller's word.
            (destination, "", "", _) => (
                "d.destination_id = $1 and d.event_id is not null and d.organization_id || '' = $2",
                vec![destination, organization_id],
            ),
            (destination, "", _, _) => (
                "d.destination_id = $1 and d.event_id is not null and d.campaign_key || '' = $2",
                vec![destination, campaign],
            ),
            (destination, _, "", _) => (
                "d.organization_id = $1 and d.submission_id = $2 and d.destination_id || '' = $3",
                vec![organization_id, submission, destination],
            ),
            (destination, _, _, _) => (
                "d.campaign_key || '' = $1 and d.organization_id = $2 and d.submission_id = $3 and d.destination_id || '' = $4",
                vec![campaign, organization_id, submission, destination],
            ),
        };
        (format!("{owned}{in_state}"), given)
    }
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
            prop_assert_eq!(Message::read("dlv_1", &message.head_json(), message.body.clone()).ok(), Some(message));
        }
    }
}
