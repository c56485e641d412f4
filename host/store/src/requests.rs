//! Requests as a source reads them back (I2).

use super::{Store, StoreError};

/// A request as it was answered.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RequestRow {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The source key that posted it.
    pub source_key_id: String,
    /// By which door it came.
    pub door: String,
    /// Its content type.
    pub content_type: String,
    /// Where it came from.
    pub remote_address: Option<String>,
    /// How many bytes its body has.
    pub body_bytes: i64,
    /// The answer it got, as JSON.
    pub answer: Vec<u8>,
    /// When it came.
    pub received_at: i64,
}

/// A request as it came: its bytes, and what is needed to read them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RawRequest {
    /// Its content type as it was sent; empty when it sent none.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub beside: Vec<u8>,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

/// What stays of a request that was wholly refused.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RefusedRow {
    /// An id of its own: a refused request has no other.
    pub id: String,
    /// The refusal's code.
    pub code: String,
    /// How many bytes its body had.
    pub body_bytes: i64,
    /// SHA-256 of its body.
    pub body_digest: Vec<u8>,
    /// When it was refused.
    pub refused_at: i64,
}

const COLUMNS: &str = "select id, organization_id, source_key_id, door, content_type, remote_address, cast(length(body) as bigint) as body_bytes, answer, received_at from requests";

impl Store {
    /// One request of an organization.
    pub async fn request(&self, organization_id: &str, id: &str) -> Result<Option<RequestRow>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// One request of a source, whichever of its keys posted it.
    pub async fn request_of_source(&self, source_id: &str, id: &str) -> Result<Option<RequestRow>, StoreError> {
        let sql =
            format!("{COLUMNS} where id = $1 and source_key_id in (select id from source_keys where source_id = $2)");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(id).bind(source_id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The requests of an organization, the newest first, older than `before`.
    pub async fn requests(
        &self,
        organization_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and ($2 = '' or id < $2) order by id desc limit $3");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// What was wholly refused to an organization's sources, the newest first, older than `before`.
    pub async fn refusals(
        &self,
        organization_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RefusedRow>, StoreError> {
        const SQL: &str = "select id, code, body_bytes, body_digest, refused_at from refusals \
            where organization_id = $1 and ($2 = '' or id < $2) order by id desc limit $3";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// A request as it came.
    pub async fn raw_request(&self, organization_id: &str, id: &str) -> Result<Option<RawRequest>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select content_type, beside, body from requests where organization_id = $1 and id = $2").bind(organization_id).bind(id)
                .fetch_optional(&mut *connection).await?
        }))
    }

    /// How the given submissions stand, as (id, state).
    pub async fn states_of(&self, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
        Ok(select_in!(self, query_as as (String, String), "select id, state from submissions where id in (", ids))
    }
}
