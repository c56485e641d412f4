//! Durable ingestion: requests that arrive together share one commit (group commit), because on both databases the commit,
//! not the row, is what costs. A request is answered only after its commit.

use super::counts::{CountChanges, insert_count_changes};
use super::quotas::{Held, length};
use super::rejected::{NewRejectedRequest, Repost, insert_rejected, insert_reposts};
use super::rejections::{Rejections, housekeeping};
use super::turns::{Class, Turn};
use super::{Remedy, Store, StoreError};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::budget::Permit;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::State;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many rows one commit carries at most.
const ROWS_PER_COMMIT_MAX: usize = 4096;
/// How many bytes of bodies one commit carries at most.
const BYTES_PER_COMMIT_MAX: usize = 32 << 20;
/// How many requests may wait for a commit. Their bytes are bounded by the budget that their permits are of (H6).
const REQUESTS_WAITING_MAX: usize = 16_384;
/// How many rejected requests one commit carries at most.
const REJECTIONS_PER_COMMIT_MAX: usize = 1_024;
/// How many bytes of rejected requests one commit carries at most.
const REJECTED_BYTES_PER_COMMIT_MAX: i64 = 4 << 20;
/// How often a group is written again whose commit met somebody else's.
const AGAIN_MAX: usize = 3;
/// Commits under way at once on PostgreSQL.
const POSTGRES_COMMITTERS: usize = 3;
/// On SQLite, which has one writer, one commit waits for its turn while another is written: so intake never drops out of the order.
const SQLITE_COMMITTERS: usize = 2;

/// A request to be stored, with its submissions.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Which source key posted it.
    pub source_key_id: String,
    /// The channel of the request.
    pub channel: &'static str,
    /// Its content type.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// The bytes as received.
    pub body: Bytes,
    /// The response it gets, as JSON.
    pub response: Vec<u8>,
    /// When it was received.
    pub received_at: Timestamp,
    /// Until when its submissions wait for whoever wrote it; none where they are due at once.
    pub held_until: Option<Timestamp>,
    /// Its idempotency key, if it has one.
    pub key: Option<KeyUse>,
    /// The submissions.
    pub submissions: Vec<NewSubmission>,
    /// The rejected request that it was, when it is posted again.
    pub repost: Option<Repost>,
}

/// A submission to be stored: the place of its element in the body.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// Its index in the request.
    pub index: usize,
    /// The campaign (the store's id).
    pub campaign_key: String,
    /// The shard whose lease will cover it.
    pub shard: u16,
    /// The element's first byte in the body.
    pub element_start: usize,
    /// The element's length.
    pub element_bytes: usize,
}

/// The use of an idempotency key.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// SHA-256 of the key.
    pub key_hash: [u8; 32],
    /// SHA-256 of the body.
    pub body_digest: [u8; 32],
    /// Until when the key is taken.
    pub expires_at: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ingested {
    /// It is on disk.
    Accepted,
    /// The key has been used; nothing was added.
    Duplicate(FirstUse),
}

/// The first use of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// The request that used it.
    pub request_id: String,
    /// When.
    pub first_seen_at: Timestamp,
    /// Until when the key is taken.
    pub expires_at: Timestamp,
    /// SHA-256 of its body.
    pub body_digest: Vec<u8>,
}

/// Why a request could not be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IngestError {
    /// Too much waits already.
    #[error("too many requests wait to be written")]
    Overloaded,
    /// The database did not take it; nothing was added.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// Nobody writes requests any more.
    #[error("the host is stopping")]
    Stopping,
    /// Writing it broke off: it may be on disk.
    #[error("it is not known whether the request was written")]
    Unknown,
}

/// The queue in front of the group commit.
#[derive(Clone)]
pub struct Ingest {
    queue: mpsc::Sender<Waiting>,
    rejections: Rejections,
}

type Reply = oneshot::Sender<Result<Ingested, IngestError>>;

struct Waiting {
    request: NewRequest,
    reply: Reply,
    _permit: Permit,
}

