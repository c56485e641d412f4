//! Campaigns (O3).

use super::access::{Scope, unavailable};
use super::clients::unknown_client;
use super::input::{Input, Name, given};
use super::page::{Listed, PageRequest, without_nul};
use super::use_cases::{
    ACTIVATE_CAMPAIGN, ARCHIVE_CAMPAIGN, CHANGE_CAMPAIGN, CREATE_CAMPAIGN, Change, GET_CAMPAIGN, KEEP_CAMPAIGN_DRAFT,
    LIST_CAMPAIGNS, PAUSE_CAMPAIGN,
};
use crate::rows::{Campaign, SourceKey};
use hookmill_domain::campaign::{CampaignId, CampaignState, DeliveryMode, checked_phone_region, checked_time_zone};
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::integer::to_integer;
use hookmill_pipeline::STANDARD_DOCUMENT;
use hookmill_store::StoreError;
use hookmill_store::campaigns::{self, CampaignChange};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};

/// The default time zone of a campaign.
const TIME_ZONE: &str = "UTC";
/// The default region of phone numbers.
const PHONE_REGION: &str = "US";
/// The most bytes of a campaign's own values.
const VALUES_BYTES_MAX: usize = 16 << 10;

/// A new campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "SOLAR", "name": "Solar", "time_zone": "America/Los_Angeles", "state": "active"}))]
pub struct NewCampaign {
    /// Its id: text, or a number that stands for its digits.
    #[schema(schema_with = campaign_id_schema)]
    pub id: Option<Value>,
    /// The name, for people.
    pub name: Name,
    /// The client for whom it runs; none if not given.
    pub client_id: Option<String>,
    /// An IANA time zone; `UTC` if not given.
    pub time_zone: Option<String>,
    /// The region whose phone numbers may be written without a country code, ISO 3166-1 alpha-2; `US` if not given.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub phone_region: Option<String>,
    /// The campaign's own values, which its document can use; at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    pub values: Option<Map<String, Value>>,
    /// The value sets that its plugin may read; none if not given. Documents may read all.
    #[schema(max_items = 1000)]
    pub granted_value_sets: Option<Vec<Name>>,
    /// Whether its leads are sent to its client endpoint (`client`, if not given; without an endpoint they wait) or only stored (`store_only`).
    pub delivery: Option<DeliveryMode>,
    /// The initial state; `draft` if not given.
    pub state: Option<CampaignState>,
}

/// Changes of a campaign. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignChange, example = json!({"name": "Solar West"}))]
pub struct CampaignChanges {
    /// The name, for people.
    pub name: Option<Name>,
    /// The client for whom it runs; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false)]
    pub client_id: Option<Option<String>>,
    /// An IANA time zone.
    pub time_zone: Option<String>,
    /// A country code, ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub phone_region: Option<String>,
    /// The campaign's own values, which are replaced as a whole; at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    pub values: Option<Map<String, Value>>,
    /// All value sets that its plugin may read.
    #[schema(max_items = 1000)]
    pub granted_value_sets: Option<Vec<Name>>,
    /// Whether its leads are sent to its client endpoint (`client`; without an endpoint they wait) or only stored (`store_only`). Leads that wait
    /// go on once they can.
    pub delivery: Option<DeliveryMode>,
}

/// The state a campaign is moved to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "paused"}))]
pub struct NewState {
    /// The state.
    pub state: CampaignState,
}

