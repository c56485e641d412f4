//! Responses that may be large: made, written and dropped on a thread of their own.

use crate::error::HttpError;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hookmill_admin::Scope;
use hookmill_domain::error::{ApiError, Kind};
use serde::Serialize;

/// JSON of what is made of rows or results.
pub(crate) async fn large_json<T: Serialize>(
    scope: &Scope,
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<Response, HttpError> {
    let written = scope.work_apart(move || serde_json::to_vec(&make())).await?;
    let json = written.map_err(|error| {
        ApiError::new(Kind::Unavailable, "host_failed", format!("the response can't be written: {error}"))
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}
