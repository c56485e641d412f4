//! Clients (O2): the customers of an organization for whom its campaigns run.

use super::access::{Scope, unavailable};
use super::input::{Input, Name, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{CHANGE_CLIENT, CREATE_CLIENT, DELETE_CLIENT, GET_CLIENT, LIST_CLIENTS};
use crate::rows::{Campaign, Client};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::StoreError;
use hookmill_store::clients::DeletedClient;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;
/// How many campaigns an error names.
const CAMPAIGNS_NAMED: i64 = 20;

/// A new client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sunny Roofs Ltd"}))]
pub struct NewClient {
    /// The name, for people; documents read it as `campaign.client.name`.
    pub name: Name,
}

/// Changes of a client. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientChange, example = json!({"name": "Sunny Roofs Inc"}))]
pub struct ClientChanges {
    /// The name, for people.
    pub name: Option<Name>,
}

/// A client with its campaigns.
#[derive(Debug)]
pub struct ClientDetails {
    /// The client.
    pub client: Client,
    /// Its campaigns, the oldest first, as many as one page of a list has.
    pub campaigns: Listed<Campaign>,
}

impl Scope {
    /// Creates a client.
    pub async fn create_client(&self, new: Input<NewClient>) -> Result<Client, ApiError> {
        let entry = self.authorize_change(&CREATE_CLIENT)?;
        let name = new?.name.check("name", self.limits())?;
        self.store().create_client(&self.organization_id, &name, &entry, self.now()).await.map_err(unavailable)
    }

    /// Lists clients, the oldest first.
    pub async fn list_clients(&self, page: &PageRequest) -> Result<Listed<Client>, ApiError> {
        self.authorize(&LIST_CLIENTS)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().clients(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }

    /// A client with its campaigns.
    pub async fn client(&self, id: &str) -> Result<ClientDetails, ApiError> {
        self.authorize(&GET_CLIENT)?;
        let client = self.find_client(id).await?;
        let limit = self.limits().page_rows_max;
        self.show_rows(limit)?;
        let campaigns = self.store().campaigns(&self.organization_id, Some(&client.id), "", limit).await;
        let campaigns = Listed::page(campaigns.map_err(unavailable)?, limit, |row| row.campaign_id.clone());
        Ok(ClientDetails { client, campaigns })
    }

    /// Changes a client's name.
    pub async fn change_client(&self, id: &str, changes: Input<ClientChanges>) -> Result<Client, ApiError> {
        let entry = self.authorize_change(&CHANGE_CLIENT)?;
        let client = self.find_client(id).await?;
        let name = changes?.name.map(|name| name.check("name", self.limits())).transpose()?;
        let name = name.unwrap_or_else(|| client.name.clone());
        let renamed = self.store().rename_client(&self.organization_id, &client.id, &name, &entry, self.now()).await;
        let renamed = renamed.map_err(unavailable)?.ok_or_else(|| not_found(&client.id))?;
        // Documents read its name.
        self.pipeline().forget_lookups();
        Ok(renamed)
    }

    /// Deletes a client for whom no campaign runs.
    pub async fn delete_client(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&DELETE_CLIENT)?;
        let id = lookup_id(id);
        let (store, organization_id) = (self.store(), &self.organization_id);
        let mut deleted = store.delete_client(organization_id, &id, CAMPAIGNS_NAMED, &entry, self.now()).await;
        // A campaign came to run for it meanwhile: now it is seen.
        if matches!(deleted, Err(StoreError::Referenced)) {
            deleted = store.delete_client(organization_id, &id, CAMPAIGNS_NAMED, &entry, self.now()).await;
        }
        match deleted.map_err(unavailable)? {
            DeletedClient::Deleted => Ok(()),
            DeletedClient::Unknown => Err(not_found(&id)),
            DeletedClient::HasCampaigns(count, named) => Err(has_campaigns(count, &named)),
        }
    }

    /// A client of this organization.
    pub(crate) async fn find_client(&self, id: &str) -> Result<Client, ApiError> {
        let id = lookup_id(id);
        let found = self.store().client(&self.organization_id, &id).await.map_err(unavailable)?;
        found.ok_or_else(|| not_found(&id))
    }

    /// The client that a campaign is to run for, as it was given; none for none.
    pub(crate) async fn check_client_id(&self, given: Option<String>) -> Result<Option<String>, ApiError> {
        let Some(id) = given else { return Ok(None) };
        let found = self.store().client(&self.organization_id, &lookup_id(&id)).await.map_err(unavailable)?;
        found.map(|client| Some(client.id)).ok_or_else(unknown_client)
    }
}

/// A campaign is to run for a client that is not there.
pub(crate) fn unknown_client() -> ApiError {
    ApiError::invalid(
        "client_id",
        "is not the id of a client of this organization; create the client first, or list them",
    )
}

fn has_campaigns(count: i64, named: &[String]) -> ApiError {
    let list: Vec<String> = named.iter().map(|id| format!("`{id}`")).collect();
    let more = count - i64::try_from(named.len()).unwrap_or(count);
    let more = if 0 < more { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "campaigns run for this client: {}{more}; set their `client_id` to null or to another client first",
        list.join(", ")
    );
    ApiError::new(Kind::Conflict, "client_has_campaigns", message)
        .with_fields(json!({ "campaigns": named, "campaign_count": count }))
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found("client", &id.chars().take(ID_CHARS_SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o2_the_campaigns_of_a_client_are_named() {
        let named =
            |count, ids: &[&str]| has_campaigns(count, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert!(named(2, &["A", "B"]).message.starts_with("campaigns run for this client: `A`, `B`; set "));
        assert!(named(22, &["A", "B"]).message.contains("`A`, `B` and 20 more; set "));
    }
}
