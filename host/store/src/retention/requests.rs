//! Raw requests: forgotten once all their submissions have ended, and counted down in the same commit.

use super::open_states;
use crate::counts::{CountChanges, insert_count_changes};
use crate::quotas::Held;
use crate::turns::Class;
use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// The last of so many requests of the organization `$1` between the ids `$2` and `$3`.
const LAST: &str = "select max(id) from (select id from requests where organization_id = $1 and $2 < id and id < $3 order by id limit $4) as looked_at";

/// The ended ones of the organization `$1` after the id `$2`, up to `$3`. A submission's id begins with its request's. They are sought one request at
/// a time: of `not exists` PostgreSQL makes a join that reads all submissions of the organization for each.
fn ended() -> String {
    format!(
        "requests where organization_id = $1 and $2 < id and id <= $3 and (select s.id from submissions s where s.organization_id = requests.organization_id \
         and s.id > requests.id and s.id < requests.id || 'zzzz' and s.state || '' in ({}) limit 1) is null",
        open_states()
    )
}

impl Store {
    /// Deletes the requests of an organization before this id whose submissions have all ended; returns how many. It looks at so many at a time,
    /// since those that stay stand before others that go.
    #[boxed]
    pub(crate) async fn forget_requests(
        &self,
        organization_id: &str,
        before: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let last: Option<String> = reading!(self, connection => {
                sqlx::query_scalar(LAST).bind(organization_id).bind(&after).bind(before).bind(self.limits.forget_rows_max)
                    .fetch_one(&mut *connection).await?
            });
            let Some(last) = last else { return Ok(count) };
            if self.has_ended_requests(organization_id, &after, &last).await? {
                count += self.delete_requests(organization_id, &after, &last, now).await?;
            }
            after = last;
        }
    }

    async fn has_ended_requests(&self, organization_id: &str, after: &str, last: &str) -> Result<bool, StoreError> {
        let sql = format!("select 1 from {} limit 1", ended());
        let some: Option<i32> = reading!(self, connection => {
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(after).bind(last)
                .fetch_optional(&mut *connection).await?
        });
        Ok(some.is_some())
    }

    async fn delete_requests(
        &self,
        organization_id: &str,
        after: &str,
        last: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let bytes = "cast(length(body) + length(metadata) + length(response) as bigint)";
        let sql = format!("delete from {} returning {bytes}", ended());
        Ok(writing!(self, Class::Housekeeping, connection => {
            let deleted: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(after).bind(last)
                .fetch_all(&mut *connection).await?;
            let mut counts = CountChanges::default();
            counts.hold(organization_id, Held::Requests, -deleted.iter().sum::<i64>());
            insert_count_changes!(self, connection, counts, now);
            deleted.len() as u64
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::Servers;
    use hookmill_domain::config::Limits;
    use hookmill_domain::ids::lowest_id;

    const DAY_MS: i64 = 24 * 3_600_000;
    const NOW: Timestamp = Timestamp(1_790_000_000_000);
    /// A body, metadata and a response.
    const BYTES: i64 = 4 + 2 + 2;

    /// I11: requests whose submissions have ended go after their time, and their bytes with them; those with something to do stay, however
    /// many of them stand before others.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i11_requests_that_have_ended_are_forgotten() {
        let servers = Servers::start("requests").await;
        let stores = servers.open_within(&Limits { forget_rows_max: 2, ..Limits::default() }).await;
        // The oldest first: (age in days, states of the submissions, whether it stays).
        let requests: [(i64, &[&str], bool); 8] = [
            (100, &["quarantined"], true),
            (99, &["pending"], true),
            (98, &["delivered", "delivering"], true),
            (97, &["received"], true),
            (96, &["delivered", "canceled"], false),
            (40, &["failed"], false),
            (31, &[], false),
            (1, &["delivered"], true),
        ];
        let x = |text: &str| format!("cast('{text}' as bytea)");
        let mut kept = Vec::new();
        for (age_days, states, stays) in requests {
            let at = NOW.plus_ms(-age_days * DAY_MS);
            let id = stores[0].ids.new_id("req", at);
            let sql = format!(
                "insert into requests (organization_id, id, source_key_id, channel, content_type, metadata, response, body, received_at) \
                 values ('org_1', '{id}', 'key', 'batch', 'x', {}, {}, {}, {})",
                x("{}"),
                x("{}"),
                x("[{}]"),
                at.0
            );
            servers.execute(&sql).await;
            for (index, state) in states.iter().enumerate() {
                let sql = format!(
                    "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
                     updated_at, is_test) values ('org_1', '{id}-{index}', '{id}', 'cmp', 1, 0, 2, '{state}', 0, 0, 0, false)"
                );
                servers.execute(&sql).await;
            }
            if stays {
                kept.push(id);
            }
        }
        servers.execute(&format!("insert into counts values ('org_1', 'bytes_of_requests', {})", 8 * BYTES)).await;
        let before = lowest_id("req", NOW.plus_ms(-30 * DAY_MS));
        for store in stores {
            assert_eq!(store.forget_requests("org_2", &before, NOW).await.unwrap(), 0, "they are another's");
            assert_eq!(store.forget_requests("org_1", &before, NOW).await.unwrap(), 3);
            assert_eq!(store.forget_requests("org_1", &before, NOW).await.unwrap(), 0);
            let left = store.requests("org_1", "", 50).await.unwrap();
            assert_eq!(left.iter().rev().map(|request| request.id.as_str()).collect::<Vec<_>>(), kept);
            assert_eq!(store.bytes_held("org_1", Held::Requests).await.unwrap(), 5 * BYTES);
            store.close().await;
        }
        servers.stop().await;
    }
}