impl Ingest {
    /// Starts the committers. They end when the last handle is gone and everything waiting is answered.
    pub fn start(store: &Store) -> Self {
        let (queue, receiver) = mpsc::channel(REQUESTS_WAITING_MAX);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        let committers = if store.is_shared() { POSTGRES_COMMITTERS } else { SQLITE_COMMITTERS };
        let rejections = Rejections::new(&store.limits);
        for _ in 0..committers {
            tokio::spawn(commit_forever(store.clone(), receiver.clone(), rejections.clone()));
        }
        tokio::spawn(housekeeping::run(store.clone(), rejections.downgrade()));
        Self { queue, rejections }
    }

    /// Keeps a request; returns when it is on disk. The permit for its bytes is held until then, also when nobody waits for it any more.
    #[boxed]
    pub async fn keep(&self, request: NewRequest, permit: Permit) -> Result<Ingested, IngestError> {
        let (reply, result) = oneshot::channel();
        self.queue.try_send(Waiting { request, reply, _permit: permit }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => IngestError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => IngestError::Stopping,
        })?;
        result.await.map_err(|_| IngestError::Unknown)?
    }

    /// Keeps a request that was rejected as a whole (I2). It returns when that is on disk, or is lost because more came than may wait or be
    /// written in a minute; and whether it is on disk. The permit for its bytes is held until then.
    #[boxed]
    pub async fn keep_rejected(&self, request: NewRejectedRequest, permit: Permit) -> bool {
        self.rejections.add(request, permit).await.is_ok()
    }

    /// Counts a rejected request for which there was no room in memory.
    pub fn lose_rejected(&self, organization_id: &str, now: Timestamp) {
        self.rejections.lose(organization_id, now);
    }
}

async fn commit_forever(store: Store, queue: Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting>>>, rejections: Rejections) {
    loop {
        let Some((group, turn)) = next_group(&store, &mut *queue.lock().await, &rejections).await else { return };
        match turn {
            Ok(turn) => {
                // One group that panics ends with itself, not with all that come after it.
                let (store, rejections) = (store.clone(), rejections.clone());
                if tokio::spawn(async move { commit_group(&store, group, &rejections, turn).await }).await.is_err() {
                    tracing::error!("writing a group of requests has panicked; they were answered with 503");
                }
            }
            Err(error) => reject_group(group.into_iter().map(|waiting| waiting.reply), error),
        }
    }
}

/// The requests that wait when it is their turn, as many as one commit may carry; none when the queue is closed. They may be none where a
/// rejection waits.
async fn next_group(
    store: &Store,
    queue: &mut mpsc::Receiver<Waiting>,
    rejections: &Rejections,
) -> Option<(Vec<Waiting>, Result<Turn, StoreError>)> {
    let first = tokio::select! {
        biased;
        first = queue.recv() => Some(first?),
        () = rejections.some() => None,
    };
    let turn = store.turn(Class::Intake).await;
    let (mut rows, mut bytes) = first.as_ref().map(cost).unwrap_or_default();
    let mut group: Vec<Waiting> = first.into_iter().collect();
    while rows < ROWS_PER_COMMIT_MAX && bytes < BYTES_PER_COMMIT_MAX {
        let Ok(next) = queue.try_recv() else { break };
        let (more_rows, more_bytes) = cost(&next);
        rows += more_rows;
        bytes += more_bytes;
        group.push(next);
    }
    Some((group, turn))
}

fn cost(waiting: &Waiting) -> (usize, usize) {
    (1 + waiting.request.submissions.len(), waiting.request.body.len())
}

/// Writes a group, with the rejections that wait. What of it could be written is; each is told.
async fn commit_group(store: &Store, group: Vec<Waiting>, rejections: &Rejections, turn: Turn) {
    let (requests, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|w| (w.request, (w.reply, w._permit))).unzip();
    let waiting = rejections.take(REJECTIONS_PER_COMMIT_MAX, REJECTED_BYTES_PER_COMMIT_MAX);
    let rejected: Vec<&NewRejectedRequest> = waiting.iter().map(|one| &one.row).collect();
    let written = keep_parts(store, &requests, &rejected, turn).await;
    rejections.end(waiting, written.rejected);
    // Before the permits for them.
    drop(requests);
    for ((reply, _permit), kept) in replies.into_iter().zip(written.requests) {
        // A source that hung up finds its response under its idempotency key.
        let _ = reply.send(kept);
    }
}

