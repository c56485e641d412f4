//! Users and their roles (O8).

use crate::auth::{OrgUser, User};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::Query;
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::{NewUser, rows};
use hookmill_domain::role::Role;
use serde::Serialize;
use utoipa::ToSchema;

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

impl From<rows::User> for UserView {
    fn from(row: rows::User) -> Self {
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
    OrgUser(scope): OrgUser,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<UserView>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_user(new).await?.into())))
}

/// Lists users
///
/// The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listUsers", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<UserView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<UserView>>, HttpError> {
    Ok(Json(Page::of(scope.list_users(&page.after(after)).await?, Into::into)))
}

/// Shows the user of the key
#[utoipa::path(get, path = "", operation_id = "getMe",
    responses((status = OK, description = "The user.", body = UserView)))]
pub(crate) async fn me(User(actor): User) -> Result<Json<UserView>, HttpError> {
    Ok(Json(actor.me().await?.into()))
}
