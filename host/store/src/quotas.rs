//! How many bytes each organization may have, by kind. They are counted in the commit that adds them (`counts.rs`); a person's change is
//! checked in its own transaction, and intake by a figure that is read now and then.

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::config::Limits;

/// A kind of bytes that an organization has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Raw requests with the responses to them.
    Requests,
    /// Components, each once, whatever number of versions it is.
    Components,
    /// Documents and plans of campaign versions.
    Versions,
    /// Tables of value sets, older ones too, each once.
    Tables,
}

impl Held {
    /// Its name among the counts; no state of a submission has one like it, nor has the backlog.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Requests => "bytes_of_requests",
            Self::Components => "bytes_of_components",
            Self::Versions => "bytes_of_versions",
            Self::Tables => "bytes_of_tables",
        }
    }

    /// The name of its bound.
    pub fn bound(self) -> &'static str {
        match self {
            Self::Requests => "held_requests_bytes_max",
            Self::Components => "held_components_bytes_max",
            Self::Versions => "held_versions_bytes_max",
            Self::Tables => "held_tables_bytes_max",
        }
    }

    /// How many an organization may have.
    pub fn max(self, limits: &Limits) -> i64 {
        match self {
            Self::Requests => limits.held_requests_bytes_max,
            Self::Components => limits.held_components_bytes_max,
            Self::Versions => limits.held_versions_bytes_max,
            Self::Tables => limits.held_tables_bytes_max,
        }
    }
}

/// A change that would have an organization pass its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{held} bytes of {max} are taken ({}), and this needs {bytes}", kind.bound())]
pub struct QuotaReached {
    /// Of what kind.
    pub kind: Held,
    /// How many bytes it has.
    pub held: i64,
    /// How many more it would have.
    pub bytes: i64,
    /// How many it may have.
    pub max: i64,
}

/// What an owner has under a name, up to this moment.
pub(super) const HELD: &str = "select cast(coalesce(sum(n), 0) as bigint) from (select count as n from counts where owner_id = $1 and name = $2 \
     union all select change as n from count_changes where owner_id = $1 and name = $2) as c";

/// Counts bytes that a change of a person's adds, or ends the change because there is no room for them.
macro_rules! hold_bytes {
    ($store:expr, $connection:expr, $organization_id:expr, $kind:expr, $bytes:expr, $now:expr) => {{
        let (organization_id, kind, bytes): (&str, $crate::quotas::Held, i64) = ($organization_id, $kind, $bytes);
        // Two changes at one moment come one after the other.
        sqlx::query($crate::organizations::LOCK_ORGANIZATION).bind(organization_id).execute(&mut *$connection).await?;
        let held: i64 = sqlx::query_scalar($crate::quotas::HELD)
            .bind(organization_id)
            .bind(kind.name())
            .fetch_one(&mut *$connection)
            .await?;
        let max = kind.max(&$store.limits);
        if max < held.saturating_add(bytes) {
            return Err($crate::quotas::QuotaReached { kind, held, bytes, max }.into());
        }
        let mut counts = $crate::counts::CountChanges::default();
        counts.hold(organization_id, kind, bytes);
        $crate::counts::insert_count_changes!($store, $connection, counts, $now);
    }};
}
pub(super) use hold_bytes;

/// A length as it is counted.
pub(super) fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

impl Store {
    /// How many bytes an organization has of a kind.
    #[boxed]
    pub async fn bytes_held(&self, organization_id: &str, kind: Held) -> Result<i64, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar(HELD).bind(organization_id).bind(kind.name()).fetch_one(&mut *connection).await?
        }))
    }
}
