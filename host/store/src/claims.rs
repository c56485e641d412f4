//! Leases, not locks: a claim moves a row's due time into the near future and writes a token into it. A host that lives renews
//! what it holds; what a dead host held falls due by itself. Whoever finishes must still hold its token (fencing).

use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;

/// How long a claim lasts unless it is renewed, in milliseconds.
pub const LEASE_MS: i64 = 20_000;

/// A submission to process.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ClaimedSubmission {
    /// Its id.
    pub id: String,
    /// The request it came with.
    pub request_id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_id: String,
    /// The submission it was made from, when one element became several leads.
    pub parent_id: Option<String>,
    /// Its element's first byte in the request's body.
    pub element_start: i64,
    /// Its element's length.
    pub element_bytes: i64,
    /// How many transitions it has behind it.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
}

/// The request a submission came with.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ClaimedRequest {
    /// Its id.
    pub id: String,
    /// By which door it came.
    pub door: String,
    /// The name of the source key.
    pub source_name: Option<String>,
    /// Its content type.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub beside: Vec<u8>,
    /// Where it came from.
    pub remote_address: Option<String>,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

/// A message to shape for a webhook.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ClaimedShaping {
    /// The delivery.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The campaign.
    pub campaign_id: String,
    /// The event.
    pub event_id: String,
    /// The event's name.
    pub event_name: String,
    /// The submission's state after it.
    pub status: String,
    /// What goes into `context`, a JSON object.
    pub details: Vec<u8>,
    /// When it happened.
    pub occurred_at: i64,
    /// The submission.
    pub submission_id: String,
    /// The person.
    pub lead_id: Option<String>,
    /// The mapped lead.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// When the submission was received.
    pub received_at: i64,
    /// What the submission ran on.
    pub program_id: Option<String>,
}

/// A message to send.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The campaign.
    pub campaign_id: String,
    /// The submission.
    pub submission_id: String,
    /// The event; none for a lead on its way to the client.
    pub event_id: Option<String>,
    /// Where it goes.
    pub endpoint: String,
    /// Attempts made so far.
    pub attempts: i64,
    /// Retries allowed after the first attempt.
    pub retries_max: i64,
    /// The message, as `deliveries::Message` writes it.
    pub message: Vec<u8>,
    /// The claim's token.
    pub claim: String,
    /// What the submission ran on.
    pub program_id: Option<String>,
}

const REQUESTS: &str = "select r.id, r.door, k.name as source_name, r.content_type, r.beside, r.remote_address, r.body \
     from requests r left join source_keys k on k.id = r.source_key_id where r.id in (";

impl Store {
    /// A token for a claim of this host.
    pub fn claim_token(&self, now: Timestamp) -> String {
        self.minter.mint("clm", now)
    }

