//! A campaign's client endpoint (L8): at most one. Values of headers and secrets are never shown again.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::Path;
use crate::views;
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::MASK;
use hookmill_domain::endpoint::{AuthKind, ClientEndpoint, ClientEndpointDraft, EndpointAuth, MacEncoding};
use hookmill_domain::ping::Ping;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientEndpoint)]
pub(crate) struct EndpointView {
    /// The URL; whose role is below `admin` sees scheme and host alone, as `https://client.example/…`.
    url: String,
    method: String,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// The retries after the first attempt.
    retries: u8,
    /// The timeout of one attempt, in seconds.
    timeout_s: u64,
    /// How many requests it gets a minute at most; null for as many as it takes.
    rate_per_minute: Option<u32>,
    /// The certificate authorities that it is trusted by instead of the public ones, in PEM; null where the public ones count.
    ca_certificates: Option<String>,
    /// How requests are authenticated, those of the ping as well; null where `headers` alone do it. Its secret is shown as `***`.
    auth: Option<AuthView>,
    /// How the client is asked for a bid before a lead is posted; null where leads are posted at once.
    ping: Option<PingView>,
}

/// An authentication: its kind, and what belongs to that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointAuth)]
pub(crate) struct AuthView {
    kind: AuthKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Always `***`, like every secret here.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'static str>,
    /// The header that it sets, where that is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<MacEncoding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
}

impl From<&EndpointAuth> for AuthView {
    fn from(auth: &EndpointAuth) -> Self {
        let secret_of = |kind| (auth.kind() == kind).then_some(MASK);
        let (password, token) = (secret_of(AuthKind::Basic), secret_of(AuthKind::Bearer));
        let (value, secret) = (secret_of(AuthKind::Header), secret_of(AuthKind::Hmac));
        let bare = Self {
            kind: auth.kind(),
            username: None,
            password,
            token,
            header: None,
            value,
            secret,
            encoding: None,
            prefix: None,
        };
        match auth.clone() {
            EndpointAuth::Basic { username, .. } => Self { username: Some(username), ..bare },
            EndpointAuth::Bearer { .. } => bare,
            EndpointAuth::Header { header, .. } => Self { header: Some(header), ..bare },
            EndpointAuth::Hmac { header, encoding, prefix, .. } => {
                Self { header: Some(header), encoding: Some(encoding), prefix: Some(prefix), ..bare }
            }
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ping)]
pub(crate) struct PingView {
    /// The URL; whose role is below `admin` sees scheme and host alone.
    url: String,
    method: String,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// How long clients may take to bid, in milliseconds.
    timeout_ms: u64,
    /// The custom fields that the client is told.
    custom_fields: Vec<String>,
    /// The price of an acceptance whose response says none, a decimal number; null where such an acceptance does not count as a bid.
    price: Option<String>,
    /// The least price that counts, a decimal number; null where any counts.
    min_price: Option<String>,
}

pub(super) fn masked(headers: &BTreeMap<String, String>) -> BTreeMap<String, &'static str> {
    views::mask_headers(headers).into_iter().map(|(name, mask)| (name.to_owned(), mask)).collect()
}

impl From<&Ping> for PingView {
    fn from(ping: &Ping) -> Self {
        Self {
            url: ping.url.clone(),
            method: ping.method.clone(),
            headers: masked(&ping.headers),
            timeout_ms: ping.timeout_ms,
            custom_fields: ping.custom_fields.clone(),
            price: ping.price.clone(),
            min_price: ping.min_price.clone(),
        }
    }
}

impl From<&ClientEndpoint> for EndpointView {
    fn from(endpoint: &ClientEndpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            method: endpoint.method.clone(),
            headers: masked(&endpoint.headers),
            retries: endpoint.retries,
            timeout_s: endpoint.timeout_s,
            rate_per_minute: endpoint.rate_per_minute.map(std::num::NonZeroU32::get),
            ca_certificates: endpoint.ca_certificates.as_ref().map(|certificates| certificates.as_str().to_owned()),
            auth: endpoint.auth.as_ref().map(AuthView::from),
            ping: endpoint.ping.as_ref().map(PingView::from),
        }
    }
}

/// Sets a campaign's client endpoint
///
/// Admins. The address is resolved and checked, as it is again at every connection. Leads that are on their way already go to the URL, by the
/// method, that they were made for: an edit sends no lead to a second client. Other changes, such as a header, count for them too.
/// Leads that waited for an endpoint go on. `auth` says how requests are authenticated, where headers that stay the same are not enough.
///
/// With a `ping` the client is asked for a bid before a lead is posted, and with it the clients of the campaigns in the fallback list that have
/// one: the lead goes to the client with the best price. A ping needs `price`, or a document that reads the price out of the response.
#[utoipa::path(put, path = "", operation_id = "setClientEndpoint", request_body = ClientEndpointDraft,
    responses(
        (status = OK, description = "The object after the change.", body = EndpointView),
        (status = CONFLICT, description = "`delivery_conflict`: the campaign has `delivery: store_only`. `campaign_version_unusable`: what it runs can't be run, so nobody knows whether it reads prices.", body = ErrorBody),
    ))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<ClientEndpointDraft>,
) -> Result<Json<EndpointView>, HttpError> {
    Ok(Json(EndpointView::from(&scope.set_client_endpoint(&campaign, draft).await?)))
}

/// Shows a campaign's client endpoint
#[utoipa::path(get, path = "", operation_id = "getClientEndpoint",
    responses((status = OK, description = "The endpoint; values of headers and secrets are never shown, and path and query of the URL to admins alone.", body = EndpointView)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<Json<EndpointView>, HttpError> {
    Ok(Json(EndpointView::from(&scope.client_endpoint(&campaign).await?)))
}

/// Removes a campaign's client endpoint
///
/// Admins. Leads wait from then on, until an endpoint is set or `delivery` is `store_only`. Those whose message is made already fail.
#[utoipa::path(delete, path = "", operation_id = "removeClientEndpoint",
    responses((status = NO_CONTENT, description = "The endpoint is removed.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(campaign): Path<String>) -> Result<StatusCode, HttpError> {
    scope.remove_client_endpoint(&campaign).await?;
    Ok(StatusCode::NO_CONTENT)
}
