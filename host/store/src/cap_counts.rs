//! What caps that begin to count find (L5): how many leads have a slot of the running periods already.
//!
//! A cap that is set, or whose periods begin elsewhere because the time zone is another one, counts what was delivered in the running period.
//! That is asked of the rows, in the transaction that sets it, after the campaign's row was changed: no lead gets a slot by what counted
//! before from then on. Leads that are under way get the slots that they would have, so that each can give them back; after that none of
//! them ends before this commit, and what ended until then is counted. Rows that wait for each other in a circle are PostgreSQL's to see.
//!
//! What it costs: the leads that are under way, [`UNDER_WAY_MAX`] at most; for a month, week, day or hour the campaign's deliveries since it began, and
//! for a campaign that stores only its submissions since [`WAITED_MS_MAX`] before; for the total a counter.

mod give_back;

use super::StoreError;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::ids::lowest_id;
use hookmill_domain::lifecycle::caps::{CapPeriod, Period};
use std::collections::BTreeSet;

/// The slots of a submission as they are stored, and as they are to be.
type SlotChange = (Vec<u8>, Vec<u8>);

/// How many leads of a campaign may be under way when it is counted anew: their rows are written in one commit.
pub(super) const UNDER_WAY_MAX: i64 = 50_000;
/// How often a change that counts is tried where others are in the way: it locks the campaign before submissions, and their commits the other way round.
const TRIES: usize = 3;
/// How long a lead may have waited before it was stored, to be counted in the period in which it was; 31 days.
const WAITED_MS_MAX: i64 = 31 * 24 * 3_600_000;
/// How much older than its row a delivery's id may be: it is made before the commit.
const ID_AGE_MS_MAX: i64 = 3_600_000;

/// Tries a change that counts again where others are in the way.
pub(super) async fn try_again<F: Future<Output = Result<(), StoreError>>>(
    change: impl Fn() -> F,
) -> Result<(), StoreError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match change().await {
            Err(error) if 0 < tries && error.is_passing() => {}
            done => return done,
        }
    }
}

// A lead whose clients are asked for bids has no slot yet: it is taken up again by itself (`run_at`).
pub(super) const UNDER_WAY: &str = "select count(*) from (select 1 from submissions where campaign_key = $1 and state = 'delivering' and run_at is null limit $2) as s";
pub(super) const SLOTS: &str = "select distinct cap_slots from submissions where campaign_key = $1 and state = 'delivering' and run_at is null and not is_test \
    and $2 <= updated_at and updated_at < $3";
pub(super) const GIVE_SLOTS: &str = "update submissions set cap_slots = $1 where campaign_key = $2 and state = 'delivering' and run_at is null and not is_test \
    and $3 <= updated_at and updated_at < $4 and coalesce(cap_slots, $5) = $6";
pub(super) const SET_TAKEN: &str = "insert into cap_counts (campaign_key, period, starts_at, taken) values ($1, $2, $3, $4) \
    on conflict (campaign_key, period, starts_at) do update set taken = excluded.taken";

/// What the client took since a period began, or may have. A delivery is made when the slot is taken.
pub(super) const SENT: &str = "select count(*) from deliveries d join submissions s on s.organization_id = d.organization_id and s.id = d.submission_id \
    where d.campaign_key = $1 and $2 <= d.id and $3 <= d.created_at and d.destination_kind = 'client' and not s.is_test \
    and (s.state = 'delivered' or (d.is_unanswered and s.state <> 'delivering'))";
/// What was stored since a period began. `state || ''` is not a column, so that the rows are entered by the campaign's ids.
pub(super) const STORED: &str = "select count(*) from submissions where campaign_key = $1 and $2 <= id and $3 <= updated_at and not is_test \
    and state || '' = 'delivered'";
/// What was ever delivered, with test leads.
pub(super) const DELIVERED: &str = "select cast(coalesce(sum(n), 0) as bigint) from (select count as n from counts where owner_id = $1 and name = 'delivered' \
    union all select change as n from count_changes where owner_id = $1 and name = 'delivered') as c";
