//! The audit log: who did what that matters. A change and its line are one commit, so that there is none without the other.

use super::requests::before_or_end;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// Who does what: what a change writes into the audit log in its own transaction. The change itself says to what it was done.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// The organization it is done in; none for what concerns operators alone.
    pub organization_id: Option<String>,
    /// Who does it.
    pub user_id: String,
    /// What is done, such as `source_key.revealed`.
    pub action: &'static str,
}

/// One line of the audit log.
#[derive(Debug, Clone)]
pub struct AuditLine {
    /// Its id.
    pub id: String,
    /// Who did it.
    pub user_id: String,
    /// What was done, such as `source_key.revealed`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// When.
    pub at: i64,
}
from_row!(AuditLine { id, user_id, action, subject, at });

/// Writes the line of a change in the change's transaction.
macro_rules! insert_audit {
    ($store:expr, $connection:expr, $entry:expr, $subject:expr, $now:expr) => {
        sqlx::query(
            "insert into audit (id, organization_id, user_id, action, subject, at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind($store.ids.new_id("aud", $now))
        .bind($entry.organization_id.as_deref())
        .bind(&$entry.user_id)
        .bind($entry.action)
        .bind($subject)
        .bind($now.0)
        .execute(&mut *$connection)
        .await?
    };
}

impl Store {
    /// The lines of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn audit_lines(
        &self,
        organization_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, user_id, action, subject, at from audit where organization_id = $1 and id < $2 order by id desc limit $3")
                .bind(organization_id).bind(before_or_end(before)).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}
