//! Webhooks: subscriptions and scoped ones, of which there may be many (W4, W6), and all that a campaign's events may go to.

use super::audit::AuditEntry;
use super::campaigns::Campaign;
use super::destinations::{Destination, OLDEST_OF_ORGANIZATION, PURPOSE, Paused, save_settings};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_domain::webhook::routing::WebhookScope;
use hookmill_domain::webhook::settings::WebhookSettings;

/// A webhook of any kind.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its destination.
    pub destination: Destination<WebhookSettings>,
    /// Its kind.
    pub kind: DestinationKind,
    /// What it is for; the settings of an organization and of a campaign have no scope.
    pub scope: Option<WebhookScope>,
    /// Whom it is for: the user, the client, or the campaign (the store's id).
    pub scope_id: Option<String>,
    /// What the creator of a scoped webhook knows it by.
    pub number: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it was saved last, or paused.
    pub updated_at: i64,
}

/// A webhook that is to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook<'a> {
    /// Its kind, one of which there may be many.
    pub kind: DestinationKind,
    /// What it is for.
    pub scope: WebhookScope,
    /// Whom it is for: the user, the client, or the campaign (the store's id).
    pub scope_id: &'a str,
    /// Its settings.
    pub settings: &'a WebhookSettings,
}

/// What came of making a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedWebhook {
    /// It is made: its id, and the number of a scoped one.
    Created {
        /// Its id.
        id: String,
        /// What the creator of a scoped webhook knows it by.
        number: Option<i64>,
    },
    /// Whom it is for has as many as it may have.
    Full,
}

struct WebhookRow {
    id: String,
    kind: String,
    scope: Option<String>,
    scope_id: Option<String>,
    number: Option<i64>,
    version: i64,
    revision: i64,
    encrypted_settings: Vec<u8>,
    paused_at: Option<i64>,
    probe_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}
from_row!(WebhookRow {
    id,
    kind,
    scope,
    scope_id,
    number,
    version,
    revision,
    encrypted_settings,
    paused_at,
    probe_at,
    created_at,
    updated_at
});

const COLUMNS: &str = "select d.id, d.kind, d.scope, d.scope_id, d.number, d.version, d.revision, v.encrypted_settings, d.paused_at, d.probe_at, d.created_at, d.updated_at \
     from destinations d join destination_versions v on v.destination_id = d.id and v.version = d.version";

/// What the ids of a kind begin with.
fn prefix(kind: DestinationKind) -> &'static str {
    if kind == DestinationKind::Subscription { "sub" } else { "whk" }
}

