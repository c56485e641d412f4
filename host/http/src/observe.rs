//! What runs through every request: its id, its log line, and whether the host is well.

use super::error::{self, HttpError};
use super::request_id::RequestId;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookmill_domain::budget::Holding;
use hookmill_domain::error::ApiError;
use hookmill_pipeline::Pipeline;
use hyper::body::Body as _;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, writes its error if it ends in one, and logs it once. The query is never logged: it may hold a key.
pub(super) async fn request_id(State(pipeline): State<Pipeline>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(pipeline.ids().new_id("req", pipeline.clock().now()));
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let has_body = has_body(request.headers());
    let response = next.run(request).await;
    let response = match id.holding() {
        Some(holding) => held(response, holding, &method, pipeline.large().inline_bytes_max()),
        None => response,
    };
    let mut response = error::write_error(response, &id);
    if has_body && is_early(response.status()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    tracing::debug!(request_id = id.as_str(), %method, route = route.as_deref().unwrap_or("-"), status = response.status().as_u16(), "request completed");
    response
}

/// A response to a person, with what is held for the request until it is sent. A large one needs room itself; only what was read is
/// rejected, since a change was made.
fn held(response: Response, holding: &Holding, method: &Method, inline_bytes_max: usize) -> Response {
    let bytes = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
    let mut response = match holding.grow(if inline_bytes_max < bytes { bytes } else { 0 }) {
        Ok(()) => response,
        Err(_) if method != Method::GET => response,
        Err(exhausted) => HttpError::from(ApiError::from(exhausted)).into_response(),
    };
    response.extensions_mut().insert(holding.clone());
    response
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != b"0")
}

/// Whether a rejection may come before its request's body was read. Then the connection ends, and its response says so: what is left of the
/// body would be taken for the next request, and a client that is not told would lose that one.
fn is_early(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429)
}

/// Checks that the process runs
#[utoipa::path(get, path = "", operation_id = "getHealth",
    responses((status = OK, description = "`ok`", body = String, content_type = "text/plain")))]
pub(super) async fn health() -> impl IntoResponse {
    (StatusCode::OK, "ok\n")
}

/// Checks that the host does its work
///
/// Ready means: its loops move, what waits is committed, its database responds, its disk has room, and its clock is near the database's. The body names what is missing, a line each.
#[utoipa::path(get, path = "", operation_id = "getReadiness",
    responses(
        (status = OK, description = "`ready`", body = String, content_type = "text/plain"),
        (status = SERVICE_UNAVAILABLE, description = "What is missing, a line each, such as `database unavailable`.", body = String, content_type = "text/plain"),
    ))]
pub(super) async fn ready(State(pipeline): State<Pipeline>) -> impl IntoResponse {
    let problems = pipeline.problems();
    if problems.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n")
    }
}
