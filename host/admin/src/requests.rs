//! Requests as they came in (I11).

use super::access::{Scope, unavailable};
use super::input::lookup_id;
use super::page::{Listed, PageRequest};
use super::use_cases::{GET_REQUEST, LIST_REQUESTS};
use crate::rows::{RequestRow, RequestSummary, SourceKey};
use hookmill_domain::error::ApiError;
use hookmill_domain::ids::lowest_id;
use hookmill_pipeline::Pipeline;
use hookmill_store::Store;
use serde_json::Value;
use std::collections::HashMap;

/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;

/// A request, and how its submissions stand.
#[derive(Debug)]
pub struct RequestDetails {
    /// The request.
    pub request: RequestRow,
    /// The response to it.
    pub response: Value,
    /// The state of each of its submissions, by id, in the order of the response.
    pub submissions: Vec<(String, String)>,
}

impl Scope {
    /// Lists requests, the newest first.
    pub async fn list_requests(&self, page: &PageRequest) -> Result<Listed<RequestSummary>, ApiError> {
        self.authorize(&LIST_REQUESTS)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().requests(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }

    /// A request of this organization.
    pub async fn request(&self, id: &str) -> Result<RequestDetails, ApiError> {
        self.authorize(&GET_REQUEST)?;
        let id = checked(id)?;
        let found = self.store().request(&self.organization_id, id).await.map_err(unavailable)?;
        details(self.store(), found.ok_or_else(|| missing(self.pipeline(), id))?).await
    }

    /// The state of each submission of a request, by id; none when the request is gone.
    pub(crate) async fn submissions_of(&self, request_id: &str) -> Result<Vec<(String, String)>, ApiError> {
        let found = self.store().request(&self.organization_id, request_id).await.map_err(unavailable)?;
        match found {
            Some(request) => Ok(details(self.store(), request).await?.submissions),
            None => Ok(Vec::new()),
        }
    }
}

/// A request of a source, whichever of its keys posted it.
pub async fn request_of_source(pipeline: &Pipeline, key: &SourceKey, id: &str) -> Result<RequestDetails, ApiError> {
    let (store, id) = (pipeline.people_store(), checked(id)?);
    let found = store.request_of_source(&key.organization_id, &key.source_id, id).await.map_err(unavailable)?;
    details(store, found.ok_or_else(|| missing(pipeline, id))?).await
}

/// A request that is not there; one that is older than requests are kept may have been.
fn missing(pipeline: &Pipeline, id: &str) -> ApiError {
    let mut error = not_found(id);
    let days = pipeline.settings().limits.requests_kept_days;
    let kept_since = pipeline.clock().now().minus_days(days);
    if id.starts_with("req_") && id < lowest_id("req", kept_since).as_str() {
        error.message += &format!("; requests are kept for {days} days after they came (`requests_kept_days`)");
    }
    error
}

fn checked(id: &str) -> Result<&str, ApiError> {
    if id.contains('\0') { Err(not_found(id)) } else { Ok(id) }
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found("request", &lookup_id(id).chars().take(ID_CHARS_SHOWN).collect::<String>())
}

async fn details(store: &Store, request: RequestRow) -> Result<RequestDetails, ApiError> {
    let response: Value = serde_json::from_slice(&request.response).unwrap_or_default();
    let accepted = response["accepted"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<&str> = accepted.iter().filter_map(|lead| lead["submission_id"].as_str()).collect();
    let states = store.submission_states(&request.organization_id, &ids).await.map_err(unavailable)?;
    let states: HashMap<String, String> = states.into_iter().collect();
    let submissions = ids.iter().filter_map(|id| Some(((*id).to_owned(), states.get(*id)?.clone()))).collect();
    Ok(RequestDetails { request, response, submissions })
}
