//! A campaign's client endpoint (L8): at most one. Values of headers are never shown again.

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::Path;
use crate::views;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::endpoint::{ClientEndpoint, ClientEndpointDraft};
use hookmill_domain::net_policy::WebhookUrl;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientEndpoint)]
pub(crate) struct EndpointView {
    url: String,
    method: String,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// The retries after the first attempt.
    retries: u8,
    /// The timeout of one attempt, in seconds.
    timeout_s: u64,
}

impl From<&ClientEndpoint> for EndpointView {
    fn from(endpoint: &ClientEndpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            method: endpoint.method.clone(),
            headers: views::mask_headers(&endpoint.headers)
                .into_iter()
                .map(|(name, mask)| (name.to_owned(), mask))
                .collect(),
            retries: endpoint.retries,
            timeout_s: endpoint.timeout_s,
        }
    }
}

/// Sets a campaign's client endpoint
///
/// Admins. The address is resolved and checked, as it is again at every connection.
#[utoipa::path(put, path = "", operation_id = "setClientEndpoint", request_body = ClientEndpointDraft,
    responses((status = OK, description = "The object after the change.", body = EndpointView)))]
pub(crate) async fn set(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<ClientEndpointDraft>,
) -> Result<Json<EndpointView>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    let mut draft = draft?;
    let kept = pipeline.store().client_destination(&campaign.key).await.map_err(unavailable)?;
    views::restore_masked(&mut draft.headers, kept.as_ref().map(|kept| &kept.settings.headers))?;
    let endpoint = draft.check(pipeline.schemes())?;
    reachable(&pipeline, &endpoint.url).await?;
    let now = pipeline.clock().now();
    pipeline.store().set_client(&campaign.organization_id, &campaign.key, &endpoint, now).await.map_err(unavailable)?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "endpoint.set", &campaign.campaign_id).await;
    Ok(Json(EndpointView::from(&endpoint)))
}

/// Shows a campaign's client endpoint
#[utoipa::path(get, path = "", operation_id = "getClientEndpoint",
    responses((status = OK, description = "The endpoint; values of headers are never shown.", body = EndpointView)))]
pub(crate) async fn get(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<Json<EndpointView>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let client = pipeline.store().client_destination(&campaign.key).await.map_err(unavailable)?;
    client
        .map(|client| Json(EndpointView::from(&client.settings)))
        .ok_or_else(|| HttpError::not_found("client endpoint of campaign", &campaign.campaign_id))
}

/// Removes a campaign's client endpoint
///
/// Admins. Leads are stored from then on, and not sent.
#[utoipa::path(delete, path = "", operation_id = "removeClientEndpoint",
    responses((status = NO_CONTENT, description = "The endpoint is removed.")))]
pub(crate) async fn remove(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<StatusCode, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    pipeline.store().remove_destination(DestinationKind::Client, &campaign.key).await.map_err(unavailable)?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "endpoint.removed", &campaign.campaign_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The check of an address, at save as at each connection (W8).
pub(super) async fn reachable(pipeline: &Pipeline, url: &str) -> Result<(), HttpError> {
    let url = WebhookUrl::parse(url, pipeline.schemes())
        .map_err(|error| HttpError::invalid("url", format!("is rejected: {error}")))?;
    pipeline.sender().check(&url).await.map_err(|error| HttpError::invalid("url", format!("is rejected: {error}")))
}
