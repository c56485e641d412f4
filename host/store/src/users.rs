//! Users (O8).

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

const COLUMNS: &str = "select id, organization_id, name, role, created_at from users";

impl Store {
    /// Adds a user; `organization_id` is none for operators alone.
    #[boxed]
    pub async fn create_user(
        &self,
        organization_id: Option<&str>,
        name: &str,
        role: Role,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let made = User {
            id: self.ids.new_id("usr", now),
            organization_id: organization_id.map(Into::into),
            name: name.into(),
            role: role.as_str().into(),
            created_at: now.0,
        };
        writing!(self, connection => {
            sqlx::query("insert into users (id, organization_id, name, role, created_at) values ($1, $2, $3, $4, $5)")
                .bind(&made.id).bind(made.organization_id.as_deref()).bind(&made.name).bind(&made.role).bind(made.created_at)
                .execute(&mut *connection).await?;
        });
        Ok(made)
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
