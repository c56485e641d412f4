//! The commit at the end of an attempt: the attempt, what follows for the delivery, and what follows for the submission. Attempts
//! that end together share one commit.

use super::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::State;

/// An attempt that ended.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// The delivery.
    pub delivery_id: String,
    /// The claim under which it was made.
    pub claim: String,
    /// Its number, from 1.
    pub number: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub elapsed_ms: i64,
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// What it meant, in one word.
    pub outcome: &'static str,
    /// More, a JSON object.
    pub detail: Vec<u8>,
    /// What follows for the delivery.
    pub next: Next,
    /// What follows for the submission.
    pub transition: Option<Transition>,
}

/// What follows for a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Retry(Timestamp),
    /// It was not tried at all, and is looked at again then.
    Later(Timestamp),
    /// It is over: `delivered`, `failed`, `skipped`.
    Over(&'static str),
}

/// What follows for a submission that was being delivered.
#[derive(Debug, Clone)]
pub struct Transition {
    /// The submission.
    pub submission_id: String,
    /// Where it stands now.
    pub state: State,
    /// Why, in one word.
    pub cause: &'static str,
    /// Facts for the timeline, a JSON object.
    pub detail: Vec<u8>,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
}

impl Store {
    /// Writes what several attempts led to. An attempt whose claim is no longer held is not written: whoever holds the claim
    /// makes it again. Answers how many were written.
    pub async fn commit_attempts(&self, attempts: &[Attempted], now: Timestamp) -> Result<usize, StoreError> {
        Ok(writing!(self, connection => {
            let mut written = 0;
            for attempt in attempts {
                let (state, due_at) = match attempt.next {
                    Next::Retry(at) | Next::Later(at) => ("waiting", Some(at.0)),
                    Next::Over(state) => (state, None),
                };
                let held = sqlx::query("update deliveries set state = $1, due_at = $2, attempts = $3, claim = null, updated_at = $4 where id = $5 and claim = $6")
                    .bind(state).bind(due_at).bind(attempt.number).bind(now.0).bind(&attempt.delivery_id).bind(&attempt.claim)
                    .execute(&mut *connection).await?.rows_affected();
                if held != 1 {
                    continue;
                }
                written += 1;
                if matches!(attempt.next, Next::Later(_)) {
                    continue;
                }
                sqlx::query("insert into attempts (delivery_id, number, started_at, elapsed_ms, status, outcome, detail) values ($1, $2, $3, $4, $5, $6, $7)")
                    .bind(&attempt.delivery_id).bind(attempt.number).bind(attempt.started_at.0).bind(attempt.elapsed_ms).bind(attempt.status.map(i64::from))
                    .bind(attempt.outcome).bind(attempt.detail.as_slice()).execute(&mut *connection).await?;
                let Some(transition) = &attempt.transition else { continue };
                let revision: Option<i64> = sqlx::query_scalar("update submissions set state = $1, revision = revision + 1, updated_at = $2 \
                     where id = $3 and state = 'delivering' returning revision")
                    .bind(transition.state.as_str()).bind(now.0).bind(&transition.submission_id).fetch_optional(&mut *connection).await?;
                let Some(revision) = revision else { continue };
                sqlx::query("insert into timeline (submission_id, revision, at, state, cause, detail) values ($1, $2, $3, $4, $5, $6)")
                    .bind(&transition.submission_id).bind(revision).bind(now.0).bind(transition.state.as_str()).bind(transition.cause)
                    .bind(transition.detail.as_slice()).execute(&mut *connection).await?;
                insert_events!(connection, &transition.events, now);
                let deliveries: Vec<&NewDelivery> = transition.events.iter().flat_map(|event| &event.deliveries).collect();
                insert_deliveries!(connection, &deliveries, now);
            }
            written
        }))
    }
}
