//! Where the description is read.

use super::Description;
use axum::Extension;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use std::sync::Arc;

/// A page of text and one style sheet: it loads nothing else, runs no script and can't be framed.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// Describes the API
///
/// OpenAPI 3.1, generated from the code that serves it.
#[utoipa::path(get, path = "", operation_id = "getDescription",
    responses((status = OK, description = "The description.", body = Object)))]
pub(crate) async fn description(Extension(description): Extension<Arc<Description>>) -> impl IntoResponse {
    (kind("application/json"), description.json.clone())
}

/// Shows the description as a page
#[utoipa::path(get, path = "", operation_id = "getPage",
    responses((status = OK, description = "A page without scripts.", body = String, content_type = "text/html")))]
pub(crate) async fn page(Extension(description): Extension<Arc<Description>>) -> impl IntoResponse {
    let policy = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (kind("text/html; charset=utf-8"), policy, description.page.clone())
}

/// The page's style sheet
#[utoipa::path(get, path = "", operation_id = "getStyle",
    responses((status = OK, description = "The style sheet.", body = String, content_type = "text/css")))]
pub(crate) async fn style() -> impl IntoResponse {
    (kind("text/css; charset=utf-8"), STYLE)
}

fn kind(content_type: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
