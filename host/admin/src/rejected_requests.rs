//! Requests that were rejected as a whole (I2): what is kept of them, and posting them again once what was wrong is fixed.

mod correction;

use super::access::{Scope, unavailable};
use super::input::{Input, border, lookup_id};
use super::page::{Listed, PageRequest, without_nul};
use super::use_cases::{
    DELETE_REJECTED_REQUEST, GET_REJECTED_BODY, GET_REJECTED_REQUEST, LIST_REJECTED_REQUESTS, REPOST_REJECTED_REQUEST,
};
use crate::rows::{RejectedFigures, RejectedRequest, SourceKey};
use bytes::Bytes;
pub use correction::Correction;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::metadata::{InboundOrigin, RequestMetadata};
use hookmill_pipeline::{IngestResponse, Post, Source};
use hookmill_store::rejected::{RejectedFilter, Repost};
use serde_json::json;
use std::sync::Arc;

/// What the ids of rejected requests begin with.
const PREFIX: &str = "rej";
/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;

/// Which rejected requests are asked for.
#[derive(Debug, Clone, Default)]
pub struct RejectedQuery {
    /// Only those of the source of this key.
    pub source: Option<String>,
    /// Only those that were posted to this campaign's own address.
    pub campaign: Option<String>,
    /// Only those with this error code.
    pub code: Option<String>,
    /// Only those rejected at this time or later, in RFC 3339.
    pub since: Option<String>,
    /// Only those rejected before this time, in RFC 3339.
    pub until: Option<String>,
}

/// A page of rejected requests, and how many there are.
#[derive(Debug)]
pub struct ListedRejections {
    /// The page.
    pub page: Listed<RejectedRequest>,
    /// How many the organization has.
    pub figures: RejectedFigures,
}

/// A rejected request, and what became of it.
#[derive(Debug)]
pub struct RejectedDetails {
    /// The request.
    pub request: RejectedRequest,
    /// The state of each submission of the request that it was posted again as, by id.
    pub submissions: Vec<(String, String)>,
}

impl Scope {
    /// Lists rejected requests, the newest first.
    pub async fn list_rejected_requests(
        &self,
        query: RejectedQuery,
        page: &PageRequest,
    ) -> Result<ListedRejections, ApiError> {
        self.authorize(&LIST_REJECTED_REQUESTS)?;
        let [since, until] = [("since", &query.since), ("until", &query.until)];
        let [since, until] = [border(PREFIX, since)?, border(PREFIX, until)?];
        let before = [page.from().to_owned(), until].into_iter().filter(|id| !id.is_empty()).min().unwrap_or_default();
        let text = |text: &Option<String>| without_nul(text.as_deref()).unwrap_or_default().to_owned();
        let filter = RejectedFilter {
            source_key_id: text(&query.source),
            campaign_id: text(&query.campaign),
            code: text(&query.code),
            from: since,
        };
        let limit = self.rows_of(page)?;
        let rows = self.store().rejected_requests(&self.organization_id, &filter, &before, limit).await;
        let figures = self.store().rejected_figures(&self.organization_id).await.map_err(unavailable)?;
        let page = Listed::page(rows.map_err(unavailable)?, limit, |row| row.id.clone());
        Ok(ListedRejections { page, figures })
    }

    /// A rejected request, without its body.
    pub async fn rejected_request(&self, id: &str) -> Result<RejectedDetails, ApiError> {
        self.authorize(&GET_REJECTED_REQUEST)?;
        let request = self.find_rejected(id).await?;
        let submissions = match &request.reposted_as {
            Some(request_id) => self.submissions_of(request_id).await?,
            None => Vec::new(),
        };
        Ok(RejectedDetails { request, submissions })
    }

    /// What is kept of a rejected request's body, to the byte.
    pub async fn rejected_body(&self, id: &str) -> Result<Vec<u8>, ApiError> {
        self.authorize(&GET_REJECTED_BODY)?;
        let request = self.find_rejected(id).await?;
        self.holding().grow(usize::try_from(request.kept_bytes).unwrap_or_default())?;
        self.read_rejected_body(&request).await
    }

