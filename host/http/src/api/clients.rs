//! Clients (O2): the customers of an organization for whom its campaigns run.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, After, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::rows::{Campaign, Client};
use hookmill_admin::{ClientChanges, ClientDetails, NewClient};
use hookmill_domain::campaign::CampaignState;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub(crate) struct ClientView {
    id: String,
    name: String,
    created_at: Time,
    updated_at: Time,
}

/// A campaign, as a client shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientCampaign {
    id: String,
    name: String,
    #[schema(value_type = CampaignState)]
    state: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientDetails)]
pub(crate) struct ClientPage {
    #[serde(flatten)]
    client: ClientView,
    /// The campaigns that run for it, the oldest first, 200 at most.
    campaigns: Vec<ClientCampaign>,
    /// Where more of its campaigns are, if there are: `GET /v1/campaigns?client=ID&after=NEXT`. Null when all are here.
    next: Option<String>,
}

impl From<Client> for ClientView {
    fn from(row: Client) -> Self {
        let (created_at, updated_at) = (views::time(row.created_at), views::time(row.updated_at));
        Self { id: row.id, name: row.name, created_at, updated_at }
    }
}

impl From<Campaign> for ClientCampaign {
    fn from(row: Campaign) -> Self {
        Self { id: row.campaign_id, name: row.name, state: row.state }
    }
}

impl From<ClientDetails> for ClientPage {
    fn from(ClientDetails { client, campaigns }: ClientDetails) -> Self {
        let next = campaigns.next;
        Self { client: client.into(), campaigns: campaigns.items.into_iter().map(Into::into).collect(), next }
    }
}

/// Creates a client
///
/// Admins. A client is the customer for whom campaigns run; a campaign names it as its `client_id`.
#[utoipa::path(post, path = "", operation_id = "createClient", request_body = NewClient,
    responses((status = CREATED, description = "The created object.", body = ClientView)))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    JsonBody(new): JsonBody<NewClient>,
) -> Result<(StatusCode, Json<ClientView>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_client(new).await?.into())))
}

/// Lists clients
///
/// The oldest come first.
#[utoipa::path(get, path = "", operation_id = "listClients", params(PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<ClientView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Json<Page<ClientView>>, HttpError> {
    Ok(Json(Page::of(scope.list_clients(&page.after(after)).await?, Into::into)))
}

/// Shows a client
///
/// The client with the campaigns that run for it.
#[utoipa::path(get, path = "", operation_id = "getClient",
    responses((status = OK, description = "The client.", body = ClientPage)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(client): Path<String>) -> Result<Json<ClientPage>, HttpError> {
    Ok(Json(scope.client(&client).await?.into()))
}

/// Changes a client
///
/// Admins. Absent fields stay unchanged.
#[utoipa::path(patch, path = "", operation_id = "changeClient", request_body = ClientChanges,
    responses((status = OK, description = "The object after the change.", body = ClientView)))]
pub(crate) async fn change(
    OrgUser(scope): OrgUser,
    Path(client): Path<String>,
    JsonBody(changes): JsonBody<ClientChanges>,
) -> Result<Json<ClientView>, HttpError> {
    Ok(Json(scope.change_client(&client, changes).await?.into()))
}

/// Deletes a client
///
/// Admins. Only a client for whom no campaign runs, archived ones included.
#[utoipa::path(delete, path = "", operation_id = "deleteClient",
    responses(
        (status = NO_CONTENT, description = "The client is deleted."),
        (status = CONFLICT, description = "`client_has_campaigns`: campaigns run for it; `campaigns` in the error names the first 20, and `campaign_count` says how many there are.", body = ErrorBody),
    ))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(client): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_client(&client).await?;
    Ok(StatusCode::NO_CONTENT)
}
