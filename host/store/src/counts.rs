//! How many submissions of a campaign are in each state, how many an organization and all have that are still to be processed, and how many
//! bytes an organization has of each kind, counted as they change and never by reading them. Each commit adds what it changed as rows of its
//! own, so that no two commits wait for one counter; a chore adds them up.

use super::backlog::{ALL, BACKLOG};
use super::quotas::Held;
use super::rejected::{BYTES, LOST, ROWS};
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::state::{Change, State};
use std::collections::BTreeMap;

/// How many changes one commit adds up.
const CHANGES_PER_COMMIT: i64 = 5_000;

/// What a commit changes: by campaign and state, by organization and kind of bytes, and the backlogs.
#[derive(Debug, Default)]
pub(super) struct CountChanges<'a>(BTreeMap<(&'a str, &'static str), i64>);

impl<'a> CountChanges<'a> {
    /// A submission that is new.
    pub(super) fn add(&mut self, organization_id: &'a str, campaign_key: &'a str, to: State) {
        self.count(organization_id, campaign_key, to, 1);
    }

    /// A submission that is gone, as if it had never been.
    pub(super) fn remove(&mut self, organization_id: &'a str, campaign_key: &'a str, from: State) {
        self.count(organization_id, campaign_key, from, -1);
    }

    /// A submission that left one state for another.
    pub(super) fn change(&mut self, organization_id: &'a str, campaign_key: &'a str, change: Change) {
        self.count(organization_id, campaign_key, change.from(), -1);
        self.count(organization_id, campaign_key, change.to(), 1);
    }

    fn count(&mut self, organization_id: &'a str, campaign_key: &'a str, state: State, by: i64) {
        *self.0.entry((campaign_key, state.as_str())).or_default() += by;
        if state == State::Received {
            for owner in [organization_id, ALL] {
                *self.0.entry((owner, BACKLOG)).or_default() += by;
            }
        }
    }

    /// Bytes that an organization has from now on, or has no longer.
    pub(super) fn hold(&mut self, organization_id: &'a str, held: Held, bytes: i64) {
        *self.0.entry((organization_id, held.name())).or_default() += bytes;
    }

    /// Rejected requests that an organization has from now on, or has no longer, with their bytes.
    pub(super) fn reject(&mut self, organization_id: &'a str, rows: i64, bytes: i64) {
        for owner in [organization_id, ALL] {
            *self.0.entry((owner, ROWS)).or_default() += rows;
            *self.0.entry((owner, BYTES)).or_default() += bytes;
        }
    }

    /// Rejected requests that were not kept.
    pub(super) fn lose_rejected(&mut self, organization_id: &'a str, rows: i64) {
        *self.0.entry((organization_id, LOST)).or_default() += rows;
    }

    /// The rows to write: owner, name, by how many.
    pub(super) fn rows(&self) -> Vec<(&'a str, &'static str, i64)> {
        self.0.iter().filter(|(_, by)| **by != 0).map(|((campaign, state), by)| (*campaign, *state, *by)).collect()
    }
}

macro_rules! insert_count_changes {
    ($store:expr, $connection:expr, $changes:expr, $now:expr) => {
        let rows = $changes.rows();
        insert_many!(
            $connection,
            "insert into count_changes (owner_id, id, name, change) values",
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
        const SQL: &str = "select name, cast(sum(n) as bigint) from (select name, count as n from counts where owner_id = $1 \
            union all select name, change as n from count_changes where owner_id = $1) as c group by name having sum(n) <> 0 order by name";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(campaign_key).fetch_all(&mut *connection).await?
        }))
    }

    /// Adds up what has changed since the last time, piece by piece.
    #[boxed]
    pub async fn add_up_counts(&self) -> Result<(), StoreError> {
        const TAKE: &str = "delete from count_changes where (owner_id, id) in \
            (select owner_id, id from count_changes order by owner_id, id limit $1) returning owner_id, name, change";
        loop {
            let taken: Vec<(String, String, i64)> = writing!(self, Class::Housekeeping, connection => {
                let taken: Vec<(String, String, i64)> = sqlx::query_as(TAKE).bind(CHANGES_PER_COMMIT).fetch_all(&mut *connection).await?;
                let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
                for (owner_id, name, change) in &taken {
                    *sums.entry((owner_id, name)).or_default() += change;
                }
                let rows: Vec<(&(&str, &str), &i64)> = sums.iter().collect();
                insert_many!(connection, "insert into counts (owner_id, name, count) values", "(?, ?, ?)",
                    "on conflict (owner_id, name) do update set count = counts.count + excluded.count", &rows,
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
        changes.add("o", "b", State::Received);
        changes.add("o", "b", State::Received);
        changes.change("p", "a", Change::of(State::Received, State::Pending));
        changes.change("p", "a", Change::of(State::Pending, State::Received));
        changes.change("p", "a", Change::of(State::Received, State::Canceled));
        let expected = [
            ("a", "canceled", 1),
            ("a", "received", -1),
            (ALL, BACKLOG, 1),
            ("b", "received", 2),
            ("o", BACKLOG, 2),
            ("p", BACKLOG, -1),
        ];
        assert_eq!(changes.rows(), expected);
    }
}
