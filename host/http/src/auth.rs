//! Who calls: the key a request presents, and what it stands for. Whether they may is the use case's to say.

use crate::error::HttpError;
use crate::request_id::RequestId;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use hookmill_admin::{Actor, Scope, authenticate_source, unknown_key};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_pipeline::{Pipeline, SourceKey};
use serde::Deserialize;
use std::sync::Arc;

/// How long a key may be; nothing longer is looked up.
const KEY_BYTES_MAX: usize = 128;

/// A source, by its key.
pub(super) struct SourceCaller(pub Arc<SourceKey>);

impl FromRequestParts<Pipeline> for SourceCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        Ok(Self(authenticate_source(pipeline, presented_key(parts)?).await?))
    }
}

/// A user, by an API key.
pub(super) struct User(pub Actor);

impl FromRequestParts<Pipeline> for User {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        Ok(Self(Actor::authenticate(pipeline, presented_key(parts)?).await?))
    }
}

/// A user in an organization: the user's own, or for operators the one that `?organization=` names. Who was found for a long call
/// ([`crate::jobs`]) is not looked up again.
pub(super) struct OrgUser(pub Scope);

#[derive(Deserialize)]
struct Named {
    organization: Option<String>,
}

impl FromRequestParts<Pipeline> for OrgUser {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, HttpError> {
        if let Some(scope) = parts.extensions.get::<Scope>() {
            return Ok(Self(scope.clone()));
        }
        let User(actor) = User::from_request_parts(parts, pipeline).await?;
        let Query(Named { organization }) = Query::try_from_uri(&parts.uri)
            .map_err(|_| HttpError::invalid("organization", "can't be read from the query"))?;
        let scope = actor.enter(organization).await?;
        if let Some(id) = parts.extensions.get::<RequestId>() {
            id.hold(scope.holding());
        }
        Ok(Self(scope))
    }
}

/// Who calls in a dialect that has the key in the query; a header will do as well.
pub(super) async fn actor_of_key(
    pipeline: &Pipeline,
    api_key: Option<&str>,
    headers: &HeaderMap,
) -> Result<Actor, ApiError> {
    let key = match api_key.map(str::trim).filter(|key| !key.is_empty()) {
        Some(key) => check_key(key)?,
        None => key_of_headers(headers)?,
    };
    Actor::authenticate(pipeline, key).await
}

/// Who a key is of.
pub(super) async fn actor_of(pipeline: &Pipeline, key: &str) -> Result<Actor, ApiError> {
    Actor::authenticate(pipeline, check_key(key)?).await
}

/// The key a request presents.
fn presented_key(parts: &Parts) -> Result<&str, HttpError> {
    Ok(key_of_headers(&parts.headers)?)
}

fn key_of_headers(headers: &HeaderMap) -> Result<&str, ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let key = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok()).map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(ApiError::new(
            Kind::Unauthenticated,
            "key_missing",
            "send a key in a header, as `Authorization: Bearer KEY` or `X-API-Key: KEY`; a key in the address or in the body is not read, and there is no \
             address yet for a sender that can't set a header: have a service in between set it",
        ));
    }
    check_key(key)
}

fn check_key(key: &str) -> Result<&str, ApiError> {
    if KEY_BYTES_MAX < key.len() || !key.is_ascii() {
        return Err(unknown_key());
    }
    Ok(key)
}
