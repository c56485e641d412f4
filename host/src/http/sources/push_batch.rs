//! `POST /v1/leads`: the batch push (I1 to I5).

use super::source;
use crate::http::auth::SourceCaller;
use crate::http::body;
use crate::http::observe::RequestId;
use crate::http::serve::Peer;
use crate::model::refusal::Refusal;
use crate::pipeline::{BatchPush, IngestAnswer, Pipeline};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};

/// Takes leads. The order of checks is I5's: key, size, content type, syntax, envelope, duplicate, leads.
pub(in crate::http) async fn handle(
    State(pipeline): State<Pipeline>,
    SourceCaller(key): SourceCaller,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<IngestAnswer>), Refusal> {
    let held = body::read(&pipeline, raw, pipeline.settings().limits.body_bytes_max).await?;
    let body = held.bytes.clone();
    let content_type = match body::content_type(&headers, &["application/json"]) {
        Ok(content_type) => content_type,
        Err(refusal) => {
            pipeline.keep_refusal(&key.organization_id, refusal.code, &body).await;
            return Err(refusal);
        }
    };
    let source = source(&pipeline, key, content_type, &headers, address);
    let answer = pipeline.ingest(BatchPush { request_id: request_id.as_str().to_owned(), source, body }).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
