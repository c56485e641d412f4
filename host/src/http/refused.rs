//! Refusals as HTTP (I14): one body for all of them.

use super::observe::RequestId;
use crate::model::refusal::{Detail, Kind, Refusal};
use axum::Extension;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a client waits before it tries again after an overload, in seconds.
const RETRY_AFTER_S: &str = "1";

/// The body of every refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Refused<'a> {
    /// Always false.
    success: bool,
    error: RefusedError<'a>,
    /// The request's id in logs, as in the header `x-request-id`.
    request_id: &'a str,
}

/// What is wrong. Some codes bring facts of their own beside these.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedError<'a> {
    /// A stable code in snake case.
    code: &'a str,
    /// What is wrong and how to mend it, for people.
    message: &'a str,
    /// The single things that are wrong, if there are several or they have a place.
    details: &'a [Detail],
    #[serde(flatten)]
    #[schema(value_type = Object)]
    facts: Option<&'a serde_json::Map<String, serde_json::Value>>,
}

/// A refusal on its way out; the middleware puts the request's id in.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = status(self.kind).into_response();
        response.extensions_mut().insert(Unwritten(self));
        response
    }
}

/// A refusal that the middleware has still to write.
#[derive(Clone)]
pub(super) struct Unwritten(Refusal);

/// Writes the body of a refusal, if the response is one.
pub(super) fn written(mut response: Response, request_id: &RequestId) -> Response {
    let Some(Unwritten(refusal)) = response.extensions_mut().remove::<Unwritten>() else { return response };
    let body = Refused {
        success: false,
        error: RefusedError {
            code: refusal.code,
            message: &refusal.message,
            details: &refusal.details,
            facts: refusal.facts.as_deref(),
        },
        request_id: request_id.as_str(),
    };
    let mut written = (status(refusal.kind), axum::Json(body)).into_response();
    match refusal.kind {
        Kind::Overload | Kind::Unavailable => {
            written.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        Kind::Unauthenticated => {
            written.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Kind::TooLarge => {
            written.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    if let Some(allow) = response.headers().get(header::ALLOW) {
        written.headers_mut().insert(header::ALLOW, allow.clone());
    }
    written
}

fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Syntax => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Overload => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// No such address.
pub(super) async fn unknown_address(_: Extension<RequestId>, uri: Uri) -> Refusal {
    Refusal::new(Kind::NotFound, "address_unknown", format!("there is nothing at {}", shortened(uri.path())))
}

/// An address, but not with this method.
pub(super) async fn unknown_method(_: Extension<RequestId>, method: Method, uri: Uri) -> Refusal {
    let message =
        format!("{} can't be called with {}; see the Allow header", shortened(uri.path()), shortened(method.as_str()));
    Refusal::new(Kind::Method, "method_not_allowed", message)
}

fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 120;
    text.chars().take(SHOWN_MAX).collect()
}
