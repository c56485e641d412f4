//! Campaigns (O3), and how they show their organization's key (I6).

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Name, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::campaign::{CampaignId, CampaignState, checked_phone_region, checked_time_zone};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::integer::to_integer;
use hookmill_domain::role::Permission;
use hookmill_pipeline::{Pipeline, STANDARD_DOCUMENT};
use hookmill_store::StoreError;
use hookmill_store::campaign_versions::Activation;
use hookmill_store::campaigns::{Campaign, CampaignChange};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};

/// The default time zone of a campaign.
const TIME_ZONE: &str = "UTC";
/// The default region of phone numbers.
const PHONE_REGION: &str = "US";
/// The most bytes of a campaign's own values.
const VALUES_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "SOLAR", "name": "Solar", "time_zone": "America/Los_Angeles", "state": "active"}))]
pub(crate) struct NewCampaign {
    #[schema(schema_with = campaign_id_schema)]
    id: Option<Value>,
    /// The name, for people.
    name: Name,
    /// An IANA time zone; `UTC` if not given.
    time_zone: Option<String>,
    /// The region whose phone numbers may be written without a country code, ISO 3166-1 alpha-2; `US` if not given.
    #[schema(pattern = "^[A-Z]{2}$")]
    phone_region: Option<String>,
    /// The campaign's own values, which its document can use; at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    values: Option<Map<String, Value>>,
    /// The value sets that its plugin may read; none if not given. Documents may read all.
    #[schema(max_items = 1000)]
    granted_value_sets: Option<Vec<Name>>,
    /// The initial state; `draft` if not given.
    state: Option<CampaignState>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignChange, example = json!({"name": "Solar West"}))]
pub(crate) struct CampaignChanges {
    /// The name, for people.
    name: Option<Name>,
    /// An IANA time zone.
    time_zone: Option<String>,
    /// A country code, ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$")]
    phone_region: Option<String>,
    /// The campaign's own values, which are replaced as a whole; at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    values: Option<Map<String, Value>>,
    /// All value sets that its plugin may read.
    #[schema(max_items = 1000)]
    granted_value_sets: Option<Vec<Name>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "paused"}))]
pub(crate) struct NewState {
    state: CampaignState,
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
    time_zone: String,
    phone_region: String,
    #[schema(value_type = Object)]
    values: Value,
    /// The value sets that its plugin may read. Documents may read all.
    #[schema(value_type = Vec<String>)]
    granted_value_sets: Value,
    /// Whether its leads are sent to a client.
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
            time_zone: row.time_zone,
            phone_region: row.phone_region,
            values: views::value(&row.values),
            granted_value_sets: views::value(&row.granted_value_sets),
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
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewCampaign>,
) -> Result<(StatusCode, Json<CampaignView>), HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    let id = parse_campaign_id(&pipeline, new.id)?;
    let change = CampaignChange {
        name: views::checked_name(&pipeline, "name", &new.name)?,
        time_zone: checked_time_zone(new.time_zone.as_deref().unwrap_or(TIME_ZONE))?,
        phone_region: checked_phone_region(new.phone_region.as_deref().unwrap_or(PHONE_REGION))?,
        values: checked_values(new.values.unwrap_or_default())?,
        granted_value_sets: checked_grants(&pipeline, new.granted_value_sets.unwrap_or_default())?,
    };
    let store = pipeline.store();
    let made = store
        .create_campaign(&scope.organization_id, &id, Some(&scope.caller.user_id), &change, pipeline.clock().now())
        .await;
    let made = made.map_err(|error| match error {
        StoreError::Conflict => {
            HttpError::new(Kind::Conflict, "campaign_exists", format!("campaign `{}` already exists", id.as_str()))
        }
        other => unavailable(other),
    })?;
    let standard = pipeline.default_component();
    pipeline
        .save_campaign_version(&made.key, &standard, Some(STANDARD_DOCUMENT), Activation::Now, &scope.caller.user_id)
        .await
        .map_err(ApiError::from)?;
    if let Some(state) = new.state.filter(|state| *state != CampaignState::Draft) {
        pipeline.move_campaign(&made, state).await?;
    }
    scope.record(&pipeline, "campaign.created", id.as_str()).await;
    Ok((StatusCode::CREATED, Json(fetch_campaign(&pipeline, &made.key).await?.into())))
}

/// Lists campaigns
///
/// The oldest come first; those that a scoped key does not cover are left out.
#[utoipa::path(get, path = "", operation_id = "listCampaigns", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<CampaignView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<CampaignView>>, HttpError> {
    scope.caller.may(Permission::View)?;
    let limit = page.limit(&pipeline)?;
    let after = match after.id() {
        "" => String::new(),
        campaign_id => pipeline
            .store()
            .campaign_by_id(&scope.organization_id, campaign_id)
            .await
            .map_err(unavailable)?
            .map(|campaign| campaign.key)
            .unwrap_or_default(),
    };
    let rows = pipeline.store().campaigns(&scope.organization_id, &after, limit).await.map_err(unavailable)?;
    let mut page = views::page(rows, limit, |row| row.campaign_id.as_str(), CampaignView::from);
    page.items.retain(|campaign| scope.caller.covers(&campaign.id));
    Ok(Json(page))
}

/// Shows a campaign
///
/// The campaign with the state of the organization's source key, an example that posts to it, and the number of submissions by state.
#[utoipa::path(get, path = "", operation_id = "getCampaign",
    responses((status = OK, description = "The campaign.", body = CampaignPage)))]
pub(crate) async fn get(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<Json<CampaignPage>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let counts = pipeline.store().submission_counts(&campaign.key).await.map_err(unavailable)?;
    let source_key = key_state(&pipeline, &scope, &campaign.campaign_id).await?;
    Ok(Json(CampaignPage { campaign: campaign.into(), source_key, submissions: counts.into_iter().collect() }))
}

