//! Due work as the loader reads it: which lanes have some, and what is due in one lane. Nothing is written: a lease on the shard, not a
//! claim on the row, decides who works on it.

use super::deliveries::Message;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use std::collections::HashMap;

/// A submission to process.
#[derive(Debug, Clone)]
pub struct SubmissionWork {
    /// Its id.
    pub id: String,
    /// The request that it belongs to.
    pub request_id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// The submission it was made from, when one element became several leads.
    pub parent_id: Option<String>,
    /// The shard whose lease covers it.
    pub shard: i64,
    /// Its element's first byte in the request's text.
    pub element_start: i64,
    /// Its element's length.
    pub element_bytes: i64,
    /// How many transitions it has behind it.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
    /// When it fell due.
    pub run_at: i64,
    /// The state in which it stands, as it is stored.
    pub state: String,
    /// The person; none where it was never mapped.
    pub lead_id: Option<String>,
    /// Where it goes on, as `stages::Kept` has it; none where it begins with its element.
    pub kept: Option<Vec<u8>>,
    /// When it was queued last.
    pub queued_at: Option<i64>,
}
from_row!(SubmissionWork {
    id,
    request_id,
    organization_id,
    campaign_key,
    parent_id,
    shard,
    element_start,
    element_bytes,
    revision,
    received_at,
    run_at,
    state,
    lead_id,
    kept,
    queued_at
});

/// The lead of a submission that goes on with it.
#[derive(Debug, Clone)]
pub struct StoredLead {
    /// The submission.
    pub id: String,
    /// The mapped lead.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// The verdict and the warnings, as JSON.
    pub decision: Option<Vec<u8>>,
}
from_row!(StoredLead { id, lead, is_test, decision });

/// The request of a submission.
#[derive(Debug, Clone)]
pub struct RequestWork {
    /// Its id.
    pub id: String,
    /// The channel of the request.
    pub channel: String,
    /// The name of the source key.
    pub source_name: Option<String>,
    /// Its content type.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// The elements that were erased, a JSON object; none where none was.
    pub erased: Option<Vec<u8>>,
    /// The bytes as received; once an element was erased, the text of the others.
    pub body: Vec<u8>,
}
from_row!(RequestWork { id, channel, source_name, content_type, metadata, remote_address, erased, body });

/// A delivery to make.
#[derive(Debug, Clone)]
pub struct DeliveryWork {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The campaign (the store's id); of a ping the client's.
    pub campaign_key: String,
    /// The submission.
    pub submission_id: String,
    /// Its campaign (the store's id).
    pub submission_campaign_key: String,
    /// How many transitions the submission has behind it.
    pub submission_revision: i64,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// The destination.
    pub destination_id: String,
    /// The version of the destination that it was made for.
    pub destination_version: i64,
    /// What kind of destination that is.
    pub destination_kind: String,
    /// The shard whose lease covers it.
    pub shard: u16,
    /// Attempts made so far.
    pub attempts: i64,
    /// Retries allowed after the first attempt.
    pub retries_max: i64,
    /// When it fell due.
    pub run_at: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it is worth nothing any more and is not sent.
    pub expires_at: Option<i64>,
    /// The message; none while it is to be shaped.
    pub message: Option<Message>,
    /// What shapes it and interprets its response: what the submission ran on, or of a ping what the client's campaign ran.
    pub campaign_version_id: Option<String>,
    /// Whether the receiver may have it without having said so.
    pub is_unanswered: bool,
    /// What is kept of the submission, as `stages::Kept` has it; of one on its way to the client, where it was moved to its campaign.
    pub kept: Option<Vec<u8>>,
}

struct DeliveryRow {
    id: String,
    organization_id: String,
    campaign_key: String,
    submission_id: String,
    submission_campaign_key: String,
    submission_revision: i64,
    event_id: Option<String>,
    destination_id: String,
    destination_version: i64,
    destination_kind: String,
    shard: i64,
    attempts: i64,
    retries_max: i64,
    run_at: i64,
    created_at: i64,
    expires_at: Option<i64>,
    message_bytes: Option<i64>,
    campaign_version_id: Option<String>,
    is_unanswered: bool,
    kept: Option<Vec<u8>>,
}
from_row!(DeliveryRow {
    id,
    organization_id,
    campaign_key,
    submission_id,
    submission_campaign_key,
    submission_revision,
    event_id,
    destination_id,
    destination_version,
    destination_kind,
    shard,
    attempts,
    retries_max,
    run_at,
    created_at,
    expires_at,
    message_bytes,
    campaign_version_id,
    is_unanswered,
    kept
});

/// A delivery that is due, before its message is read.
#[derive(Debug)]
pub struct DueDelivery {
    /// All but the message.
    pub work: DeliveryWork,
    /// How many bytes the message has; none while it is to be shaped.
    pub message_bytes: Option<i64>,
}

/// An event and its submission, as a message about it is shaped from them.
#[derive(Debug, Clone)]
pub struct EventWork {
    /// The event.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The submission's state after it.
    pub status: Option<String>,
    /// The `context` of the payload, a JSON object.
    pub details: Vec<u8>,
    /// What the source of a reported event said of it, JSON.
    pub payload: Option<Vec<u8>>,
    /// Its category's id.
    pub category_id: Option<i64>,
    /// Its category's name.
    pub category_name: Option<String>,
    /// When it happened.
    pub occurred_at: i64,
    /// The submission; none for a reported event that is about none.
    pub submission_id: Option<String>,
    /// The person.
    pub lead_id: Option<String>,
    /// The mapped lead.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: Option<bool>,
    /// When the submission was received.
    pub received_at: Option<i64>,
}
from_row!(EventWork {
    id,
    name,
    status,
    details,
    payload,
    category_id,
    category_name,
    occurred_at,
    submission_id,
    lead_id,
    lead,
    is_test,
    received_at
});

/// A lane that has work, due now or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneWork {
    /// Its organization.
    pub organization_id: String,
    /// The campaign or the destination.
    pub lane: String,
    /// When its first work falls due.
    pub run_at: i64,
}
from_row!(LaneWork { organization_id, lane, run_at });

