//! Campaigns (O3), and how they show their organization's key (I6).

use crate::http::auth::{Scope, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page, PageQuery};
use crate::model::campaign::{CampaignId, CampaignState, checked_phone_region, checked_time_zone};
use crate::model::refusal::{Kind, Refusal};
use crate::model::role::Permission;
use crate::pipeline::{Pipeline, STANDARD_DOCUMENT};
use crate::store::StoreError;
use crate::store::campaigns::{Campaign, CampaignChange};
use crate::store::programs::Activation;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where a campaign lives unless it says otherwise.
const TIME_ZONE: &str = "UTC";
/// In which region it reads phone numbers unless it says otherwise.
const PHONE_REGION: &str = "US";
/// How many bytes a campaign's own values may have.
const VALUES_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewCampaign {
    /// The id; text, or a number that stands for its digits.
    id: Option<Value>,
    name: String,
    time_zone: Option<String>,
    phone_region: Option<String>,
    values: Option<Map<String, Value>>,
    state: Option<CampaignState>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Changed {
    name: Option<String>,
    time_zone: Option<String>,
    phone_region: Option<String>,
    values: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewState {
    state: CampaignState,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct CampaignView {
    id: String,
    name: String,
    state: String,
    lead_source: &'static str,
    owner_id: Option<String>,
    time_zone: String,
    phone_region: String,
    values: Value,
    has_endpoint: bool,
    program_id: Option<String>,
    created_at: String,
    updated_at: String,
}

/// What a campaign says of its organization's key (I6).
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(in crate::http) enum KeyState {
    /// There is none: who provisions it.
    NotProvisioned { notice: String, contact: String },
    /// There is one: how to post to this very campaign. The key itself is revealed by a call of its own, which is recorded.
    Provisioned { key_id: String, prefix: String, reveal: String, example: String },
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct CampaignPage {
    #[serde(flatten)]
    campaign: CampaignView,
    source_key: KeyState,
    submissions: BTreeMap<String, i64>,
}

impl From<Campaign> for CampaignView {
    fn from(row: Campaign) -> Self {
        Self {
            id: row.public_id,
            name: row.name,
            state: row.state,
            lead_source: "webhook",
            owner_id: row.owner_id,
            time_zone: row.time_zone,
            phone_region: row.phone_region,
            values: views::value(&row.facts),
            has_endpoint: row.endpoint_sealed.is_some(),
            program_id: row.program_id,
            created_at: views::time(row.created_at),
            updated_at: views::time(row.updated_at),
        }
    }
}

pub(in crate::http) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewCampaign>,
) -> Result<(StatusCode, Json<CampaignView>), Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    let id = public_id(&pipeline, new.id)?;
    let change = CampaignChange {
        name: views::checked_name(&pipeline, "name", &new.name)?,
        time_zone: checked_time_zone(new.time_zone.as_deref().unwrap_or(TIME_ZONE))?,
        phone_region: checked_phone_region(new.phone_region.as_deref().unwrap_or(PHONE_REGION))?,
        facts: checked_values(new.values.unwrap_or_default())?,
    };
    let store = pipeline.store();
    let made = store
        .create_campaign(&scope.organization_id, &id, Some(&scope.caller.user_id), &change, pipeline.clock().now())
        .await;
    let made = made.map_err(|error| match error {
        StoreError::Conflict => {
            Refusal::new(Kind::Conflict, "campaign_exists", format!("there is a campaign `{}` already", id.as_str()))
        }
        other => unavailable(other),
    })?;
    let standard = pipeline.default_component();
    pipeline.save_program(&made.id, &standard, Some(STANDARD_DOCUMENT), Activation::Now, &scope.caller.user_id).await?;
    if let Some(state) = new.state.filter(|state| *state != CampaignState::Draft) {
        pipeline.move_campaign(&made, state).await?;
    }
    scope.record(&pipeline, "campaign.created", id.as_str()).await;
    Ok((StatusCode::CREATED, Json(reread(&pipeline, &made.id).await?.into())))
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CampaignView>>, Refusal> {
    scope.caller.may(Permission::View)?;
    let limit = query.limit(&pipeline);
    let after = match query.after() {
        "" => String::new(),
        public_id => pipeline
            .store()
            .campaign_of(&scope.organization_id, public_id)
            .await
            .map_err(unavailable)?
            .map(|c| c.id)
            .unwrap_or_default(),
    };
    let rows = pipeline.store().campaigns(&scope.organization_id, &after, limit).await.map_err(unavailable)?;
    let mut page = views::page(rows, limit, |row| row.public_id.as_str(), CampaignView::from);
    page.items.retain(|campaign| scope.caller.covers(&campaign.id));
    Ok(Json(page))
}

pub(in crate::http) async fn get(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<Json<CampaignPage>, Refusal> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let counts = pipeline.store().submission_counts(&campaign.id).await.map_err(unavailable)?;
    let source_key = key_state(&pipeline, &scope, &campaign.public_id).await?;
    Ok(Json(CampaignPage { campaign: campaign.into(), source_key, submissions: counts.into_iter().collect() }))
}

pub(in crate::http) async fn change(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(changed): JsonBody<Changed>,
) -> Result<Json<CampaignView>, Refusal> {
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
        facts: changed.values.map(checked_values).transpose()?.unwrap_or(campaign.facts),
    };
    pipeline.store().change_campaign(&campaign.id, &change, pipeline.clock().now()).await.map_err(unavailable)?;
    pipeline.forget_lookups();
    scope.record(&pipeline, "campaign.changed", &campaign.public_id).await;
    Ok(Json(reread(&pipeline, &campaign.id).await?.into()))
}

pub(in crate::http) async fn set_state(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(new): JsonBody<NewState>,
) -> Result<Json<CampaignView>, Refusal> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    let new = new?;
    pipeline.move_campaign(&campaign, new.state).await?;
    scope.record(&pipeline, &format!("campaign.{}", new.state.as_str()), &campaign.public_id).await;
    Ok(Json(reread(&pipeline, &campaign.id).await?.into()))
}

async fn key_state(pipeline: &Pipeline, scope: &Scope, public_id: &str) -> Result<KeyState, Refusal> {
    let now = pipeline.clock().now();
    let keys = pipeline.store().source_keys(&scope.organization_id).await.map_err(unavailable)?;
    let contact = pipeline.settings().key_contact.clone();
    let Some(key) = keys.into_iter().rfind(|key| key.expires_at.is_none_or(|end| now.0 < end)) else {
        let notice = format!(
            "This organization has no source key yet. {contact} provisions it; until then nothing can be posted."
        );
        return Ok(KeyState::NotProvisioned { notice, contact });
    };
    let example = views::example(&pipeline.settings().public_url, &format!("{}...", key.prefix), public_id);
    Ok(KeyState::Provisioned {
        reveal: format!("POST /v1/source-keys/{}/reveal?campaign={public_id}", key.id),
        key_id: key.id,
        prefix: key.prefix,
        example,
    })
}

fn public_id(pipeline: &Pipeline, given: Option<Value>) -> Result<CampaignId, Refusal> {
    match given {
        None => {
            let mut chance = [0_u8; 8];
            pipeline.minter().fill(&mut chance);
            Ok(CampaignId::mint(chance))
        }
        Some(Value::String(text)) => CampaignId::parse(&text),
        Some(Value::Number(number)) => CampaignId::parse(&number.to_string()),
        Some(_) => Err(Refusal::invalid("id", "must be text or a number")),
    }
}

fn checked_values(values: Map<String, Value>) -> Result<Vec<u8>, Refusal> {
    let text = Value::Object(values).to_string();
    if VALUES_BYTES_MAX < text.len() {
        return Err(Refusal::invalid(
            "values",
            format!("has {} bytes, at most {VALUES_BYTES_MAX} are allowed", text.len()),
        ));
    }
    Ok(text.into_bytes())
}

async fn reread(pipeline: &Pipeline, id: &str) -> Result<Campaign, Refusal> {
    pipeline.store().campaign(id).await.map_err(unavailable)?.ok_or_else(|| Refusal::not_found("campaign", id))
}
