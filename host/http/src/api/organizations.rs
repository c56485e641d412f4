//! Organizations (O1): operators make them.

use crate::auth::{Caller, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, After, Name, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use hookmill_store::organizations::Organization;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Acme"}))]
pub(crate) struct NewOrganization {
    /// The name, for people.
    name: Name,
}

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
    State(pipeline): State<Pipeline>,
    caller: Caller,
    JsonBody(new): JsonBody<NewOrganization>,
) -> Result<(StatusCode, Json<OrganizationView>), HttpError> {
    caller.may_all(Permission::Provision)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let now = pipeline.clock().now();
    let made = pipeline.store().create_organization(&name, now).await.map_err(unavailable)?;
    pipeline
        .store()
        .audit(Some(&made.id), &caller.user_id, "organization.created", &made.id, now)
        .await
        .map_err(unavailable)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Lists organizations
///
/// Operators see all organizations, other users their own. The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listOrganizations", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<OrganizationView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<OrganizationView>>, HttpError> {
    caller.may(Permission::View)?;
    let limit = page.limit(&pipeline)?;
    let rows = match &caller.organization_id {
        Some(own) => pipeline.store().organization(own).await.map_err(unavailable)?.into_iter().collect(),
        None => pipeline.store().organizations(after.id(), limit).await.map_err(unavailable)?,
    };
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

/// Shows an organization
#[utoipa::path(get, path = "", operation_id = "getOrganization",
    responses((status = OK, description = "The organization.", body = OrganizationView)))]
pub(crate) async fn get(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrganizationView>, HttpError> {
    caller.may(Permission::View)?;
    let visible = !id.contains('\0') && caller.organization_id.as_ref().is_none_or(|own| *own == id);
    let found = if visible { pipeline.store().organization(&id).await.map_err(unavailable)? } else { None };
    found.map(|row| Json(row.into())).ok_or_else(|| HttpError::not_found("organization", &id.replace('\0', " ")))
}
