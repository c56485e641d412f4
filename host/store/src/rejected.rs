//! Requests that were rejected as a whole (I2): what is kept of them, and how many there are. Both are counted like other bytes (`quotas.rs`), and
//! `retention/rejected.rs` keeps them within their bounds.

use super::audit::AuditEntry;
use super::backlog::ALL;
use super::counts::{CountChanges, insert_count_changes};
use super::quotas::{HELD, length};
use super::requests::before_or_end;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::clock::Timestamp;

/// Their number, by its name among the counts.
pub(super) const ROWS: &str = "rejected_rows";
/// Their bytes, by their name among the counts.
pub(super) const BYTES: &str = "bytes_of_rejected";
/// How many were not kept, by its name among the counts.
pub(super) const LOST: &str = "rejected_not_kept";
/// What a row counts for beside what it holds: its ids and its places in indexes.
const ROW_BYTES: i64 = 512;

/// A request that was rejected as a whole, to be stored.
#[derive(Debug, Clone)]
pub struct NewRejectedRequest {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Which source key posted it.
    pub source_key_id: String,
    /// The source of that key.
    pub source_id: String,
    /// The channel of the request.
    pub channel: &'static str,
    /// The campaign that its address names.
    pub campaign_id: Option<String>,
    /// The error code.
    pub code: &'static str,
    /// The error, a JSON object.
    pub error: Vec<u8>,
    /// Its content type as it was sent.
    pub content_type: String,
    /// Its content encoding as it was sent.
    pub content_encoding: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// Its header `Idempotency-Key`.
    pub idempotency_key: Option<Vec<u8>>,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// How many bytes were received.
    pub body_bytes: i64,
    /// SHA-256 of the body, if all of it was received.
    pub body_digest: Option<[u8; 32]>,
    /// The bytes as received, or the first of them.
    pub body: Bytes,
    /// When it was rejected.
    pub rejected_at: Timestamp,
}

/// What is stored of a rejected request, apart from its body.
#[derive(Debug, Clone)]
pub struct RejectedRequest {
    /// Its id.
    pub id: String,
    /// Which source key posted it.
    pub source_key_id: String,
    /// The channel of the request.
    pub channel: String,
    /// The campaign that its address names.
    pub campaign_id: Option<String>,
    /// The error code.
    pub code: String,
    /// The error, a JSON object.
    pub error: Vec<u8>,
    /// Its content type as it was sent.
    pub content_type: String,
    /// Its content encoding as it was sent.
    pub content_encoding: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// Its header `Idempotency-Key`.
    pub idempotency_key: Option<Vec<u8>>,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// How many bytes were received.
    pub body_bytes: i64,
    /// How many of them are kept.
    pub kept_bytes: i64,
    /// SHA-256 of the body, if all of it was received.
    pub body_digest: Option<Vec<u8>>,
    /// When it was rejected.
    pub rejected_at: i64,
    /// The request that it became when it was posted again.
    pub reposted_as: Option<String>,
    /// When that was.
    pub reposted_at: Option<i64>,
}
from_row!(RejectedRequest {
    id,
    source_key_id,
    channel,
    campaign_id,
    code,
    error,
    content_type,
    content_encoding,
    metadata,
    idempotency_key,
    remote_address,
    body_bytes,
    kept_bytes,
    body_digest,
    rejected_at,
    reposted_as,
    reposted_at
});

/// Which rejected requests are listed; what is empty asks for all.
#[derive(Debug, Clone, Default)]
pub struct RejectedFilter {
    /// Only those of the source of this key.
    pub source_key_id: String,
    /// Only those whose address names this campaign.
    pub campaign_id: String,
    /// Only those with this error code.
    pub code: String,
    /// Only those from this id on.
    pub from: String,
}

/// How many rejected requests an organization has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RejectedFigures {
    /// How many are kept.
    pub rows: i64,
    /// How many bytes they take.
    pub bytes: i64,
    /// How many were not kept, because more came than may be stored in a minute or may wait.
    pub lost: i64,
}

/// The rejected request that a request was, when it is posted again: it becomes this one in the same commit, with its line in the audit log.
#[derive(Debug, Clone)]
pub struct Repost {
    /// The rejected request.
    pub rejected_id: String,
    /// Who posts it again.
    pub entry: AuditEntry,
}

const COLUMNS: &str = "select id, source_key_id, channel, campaign_id, code, error, content_type, content_encoding, metadata, idempotency_key, \
     remote_address, body_bytes, cast(length(body) as bigint) as kept_bytes, body_digest, rejected_at, reposted_as, reposted_at from rejected_requests";

impl NewRejectedRequest {
    /// What it counts for among the bytes that may be kept.
    pub(super) fn held_bytes(&self) -> i64 {
        let key = self.idempotency_key.as_deref().unwrap_or_default();
        let headers = self.content_type.len() + self.content_encoding.len() + key.len();
        let headers = i64::try_from(headers).unwrap_or(i64::MAX);
        ROW_BYTES + length(&self.body) + length(&self.error) + length(&self.metadata) + headers
    }
}

