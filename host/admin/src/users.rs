//! Users and their roles (O8).

use super::access::{Actor, Scope, unavailable};
use super::input::{Input, Name};
use super::page::{Listed, PageRequest};
use super::use_cases::{CREATE_USER, GET_ME, LIST_USERS};
use crate::rows::User;
use hookmill_domain::error::ApiError;
use hookmill_domain::role::Role;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Dana", "role": "integrator"}))]
pub struct NewUser {
    /// The name of the user, for people.
    pub name: Name,
    /// The role.
    pub role: MemberRole,
}

/// The role of a user of an organization. Operators belong to no organization, and are not created here.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Administers the organization.
    Admin,
    /// Uploads plugins, saves documents, dry-runs samples.
    Integrator,
    /// Reads.
    Viewer,
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Admin => Self::Admin,
            MemberRole::Integrator => Self::Integrator,
            MemberRole::Viewer => Self::Viewer,
        }
    }
}

impl Actor {
    /// The user who acts.
    pub async fn me(&self) -> Result<User, ApiError> {
        self.authorize(&GET_ME)?;
        let user = self.store().user(&self.user_id).await.map_err(unavailable)?;
        user.ok_or_else(|| ApiError::not_found("user", &self.user_id))
    }
}

impl Scope {
    /// Creates a user, who does nothing without an API key.
    pub async fn create_user(&self, new: Input<NewUser>) -> Result<User, ApiError> {
        let entry = self.authorize_change(&CREATE_USER)?;
        let new = new?;
        let name = new.name.check("name", self.limits())?;
        let created = self.store().create_user(&self.organization_id, &name, new.role.into(), &entry, self.now());
        created.await.map_err(unavailable)
    }

    /// Lists users, the oldest first.
    pub async fn list_users(&self, page: &PageRequest) -> Result<Listed<User>, ApiError> {
        self.authorize(&LIST_USERS)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().users(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }
}
