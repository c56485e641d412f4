//! Which webhooks an event goes to (W7), and the scoped ones as they are managed; they are created in their own dialect
//! ([`crate::dialects`]).

use super::settings::PauseView;
use super::subscriptions::ScopeQuery;
use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::{EffectiveWebhook, WebhookDetails};
use hookmill_domain::webhook::routing::{Verdict, WebhookScope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Which event is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// The event's name.
    event: String,
    /// The id of its category. Without it, filters by category are passed over.
    category: Option<i64>,
}

/// What becomes of an event at one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectiveWebhook)]
pub(crate) struct EffectiveView {
    id: String,
    /// Its kind: `organization_webhook`, `campaign_webhook`, `subscription` or `scoped_webhook`.
    kind: &'static str,
    /// What a subscription or scoped webhook is for; null for settings.
    scope: Option<WebhookScope>,
    /// Whom it is for: the id of the campaign, client or user.
    scope_id: Option<String>,
    /// What the creator of a scoped webhook knows it by.
    number: Option<i64>,
    name: String,
    /// The URL; whose role is below `admin` sees scheme and host alone.
    url: String,
    /// Whether the event is sent to it.
    sends: bool,
    /// Why not: `disabled`, `event_not_selected`, `category_not_selected`, `overridden` (the campaign's own settings have the event as well), `silenced` (the
    /// campaign's own settings are disabled), `shadowed` (a scoped webhook of a broader scope has the event), `inactive` (recorded as `suppressed`), `paused`. Null
    /// where it is sent.
    reason: Option<&'static str>,
    /// The ids of the webhooks that come in its place.
    in_favor_of: Vec<String>,
    /// Whether it is paused: what it would be sent waits, or is recorded as `suppressed` where it is `gone`. Null where it is not.
    paused: Option<PauseView>,
}

/// What becomes of an event at every webhook that it may go to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectiveWebhooks)]
pub(crate) struct EffectivePage {
    /// The event's name.
    event: String,
    /// Every webhook that it may go to, in the order they were made.
    webhooks: Vec<EffectiveView>,
}

impl From<EffectiveWebhook> for EffectiveView {
    fn from(EffectiveWebhook { details, verdict, in_favor_of }: EffectiveWebhook) -> Self {
        let WebhookDetails { webhook, scope_name } = details;
        let (settings, paused) = (webhook.destination.settings, webhook.destination.paused);
        let reason = match verdict {
            Verdict::Sends => paused.map(|_| "paused"),
            Verdict::Suppressed => Some("inactive"),
            Verdict::Not(reason) => Some(reason.as_str()),
        };
        Self {
            id: webhook.destination.id,
            kind: webhook.kind.as_str(),
            scope: webhook.scope,
            scope_id: scope_name,
            number: webhook.number,
            name: settings.name,
            url: settings.url,
            sends: reason.is_none(),
            reason,
            in_favor_of,
            paused: paused.map(Into::into),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScopedWebhook)]
pub(crate) struct ScopedView {
    id: String,
    /// What its creator knows it by.
    number: Option<i64>,
    /// What it is for.
    scope: Option<WebhookScope>,
    /// Whom it is for: the id of the campaign, client or user.
    scope_id: Option<String>,
    name: String,
    /// The URL; whose role is below `admin` sees scheme and host alone.
    url: String,
    /// The names of the events that are sent.
    events: Vec<String>,
    /// The ids of categories, one of which an event must have; empty for all events.
    categories: Vec<i64>,
    /// What its creator called its type.
    webhook_type: Option<Value>,
    /// Whether it is paused; null where it is not.
    paused: Option<PauseView>,
    created_at: Time,
}

impl From<WebhookDetails> for ScopedView {
    fn from(WebhookDetails { webhook, scope_name }: WebhookDetails) -> Self {
        let settings = webhook.destination.settings;
        Self {
            id: webhook.destination.id,
            number: webhook.number,
            scope: webhook.scope,
            scope_id: scope_name,
            name: settings.name,
            url: settings.url,
            events: settings.events,
            categories: settings.categories,
            webhook_type: settings.webhook_type,
            paused: webhook.destination.paused.map(Into::into),
            created_at: views::time(webhook.created_at),
        }
    }
}

/// Says which webhooks an event of a campaign goes to
///
/// Every webhook that the event may go to, with whether it is sent there, and why not.
#[utoipa::path(get, path = "", operation_id = "getEffectiveWebhooks", params(EventQuery),
    responses((status = OK, description = "The webhooks.", body = EffectivePage)))]
pub(crate) async fn effective(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(EventQuery { event, category }): Query<EventQuery>,
) -> Result<Json<EffectivePage>, HttpError> {
    let webhooks = scope.effective_webhooks(&campaign, &event, category).await?;
    Ok(Json(EffectivePage { event, webhooks: webhooks.into_iter().map(Into::into).collect() }))
}

/// Lists scoped webhooks
///
/// The oldest come first: those of whom the query names, or all of the organization. A key that is scoped to campaigns must name one of them.
#[utoipa::path(get, path = "", operation_id = "listScopedWebhooks", params(ScopeQuery, PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<ScopedView>)))]
pub(crate) async fn list_scoped(
    OrgUser(scope): OrgUser,
    Query(named): Query<ScopeQuery>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<ScopedView>>, HttpError> {
    let listed = scope.list_scoped_webhooks(named.into(), &page.after(after)).await?;
    Ok(Json(Page::of(listed, Into::into)))
}

/// Shows a scoped webhook
#[utoipa::path(get, path = "", operation_id = "getScopedWebhook",
    responses((status = OK, description = "The webhook.", body = ScopedView)))]
pub(crate) async fn get_scoped(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<ScopedView>, HttpError> {
    Ok(Json(scope.scoped_webhook(&id).await?.into()))
}

/// Deletes a scoped webhook
///
/// Admins. What waits for it is recorded as `suppressed`.
#[utoipa::path(delete, path = "", operation_id = "deleteScopedWebhook",
    responses((status = NO_CONTENT, description = "It is gone.")))]
pub(crate) async fn remove_scoped(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_scoped_webhook(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