    /// Claims the submissions that have been due the longest.
    pub async fn claim_submissions(
        &self,
        token: &str,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ClaimedSubmission>, StoreError> {
        let sql = format!(
            "update submissions set due_at = $1, claim = $2, state = 'processing', updated_at = $3 where id in \
             (select id from submissions where due_at <= $3 order by due_at, element_start limit $4 {}) \
             returning id, request_id, organization_id, campaign_id, parent_id, element_start, element_bytes, revision, received_at",
            self.skip_locked()
        );
        if !self.is_submission_due(now).await? {
            return Ok(Vec::new());
        }
        let mut claimed: Vec<ClaimedSubmission> = writing!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(now.0 + LEASE_MS).bind(token).bind(now.0).bind(limit).fetch_all(&mut *connection).await?
        });
        claimed.sort_by(|a, b| {
            (a.received_at, &a.request_id, a.element_start, &a.id).cmp(&(
                b.received_at,
                &b.request_id,
                b.element_start,
                &b.id,
            ))
        });
        Ok(claimed)
    }

    /// Looks before it writes: an idle host does not touch the writer.
    async fn is_submission_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let due: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar("select due_at from submissions where due_at <= $1 order by due_at limit 1").bind(now.0).fetch_optional(&mut *connection).await?
        });
        Ok(due.is_some())
    }

    /// How many bytes the bodies of these requests have.
    pub async fn request_sizes(&self, ids: &[&str]) -> Result<Vec<(String, i64)>, StoreError> {
        let head = "select id, cast(length(body) as bigint) from requests where id in (";
        Ok(select_in!(self, query_as as (String, i64), head, ids))
    }

    /// The requests of claimed submissions, bodies and all.
    pub async fn claimed_requests(&self, ids: &[&str]) -> Result<Vec<ClaimedRequest>, StoreError> {
        Ok(select_in!(self, query_as as ClaimedRequest, REQUESTS, ids))
    }

    /// Claims the events that wait to be shaped for a webhook.
    pub async fn claim_shaping(
        &self,
        token: &str,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ClaimedShaping>, StoreError> {
        let due: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar("select shape_due_at from deliveries where shape_due_at <= $1 order by shape_due_at limit 1").bind(now.0)
                .fetch_optional(&mut *connection).await?
        });
        if due.is_none() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "update deliveries set shape_due_at = $1, claim = $2 where id in \
             (select id from deliveries where shape_due_at <= $3 order by shape_due_at, id limit $4 {})",
            self.skip_locked()
        );
        Ok(writing!(self, connection => {
            sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(now.0 + LEASE_MS).bind(token).bind(now.0).bind(limit).execute(&mut *connection).await?;
            sqlx::query_as("select d.id, d.organization_id, d.campaign_id, e.id as event_id, e.name as event_name, e.status, e.details, e.occurred_at, \
                 s.id as submission_id, s.lead_id, s.lead, s.is_test, s.received_at, s.program_id \
                 from deliveries d join events e on e.id = d.event_id join submissions s on s.id = d.submission_id \
                 where d.shape_due_at = $1 and d.claim = $2 order by d.id")
                .bind(now.0 + LEASE_MS).bind(token).fetch_all(&mut *connection).await?
        }))
    }

    /// Claims messages that are due, but none for the endpoints that have enough under way, and none that this host holds already:
    /// after an outage, what it sent and could not write yet looks due, and must not be sent again.
    pub async fn claim_deliveries(
        &self,
        token: &str,
        held: &[String],
        full: &[String],
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let holes = |from: usize, count: usize| (from..from + count).map(|at| format!(", ${at}")).collect::<String>();
        let (of_full, of_held) = (holes(5, full.len()), holes(5 + full.len(), held.len()));
        let due = format!(
            "due_at <= $3 and endpoint not in (''{of_full}) and coalesce(claim, '') not in ('-'{of_held}) order by due_at, id limit $4"
        );
        let look = format!(
            "select id from deliveries where cast($1 as bigint) is not null and cast($2 as text) is not null and {due}"
        );
        let take = format!(
            "update deliveries set due_at = $1, claim = $2 where id in (select id from deliveries where {due} {})",
            self.skip_locked()
        );
        let found: Option<String> = reading!(self, connection => {
            let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(look.as_str())).bind(now.0).bind(token).bind(now.0).bind(1_i64);
            for text in full.iter().chain(held) {
                query = query.bind(text);
            }
            query.fetch_optional(&mut *connection).await?
        });
        if found.is_none() {
            return Ok(Vec::new());
        }
        Ok(writing!(self, connection => {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(take.as_str())).bind(now.0 + LEASE_MS).bind(token).bind(now.0).bind(limit);
            for text in full.iter().chain(held) {
                query = query.bind(text);
            }
            query.execute(&mut *connection).await?;
            sqlx::query_as("select d.id, d.organization_id, d.campaign_id, d.submission_id, d.event_id, d.endpoint, d.attempts, d.retries_max, d.message, \
                 d.claim, s.program_id from deliveries d join submissions s on s.id = d.submission_id where d.due_at = $1 and d.claim = $2 order by d.id")
                .bind(now.0 + LEASE_MS).bind(token).fetch_all(&mut *connection).await?
        }))
    }

    /// The submissions that were made from these before.
    pub async fn children_of(&self, ids: &[&str]) -> Result<Vec<String>, StoreError> {
        Ok(select_in!(self, query_scalar as String, "select id from submissions where parent_id in (", ids))
    }

    /// Puts claimed submissions back in line, to be looked at again from `due_at` on: nothing was decided about them.
    pub async fn hand_back(
        &self,
        token: &str,
        ids: &[&str],
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, connection => {
            for id in ids {
                sqlx::query("update submissions set state = 'received', due_at = $1, claim = null, updated_at = $2 where id = $3 and claim = $4")
                    .bind(due_at.0).bind(now.0).bind(*id).bind(token).execute(&mut *connection).await?;
            }
        });
        Ok(())
    }

    /// Renews what this host holds. `after` is now, or after an outage the last time it succeeded: what ran out since then is still
    /// this host's, if nobody else has taken it.
    pub async fn renew(&self, tokens: &[String], after: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        if tokens.is_empty() {
            return Ok(());
        }
        writing!(self, connection => {
            for (table, due) in [("submissions", "due_at"), ("deliveries", "due_at"), ("deliveries", "shape_due_at")] {
                for chunk in super::database::chunks(tokens) {
                    let holes: String = (0..chunk.len()).map(|at| format!(", ${}", at + 3)).collect();
                    // A row that is locked is being finished: to wait for it could be to wait in a circle.
                    let sql = format!("update {table} set {due} = $1 where id in \
                         (select id from {table} where $2 < {due} and {due} <= $1 and claim in (''{holes}) {})", self.skip_locked());
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.0 + LEASE_MS).bind(after.0);
                    for token in chunk {
                        query = query.bind(token);
                    }
                    query.execute(&mut *connection).await?;
                }
            }
        });
        Ok(())
    }

    /// Makes everything that is claimed due at once. Only for a host that knows it is alone (SQLite, at its start).
    pub async fn release_all_claims(&self, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            for (table, due) in [("submissions", "due_at"), ("deliveries", "due_at"), ("deliveries", "shape_due_at")] {
                let sql = format!("update {table} set {due} = $1, claim = null where claim is not null and {due} is not null");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.0).execute(&mut *connection).await?;
            }
        });
        Ok(())
    }

    /// Hands back what a stopping host holds.
    pub async fn release_claims(&self, tokens: &[String], now: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            for token in tokens {
                for (table, due) in [("submissions", "due_at"), ("deliveries", "due_at"), ("deliveries", "shape_due_at")] {
                    let sql = format!("update {table} set {due} = $1, claim = null where claim = $2 and $1 < {due}");
                    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.0).bind(token).execute(&mut *connection).await?;
                }
            }
        });
        Ok(())
    }
}
