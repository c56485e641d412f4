//! What becomes of submissions that a first-submission action has (L4): they are approved, rejected, or wait for a person. Each says so in a
//! line of the timeline; a rejection is a transition, and the other two stay in their state.

use super::audit::AuditEntry;
use super::counts::{CountChanges, insert_count_changes};
use super::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::{Change, State};

/// How many rows one commit makes due.
const ROWS_PER_COMMIT: i64 = 1_000;

/// What was decided about a submission, or that a person has to.
#[derive(Debug, Clone)]
pub struct ActionDecision {
    /// The submission.
    pub submission_id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// How many lines its timeline had: the row must still have as many, and be in `pending_action` (fencing).
    pub revision: i64,
    /// What becomes of it.
    pub verdict: ActionVerdict,
    /// Why, in one word.
    pub cause: &'static str,
    /// Details for the timeline, a JSON object.
    pub detail: Vec<u8>,
    /// The events, in order.
    pub events: Vec<NewEvent>,
}

/// What becomes of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionVerdict {
    /// It goes on: it is due.
    Approved {
        /// The lead that it goes on with; none where that stays as it is.
        lead: Option<Vec<u8>>,
        /// Where it goes on, as `stages::Kept` has it.
        kept: Vec<u8>,
    },
    /// It is disqualified.
    Rejected {
        /// What is kept of one that has ended.
        kept: Option<Vec<u8>>,
    },
    /// A person decides.
    Review {
        /// In which order reviews are listed, the smallest first.
        priority: i64,
    },
}

/// A submission that an action has.
#[derive(Debug, Clone)]
pub struct ActionWork {
    /// The submission.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// The shard whose lease covers its work.
    pub shard: i64,
    /// The state in which it stands.
    pub state: String,
    /// How many lines its timeline has.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
    /// The person.
    pub lead_id: Option<String>,
    /// The lead.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// Where it goes on, as `stages::Kept` has it.
    pub kept: Option<Vec<u8>>,
    /// The priority of its review; none while a webhook is asked.
    pub review_priority: Option<i64>,
}
from_row!(ActionWork {
    id,
    organization_id,
    campaign_key,
    shard,
    state,
    revision,
    received_at,
    lead_id,
    lead,
    is_test,
    kept,
    review_priority
});

impl ActionDecision {
    /// The transition, where it is one.
    pub(super) fn change(&self) -> Option<Change> {
        match self.verdict {
            ActionVerdict::Rejected { .. } => Some(const { Change::of(State::PendingAction, State::Disqualified) }),
            ActionVerdict::Approved { .. } | ActionVerdict::Review { .. } => None,
        }
    }

    /// The state afterwards.
    pub(super) fn state(&self) -> State {
        self.change().map_or(State::PendingAction, Change::to)
    }

    /// Whether the action is over.
    pub(super) fn is_decided(&self) -> bool {
        !matches!(self.verdict, ActionVerdict::Review { .. })
    }

    /// Whether it goes on.
    pub fn is_approved(&self) -> bool {
        matches!(self.verdict, ActionVerdict::Approved { .. })
    }

    pub(super) fn lead(&self) -> Option<&[u8]> {
        match &self.verdict {
            ActionVerdict::Approved { lead, .. } => lead.as_deref(),
            ActionVerdict::Rejected { .. } | ActionVerdict::Review { .. } => None,
        }
    }

    pub(super) fn kept_bytes(&self) -> Option<&[u8]> {
        match &self.verdict {
            ActionVerdict::Approved { kept, .. } => Some(kept),
            ActionVerdict::Rejected { kept } => kept.as_deref(),
            ActionVerdict::Review { .. } => None,
        }
    }

    pub(super) fn review_priority(&self) -> Option<i64> {
        match self.verdict {
            ActionVerdict::Review { priority } => Some(priority),
            ActionVerdict::Approved { .. } | ActionVerdict::Rejected { .. } => None,
        }
    }
}

// One that waits for a person goes on waiting as it was: also where it is due, since its campaign was archived.
pub(super) const DECIDE: &str =
    "with v (organization_id, id, revision, state, is_decided, is_due, lead, kept, review_priority, at) as (values";
pub(super) const DECIDE_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 1, lead = coalesce(v.lead, submissions.lead), \
     kept = case when v.is_decided then v.kept else submissions.kept end, \
     run_at = case when v.is_due then submissions.received_at when v.is_decided then null else submissions.run_at end, \
     review_priority = v.review_priority, updated_at = v.at \
     from v where submissions.organization_id = v.organization_id and submissions.id = v.id and submissions.revision = v.revision \
     and submissions.state || '' = 'pending_action' returning submissions.id";

