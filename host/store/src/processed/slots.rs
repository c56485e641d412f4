//! Who gets a slot (L5, FLOW 11): the rows of a commit that would go to the client, against what is taken of each cap. Who gets none is written
//! so instead. The counts are locked last, in one order for all hosts, and a slot goes only to a row whose fenced update matched.

use super::Processed;
use crate::database::Parameters;
use hookmill_domain::state::State;
use std::collections::{HashMap, HashSet};

/// A cap's period that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPeriod {
    /// `total`, `month`, `week`, `day`, `hour`.
    pub period: &'static str,
    /// When it began.
    pub starts_at: i64,
    /// How many slots it has.
    pub limit: i64,
}

/// Why a row gets no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSlot {
    /// This one of the periods has none left.
    CapReached(usize),
    /// Others of its campaign are queued, and it waits behind them.
    BehindQueue,
}

/// Makes the row that is written instead of one that gets no slot.
pub type WithoutSlot<'a> = Box<dyn Fn(&Processed, NoSlot) -> Processed + Send + Sync + 'a>;

/// What a commit of processing supposes about its campaign's lifecycle.
pub struct LifecyclePremises<'a> {
    /// The campaign (the store's id).
    pub campaign_key: String,
    /// The lifecycle it was decided by.
    pub revision: i64,
    /// The periods of its caps, in one order.
    pub periods: Vec<SlotPeriod>,
    /// The same as a submission keeps them.
    pub slots: Vec<u8>,
    /// Whether new leads wait behind those that are queued.
    pub joins_queue: bool,
    /// What is written of a row that gets no slot.
    pub without_slot: WithoutSlot<'a>,
}

impl LifecyclePremises<'_> {
    /// The slots that a row takes; none where there are no caps.
    pub(super) fn slots(&self) -> Option<&[u8]> {
        Some(self.slots.as_slice()).filter(|_| !self.periods.is_empty())
    }

    /// Whether its commit changes the campaign's row, or may come to do so.
    pub(super) fn wants_campaign(&self, written: &[&Processed]) -> bool {
        let changes = |row: &&Processed| {
            row.queue_run_at.is_some()
                || row.leaves_queue()
                || row.change.to() == State::PendingAction
                || super::reopening(row.change.to()).is_some()
        };
        self.joins_queue || !self.periods.is_empty() || written.iter().any(changes)
    }
}

/// Reads of which revision a campaign's lifecycle is, and has it stay so until the commit; on SQLite, where one writes at a time, it does.
pub(super) fn share_campaign<C: Parameters>(_: &C) -> String {
    format!("select lifecycle_revision from campaigns where campaign_key = $1{}", C::SHARED)
}

/// Who got no slot, and what is written of them.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<String, Processed>);

impl Slots {
    pub(super) fn without_slot(&mut self, id: &str, instead: Processed) {
        self.0.insert(id.to_owned(), instead);
    }

    /// What is decided about this one.
    pub(super) fn decided<'a>(&'a self, row: &'a Processed) -> &'a Processed {
        self.0.get(&row.id).unwrap_or(row)
    }

    /// Those of whom something else is written than what was meant.
    pub(super) fn instead(&self) -> impl Iterator<Item = &Processed> {
        self.0.values()
    }

    pub(super) fn into_ids(self) -> HashSet<String> {
        self.0.into_keys().collect()
    }
}

impl Processed {
    /// Whether it was queued and is queued again: then it stays as it was, and nothing has happened to it.
    pub fn stays_queued(&self) -> bool {
        self.from == State::Queued && self.change.to() == State::Queued
    }

    /// Whether it was queued and is so no more.
    pub(super) fn leaves_queue(&self) -> bool {
        self.from == State::Queued && self.change.to() != State::Queued
    }
}

/// Who is first in line: who was queued, then who came first.
pub(super) fn in_line<'a>(written: &[&'a Processed]) -> Vec<&'a Processed> {
    let mut candidates: Vec<&Processed> =
        written.iter().copied().filter(|row| row.takes_slot || row.seeks_slot).collect();
    // Who takes none is behind all who do.
    candidates.sort_by_key(|row| (row.seeks_slot, is_new(row)));
    candidates
}

/// Whether it has not been in line yet. Who was queued has, and so has whose clients were asked.
pub(super) fn is_new(row: &Processed) -> bool {
    !matches!(row.from, State::Queued | State::Delivering)
}