/// Changes a campaign
///
/// Admins. Absent fields stay unchanged.
#[utoipa::path(patch, path = "", operation_id = "changeCampaign", request_body = CampaignChanges,
    responses((status = OK, description = "The object after the change.", body = CampaignView)))]
pub(crate) async fn change(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(changed): JsonBody<CampaignChanges>,
) -> Result<Json<CampaignView>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    let changed = changed?;
    let change = CampaignChange {
        name: changed
            .name
            .map(|name| views::checked_name(&pipeline, "name", &name))
            .transpose()?
            .unwrap_or(campaign.name),
        time_zone: changed.time_zone.map(|zone| checked_time_zone(&zone)).transpose()?.unwrap_or(campaign.time_zone),
        phone_region: changed
            .phone_region
            .map(|region| checked_phone_region(&region))
            .transpose()?
            .unwrap_or(campaign.phone_region),
        values: changed.values.map(checked_values).transpose()?.unwrap_or(campaign.values),
        granted_value_sets: changed
            .granted_value_sets
            .map(|names| checked_grants(&pipeline, names))
            .transpose()?
            .unwrap_or(campaign.granted_value_sets),
    };
    pipeline.store().change_campaign(&campaign.key, &change, pipeline.clock().now()).await.map_err(unavailable)?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "campaign.changed", &campaign.campaign_id).await;
    Ok(Json(fetch_campaign(&pipeline, &campaign.key).await?.into()))
}

/// Starts, pauses or archives a campaign
///
/// Admins. While the campaign is a draft or paused, its leads wait. Archiving is final: new leads are rejected, and waiting ones are canceled.
#[utoipa::path(put, path = "", operation_id = "setCampaignState", request_body = NewState,
    responses(
        (status = OK, description = "The object after the change.", body = CampaignView),
        (status = CONFLICT, description = "The campaign can't change from its state to this one.", body = ErrorBody),
    ))]
pub(crate) async fn set_state(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(new): JsonBody<NewState>,
) -> Result<Json<CampaignView>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    let new = new?;
    pipeline.move_campaign(&campaign, new.state).await?;
    scope.record(&pipeline, &format!("campaign.{}", new.state.as_str()), &campaign.campaign_id).await;
    Ok(Json(fetch_campaign(&pipeline, &campaign.key).await?.into()))
}

async fn key_state(pipeline: &Pipeline, scope: &Scope, campaign_id: &str) -> Result<KeyState, HttpError> {
    let now = pipeline.clock().now();
    let keys = pipeline.store().source_keys(&scope.organization_id).await.map_err(unavailable)?;
    let contact = pipeline.settings().key_contact.clone();
    let Some(key) = keys.into_iter().rfind(|key| key.expires_at.is_none_or(|end| now.0 < end)) else {
        let message = format!(
            "This organization has no source key yet: ask {contact} to provision one. Until then nothing can be posted."
        );
        return Ok(KeyState::NotProvisioned { message, contact });
    };
    let example = views::example(&pipeline.settings().public_url, &format!("{}...", key.prefix), campaign_id);
    Ok(KeyState::Provisioned {
        reveal: format!("POST /v1/source-keys/{}/reveal?campaign={campaign_id}", key.id),
        key_id: key.id,
        prefix: key.prefix,
        example,
    })
}

/// Text, or a number that stands for its digits, or null.
fn campaign_id_schema() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{2,16}$"));
    let number =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(10)).maximum(Some(9_999_999_999_999_999_u64));
    let null = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
    let about =
        "The id, 2 to 16 of `A-Z a-z 0-9 - _`; text, or a number that stands for its digits. Generated if not given.";
    AnyOfBuilder::new().description(Some(about)).item(text).item(number).item(null).into()
}

fn parse_campaign_id(pipeline: &Pipeline, given: Option<Value>) -> Result<CampaignId, HttpError> {
    match given {
        None => {
            let mut random = [0_u8; 8];
            pipeline.ids().fill(&mut random);
            Ok(CampaignId::from_random(random))
        }
        Some(Value::String(text)) => Ok(CampaignId::parse(&text)?),
        Some(Value::Number(number)) => {
            Ok(CampaignId::parse(&to_integer(&number).map_or_else(|| number.to_string(), |digits| digits.to_string()))?)
        }
        Some(_) => Err(HttpError::invalid("id", "must be text or a number")),
    }
}

fn checked_values(values: Map<String, Value>) -> Result<Vec<u8>, HttpError> {
    let text = Value::Object(values).to_string();
    if VALUES_BYTES_MAX < text.len() {
        return Err(HttpError::invalid(
            "values",
            format!("has {} bytes, at most {VALUES_BYTES_MAX} are allowed", text.len()),
        ));
    }
    Ok(text.into_bytes())
}

/// The names of value sets, each once; the sets need not exist yet.
fn checked_grants(pipeline: &Pipeline, names: Vec<Name>) -> Result<Vec<u8>, HttpError> {
    let sets_max = pipeline.settings().limits.value_sets_max;
    if sets_max < names.len() {
        let message = format!("has {} names, at most {sets_max} are allowed", names.len());
        return Err(HttpError::invalid("granted_value_sets", message));
    }
    let checked: Result<BTreeSet<String>, HttpError> =
        names.iter().map(|name| views::checked_name(pipeline, "granted_value_sets", name)).collect();
    Ok(serde_json::to_vec(&checked?).unwrap_or_default())
}

async fn fetch_campaign(pipeline: &Pipeline, id: &str) -> Result<Campaign, HttpError> {
    pipeline.store().campaign(id).await.map_err(unavailable)?.ok_or_else(|| HttpError::not_found("campaign", id))
}
