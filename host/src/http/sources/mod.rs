//! What lead sources call.

pub(super) mod get_request;
pub(super) mod post_leads;
pub(super) mod push_batch;

use crate::http::body;
use crate::http::serve::Peer;
use crate::model::body::Head;
use crate::model::refusal::Refusal;
use crate::pipeline::{Pipeline, Source};
use crate::store::keys::SourceKey;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The headers kept with a request: those that say what it is, never those that carry keys. How its body is to be read is among them,
/// since it is kept as it came and read again.
const KEPT_HEADERS: [header::HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    header::REFERER,
    header::ORIGIN,
    header::ACCEPT_LANGUAGE,
];

/// How a door reads what the headers say of a body.
type HeadReader = fn(&str, &str) -> Result<Head, Refusal>;

/// What a request says beside its body.
fn source(
    pipeline: &Pipeline,
    key: Arc<SourceKey>,
    headers: &HeaderMap,
    address: ConnectInfo<Peer>,
    read: HeadReader,
) -> Result<Source, Refusal> {
    let (content_type, content_encoding) = body::said(headers);
    let head = read(&content_type, &content_encoding)?;
    let bytes_max = pipeline.settings().limits.kept_header_bytes_max;
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.chars().take(bytes_max).collect()))
    });
    let remote_address = Some(address.0.0.ip().to_string());
    Ok(Source { key, content_type, head, headers: kept.collect(), remote_address })
}
