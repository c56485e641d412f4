//! Users and their roles (O8).

use crate::http::auth::{Caller, Scope, unavailable};
use crate::http::body::JsonBody;
use crate::http::extract::Query;
use crate::http::views::{self, Page, PageQuery};
use crate::model::refusal::Refusal;
use crate::model::role::{Permission, Role};
use crate::pipeline::Pipeline;
use crate::store::users::User;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewUser {
    name: String,
    role: Role,
}

#[derive(Debug, Serialize)]
pub(in crate::http) struct UserView {
    id: String,
    organization_id: Option<String>,
    name: String,
    role: String,
    created_at: String,
}

impl From<User> for UserView {
    fn from(row: User) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            role: row.role,
            created_at: views::time(row.created_at),
        }
    }
}

pub(in crate::http) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Refusal> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    if new.role == Role::Operator {
        return Err(Refusal::invalid("role", "can't be operator: an operator belongs to no organization"));
    }
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let now = pipeline.clock().now();
    let made =
        pipeline.store().create_user(Some(&scope.organization_id), &name, new.role, now).await.map_err(unavailable)?;
    scope.record(&pipeline, "user.created", &made.id).await;
    Ok((StatusCode::CREATED, Json(made.into())))
}

pub(in crate::http) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<UserView>>, Refusal> {
    scope.caller.may_all(Permission::View)?;
    let limit = query.limit(&pipeline);
    let rows = pipeline.store().users(&scope.organization_id, query.after(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

pub(in crate::http) async fn me(State(pipeline): State<Pipeline>, caller: Caller) -> Result<Json<UserView>, Refusal> {
    let user = pipeline.store().user(&caller.user_id).await.map_err(unavailable)?;
    user.map(|row| Json(row.into())).ok_or_else(|| Refusal::not_found("user", &caller.user_id))
}
