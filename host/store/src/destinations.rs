//! Destinations: who is sent to. A destination is a row of one kind with one owner; its settings are encrypted whole, since they carry
//! secrets, headers and addresses.

use super::audit::AuditEntry;
use super::campaigns::Campaign;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::endpoint::ClientEndpoint;
use hookmill_domain::settings::WebhookSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;

const PURPOSE: &str = "destination";

/// A destination with its settings.
#[derive(Debug, Clone)]
pub struct Destination<S> {
    /// Its id.
    pub id: String,
    /// Its settings.
    pub settings: S,
    /// Since when nothing is sent to it, because it answered `410 Gone`.
    pub paused_at: Option<Timestamp>,
}

/// Whose destination it is.
struct Owner<'a> {
    kind: DestinationKind,
    organization_id: &'a str,
    /// The store's id of the campaign or organization.
    id: &'a str,
    /// The id that its users know.
    name: &'a str,
}

impl Store {
    /// A campaign's client.
    #[boxed]
    pub async fn client_destination(
        &self,
        campaign_key: &str,
    ) -> Result<Option<Destination<ClientEndpoint>>, StoreError> {
        self.destination(DestinationKind::Client, campaign_key).await
    }

    /// The webhook of an organization's settings (W3).
    #[boxed]
    pub async fn organization_webhook(
        &self,
        organization_id: &str,
    ) -> Result<Option<Destination<WebhookSettings>>, StoreError> {
        self.destination(DestinationKind::OrganizationWebhook, organization_id).await
    }

    /// Sets a campaign's client.
    #[boxed]
    pub async fn set_client(
        &self,
        campaign: &Campaign,
        endpoint: &ClientEndpoint,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = Owner {
            kind: DestinationKind::Client,
            organization_id: &campaign.organization_id,
            id: &campaign.key,
            name: &campaign.campaign_id,
        };
        self.set_destination(owner, endpoint, entry, now).await
    }

    /// Sets the webhook of an organization.
    #[boxed]
    pub async fn set_webhook(
        &self,
        organization_id: &str,
        settings: &WebhookSettings,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = DestinationKind::OrganizationWebhook;
        let owner = Owner { kind, organization_id, id: organization_id, name: organization_id };
        self.set_destination(owner, settings, entry, now).await
    }

    /// Removes a campaign's client, if it has one. What waits for it ends as `destination_removed`.
    #[boxed]
    pub async fn remove_client(
        &self,
        campaign: &Campaign,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, connection => {
            sqlx::query("delete from destinations where owner_id = $1 and kind = $2").bind(&campaign.key).bind(DestinationKind::Client.as_str())
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &campaign.campaign_id, now);
        });
        Ok(())
    }

    /// Pauses a destination (`410 Gone`, W9); saving its settings resumes it.
    #[boxed]
    pub async fn pause_destination(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, Class::Outcomes, connection => {
            sqlx::query("update destinations set paused_at = $1 where id = $2 and paused_at is null").bind(now.0).bind(id)
                .execute(&mut *connection).await?;
        });
        Ok(())
    }

    async fn destination<S: DeserializeOwned>(
        &self,
        kind: DestinationKind,
        owner_id: &str,
    ) -> Result<Option<Destination<S>>, StoreError> {
        let row: Option<(String, Vec<u8>, Option<i64>)> = reading!(self, connection => {
            sqlx::query_as("select id, encrypted_settings, paused_at from destinations where owner_id = $1 and kind = $2").bind(owner_id).bind(kind.as_str())
                .fetch_optional(&mut *connection).await?
        });
        let Some((id, encrypted, paused_at)) = row else { return Ok(None) };
        let text = self.decrypt(PURPOSE, "destinations", owner_id, &encrypted)?;
        let settings =
            serde_json::from_slice(&text).map_err(|error| StoreError::corrupt("destinations", &id, error))?;
        Ok(Some(Destination { id, settings, paused_at: paused_at.map(Timestamp) }))
    }

    /// A destination keeps its id when its settings change, so that waiting deliveries continue.
    async fn set_destination<S: Serialize>(
        &self,
        owner: Owner<'_>,
        settings: &S,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text =
            serde_json::to_vec(settings).map_err(|error| StoreError::corrupt("destinations", owner.id, error))?;
        let (id, encrypted) = (self.ids.new_id("dst", now), self.encrypt(PURPOSE, &text));
        writing!(self, connection => {
            sqlx::query("insert into destinations (id, organization_id, kind, owner_id, encrypted_settings, created_at, updated_at) \
                 values ($1, $2, $3, $4, $5, $6, $6) on conflict (owner_id, kind) do update set encrypted_settings = excluded.encrypted_settings, \
                 paused_at = null, updated_at = excluded.updated_at")
                .bind(&id).bind(owner.organization_id).bind(owner.kind.as_str()).bind(owner.id).bind(encrypted.as_slice()).bind(now.0)
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, owner.name, now);
        });
        Ok(())
    }
}
