//! The commit that erases marked submissions: whatever is kept of each, together or not at all.

use super::super::cap_counts::{GivenBack, give_slots_back};
use super::super::counts::{CountChanges, insert_count_changes};
use super::super::deliveries::{MessageHead, NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::super::outcome::NOTHING;
use super::super::quotas::{Held, length};
use super::super::turns::Class;
use super::{MarkedSubmission, OpenErasure, Store, StoreError, count_erased, note_erased};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::erasure::{CAUSE, kept_detail, message_digest};
use hookmill_domain::state::Change;

/// A submission to be erased, and how it was found: it is left for later where it has changed since.
#[derive(Debug, Clone)]
pub struct ErasedSubmission {
    /// The submission.
    pub row: MarkedSubmission,
    /// Its deliveries that are not over; nothing of them is under way.
    pub deliveries: Vec<String>,
    /// How it ends; none where it has ended.
    pub change: Option<Change>,
    /// Whether the slots of caps that it has come back: the client does not have it, which is certain.
    pub gives_slots_back: bool,
    /// What is told of it, without data.
    pub events: Vec<NewEvent>,
    /// Other leads that have an address of this one.
    pub related_leads: Vec<String>,
}

/// A request's body without the elements that are erased.
#[derive(Debug, Clone)]
pub struct ErasedBody {
    /// The request.
    pub request_id: String,
    /// What was erased of it before, as it was read.
    pub erased_before: Option<Vec<u8>>,
    /// What is erased of it now, a JSON object.
    pub erased: Vec<u8>,
    /// What is left of the body.
    pub body: Vec<u8>,
    /// What is left of the headers and the query, as JSON.
    pub metadata: Vec<u8>,
    /// Whether nothing is left, so that the address of the sender goes, too.
    pub is_whole: bool,
    /// How many bytes body and metadata had.
    pub bytes_before: i64,
}

impl ErasedBody {
    /// How many bytes more there are.
    pub(super) fn bytes_more(&self) -> i64 {
        length(&self.body) + length(&self.metadata) - self.bytes_before
    }
}

/// What one commit erases.
#[derive(Debug, Clone, Default)]
pub struct ErasurePiece {
    /// The submissions.
    pub submissions: Vec<ErasedSubmission>,
    /// The bodies of their requests.
    pub bodies: Vec<ErasedBody>,
    /// How many elements that is.
    pub elements: usize,
    /// Submissions that lose their element, since they share it with one of these.
    pub shared_elements: Vec<String>,
}

/// Writes what is left of a body, where nobody else has erased something of it since it was read; how many rows that were.
macro_rules! write_body {
    ($connection:expr, $organization_id:expr, $body:expr) => {
        sqlx::query($crate::erasures::erase::BODY)
            .bind($body.body.as_slice())
            .bind($body.metadata.as_slice())
            .bind($body.erased.as_slice())
            .bind(i64::from($body.is_whole))
            .bind($organization_id)
            .bind(&$body.request_id)
            .bind($body.erased_before.as_deref().unwrap_or_default())
            .bind(&b""[..])
            .execute(&mut *$connection)
            .await?
            .rows_affected()
    };
}
pub(super) use write_body;

/// Erases the messages about a submission, or about an event that is about none; how many messages and attempts had something.
macro_rules! erase_messages {
    ($connection:expr, $organization_id:expr, $subject_id:expr, $now:expr) => {{
        let (mut messages, mut attempts): (u64, u64) = (0, 0);
        let rows: Vec<$crate::erasures::erase::MessageRow> = sqlx::query_as($crate::erasures::erase::MESSAGES)
            .bind($organization_id)
            .bind($subject_id)
            .fetch_all(&mut *$connection)
            .await?;
        for (id, sent, head, body) in rows {
            messages += u64::from(head.is_some());
            let digest = $crate::erasures::erase::digest_of_sent(sent, head.as_deref(), body.as_deref());
            sqlx::query($crate::erasures::erase::MESSAGE)
                .bind(digest)
                .bind($now.0)
                .bind($organization_id)
                .bind(&id)
                .execute(&mut *$connection)
                .await?;
            attempts += sqlx::query($crate::erasures::erase::ATTEMPTS)
                .bind($crate::outcome::NOTHING)
                .bind($organization_id)
                .bind(&id)
                .execute(&mut *$connection)
                .await?
                .rows_affected();
        }
        (messages, attempts)
    }};
}
pub(super) use erase_messages;

pub(super) const BODY: &str = "update requests set body = $1, metadata = $2, erased = $3, remote_address = case when $4 = 1 then null else remote_address end \
     where organization_id = $5 and id = $6 and coalesce(erased, $8) = $7";
const ROW: &str = "update submissions set state = $1, revision = $2, updated_at = $3, erased_at = $3, run_at = null, lead_id = null, lead = null, decision = null, kept = null, \
     cap_slots = null, review_priority = null where organization_id = $4 and id = $5 and revision = $6 and erased_at is null and run_at is null";
const OPEN: &str = "select id, run_at from deliveries where organization_id = $1 and submission_id = $2 and state || '' in ('waiting', 'held') order by id";
const LINE: &str =
    "insert into timeline (organization_id, submission_id, revision, at, state, cause) values ($1, $2, $3, $4, $5, $6)";
const DETAILS: &str =
    "select revision, detail from timeline where organization_id = $1 and submission_id = $2 and detail is not null";
const DETAIL: &str =
    "update timeline set detail = $1 where organization_id = $2 and submission_id = $3 and revision = $4";
pub(super) const EVENTS: &str = "update events set details = $1, payload = null, category_name = null where organization_id = $2 and subject_id = $3";
pub(super) const MESSAGES: &str = "select id, attempts, message_head, message_body from deliveries where organization_id = $1 and submission_id = $2 and erased_at is null";
pub(super) const MESSAGE: &str = "update deliveries set message_head = null, message_body = null, message_digest = $1, erased_at = $2, run_at = null, \
     state = case when state in ('waiting', 'held') then 'canceled' else state end, updated_at = case when state in ('waiting', 'held') then $2 else updated_at end \
     where organization_id = $3 and id = $4";
pub(super) const ATTEMPTS: &str = "update attempts set detail = $1 where organization_id = $2 and delivery_id = $3";
const FIRSTS: &str = "delete from first_submissions where organization_id = $1 and submission_id = $2";

/// A message that is erased: its delivery, how many requests left for it, its head and its body.
pub(super) type MessageRow = (String, i64, Option<Vec<u8>>, Option<Vec<u8>>);

impl Store {
    /// Erases marked submissions. Where one of them, or a body, has changed since it was read, nothing is written; returns whether it was.
    #[boxed]
    pub async fn erase_submissions(
        &self,
        erasure: &OpenErasure,
        piece: &ErasurePiece,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let organization_id = erasure.organization_id.as_str();
        Ok(writing!(self, Class::Housekeeping, connection => {
            let mut erased = Erased::default();
            for ErasedSubmission { row, deliveries, change, .. } in &piece.submissions {
                let state = change.map_or(row.state.as_str(), |change| change.to().as_str());
                let revision = row.revision + i64::from(change.is_some());
                let done = sqlx::query(ROW).bind(state).bind(revision).bind(now.0).bind(organization_id).bind(&row.id).bind(row.revision)
                    .execute(&mut *connection).await?.rows_affected();
                let open: Vec<(String, Option<i64>)> = sqlx::query_as(OPEN).bind(organization_id).bind(&row.id).fetch_all(&mut *connection).await?;
                if done != 1 || !is_as_found(&open, deliveries) {
                    return Ok(false);
                }
                let details: Vec<(i64, Vec<u8>)> = sqlx::query_as(DETAILS).bind(organization_id).bind(&row.id).fetch_all(&mut *connection).await?;
                for (revision, detail) in details {
                    sqlx::query(DETAIL).bind(kept_detail(&detail)).bind(organization_id).bind(&row.id).bind(revision).execute(&mut *connection).await?;
                }
                if change.is_some() {
                    sqlx::query(LINE).bind(organization_id).bind(&row.id).bind(revision).bind(now.0).bind(state).bind(CAUSE)
                        .execute(&mut *connection).await?;
                }
                erased.events += sqlx::query(EVENTS).bind(NOTHING).bind(organization_id).bind(&row.id).execute(&mut *connection).await?.rows_affected();
                let (messages, attempts) = erase_messages!(connection, organization_id, &row.id, now);
                (erased.messages, erased.attempts) = (erased.messages + messages, erased.attempts + attempts);
                sqlx::query(FIRSTS).bind(organization_id).bind(&row.id).execute(&mut *connection).await?;
            }
            let mut given = GivenBack::default();
            for ErasedSubmission { row, .. } in piece.submissions.iter().filter(|one| one.gives_slots_back) {
                given.add(organization_id, &row.id, &row.campaign_key, row.cap_slots.as_deref().unwrap_or_default());
            }
            give_slots_back!(connection, &given, now);
            let mut counts = CountChanges::default();
            for ErasedSubmission { row, change, .. } in &piece.submissions {
                change.iter().for_each(|change| counts.change(organization_id, &row.campaign_key, *change));
            }
            for body in &piece.bodies {
                if write_body!(connection, organization_id, body) != 1 {
                    return Ok(false);
                }
                counts.hold(organization_id, Held::Requests, body.bytes_more());
            }
            insert_count_changes!(self, connection, counts, now);
            let events: Vec<&NewEvent> = piece.submissions.iter().flat_map(|one| &one.events).collect();
            insert_events!(connection, &events);
            let deliveries: Vec<&NewDelivery> = events.iter().flat_map(|event| &event.deliveries).collect();
            insert_deliveries!(connection, &deliveries, now);
            count_erased!(connection, organization_id, &erasure.id, erased.counts(piece));
            for one in &piece.submissions {
                note_erased!(connection, organization_id, &erasure.id, "related_lead", &one.related_leads);
            }
            note_erased!(connection, organization_id, &erasure.id, "shared_element", &piece.shared_elements);
            true
        }))
    }
}

/// How much a commit erased.
#[derive(Debug, Default)]
struct Erased {
    events: u64,
    messages: u64,
    attempts: u64,
}

impl Erased {
    fn counts(&self, piece: &ErasurePiece) -> [(&'static str, i64); 6] {
        let rows = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let len = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        [
            ("submissions", len(piece.submissions.len())),
            ("canceled", len(piece.submissions.iter().filter(|one| one.change.is_some()).count())),
            ("elements", len(piece.elements)),
            ("events", rows(self.events)),
            ("messages", rows(self.messages)),
            ("attempts", rows(self.attempts)),
        ]
    }
}

/// Whether the deliveries that are not over are those that were found, and none of them is due.
fn is_as_found(open: &[(String, Option<i64>)], found: &[String]) -> bool {
    open.len() == found.len() && open.iter().all(|(id, run_at)| run_at.is_none() && found.contains(id))
}

/// SHA-256 of what was sent; none where nothing was.
pub(super) fn digest_of_sent(attempts: i64, head: Option<&[u8]>, body: Option<&[u8]>) -> Option<Vec<u8>> {
    if attempts == 0 {
        return None;
    }
    let head: MessageHead = serde_json::from_slice(head?).ok()?;
    Some(message_digest(&head.query, body).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_what_changed_since_is_left_for_later() {
        let open =
            |rows: &[(&str, Option<i64>)]| rows.iter().map(|(id, at)| ((*id).to_owned(), *at)).collect::<Vec<_>>();
        let found = ["dlv_1".to_owned(), "dlv_2".to_owned()];
        for (rows, expected) in [
            (&[("dlv_1", None), ("dlv_2", None)][..], true),
            (&[("dlv_1", None), ("dlv_2", Some(5))], false),
            (&[("dlv_1", None)], false),
            (&[("dlv_1", None), ("dlv_3", None)], false),
        ] {
            assert_eq!(is_as_found(&open(rows), &found), expected, "{rows:?}");
        }
    }

    #[test]
    fn l12_only_what_was_sent_has_a_digest() {
        let head = br#"{"method":null,"query":[],"headers":[],"content_type":null}"#;
        assert_eq!(digest_of_sent(0, Some(head), Some(b"x")), None);
        assert_eq!(digest_of_sent(1, None, None), None);
        assert_eq!(digest_of_sent(1, Some(head), Some(b"x")), Some(message_digest(&[], Some(b"x")).to_vec()));
    }
}
