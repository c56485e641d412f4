//! What is forgotten, each kind of data after its own time, in pieces of so many rows. A piece is a turn of housekeeping, and a look before it
//! costs no write. What is needed to go on is never forgotten; what running again and going back need has times of its own, for ever unless an
//! operator sets them.

mod rejected;
mod requests;
mod tables;
mod versions;

use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::ids::lowest_id;
use hookmill_domain::state::State;
#[cfg(test)]
pub(super) use versions::Unused;

/// A kind of data that each organization has more of every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// Attempts of deliveries that are over.
    Attempts,
    /// Events whose deliveries are over.
    Events,
    /// Jobs.
    Jobs,
    /// Bulk jobs that are over.
    BulkJobs,
}

impl Old {
    const ALL: [Self; 4] = [Self::Attempts, Self::Events, Self::Jobs, Self::BulkJobs];

    /// Its table.
    fn table(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Events => "events",
            Self::Jobs => "jobs",
            Self::BulkJobs => "bulk_jobs",
        }
    }

    /// What finds a row within its organization.
    fn key(self) -> &'static str {
        match self {
            Self::Events | Self::Jobs | Self::BulkJobs => "id",
            Self::Attempts => "delivery_id, id",
        }
    }

    /// The keys of what is old: before the id `$2`, of the organization `$1`. Ids begin with their time.
    fn which(self) -> &'static str {
        match self {
            Self::Attempts => {
                "select a.delivery_id, a.id from attempts a join deliveries d on d.organization_id = a.organization_id and d.id = a.delivery_id \
                 where a.organization_id = $1 and a.delivery_id < $2 and d.state || '' not in ('waiting', 'held') order by a.delivery_id, a.id"
            }
            // An event that is still to be told of is what its message is shaped from.
            Self::Events => {
                "select e.id from events e where e.organization_id = $1 and e.id < $2 and not exists (select 1 from deliveries d \
                 where d.organization_id = e.organization_id and d.submission_id in (e.subject_id, e.id) and d.event_id = e.id \
                 and d.state || '' in ('waiting', 'held')) order by e.id"
            }
            Self::Jobs => "select id from jobs where organization_id = $1 and id < $2 order by id",
            Self::BulkJobs => {
                "select id from bulk_jobs where organization_id = $1 and id < $2 and run_at is null order by id"
            }
        }
    }

    /// What the ids in `which` begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Attempts => "dlv",
            Self::Events => "evt",
            Self::Jobs => "job",
            Self::BulkJobs => "bulk",
        }
    }
}

/// One piece of what is forgotten.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    /// Idempotency keys that no longer count.
    Keys(Timestamp),
    /// Commits before this id.
    Commits(&'a str),
    /// What is old of an organization: before this id.
    Old(Old, &'a str, &'a str),
    /// Who was the first under a key, of an organization: of submissions before this id, and received before then.
    Firsts(&'a str, &'a str, Timestamp),
}

/// How long it counts who was the first under a key, in days: longer than any duplicate rule looks back.
const FIRSTS_COUNT_DAYS: i64 = 366;

impl Store {
    /// Forgets what is older than the limits say, of every organization; returns how many rows that were.
    #[boxed]
    pub async fn forget_old(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut count = self.forget_all(Piece::Keys(now)).await?;
        let organizations: Vec<String> = reading!(self, connection => {
            sqlx::query_scalar("select id from organizations order by id").fetch_all(&mut *connection).await?
        });
        for old in Old::ALL {
            let before = lowest_id(old.prefix(), now.plus_ms(-self.kept_ms(old)));
            for organization_id in &organizations {
                count += self.forget_all(Piece::Old(old, organization_id, &before)).await?;
            }
        }
        let received_before = now.minus_days(FIRSTS_COUNT_DAYS);
        let before = lowest_id("req", received_before);
        for organization_id in &organizations {
            count += self.forget_all(Piece::Firsts(organization_id, &before, received_before)).await?;
        }
        let before = lowest_id("rej", now.plus_ms(-self.limits.rejected_kept_ms));
        for organization_id in &organizations {
            count += self.forget_rejected(organization_id, &before, now).await?;
            count += self.prune_rejected(organization_id, now).await?;
        }
        let before = lowest_id("req", now.minus_days(self.limits.requests_kept_days));
        for organization_id in &organizations {
            count += self.forget_requests(organization_id, &before, now).await?;
        }
        count += self.forget_versions(now.minus_days(self.limits.versions_kept_days), now).await?;
        count += self.forget_tables(now.minus_days(self.limits.tables_kept_days), now).await?;
        Ok(count)
    }

    /// Deletes commits that are too old to be asked for; returns how many.
    pub async fn forget_commits(&self, before_id: &str) -> Result<u64, StoreError> {
        self.forget_all(Piece::Commits(before_id)).await
    }

