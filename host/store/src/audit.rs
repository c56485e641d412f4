//! Who did what that matters: keys revealed, made and ended, campaigns changed.

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

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

impl Store {
    /// Writes a line.
    #[boxed]
    pub async fn audit(
        &self,
        organization_id: Option<&str>,
        user_id: &str,
        action: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = self.ids.new_id("aud", now);
        writing!(self, connection => {
            sqlx::query("insert into audit (id, organization_id, user_id, action, subject, at) values ($1, $2, $3, $4, $5, $6)")
                .bind(&id).bind(organization_id).bind(user_id).bind(action).bind(subject).bind(now.0).execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// The lines of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn audit_lines(
        &self,
        organization_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, user_id, action, subject, at from audit where organization_id = $1 and ($2 = '' or id < $2) order by id desc limit $3")
                .bind(organization_id).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}
