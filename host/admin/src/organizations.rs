//! Organizations (O1): operators make them.

use super::access::{Actor, unavailable};
use super::input::{Input, Name, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{CREATE_ORGANIZATION, GET_ORGANIZATION, LIST_ORGANIZATIONS};
use crate::rows::Organization;
use hookmill_domain::error::ApiError;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Acme"}))]
pub struct NewOrganization {
    /// The name, for people.
    pub name: Name,
}

impl Actor {
    /// Creates an organization.
    pub async fn create_organization(&self, new: Input<NewOrganization>) -> Result<Organization, ApiError> {
        let entry = self.authorize_change(&CREATE_ORGANIZATION)?;
        let name = new?.name.check("name", self.limits())?;
        self.store().create_organization(&name, &entry, self.now()).await.map_err(unavailable)
    }

    /// Lists the organizations that this actor sees, the oldest first: operators all, everybody else their own.
    pub async fn list_organizations(&self, page: &PageRequest) -> Result<Listed<Organization>, ApiError> {
        self.authorize(&LIST_ORGANIZATIONS)?;
        let limit = page.limit(self.limits())?;
        let rows = match &self.organization_id {
            Some(own) => self.store().organization(own).await.map_err(unavailable)?.into_iter().collect(),
            None => self.store().organizations(page.from(), limit).await.map_err(unavailable)?,
        };
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }

    /// An organization that this actor sees.
    pub async fn organization(&self, id: &str) -> Result<Organization, ApiError> {
        self.authorize(&GET_ORGANIZATION)?;
        let is_visible = !id.contains('\0') && self.organization_id.as_ref().is_none_or(|own| own == id);
        let found = if is_visible { self.store().organization(id).await.map_err(unavailable)? } else { None };
        found.ok_or_else(|| ApiError::not_found("organization", &lookup_id(id)))
    }
}
