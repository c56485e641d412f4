//! Users (O8).

use super::audit::AuditEntry;
use super::keys::{API_KEY_PREFIX, FreshKey, key_hash};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::role::Role;

/// A user of the API, the CLI or the console.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Their organization; none for operators.
    pub organization_id: Option<String>,
    /// Their name.
    pub name: String,
    /// Their role, as it is written.
    pub role: String,
    /// When they were added.
    pub created_at: i64,
}
from_row!(User { id, organization_id, name, role, created_at });

impl User {
    /// Their role.
    pub fn role(&self) -> Result<Role, StoreError> {
        Role::parse(&self.role)
            .ok_or_else(|| StoreError::corrupt("users", &self.id, format!("no role `{}`", self.role)))
    }
}

/// Inserts an operator, their key and its line in the audit log; gives the key.
macro_rules! insert_operator {
    ($store:expr, $connection:expr, $name:expr, $entry:expr, $now:expr) => {{
        let (user_id, key) = ($store.ids.new_id("usr", $now), $store.fresh_key("key", API_KEY_PREFIX, $now));
        sqlx::query("insert into users (id, name, role, created_at) values ($1, $2, $3, $4)")
            .bind(&user_id)
            .bind($name)
            .bind(Role::Operator.as_str())
            .bind($now.0)
            .execute(&mut *$connection)
            .await?;
        sqlx::query(
            "insert into api_keys (id, user_id, name, prefix, key_hash, created_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&key.id)
        .bind(&user_id)
        .bind($name)
        .bind(&key.prefix)
        .bind(key_hash(&key.key).as_slice())
        .bind($now.0)
        .execute(&mut *$connection)
        .await?;
        insert_audit!($store, $connection, $entry, &key.id, $now);
        key
    }};
}

const COLUMNS: &str = "select id, organization_id, name, role, created_at from users";

impl Store {
    /// Adds a user of an organization.
    #[boxed]
    pub async fn create_user(
        &self,
        organization_id: &str,
        name: &str,
        role: Role,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let made = User {
            id: self.ids.new_id("usr", now),
            organization_id: Some(organization_id.into()),
            name: name.into(),
            role: role.as_str().into(),
            created_at: now.0,
        };
        writing!(self, connection => {
            sqlx::query("insert into users (id, organization_id, name, role, created_at) values ($1, $2, $3, $4, $5)")
                .bind(&made.id).bind(made.organization_id.as_deref()).bind(&made.name).bind(&made.role).bind(made.created_at)
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &made.id, now);
        });
        Ok(made)
    }

    /// Makes an operator and a key of theirs, of the same name, in one commit.
    #[boxed]
    pub async fn create_operator(
        &self,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<FreshKey, StoreError> {
        Ok(writing!(self, connection => insert_operator!(self, connection, name, entry, now)))
    }

    /// The same where there is nobody yet. None where there is somebody already.
    #[boxed]
    pub async fn create_first_operator(
        &self,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<FreshKey>, StoreError> {
        Ok(writing!(self, connection => {
            let users: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(&mut *connection).await?;
            if 0 < users {
                return Ok(None);
            }
            Some(insert_operator!(self, connection, name, entry, now))
        }))
    }

    /// One user.
    #[boxed]
    pub async fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        let sql = format!("{COLUMNS} where id = $1");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(id).fetch_optional(&mut *connection).await?),
        )
    }

    /// The users of an organization.
    #[boxed]
    pub async fn users(&self, organization_id: &str, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and $2 < id order by id limit $3");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(after).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}