/// What is due in a lane.
#[derive(Debug)]
pub struct DueRows<T> {
    /// The rows in their order.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
    /// When the first row falls due that is not due yet.
    pub next_at: Option<Timestamp>,
}

const SUBMISSION: &str = "select id, request_id, organization_id, campaign_key, parent_id, shard, element_start, element_bytes, revision, received_at, run_at, \
     state, lead_id, kept, queued_at from submissions";
const DELIVERY: &str = "select d.id, d.organization_id, d.campaign_key, d.submission_id, coalesce(s.campaign_key, d.campaign_key) as submission_campaign_key, coalesce(s.revision, 0) as submission_revision, d.event_id, d.destination_id, \
     d.destination_version, d.destination_kind, d.shard, d.attempts, d.retries_max, d.run_at, d.created_at, d.expires_at, d.message_bytes, d.is_unanswered, \
     case when d.destination_kind = 'ping' then d.campaign_version_id else coalesce(d.campaign_version_id, s.campaign_version_id) end as campaign_version_id, \
     case when d.event_id is null then s.kept end as kept from";
/// A delivery as it is sought: messages are large, and only their lengths are read.
const DUE_DELIVERY: &str = "select organization_id, id, campaign_key, submission_id, event_id, destination_id, destination_version, destination_kind, shard, attempts, \
     retries_max, run_at, created_at, expires_at, campaign_version_id, is_unanswered, cast(length(message_head) + coalesce(length(message_body), 0) as bigint) as message_bytes from deliveries";

impl Store {
    /// The lanes of submissions that have work in these shards. Lanes are found by seeking from one to the next in the index of due
    /// rows, so that a million rows of one lane cost one step.
    #[boxed]
    pub async fn submission_lanes(&self, shards: &[u16]) -> Result<Vec<LaneWork>, StoreError> {
        self.read_lanes("submissions", "campaign_key", shards).await
    }

    /// The lanes of deliveries that have work in these shards.
    #[boxed]
    pub async fn delivery_lanes(&self, shards: &[u16]) -> Result<Vec<LaneWork>, StoreError> {
        self.read_lanes("deliveries", "destination_id", shards).await
    }

