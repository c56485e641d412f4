//! API errors as HTTP responses (I14): one body for all of them.

use super::addresses::Addresses;
use super::request_id::RequestId;
use super::serve;
use axum::Extension;
use axum::extract::MatchedPath;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hookmill_domain::error::{ApiError, Detail, Kind};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a client waits before it tries again after an overload, in seconds.
pub(crate) const RETRY_AFTER_S: &str = "1";

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody<'a> {
    /// Always false.
    success: bool,
    error: ErrorContent<'a>,
    /// The request's id in logs, as in the header `x-request-id`.
    request_id: &'a str,
}

/// What is wrong. Some codes add fields of their own.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorContent<'a> {
    /// A stable code in snake case.
    code: &'a str,
    /// What is wrong and how to fix it, for people.
    message: &'a str,
    /// The single problems, if there are several or they have a place.
    details: &'a [Detail],
    #[serde(flatten)]
    #[schema(value_type = Object)]
    fields: Option<&'a serde_json::Map<String, serde_json::Value>>,
}

/// An [`ApiError`] that a handler answers with; axum's traits need a type of this crate.
#[derive(Debug, Clone)]
pub(crate) struct HttpError(ApiError);

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl std::ops::Deref for HttpError {
    type Target = ApiError;

    fn deref(&self) -> &ApiError {
        &self.0
    }
}

impl HttpError {
    /// An error without details.
    pub(crate) fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        ApiError::new(kind, code, message).into()
    }

    /// One field is not acceptable.
    pub(crate) fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        ApiError::invalid(path, message).into()
    }
}

/// The middleware writes the body: it knows the request's id.
impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = status(self.kind).into_response();
        response.extensions_mut().insert(PendingError(self));
        response
    }
}

/// An error whose body the middleware has still to write.
#[derive(Clone)]
pub(crate) struct PendingError(HttpError);

/// The header that goes with the errors of a kind, whatever form their body has.
pub(crate) fn header_of(kind: Kind) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match kind {
        Kind::Overload | Kind::Unavailable => (header::RETRY_AFTER, RETRY_AFTER_S),
        Kind::Unauthenticated => (header::WWW_AUTHENTICATE, "Bearer"),
        Kind::TooLarge => (header::CONNECTION, "close"),
        _ => return None,
    };
    Some((name, HeaderValue::from_static(value)))
}

/// Writes the body of an error, if the response is one.
pub(crate) fn write_error(mut response: Response, request_id: &RequestId) -> Response {
    let Some(PendingError(error)) = response.extensions_mut().remove::<PendingError>() else { return response };
    let body = ErrorBody {
        success: false,
        error: ErrorContent {
            code: error.code,
            message: &error.message,
            details: &error.details,
            fields: error.fields.as_deref(),
        },
        request_id: request_id.as_str(),
    };
    let mut response_with_body = (status(error.kind), axum::Json(body)).into_response();
    response_with_body.headers_mut().extend(header_of(error.kind));
    for name in [header::ALLOW, header::ACCESS_CONTROL_ALLOW_ORIGIN, header::VARY] {
        if let Some(value) = response.headers().get(&name) {
            response_with_body.headers_mut().insert(name, value.clone());
        }
    }
    response_with_body
}

/// A bug of the host ended a request.
pub(crate) fn internal(request_id: &str) -> Response {
    let message = "the host failed at this request, which is a bug of the host; its log has the request's id";
    let error = ErrorContent { code: "internal", message, details: &[], fields: None };
    let body = ErrorBody { success: false, error, request_id };
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

/// The status of a job whose host ended before it.
pub(crate) const HOST_ENDED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The error that such a job came to, as the body of a response.
pub(crate) fn host_ended(request_id: &str) -> serde_json::Value {
    let message = "the host ended before this was done, or before its result was noted; send the call again";
    let error = ErrorContent { code: "host_ended", message, details: &[], fields: None };
    serde_json::to_value(ErrorBody { success: false, error, request_id }).unwrap_or_default()
}

/// The status that an error of a kind has.
pub(crate) fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Syntax => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Overload => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// No connection for anything but health and readiness.
pub(super) async fn connections_full() -> HttpError {
    HttpError::new(Kind::Unavailable, serve::CONNECTIONS_FULL, serve::CONNECTIONS_FULL_MESSAGE)
}

/// No such address.
pub(super) async fn unknown_address(
    _: Extension<RequestId>,
    Extension(addresses): Extension<Addresses>,
    uri: Uri,
) -> HttpError {
    let mut message = format!("there is no resource at {}", truncate(uri.path()));
    if let Some(nearest) = addresses.nearest(uri.path()) {
        message += &format!("; did you mean `{}`?", truncate(&nearest));
    }
    HttpError::new(Kind::NotFound, "address_unknown", message)
}

/// An address, but not with this method.
pub(super) async fn unknown_method(
    Extension(addresses): Extension<Addresses>,
    address: Option<Extension<MatchedPath>>,
    method: Method,
    uri: Uri,
) -> HttpError {
    let mut message = format!("{} does not support {}", truncate(uri.path()), truncate(method.as_str()));
    if let Some(methods) = address.and_then(|address| addresses.methods(address.as_str())) {
        message += &format!("; it supports {methods}");
    }
    HttpError::new(Kind::Method, "method_not_allowed", message)
}

fn truncate(text: &str) -> String {
    const SHOWN_MAX: usize = 120;
    text.chars().take(SHOWN_MAX).collect()
}
