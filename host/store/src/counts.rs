//! How many submissions of a campaign are in each state, counted as they change and never by reading them. Each commit adds what it
//! changed as rows of its own, so that no two commits wait for one counter; a job adds them up.

use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::state::{Change, State};
use std::collections::BTreeMap;

/// How many changes one commit adds up.
const CHANGES_PER_COMMIT: i64 = 5_000;

/// What a commit changes, by campaign and state.
#[derive(Debug, Default)]
pub(super) struct CountChanges<'a>(BTreeMap<(&'a str, &'static str), i64>);

impl<'a> CountChanges<'a> {
    /// A submission that is new.
    pub(super) fn add(&mut self, campaign_key: &'a str, to: State) {
        *self.0.entry((campaign_key, to.as_str())).or_default() += 1;
    }

    /// A submission that left one state for another.
    pub(super) fn change(&mut self, campaign_key: &'a str, change: Change) {
        *self.0.entry((campaign_key, change.from().as_str())).or_default() -= 1;
        self.add(campaign_key, change.to());
    }

    /// The rows to write: campaign, state, by how many.
    pub(super) fn rows(&self) -> Vec<(&'a str, &'static str, i64)> {
        self.0.iter().filter(|(_, by)| **by != 0).map(|((campaign, state), by)| (*campaign, *state, *by)).collect()
    }
}

macro_rules! insert_count_changes {
    ($store:expr, $connection:expr, $changes:expr, $now:expr) => {
        let rows = $changes.rows();
        insert_many!(
            $connection,
            "insert into submission_count_changes (campaign_key, id, state, change) values",
            "(?, ?, ?, ?)",
            "",
            &rows,
            |query, row| query.bind(row.0).bind($store.ids.new_id("chg", $now)).bind(row.1).bind(row.2)
        )
    };
}
pub(super) use insert_count_changes;

impl Store {
    /// How many submissions of a campaign are in each state that has some, by state.
    #[boxed]
    pub async fn submission_counts(&self, campaign_key: &str) -> Result<Vec<(String, i64)>, StoreError> {
        const SQL: &str = "select state, cast(sum(n) as bigint) from (select state, count as n from submission_counts where campaign_key = $1 \
            union all select state, change as n from submission_count_changes where campaign_key = $1) as c group by state having sum(n) <> 0 order by state";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(campaign_key).fetch_all(&mut *connection).await?
        }))
    }

    /// Adds up what has changed since the last time, piece by piece.
    #[boxed]
    pub async fn add_up_counts(&self) -> Result<(), StoreError> {
        const TAKE: &str = "delete from submission_count_changes where (campaign_key, id) in \
            (select campaign_key, id from submission_count_changes order by campaign_key, id limit $1) returning campaign_key, state, change";
        loop {
            let taken: Vec<(String, String, i64)> = writing!(self, Class::Housekeeping, connection => {
                let taken: Vec<(String, String, i64)> = sqlx::query_as(TAKE).bind(CHANGES_PER_COMMIT).fetch_all(&mut *connection).await?;
                let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
                for (campaign_key, state, change) in &taken {
                    *sums.entry((campaign_key, state)).or_default() += change;
                }
                let rows: Vec<(&(&str, &str), &i64)> = sums.iter().collect();
                insert_many!(connection, "insert into submission_counts (campaign_key, state, count) values", "(?, ?, ?)",
                    "on conflict (campaign_key, state) do update set count = submission_counts.count + excluded.count", &rows,
                    |query, row| query.bind(row.0.0).bind(row.0.1).bind(*row.1));
                taken
            });
            if i64::try_from(taken.len()).unwrap_or(i64::MAX) < CHANGES_PER_COMMIT {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_change_is_no_row() {
        let mut changes = CountChanges::default();
        changes.add("b", State::Received);
        changes.change("a", Change::of(State::Received, State::Pending));
        changes.change("a", Change::of(State::Pending, State::Received));
        changes.change("a", Change::of(State::Received, State::Canceled));
        assert_eq!(changes.rows(), [("a", "canceled", 1), ("a", "received", -1), ("b", "received", 1)]);
    }
}
