//! Campaigns (O3), and how they show their organization's key (I6).

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::rows::{Campaign, SourceKey};
use hookmill_admin::{CampaignChanges, NewCampaign, NewState};
use hookmill_domain::campaign::{CampaignState, DeliveryMode};
use hookmill_domain::config::HostSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A filter for campaigns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampaignFilter {
    /// Only those that run for this client.
    client: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(crate) struct CampaignView {
    id: String,
    name: String,
    #[schema(value_type = CampaignState)]
    state: String,
    /// How leads reach the campaign: `webhook`.
    lead_source: &'static str,
    owner_id: Option<String>,
    /// The client for whom it runs; null for none.
    client_id: Option<String>,
    time_zone: String,
    phone_region: String,
    #[schema(value_type = Object)]
    values: Value,
    /// The value sets that its plugin may read. Documents may read all.
    #[schema(value_type = Vec<String>)]
    granted_value_sets: Value,
    /// Whether its leads are sent to its client endpoint or only stored.
    #[schema(value_type = DeliveryMode)]
    delivery: String,
    /// Whether it has a client endpoint. The leads of a campaign with neither an endpoint nor `store_only` wait (`pending`).
    has_endpoint: bool,
    /// The active version.
    active_version_id: Option<String>,
    created_at: Time,
    updated_at: Time,
}

/// The organization's source key, as a campaign shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// No key: who provisions one.
    NotProvisioned {
        /// A message for people: that there is no key, and who provisions one.
        message: String,
        /// The contact who provisions one.
        contact: String,
    },
    /// A key: how to post to this campaign. The key itself is revealed by a separate call, which is recorded.
    Provisioned {
        key_id: String,
        /// The key's first characters.
        prefix: String,
        /// The call that reveals it.
        reveal: String,
        /// A `curl` call that posts a lead to this campaign, with a placeholder for the key.
        example: String,
    },
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignDetails)]
pub(crate) struct CampaignPage {
    #[serde(flatten)]
    campaign: CampaignView,
    source_key: KeyState,
    /// The number of submissions by state.
    submissions: BTreeMap<String, i64>,
}

impl From<Campaign> for CampaignView {
    fn from(row: Campaign) -> Self {
        Self {
            id: row.campaign_id,
            name: row.name,
            state: row.state,
            lead_source: "webhook",
            owner_id: row.owner_id,
            client_id: row.client_id,
            time_zone: row.time_zone,
            phone_region: row.phone_region,
            values: views::value(&row.values),
            granted_value_sets: views::value(&row.granted_value_sets),
            delivery: row.delivery,
            has_endpoint: row.has_client,
            active_version_id: row.active_version_id,
            created_at: views::time(row.created_at),
            updated_at: views::time(row.updated_at),
        }
    }
}

/// Creates a campaign
///
/// Admins. The campaign starts with the standard document, so that leads can be posted before a mapping exists.
#[utoipa::path(post, path = "", operation_id = "createCampaign", request_body = NewCampaign,
    responses(
        (status = CREATED, description = "The created object.", body = CampaignView),
        (status = CONFLICT, description = "`campaign_exists`: the organization has a campaign of this id.", body = ErrorBody),
    ))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    JsonBody(new): JsonBody<NewCampaign>,
) -> Result<(StatusCode, Json<CampaignView>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_campaign(new).await?.into())))
}

/// Lists campaigns
///
/// The oldest come first; those that a scoped key does not cover are left out.
#[utoipa::path(get, path = "", operation_id = "listCampaigns", params(CampaignFilter, PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<CampaignView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(filter): Query<CampaignFilter>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<CampaignView>>, HttpError> {
    let listed = scope.list_campaigns(filter.client.as_deref(), &page.after(after)).await?;
    Ok(Json(Page::of(listed, Into::into)))
}

/// Shows a campaign
///
/// The campaign with the state of the organization's source key, an example that posts to it, and the number of submissions by state.
#[utoipa::path(get, path = "", operation_id = "getCampaign",
    responses((status = OK, description = "The campaign.", body = CampaignPage)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<Json<CampaignPage>, HttpError> {
    let (campaign, counts) = scope.campaign(&campaign).await?;
    let source_key = key_state(scope.settings(), scope.current_source_key().await?, &campaign.campaign_id);
    Ok(Json(CampaignPage { campaign: campaign.into(), source_key, submissions: counts.into_iter().collect() }))
}

/// Changes a campaign
///
/// Admins. Absent fields stay unchanged. Leads that wait for a client go on when `delivery` becomes `store_only`: they are stored.
#[utoipa::path(patch, path = "", operation_id = "changeCampaign", request_body = CampaignChanges,
    responses(
        (status = OK, description = "The object after the change.", body = CampaignView),
        (status = CONFLICT, description = "`delivery_conflict`: a campaign with a client endpoint can't be `store_only`. `leads_under_way`: too many leads are on their way to be counted in the periods of another time zone; try again when fewer are.", body = ErrorBody),
    ))]
pub(crate) async fn change(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(changes): JsonBody<CampaignChanges>,
) -> Result<Json<CampaignView>, HttpError> {
    Ok(Json(scope.change_campaign(&campaign, changes).await?.into()))
}

/// Starts, pauses or archives a campaign
///
/// Admins. While the campaign is a draft or paused, its leads wait, and so they do while it is active with neither a client endpoint nor
/// `delivery: store_only`. Archiving is final: new leads are rejected, and waiting ones are canceled.
#[utoipa::path(put, path = "", operation_id = "setCampaignState", request_body = NewState,
    responses(
        (status = OK, description = "The object after the change.", body = CampaignView),
        (status = CONFLICT, description = "The campaign can't change from its state to this one.", body = ErrorBody),
    ))]
pub(crate) async fn set_state(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(new): JsonBody<NewState>,
) -> Result<Json<CampaignView>, HttpError> {
    Ok(Json(scope.set_campaign_state(&campaign, new).await?.into()))
}

fn key_state(settings: &HostSettings, key: Option<SourceKey>, campaign_id: &str) -> KeyState {
    let contact = settings.key_contact.clone();
    let Some(key) = key else {
        let message = format!(
            "This organization has no source key yet: ask {contact} to provision one. Until then nothing can be posted."
        );
        return KeyState::NotProvisioned { message, contact };
    };
    KeyState::Provisioned {
        reveal: format!("POST /v1/source-keys/{}/reveal?campaign={campaign_id}", key.id),
        example: views::example(&settings.public_url, &format!("{}...", key.prefix), campaign_id),
        key_id: key.id,
        prefix: key.prefix,
    }
}