/// The test leads among that. `state || ''` is not a column, so that the rows are entered by the index of tests.
pub(super) const TESTS: &str =
    "select count(*) from submissions where campaign_key = $1 and is_test and state || '' = 'delivered'";
/// What the client may have taken without a word.
pub(super) const UNANSWERED: &str = "select count(*) from deliveries d join submissions s on s.organization_id = d.organization_id and s.id = d.submission_id \
    where d.campaign_key = $1 and d.is_unanswered and d.destination_kind = 'client' and not s.is_test and s.state not in ('delivered', 'delivering')";

pub(crate) use give_back::{CLEAR, CLEAR_TAIL, GIVE_BACK, GivenBack, LOOK_AGAIN, give_slots_back};

/// The slot of a period that a submission holds.
type Slot = (Period, i64);

/// Leads that are under way since the same periods.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Since when at least.
    pub(super) from: i64,
    /// Since before when.
    pub(super) until: i64,
    /// The slots that they have of the periods that begin to count.
    pub(super) slots: Vec<Slot>,
}

impl Span {
    /// All spans of these periods.
    pub(super) fn all(begun: &[CapPeriod]) -> Vec<Self> {
        let mut starts: Vec<i64> = begun.iter().map(|period| period.starts_at.0).collect();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).copied().chain([i64::MAX]);
        let spans = starts.iter().zip(ends).map(|(from, until)| {
            let slots = begun.iter().map(|period| (period.period, period.starts_at.0));
            Self { from: *from, until, slots: slots.filter(|(_, starts_at)| starts_at <= from).collect() }
        });
        spans.collect()
    }

    /// The slots of submissions as they are stored (empty for none), each with what they are with those of this span. First come those that have
    /// them all: none of the others becomes one of them before it is looked for.
    pub(super) fn changes(
        &self,
        campaign_key: &str,
        stored: Vec<Option<Vec<u8>>>,
    ) -> Result<Vec<SlotChange>, StoreError> {
        let stored: BTreeSet<Vec<u8>> = stored.into_iter().map(Option::unwrap_or_default).collect();
        let changes = stored.into_iter().map(|stored| Ok((self.add_to(&stored)?, stored)));
        let changes: Result<Vec<_>, serde_json::Error> = changes.collect();
        let mut changes = changes.map_err(|error| StoreError::corrupt("submissions", campaign_key, error))?;
        changes.sort_by_key(|(with, stored)| with != stored);
        Ok(changes.into_iter().map(|(with, stored)| (stored, with)).collect())
    }

    fn add_to(&self, stored: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        let mut slots: Vec<Slot> = if stored.is_empty() { Vec::new() } else { serde_json::from_slice(stored)? };
        slots.extend(&self.slots);
        slots.sort_unstable();
        slots.dedup();
        serde_json::to_vec(&slots)
    }
}

/// Below the ids of all deliveries that were made since.
pub(super) fn first_delivery(since: Timestamp) -> String {
    lowest_id("dlv", since.plus_ms(-ID_AGE_MS_MAX))
}

/// Below the ids of all submissions that are looked at for what was stored since.
pub(super) fn first_submission(since: Timestamp) -> String {
    lowest_id("req", since.plus_ms(-WAITED_MS_MAX))
}