type Kept = Result<Ingested, IngestError>;

/// What became of a group.
struct Written {
    requests: Vec<Kept>,
    /// Whether the rejections are on disk.
    rejected: bool,
}

impl Written {
    /// Requests alone.
    fn requests(requests: Vec<Kept>) -> Self {
        Self { requests, rejected: false }
    }
}

/// Writes requests in one commit; where that fails for something of theirs, in halves, so that one spoils nothing but itself. Rejections are
/// not worth that: they go with the first attempt or not at all.
#[boxed]
async fn keep_parts(store: &Store, requests: &[NewRequest], rejected: &[&NewRejectedRequest], turn: Turn) -> Written {
    let (mut turn, mut rejected) = (Ok(turn), rejected);
    for attempt in 0..=AGAIN_MAX {
        let kept = match turn {
            Ok(turn) => keep_or_find(store, requests, rejected, turn).await,
            Err(error) => Err(error),
        };
        let error = match kept {
            Ok(results) => {
                return Written { requests: results.into_iter().map(Ok).collect(), rejected: !rejected.is_empty() };
            }
            Err(error) => error,
        };
        match error.trouble().remedy() {
            Remedy::Again if attempt < AGAIN_MAX => {}
            Remedy::Halve if 1 < requests.len() => {
                let (first, second) = requests.split_at(requests.len() / 2);
                let halves = [keep_part(store, first).await, keep_part(store, second).await];
                return Written::requests(halves.concat());
            }
            // Were the rejections what was wrong?
            Remedy::Halve if !rejected.is_empty() && !requests.is_empty() && attempt < AGAIN_MAX => rejected = &[],
            Remedy::Again | Remedy::Halve | Remedy::Later => {
                return Written::requests(not_kept(requests, error));
            }
        }
        turn = store.turn(Class::Intake).await;
    }
    Written::requests(Vec::new())
}

async fn keep_part(store: &Store, requests: &[NewRequest]) -> Vec<Kept> {
    match store.turn(Class::Intake).await {
        Ok(turn) => keep_parts(store, requests, &[], turn).await.requests,
        Err(error) => not_kept(requests, error),
    }
}

/// Nothing of these was written.
fn not_kept(requests: &[NewRequest], error: StoreError) -> Vec<Kept> {
    let (error, first) = (Arc::new(error), requests.first().map(|request| request.id.as_str()));
    tracing::error!(error = %error, requests = requests.len(), request_id = first, "requests could not be written");
    requests.iter().map(|_| Err(IngestError::Store(error.clone()))).collect()
}

/// The response to a COMMIT may be lost while the commit succeeded: what is in the database then decides, not the error.
async fn keep_or_find(
    store: &Store,
    requests: &[NewRequest],
    rejected: &[&NewRejectedRequest],
    turn: Turn,
) -> Result<Vec<Ingested>, StoreError> {
    match store.write_requests(requests, rejected, turn).await {
        Err(error) if !error.is_of_row() => match store.are_kept(requests).await {
            Ok(true) => Ok(requests.iter().map(|_| Ingested::Accepted).collect()),
            Ok(false) | Err(_) => Err(error),
        },
        other => other,
    }
}

/// Nothing of a group was written.
fn reject_group(replies: impl ExactSizeIterator<Item = Reply>, error: StoreError) {
    let error = Arc::new(error);
    tracing::error!(error = %error, requests = replies.len(), "requests could not be written");
    for reply in replies {
        let _ = reply.send(Err(IngestError::Store(error.clone())));
    }
}