/// Decides who of the rows gets a slot, and corrects those that were written as if they had one.
macro_rules! decide_slots {
    ($connection:expr, $premises:expr, $written:expr, $now:expr) => {{
        use $crate::processed::slots;
        let premises: &slots::LifecyclePremises<'_> = $premises;
        let written: &[&$crate::processed::Processed] = $written;
        // What it was decided by still counts, and does until this commit: whoever changes the lifecycle at this moment comes before it, which
        // is repeated then, or after it, and counts what it wrote. Nobody who has the row shared ever wants it alone: so none waits in a circle.
        let is_current = if premises.wants_campaign(written) {
            0 < sqlx::query(slots::LOCK_LIFECYCLE).bind(&premises.campaign_key).bind(premises.revision).execute(&mut *$connection).await?.rows_affected()
        } else {
            let sql = slots::share_campaign(&*$connection);
            sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).bind(&premises.campaign_key).fetch_optional(&mut *$connection).await? == Some(premises.revision)
        };
        if !is_current {
            return Err($crate::StoreError::Outdated);
        }
        let mut decided = slots::Slots::default();
        let mut candidates = slots::in_line(written);
        if premises.joins_queue && candidates.iter().any(|row| slots::is_new(row)) {
            let is_queued: bool = sqlx::query_scalar(slots::IS_QUEUED).bind(&premises.campaign_key).fetch_one(&mut *$connection).await?;
            if is_queued {
                for row in candidates.extract_if(.., |row| slots::is_new(row)) {
                    decided.without_slot(&row.id, (premises.without_slot)(row, slots::NoSlot::BehindQueue));
                }
            }
        }
        if !candidates.is_empty() && !premises.periods.is_empty() {
            let (mut free, mut reached) = (candidates.len(), 0);
            for (at, period) in premises.periods.iter().enumerate() {
                let taken: i64 = sqlx::query_scalar(slots::LOCK_COUNT).bind(&premises.campaign_key).bind(period.period).bind(period.starts_at)
                    .fetch_one(&mut *$connection).await?;
                let left = usize::try_from(period.limit.saturating_sub(taken)).unwrap_or(0);
                if left < free {
                    (free, reached) = (left, at);
                }
            }
            let takers = candidates.iter().filter(|row| row.takes_slot).count();
            let taken = takers.min(free);
            // Those about whom clients are asked take none: all of them may be, as long as one is free.
            let asked = if taken < free { candidates.len() } else { takers };
            for row in candidates.drain(asked..).collect::<Vec<_>>().into_iter().chain(candidates.drain(taken..takers)) {
                decided.without_slot(&row.id, (premises.without_slot)(row, slots::NoSlot::CapReached(reached)));
            }
            for period in premises.periods.iter().filter(|_| 0 < taken) {
                sqlx::query(slots::TAKE).bind(i64::try_from(taken).unwrap_or(0)).bind(&premises.campaign_key).bind(period.period).bind(period.starts_at)
                    .execute(&mut *$connection).await?;
            }
        }
        for instead in decided.instead().filter(|instead| instead.derived_from.is_none() && !instead.stays_queued()) {
            sqlx::query(slots::CORRECT).bind(instead.change.to().as_str()).bind(instead.kept.as_deref()).bind($now.0).bind(&instead.organization_id).bind(&instead.id)
                .bind(instead.from == hookmill_domain::state::State::Delivering)
                .execute(&mut *$connection).await?;
        }
        let rows = || written.iter().map(|row| decided.decided(row));
        let leaves = rows().any(|row| row.leaves_queue());
        if let Some(at) = rows().filter_map(|row| row.queue_run_at).min() {
            sqlx::query(slots::LOOK_AT_QUEUE).bind(if leaves { $now.0 } else { at }).bind(&premises.campaign_key).bind($now.0)
                .execute(&mut *$connection).await?;
        } else if leaves {
            // One that was taken up is decided, and may have left its slot to the next.
            sqlx::query($crate::cap_counts::LOOK_AGAIN).bind($now.0).bind(&premises.campaign_key).execute(&mut *$connection).await?;
        }
        decided
    }};
}
pub(super) use decide_slots;

/// Has the rows that stay queued be as they were before they were taken up, but not due.
macro_rules! restore_queued {
    ($connection:expr, $rows:expr) => {
        for row in $rows {
            let row: &$crate::processed::Processed = row;
            sqlx::query($crate::processed::slots::RESTORE)
                .bind(row.revision)
                .bind(row.kept.as_deref())
                .bind(&row.organization_id)
                .bind(&row.id)
                .execute(&mut *$connection)
                .await?;
        }
    };
}
pub(super) use restore_queued;

pub(super) const IS_QUEUED: &str =
    "select exists (select 1 from submissions where campaign_key = $1 and state = 'queued')";
/// Reads how many slots are taken, and nobody else takes one before this commit. What was not counted yet begins at none.
pub(super) const LOCK_COUNT: &str = "insert into cap_counts (campaign_key, period, starts_at, taken) values ($1, $2, $3, 0) \
     on conflict (campaign_key, period, starts_at) do update set taken = cap_counts.taken returning taken";
pub(super) const TAKE: &str =
    "update cap_counts set taken = taken + $1 where campaign_key = $2 and period = $3 and starts_at = $4";
/// Who was queued before clients were asked about it has waited since then.
pub(super) const CORRECT: &str = "update submissions set state = $1, kept = $2, cap_slots = null, run_at = null, queued_at = case when $1 <> 'queued' or ($6 and queued_at is not null) then queued_at else $3 end \
     where organization_id = $4 and id = $5";
pub(super) const RESTORE: &str = "update submissions set state = 'queued', revision = $1, kept = $2, cap_slots = null, run_at = null where organization_id = $3 and id = $4";
/// Who waits behind others says no time (the largest one), and goes on when they have: where nobody waits any more, the queue is looked at now.
/// So it is where the campaign was archived meanwhile, which cancels what waits.
pub(super) const LOOK_AT_QUEUE: &str = "update campaigns set queue_run_at = case when state = 'archived' or (queue_run_at is null and $1 = 9223372036854775807) then $3 \
     when queue_run_at is null or $1 < queue_run_at then $1 else queue_run_at end where campaign_key = $2";
/// Only while the lifecycle is the one that was decided by.
pub(super) const LOCK_LIFECYCLE: &str =
    "update campaigns set updated_at = updated_at where campaign_key = $1 and lifecycle_revision = $2";
