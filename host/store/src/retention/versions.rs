//! Campaign versions: the documents and plans of those that nothing runs any more are deleted, and counted down in the same commit. The row
//! stays: its number is taken, and who saved it is known.

use crate::campaigns::LOCK_CAMPAIGN;
use crate::counts::{CountChanges, insert_count_changes};
use crate::quotas::{Held, length};
use crate::turns::Class;
use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::ids::lowest_id;
use hookmill_domain::state::State;

/// A version that its campaign does not run, nor did last before.
#[derive(Debug, Clone)]
pub(crate) struct Unused {
    pub(crate) id: String,
    pub(crate) campaign_key: String,
    pub(crate) unused_since: i64,
}
from_row!(Unused { id, campaign_key, unused_since });

/// In which time every host and every batch under way has learnt that a version is not active, in milliseconds: much more than it takes.
const LEARNT_MS: i64 = 24 * 3_600_000;
/// The warnings of a version without a document.
const NO_WARNINGS: &[u8] = b"[]";
/// The next of them, after the time `$1` and the id `$2`.
const NEXT: &str = "select id, campaign_key, unused_since from campaign_versions where unused_since is not null and unused_since >= $1 \
     and (unused_since > $1 or id > $2) and unused_since < $3 order by unused_since, id limit $4";
/// How many bytes one has that was not used since it was found.
const BYTES: &str = "select cast(coalesce(length(v.document), 0) + coalesce(length(v.plan), 0) + length(v.warnings) as bigint) from campaign_versions v \
     where v.id = $1 and v.unused_since = $2";

impl Store {
    /// Deletes the documents and plans of versions that are unused since then; returns how many.
    #[boxed]
    pub(crate) async fn forget_versions(&self, since: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let (mut after, mut count) = ((i64::MIN, String::new()), 0);
        loop {
            let found: Vec<Unused> = reading!(self, connection => {
                sqlx::query_as(NEXT).bind(after.0).bind(&after.1).bind(since.0).bind(self.limits.forget_rows_max)
                    .fetch_all(&mut *connection).await?
            });
            let Some(last) = found.last() else { return Ok(count) };
            after = (last.unused_since, last.id.clone());
            for version in &found {
                let is_needed = self.is_run_by_leads(version).await? || self.is_run_by_messages(version).await?;
                if !is_needed && self.delete_version(version, now).await? {
                    count += 1;
                }
            }
        }
    }