    fn kept_ms(&self, old: Old) -> i64 {
        match old {
            Old::Attempts => self.limits.attempts_kept_ms,
            Old::Events => self.limits.events_kept_ms,
            Old::Jobs => self.limits.jobs_kept_ms,
            Old::BulkJobs => self.limits.bulk_jobs_kept_ms,
        }
    }

    /// Repeats a piece until it was not a whole one; returns how many rows that were.
    async fn forget_all(&self, piece: Piece<'_>) -> Result<u64, StoreError> {
        let whole = u64::try_from(self.limits.forget_rows_max).unwrap_or(1).max(1);
        let mut count = 0;
        loop {
            let rows = self.forget_piece(piece).await?;
            count += rows;
            if rows < whole {
                return Ok(count);
            }
        }
    }

    /// Deletes one piece; returns how many rows it had.
    pub(super) async fn forget_piece(&self, piece: Piece<'_>) -> Result<u64, StoreError> {
        const KEYS: &str =
            "select organization_id, key_hash from idempotency where expires_at <= $1 order by expires_at";
        const COMMITS: &str = "select id from commits where id < $1 order by id";
        // One that is posted again later has the id of its first request, so the id alone says too little.
        const FIRSTS: &str = "select scope, key_hash from first_submissions where organization_id = $1 and submission_id < $2 and received_at < $3 \
             order by submission_id";
        let rows = self.limits.forget_rows_max;
        // A look costs no write.
        Ok(match piece {
            Piece::Keys(now) => {
                let look = format!("select 1 from ({KEYS} limit 1) as old");
                let sql = format!("delete from idempotency where (organization_id, key_hash) in ({KEYS} limit $2)");
                let some: Option<i32> = reading!(self, connection => {
                    sqlx::query_scalar(sqlx::AssertSqlSafe(look.as_str())).bind(now.0).fetch_optional(&mut *connection).await?
                });
                if some.is_none() {
                    return Ok(0);
                }
                writing!(self, Class::Housekeeping, connection => {
                    sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(now.0).bind(rows).execute(&mut *connection).await?.rows_affected()
                })
            }
            Piece::Commits(before) => {
                let sql = format!("delete from commits where id in ({COMMITS} limit $2)");
                writing!(self, Class::Housekeeping, connection => {
                    sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(before).bind(rows).execute(&mut *connection).await?.rows_affected()
                })
            }
            Piece::Firsts(organization_id, before, received_before) => {
                let look = format!("select 1 from ({FIRSTS} limit 1) as old");
                let sql = format!(
                    "delete from first_submissions where organization_id = $1 and (scope, key_hash) in ({FIRSTS} limit $4)"
                );
                let some: Option<i32> = reading!(self, connection => {
                    sqlx::query_scalar(sqlx::AssertSqlSafe(look.as_str())).bind(organization_id).bind(before).bind(received_before.0)
                        .fetch_optional(&mut *connection).await?
                });
                if some.is_none() {
                    return Ok(0);
                }
                writing!(self, Class::Housekeeping, connection => {
                    sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before).bind(received_before.0).bind(rows)
                        .execute(&mut *connection).await?.rows_affected()
                })
            }
            Piece::Old(old, organization_id, before) => {
                let (table, key, which) = (old.table(), old.key(), old.which());
                let look = format!("select 1 from ({which} limit 1) as old");
                let sql = format!("delete from {table} where organization_id = $1 and ({key}) in ({which} limit $3)");
                let some: Option<i32> = reading!(self, connection => {
                    sqlx::query_scalar(sqlx::AssertSqlSafe(look.as_str())).bind(organization_id).bind(before).fetch_optional(&mut *connection).await?
                });
                if some.is_none() {
                    return Ok(0);
                }
                writing!(self, Class::Housekeeping, connection => {
                    sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before).bind(rows)
                        .execute(&mut *connection).await?.rows_affected()
                })
            }
        })
    }
}

