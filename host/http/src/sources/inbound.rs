//! `/in/{token}`: inbound webhooks (I9 to I13, K2, K3). The address is the key, so it is not logged, and what is wrong with it is told to nobody.

use super::source;
use crate::body::{self, Unread};
use crate::error::{ErrorBody, HttpError};
use crate::extract::Path;
use crate::jobs::prefers_async;
use crate::request_id::RequestId;
use crate::serve::Peer;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use hookmill_admin::rows::InboundWebhook;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::inbound::proof::Proof;
use hookmill_domain::inbound::response::InboundLead;
use hookmill_domain::metadata::InboundOrigin;
use hookmill_domain::signature::constant_time_eq;
use hookmill_pipeline::{Channel, InboundPost, InboundResponse, IngestResponse, Pipeline, Source, source_of_inbound};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const FORM: &str = "application/x-www-form-urlencoded";

/// How a platform verifies an address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Handshake {
    /// `subscribe`.
    #[serde(rename = "hub.mode")]
    #[param(rename = "hub.mode")]
    mode: Option<String>,
    /// The token that was agreed on.
    #[serde(rename = "hub.verify_token")]
    #[param(rename = "hub.verify_token")]
    verify_token: Option<String>,
    /// What is to be repeated.
    #[serde(rename = "hub.challenge")]
    #[param(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// One lead, or several of one body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = InboundLeads)]
pub(crate) enum LeadsView {
    /// One.
    One(Box<InboundLead>),
    /// Several, or none.
    Several(Vec<InboundLead>),
}

/// A request to an inbound webhook.
struct Call {
    webhook: Arc<InboundWebhook>,
    request_id: String,
    source: Source,
    is_async: bool,
}