impl Store {
    /// Keeps several requests in one commit. Of two with the same idempotency key the first wins (I4).
    pub async fn keep_requests(&self, requests: &[NewRequest]) -> Result<Vec<Ingested>, StoreError> {
        let turn = self.turn(Class::Intake).await?;
        self.write_requests(requests, &[], turn).await
    }

    #[boxed]
    async fn write_requests(
        &self,
        requests: &[NewRequest],
        rejected: &[&NewRejectedRequest],
        turn: Turn,
    ) -> Result<Vec<Ingested>, StoreError> {
        let (firsts, seconds) = by_first_use(requests);
        let mut keyed: Vec<&NewRequest> = firsts.iter().copied().filter(|request| request.key.is_some()).collect();
        // Always in one order: two hosts that insert the same keys wait for each other, but never in a circle.
        keyed.sort_by(|a, b| idempotency_key(a).cmp(&idempotency_key(b)));
        let uses: HashMap<String, FirstUse> = committing!(self, turn, connection => {
            let mut won: HashSet<String> = HashSet::new();
            for chunk in super::database::chunks(&keyed) {
                let sql = super::database::many_sql(
                    &*connection,
                    "insert into idempotency (organization_id, key_hash, request_id, body_digest, first_seen_at, expires_at) values",
                    "(?, ?, ?, ?, ?, ?)", chunk.len(),
                    "on conflict (organization_id, key_hash) do update set request_id = excluded.request_id, body_digest = excluded.body_digest, \
                     first_seen_at = excluded.first_seen_at, expires_at = excluded.expires_at \
                     where idempotency.expires_at <= excluded.first_seen_at returning request_id");
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                for request in chunk {
                    let Some(key) = &request.key else { continue };
                    query = query.bind(&request.organization_id).bind(key.key_hash.as_slice()).bind(&request.id)
                        .bind(key.body_digest.as_slice()).bind(request.received_at.0).bind(key.expires_at.0);
                }
                won.extend(query.fetch_all(&mut *connection).await?);
            }
            let mut uses = HashMap::new();
            for request in keyed.iter().filter(|request| !won.contains(&request.id)) {
                let Some(key) = &request.key else { continue };
                let row: (String, Vec<u8>, i64, i64) = sqlx::query_as(FIRST_USE).bind(&request.organization_id).bind(key.key_hash.as_slice())
                    .fetch_one(&mut *connection).await?;
                uses.insert(request.id.clone(), first_use(row));
            }
            let kept: Vec<&NewRequest> = firsts.iter().copied().filter(|request| !uses.contains_key(&request.id)).collect();
            insert_many!(connection,
                "insert into requests (id, organization_id, source_key_id, channel, content_type, metadata, remote_address, body, response, received_at) values",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "", &kept,
                |query, r| query.bind(&r.id).bind(&r.organization_id).bind(&r.source_key_id).bind(r.channel).bind(&r.content_type)
                    .bind(r.metadata.as_slice()).bind(r.remote_address.as_deref()).bind(r.body.as_ref()).bind(r.response.as_slice()).bind(r.received_at.0));
            let rows: Vec<(&NewRequest, &NewSubmission)> = kept.iter().flat_map(|request| request.submissions.iter().map(|s| (*request, s))).collect();
            insert_many!(connection,
                "insert into submissions (id, request_id, organization_id, campaign_key, shard, element_start, element_bytes, state, revision, \
                 received_at, updated_at, run_at, is_test) values",
                "(?, ?, ?, ?, ?, ?, ?, 'received', 0, ?, ?, ?, false)", "", &rows,
                |query, row| query.bind(submission_id(&row.0.id, row.1.index)).bind(&row.0.id).bind(&row.0.organization_id).bind(&row.1.campaign_key).bind(i64::from(row.1.shard))
                    .bind(to_i64(row.1.element_start)).bind(to_i64(row.1.element_bytes))
                    .bind(row.0.received_at.0).bind(row.0.received_at.0).bind(row.0.held_until.unwrap_or(row.0.received_at).0));
            let mut counts = CountChanges::default();
            rows.iter().for_each(|(request, submission)| counts.add(&request.organization_id, &submission.campaign_key, State::Received));
            for request in &kept {
                let bytes = length(&request.body) + length(&request.metadata) + length(&request.response);
                counts.hold(&request.organization_id, Held::Requests, bytes);
            }
            for request in rejected {
                counts.reject(&request.organization_id, 1, request.held_bytes());
            }
            let received_at = kept.first().map(|request| request.received_at);
            if let Some(now) = received_at.or(rejected.first().map(|request| request.rejected_at)) {
                insert_count_changes!(self, connection, counts, now);
            }
            insert_rejected!(connection, rejected);
            insert_reposts!(self, connection, &kept);
            uses
        });
        Ok((0..requests.len()).map(|at| resolve_request(requests, at, &seconds, &uses)).collect())
    }

