//! Organizations (O1).

use super::audit::AuditEntry;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A tenant.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its identity hashes are salted with.
    pub salt: Vec<u8>,
    /// Its own values, a JSON object.
    pub values: Vec<u8>,
    /// When it was made.
    pub created_at: i64,
}
from_row!(Organization { id, name, salt, values, created_at });

/// Has two that change what an organization has come one after the other.
pub(super) const LOCK_ORGANIZATION: &str = "update organizations set name = name where id = $1";

const COLUMNS: &str = "select id, name, salt, \"values\", created_at from organizations";

impl Store {
    /// Makes an organization; the entry's line is the first of its own audit log.
    #[boxed]
    pub async fn create_organization(
        &self,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        let mut salt = vec![0_u8; 16];
        self.ids.fill(&mut salt);
        let made = Organization {
            id: self.ids.new_id("org", now),
            name: name.into(),
            salt,
            values: b"{}".to_vec(),
            created_at: now.0,
        };
        let entry = AuditEntry { organization_id: Some(made.id.clone()), ..entry.clone() };
        writing!(self, connection => {
            sqlx::query("insert into organizations (id, name, salt, \"values\", created_at) values ($1, $2, $3, $4, $5)")
                .bind(&made.id).bind(&made.name).bind(made.salt.as_slice()).bind(made.values.as_slice()).bind(made.created_at)
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &made.id, now);
        });
        Ok(made)
    }

    /// One organization.
    #[boxed]
    pub async fn organization(&self, id: &str) -> Result<Option<Organization>, StoreError> {
        let sql = format!("{COLUMNS} where id = $1");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(id).fetch_optional(&mut *connection).await?),
        )
    }

    /// All organizations, the oldest first.
    #[boxed]
    pub async fn organizations(&self, after: &str, limit: i64) -> Result<Vec<Organization>, StoreError> {
        let sql = format!("{COLUMNS} where $1 < id order by id limit $2");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(after).bind(limit).fetch_all(&mut *connection).await?),
        )
    }
}
