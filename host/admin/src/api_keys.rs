//! API keys (O9): seen in full once, when they are made.

use super::access::{Scope, unavailable};
use super::input::{Input, Name, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{CREATE_API_KEY, LIST_API_KEYS, REVOKE_API_KEY};
use crate::rows::{ApiKey, FreshKey, User};
use hookmill_domain::error::ApiError;
use serde::Deserialize;
use utoipa::ToSchema;

/// The most campaigns that a key can be scoped to.
const CAMPAIGNS_MAX: usize = 100;

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "usr_01kxs3n9v6z4c6c0x5h2rg5m7k", "name": "laptop", "campaigns": ["SOLAR"]}))]
pub struct NewApiKey {
    /// The user that the key belongs to, whose role it has.
    pub user_id: String,
    /// The name, for people.
    pub name: Name,
    /// The campaigns it is scoped to; left out for all.
    #[schema(min_items = 1, max_items = 100)]
    pub campaigns: Option<Vec<String>>,
}

impl Scope {
    /// Creates an API key of a user of this organization.
    pub async fn create_api_key(&self, new: Input<NewApiKey>) -> Result<FreshKey, ApiError> {
        let entry = self.authorize_change(&CREATE_API_KEY)?;
        let new = new?;
        let name = new.name.check("name", self.limits())?;
        let user = self.user_of_organization(&new.user_id).await?;
        if new.campaigns.as_ref().is_some_and(|list| list.is_empty() || CAMPAIGNS_MAX < list.len()) {
            let message = format!("must name 1 to {CAMPAIGNS_MAX} campaigns, or be left out for all");
            return Err(ApiError::invalid("campaigns", message));
        }
        let created = self.store().create_api_key(&user.id, &name, new.campaigns.as_deref(), &entry, self.now());
        created.await.map_err(unavailable)
    }

    async fn user_of_organization(&self, id: &str) -> Result<User, ApiError> {
        let found = if id.contains('\0') { None } else { self.store().user(id).await.map_err(unavailable)? };
        let user = found.filter(|user| user.organization_id.as_ref() == Some(&self.organization_id));
        user.ok_or_else(|| ApiError::invalid("user_id", "is not the id of a user of this organization"))
    }

    /// Lists API keys, the oldest first; revoked ones stay listed.
    pub async fn list_api_keys(&self, page: &PageRequest) -> Result<Listed<ApiKey>, ApiError> {
        self.authorize(&LIST_API_KEYS)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().api_keys(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }

    /// Revokes an API key: it stops at once on this host, within a second on others.
    pub async fn revoke_api_key(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&REVOKE_API_KEY)?;
        let id = lookup_id(id);
        let revoked = self.store().revoke_api_key(&self.organization_id, &id, &entry, self.now()).await;
        if revoked.map_err(unavailable)? { Ok(()) } else { Err(ApiError::not_found("API key", &id)) }
    }
}
