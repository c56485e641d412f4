//! Inbound webhooks as they are managed (O6, I8). Whoever has an address may post, so it is shown to those alone who may set it.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::{InboundDetails, MASK};
use hookmill_domain::inbound::proof::ProofKind;
use hookmill_domain::inbound::settings::InboundDraft;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundWebhook)]
pub(crate) struct InboundView {
    id: String,
    /// The campaign's id.
    campaign_id: String,
    /// Where senders post to: the address is the key. Null for roles below `admin`.
    url: Option<String>,
    name: String,
    /// The tag of the leads that come through it.
    tag: Option<String>,
    /// The label of their source.
    source: Option<String>,
    /// The origins of pages that may post and read the response; empty where origins are not looked at.
    origins: Vec<String>,
    /// The hosts that a form post may be redirected to.
    redirect_hosts: Vec<String>,
    /// Whether a GET with everything in its query is taken for a post.
    allow_get: bool,
    /// The senders whose `ip` is taken for the person's.
    trusted_senders: Vec<String>,
    /// `***` where a platform has to repeat a token when it verifies the address; null where none is set.
    verify_token: Option<&'static str>,
    /// How senders show that they are who they say; null where the address is enough.
    proof: Option<ProofView>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundProof)]
pub(crate) struct ProofView {
    kind: ProofKind,
    /// Always `***`.
    secret: &'static str,
    /// The header of a shared secret; null for the usual one.
    header: Option<String>,
}

impl From<InboundDetails> for InboundView {
    fn from(InboundDetails { webhook, campaign_id, url }: InboundDetails) -> Self {
        let settings = webhook.settings;
        Self {
            id: webhook.id,
            campaign_id,
            url,
            name: settings.name,
            tag: settings.tag,
            source: settings.source,
            origins: settings.origins,
            redirect_hosts: settings.redirect_hosts,
            allow_get: settings.allow_get,
            trusted_senders: settings.trusted_senders,
            verify_token: settings.verify_token.map(|_| MASK),
            proof: settings.proof.map(|proof| ProofView { kind: proof.kind, secret: MASK, header: proof.header }),
            created_at: views::time(webhook.created_at),
            updated_at: views::time(webhook.updated_at),
        }
    }
}

/// Creates an inbound webhook
///
/// Admins. It is an address of the campaign for senders that can set no header: form builders, ad platforms, pages. Everything but its name is optional.
#[utoipa::path(post, path = "", operation_id = "createInboundWebhook", request_body = InboundDraft,
    responses(
        (status = CREATED, description = "The webhook with its address.", body = InboundView),
        (status = CONFLICT, description = "`too_many_webhooks`: the campaign has as many as it may have.", body = ErrorBody),
    ))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(draft): JsonBody<InboundDraft>,
) -> Result<(StatusCode, Json<InboundView>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_inbound_webhook(&campaign, draft).await?.into())))
}

/// Lists the inbound webhooks of a campaign
///
/// The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listInboundWebhooks", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<InboundView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<InboundView>>, HttpError> {
    let listed = scope.list_inbound_webhooks(&campaign, &page.after(after)).await?;
    Ok(Json(Page::of(listed, Into::into)))
}

/// Shows an inbound webhook
#[utoipa::path(get, path = "", operation_id = "getInboundWebhook",
    responses((status = OK, description = "The webhook; secrets are never shown, and the address to admins alone.", body = InboundView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<InboundView>, HttpError> {
    Ok(Json(scope.inbound_webhook(&id).await?.into()))
}

/// Sets an inbound webhook
///
/// Admins. Everything but its address and its campaign. What is left out has its default again; `***` keeps what is not shown.
#[utoipa::path(put, path = "", operation_id = "setInboundWebhook", request_body = InboundDraft,
    responses((status = OK, description = "The webhook after the change.", body = InboundView)))]
pub(crate) async fn set(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<InboundDraft>,
) -> Result<Json<InboundView>, HttpError> {
    Ok(Json(scope.set_inbound_webhook(&id, draft).await?.into()))
}

/// Revokes an inbound webhook
///
/// Admins. Its address is unknown from then on.
#[utoipa::path(delete, path = "", operation_id = "deleteInboundWebhook",
    responses((status = NO_CONTENT, description = "It is revoked.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_inbound_webhook(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