impl Store {
    /// Every webhook that a campaign's events may go to, in the order they were made: its organization's, its own, and those for it, its client
    /// and its owner.
    #[boxed]
    pub async fn webhooks_of_campaign(&self, campaign: &Campaign) -> Result<Vec<Webhook>, StoreError> {
        let sql = format!(
            "{COLUMNS} where d.organization_id = $1 and d.id in (\
             select id from destinations where owner_id = $1 and kind = 'organization_webhook' union all \
             select id from destinations where owner_id = $2 and kind = 'campaign_webhook' union all \
             select id from destinations where scope_id in ($2, $3, $4)) order by d.id"
        );
        let (client, owner) = (campaign.client_id.as_deref(), campaign.owner_id.as_deref());
        let rows: Vec<WebhookRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(&campaign.organization_id).bind(&campaign.key)
                .bind(client.unwrap_or_default()).bind(owner.unwrap_or_default()).fetch_all(&mut *connection).await?
        });
        rows.into_iter().map(|row| self.open_webhook(row)).collect()
    }

    /// A webhook of an organization.
    #[boxed]
    pub async fn webhook(
        &self,
        organization_id: &str,
        kind: DestinationKind,
        id: &str,
    ) -> Result<Option<Webhook>, StoreError> {
        let sql = format!("{COLUMNS} where d.organization_id = $1 and d.kind = $2 and d.id = $3");
        let row: Option<WebhookRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(kind.as_str()).bind(id)
                .fetch_optional(&mut *connection).await?
        });
        row.map(|row| self.open_webhook(row)).transpose()
    }

    /// The webhooks of a kind, of whom they are for if that is given, in the order they were made.
    #[boxed]
    pub async fn webhooks(
        &self,
        organization_id: &str,
        kind: DestinationKind,
        scope_id: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Webhook>, StoreError> {
        let of_scope = if scope_id.is_some() { " and d.scope_id = $5" } else { "" };
        let sql = format!(
            "{COLUMNS} where d.organization_id = $1 and d.kind = $2 and d.scope_id is not null and $3 < d.id{of_scope} order by d.id limit $4"
        );
        let rows: Vec<WebhookRow> = reading!(self, connection => {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(kind.as_str()).bind(after).bind(limit);
            let query = if let Some(scope_id) = scope_id { query.bind(scope_id) } else { query };
            query.fetch_all(&mut *connection).await?
        });
        rows.into_iter().map(|row| self.open_webhook(row)).collect()
    }

    /// Makes a webhook, unless whom it is for has `webhooks_per_scope_max` of its kind.
    pub async fn create_webhook(
        &self,
        organization_id: &str,
        new: NewWebhook<'_>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<CreatedWebhook, StoreError> {
        let id = self.ids.new_id(prefix(new.kind), now);
        let text = serde_json::to_vec(new.settings).map_err(|error| StoreError::corrupt("destinations", &id, error))?;
        let encrypted = self.encrypt(PURPOSE, &text);
        let per_scope_max = self.limits.webhooks_per_scope_max;
        Ok(writing!(self, connection => {
            // The row of the organization is locked from here on: whoever makes one at the same time waits, and is counted.
            let step = i64::from(new.kind == DestinationKind::ScopedWebhook);
            let numbers: i64 = sqlx::query_scalar("update organizations set webhook_numbers = webhook_numbers + $1 where id = $2 returning webhook_numbers")
                .bind(step).bind(organization_id).fetch_one(&mut *connection).await?;
            let known: i64 = sqlx::query_scalar("select count(*) from destinations where scope_id = $1 and kind = $2")
                .bind(new.scope_id).bind(new.kind.as_str()).fetch_one(&mut *connection).await?;
            if per_scope_max <= known {
                return Ok(CreatedWebhook::Full);
            }
            let number = (0 < step).then_some(numbers);
            sqlx::query("insert into destinations (id, organization_id, kind, owner_id, scope, scope_id, number, version, revision, created_at, updated_at) \
                 values ($1, $2, $3, $1, $4, $5, $6, 1, 1, $7, $7)")
                .bind(&id).bind(organization_id).bind(new.kind.as_str()).bind(new.scope.as_str()).bind(new.scope_id).bind(number).bind(now.0)
                .execute(&mut *connection).await?;
            sqlx::query("insert into destination_versions (destination_id, version, encrypted_settings, created_at) values ($1, 1, $2, $3)")
                .bind(&id).bind(encrypted.as_slice()).bind(now.0).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &id, now);
            CreatedWebhook::Created { id, number }
        }))
    }

    /// Saves the settings of a webhook, in the same way as those of any destination; false when there is none of this id.
    #[boxed]
    pub async fn change_webhook(
        &self,
        organization_id: &str,
        (kind, id): (DestinationKind, &str),
        settings: &WebhookSettings,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let text = serde_json::to_vec(settings).map_err(|error| StoreError::corrupt("destinations", id, error))?;
        let encrypted = self.encrypt(PURPOSE, &text);
        Ok(writing!(self, connection => {
            // The row is locked from here on.
            let version: Option<i64> = sqlx::query_scalar("update destinations set revision = revision + 1, paused_at = null, probe_at = null, updated_at = $1 \
                 where id = $2 and organization_id = $3 and kind = $4 returning version")
                .bind(now.0).bind(id).bind(organization_id).bind(kind.as_str()).fetch_optional(&mut *connection).await?;
            let Some(version) = version else { return Ok(false) };
            save_settings!(self, connection, (id, version), settings, encrypted, (OLDEST_OF_ORGANIZATION, organization_id), versions_max, now);
            insert_audit!(self, connection, entry, id, now);
            true
        }))
    }

    /// Deletes a webhook; what waits for it is suppressed. False when there is none of this id.
    #[boxed]
    pub async fn delete_webhook(
        &self,
        organization_id: &str,
        kind: DestinationKind,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(writing!(self, connection => {
            let deleted = sqlx::query("delete from destinations where id = $1 and organization_id = $2 and kind = $3")
                .bind(id).bind(organization_id).bind(kind.as_str()).execute(&mut *connection).await?.rows_affected();
            if deleted == 0 {
                return Ok(false);
            }
            sqlx::query("delete from destination_versions where destination_id = $1").bind(id).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, id, now);
            true
        }))
    }

    /// A webhook of any kind, whomever it is for; none where it is gone, or decides and is not only told.
    #[boxed]
    pub async fn told_webhook(
        &self,
        organization_id: &str,
        destination_id: &str,
    ) -> Result<Option<Webhook>, StoreError> {
        let sql = format!("{COLUMNS} where d.id = $1 and d.organization_id = $2");
        let row: Option<WebhookRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(destination_id).bind(organization_id).fetch_optional(&mut *connection).await?
        });
        let is_told = |row: &WebhookRow| DestinationKind::parse(&row.kind).is_some_and(DestinationKind::is_told);
        row.filter(is_told).map(|row| self.open_webhook(row)).transpose()
    }

    /// The campaigns of an organization (the store's ids) with their client and owner.
    #[boxed]
    pub async fn campaign_relations(
        &self,
        organization_id: &str,
    ) -> Result<Vec<(String, Option<String>, Option<String>)>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select campaign_key, client_id, owner_id from campaigns where organization_id = $1")
                .bind(organization_id).fetch_all(&mut *connection).await?
        }))
    }

    fn open_webhook(&self, row: WebhookRow) -> Result<Webhook, StoreError> {
        let settings = self.open_settings(&row.id, &row.encrypted_settings)?;
        let unknown = |what: &str| StoreError::corrupt("destinations", &row.id, format!("no {what}"));
        let kind = DestinationKind::parse(&row.kind).ok_or_else(|| unknown("such kind"))?;
        let scope = match &row.scope {
            Some(scope) => Some(WebhookScope::parse(scope).ok_or_else(|| unknown("such scope"))?),
            None => None,
        };
        let (id, version, revision) = (row.id, row.version, row.revision);
        let destination =
            Destination { id, version, revision, settings, paused: Paused::of(row.paused_at, row.probe_at) };
        Ok(Webhook {
            destination,
            kind,
            scope,
            scope_id: row.scope_id,
            number: row.number,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
