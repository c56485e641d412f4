//! Who is the first under a key (L3, L4): unique rows, inserted in the commit that counts.

use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

/// A key under which a submission must be the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct First {
    /// What is compared, and where.
    pub scope: String,
    /// The hash of what is compared.
    pub key_hash: Vec<u8>,
    /// When its submission was received.
    pub received_at: i64,
    /// Who was received before this does not count any more.
    pub counts_from: i64,
}

/// Who is the first under a key.
#[derive(Debug, Clone)]
pub struct FirstSubmission {
    /// What is compared, and where.
    pub scope: String,
    /// The hash of what is compared.
    pub key_hash: Vec<u8>,
    /// The submission.
    pub submission_id: String,
    /// When it was received.
    pub received_at: i64,
}
from_row!(FirstSubmission { scope, key_hash, submission_id, received_at });

/// Claims keys for the rows that are written. Where another has one, nothing is written. The keys are locked in one order for all hosts.
macro_rules! claim_firsts {
    ($connection:expr, $written:expr) => {
        let mut claims: Vec<(&$crate::processed::First, &$crate::processed::Processed)> =
            $written.iter().flat_map(|p| p.firsts.iter().map(move |first| (first, *p))).collect();
        claims.sort_by_key(|(first, _)| *first);
        for chunk in $crate::database::chunks(&claims) {
            let sql = $crate::database::many_sql(
                &*$connection,
                $crate::processed::firsts::CLAIM,
                "(?, ?, ?, ?, ?, ?)",
                chunk.len(),
                $crate::processed::firsts::CLAIM_TAIL,
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for (first, p) in chunk {
                query = query
                    .bind(&p.organization_id)
                    .bind(&first.scope)
                    .bind(first.key_hash.as_slice())
                    .bind(&p.id)
                    .bind(first.received_at)
                    .bind(first.counts_from);
            }
            if query.execute(&mut *$connection).await?.rows_affected() < chunk.len() as u64 {
                return Err($crate::StoreError::Outdated);
            }
        }
    };
}
pub(super) use claim_firsts;

pub(super) const CLAIM: &str =
    "insert into first_submissions (organization_id, scope, key_hash, submission_id, received_at, counts_from) values";
/// An older one that does not count any more is replaced, and so is what the submission itself has claimed before.
pub(super) const CLAIM_TAIL: &str = "on conflict (organization_id, scope, key_hash) do update set submission_id = excluded.submission_id, \
     received_at = excluded.received_at, counts_from = excluded.counts_from \
     where first_submissions.received_at < excluded.counts_from or first_submissions.submission_id = excluded.submission_id";

impl Store {
    /// Who is the first under each of these keys, where somebody is.
    #[boxed]
    pub async fn first_submissions(
        &self,
        organization_id: &str,
        keys: &[(&str, &[u8])],
    ) -> Result<HashMap<(String, Vec<u8>), FirstSubmission>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in crate::database::chunks(keys) {
            let rows: Vec<FirstSubmission> = reading!(self, connection => {
                let sql = crate::database::many_sql(&*connection, "with v (organization_id, scope, key_hash) as (values", "(?, ?, ?)", chunk.len(), SELECT);
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                for (scope, key_hash) in chunk {
                    query = query.bind(organization_id).bind(*scope).bind(*key_hash);
                }
                query.fetch_all(&mut *connection).await?
            });
            found.extend(rows.into_iter().map(|row| ((row.scope.clone(), row.key_hash.clone()), row)));
        }
        Ok(found)
    }
}

const SELECT: &str = ") select f.scope, f.key_hash, f.submission_id, f.received_at from v join first_submissions f \
     on f.organization_id = v.organization_id and f.scope = v.scope and f.key_hash = v.key_hash";
