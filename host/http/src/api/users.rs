//! Users and their roles (O8).

use crate::auth::{Caller, Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, After, Name, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::role::{Permission, Role};
use hookmill_pipeline::Pipeline;
use hookmill_store::users::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Dana", "role": "integrator"}))]
pub(crate) struct NewUser {
    /// The name of the user, for people.
    name: Name,
    role: MemberRole,
}

/// The role of a user of an organization. Operators belong to no organization, and are not created here.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberRole {
    /// Administers the organization.
    Admin,
    /// Uploads plugins, saves documents, dry-runs samples.
    Integrator,
    /// Read.
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

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    id: String,
    /// Null for operators.
    organization_id: Option<String>,
    name: String,
    #[schema(value_type = Role)]
    role: String,
    created_at: Time,
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

/// Creates a user
///
/// Admins. A user needs an API key to do anything.
#[utoipa::path(post, path = "", operation_id = "createUser", request_body = NewUser,
    responses((status = CREATED, description = "The created user.", body = UserView)))]
pub(crate) async fn create(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<UserView>), HttpError> {
    scope.caller.may_all(Permission::Administer)?;
    let new = new?;
    let name = views::checked_name(&pipeline, "name", &new.name)?;
    let now = pipeline.clock().now();
    let made = pipeline
        .store()
        .create_user(Some(&scope.organization_id), &name, new.role.into(), now)
        .await
        .map_err(unavailable)?;
    scope.record(&pipeline, "user.created", &made.id).await;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Lists users
///
/// The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listUsers", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<UserView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<UserView>>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let limit = page.limit(&pipeline)?;
    let rows = pipeline.store().users(&scope.organization_id, after.id(), limit).await.map_err(unavailable)?;
    Ok(Json(views::page(rows, limit, |row| row.id.as_str(), Into::into)))
}

/// Shows the user of the key
#[utoipa::path(get, path = "", operation_id = "getMe",
    responses((status = OK, description = "The user.", body = UserView)))]
pub(crate) async fn me(State(pipeline): State<Pipeline>, caller: Caller) -> Result<Json<UserView>, HttpError> {
    let user = pipeline.store().user(&caller.user_id).await.map_err(unavailable)?;
    user.map(|row| Json(row.into())).ok_or_else(|| HttpError::not_found("user", &caller.user_id))
}