impl Scope {
    /// Creates a campaign. It starts on the standard document, so that posting works before anyone maps anything.
    pub async fn create_campaign(&self, new: Input<NewCampaign>) -> Result<Campaign, ApiError> {
        let entry = self.authorize_change(&CREATE_CAMPAIGN)?;
        let new = new?;
        let (id, limits) = (self.parse_campaign_id(new.id)?, self.limits());
        let change = CampaignChange {
            name: new.name.check("name", limits)?,
            time_zone: checked_time_zone(new.time_zone.as_deref().unwrap_or(TIME_ZONE))?,
            phone_region: checked_phone_region(new.phone_region.as_deref().unwrap_or(PHONE_REGION))?,
            values: checked_values(new.values.unwrap_or_default())?,
            granted_value_sets: checked_grants(limits, new.granted_value_sets.unwrap_or_default())?,
            delivery: new.delivery.unwrap_or_default(),
            client_id: self.check_client_id(new.client_id).await?,
        };
        self.begin_heavy_call()?;
        let standard = self.pipeline().default_component();
        let (version, _) = self.pipeline().compile_version(standard, Some(STANDARD_DOCUMENT)).await?;
        let state = new.state.unwrap_or(CampaignState::Draft);
        let campaign = campaigns::NewCampaign { campaign_id: &id, state, change: &change, version: version.as_new() };
        let created = self.store().create_campaign(&self.organization_id, campaign, &entry, self.now()).await;
        let created = created.map_err(|error| match error {
            StoreError::Conflict => {
                ApiError::new(Kind::Conflict, "campaign_exists", format!("campaign `{}` already exists", id.as_str()))
            }
            StoreError::Referenced => unknown_client(),
            other => unavailable(other),
        })?;
        self.pipeline().forget_lookups();
        Ok(created)
    }

    /// Lists the campaigns that the key covers, the oldest first; those of one client if it is given.
    pub async fn list_campaigns(
        &self,
        client_id: Option<&str>,
        page: &PageRequest,
    ) -> Result<Listed<Campaign>, ApiError> {
        self.authorize(&LIST_CAMPAIGNS)?;
        let (limit, organization_id) = (self.rows_of(page)?, &self.organization_id);
        let after = match page.from() {
            "" => None,
            campaign_id => self.store().campaign_by_id(organization_id, campaign_id).await.map_err(unavailable)?,
        };
        let after = after.map(|campaign| campaign.key).unwrap_or_default();
        let rows = self.store().campaigns(organization_id, without_nul(client_id), &after, limit).await;
        let rows = rows.map_err(unavailable)?;
        let mut listed = Listed::page(rows, limit, |row| row.campaign_id.clone());
        listed.items.retain(|campaign| self.actor.covers(&campaign.campaign_id));
        Ok(listed)
    }

    /// A campaign, and how many submissions stand in which state.
    pub async fn campaign(&self, campaign_id: &str) -> Result<(Campaign, Vec<(String, i64)>), ApiError> {
        let campaign = self.read_campaign(&GET_CAMPAIGN, campaign_id).await?;
        let counts = self.store().submission_counts(&campaign.key).await.map_err(unavailable)?;
        Ok((campaign, counts))
    }

    /// The newest source key of the organization that counts now, as a campaign shows it.
    pub async fn current_source_key(&self) -> Result<Option<SourceKey>, ApiError> {
        self.authorize(&GET_CAMPAIGN)?;
        self.store().newest_source_key(&self.organization_id, self.now()).await.map_err(unavailable)
    }

    /// Changes what a campaign is called, where it lives, for whom it runs and what becomes of its leads.
    pub async fn change_campaign(
        &self,
        campaign_id: &str,
        changes: Input<CampaignChanges>,
    ) -> Result<Campaign, ApiError> {
        let (campaign, entry) = self.change_of(&CHANGE_CAMPAIGN, campaign_id).await?;
        let mut changes = changes?;
        let client_id = match changes.client_id.take() {
            Some(given) => self.check_client_id(given).await?,
            None => campaign.client_id.clone(),
        };
        let change = changed(&campaign, changes, client_id, self.limits())?;
        let before = campaign.delivery().map_err(unavailable)?;
        if change.delivery != before && change.delivery == DeliveryMode::StoreOnly && campaign.has_client {
            return Err(delivery_conflict(
                "the campaign has a client endpoint; remove it first, then set `delivery` to `store_only`",
            ));
        }
        let saved = self.store().change_campaign(&campaign, &change, &entry, self.now()).await;
        saved.map_err(|error| match error {
            StoreError::Referenced => unknown_client(),
            other => unavailable(other),
        })?;
        self.pipeline().forget_lookups();
        if change.delivery != before {
            self.pipeline().release_undeliverable(&campaign).await?;
        }
        self.fetch_campaign(&campaign.key).await
    }

