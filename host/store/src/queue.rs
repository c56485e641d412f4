//! The queue of a campaign (L7, FLOW 15): who waits is taken up in the order of arrival, no more than there are free slots, and who has waited for too
//! long is taken up to be canceled. The campaign's row is locked meanwhile: whoever queues a lead, gives slots back or changes the lifecycle at
//! this moment comes before it, and is seen, or after it, and has the queue looked at again. So several hosts may look at one queue.

use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::caps::CapPeriod;
use hookmill_domain::lifecycle::local::Moment;
use hookmill_domain::lifecycle::queue::{IN_RELEASE_MS, QueueView};

/// How many rows one commit takes up.
const ROWS_PER_COMMIT: u64 = 1_000;

/// What a look at a campaign's queue goes by.
#[derive(Debug, Clone, Copy)]
pub struct QueueRules<'a> {
    /// The campaign (the store's id).
    pub campaign_key: &'a str,
    /// The lifecycle that the following comes from.
    pub revision: i64,
    /// How the lifecycle stands now.
    pub moment: &'a Moment,
    /// After how long a queued lead expires, in milliseconds; none where it waits without end.
    pub expires_after_ms: Option<i64>,
    /// How many may be taken up and not decided at once.
    pub window: u64,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLook {
    /// How many were taken up.
    pub taken_up: u64,
    /// Whether more may be taken up at once.
    pub has_more: bool,
}

const DUE: &str = "select campaign_key from campaigns where queue_run_at <= $1 order by queue_run_at limit $2";
const LOCK: &str = "update campaigns set queue_run_at = queue_run_at where campaign_key = $1 and queue_run_at <= $2 returning state, lifecycle_revision";
const IN_RELEASE: &str =
    "select count(*) from submissions where campaign_key = $1 and state = 'queued' and run_at is not null";
const TAKEN: &str = "select taken from cap_counts where campaign_key = $1 and period = $2 and starts_at = $3";
const WAITING_SINCE: &str =
    "select min(queued_at) from submissions where campaign_key = $1 and state = 'queued' and run_at is null";
/// Their rank is when they arrived.
const TAKE_UP: &str = "update submissions set run_at = received_at where campaign_key = $1 and state = 'queued' and run_at is null and id in \
     (select id from submissions where campaign_key = $1 and state = 'queued' and run_at is null order by id limit $2) returning shard";
const TAKE_UP_EXPIRED: &str = "update submissions set run_at = received_at where campaign_key = $1 and state = 'queued' and run_at is null and id in \
     (select id from submissions where campaign_key = $1 and state = 'queued' and run_at is null and queued_at <= $2 order by queued_at limit $3) returning shard";
const LOOK_AT: &str = "update campaigns set queue_run_at = $1 where campaign_key = $2";

/// Takes up as many as `$most` says, as far as the window has room.
macro_rules! take_up {
    ($connection:expr, $rules:expr, $view:expr, $shards:expr, $most:expr, |$limit:ident| $query:expr) => {{
        let room =
            $rules.window.saturating_sub($view.in_release).min(ROWS_PER_COMMIT.saturating_sub($shards.len() as u64));
        let $limit = i64::try_from(room.min($most)).unwrap_or(i64::MAX);
        if 0 < $limit {
            let rows: Vec<i64> = $query.fetch_all(&mut *$connection).await?;
            $view.in_release += rows.len() as u64;
            $shards.extend(rows);
        }
    }};
}

