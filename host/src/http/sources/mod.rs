//! What lead sources call.

pub(super) mod get_request;
pub(super) mod post_leads;
pub(super) mod push_batch;

use crate::http::serve::Peer;
use crate::pipeline::{Pipeline, Source};
use crate::store::keys::SourceKey;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The headers kept with a request: those that say what it is, never those that carry keys.
const KEPT_HEADERS: [header::HeaderName; 5] =
    [header::CONTENT_TYPE, header::USER_AGENT, header::REFERER, header::ORIGIN, header::ACCEPT_LANGUAGE];

/// What a request says beside its body.
fn source(
    pipeline: &Pipeline,
    key: Arc<SourceKey>,
    content_type: String,
    headers: &HeaderMap,
    address: ConnectInfo<Peer>,
) -> Source {
    let bytes_max = pipeline.settings().limits.kept_header_bytes_max;
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.chars().take(bytes_max).collect()))
    });
    Source { key, content_type, headers: kept.collect(), remote_address: Some(address.0.0.ip().to_string()) }
}
