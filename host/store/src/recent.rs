//! Where the newest elements of a campaign are, for field discovery (M11).

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// The place of an element.
#[derive(Debug, Clone)]
pub struct ElementPlace {
    /// The submission it became first.
    pub id: String,
    /// The request that it belongs to.
    pub request_id: String,
    /// Its first byte in the request's text.
    pub element_start: i64,
    /// How many bytes it has.
    pub element_bytes: i64,
    /// When it was received.
    pub received_at: i64,
}
from_row!(ElementPlace { id, request_id, element_start, element_bytes, received_at });

impl Store {
    /// The newest elements of a campaign, the newest first. Further leads of one element have no place of their own,
    /// and those that were erased have none any more.
    #[boxed]
    pub async fn recent_elements(&self, campaign_key: &str, limit: i64) -> Result<Vec<ElementPlace>, StoreError> {
        const SQL: &str = "select id, request_id, element_start, element_bytes, received_at from submissions \
            where campaign_key = $1 and parent_id is null and erased_at is null order by id desc limit $2";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(campaign_key).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}
