//! The webhook settings of an organization (W3). The secret is write-only; a first save without one has one made, and shows it
//! once.

use super::endpoint::reachable;
use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::views::{self, Time};
use axum::Json;
use axum::extract::State;
use hookmill_domain::error::Kind;
use hookmill_domain::event::EventName;
use hookmill_domain::role::Permission;
use hookmill_domain::settings::{WebhookSettings, WebhookSettingsDraft};
use hookmill_domain::signature::SigningSecret;
use hookmill_pipeline::Pipeline;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSettings)]
pub(crate) struct SettingsView {
    enabled: bool,
    url: String,
    #[schema(value_type = Vec<EventName>)]
    events: Vec<String>,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// The retries after the first attempt.
    retries: u8,
    /// The timeout of one attempt, in seconds.
    timeout_s: u64,
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
        secrets: settings.secrets.len(),
        new_secret,
        paused_at: paused_at.map(views::time),
    }
}

/// Sets the organization's webhook
///
/// Admins. The first save without secrets generates one and returns it once. Saving ends a pause.
#[utoipa::path(put, path = "", operation_id = "setWebhookSettings", request_body = WebhookSettingsDraft,
    responses((status = OK, description = "The settings after the change.", body = SettingsView)))]
pub(crate) async fn set(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(draft): JsonBody<WebhookSettingsDraft>,
) -> Result<Json<SettingsView>, HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let mut draft = draft?;
    let store = pipeline.store();
    let kept =
        store.organization_webhook(&scope.organization_id).await.map_err(unavailable)?.map(|webhook| webhook.settings);
    views::restore_masked(&mut draft.headers, kept.as_ref().map(|kept| &kept.headers))?;
    let kept = kept.map(|settings| settings.secrets);
    let given = draft.secrets.is_some();
    let fresh = if given || kept.is_some() { None } else { Some(fresh_secret(&pipeline)?) };
    let secrets = kept.unwrap_or_else(|| fresh.clone().into_iter().collect());
    let settings = draft.check(pipeline.schemes(), secrets)?;
    reachable(&pipeline, &settings.url).await?;
    let now = pipeline.clock().now();
    store.set_webhook(&scope.organization_id, &settings, now).await.map_err(unavailable)?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "webhook_settings.set", &scope.organization_id).await;
    Ok(Json(view(settings, fresh, None)))
}

/// Shows the organization's webhook
#[utoipa::path(get, path = "", operation_id = "getWebhookSettings",
    responses((status = OK, description = "The settings; secrets and values of headers are never shown.", body = SettingsView)))]
pub(crate) async fn get(State(pipeline): State<Pipeline>, scope: Scope) -> Result<Json<SettingsView>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let found = pipeline.store().organization_webhook(&scope.organization_id).await.map_err(unavailable)?;
    let webhook =
        found.ok_or_else(|| HttpError::not_found("webhook settings of organization", &scope.organization_id))?;
    Ok(Json(view(webhook.settings, None, webhook.paused_at.map(|at| at.0))))
}

fn fresh_secret(pipeline: &Pipeline) -> Result<String, HttpError> {
    let mut random = vec![0_u8; 32];
    pipeline.ids().fill(&mut random);
    let secret = SigningSecret::from_bytes(random)
        .map_err(|error| HttpError::new(Kind::Unavailable, "no_secret", error.to_string()))?;
    Ok(secret.reveal())
}
