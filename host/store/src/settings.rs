//! The webhook settings of an organization (W3), sealed whole: they carry secrets, headers and addresses.

use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::settings::WebhookSettings;

const PURPOSE: &str = "webhook settings";

impl Store {
    /// Sets the webhook settings; a paused endpoint is tried again.
    pub async fn set_webhook_settings(
        &self,
        organization_id: &str,
        settings: &WebhookSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_vec(settings)
            .map_err(|error| StoreError::corrupt("webhook_settings", organization_id, error))?;
        let sealed = self.seal(PURPOSE, &text);
        writing!(self, connection => {
            sqlx::query("insert into webhook_settings (organization_id, sealed, updated_at) values ($1, $2, $3) \
                 on conflict (organization_id) do update set sealed = excluded.sealed, paused_at = null, updated_at = excluded.updated_at")
                .bind(organization_id).bind(sealed.as_slice()).bind(now.0).execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// The webhook settings, and since when their endpoint is paused.
    pub async fn webhook_settings(
        &self,
        organization_id: &str,
    ) -> Result<Option<(WebhookSettings, Option<Timestamp>)>, StoreError> {
        let row: Option<(Vec<u8>, Option<i64>)> = reading!(self, connection => {
            sqlx::query_as("select sealed, paused_at from webhook_settings where organization_id = $1").bind(organization_id)
                .fetch_optional(&mut *connection).await?
        });
        let Some((sealed, paused_at)) = row else { return Ok(None) };
        let text = self.unseal(PURPOSE, "webhook_settings", organization_id, &sealed)?;
        let settings = serde_json::from_slice(&text)
            .map_err(|error| StoreError::corrupt("webhook_settings", organization_id, error))?;
        Ok(Some((settings, paused_at.map(Timestamp))))
    }

    /// Pauses the endpoint of the settings (`410 Gone`, W9).
    pub async fn pause_webhook_settings(&self, organization_id: &str, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            sqlx::query("update webhook_settings set paused_at = $1 where organization_id = $2 and paused_at is null")
                .bind(now.0).bind(organization_id).execute(&mut *connection).await?;
        });
        Ok(())
    }
}
