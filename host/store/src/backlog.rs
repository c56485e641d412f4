//! The backlog: submissions that are received and not processed yet. What waits for its campaign or for a person is not due, and is bounded by the
//! bytes of raw requests (`quotas.rs`). Rows are counted in the commits that change them (`counts.rs`), ages are read in the index of due rows.

use super::quotas::HELD;
use super::work::lanes_sql;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::flow::SHARDS;
use std::collections::HashMap;

/// Its name among the counts.
pub(super) const BACKLOG: &str = "backlog";
/// The owner of the backlog of all; no organization or campaign has such an id.
pub(super) const ALL: &str = "all";

/// Whose backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// One organization's.
    Organization(&'a str),
    /// That of all together.
    All,
}

impl<'a> Whose<'a> {
    /// Its owner among the counts.
    pub fn owner(self) -> &'a str {
        match self {
            Self::Organization(id) => id,
            Self::All => ALL,
        }
    }
}

impl Store {
    /// How many submissions are received and not processed yet.
    pub async fn backlog_rows(&self, whose: Whose<'_>) -> Result<i64, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar(HELD).bind(whose.owner()).bind(BACKLOG).fetch_one(&mut *connection).await?
        }))
    }

    /// Since when each organization that has a backlog waits: for the submission that is next of one of its campaigns. One that was released
    /// waits since then, although it goes before what was received later.
    #[boxed]
    pub async fn backlogs_since(&self) -> Result<HashMap<String, Timestamp>, StoreError> {
        let lanes = lanes_sql("submissions", "campaign_key", &(0..SHARDS).collect::<Vec<_>>());
        let first = |column: &str| {
            format!(
                "(select t.{column} from submissions t where t.shard = lanes.shard and t.campaign_key = lanes.lane and t.run_at is not null order by t.run_at limit 1)"
            )
        };
        let sql = format!(
            "{lanes} select {} as organization_id, {} as since from lanes where lanes.lane is not null",
            first("organization_id"),
            first("updated_at")
        );
        let waiting: Vec<(String, i64)> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).fetch_all(&mut *connection).await?
        });
        let mut since: HashMap<String, Timestamp> = HashMap::new();
        for (organization_id, at) in waiting {
            let first = since.entry(organization_id).or_insert(Timestamp(at));
            *first = (*first).min(Timestamp(at));
        }
        Ok(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::Servers;

    /// H6: what is next of a campaign says since when it waits, in whichever shard; what is not due is left out.
    #[tokio::test]
    async fn h6_a_backlog_is_as_old_as_what_is_next() {
        let servers = Servers::start("backlogs").await;
        // (organization, campaign, shard, run_at, updated_at)
        let rows = [
            // Released at 1,000: it goes before what was received at 500, and waits since then.
            ("org_1", "cmp_a", 1, "10", 1_000),
            ("org_1", "cmp_a", 1, "500", 500),
            ("org_1", "cmp_b", 2, "700", 700),
            ("org_2", "cmp_c", 2, "null", 1),
            ("org_2", "cmp_d", 63, "900", 900),
            ("org_3", "cmp_e", 0, "null", 1),
        ];
        for (n, (organization, campaign, shard, run_at, updated_at)) in rows.into_iter().enumerate() {
            let sql = format!(
                "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
                 updated_at, run_at, is_test) values ('{organization}', 'sub_{n}', 'req', '{campaign}', {shard}, 0, 2, 'received', 0, 0, {updated_at}, {run_at}, false)"
            );
            servers.execute(&sql).await;
        }
        for store in servers.stores() {
            let expected = [("org_1".to_owned(), Timestamp(700)), ("org_2".to_owned(), Timestamp(900))];
            assert_eq!(store.backlogs_since().await.unwrap(), HashMap::from(expected));
        }
        servers.stop().await;
    }
}