    /// Starts, pauses or archives a campaign. What waited for it goes on, or is canceled.
    pub async fn set_campaign_state(&self, campaign_id: &str, new: Input<NewState>) -> Result<Campaign, ApiError> {
        // Each state takes the same permission: it is looked at before the state is.
        let campaign = self.read_campaign(&KEEP_CAMPAIGN_DRAFT.use_case, campaign_id).await?;
        let NewState { state } = new?;
        let entry = self.authorize_change(change_to(state))?;
        self.pipeline().move_campaign(&campaign, state, &entry).await?;
        self.fetch_campaign(&campaign.key).await
    }

    async fn fetch_campaign(&self, key: &str) -> Result<Campaign, ApiError> {
        self.store().campaign(key).await.map_err(unavailable)?.ok_or_else(|| ApiError::not_found("campaign", key))
    }

    fn parse_campaign_id(&self, given: Option<Value>) -> Result<CampaignId, ApiError> {
        match given {
            None => {
                let mut random = [0_u8; 8];
                self.pipeline().ids().fill(&mut random);
                Ok(CampaignId::from_random(random))
            }
            Some(Value::String(text)) => CampaignId::parse(&text),
            Some(Value::Number(number)) => {
                CampaignId::parse(&to_integer(&number).map_or_else(|| number.to_string(), |digits| digits.to_string()))
            }
            Some(_) => Err(ApiError::invalid("id", "must be text or a number")),
        }
    }
}

/// The change that moves a campaign to a state.
fn change_to(state: CampaignState) -> &'static Change {
    match state {
        CampaignState::Draft => &KEEP_CAMPAIGN_DRAFT,
        CampaignState::Active => &ACTIVATE_CAMPAIGN,
        CampaignState::Paused => &PAUSE_CAMPAIGN,
        CampaignState::Archived => &ARCHIVE_CAMPAIGN,
    }
}

/// The campaign with these changes.
fn changed(
    campaign: &Campaign,
    changes: CampaignChanges,
    client_id: Option<String>,
    limits: &Limits,
) -> Result<CampaignChange, ApiError> {
    let name = changes.name.map(|name| name.check("name", limits)).transpose()?;
    let time_zone = changes.time_zone.map(|zone| checked_time_zone(&zone)).transpose()?;
    let phone_region = changes.phone_region.map(|region| checked_phone_region(&region)).transpose()?;
    let values = changes.values.map(checked_values).transpose()?;
    let grants = changes.granted_value_sets.map(|names| checked_grants(limits, names)).transpose()?;
    let delivery = changes.delivery.map_or_else(|| campaign.delivery().map_err(unavailable), Ok)?;
    Ok(CampaignChange {
        name: name.unwrap_or_else(|| campaign.name.clone()),
        time_zone: time_zone.unwrap_or_else(|| campaign.time_zone.clone()),
        phone_region: phone_region.unwrap_or_else(|| campaign.phone_region.clone()),
        values: values.unwrap_or_else(|| campaign.values.clone()),
        granted_value_sets: grants.unwrap_or_else(|| campaign.granted_value_sets.clone()),
        delivery,
        client_id,
    })
}

/// What a campaign says of its leads does not go with its client endpoint.
pub(crate) fn delivery_conflict(message: &str) -> ApiError {
    ApiError::new(Kind::Conflict, "delivery_conflict", message)
}

fn checked_values(values: Map<String, Value>) -> Result<Vec<u8>, ApiError> {
    let text = Value::Object(values).to_string();
    if VALUES_BYTES_MAX < text.len() {
        let message = format!("has {} bytes, at most {VALUES_BYTES_MAX} are allowed", text.len());
        return Err(ApiError::invalid("values", message));
    }
    Ok(text.into_bytes())
}

/// The names of value sets, each once; the sets need not exist yet.
fn checked_grants(limits: &Limits, names: Vec<Name>) -> Result<Vec<u8>, ApiError> {
    let sets_max = limits.value_sets_max;
    if sets_max < names.len() {
        let message = format!("has {} names, at most {sets_max} are allowed", names.len());
        return Err(ApiError::invalid("granted_value_sets", message));
    }
    let checked: Result<BTreeSet<String>, ApiError> =
        names.iter().map(|name| name.check("granted_value_sets", limits)).collect();
    Ok(serde_json::to_vec(&checked?).unwrap_or_default())
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
