//! Organizations (O1): operators make them.

use crate::auth::User;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::NewOrganization;
use hookmill_admin::rows::Organization;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationView {
    id: String,
    name: String,
    created_at: Time,
}

impl From<Organization> for OrganizationView {
    fn from(row: Organization) -> Self {
        Self { id: row.id, name: row.name, created_at: views::time(row.created_at) }
    }
}

/// Creates an organization
///
/// Operators. All other objects belong to an organization, and organizations are isolated from each other.
#[utoipa::path(post, path = "", operation_id = "createOrganization", request_body = NewOrganization,
    responses((status = CREATED, description = "The created object.", body = OrganizationView)))]
pub(crate) async fn create(
    User(actor): User,
    JsonBody(new): JsonBody<NewOrganization>,
) -> Result<(StatusCode, Json<OrganizationView>), HttpError> {
    Ok((StatusCode::CREATED, Json(actor.create_organization(new).await?.into())))
}

/// Lists organizations
///
/// Operators see all organizations, other users their own. The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listOrganizations", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<OrganizationView>)))]
pub(crate) async fn list(
    User(actor): User,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<OrganizationView>>, HttpError> {
    Ok(Json(Page::of(actor.list_organizations(&page.after(after)).await?, Into::into)))
}

/// Shows an organization
#[utoipa::path(get, path = "", operation_id = "getOrganization",
    responses((status = OK, description = "The organization.", body = OrganizationView)))]
pub(crate) async fn get(User(actor): User, Path(id): Path<String>) -> Result<Json<OrganizationView>, HttpError> {
    Ok(Json(actor.organization(&id).await?.into()))
}