/// The states in which a submission is still to do, as SQL has them.
fn open_states() -> String {
    let open = State::ALL.iter().filter(|state| !state.is_terminal());
    open.map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::Servers;
    use hookmill_domain::config::Limits;
    use hookmill_domain::lifecycle::duplicates::WINDOW_DAYS;

    const DAY_MS: i64 = 24 * 3_600_000;
    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    async fn count(store: &Store, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        let counting = async || {
            Ok::<_, StoreError>(reading!(store, connection => {
                sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).fetch_one(&mut *connection).await?
            }))
        };
        counting().await.unwrap()
    }

    /// Rows of this age, in days, each with its own number.
    async fn fill(servers: &Servers, store: &Store, age_days: i64, state: &str, numbers: std::ops::Range<usize>) {
        let at = NOW.plus_ms(-age_days * DAY_MS);
        for n in numbers {
            let [delivery, event, attempt, commit, job, bulk_job] =
                ["dlv", "evt", "att", "cmt", "job", "bulk"].map(|prefix| store.ids.new_id(prefix, at));
            let run_at = if state == "held" { at.0.to_string() } else { "null".to_owned() };
            let x = "cast('00' as bytea)";
            let expires_at = at.plus_ms(7 * DAY_MS).0;
            let at = at.0;
            for sql in [
                format!(
                    "insert into jobs (organization_id, id, user_id, key_id, operation, path, request_id, host, created_at) \
                     values ('org_1', '{job}', 'usr', 'key', 'x', '/', 'req', 'host', {at})"
                ),
                format!(
                    "insert into bulk_jobs (organization_id, id, operation, filter, id_count, user_id, state, revision, host, run_at, total, is_total_estimated, done, skipped, \
                     failed, created_at, cursor) values ('org_1', '{bulk_job}', 'repost', {x}, 0, 'usr', 'x', 0, '', {run_at}, 0, false, 0, 0, 0, {at}, {x})"
                ),
                format!("insert into commits values ('{commit}', {at})"),
                format!(
                    "insert into idempotency values ('org_1', cast('{n}' as bytea), 'req', {x}, {at}, {expires_at})"
                ),
                format!(
                    "insert into attempts values ('org_1', '{delivery}', '{attempt}', 1, {at}, 1, 200, 'accepted', {x})"
                ),
                format!(
                    "insert into events values ('org_1', '{event}', 'submission', 'sub_{n}', null, 'x', null, {x}, null, null, null, {at})"
                ),
                format!(
                    "insert into deliveries (organization_id, id, campaign_key, submission_id, event_id, destination_id, destination_version, destination_kind, shard, state, attempts, \
                     retries_max, created_at, updated_at) values ('org_1', '{delivery}', 'cmp', 'sub_{n}', '{event}', 'dst', 1, 'client', 1, '{state}', 1, 1, {at}, {at})"
                ),
            ] {
                servers.execute(&sql).await;
            }
        }
    }

    /// L3: what no rule looks back to is forgotten, and what some rule may look back to is not; a submission that was posted again counts from then.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn l3_who_was_first_is_forgotten_when_no_rule_looks_back_so_far() {
        assert!(i64::from(*WINDOW_DAYS.end()) < FIRSTS_COUNT_DAYS);
        let servers = Servers::start("firsts").await;
        let limits = Limits { forget_rows_max: 2, ..Limits::default() };
        let stores = servers.open_within(&limits).await;
        servers
            .execute("insert into organizations (id, name, salt, \"values\", created_at) values ('org_1', 'x', cast('00' as bytea), cast('{}' as bytea), 0)")
            .await;
        let ages = [(400, 400), (380, 380), (367, 367), (400, 1), (365, 365), (1, 1)];
        for (n, (age_of_id, age)) in ages.into_iter().enumerate() {
            let id = stores[0].ids.new_id("req", NOW.minus_days(age_of_id));
            let at = NOW.minus_days(age).0;
            servers
                .execute(&format!(
                    "insert into first_submissions values ('org_1', 's', cast('{n}' as bytea), '{id}-0', {at}, 0)"
                ))
                .await;
        }
        for store in &stores {
            store.forget_old(NOW).await.unwrap();
            assert_eq!(count(store, "first_submissions").await, 3);
        }
        for store in stores {
            store.close().await;
        }
        servers.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i11_what_is_old_is_forgotten_in_pieces_and_what_is_needed_stays() {
        let servers = Servers::start("retention").await;
        let limits = Limits { forget_rows_max: 4, ..Limits::default() };
        let stores = servers.open_within(&limits).await;
        servers
            .execute("insert into organizations (id, name, salt, \"values\", created_at) values ('org_1', 'x', cast('00' as bytea), cast('{}' as bytea), 0)")
            .await;
        fill(&servers, &stores[0], 100, "delivered", 0..10).await;
        fill(&servers, &stores[0], 100, "held", 10..13).await;
        fill(&servers, &stores[0], 40, "failed", 20..25).await;
        fill(&servers, &stores[0], 1, "delivered", 30..32).await;
        for store in &stores {
            store.forget_old(NOW).await.unwrap();
            store.forget_commits(&lowest_id("cmt", NOW.plus_ms(-DAY_MS * 2))).await.unwrap();
            let expected = [
                ("idempotency", 2),
                ("jobs", 2),
                // Those that are not over stay, too.
                ("bulk_jobs", 3 + 5 + 2),
                // Those of held deliveries are needed, and those of 40 days are not old yet.
                ("attempts", 3 + 5 + 2),
                ("events", 3 + 5 + 2),
                ("deliveries", 20),
                ("commits", 2),
            ];
            for (table, rows) in expected {
                assert_eq!(count(store, table).await, rows, "{table}");
            }
            assert_eq!(store.forget_old(NOW).await.unwrap(), 0, "nothing more is old");
        }
        for store in stores {
            store.close().await;
        }
        servers.stop().await;
    }
}