/// Has the periods that begin to count begin with what was delivered in them, in a transaction that has changed the campaign's row. Returns
/// `UnderWay` from the method where too many leads are.
macro_rules! count_begun_caps {
    ($connection:expr, $campaign_key:expr, $delivery:expr, $begun:expr) => {{
        use hookmill_domain::campaign::DeliveryMode;
        use hookmill_domain::lifecycle::caps::{CapPeriod, Period};
        use $crate::cap_counts as sql;
        let (campaign_key, begun): (&str, &[CapPeriod]) = ($campaign_key, $begun);
        let mut taken: std::collections::BTreeMap<Period, i64> = std::collections::BTreeMap::new();
        if !begun.is_empty() {
            let max = sql::UNDER_WAY_MAX;
            let under_way: i64 = sqlx::query_scalar(sql::UNDER_WAY)
                .bind(campaign_key)
                .bind(max + 1)
                .fetch_one(&mut *$connection)
                .await?;
            if max < under_way {
                return Err($crate::StoreError::UnderWay { max });
            }
        }
        for span in sql::Span::all(begun) {
            let seen: Vec<Option<Vec<u8>>> = sqlx::query_scalar(sql::SLOTS)
                .bind(campaign_key)
                .bind(span.from)
                .bind(span.until)
                .fetch_all(&mut *$connection)
                .await?;
            for (stored, slots) in span.changes(campaign_key, seen)? {
                let none: &[u8] = &[];
                let given = sqlx::query(sql::GIVE_SLOTS)
                    .bind(slots.as_slice())
                    .bind(campaign_key)
                    .bind(span.from)
                    .bind(span.until)
                    .bind(none)
                    .bind(stored.as_slice())
                    .execute(&mut *$connection)
                    .await?
                    .rows_affected();
                let given = i64::try_from(given).unwrap_or(i64::MAX);
                span.slots.iter().for_each(|(period, _)| *taken.entry(*period).or_default() += given);
            }
        }
        for period in begun {
            let ended: i64 = match (period.period, $delivery) {
                (Period::Total, _) => {
                    let mut counted = [0_i64; 3];
                    for (counted, query) in counted.iter_mut().zip([sql::DELIVERED, sql::UNANSWERED, sql::TESTS]) {
                        *counted = sqlx::query_scalar(query).bind(campaign_key).fetch_one(&mut *$connection).await?;
                    }
                    counted[0] + counted[1] - counted[2]
                }
                (_, DeliveryMode::Client) => {
                    let first = sql::first_delivery(period.starts_at);
                    let query = sqlx::query_scalar(sql::SENT).bind(campaign_key).bind(first).bind(period.starts_at.0);
                    query.fetch_one(&mut *$connection).await?
                }
                (_, DeliveryMode::StoreOnly) => {
                    let first = sql::first_submission(period.starts_at);
                    let query = sqlx::query_scalar(sql::STORED).bind(campaign_key).bind(first).bind(period.starts_at.0);
                    query.fetch_one(&mut *$connection).await?
                }
            };
            sqlx::query(sql::SET_TAKEN)
                .bind(campaign_key)
                .bind(period.period.as_str())
                .bind(period.starts_at.0)
                .bind(ended + taken.get(&period.period).copied().unwrap_or_default())
                .execute(&mut *$connection)
                .await?;
        }
    }};
}
pub(super) use count_begun_caps;

#[cfg(test)]
mod tests {
    use super::*;

    fn period(period: Period, starts_at: i64) -> CapPeriod {
        CapPeriod { period, starts_at: Timestamp(starts_at), ends_at: None, limit: 1 }
    }

    #[test]
    fn l5_leads_under_way_have_slots_of_the_periods_in_which_they_set_out() {
        let begun =
            [period(Period::Total, 0), period(Period::Week, 50), period(Period::Month, 70), period(Period::Day, 70)];
        let (total, week, month, day) =
            ((Period::Total, 0), (Period::Week, 50), (Period::Month, 70), (Period::Day, 70));
        let expected = [
            Span { from: 0, until: 50, slots: vec![total] },
            Span { from: 50, until: 70, slots: vec![total, week] },
            Span { from: 70, until: i64::MAX, slots: vec![total, week, month, day] },
        ];
        assert_eq!(Span::all(&begun), expected);
        assert!(Span::all(&[]).is_empty());
    }

    #[test]
    fn l5_a_lead_has_each_slot_once() {
        let span = Span { from: 0, until: 1, slots: vec![(Period::Day, 70), (Period::Hour, 75)] };
        let (all, other) = (br#"[["day",70],["hour",75]]"#.to_vec(), br#"[["week",50],["hour",75]]"#.to_vec());
        let stored = vec![None, Some(other.clone()), Some(all.clone())];
        let expected =
            [(all.clone(), all.clone()), (vec![], all), (other, br#"[["week",50],["day",70],["hour",75]]"#.to_vec())];
        assert_eq!(span.changes("cmp", stored).unwrap(), expected, "who has them all comes first");
        assert!(span.changes("cmp", vec![Some(b"{}".to_vec())]).is_err());
    }
}
