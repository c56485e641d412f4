//! The webhook settings of an organization and of a campaign (W3). The secret is write-only; a first save without one has one made, and shows
//! it once.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::Path;
use crate::views::{self, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::rows::{Destination, Paused};
use hookmill_admin::{CampaignSettings, SavedSettings};
use hookmill_domain::webhook::settings::{WebhookSettings, WebhookSettingsDraft};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSettings)]
pub(crate) struct SettingsView {
    enabled: bool,
    /// The URL; whose role is below `admin` sees scheme and host alone, as `https://subscriber.example/…`.
    url: String,
    /// The names of the events that are sent.
    events: Vec<String>,
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
    /// The number of signing secrets, which are never shown.
    secrets: usize,
    /// The secret that was generated because none was given; it is shown only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_secret: Option<String>,
    /// Whether the webhook is paused; null where it is not.
    paused: Option<PauseView>,
}

/// Why and since when nothing is sent to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPause)]
pub(crate) struct PauseView {
    /// Since when.
    at: Time,
    /// Why.
    reason: PauseReason,
    /// When it is asked again, with one message that waits for it: a success resumes it. Null where only saving its settings does.
    next_probe_at: Option<Time>,
}

/// Why a webhook is paused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PauseReason {
    /// Its receiver responded with `410`. What it would be sent is recorded as `suppressed`.
    Gone,
    /// Every request to it failed for long. What it is to be sent waits, for a bounded time.
    Failing,
}

impl From<Paused> for PauseView {
    fn from(paused: Paused) -> Self {
        let reason = if paused.probe_at.is_some() { PauseReason::Failing } else { PauseReason::Gone };
        Self { at: views::time(paused.at.0), reason, next_probe_at: paused.probe_at.map(|at| views::time(at.0)) }
    }
}

/// The webhook settings that count for a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignWebhookSettings)]
pub(crate) struct CampaignSettingsView {
    /// Whether the campaign has settings of its own, which count in place of the organization's.
    is_override: bool,
    /// The campaign's own; null where it has none.
    own: Option<SettingsView>,
    /// The organization's, which are set at `/v1/webhook-settings`; null where there are none. Events that only they select are sent by them, unless the
    /// campaign's own are disabled.
    organization: Option<SettingsView>,
}

impl From<Destination<WebhookSettings>> for SettingsView {
    fn from(webhook: Destination<WebhookSettings>) -> Self {
        view(webhook.settings, None, webhook.paused)
    }
}

impl From<CampaignSettings> for CampaignSettingsView {
    fn from(CampaignSettings { own, organization }: CampaignSettings) -> Self {
        Self { is_override: own.is_some(), own: own.map(Into::into), organization: organization.map(Into::into) }
    }
}

fn view(settings: WebhookSettings, new_secret: Option<String>, paused: Option<Paused>) -> SettingsView {
    SettingsView {
        headers: views::mask_headers(&settings.headers)
            .into_iter()
            .map(|(name, mask)| (name.to_owned(), mask))
            .collect(),
        enabled: settings.enabled,
        url: settings.url,
        events: settings.events,
        retries: settings.retries,
        timeout_s: settings.timeout_s,
        rate_per_minute: settings.rate_per_minute.map(std::num::NonZeroU32::get),
        ca_certificates: settings.ca_certificates.map(|certificates| certificates.as_str().to_owned()),
        secrets: settings.secrets.len(),
        new_secret,
        paused: paused.map(Into::into),
    }
}

/// Sets the organization's webhook
///
/// Admins. The first save without secrets generates one and returns it once. Saving ends a pause. Events that are on their way already go
/// to the URL that they were made for; other changes count for them too.
#[utoipa::path(put, path = "", operation_id = "setWebhookSettings", request_body = WebhookSettingsDraft,
    responses((status = OK, description = "The settings after the change.", body = SettingsView)))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    JsonBody(draft): JsonBody<WebhookSettingsDraft>,
) -> Result<Json<SettingsView>, HttpError> {
    let SavedSettings { settings, new_secret } = scope.set_webhook_settings(draft).await?;
    Ok(Json(view(settings, new_secret, None)))
}

/// Shows the organization's webhook
#[utoipa::path(get, path = "", operation_id = "getWebhookSettings",
    responses((status = OK, description = "The settings; secrets and values of headers are never shown, and path and query of the URL to admins alone.", body = SettingsView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser) -> Result<Json<SettingsView>, HttpError> {
    Ok(Json(scope.webhook_settings().await?.into()))
}

/// Sets a campaign's own webhook
///
/// Admins. From then on it counts in place of the organization's. Disabled, it keeps the campaign silent. Enabled, its URL, headers, retries and timeout count
/// for the events that it selects, and the organization's for those that only the organization selects. The first save without secrets generates one and returns
/// it once.
#[utoipa::path(put, path = "", operation_id = "setCampaignWebhookSettings", request_body = WebhookSettingsDraft,
    responses((status = OK, description = "The settings after the change.", body = SettingsView)))]
pub(crate) async fn set_of_campaign(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<WebhookSettingsDraft>,
) -> Result<Json<SettingsView>, HttpError> {
    let SavedSettings { settings, new_secret } = scope.set_campaign_webhook_settings(&campaign, draft).await?;
    Ok(Json(view(settings, new_secret, None)))
}

/// Shows the webhook settings that count for a campaign
#[utoipa::path(get, path = "", operation_id = "getCampaignWebhookSettings",
    responses((status = OK, description = "Its own and the organization's; secrets and values of headers are never shown, and path and query of URLs to admins alone.", body = CampaignSettingsView)))]
pub(crate) async fn get_of_campaign(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<Json<CampaignSettingsView>, HttpError> {
    Ok(Json(scope.campaign_webhook_settings(&campaign).await?.into()))
}

/// Removes a campaign's own webhook
///
/// Admins. The organization's settings count again.
#[utoipa::path(delete, path = "", operation_id = "removeCampaignWebhookSettings",
    responses((status = NO_CONTENT, description = "It is removed.")))]
pub(crate) async fn remove_of_campaign(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<StatusCode, HttpError> {
    scope.remove_campaign_webhook_settings(&campaign).await?;
    Ok(StatusCode::NO_CONTENT)
}
