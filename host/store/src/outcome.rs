//! The commit at the end of attempts: each attempt, what follows for its delivery, and what follows for its submission. Attempts that
//! end together share one commit.

use super::actions::{ActionDecision, write_decisions};
use super::cap_counts::{GivenBack, give_slots_back};
use super::counts::{CountChanges, insert_count_changes};
use super::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::pings::resume_asked;
use super::processed::{Move, insert_moved};
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::{Change, State};
use std::collections::{HashMap, HashSet};

/// An attempt that ended, or a delivery that ended without one.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The delivery.
    pub delivery_id: String,
    /// Its organization.
    pub organization_id: String,
    /// How many attempts it had before: the row must still have as many for its state to change (fencing).
    pub attempts_before: i64,
    /// The attempt; none when there was nothing to send to, or nothing was sent.
    pub attempt: Option<Attempt>,
    /// What follows for the delivery.
    pub next: Next,
    /// Whether the receiver may have what was sent without having said so: one of the attempts, this one or one before it, left and was not
    /// responded to, or its response could not be understood.
    pub is_unanswered: bool,
    /// What follows for the submission.
    pub transition: Option<Transition>,
    /// What follows for a submission that a first-submission action has.
    pub action: Option<ActionDecision>,
    /// Of a ping, the submission about which its client was asked: it goes on when the last one of its pings is over.
    pub asked_for: Option<String>,
}

/// One request that left, or that was rejected on its way out.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its id.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub elapsed_ms: i64,
    /// The HTTP status; none when there was no response.
    pub status: Option<u16>,
    /// What it meant, in one word.
    pub outcome: &'static str,
    /// More, a JSON object.
    pub detail: Vec<u8>,
}

/// What follows for a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Retry(Timestamp),
    /// It was not tried at all, and is retried then.
    Defer(Timestamp),
    /// It waits until its campaign is activated; where the campaign is active already, it is due at once.
    Hold,
    /// It is over: `delivered`, `failed`, `suppressed`, `canceled`.
    Over(&'static str),
}

/// What follows for a submission that was being delivered.
#[derive(Debug, Clone)]
pub struct Transition {
    /// The submission.
    pub submission_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// How many transitions it had: the row must still have as many (fencing).
    pub revision: i64,
    /// What happens to it: the row must still be in the state that is left (fencing).
    pub change: Change,
    /// Why, in one word.
    pub cause: &'static str,
    /// Details for the timeline, a JSON object.
    pub detail: Vec<u8>,
    /// The events, in order.
    pub events: Vec<NewEvent>,
    /// Whether its slots come back: the client did not take the lead, which is certain.
    pub gives_slots_back: bool,
    /// The campaign that it is moved to.
    pub moved_to: Option<Move>,
}

impl Outcome {
    /// The submission for which something follows.
    pub fn submission_id(&self) -> Option<&str> {
        let transition = self.transition.as_ref().map(|transition| transition.submission_id.as_str());
        transition.or(self.action.as_ref().map(|action| action.submission_id.as_str()))
    }

    /// The events that follow, in order.
    pub fn events(&self) -> &[NewEvent] {
        let transition = self.transition.as_ref().map(|transition| transition.events.as_slice());
        transition.or(self.action.as_ref().map(|action| action.events.as_slice())).unwrap_or_default()
    }

    fn is_counted(&self) -> bool {
        !matches!(self.next, Next::Defer(_) | Next::Hold)
    }

    fn state(&self) -> &'static str {
        match self.next {
            Next::Retry(_) | Next::Defer(_) => "waiting",
            Next::Hold => "held",
            Next::Over(state) => state,
        }
    }

    fn run_at(&self) -> Option<i64> {
        match self.next {
            Next::Retry(at) | Next::Defer(at) => Some(at.0),
            Next::Hold | Next::Over(_) => None,
        }
    }
}

const LOCK_CAMPAIGN_OF_DELIVERY: &str = "update campaigns set updated_at = updated_at where campaign_key = \
     (select campaign_key from deliveries where organization_id = $1 and id = $2)";