macro_rules! insert_rejected {
    ($connection:expr, $rejected:expr) => {
        insert_many!($connection,
            "insert into rejected_requests (organization_id, id, source_key_id, source_id, channel, campaign_id, code, error, content_type, content_encoding, metadata, \
             idempotency_key, remote_address, body_bytes, body_digest, held_bytes, rejected_at, body) values",
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "on conflict do nothing", $rejected,
            |query, r| query.bind(&r.organization_id).bind(&r.id).bind(&r.source_key_id).bind(&r.source_id).bind(r.channel).bind(r.campaign_id.as_deref())
                .bind(r.code).bind(r.error.as_slice()).bind(&r.content_type).bind(&r.content_encoding).bind(r.metadata.as_slice())
                .bind(r.idempotency_key.as_deref()).bind(r.remote_address.as_deref()).bind(r.body_bytes).bind(r.body_digest.as_ref().map(|digest| digest.as_slice()))
                .bind(r.held_bytes()).bind(r.rejected_at.0).bind(r.body.as_ref()))
    };
}
pub(super) use insert_rejected;

/// Has rejected requests become the requests that they are posted again as; ends the commit where one has become another already.
macro_rules! insert_reposts {
    ($store:expr, $connection:expr, $requests:expr) => {
        for request in $requests {
            let Some(repost) = &request.repost else { continue };
            let done = sqlx::query(
                "update rejected_requests set reposted_as = $1, reposted_at = $2 where organization_id = $3 and id = $4 and reposted_as is null",
            )
            .bind(&request.id)
            .bind(request.received_at.0)
            .bind(&request.organization_id)
            .bind(&repost.rejected_id)
            .execute(&mut *$connection)
            .await?
            .rows_affected();
            if done != 1 {
                return Err(StoreError::Conflict);
            }
            insert_audit!($store, $connection, repost.entry, &repost.rejected_id, request.received_at);
        }
    };
}
pub(super) use insert_reposts;

impl Store {
    /// The rejected requests of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn rejected_requests(
        &self,
        organization_id: &str,
        filter: &RejectedFilter,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RejectedRequest>, StoreError> {
        // Only what is asked for is in the statement, so that an index can serve it.
        let asked = [
            (&filter.source_key_id, "source_id", "(select source_id from source_keys where id = $N)"),
            (&filter.campaign_id, "campaign_id", "$N"),
            (&filter.code, "code", "$N"),
        ];
        let asked: Vec<_> = asked.into_iter().filter(|(value, ..)| !value.is_empty()).collect();
        let value = |at: usize| asked[at].2.replace("$N", &format!("${}", at + 5));
        // Rows are compared as pairs: of a range of ids alone SQLite without statistics makes a walk along the key, past all that is not asked for.
        let (range, order) = match asked.first() {
            Some((_, column, _)) => (
                format!("({column}, id) >= ({0}, $2) and ({column}, id) < ({0}, $3)", value(0)),
                format!("{column} desc, id desc"),
            ),
            None => ("$2 <= id and id < $3".to_owned(), "id desc".to_owned()),
        };
        let mut sql = format!("{COLUMNS} where organization_id = $1 and {range}");
        for (at, (_, column, _)) in asked.iter().enumerate().skip(1) {
            sql += &format!(" and {column} = {}", value(at));
        }
        sql += &format!(" order by {order} limit $4");
        Ok(reading!(self, connection => {
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
                .bind(organization_id).bind(&filter.from).bind(before_or_end(before)).bind(limit);
            for (value, ..) in &asked {
                query = query.bind(*value);
            }
            query.fetch_all(&mut *connection).await?
        }))
    }

    /// One rejected request, without its body.
    #[boxed]
    pub async fn rejected_request(
        &self,
        organization_id: &str,
        id: &str,
    ) -> Result<Option<RejectedRequest>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// What is kept of a rejected request's body.
    #[boxed]
    pub async fn rejected_body(&self, organization_id: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "select body from rejected_requests where organization_id = $1 and id = $2";
        Ok(reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// How many rejected requests an organization has.
    pub async fn rejected_figures(&self, organization_id: &str) -> Result<RejectedFigures, StoreError> {
        let [rows, bytes, lost] = self.rejected_counts(organization_id).await?;
        Ok(RejectedFigures { rows, bytes, lost })
    }

    /// How many all organizations have.
    pub(super) async fn rejected_figures_of_all(&self) -> Result<RejectedFigures, StoreError> {
        let [rows, bytes, lost] = self.rejected_counts(ALL).await?;
        Ok(RejectedFigures { rows, bytes, lost })
    }

    #[boxed]
    async fn rejected_counts(&self, owner: &str) -> Result<[i64; 3], StoreError> {
        Ok(reading!(self, connection => {
            let mut counts = [0; 3];
            for (count, name) in counts.iter_mut().zip([ROWS, BYTES, LOST]) {
                *count = sqlx::query_scalar(HELD).bind(owner).bind(name).fetch_one(&mut *connection).await?;
            }
            counts
        }))
    }

    /// Deletes a rejected request; returns whether there was one.
    #[boxed]
    pub async fn delete_rejected_request(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "delete from rejected_requests where organization_id = $1 and id = $2 returning held_bytes";
        Ok(writing!(self, connection => {
            let held: Option<i64> = sqlx::query_scalar(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?;
            if let Some(bytes) = held {
                let mut counts = CountChanges::default();
                counts.reject(organization_id, -1, -bytes);
                insert_count_changes!(self, connection, counts, now);
                insert_audit!(self, connection, entry, id, now);
            }
            held.is_some()
        }))
    }
}