    /// Whether a lead that has not ended ran on a version. Nothing that came after its time did; and of what came before, only so much is looked
    /// at: where there is more, the version stays.
    pub(crate) async fn is_run_by_leads(&self, version: &Unused) -> Result<bool, StoreError> {
        let border = lowest_id("req", Timestamp(version.unused_since).plus_ms(LEARNT_MS));
        for state in State::ALL.iter().filter(|state| !state.is_terminal()) {
            let oldest = format!(
                "select campaign_version_id from submissions where campaign_key = $1 and state = '{}' and id < $3 order by id limit $4",
                state.as_str()
            );
            if self.is_among(&oldest, version, &border).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a message that is on its way is shaped by a version, or its response interpreted, as far as that is looked at.
    pub(crate) async fn is_run_by_messages(&self, version: &Unused) -> Result<bool, StoreError> {
        for state in ["waiting", "held"] {
            let oldest = format!(
                "select coalesce(d.campaign_version_id, s.campaign_version_id) as campaign_version_id from (select organization_id, submission_id, campaign_version_id from deliveries where campaign_key = $1 and state = '{state}' \
                 and state <> 'delivered' and id < $3 order by id limit $4) as d \
                 left join submissions s on s.organization_id = d.organization_id and s.id = d.submission_id"
            );
            // Messages are made until their lead has ended, however late that is.
            if self.is_among(&oldest, version, "zzzz").await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a version is among these, or there are too many of them to tell.
    async fn is_among(&self, oldest: &str, version: &Unused, border: &str) -> Result<bool, StoreError> {
        let sql = format!(
            "select count(*), cast(coalesce(sum(case when campaign_version_id = $2 then 1 else 0 end), 0) as bigint) from ({oldest}) as oldest"
        );
        let rows_max = self.limits.forget_rows_max;
        let (rows, of_it): (i64, i64) = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(&version.campaign_key).bind(&version.id).bind(border)
                .bind(rows_max.saturating_add(1)).fetch_one(&mut *connection).await?
        });
        Ok(rows_max < rows || 0 < of_it)
    }

    /// Deletes what is large of a version, unless it was activated meanwhile.
    async fn delete_version(&self, version: &Unused, now: Timestamp) -> Result<bool, StoreError> {
        Ok(writing!(self, Class::Housekeeping, connection => {
            // Who activates it at this moment comes before or after.
            sqlx::query(LOCK_CAMPAIGN).bind(&version.campaign_key)
                .execute(&mut *connection).await?;
            let bytes: Option<i64> = sqlx::query_scalar(BYTES).bind(&version.id).bind(version.unused_since).fetch_optional(&mut *connection).await?;
            let Some(bytes) = bytes else { return Ok(false) };
            let organization_id: String = sqlx::query_scalar("select organization_id from campaigns where campaign_key = $1").bind(&version.campaign_key)
                .fetch_one(&mut *connection).await?;
            sqlx::query("update campaign_versions set document = null, plan = null, warnings = $1, unused_since = null, deleted_at = $2 where id = $3")
                .bind(NO_WARNINGS).bind(now.0).bind(&version.id).execute(&mut *connection).await?;
            let mut counts = CountChanges::default();
            counts.hold(&organization_id, Held::Versions, length(NO_WARNINGS) - bytes);
            insert_count_changes!(self, connection, counts, now);
            true
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::Servers;
    use hookmill_domain::config::Limits;

    const DAY_MS: i64 = 24 * 3_600_000;
    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    /// O5 P8: the document of a version goes when nothing runs it, with its bytes; what a lead or a message on its way runs on stays, and so does
    /// every version of a campaign where more waits than is looked at.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn o5_documents_that_nothing_runs_are_forgotten() {
        let servers = Servers::start("versions").await;
        let stores = servers.open_within(&Limits { forget_rows_max: 3, ..Limits::default() }).await;
        let at = NOW.plus_ms(-100 * DAY_MS);
        let x = |text: &str| format!("cast('{text}' as bytea)");
        servers
            .execute(&format!(
                "insert into organizations (id, name, salt, \"values\", created_at) values ('org', 'x', {}, {}, 0)",
                x("0"),
                x("0")
            ))
            .await;
        servers
            .execute(&format!(
                "insert into components (digest, bytes, stages, created_at) values ('d', {}, {}, 0)",
                x("0"),
                x("[]")
            ))
            .await;
        // (campaign, version, days since when it is unused, whether it stays)
        let versions = [
            ("a", 1, Some(50), false),
            ("a", 2, Some(49), true),
            ("a", 3, Some(48), true),
            ("a", 4, Some(1), true),
            ("a", 5, None, true),
            ("b", 1, Some(50), false),
            ("c", 1, Some(50), true),
        ];
        for campaign in ["a", "b", "c"] {
            let sql = format!(
                "insert into campaigns (campaign_key, organization_id, campaign_id, name, state, time_zone, phone_region, \"values\", granted_value_sets, created_at, updated_at) \
                 values ('cmp_{campaign}', 'org', '{campaign}', 'x', 'active', 'UTC', 'DE', {}, {}, 0, 0)",
                x("{}"),
                x("[]")
            );
            servers.execute(&sql).await;
        }
        for (campaign, version, unused_days, _) in versions {
            let unused_since =
                unused_days.map_or("null".to_owned(), |days: i64| NOW.plus_ms(-days * DAY_MS).0.to_string());
            let sql = format!(
                "insert into campaign_versions (id, campaign_key, version, component_digest, warnings, created_by, created_at, unused_since, document, plan) \
                 values ('ver_{campaign}{version}', 'cmp_{campaign}', {version}, 'd', {}, 'usr', 0, {unused_since}, {}, {})",
                x("[1]"),
                x("1234"),
                x("12345")
            );
            servers.execute(&sql).await;
        }
        let submission = async |campaign: &str, version: &str, state: &str| {
            let id = stores[0].ids.new_id("req", at);
            let sql = format!(
                "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
                 updated_at, is_test, campaign_version_id) values ('org', '{id}-0', '{id}', 'cmp_{campaign}', 1, 0, 2, '{state}', 0, 0, 0, false, '{version}')"
            );
            servers.execute(&sql).await;
            format!("{id}-0")
        };
        submission("a", "ver_a1", "delivered").await;
        submission("a", "ver_a2", "quarantined").await;
        let told = submission("a", "ver_a3", "delivered").await;
        // Ids never go back in time: these come before the message's.
        for _ in 0..4 {
            submission("c", "ver_c9", "pending").await;
        }
        let id = stores[0].ids.new_id("dlv", NOW);
        let sql = format!(
            "insert into deliveries (organization_id, id, campaign_key, submission_id, destination_id, destination_version, destination_kind, shard, state, attempts, \
             retries_max, created_at, updated_at) values ('org', '{id}', 'cmp_a', '{told}', 'dst', 1, 'organization_webhook', 1, 'waiting', 1, 1, 0, 0)"
        );
        servers.execute(&sql).await;
        servers.execute("insert into counts values ('org', 'bytes_of_versions', 84)").await;
        for store in stores {
            let since = NOW.plus_ms(-30 * DAY_MS);
            let forgotten = store.forget_versions(since, NOW).await.unwrap();
            for (campaign, version, _, stays) in versions {
                let row = store.campaign_version(&format!("ver_{campaign}{version}")).await.unwrap().unwrap();
                assert_eq!((row.document.is_some(), row.deleted_at.is_none()), (stays, stays), "{campaign}{version}");
            }
            assert_eq!((forgotten, store.forget_versions(since, NOW).await.unwrap()), (2, 0));
            // Two have lost a document of 4 bytes, a plan of 5, and a warning.
            assert_eq!(store.bytes_held("org", Held::Versions).await.unwrap(), 84 - 2 * (4 + 5 + 1));
            store.close().await;
        }
        servers.stop().await;
    }
}