/// Posts a lead to an inbound webhook
///
/// The body is JSON, a form, a multipart form or XML, in any shape that the campaign maps. It is mapped and validated at once: `201` with the lead, `200` where its
/// person was known, a list where there are several. On a campaign that is not active the lead waits. A campaign on the standard document takes the special
/// fields of the dialect, such as `country_code`, `__url`, `must_exist` and `redirect_url`. With `Prefer: respond-async`, and where mapping takes too long, it is `202`.
#[utoipa::path(post, path = "", operation_id = "postInbound",
    request_body(description = "A lead in any shape.", content(
        (super::post_leads::AnyLead = "application/json", example = json!({"email": "alice@example.com", "plan": "Pro"})),
        (HashMap<String, String> = "application/x-www-form-urlencoded", example = json!({"email": "alice@example.com"})),
        (HashMap<String, String> = "multipart/form-data", example = json!({"email": "alice@example.com"})),
        (String = "application/xml"),
    )),
    responses(
        (status = CREATED, description = "The lead, whose person is new.", body = LeadsView),
        (status = OK, description = "The lead, whose person was known.", body = LeadsView),
        (status = ACCEPTED, description = "The request is on disk, and is mapped later.", body = IngestResponse),
        (status = SEE_OTHER, description = "`redirect_url` of a form post, on a listed host."),
        (status = BAD_REQUEST, description = "The body can't be read: where it begins to be wrong is said.", body = ErrorBody),
        (status = UNAUTHORIZED, description = "`proof_missing`: the webhook asks for a signature or a secret, and it is missing or wrong. Nothing is kept.", body = ErrorBody),
        (status = FORBIDDEN, description = "`origin_not_allowed`: the page's origin is not listed.", body = ErrorBody),
        (status = NOT_FOUND, description = "`inbound_webhook_unknown`: there is none at this address, or it was revoked.", body = ErrorBody),
        (status = CONFLICT, description = "`campaign_archived`.", body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, description = "The body is too large.", body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "A content type, a charset or a compression that is not understood.", body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "`email_or_phone_required`, `email_invalid`, `phone_number_invalid`, `lead_invalid` (what the mapping says of it), `no_match` (`must_exist`), `redirect_not_allowed`, `too_many_fields`, `field_name_too_long`. It is kept for its organization to see.", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More is under way than may be at once; try again.", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The host can't keep it safe at the moment; try again.", body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(pipeline): State<Pipeline>,
    Path(token): Path<String>,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    parts: Parts,
    raw: Body,
) -> Result<Response, HttpError> {
    let (webhook, allowed) = begin(&pipeline, &token, &parts.headers).await?;
    let call = call(&pipeline, webhook, &request_id, &parts, address);
    Ok(with_origin(taken(&pipeline, call, raw, &parts.headers).await, allowed))
}

/// Posts a lead by a query, or verifies an address
///
/// With `hub.mode=subscribe` and the webhook's `verify_token`, the challenge is repeated, as Facebook asks for it. Otherwise, where the webhook allows it, everything is in the query.
#[utoipa::path(get, path = "", operation_id = "getInbound", params(Handshake),
    responses(
        (status = OK, description = "The challenge; or the lead, whose person was known.", content((String = "text/plain"), (LeadsView = "application/json"))),
        (status = CREATED, description = "The lead, whose person is new.", body = LeadsView),
        (status = ACCEPTED, description = "The request is on disk, and is mapped later.", body = IngestResponse),
        (status = SEE_OTHER, description = "`redirect_url` of a form, on a listed host."),
        (status = BAD_REQUEST, description = "The query can't be read.", body = ErrorBody),
        (status = UNAUTHORIZED, description = "`proof_missing`, as for a post.", body = ErrorBody),
        (status = FORBIDDEN, description = "`verify_token_wrong`, `origin_not_allowed`.", body = ErrorBody),
        (status = NOT_FOUND, description = "`inbound_webhook_unknown`: there is none at this address, or it was revoked.", body = ErrorBody),
        (status = METHOD_NOT_ALLOWED, description = "`method_not_allowed`: the webhook takes no GET.", body = ErrorBody),
        (status = CONFLICT, description = "`campaign_archived`.", body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "As for a post.", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More is under way than may be at once; try again.", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The host can't keep it safe at the moment; try again.", body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(pipeline): State<Pipeline>,
    Path(token): Path<String>,
    Extension(request_id): Extension<RequestId>,
    address: ConnectInfo<Peer>,
    parts: Parts,
) -> Result<Response, HttpError> {
    // A look at the head is not a post.
    if parts.method == Method::HEAD {
        return Err(HttpError::new(Kind::Method, "method_not_allowed", "an inbound webhook takes no HEAD"));
    }
    let (webhook, allowed) = begin(&pipeline, &token, &parts.headers).await?;
    let Query(handshake) = Query::<Handshake>::try_from_uri(&parts.uri).unwrap_or_default();
    if handshake.mode.is_some() {
        let challenge = shake_hands(&webhook, handshake)?;
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response());
    }
    if !webhook.settings.allow_get {
        let message = "this inbound webhook takes no GET; post to it, or set `allow_get`";
        return Err(HttpError::new(Kind::Method, "method_not_allowed", message));
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut call = call(&pipeline, webhook, &request_id, &parts, address);
    FORM.clone_into(&mut call.source.content_type);
    call.source.metadata.headers.retain(|(name, _)| name != "content-type" && name != "content-encoding");
    Ok(with_origin(taken(&pipeline, call, Body::from(query), &parts.headers).await, allowed))
}

/// Says which pages may post
#[utoipa::path(options, path = "", operation_id = "preflightInbound",
    responses(
        (status = NO_CONTENT, description = "What the page may do (CORS)."),
        (status = FORBIDDEN, description = "`origin_not_allowed`: the page's origin is not listed.", body = ErrorBody),
        (status = NOT_FOUND, description = "`inbound_webhook_unknown`: there is none at this address, or it was revoked.", body = ErrorBody),
    ))]
pub(crate) async fn preflight(
    State(pipeline): State<Pipeline>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, HttpError> {
    let (_, allowed) = begin(&pipeline, &token, &parts.headers).await?;
    let allow = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, prefer"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    Ok(with_origin((StatusCode::NO_CONTENT, allow).into_response(), allowed))
}

/// The webhook of an address, and the origin of the page that may read the response, where it has a list of them.
async fn begin(
    pipeline: &Pipeline,
    token: &str,
    headers: &HeaderMap,
) -> Result<(Arc<InboundWebhook>, Option<HeaderValue>), ApiError> {
    let unknown = || {
        let message = "there is no inbound webhook at this address; it may have been revoked";
        ApiError::new(Kind::NotFound, "inbound_webhook_unknown", message)
    };
    let webhook = pipeline.inbound_webhook(token).await?.ok_or_else(unknown)?;
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok((webhook, None)) };
    let is_allowed = origin.to_str().is_ok_and(|origin| webhook.settings.allows_origin(origin));
    if !is_allowed {
        let message = "pages of this origin may not post here; add it to `origins` of the inbound webhook";
        return Err(ApiError::new(Kind::Forbidden, "origin_not_allowed", message));
    }
    let allowed = (!webhook.settings.origins.is_empty()).then(|| origin.clone());
    Ok((webhook, allowed))
}

