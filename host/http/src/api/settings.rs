//! The webhook settings of an organization (W3). The secret is write-only; a first save without one has one made, and shows it
//! once.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::views::{self, Time};
use axum::Json;
use hookmill_admin::SavedSettings;
use hookmill_domain::event::EventName;
use hookmill_domain::settings::{WebhookSettings, WebhookSettingsDraft};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSettings)]
pub(crate) struct SettingsView {
    enabled: bool,
    /// The URL; whose role is below `admin` sees scheme and host alone, as `https://subscriber.example/…`.
    url: String,
    #[schema(value_type = Vec<EventName>)]
    events: Vec<String>,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// The retries after the first attempt.
    retries: u8,
    /// The timeout of one attempt, in seconds.
    timeout_s: u64,
    /// The certificate authorities that it is trusted by instead of the public ones, in PEM; null where the public ones count.
    ca_certificates: Option<String>,
    /// The number of signing secrets, which are never shown.
    secrets: usize,
    /// The secret that was generated because none was given; it is shown only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_secret: Option<String>,
    /// Since when the webhook is paused, because its receiver responded with `410`.
    paused_at: Option<Time>,
}

fn view(settings: WebhookSettings, new_secret: Option<String>, paused_at: Option<i64>) -> SettingsView {
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
        ca_certificates: settings.ca_certificates.map(|certificates| certificates.as_str().to_owned()),
        secrets: settings.secrets.len(),
        new_secret,
        paused_at: paused_at.map(views::time),
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
    let webhook = scope.webhook_settings().await?;
    Ok(Json(view(webhook.settings, None, webhook.paused_at.map(|at| at.0))))
}
