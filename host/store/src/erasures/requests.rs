//! Raw requests of which elements are erased, and what is looked at to know which.

use super::super::counts::{CountChanges, insert_count_changes};
use super::super::quotas::Held;
use super::super::turns::Class;
use super::erase::{ErasedBody, write_body};
use super::{OpenErasure, Store, StoreError, count_erased};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A raw request that an element is to be erased of.
#[derive(Debug, Clone)]
pub struct ErasableRequest {
    /// Its id.
    pub id: String,
    /// Its content type as it was sent; empty when it sent none.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// The response it got, as JSON.
    pub response: Vec<u8>,
    /// The elements that were erased before, a JSON object.
    pub erased: Option<Vec<u8>>,
    /// Its body.
    pub body: Vec<u8>,
}
from_row!(ErasableRequest { id, content_type, metadata, response, erased, body });

/// A submission of a request, and where its element is.
#[derive(Debug, Clone)]
pub struct RequestElement {
    /// The submission.
    pub id: String,
    /// Its element's first byte in the request's text.
    pub element_start: i64,
    /// Its element's length.
    pub element_bytes: i64,
    /// The erasure that is to erase it, or did.
    pub erasure_id: Option<String>,
}
from_row!(RequestElement { id, element_start, element_bytes, erasure_id });

/// The response to a request, which says which of its elements were rejected.
#[derive(Debug, Clone)]
pub struct RejectedElements {
    /// The request.
    pub id: String,
    /// The response, as JSON.
    pub response: Vec<u8>,
}
from_row!(RejectedElements { id, response });

/// How a request came.
#[derive(Debug, Clone)]
pub struct RequestOrigin {
    /// The request.
    pub id: String,
    /// The source key that posted it.
    pub source_key_id: String,
    /// The channel of the request.
    pub channel: String,
    /// Its content type.
    pub content_type: String,
    /// The headers that matter and the query, as JSON.
    pub metadata: Vec<u8>,
    /// The address of the sender.
    pub remote_address: Option<String>,
    /// When it was received.
    pub received_at: i64,
}
from_row!(RequestOrigin { id, source_key_id, channel, content_type, metadata, remote_address, received_at });

impl Store {
    /// How a request came.
    #[boxed]
    pub async fn request_origin(&self, organization_id: &str, id: &str) -> Result<Option<RequestOrigin>, StoreError> {
        const SQL: &str = "select id, source_key_id, channel, content_type, metadata, remote_address, received_at from requests \
             where organization_id = $1 and id = $2";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// A raw request that an element is to be erased of.
    #[boxed]
    pub async fn erasable_request(
        &self,
        organization_id: &str,
        id: &str,
    ) -> Result<Option<ErasableRequest>, StoreError> {
        const SQL: &str = "select id, content_type, metadata, response, erased, body from requests where organization_id = $1 and id = $2";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The submissions of a request, those that were made later among them.
    #[boxed]
    pub async fn request_elements(
        &self,
        organization_id: &str,
        request_id: &str,
    ) -> Result<Vec<RequestElement>, StoreError> {
        // A submission's id begins with its request's.
        const SQL: &str = "select id, element_start, element_bytes, erasure_id from submissions where organization_id = $1 and $2 < id and id < $3 \
             and request_id = $2 order by id";
        let end = format!("{request_id}zzzz");
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(request_id).bind(&end).fetch_all(&mut *connection).await?
        }))
    }

    /// The responses to the requests of an organization between two ids, so many at most.
    #[boxed]
    pub async fn responses_to_search(
        &self,
        organization_id: &str,
        (after, before): (&str, &str),
        limit: i64,
    ) -> Result<Vec<RejectedElements>, StoreError> {
        const SQL: &str =
            "select id, response from requests where organization_id = $1 and $2 < id and id < $3 order by id limit $4";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(after).bind(before).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// Erases elements of a request that no submission has. Returns whether they were; not where somebody else changed it meanwhile.
    #[boxed]
    pub async fn erase_elements(
        &self,
        erasure: &OpenErasure,
        body: &ErasedBody,
        elements: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let elements = i64::try_from(elements).unwrap_or(i64::MAX);
        Ok(writing!(self, Class::Housekeeping, connection => {
            if write_body!(connection, &erasure.organization_id, body) != 1 {
                return Ok(false);
            }
            let mut counts = CountChanges::default();
            counts.hold(&erasure.organization_id, Held::Requests, body.bytes_more());
            insert_count_changes!(self, connection, counts, now);
            count_erased!(connection, &erasure.organization_id, &erasure.id, [("elements", elements)]);
            true
        }))
    }

    /// Deletes a rejected request that names the person: whose its parts are is not known, and none of them was ever accepted.
    #[boxed]
    pub async fn erase_rejected(&self, erasure: &OpenErasure, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "delete from rejected_requests where organization_id = $1 and id = $2 returning held_bytes";
        Ok(writing!(self, Class::Housekeeping, connection => {
            let held: Option<i64> = sqlx::query_scalar(SQL).bind(&erasure.organization_id).bind(id).fetch_optional(&mut *connection).await?;
            if let Some(bytes) = held {
                let mut counts = CountChanges::default();
                counts.reject(&erasure.organization_id, -1, -bytes);
                insert_count_changes!(self, connection, counts, now);
                count_erased!(connection, &erasure.organization_id, &erasure.id, [("rejected_requests", 1)]);
            }
            held.is_some()
        }))
    }
}
