//! Clients (O2): the customers of an organization for whom campaigns run.

use super::audit::AuditEntry;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed.
    pub updated_at: i64,
}
from_row!(Client { id, organization_id, name, created_at, updated_at });

/// What came of deleting a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletedClient {
    /// It is gone.
    Deleted,
    /// There is none of this id.
    Unknown,
    /// Campaigns run for it: their number, and the ids of the first of them.
    HasCampaigns(i64, Vec<String>),
}

const COLUMNS: &str = "select id, organization_id, name, created_at, updated_at from clients";

impl Store {
    /// Makes a client.
    pub async fn create_client(
        &self,
        organization_id: &str,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Client, StoreError> {
        let (id, organization_id, name) = (self.ids.new_id("cli", now), organization_id.to_owned(), name.to_owned());
        let made = Client { id, organization_id, name, created_at: now.0, updated_at: now.0 };
        writing!(self, connection => {
            sqlx::query("insert into clients (id, organization_id, name, created_at, updated_at) values ($1, $2, $3, $4, $4)")
                .bind(&made.id).bind(&made.organization_id).bind(&made.name).bind(made.created_at).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &made.id, now);
        });
        Ok(made)
    }

    /// A client of an organization.
    #[boxed]
    pub async fn client(&self, organization_id: &str, id: &str) -> Result<Option<Client>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The clients of an organization, in the order they were made.
    #[boxed]
    pub async fn clients(&self, organization_id: &str, after: &str, limit: i64) -> Result<Vec<Client>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and $2 < id order by id limit $3");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(after).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// Gives a client another name; none when there is no such client.
    #[boxed]
    pub async fn rename_client(
        &self,
        organization_id: &str,
        id: &str,
        name: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<Client>, StoreError> {
        const SQL: &str = "update clients set name = $1, updated_at = $2 where organization_id = $3 and id = $4 \
            returning id, organization_id, name, created_at, updated_at";
        Ok(writing!(self, connection => {
            let renamed: Option<Client> =
                sqlx::query_as(SQL).bind(name).bind(now.0).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?;
            if renamed.is_some() {
                insert_audit!(self, connection, entry, id, now);
            }
            renamed
        }))
    }

    /// Deletes a client for whom no campaign runs; otherwise names the first of them, as many as `named_max`. `Referenced` where a campaign
    /// came to run for it at this very moment.
    #[boxed]
    pub async fn delete_client(
        &self,
        organization_id: &str,
        id: &str,
        named_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<DeletedClient, StoreError> {
        Ok(writing!(self, connection => {
            let campaigns: i64 = sqlx::query_scalar("select count(*) from campaigns where client_id = $1 and organization_id = $2")
                .bind(id).bind(organization_id).fetch_one(&mut *connection).await?;
            if 0 < campaigns {
                let named = sqlx::query_scalar("select campaign_id from campaigns where client_id = $1 and organization_id = $2 order by campaign_key limit $3")
                    .bind(id).bind(organization_id).bind(named_max).fetch_all(&mut *connection).await?;
                return Ok(DeletedClient::HasCampaigns(campaigns, named));
            }
            let deleted = sqlx::query("delete from clients where organization_id = $1 and id = $2")
                .bind(organization_id).bind(id).execute(&mut *connection).await?.rows_affected();
            if deleted == 0 {
                return Ok(DeletedClient::Unknown);
            }
            sqlx::query("delete from destination_versions where destination_id in (select id from destinations where scope_id = $1)")
                .bind(id).execute(&mut *connection).await?;
            sqlx::query("delete from destinations where scope_id = $1").bind(id).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, id, now);
            DeletedClient::Deleted
        }))
    }
}
