//! Chores that one host at a time runs for all. A chore's row is its lease: who takes it runs the chore, and nobody else does until it has ended
//! or the lease has run out. A chore must bear to be run twice: the lease spares work, and nothing else depends on it.

use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

impl Store {
    /// Takes a chore that is due; returns whether this host is to run it. A time that lies further ahead than `every_ms` was written by a
    /// host whose clock was wrong, and counts as due.
    #[boxed]
    pub async fn take_chore(
        &self,
        name: &str,
        host: &str,
        lease_ms: i64,
        every_ms: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "insert into chores (name, owner, run_at, expires_at) values ($1, $2, $3, $4) on conflict (name) do update set owner = excluded.owner, \
            expires_at = excluded.expires_at where (chores.run_at <= $3 or $5 < chores.run_at) and (chores.owner = '' or chores.expires_at <= $3 or $4 < chores.expires_at) \
            returning name";
        let taken: Option<String> = writing!(self, Class::Housekeeping, connection => {
            sqlx::query_scalar(SQL).bind(name).bind(host).bind(now.0).bind(now.plus_ms(lease_ms).0).bind(now.plus_ms(every_ms).0)
                .fetch_optional(&mut *connection).await?
        });
        Ok(taken.is_some())
    }

    /// Ends a chore that this host took: it is due again at `run_at`.
    #[boxed]
    pub async fn end_chore(&self, name: &str, host: &str, run_at: Timestamp) -> Result<(), StoreError> {
        writing!(self, Class::Housekeeping, connection => {
            sqlx::query("update chores set owner = '', run_at = $1 where name = $2 and owner = $3").bind(run_at.0).bind(name).bind(host)
                .execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// When the first of these chores may be taken: by its time, or by the end of somebody's lease. None where one was never run.
    #[boxed]
    pub async fn next_chore_at(&self, names: &[&str]) -> Result<Option<Timestamp>, StoreError> {
        let rows: Vec<(String, i64, String, i64)> = reading!(self, connection => {
            sqlx::query_as("select name, run_at, owner, expires_at from chores").fetch_all(&mut *connection).await?
        });
        let at = |name: &&str| {
            let (_, run_at, owner, expires_at) = rows.iter().find(|row| row.0 == **name)?;
            Some(if owner.is_empty() { *run_at } else { *run_at.max(expires_at) })
        };
        Ok(names.iter().map(at).collect::<Option<Vec<i64>>>().and_then(|at| at.into_iter().min()).map(Timestamp))
    }
}
