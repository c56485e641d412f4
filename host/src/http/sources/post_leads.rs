//! `POST /v1/campaigns/{id}/leads`: one lead or a list, in any shape the campaign maps (I7).

use super::source;
use crate::http::auth::SourceCaller;
use crate::http::body;
use crate::http::extract::Path;
use crate::http::observe::RequestId;
use crate::http::serve::Peer;
use crate::model::refusal::Refusal;
use crate::pipeline::{CampaignPost, IngestAnswer, Pipeline};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};

/// Takes leads for one campaign.
pub(in crate::http) async fn handle(
    State(pipeline): State<Pipeline>,
    SourceCaller(key): SourceCaller,
    Path(campaign): Path<String>,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<IngestAnswer>), Refusal> {
    let held = body::read(&pipeline, raw, pipeline.settings().limits.body_bytes_max).await?;
    let body = held.bytes.clone();
    let content_type = match body::content_type(&headers, &["application/json", "application/x-www-form-urlencoded"]) {
        Ok(content_type) => content_type,
        Err(refusal) => {
            pipeline.keep_refusal(&key.organization_id, refusal.code, &body).await;
            return Err(refusal);
        }
    };
    let idempotency_key = headers.get("idempotency-key").map(|value| value.as_bytes().to_vec());
    let source = source(&pipeline, key, content_type, &headers, address);
    let post = CampaignPost { request_id: request_id.as_str().to_owned(), source, campaign, idempotency_key, body };
    let answer = pipeline.ingest_for_campaign(post).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
