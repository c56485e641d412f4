//! Leases of shards, on PostgreSQL, by the database's clock alone: hosts' clocks may differ by any amount. On SQLite the lock on the data
//! directory is the lease; of the only shard is written whether its owner gave it up.

use super::database::Database;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::flow::leases::{LeaseRow, TakenShard};

/// Now by the database's clock, in milliseconds; `now()` would be the time at which the transaction began.
const CLOCK: &str = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// What a host learns from its heartbeat.
#[derive(Debug, Clone)]
pub struct LeaseView {
    /// How many hosts live, this one among them.
    pub hosts: usize,
    /// The rows of all shards that were ever leased.
    pub rows: Vec<LeaseRow>,
    /// What was put into each shard, as a count (see `signal_shards`).
    pub signals: Vec<(u16, i64)>,
    /// The database's clock, in milliseconds.
    pub database_now: i64,
}

impl Store {
    /// Whether several hosts may share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres { .. })
    }

    /// Sends the heartbeat of this host, which is valid for `lease_ms`, and reads the state of all hosts and shards.
    #[boxed]
    pub async fn announce_host(&self, host: &str, lease_ms: i64) -> Result<LeaseView, StoreError> {
        let Database::Postgres { pool } = &self.database else { return Err(not_shared()) };
        let mut transaction = pool.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "insert into hosts (id, expires_at) values ($1, {CLOCK} + $2) on conflict (id) do update set expires_at = excluded.expires_at"
        )))
        .bind(host)
        .bind(lease_ms)
        .execute(&mut *transaction)
        .await?;
        let (hosts, database_now): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "select count(*), {CLOCK} from hosts where {CLOCK} < expires_at"
        )))
        .fetch_one(&mut *transaction)
        .await?;
        let rows: Vec<(i64, String, i64, bool, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "select shard, owner, epoch, expires_at <= {CLOCK}, signals from shard_leases order by shard"
        )))
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let shard = |shard: i64| u16::try_from(shard).unwrap_or(u16::MAX);
        Ok(LeaseView {
            hosts: usize::try_from(hosts).unwrap_or(1).max(1),
            signals: rows.iter().map(|row| (shard(row.0), row.4)).collect(),
            rows: rows
                .into_iter()
                .map(|row| LeaseRow { shard: shard(row.0), owner: row.1, epoch: row.2, is_expired: row.3 })
                .collect(),
            database_now,
        })
    }

    /// The hosts that live, by the database's clock; none where this host is alone.
    #[boxed]
    pub async fn live_hosts(&self) -> Result<Vec<String>, StoreError> {
        let Database::Postgres { pool } = &self.database else { return Ok(Vec::new()) };
        let sql = format!("select id from hosts where {CLOCK} < expires_at");
        Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?)
    }

    /// Renews leases; returns those that this host still has.
    #[boxed]
    pub async fn renew_leases(
        &self,
        host: &str,
        held: &[(u16, i64)],
        lease_ms: i64,
    ) -> Result<Vec<(u16, i64)>, StoreError> {
        let Database::Postgres { pool } = &self.database else { return Err(not_shared()) };
        let shards: Vec<i64> = held.iter().map(|(shard, _)| i64::from(*shard)).collect();
        let epochs: Vec<i64> = held.iter().map(|(_, epoch)| *epoch).collect();
        // In one order for all hosts, so that two never wait in a circle.
        let renewed: Vec<(i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "with mine as (select l.shard from shard_leases l join unnest($2::bigint[], $3::bigint[]) as h (shard, epoch) \
             on h.shard = l.shard and h.epoch = l.epoch where l.owner = $1 and {CLOCK} < l.expires_at order by l.shard for update of l) \
             update shard_leases l set expires_at = {CLOCK} + $4 from mine where l.shard = mine.shard returning l.shard, l.epoch"
        )))
        .bind(host)
        .bind(shards)
        .bind(epochs)
        .bind(lease_ms)
        .fetch_all(pool)
        .await?;
        Ok(renewed.into_iter().map(|(shard, epoch)| (u16::try_from(shard).unwrap_or(u16::MAX), epoch)).collect())
    }

    /// Takes shards, each free in the epoch beside it; returns those that were taken with their new epochs: of the others somebody else
    /// was quicker. `now` is written of those whose owner had not given them up.
    #[boxed]
    pub async fn take_leases(
        &self,
        host: &str,
        free: &[(u16, i64)],
        lease_ms: i64,
        now: Timestamp,
    ) -> Result<Vec<TakenShard>, StoreError> {
        let Database::Postgres { pool } = &self.database else { return Err(not_shared()) };
        let shards: Vec<i64> = free.iter().map(|(shard, _)| i64::from(*shard)).collect();
        let epochs: Vec<i64> = free.iter().map(|(_, epoch)| *epoch + 1).collect();
        let taken: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "insert into shard_leases (shard, owner, epoch, expires_at, signals) \
             select free.shard, $1, free.epoch, {CLOCK} + $4, 0 from unnest($2::bigint[], $3::bigint[]) as free (shard, epoch) order by free.shard \
             on conflict (shard) do update set owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at, \
             unclean_at = case when shard_leases.owner = '' then shard_leases.unclean_at else $5 end \
             where shard_leases.epoch = excluded.epoch - 1 and (shard_leases.owner = '' or shard_leases.expires_at <= {CLOCK}) \
             returning shard, epoch, unclean_at"
        )))
        .bind(host)
        .bind(shards)
        .bind(epochs)
        .bind(lease_ms)
        .bind(now.0)
        .fetch_all(pool)
        .await?;
        let shard = |(shard, epoch, unclean_at): (i64, i64, Option<i64>)| TakenShard {
            shard: u16::try_from(shard).unwrap_or(u16::MAX),
            epoch,
            unclean_at: unclean_at.map(Timestamp),
        };
        Ok(taken.into_iter().map(shard).collect())
    }

    /// Releases shards, so that others need not wait for the leases to expire.
    #[boxed]
    pub async fn give_up_leases(&self, host: &str, held: &[(u16, i64)]) -> Result<(), StoreError> {
        let Database::Postgres { pool } = &self.database else { return Err(not_shared()) };
        let shards: Vec<i64> = held.iter().map(|(shard, _)| i64::from(*shard)).collect();
        let epochs: Vec<i64> = held.iter().map(|(_, epoch)| *epoch).collect();
        sqlx::query(
            "with mine as (select l.shard from shard_leases l join unnest($2::bigint[], $3::bigint[]) as h (shard, epoch) \
             on h.shard = l.shard and h.epoch = l.epoch where l.owner = $1 order by l.shard for update of l) \
             update shard_leases l set owner = '' from mine where l.shard = mine.shard",
        )
        .bind(host)
        .bind(shards)
        .bind(epochs)
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Takes the only shard of a database that is not shared: whoever has the lock on the data directory has it. Returns when it was last
    /// taken from a host that had not given it up; `now` is written if that is so this time.
    #[boxed]
    pub async fn take_sole_shard(&self, host: &str, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "insert into shard_leases (shard, owner, epoch, expires_at, signals) values (0, $1, 1, 0, 0) \
             on conflict (shard) do update set owner = excluded.owner, epoch = shard_leases.epoch + 1, \
             unclean_at = case when shard_leases.owner = '' then shard_leases.unclean_at else $2 end returning unclean_at";
        let unclean_at: Option<i64> = writing!(self, Class::People, connection => {
            sqlx::query_scalar(SQL).bind(host).bind(now.0).fetch_one(&mut *connection).await?
        });
        Ok(unclean_at.map(Timestamp))
    }

    /// Gives up the only shard of a database that is not shared: nothing of it is under way.
    #[boxed]
    pub async fn give_up_sole_shard(&self, host: &str) -> Result<(), StoreError> {
        writing!(self, Class::People, connection => {
            sqlx::query("update shard_leases set owner = '' where shard = 0 and owner = $1").bind(host).execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// Removes this host: the others share its shards. Those that it has not given up are taken as from a host that was lost.
    #[boxed]
    pub async fn retire_host(&self, host: &str) -> Result<(), StoreError> {
        let Database::Postgres { pool } = &self.database else { return Err(not_shared()) };
        sqlx::query("update shard_leases set expires_at = 0 where owner = $1").bind(host).execute(pool).await?;
        sqlx::query("delete from hosts where id = $1").bind(host).execute(pool).await?;
        Ok(())
    }

    /// Notifies the owners of these shards of new work. It does nothing where this host is alone.
    #[boxed]
    pub async fn signal_shards(&self, shards: &[u16]) -> Result<(), StoreError> {
        let Database::Postgres { pool } = &self.database else { return Ok(()) };
        let mut shards: Vec<i64> = shards.iter().copied().map(i64::from).collect();
        shards.sort_unstable();
        shards.dedup();
        if shards.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into shard_leases (shard, owner, epoch, expires_at, signals) select shard, '', 0, 0, 1 from unnest($1::bigint[]) as s (shard) \
             order by shard on conflict (shard) do update set signals = shard_leases.signals + 1",
        )
        .bind(shards)
        .execute(pool)
        .await?;
        Ok(())
    }
}

fn not_shared() -> StoreError {
    StoreError::corrupt("shard_leases", "", "a database of one host has no leases")
}
