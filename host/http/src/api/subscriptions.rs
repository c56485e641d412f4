//! Subscriptions (W4, W5): any number for a campaign, a client or a user. Secrets and values of headers are never shown.

use super::endpoint::{AuthView, masked};
use super::settings::PauseView;
use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::{NamedScope, WebhookDetails};
use hookmill_domain::webhook::custom_payload::PayloadField;
use hookmill_domain::webhook::routing::WebhookScope;
use hookmill_domain::webhook::settings::{WebhookContentType, WebhookMethod};
use hookmill_domain::webhook::subscription::SubscriptionDraft;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Whom webhooks are for: one of the three.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScopeQuery {
    /// A campaign's id: events of that campaign.
    pub(super) campaign: Option<String>,
    /// A client's id: events of all campaigns that run for it.
    pub(super) client: Option<String>,
    /// A user's id: events of all campaigns that the user owns.
    pub(super) user: Option<String>,
}

impl From<ScopeQuery> for NamedScope {
    fn from(ScopeQuery { campaign, client, user }: ScopeQuery) -> Self {
        Self { campaign, client, user }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionView {
    id: String,
    /// What it is for.
    scope: Option<WebhookScope>,
    /// Whom it is for: the id of the campaign, client or user.
    scope_id: Option<String>,
    name: String,
    /// The URL; whose role is below `admin` sees scheme and host alone, as `https://subscriber.example/…`.
    url: String,
    method: WebhookMethod,
    content_type: WebhookContentType,
    /// How requests are authenticated; null where `headers` alone do it. Its password is shown as `***`.
    auth: Option<AuthView>,
    /// The names; every value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    /// The number of signing secrets, which are never shown.
    secrets: usize,
    /// Whether the log of attempts has the bodies of responses.
    log_response_body: bool,
    /// Whether anything is sent.
    active: bool,
    /// The names of the events that are sent.
    events: Vec<String>,
    /// The ids of categories, one of which an event must have; empty for all events.
    categories: Vec<i64>,
    /// What is sent instead of the standard payload; null for that.
    payload: Option<Vec<PayloadField>>,
    /// The retries after the first attempt.
    retries: u8,
    /// The timeout of one attempt, in seconds.
    timeout_s: u64,
    /// How many requests it gets a minute at most; null for as many as it takes.
    rate_per_minute: Option<u32>,
    /// The certificate authorities that it is trusted by instead of the public ones, in PEM; null where the public ones count.
    ca_certificates: Option<String>,
    /// Whether it is paused; null where it is not.
    paused: Option<PauseView>,
    created_at: Time,
    updated_at: Time,
}

impl From<WebhookDetails> for SubscriptionView {
    fn from(WebhookDetails { webhook, scope_name }: WebhookDetails) -> Self {
        let settings = webhook.destination.settings;
        Self {
            id: webhook.destination.id,
            scope: webhook.scope,
            scope_id: scope_name,
            name: settings.name,
            url: settings.url,
            method: settings.method,
            content_type: settings.content_type,
            auth: settings.auth.as_ref().map(AuthView::from),
            headers: masked(&settings.headers),
            secrets: settings.secrets.len(),
            log_response_body: settings.logs_response_body,
            active: settings.enabled,
            events: settings.events,
            categories: settings.categories,
            payload: settings.payload.map(|payload| payload.fields),
            retries: settings.retries,
            timeout_s: settings.timeout_s,
            rate_per_minute: settings.rate_per_minute.map(std::num::NonZeroU32::get),
            ca_certificates: settings.ca_certificates.map(|certificates| certificates.as_str().to_owned()),
            paused: webhook.destination.paused.map(Into::into),
            created_at: views::time(webhook.created_at),
            updated_at: views::time(webhook.updated_at),
        }
    }
}

/// Creates a subscription
///
/// Admins. The query names whom it is for: a campaign, a client or a user. A subscription is told of the events that it names, whatever other webhooks there are. With
/// `payload` it is sent those fields and nothing else.
#[utoipa::path(post, path = "", operation_id = "createSubscription", params(ScopeQuery), request_body = SubscriptionDraft,
    responses(
        (status = CREATED, description = "The subscription.", body = SubscriptionView),
        (status = CONFLICT, description = "`too_many_webhooks`: whom it is for has as many as it may have.", body = ErrorBody),
    ))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    Query(named): Query<ScopeQuery>,
    JsonBody(draft): JsonBody<SubscriptionDraft>,
) -> Result<(StatusCode, Json<SubscriptionView>), HttpError> {
    let created = scope.create_subscription(named.into(), draft).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Lists subscriptions
///
/// The oldest come first: those of whom the query names, or all of the organization. A key that is scoped to campaigns must name one of them.
#[utoipa::path(get, path = "", operation_id = "listSubscriptions", params(ScopeQuery, PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<SubscriptionView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(named): Query<ScopeQuery>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<SubscriptionView>>, HttpError> {
    let listed = scope.list_subscriptions(named.into(), &page.after(after)).await?;
    Ok(Json(Page::of(listed, Into::into)))
}

/// Shows a subscription
#[utoipa::path(get, path = "", operation_id = "getSubscription",
    responses((status = OK, description = "The subscription; secrets and values of headers are never shown, and path and query of the URL to admins alone.", body = SubscriptionView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<SubscriptionView>, HttpError> {
    Ok(Json(scope.subscription(&id).await?.into()))
}

/// Sets a subscription
///
/// Admins. Everything but whom it is for. Saving ends a pause. Events that are on their way already go to the URL that they were made for; other changes count for
/// them too.
#[utoipa::path(put, path = "", operation_id = "setSubscription", request_body = SubscriptionDraft,
    responses((status = OK, description = "The subscription after the change.", body = SubscriptionView)))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<SubscriptionDraft>,
) -> Result<Json<SubscriptionView>, HttpError> {
    Ok(Json(scope.set_subscription(&id, draft).await?.into()))
}

/// Deletes a subscription
///
/// Admins. What waits for it is recorded as `suppressed`.
#[utoipa::path(delete, path = "", operation_id = "deleteSubscription",
    responses((status = NO_CONTENT, description = "It is gone.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_subscription(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