// `state || ''` is not a column: without statistics PostgreSQL would enter by the index of states instead of by the keys, and walk all that waits.
const UPDATE_DELIVERIES: &str =
    "with v (organization_id, id, attempts_before, attempts, state, run_at, is_unanswered, at) as (values";
const UPDATE_DELIVERIES_TAIL: &str = ") update deliveries set state = v.state, run_at = v.run_at, attempts = v.attempts, \
     is_unanswered = deliveries.is_unanswered or v.is_unanswered, updated_at = v.at from v \
     where deliveries.organization_id = v.organization_id and deliveries.id = v.id and deliveries.attempts = v.attempts_before and deliveries.state || '' = 'waiting' \
     returning deliveries.id";
const UPDATE_SUBMISSIONS: &str = "with v (organization_id, id, revision, state_before, state, at) as (values";
const UPDATE_SUBMISSIONS_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 1, updated_at = v.at from v \
     where submissions.organization_id = v.organization_id and submissions.id = v.id and submissions.revision = v.revision and submissions.state || '' = v.state_before \
     returning submissions.id, submissions.cap_slots";

/// Takes the details from an attempt of a delivery that was erased.
const ERASED_LATE: &str = "update attempts set detail = $1 where organization_id = $2 and delivery_id = $3 and id = $4 and exists \
     (select 1 from deliveries d where d.organization_id = attempts.organization_id and d.id = attempts.delivery_id and d.erased_at is not null)";
/// The details of an attempt of which nothing is kept.
pub(super) const NOTHING: &[u8] = b"{}";

