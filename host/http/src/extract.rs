//! What a request's address says: its path and its query. What can't be read is rejected in the form of all errors (I14).

use crate::error::HttpError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hookmill_domain::error::Kind;
use hookmill_domain::input;
use hookmill_pipeline::Pipeline;
use serde::de::DeserializeOwned;

/// The named parts of the path.
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Pipeline> for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        match axum::extract::Path::from_request_parts(parts, pipeline).await {
            Ok(axum::extract::Path(named)) => Ok(Self(named)),
            // Each part is taken as a text.
            Err(_) => Err(HttpError::new(
                Kind::Syntax,
                "address_invalid",
                "the address can't be read: a part of it is not UTF-8; percent-encode its bytes in UTF-8",
            )),
        }
    }
}

/// What axum says before the parameter and why it can't be read.
const QUERY_ERROR: &str = "Failed to deserialize query string: ";

fn unread_query(text: &str) -> HttpError {
    input::query_error(text.strip_prefix(QUERY_ERROR).unwrap_or(text)).into()
}

/// The query.
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Pipeline> for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &Pipeline) -> Result<Self, HttpError> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(unread_query(&error.body_text())),
        }
    }
}