    /// Whether these requests are in the database, every one: the ids are new, so only their own commit can have put them there.
    async fn are_kept(&self, requests: &[NewRequest]) -> Result<bool, StoreError> {
        if requests.is_empty() {
            return Ok(false);
        }
        for request in requests {
            if self.request(&request.organization_id, &request.id).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first use of a key that still counts, without using it.
    #[boxed]
    pub async fn first_use(
        &self,
        organization_id: &str,
        key: &KeyUse,
        now: Timestamp,
    ) -> Result<Option<FirstUse>, StoreError> {
        let row: Option<(String, Vec<u8>, i64, i64)> = reading!(self, connection => {
            sqlx::query_as(FIRST_USE).bind(organization_id).bind(key.key_hash.as_slice()).fetch_optional(&mut *connection).await?
        });
        Ok(row.map(first_use).filter(|first| now < first.expires_at))
    }
}

const FIRST_USE: &str = "select request_id, body_digest, first_seen_at, expires_at from idempotency where organization_id = $1 and key_hash = $2";

/// A submission's id: the request's, a dash, the index (I3).
pub fn submission_id(request_id: &str, index: usize) -> String {
    format!("{request_id}-{index}")
}

fn to_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn idempotency_key(request: &NewRequest) -> (&str, Option<&[u8; 32]>) {
    (&request.organization_id, request.key.as_ref().map(|key| &key.key_hash))
}

/// The requests that use their key first in this group, and for each other one the place of the first.
fn by_first_use(requests: &[NewRequest]) -> (Vec<&NewRequest>, HashMap<usize, usize>) {
    let (mut firsts, mut seconds, mut seen) = (Vec::with_capacity(requests.len()), HashMap::new(), HashMap::new());
    for (at, request) in requests.iter().enumerate() {
        let Some(key) = &request.key else {
            firsts.push(request);
            continue;
        };
        match seen.entry((&request.organization_id, &key.key_hash)) {
            std::collections::hash_map::Entry::Occupied(first) => {
                seconds.insert(at, *first.get());
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(at);
                firsts.push(request);
            }
        }
    }
    (firsts, seconds)
}

fn first_use((request_id, body_digest, first_seen_at, expires_at): (String, Vec<u8>, i64, i64)) -> FirstUse {
    FirstUse { request_id, body_digest, first_seen_at: Timestamp(first_seen_at), expires_at: Timestamp(expires_at) }
}

/// What became of one request of a group: a later use of a key is answered by the first, wherever that one was found.
fn resolve_request(
    requests: &[NewRequest],
    at: usize,
    seconds: &HashMap<usize, usize>,
    uses: &HashMap<String, FirstUse>,
) -> Ingested {
    let first = &requests[seconds.get(&at).copied().unwrap_or(at)];
    match (uses.get(&first.id), &first.key) {
        (Some(found), _) => Ingested::Duplicate(found.clone()),
        (None, Some(key)) if first.id != requests[at].id => Ingested::Duplicate(FirstUse {
            request_id: first.id.clone(),
            body_digest: key.body_digest.to_vec(),
            first_seen_at: first.received_at,
            expires_at: key.expires_at,
        }),
        _ => Ingested::Accepted,
    }
}