fn with_origin(mut response: Response, allowed: Option<HeaderValue>) -> Response {
    if let Some(origin) = allowed {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn shake_hands(webhook: &InboundWebhook, handshake: Handshake) -> Result<String, ApiError> {
    let Handshake { mode, verify_token, challenge } = handshake;
    let given = verify_token.unwrap_or_default();
    let is_right = webhook
        .settings
        .verify_token
        .as_ref()
        .is_some_and(|token| constant_time_eq(given.as_bytes(), token.as_bytes()));
    if mode.as_deref() != Some("subscribe") || !is_right {
        let message = "`hub.verify_token` is not the token of this inbound webhook; set the same one on both sides";
        return Err(ApiError::new(Kind::Forbidden, "verify_token_wrong", message));
    }
    Ok(challenge.unwrap_or_default())
}

fn call(
    pipeline: &Pipeline,
    webhook: Arc<InboundWebhook>,
    request_id: &RequestId,
    parts: &Parts,
    address: ConnectInfo<Peer>,
) -> Call {
    let mut source = source(pipeline, Arc::new(source_of_inbound(&webhook)), parts, address);
    let sender: Option<IpAddr> = source.remote_address.as_deref().and_then(|address| address.parse().ok());
    let settings = &webhook.settings;
    let trusts_ip = sender.is_some_and(|sender| settings.trusts(sender));
    source.metadata.inbound = Some(InboundOrigin {
        id: webhook.id.clone(),
        name: settings.name.clone(),
        tag: settings.tag.clone(),
        source: settings.source.clone(),
        trusts_ip,
        ..InboundOrigin::default()
    });
    let is_async = prefers_async(&parts.headers);
    Call { webhook, request_id: request_id.as_str().to_owned(), source, is_async }
}

async fn taken(pipeline: &Pipeline, call: Call, raw: Body, headers: &HeaderMap) -> Response {
    match take(pipeline, call, raw, headers).await {
        Ok(response) => response_of(response),
        Err(error) => HttpError::from(error).into_response(),
    }
}

async fn take(pipeline: &Pipeline, call: Call, raw: Body, headers: &HeaderMap) -> Result<InboundResponse, ApiError> {
    let Call { webhook, request_id, source, is_async } = call;
    let proof = webhook.settings.proof.as_ref();
    if proof.is_some_and(Proof::is_in_head) {
        check_proof(pipeline, &webhook, headers, &Bytes::new())?;
    }
    let permit = pipeline.budgets().bytes.open(&webhook.organization_id);
    let (body, permit) = match body::read_post(pipeline, permit, raw).await {
        Ok(read) => read,
        // What can't be read can't be proved.
        Err(Unread { error, received: Some(received) }) if proof.is_none_or(Proof::is_in_head) => {
            let campaign_id = pipeline.campaign_id_of(&webhook).await?;
            let channel = Channel::Inbound { campaign_id };
            return Err(pipeline.reject_unread(source, channel, *received, error).await);
        }
        Err(Unread { error, .. }) => return Err(error),
    };
    check_proof(pipeline, &webhook, headers, &body)?;
    pipeline.ingest_inbound(InboundPost { request_id, webhook, source, body, permit, is_async }).await
}

/// Whoever can't show that it is the sender leaves nothing behind.
fn check_proof(
    pipeline: &Pipeline,
    webhook: &InboundWebhook,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), ApiError> {
    let Some(proof) = &webhook.settings.proof else { return Ok(()) };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now_s = pipeline.clock().now().0.div_euclid(1_000);
    proof.check(header, body, now_s).map_err(|why| {
        let message = format!("this inbound webhook takes what its sender proves to be its own: {why}");
        ApiError::new(Kind::Unauthenticated, "proof_missing", message)
    })
}

fn response_of(response: InboundResponse) -> Response {
    match response {
        InboundResponse::Leads { redirect: Some(url), .. } | InboundResponse::Accepted { redirect: Some(url), .. } => {
            match HeaderValue::from_str(&url) {
                Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
                Err(_) => StatusCode::NO_CONTENT.into_response(),
            }
        }
        InboundResponse::Accepted { response, .. } => (StatusCode::ACCEPTED, Json(response)).into_response(),
        InboundResponse::Leads { mut leads, has_new, .. } => {
            let status = if has_new { StatusCode::CREATED } else { StatusCode::OK };
            let view = match (leads.len(), leads.pop()) {
                (1, Some(lead)) => LeadsView::One(Box::new(lead)),
                (_, last) => LeadsView::Several(leads.into_iter().chain(last).collect()),
            };
            (status, Json(view)).into_response()
        }
    }
}
