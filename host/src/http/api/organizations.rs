//! Organizations (O1): operators make them.

use crate::http::auth::{Caller, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::{Path, Query};
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::Permission;
use crate::pipeline::Pipeline;
use crate::store::organizations::Organization;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewOrganization {
    name: String,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct OrganizationView {
    id: String,
    name: String,
    created_at: String,
}

impl From<Organization> for OrganizationView {
    fn from(row: Organization) -> Self {
        Self { id: row.id, name: row.name, created_at: views::time(row.created_at) }
    }
}

pub(in crate::http) async fn create(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    JsonBody(new): JsonBody<NewOrganization>,
) -> Result<(StatusCode, Json<OrganizationView>), Refusal> {
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

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OrganizationView>>, Refusal> {
    caller.may(Permission::View)?;
    let limit = query.limit(&pipeline);
    let rows = match &caller.organization_id {
        Some(own) => pipeline.store().organization(own).await.map_err(unavailable)?.into_iter().collect(),
        None => pipeline.store().organizations(query.after(), limit).await.map_err(unavailable)?,
    };
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

pub(in crate::http) async fn get(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrganizationView>, Refusal> {
    caller.may(Permission::View)?;
    let visible = !id.contains('\0') && caller.organization_id.as_ref().is_none_or(|own| *own == id);
    let found = if visible { pipeline.store().organization(&id).await.map_err(unavailable)? } else { None };
    found.map(|row| Json(row.into())).ok_or_else(|| Refusal::not_found("organization", &id.replace('\0', " ")))
}