impl Store {
    /// The campaigns whose queue is to be looked at, those first that have waited for it longest.
    #[boxed]
    pub async fn campaigns_with_queue(&self, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar(DUE).bind(now.0).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// How many slots of a period are taken at this moment.
    #[boxed]
    pub async fn taken_slots(&self, campaign_key: &str, period: &CapPeriod) -> Result<u64, StoreError> {
        let taken: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar(TAKEN).bind(campaign_key).bind(period.period.as_str()).bind(period.starts_at.0).fetch_optional(&mut *connection).await?
        });
        Ok(unsigned(taken.unwrap_or_default()))
    }

    /// Looks at the queue of a campaign, takes up who may go on (at most a piece of them), and says when it is to be looked at next. What is taken up
    /// is due from then on, and stays queued until it is processed. `Outdated` where the lifecycle is another one.
    #[boxed]
    pub async fn look_at_queue(&self, rules: &QueueRules<'_>, now: Timestamp) -> Result<QueueLook, StoreError> {
        let (shards, next) = writing!(self, Class::Housekeeping, connection => {
            let locked: Option<(String, i64)> = sqlx::query_as(LOCK).bind(rules.campaign_key).bind(now.0).fetch_optional(&mut *connection).await?;
            let Some((state, revision)) = locked else { return Ok(QueueLook { taken_up: 0, has_more: false }) };
            if revision != rules.revision {
                return Err(StoreError::Outdated);
            }
            let in_release: i64 = sqlx::query_scalar(IN_RELEASE).bind(rules.campaign_key).fetch_one(&mut *connection).await?;
            let mut view = QueueView { in_release: unsigned(in_release), taken: Vec::with_capacity(rules.moment.periods.len()) };
            for period in &rules.moment.periods {
                let taken: Option<i64> = sqlx::query_scalar(TAKEN).bind(rules.campaign_key).bind(period.period.as_str()).bind(period.starts_at.0)
                    .fetch_optional(&mut *connection).await?;
                view.taken.push(unsigned(taken.unwrap_or_default()));
            }
            let mut shards: Vec<i64> = Vec::new();
            let state = CampaignState::parse(&state);
            if let (Some(CampaignState::Active), Some(ms)) = (state, rules.expires_after_ms) {
                take_up!(connection, rules, view, shards, u64::MAX, |limit| {
                    sqlx::query_scalar(TAKE_UP_EXPIRED).bind(rules.campaign_key).bind(now.0.saturating_sub(ms)).bind(limit)
                });
            }
            let most = match state {
                Some(CampaignState::Active) => rules.moment.releasable(&view, rules.window),
                // They are canceled.
                Some(CampaignState::Archived) => u64::MAX,
                // They wait until it is activated, which has the queue looked at.
                Some(CampaignState::Draft | CampaignState::Paused) | None => 0,
            };
            take_up!(connection, rules, view, shards, most, |limit| sqlx::query_scalar(TAKE_UP).bind(rules.campaign_key).bind(limit));
            let since: Option<i64> = sqlx::query_scalar(WAITING_SINCE).bind(rules.campaign_key).fetch_one(&mut *connection).await?;
            let next = since.and_then(|since| next_look(state, rules, &view, since, now));
            sqlx::query(LOOK_AT).bind(next).bind(rules.campaign_key).execute(&mut *connection).await?;
            (shards, next)
        });
        let signaled: Vec<u16> = shards.iter().filter_map(|shard| u16::try_from(*shard).ok()).collect();
        self.signal_shards(&signaled).await?;
        Ok(QueueLook { taken_up: shards.len() as u64, has_more: next.is_some_and(|at| at <= now.0) })
    }
}

/// When a queue is to be looked at next in which somebody waits since then; the largest time where only a change has it looked at.
fn next_look(
    state: Option<CampaignState>,
    rules: &QueueRules<'_>,
    view: &QueueView,
    since: i64,
    now: Timestamp,
) -> Option<i64> {
    // Where there is no room, one that is decided makes some, and has the queue looked at.
    let earliest = if view.in_release < rules.window { now } else { now.plus_ms(IN_RELEASE_MS) };
    match state? {
        CampaignState::Draft | CampaignState::Paused => None,
        CampaignState::Archived => Some(earliest.0),
        CampaignState::Active => {
            let expires_at = rules.expires_after_ms.map(|ms| since.saturating_add(ms));
            let next = rules.moment.next_release(view, rules.window, now).map(|at| at.0);
            let next = next.into_iter().chain(expires_at).min();
            Some(next.unwrap_or(i64::MAX).max(earliest.0))
        }
    }
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