/// Writes decisions with their lines; returns those that were written, the others having moved on meanwhile. Their events are the caller's to write.
macro_rules! write_decisions {
    ($connection:expr, $decisions:expr, $now:expr) => {{
        let decisions: &[&$crate::actions::ActionDecision] = $decisions;
        let mut matched = std::collections::HashSet::<String>::new();
        for chunk in $crate::database::chunks(decisions) {
            let sql = $crate::database::many_sql(
                &*$connection,
                $crate::actions::DECIDE,
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                chunk.len(),
                $crate::actions::DECIDE_TAIL,
            );
            let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
            for d in chunk {
                query = query
                    .bind(&d.organization_id)
                    .bind(&d.submission_id)
                    .bind(d.revision)
                    .bind(d.state().as_str())
                    .bind(d.is_decided())
                    .bind(d.is_approved())
                    .bind(d.lead())
                    .bind(d.kept_bytes())
                    .bind(d.review_priority())
                    .bind($now.0);
            }
            matched.extend(query.fetch_all(&mut *$connection).await?);
        }
        let written: Vec<&$crate::actions::ActionDecision> =
            decisions.iter().copied().filter(|d| matched.contains(&d.submission_id)).collect();
        insert_many!(
            $connection,
            "insert into timeline (organization_id, submission_id, revision, at, state, cause, detail) values",
            "(?, ?, ?, ?, ?, ?, ?)",
            "on conflict do nothing",
            &written,
            |query, d| query
                .bind(&d.organization_id)
                .bind(&d.submission_id)
                .bind(d.revision + 1)
                .bind($now.0)
                .bind(d.state().as_str())
                .bind(d.cause)
                .bind(d.detail.as_slice())
        );
        written
    }};
}
pub(super) use write_decisions;

/// Whether a submission that comes to wait for an action waits for a person, and how urgently.
macro_rules! set_review_priorities {
    ($connection:expr, $rows:expr) => {
        insert_many!(
            $connection,
            "with v (organization_id, id, review_priority) as (values",
            "(?, ?, ?)",
            ") update submissions set review_priority = v.review_priority from v \
             where submissions.organization_id = v.organization_id and submissions.id = v.id",
            $rows,
            |query, p| query.bind(&p.organization_id).bind(&p.id).bind(p.review_priority)
        )
    };
}
pub(super) use set_review_priorities;

/// A submission that comes to wait for an action at the moment at which its campaign is archived is due at once, to be canceled.
pub(super) const CANCEL_IF_ARCHIVED: &str = "update submissions set run_at = $1 where organization_id = $2 and id = $3 and state || '' = 'pending_action' \
     and exists (select 1 from campaigns c where c.campaign_key = submissions.campaign_key and c.state = 'archived')";

/// What is not sent yet of an action that somebody else decided.
const CANCEL_DELIVERY: &str = "update deliveries set state = 'canceled', run_at = null, updated_at = $1 where organization_id = $2 and submission_id = $3 \
     and destination_kind = 'action' and state || '' in ('waiting', 'held')";

const WORK: &str = ") select s.id, s.organization_id, s.campaign_key, s.shard, s.state, s.revision, s.received_at, s.lead_id, s.lead, s.is_test, s.kept, s.review_priority \
     from v join submissions s on s.organization_id = v.organization_id and s.id = v.id";

impl Store {
    /// Submissions that an action was asked about, as they stand.
    #[boxed]
    pub async fn action_work(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<ActionWork>, StoreError> {
        Ok(select_many!(self, query_as as ActionWork, WORK, organization_id, ids))
    }

    /// Writes what a person decided, and cancels what is not sent yet to a webhook that was asked; says whether it counts: not where the
    /// submission has moved on.
    #[boxed]
    pub async fn commit_review(
        &self,
        decision: &ActionDecision,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        writing!(self, connection => {
            if write_decisions!(connection, &[decision], now).is_empty() {
                return Ok(false);
            }
            let (organization_id, id) = (&decision.organization_id, &decision.submission_id);
            sqlx::query(CANCEL_DELIVERY).bind(now.0).bind(organization_id).bind(id).execute(&mut *connection).await?;
            let mut counts = CountChanges::default();
            if let Some(change) = decision.change() {
                counts.change(organization_id, &decision.campaign_key, change);
            }
            insert_count_changes!(self, connection, counts, now);
            let events: Vec<&NewEvent> = decision.events.iter().collect();
            insert_events!(connection, &events);
            let deliveries: Vec<&NewDelivery> = events.iter().flat_map(|event| &event.deliveries).collect();
            insert_deliveries!(connection, &deliveries, now);
            insert_audit!(self, connection, entry, id, now);
        });
        Ok(true)
    }

    /// Makes the submissions of a campaign due that wait for its action: it was archived, and they are to be canceled. Returns how many.
    #[boxed]
    pub async fn release_actions(&self, campaign_key: &str, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "update submissions set run_at = received_at, updated_at = $4 where campaign_key = $1 and id in \
             (select id from submissions where campaign_key = $1 and state = 'pending_action' and $2 < id and run_at is null order by id limit $3) \
             and state = 'pending_action' returning id, shard";
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let released: Vec<(String, i64)> = writing!(self, connection => {
                sqlx::query_as(SQL).bind(campaign_key).bind(&after).bind(ROWS_PER_COMMIT).bind(now.0).fetch_all(&mut *connection).await?
            });
            count += released.len() as u64;
            let shards: Vec<u16> = released.iter().filter_map(|row| u16::try_from(row.1).ok()).collect();
            self.signal_shards(&shards).await?;
            let is_last = i64::try_from(released.len()).unwrap_or(i64::MAX) < ROWS_PER_COMMIT;
            match released.into_iter().map(|(id, _)| id).max() {
                Some(last) if !is_last => after = last,
                _ => return Ok(count),
            }
        }
    }
}
