//! Requests as a source reads them back (I2).

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// A request and the response to it.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The source key that posted it.
    pub source_key_id: String,
    /// The channel of the request.
    pub channel: String,
    /// Its content type.
    pub content_type: String,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// How many bytes its body has.
    pub body_bytes: i64,
    /// The response it got, as JSON.
    pub response: Vec<u8>,
    /// When it was received.
    pub received_at: i64,
}
from_row!(RequestRow {
    id,
    organization_id,
    source_key_id,
    channel,
    content_type,
    remote_address,
    body_bytes,
    response,
    received_at
});

/// A request as lists show it: without the response, which names every lead.
#[derive(Debug, Clone)]
pub struct RequestSummary {
    /// Its id.
    pub id: String,
    /// The source key that posted it.
    pub source_key_id: String,
    /// The channel of the request.
    pub channel: String,
    /// Its content type.
    pub content_type: String,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// How many bytes its body has.
    pub body_bytes: i64,
    /// When it was received.
    pub received_at: i64,
}
from_row!(RequestSummary { id, source_key_id, channel, content_type, remote_address, body_bytes, received_at });

/// A raw request: its bytes, and what is needed to decode them.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// Its content type as it was sent; empty when it sent none.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// The elements that were erased, a JSON object; none where none was.
    pub erased: Option<Vec<u8>>,
    /// The bytes as received; once an element was erased, the text of the others.
    pub body: Vec<u8>,
}
from_row!(RawRequest { content_type, metadata, erased, body });

const COLUMNS: &str = "select id, organization_id, source_key_id, channel, content_type, remote_address, cast(length(body) as bigint) as body_bytes, response, received_at from requests";

impl Store {
    /// One request of an organization.
    #[boxed]
    pub async fn request(&self, organization_id: &str, id: &str) -> Result<Option<RequestRow>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// One request of a source, whichever of its keys posted it.
    #[boxed]
    pub async fn request_of_source(
        &self,
        organization_id: &str,
        source_id: &str,
        id: &str,
    ) -> Result<Option<RequestRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} where organization_id = $1 and id = $2 and source_key_id in (select id from source_keys where source_id = $3)"
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).bind(source_id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The requests of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn requests(
        &self,
        organization_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RequestSummary>, StoreError> {
        // The length of a body is read without it.
        const SQL: &str = "select id, source_key_id, channel, content_type, remote_address, cast(length(body) as bigint) as body_bytes, received_at \
            from requests where organization_id = $1 and id < $2 order by id desc limit $3";
        let before = before_or_end(before);
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// A raw request.
    #[boxed]
    pub async fn raw_request(&self, organization_id: &str, id: &str) -> Result<Option<RawRequest>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select content_type, metadata, erased, body from requests where organization_id = $1 and id = $2").bind(organization_id).bind(id)
                .fetch_optional(&mut *connection).await?
        }))
    }

    /// The states of the given submissions of an organization, as (id, state).
    #[boxed]
    pub async fn submission_states(
        &self,
        organization_id: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(select_many!(
            self,
            query_as as (String, String),
            ") select s.id, s.state from v join submissions s on s.organization_id = v.organization_id and s.id = v.id",
            organization_id,
            ids
        ))
    }
}

/// Where a list begins that is read from the newest on: no prefix of an id begins with a z.
pub(super) fn before_or_end(before: &str) -> &str {
    if before.is_empty() { "zzzz" } else { before }
}