    async fn read_lanes(&self, table: &str, lane: &str, shards: &[u16]) -> Result<Vec<LaneWork>, StoreError> {
        if shards.is_empty() {
            return Ok(Vec::new());
        }
        let lanes = lanes_sql(table, lane, shards);
        let sql = format!(
            "{lanes} select (select t.organization_id from {table} t where t.shard = lanes.shard and t.{lane} = lanes.lane and t.run_at is not null order by t.run_at limit 1) \
             as organization_id, lanes.lane as lane, \
             (select min(t.run_at) from {table} t where t.shard = lanes.shard and t.{lane} = lanes.lane and t.run_at is not null) as run_at \
             from lanes where lanes.lane is not null"
        );
        let found: Vec<LaneWork> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).fetch_all(&mut *connection).await?
        });
        Ok(found)
    }

    /// What is due of a campaign in these shards, in the order in which it fell due.
    #[boxed]
    pub async fn due_submissions(
        &self,
        campaign_key: &str,
        shards: &[u16],
        limit: usize,
        now: Timestamp,
    ) -> Result<DueRows<SubmissionWork>, StoreError> {
        let branches = shards.iter().map(|shard| {
            format!("select * from ({SUBMISSION} where shard = {shard} and campaign_key = $1 and run_at is not null order by run_at, id limit $2) as s{shard}")
        });
        let sql = format!(
            "select * from ({}) as due order by run_at, id limit $2",
            branches.collect::<Vec<_>>().join(" union all ")
        );
        let rows: Vec<SubmissionWork> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(limit_and_one(limit)).fetch_all(&mut *connection).await?
        });
        Ok(split(rows, limit, now, |row| row.run_at))
    }

    /// What is due for a destination in these shards, in the order in which it fell due. Messages are read by
    /// [`Store::messages_to_send`].
    #[boxed]
    pub async fn due_deliveries(
        &self,
        destination_id: &str,
        shards: &[u16],
        limit: usize,
        now: Timestamp,
    ) -> Result<DueRows<DueDelivery>, StoreError> {
        let branches = shards.iter().map(|shard| {
            format!("select * from ({DUE_DELIVERY} where shard = {shard} and destination_id = $1 and run_at is not null order by run_at, id limit $2) as d{shard}")
        });
        let sql = format!(
            "{DELIVERY} ({}) as d left join submissions s on s.organization_id = d.organization_id and s.id = d.submission_id order by d.run_at, d.id limit $2",
            branches.collect::<Vec<_>>().join(" union all ")
        );
        let rows: Vec<DeliveryRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(destination_id).bind(limit_and_one(limit)).fetch_all(&mut *connection).await?
        });
        let due = split(rows, limit, now, |row| row.run_at);
        let rows = due.rows.into_iter().map(DeliveryRow::into_due).collect();
        Ok(DueRows { rows, has_more: due.has_more, next_at: due.next_at })
    }

    /// The messages of due deliveries, by their ids, bodies and all.
    #[boxed]
    pub async fn messages_to_send(
        &self,
        organization_id: &str,
        ids: &[&str],
    ) -> Result<HashMap<String, Message>, StoreError> {
        const SELECT: &str = ") select d.id, d.message_head, d.message_body from v join deliveries d on d.organization_id = v.organization_id and d.id = v.id where d.message_head is not null";
        let rows = select_many!(self, query_as as (String, Vec<u8>, Option<Vec<u8>>), SELECT, organization_id, ids);
        let read = rows.into_iter().map(|(id, head, body)| {
            let message = Message::read(&id, &head, body)?;
            Ok((id, message))
        });
        read.collect()
    }

    /// The leads of submissions that go on with them.
    #[boxed]
    pub async fn stored_leads(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<StoredLead>, StoreError> {
        const SELECT: &str = ") select s.id, s.lead, s.is_test, s.decision from v join submissions s on s.organization_id = v.organization_id and s.id = v.id";
        Ok(select_many!(self, query_as as StoredLead, SELECT, organization_id, ids))
    }

    /// The sizes of the bodies of these requests, in bytes.
    #[boxed]
    pub async fn request_sizes(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<(String, i64)>, StoreError> {
        const SELECT: &str = ") select r.id, cast(length(r.body) as bigint) from v join requests r on r.organization_id = v.organization_id and r.id = v.id";
        Ok(select_many!(self, query_as as (String, i64), SELECT, organization_id, ids))
    }

    /// The requests of due submissions, bodies and all.
    #[boxed]
    pub async fn requests_to_read(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<RequestWork>, StoreError> {
        const SELECT: &str = ") select r.id, r.channel, k.name as source_name, r.content_type, r.metadata, r.remote_address, r.erased, r.body \
             from v join requests r on r.organization_id = v.organization_id and r.id = v.id left join source_keys k on k.id = r.source_key_id";
        Ok(select_many!(self, query_as as RequestWork, SELECT, organization_id, ids))
    }

    /// The events of deliveries that are still to be shaped, with their submissions.
    #[boxed]
    pub async fn events_to_shape(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<EventWork>, StoreError> {
        const SELECT: &str = ") select e.id, e.name, e.status, e.details, e.payload, e.category_id, e.category_name, e.occurred_at, s.id as submission_id, s.lead_id, s.lead, s.is_test, s.received_at \
             from v join events e on e.organization_id = v.organization_id and e.id = v.id \
             left join submissions s on s.organization_id = e.organization_id and s.id = e.subject_id";
        Ok(select_many!(self, query_as as EventWork, SELECT, organization_id, ids))
    }

    /// The submissions that were made from these before.
    #[boxed]
    pub async fn child_submissions(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<String>, StoreError> {
        const SELECT: &str =
            ") select s.id from v join submissions s on s.organization_id = v.organization_id and s.parent_id = v.id";
        Ok(select_many!(self, query_scalar as String, SELECT, organization_id, ids))
    }

    /// Lets submissions wait until `run_at` before they are processed again: nothing was decided about them.
    #[boxed]
    pub async fn defer_submissions(
        &self,
        organization_id: &str,
        ids: &[&str],
        run_at: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, Class::Housekeeping, connection => {
            for id in ids {
                sqlx::query("update submissions set run_at = $1 where organization_id = $2 and id = $3 and run_at is not null")
                    .bind(run_at.0).bind(organization_id).bind(*id).execute(&mut *connection).await?;
            }
        });
        Ok(())
    }

    /// Whether this commit happened: asked after the response to a COMMIT was lost.
    #[boxed]
    pub async fn is_committed(&self, commit_id: &str) -> Result<bool, StoreError> {
        let found: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar("select committed_at from commits where id = $1").bind(commit_id).fetch_optional(&mut *connection).await?
        });
        Ok(found.is_some())
    }

    /// Whether anything is due at this moment, or a queue is to be looked at.
    #[boxed]
    pub async fn is_busy_at(&self, now: Timestamp) -> Result<bool, StoreError> {
        // One statement, which sees one moment: what is due goes from one of them to the next.
        const SQL: &str = "select exists (select 1 from submissions where run_at <= $1) or exists (select 1 from deliveries where run_at <= $1) \
             or exists (select 1 from campaigns where queue_run_at <= $1)";
        Ok(reading!(self, connection => sqlx::query_scalar(SQL).bind(now.0).fetch_one(&mut *connection).await?))
    }
}

/// Makes a table `lanes` of the shards and lanes that have work, and of a null at the end of each shard.
pub(super) fn lanes_sql(table: &str, lane: &str, shards: &[u16]) -> String {
    let values = shards.iter().map(|shard| format!("({shard})")).collect::<Vec<_>>().join(", ");
    format!(
        "with recursive shards (shard) as (values {values}), \
         lanes (shard, lane) as (select shard, (select min(t.{lane}) from {table} t where t.shard = shards.shard and t.run_at is not null) from shards \
         union all select shard, (select min(t.{lane}) from {table} t where t.shard = lanes.shard and t.run_at is not null and t.{lane} > lanes.lane) \
         from lanes where lanes.lane is not null)"
    )
}

fn limit_and_one(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

fn split<T>(mut rows: Vec<T>, limit: usize, now: Timestamp, run_at: impl Fn(&T) -> i64) -> DueRows<T> {
    let due = rows.iter().take_while(|row| run_at(row) <= now.0).count();
    let next_at = rows.get(due).map(|row| Timestamp(run_at(row)));
    let has_more = limit < due;
    rows.truncate(due.min(limit));
    DueRows { rows, has_more, next_at: next_at.filter(|_| !has_more) }
}

impl DeliveryRow {
    fn into_due(self) -> DueDelivery {
        let work = DeliveryWork {
            id: self.id,
            organization_id: self.organization_id,
            campaign_key: self.campaign_key,
            submission_id: self.submission_id,
            submission_campaign_key: self.submission_campaign_key,
            submission_revision: self.submission_revision,
            event_id: self.event_id,
            destination_id: self.destination_id,
            destination_version: self.destination_version,
            destination_kind: self.destination_kind,
            shard: u16::try_from(self.shard).unwrap_or(0),
            attempts: self.attempts,
            retries_max: self.retries_max,
            run_at: self.run_at,
            created_at: self.created_at,
            expires_at: self.expires_at,
            message: None,
            campaign_version_id: self.campaign_version_id,
            is_unanswered: self.is_unanswered,
            kept: self.kept,
        };
        DueDelivery { work, message_bytes: self.message_bytes }
    }
}
