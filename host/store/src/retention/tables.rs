//! Tables of value sets: those that no set means any more are deleted, and counted down in the same commit. A table is kept once for all who have
//! it: each organization gives it up by itself, and its body goes with the last. Versions stay, so that it is known what a set once meant.

use crate::counts::{CountChanges, insert_count_changes};
use crate::organizations::LOCK_ORGANIZATION;
use crate::quotas::Held;
use crate::turns::Class;
use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A version that its set does not mean, nor did last before.
#[derive(Debug, Clone)]
struct Unused {
    value_set_id: String,
    version: i64,
    digest: String,
    unused_since: i64,
    organization_id: String,
}
from_row!(Unused { value_set_id, version, digest, unused_since, organization_id });

/// The body of a table that was deleted; no canonical form is empty.
const NO_BODY: &[u8] = b"";
/// The next of them, after the time `$1` and the version `$3` of the set `$2`.
const NEXT: &str = "select v.value_set_id, v.version, v.digest, v.unused_since, s.organization_id from value_set_versions v join value_sets s on s.id = v.value_set_id \
     where v.unused_since is not null and v.unused_since >= $1 and (v.unused_since > $1 or v.value_set_id > $2 or (v.value_set_id = $2 and v.version > $3)) \
     and v.unused_since < $4 order by v.unused_since, v.value_set_id, v.version limit $5";
/// A version of the organization `$1` that needs the table `$2`: one of its sets means it, did last before, or did so since `$3`.
const NEEDED: &str = "select v.version from value_set_versions v join value_sets s on s.id = v.value_set_id where v.digest = $2 and s.organization_id = $1 \
     and v.deleted_at is null and (v.unused_since is null or $3 <= v.unused_since) limit 1";

impl Store {
    /// Deletes the tables that are unused since then; returns how many.
    #[boxed]
    pub(crate) async fn forget_tables(&self, since: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let (mut after, mut count) = ((i64::MIN, String::new(), 0_i64), 0);
        loop {
            let found: Vec<Unused> = reading!(self, connection => {
                sqlx::query_as(NEXT).bind(after.0).bind(&after.1).bind(after.2).bind(since.0).bind(self.limits.forget_rows_max)
                    .fetch_all(&mut *connection).await?
            });
            let Some(last) = found.last() else { return Ok(count) };
            after = (last.unused_since, last.value_set_id.clone(), last.version);
            for version in &found {
                count +=
                    u64::from(!self.is_needed(version, since).await? && self.give_up_table(version, since, now).await?);
            }
        }
    }

    async fn is_needed(&self, version: &Unused, since: Timestamp) -> Result<bool, StoreError> {
        let needed: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar(NEEDED).bind(&version.organization_id).bind(&version.digest).bind(since.0)
                .fetch_optional(&mut *connection).await?
        });
        Ok(needed.is_some())
    }

    /// Has an organization give up a table, unless one of its sets came to need it meanwhile; returns whether it had it.
    async fn give_up_table(&self, version: &Unused, since: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let Unused { organization_id, digest, .. } = version;
        Ok(writing!(self, Class::Housekeeping, connection => {
            // Who edits its value sets, and who stores this very table, comes before or after.
            sqlx::query(LOCK_ORGANIZATION).bind(organization_id).execute(&mut *connection).await?;
            let bytes: i64 = sqlx::query_scalar("update value_tables set bytes = bytes where digest = $1 returning bytes").bind(digest)
                .fetch_one(&mut *connection).await?;
            let needed: Option<i64> = sqlx::query_scalar(NEEDED).bind(organization_id).bind(digest).bind(since.0).fetch_optional(&mut *connection).await?;
            if needed.is_some() {
                return Ok(false);
            }
            let given_up = sqlx::query("update value_set_versions set deleted_at = $1, unused_since = null where digest = $2 and deleted_at is null \
                 and value_set_id in (select id from value_sets where organization_id = $3)")
                .bind(now.0).bind(digest).bind(organization_id).execute(&mut *connection).await?.rows_affected();
            // Another version of this piece had the same table.
            if given_up == 0 {
                return Ok(false);
            }
            sqlx::query("update value_tables set body = $1 where digest = $2 and not exists (select 1 from value_set_versions v where v.digest = $2 and v.deleted_at is null)")
                .bind(NO_BODY).bind(digest).execute(&mut *connection).await?;
            let mut counts = CountChanges::default();
            counts.hold(organization_id, Held::Tables, -bytes);
            insert_count_changes!(self, connection, counts, now);
            true
        }))
    }
}