    /// Deletes a rejected request.
    pub async fn delete_rejected_request(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&DELETE_REJECTED_REQUEST)?;
        let id = lookup_id(id);
        let deleted = self.store().delete_rejected_request(&self.organization_id, &id, &entry, self.now()).await;
        if deleted.map_err(unavailable)? { Ok(()) } else { Err(not_found(&id)) }
    }

    /// Posts a rejected request again, as `request_id`: the same bytes from the same source by the same way, but for what is corrected.
    pub async fn repost_rejected_request(
        &self,
        id: &str,
        request_id: &str,
        correction: Input<Correction>,
    ) -> Result<IngestResponse, ApiError> {
        let entry = self.authorize_change(&REPOST_REJECTED_REQUEST)?;
        let correction = correction?;
        let request = self.find_rejected(id).await?;
        self.check_not_reposted(&request).await?;
        let corrected = correction.apply(&request)?;
        let body = match corrected.body {
            Some(body) => body,
            None => self.read_rejected_body(&request).await?.into(),
        };
        let permit = self.pipeline().budgets().bytes.take(&self.organization_id, body.len())?;
        let key = self.source_of(&request, corrected.metadata.inbound.as_ref()).await?;
        let source = Source {
            content_type: corrected.content_type,
            content_encoding: corrected.content_encoding,
            // What was wrong may have been fixed by giving the source a charset since.
            metadata: RequestMetadata { charset: key.charset.clone(), ..corrected.metadata },
            key: Arc::new(key),
            remote_address: request.remote_address,
        };
        let post = Post { request_id: request_id.to_owned(), source, channel: corrected.channel, body, permit };
        self.pipeline().ingest_again(post, Repost { rejected_id: request.id, entry }).await
    }

    /// The source of a rejected request: its key, or the inbound webhook that it came through, as that was then.
    async fn source_of(
        &self,
        request: &RejectedRequest,
        inbound: Option<&InboundOrigin>,
    ) -> Result<SourceKey, ApiError> {
        let id = &request.source_key_id;
        if let Some(inbound) = inbound {
            return Ok(SourceKey {
                id: id.clone(),
                source_id: id.clone(),
                organization_id: self.organization_id.clone(),
                name: inbound.name.clone(),
                charset: None,
                prefix: String::new(),
                created_at: request.rejected_at,
                expires_at: None,
            });
        }
        let key = self.store().source_key(&self.organization_id, id).await.map_err(unavailable)?;
        key.ok_or_else(|| ApiError::not_found("source key", id))
    }

    async fn find_rejected(&self, id: &str) -> Result<RejectedRequest, ApiError> {
        let id = lookup_id(id);
        let found = self.store().rejected_request(&self.organization_id, &id).await.map_err(unavailable)?;
        found.ok_or_else(|| not_found(&id))
    }

    async fn read_rejected_body(&self, request: &RejectedRequest) -> Result<Vec<u8>, ApiError> {
        let found = self.store().rejected_body(&self.organization_id, &request.id).await.map_err(unavailable)?;
        found.ok_or_else(|| not_found(&request.id))
    }

    /// A rejected request is posted again once: a second call learns what the first came to.
    async fn check_not_reposted(&self, request: &RejectedRequest) -> Result<(), ApiError> {
        let Some(request_id) = &request.reposted_as else { return Ok(()) };
        let submissions = self.submissions_of(request_id).await?;
        let ids: Vec<String> = submissions.into_iter().map(|(id, _)| id).collect();
        let message = format!("this rejected request was posted again as request {request_id}; nothing was added");
        Err(ApiError::new(Kind::Conflict, "already_reposted", message).with_fields(json!({
            "reposted_as": request_id,
            "reposted_at": request.reposted_at.map(|at| Timestamp(at).rfc3339()),
            "submission_ids": ids,
        })))
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found("rejected request", &id.chars().take(ID_CHARS_SHOWN).collect::<String>())
}

/// What a rejected request is posted again with.
struct Corrected {
    channel: hookmill_pipeline::Channel,
    content_type: String,
    content_encoding: String,
    metadata: RequestMetadata,
    /// The bytes in place of those that are kept.
    body: Option<Bytes>,
}