impl Store {
    /// Writes what several attempts led to, under `commit_id`. An attempt that left is always kept; the states of deliveries and
    /// submissions that have moved on meanwhile stay as they are. Returns the ids of the deliveries and submissions that were changed.
    #[boxed]
    pub async fn commit_outcomes(
        &self,
        commit_id: &str,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> Result<HashSet<String>, StoreError> {
        let turn = self.turn(Class::Outcomes).await?;
        Ok(committing!(self, turn, connection => {
            let attempts: Vec<(&Outcome, &Attempt)> = outcomes.iter().filter_map(|o| o.attempt.as_ref().map(|attempt| (o, attempt))).collect();
            insert_many!(connection,
                "insert into attempts (organization_id, delivery_id, id, number, started_at, elapsed_ms, status, outcome, detail) values",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?)", "on conflict do nothing", &attempts,
                |query, row| query.bind(&row.0.organization_id).bind(&row.0.delivery_id).bind(&row.1.id).bind(row.0.attempts_before + 1).bind(row.1.started_at.0)
                    .bind(row.1.elapsed_ms).bind(row.1.status.map(i64::from)).bind(row.1.outcome).bind(row.1.detail.as_slice()));
            let mut changed: HashSet<String> = HashSet::with_capacity(outcomes.len() * 2);
            for chunk in super::database::chunks(outcomes) {
                let sql = super::database::many_sql(&*connection, UPDATE_DELIVERIES, "(?, ?, ?, ?, ?, ?, ?, ?)", chunk.len(), UPDATE_DELIVERIES_TAIL);
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                for o in chunk {
                    query = query.bind(&o.organization_id).bind(&o.delivery_id).bind(o.attempts_before).bind(o.attempts_before + i64::from(o.is_counted()))
                        .bind(o.state()).bind(o.run_at()).bind(o.is_unanswered).bind(now.0);
                }
                changed.extend(query.fetch_all(&mut *connection).await?);
            }
            // What moved on meanwhile may have been erased: then nothing is kept of the late response but its status.
            for (o, attempt) in attempts.iter().filter(|(o, _)| !changed.contains(&o.delivery_id)) {
                sqlx::query(ERASED_LATE).bind(NOTHING).bind(&o.organization_id).bind(&o.delivery_id).bind(&attempt.id).execute(&mut *connection).await?;
            }
            resume_asked!(connection, outcomes, now);
            let transitions: Vec<(&Outcome, &Transition)> = outcomes.iter().filter_map(|o| o.transition.as_ref().map(|transition| (o, transition))).collect();
            let mut slots: HashMap<String, Vec<u8>> = HashMap::new();
            for chunk in super::database::chunks(&transitions) {
                let sql = super::database::many_sql(&*connection, UPDATE_SUBMISSIONS, "(?, ?, ?, ?, ?, ?)", chunk.len(), UPDATE_SUBMISSIONS_TAIL);
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                for (o, transition) in chunk {
                    query = query.bind(&o.organization_id).bind(&transition.submission_id).bind(transition.revision)
                        .bind(transition.change.from().as_str()).bind(transition.change.to().as_str()).bind(now.0);
                }
                for (id, cap_slots) in query.fetch_all(&mut *connection).await? {
                    let (id, cap_slots): (String, Option<Vec<u8>>) = (id, cap_slots);
                    slots.extend(cap_slots.map(|slots| (id.clone(), slots)));
                    changed.insert(id);
                }
            }
            let moved: Vec<&(&Outcome, &Transition)> = transitions.iter().filter(|(_, transition)| changed.contains(&transition.submission_id)).collect();
            insert_many!(connection, "insert into timeline (organization_id, submission_id, revision, at, state, cause, detail) values", "(?, ?, ?, ?, ?, ?, ?)",
                "on conflict do nothing", &moved,
                |query, row| query.bind(&row.0.organization_id).bind(&row.1.submission_id).bind(row.1.revision + 1).bind(now.0).bind(row.1.change.to().as_str())
                    .bind(row.1.cause).bind(row.1.detail.as_slice()));
            let decisions: Vec<&ActionDecision> = outcomes.iter().filter_map(|o| o.action.as_ref()).collect();
            let decided = write_decisions!(connection, &decisions, now);
            changed.extend(decided.iter().map(|decision| decision.submission_id.clone()));
            let mut given_back = GivenBack::default();
            for (o, transition) in moved.iter().filter(|(_, transition)| transition.gives_slots_back) {
                if let Some(stored) = slots.get(&transition.submission_id) {
                    given_back.add(&o.organization_id, &transition.submission_id, &transition.campaign_key, stored);
                }
            }
            give_slots_back!(connection, &given_back, now);
            for held in outcomes.iter().filter(|o| o.next == Next::Hold) {
                // Its campaign may be activated at this very moment, and that release must not miss it: one of the two waits for the other's commit.
                sqlx::query(LOCK_CAMPAIGN_OF_DELIVERY).bind(&held.organization_id).bind(&held.delivery_id).execute(&mut *connection).await?;
                sqlx::query("update deliveries set state = 'waiting', run_at = $1 where organization_id = $2 and id = $3 and state = 'held' \
                     and exists (select 1 from campaigns c where c.campaign_key = deliveries.campaign_key and c.state in ('active', 'archived'))")
                    .bind(now.0).bind(&held.organization_id).bind(&held.delivery_id).execute(&mut *connection).await?;
            }
            let mut counts = CountChanges::default();
            decided.iter().filter_map(|d| Some((d, d.change()?))).for_each(|(d, change)| counts.change(&d.organization_id, &d.campaign_key, change));
            moved.iter().for_each(|(o, transition)| counts.change(&o.organization_id, &transition.campaign_key, transition.change));
            for (o, transition) in &moved {
                let Some(to) = &transition.moved_to else { continue };
                insert_moved!(connection, &o.organization_id, &transition.submission_id, to, now);
                counts.add(&o.organization_id, &to.campaign_key, State::Received);
            }
            insert_count_changes!(self, connection, counts, now);
            let events: Vec<&NewEvent> = moved.iter().flat_map(|(_, transition)| &transition.events).chain(decided.iter().flat_map(|d| &d.events)).collect();
            insert_events!(connection, &events);
            let deliveries: Vec<&NewDelivery> = events.iter().flat_map(|event| &event.deliveries).collect();
            insert_deliveries!(connection, &deliveries, now);
            insert_commit!(connection, commit_id, now);
            changed
        }))
    }
}
