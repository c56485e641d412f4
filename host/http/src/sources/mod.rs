//! What lead sources call.

pub(super) mod get_request;
pub(super) mod inbound;
pub(super) mod post_leads;
pub(super) mod push_batch;
mod remote_address;
pub(super) mod report_events;

use crate::body::{self, Unread};
use crate::error::HttpError;
use crate::request_id::RequestId;
use crate::serve::Peer;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{Uri, header};
use hookmill_admin::rows::{API_KEY_PREFIX, SOURCE_KEY_PREFIX};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_pipeline::{Channel, IngestResponse, Pipeline, Post, Source, SourceKey};
use std::sync::Arc;

/// The headers stored with a request: those that describe it, never those that carry keys. They include how its body is decoded,
/// since the body is stored as it came and decoded again.
const KEPT_HEADERS: [header::HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    header::REFERER,
    header::ORIGIN,
    header::ACCEPT_LANGUAGE,
];

/// How many parameters of a query are kept.
const QUERY_PARAMETERS_MAX: usize = 100;

/// A post of leads as it arrives: who sends it, from where, and its body, still unread.
struct Arrival {
    request_id: RequestId,
    key: Arc<SourceKey>,
    address: ConnectInfo<Peer>,
    parts: Parts,
    raw: Body,
}

impl Arrival {
    /// Reads the body and has the pipeline take the post.
    async fn ingest(self, pipeline: &Pipeline, channel: Channel) -> Result<IngestResponse, HttpError> {
        let source = source(pipeline, self.key, &self.parts, self.address);
        let permit = pipeline.budgets().bytes.open(&source.key.organization_id);
        match body::read_post(pipeline, permit, self.raw).await {
            Ok((body, permit)) => {
                let request_id = self.request_id.as_str().to_owned();
                Ok(pipeline.ingest(Post { request_id, source, channel, body, permit }).await?)
            }
            Err(Unread { error, received: Some(received) }) => {
                Err(pipeline.reject_unread(source, channel, *received, error).await.into())
            }
            Err(Unread { error, received: None }) => Err(error.into()),
        }
    }
}

/// What a request carries apart from its body.
fn source(pipeline: &Pipeline, key: Arc<SourceKey>, parts: &Parts, address: ConnectInfo<Peer>) -> Source {
    let (content_type, content_encoding) = body::content_headers(&parts.headers);
    let bytes_max = pipeline.settings().limits.kept_header_bytes_max;
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.chars().take(bytes_max).collect()))
    });
    let trusted = &pipeline.settings().trusted_proxies;
    let remote_address = Some(remote_address::remote_address(address.0.0.ip(), &parts.headers, trusted).to_string());
    let metadata = RequestMetadata {
        headers: kept.collect(),
        query: query(&parts.uri, bytes_max),
        charset: key.charset.clone(),
        inbound: None,
    };
    Source { key, content_type, content_encoding, metadata, remote_address }
}

/// The parameters of a query that are stored: the first ones, without values that look like keys.
fn query(uri: &Uri, bytes_max: usize) -> Vec<(String, String)> {
    let Ok(Query(parameters)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return Vec::new() };
    let is_key = |value: &str| value.starts_with(SOURCE_KEY_PREFIX) || value.starts_with(API_KEY_PREFIX);
    let cut = |text: String| text.chars().take(bytes_max).collect::<String>();
    parameters
        .into_iter()
        .filter(|(_, value)| !is_key(value))
        .take(QUERY_PARAMETERS_MAX)
        .map(|(name, value)| (cut(name), cut(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I10: the query is kept as it came, in its order, without keys.
    #[test]
    fn i10_the_query_is_kept() {
        let table: [(&str, &[(&str, &str)]); 6] = [
            ("/v1/leads", &[]),
            ("/v1/leads?utm_source=g&tag=a&tag=b%20c", &[("utm_source", "g"), ("tag", "a"), ("tag", "b c")]),
            ("/v1/leads?k=hms_secret&a=hmk_secret&x=1", &[("x", "1")]),
            ("/v1/leads?flag&empty=&n=+", &[("flag", ""), ("empty", ""), ("n", " ")]),
            ("/v1/leads?long=abcdefghijkl", &[("long", "abcdefghij")]),
            ("/v1/leads?%ff=%fe", &[("\u{fffd}", "\u{fffd}")]),
        ];
        for (uri, expected) in table {
            let expected: Vec<_> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(query(&uri.parse().unwrap(), 10), expected, "{uri}");
        }
        let many: String = (0..QUERY_PARAMETERS_MAX + 5).map(|n| format!("&p{n}=1")).collect();
        assert_eq!(query(&format!("/?{many}").parse().unwrap(), 100).len(), QUERY_PARAMETERS_MAX);
    }
}
