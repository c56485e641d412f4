//! Destinations: who is sent to. A destination is a row of one kind with one owner, and keeps its id as long as it is there. Its
//! settings stand in its versions, encrypted whole, since they carry secrets, headers and addresses.
//!
//! Another receiver (URL and method) is another version, and a delivery goes to the version that it was made for: a lead that was sent
//! to one receiver, whose answer is not known, never goes to another because the settings were edited. All else is changed in
//! the version that counts, so that a new credential reaches what waits.

use super::audit::AuditEntry;
use super::campaigns::Campaign;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::action::Action;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_domain::endpoint::ClientEndpoint;
use hookmill_domain::flow::SHARDS;
use hookmill_domain::webhook::settings::WebhookSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) const PURPOSE: &str = "destination";

/// How long after a version was replaced something may still be made for it, by a batch that was under way or a host that did not know
/// yet, in milliseconds. Far more than either takes.
pub(super) const LATE_MS: i64 = 600_000;

/// When the oldest delivery of a campaign was made that is not over.
const OLDEST_OF_CAMPAIGN: &str = "select min(made_at) from (\
     select (select d.created_at from deliveries d where d.campaign_key = c.campaign_key and d.state = 'waiting' and d.state <> 'delivered' order by d.id limit 1) as made_at \
     from campaigns c where c.campaign_key = $1 union all \
     select (select d.created_at from deliveries d where d.campaign_key = c.campaign_key and d.state = 'held' and d.state <> 'delivered' order by d.id limit 1) as made_at \
     from campaigns c where c.campaign_key = $1) as oldest";
/// The same over all campaigns of an organization.
pub(super) const OLDEST_OF_ORGANIZATION: &str = "select min(made_at) from (\
     select (select d.created_at from deliveries d where d.campaign_key = c.campaign_key and d.state = 'waiting' and d.state <> 'delivered' order by d.id limit 1) as made_at \
     from campaigns c where c.organization_id = $1 union all \
     select (select d.created_at from deliveries d where d.campaign_key = c.campaign_key and d.state = 'held' and d.state <> 'delivered' order by d.id limit 1) as made_at \
     from campaigns c where c.organization_id = $1) as oldest";

/// One that kept failing and is gone at last is asked no more.
const PAUSE: &str = "update destinations set paused_at = $1, probe_at = $2 where id = $3 and revision = $4 and (paused_at is null or (probe_at is not null and cast($2 as bigint) is null))";
const CLAIM_PROBE: &str = "update destinations set probe_at = $1 where id = $2 and revision = $3 and probe_at = $4";
const DELIVER_NOW: &str = "update deliveries set run_at = $1 where shard = $2 and destination_id = $3 and run_at > $1";
const RESUME: &str = "update destinations set paused_at = null, probe_at = null where id = $1 and revision = $2 and probe_at is not null";

/// A destination with its settings.
#[derive(Debug, Clone)]
pub struct Destination<S> {
    /// Its id.
    pub id: String,
    /// The version that counts: what is made now is made for it.
    pub version: i64,
    /// How often its settings were saved.
    pub revision: i64,
    /// Its settings.
    pub settings: S,
    /// Whether nothing is sent to it now.
    pub paused: Option<Paused>,
}

/// Why and since when nothing is sent to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paused {
    /// Since when.
    pub at: Timestamp,
    /// When one that kept failing is asked again; none where it responded with `410 Gone`.
    pub probe_at: Option<Timestamp>,
}

impl Paused {
    pub(super) fn of(paused_at: Option<i64>, probe_at: Option<i64>) -> Option<Self> {
        Some(Self { at: Timestamp(paused_at?), probe_at: probe_at.map(Timestamp) })
    }
}

struct DestinationRow {
    id: String,
    version: i64,
    revision: i64,
    encrypted_settings: Vec<u8>,
    paused_at: Option<i64>,
    probe_at: Option<i64>,
}
from_row!(DestinationRow { id, version, revision, encrypted_settings, paused_at, probe_at });

/// Whose destination it is.
struct Owner<'a> {
    kind: DestinationKind,
    organization_id: &'a str,
    /// The store's id of the campaign or organization.
    id: &'a str,
    /// The id that its users know.
    name: &'a str,
}

impl<'a> Owner<'a> {
    fn campaign(kind: DestinationKind, campaign: &'a Campaign) -> Self {
        Self { kind, organization_id: &campaign.organization_id, id: &campaign.key, name: &campaign.campaign_id }
    }
}

/// Saves the settings of a destination whose row is locked: in the version that counts, or in another one where they say another receiver.
macro_rules! save_settings {
    ($store:expr, $connection:expr, ($id:expr, $version:expr), $settings:expr, $encrypted:expr, ($oldest:expr, $oldest_of:expr), $versions_max:expr, $now:expr) => {{
        let (id, version): (&str, i64) = ($id, $version);
        let kept: Option<Vec<u8>> =
            sqlx::query_scalar("select encrypted_settings from destination_versions where destination_id = $1 and version = $2")
                .bind(id).bind(version).fetch_optional(&mut *$connection).await?;
        let kept = kept.map(|kept| $store.open_settings(id, &kept)).transpose()?;
        let counts = match kept {
            None => version,
            Some(kept) if $settings.has_receiver_of(&kept) => version,
            Some(_) => {
                sqlx::query("update destination_versions set replaced_at = $1 where destination_id = $2 and version = $3")
                    .bind($now.0).bind(id).bind(version).execute(&mut *$connection).await?;
                sqlx::query("update destinations set version = $1 where id = $2").bind(version + 1).bind(id).execute(&mut *$connection).await?;
                let oldest: Option<i64> = sqlx::query_scalar($oldest).bind($oldest_of).fetch_one(&mut *$connection).await?;
                let needed_since = oldest.unwrap_or($now.0).min($now.0) - $crate::destinations::LATE_MS;
                sqlx::query("delete from destination_versions where destination_id = $1 and (version <= $2 or replaced_at < $3)")
                    .bind(id).bind(version - $versions_max).bind(needed_since).execute(&mut *$connection).await?;
                version + 1
            }
        };
        sqlx::query("insert into destination_versions (destination_id, version, encrypted_settings, created_at) values ($1, $2, $3, $4) \
             on conflict (destination_id, version) do update set encrypted_settings = excluded.encrypted_settings")
            .bind(id).bind(counts).bind($encrypted.as_slice()).bind($now.0).execute(&mut *$connection).await?;
    }};
}
pub(super) use save_settings;

impl Store {
    /// A campaign's client.
    #[boxed]
    pub async fn client_destination(
        &self,
        campaign_key: &str,
    ) -> Result<Option<Destination<ClientEndpoint>>, StoreError> {
        self.destination(DestinationKind::Client, campaign_key).await
    }

    /// A campaign's first-submission action.
    #[boxed]
    pub async fn action_destination(&self, campaign_key: &str) -> Result<Option<Destination<Action>>, StoreError> {
        self.destination(DestinationKind::Action, campaign_key).await
    }

    /// The webhook of an organization's settings (W3).
    #[boxed]
    pub async fn organization_webhook(
        &self,
        organization_id: &str,
    ) -> Result<Option<Destination<WebhookSettings>>, StoreError> {
        self.destination(DestinationKind::OrganizationWebhook, organization_id).await
    }

    /// The client that a delivery was made for; none when that version is gone.
    #[boxed]
    pub async fn client_version(&self, id: &str, version: i64) -> Result<Option<ClientEndpoint>, StoreError> {
        self.destination_version(id, version).await
    }

    /// The action that a delivery was made for; none when that version is gone.
    #[boxed]
    pub async fn action_version(&self, id: &str, version: i64) -> Result<Option<Action>, StoreError> {
        self.destination_version(id, version).await
    }

    /// The webhook that a delivery was made for; none when that version is gone.
    #[boxed]
    pub async fn webhook_version(&self, id: &str, version: i64) -> Result<Option<WebhookSettings>, StoreError> {
        self.destination_version(id, version).await
    }

    /// Sets a campaign's client. What waits goes on to the receiver it was made for; at most `versions_max` earlier ones are kept, and
    /// those for which nothing can wait are not. Leads that waited for a client are to be released from then on.
    #[boxed]
    pub async fn set_client(
        &self,
        campaign: &Campaign,
        endpoint: &ClientEndpoint,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = Owner::campaign(DestinationKind::Client, campaign);
        self.set_destination(owner, endpoint, versions_max, entry, now).await
    }

    /// Sets a campaign's first-submission action, in the same way.
    #[boxed]
    pub async fn set_action(
        &self,
        campaign: &Campaign,
        action: &Action,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = Owner::campaign(DestinationKind::Action, campaign);
        self.set_destination(owner, action, versions_max, entry, now).await
    }

    /// Sets the webhook of an organization, in the same way.
    #[boxed]
    pub async fn set_webhook(
        &self,
        organization_id: &str,
        settings: &WebhookSettings,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = DestinationKind::OrganizationWebhook;
        let owner = Owner { kind, organization_id, id: organization_id, name: organization_id };
        self.set_destination(owner, settings, versions_max, entry, now).await
    }

    /// A campaign's own webhook, in place of its organization's (W3).
    #[boxed]
    pub async fn campaign_webhook(
        &self,
        campaign_key: &str,
    ) -> Result<Option<Destination<WebhookSettings>>, StoreError> {
        self.destination(DestinationKind::CampaignWebhook, campaign_key).await
    }

    /// Sets a campaign's own webhook, in the same way.
    #[boxed]
    pub async fn set_campaign_webhook(
        &self,
        campaign: &Campaign,
        settings: &WebhookSettings,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = Owner::campaign(DestinationKind::CampaignWebhook, campaign);
        self.set_destination(owner, settings, versions_max, entry, now).await
    }

    /// Removes a campaign's own webhook, if it has one: its organization's counts again. What waits for it is suppressed.
    #[boxed]
    pub async fn remove_campaign_webhook(
        &self,
        campaign: &Campaign,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.remove_destination(Owner::campaign(DestinationKind::CampaignWebhook, campaign), entry, now).await
    }

    /// Removes a campaign's client, if it has one. What waits for it ends as `destination_removed`.
    #[boxed]
    pub async fn remove_client(
        &self,
        campaign: &Campaign,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.remove_destination(Owner::campaign(DestinationKind::Client, campaign), entry, now).await
    }

    /// Removes a campaign's first-submission action, if it has one, in the same way.
    #[boxed]
    pub async fn remove_action(
        &self,
        campaign: &Campaign,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.remove_destination(Owner::campaign(DestinationKind::Action, campaign), entry, now).await
    }

    async fn remove_destination(&self, owner: Owner<'_>, entry: &AuditEntry, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            sqlx::query("delete from destination_versions where destination_id in (select id from destinations where owner_id = $1 and kind = $2)")
                .bind(owner.id).bind(owner.kind.as_str()).execute(&mut *connection).await?;
            sqlx::query("delete from destinations where owner_id = $1 and kind = $2").bind(owner.id).bind(owner.kind.as_str())
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, owner.name, now);
        });
        Ok(())
    }

    /// Pauses a destination whose settings are still of this revision; saving them resumes it. With `probe_at` it is one that kept failing
    /// (W11) and is asked again then; without, it is gone (W9). Says whether it is paused by this.
    #[boxed]
    pub async fn pause_destination(
        &self,
        id: &str,
        revision: i64,
        probe_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let paused = writing!(self, Class::Outcomes, connection => {
            sqlx::query(PAUSE).bind(now.0).bind(probe_at.map(|at| at.0)).bind(id).bind(revision).execute(&mut *connection).await?.rows_affected()
        });
        Ok(0 < paused)
    }

    /// Lets one request through to a paused destination that is asked again at `probe_at`, and no other before `next_at`. Says whether it is
    /// this caller's.
    #[boxed]
    pub async fn claim_probe(
        &self,
        id: &str,
        revision: i64,
        probe_at: Timestamp,
        next_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let claimed = writing!(self, Class::Outcomes, connection => {
            sqlx::query(CLAIM_PROBE).bind(next_at.0).bind(id).bind(revision).bind(probe_at.0).execute(&mut *connection).await?.rows_affected()
        });
        Ok(0 < claimed)
    }

    /// Resumes a destination whose probe succeeded. Says whether it is resumed by this.
    #[boxed]
    pub async fn resume_destination(&self, id: &str, revision: i64) -> Result<bool, StoreError> {
        let resumed = writing!(self, Class::Outcomes, connection => {
            sqlx::query(RESUME).bind(id).bind(revision).execute(&mut *connection).await?.rows_affected()
        });
        Ok(0 < resumed)
    }

    /// Makes everything due now that waits for a destination; returns the shards that have some of it.
    #[boxed]
    pub async fn deliver_now(&self, destination_id: &str, now: Timestamp) -> Result<Vec<u16>, StoreError> {
        Ok(writing!(self, connection => {
            let mut shards = Vec::new();
            // One shard after another: that is how the index of what is due is read.
            for shard in 0..SHARDS {
                let due = sqlx::query(DELIVER_NOW).bind(now.0).bind(i64::from(shard)).bind(destination_id).execute(&mut *connection).await?.rows_affected();
                if 0 < due {
                    shards.push(shard);
                }
            }
            shards
        }))
    }

    async fn destination<S: DeserializeOwned>(
        &self,
        kind: DestinationKind,
        owner_id: &str,
    ) -> Result<Option<Destination<S>>, StoreError> {
        let row: Option<DestinationRow> = reading!(self, connection => {
            sqlx::query_as("select d.id, d.version, d.revision, v.encrypted_settings, d.paused_at, d.probe_at from destinations d \
                 join destination_versions v on v.destination_id = d.id and v.version = d.version where d.owner_id = $1 and d.kind = $2")
                .bind(owner_id).bind(kind.as_str()).fetch_optional(&mut *connection).await?
        });
        let Some(row) = row else { return Ok(None) };
        let settings = self.open_settings(&row.id, &row.encrypted_settings)?;
        let DestinationRow { id, version, revision, paused_at, probe_at, .. } = row;
        Ok(Some(Destination { id, version, revision, settings, paused: Paused::of(paused_at, probe_at) }))
    }

    async fn destination_version<S: DeserializeOwned>(&self, id: &str, version: i64) -> Result<Option<S>, StoreError> {
        let row: Option<Vec<u8>> = reading!(self, connection => {
            sqlx::query_scalar("select encrypted_settings from destination_versions where destination_id = $1 and version = $2")
                .bind(id).bind(version).fetch_optional(&mut *connection).await?
        });
        row.map(|encrypted| self.open_settings(id, &encrypted)).transpose()
    }

    pub(super) fn open_settings<S: DeserializeOwned>(&self, id: &str, encrypted: &[u8]) -> Result<S, StoreError> {
        let text = self.decrypt(PURPOSE, "destination_versions", id, encrypted)?;
        serde_json::from_slice(&text).map_err(|error| StoreError::corrupt("destination_versions", id, error))
    }

    async fn set_destination<S: Serialize + DeserializeOwned + ReceiverSettings + Sync>(
        &self,
        owner: Owner<'_>,
        settings: &S,
        versions_max: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text =
            serde_json::to_vec(settings).map_err(|error| StoreError::corrupt("destinations", owner.id, error))?;
        let (new_id, encrypted) = (self.ids.new_id("dst", now), self.encrypt(PURPOSE, &text));
        let oldest = match owner.kind {
            DestinationKind::OrganizationWebhook => OLDEST_OF_ORGANIZATION,
            _ => OLDEST_OF_CAMPAIGN,
        };
        writing!(self, connection => {
            if owner.kind == DestinationKind::Client {
                sqlx::query("update campaigns set release_at = $1 where campaign_key = $2 and state = 'active'").bind(now.0).bind(owner.id)
                    .execute(&mut *connection).await?;
            }
            // The row is locked from here on: whoever saves at the same time waits.
            let (id, version): (String, i64) = sqlx::query_as(
                "insert into destinations (id, organization_id, kind, owner_id, version, revision, created_at, updated_at) values ($1, $2, $3, $4, 1, 1, $5, $5) \
                 on conflict (owner_id, kind) do update set revision = destinations.revision + 1, paused_at = null, probe_at = null, updated_at = excluded.updated_at returning id, version")
                .bind(&new_id).bind(owner.organization_id).bind(owner.kind.as_str()).bind(owner.id).bind(now.0).fetch_one(&mut *connection).await?;
            save_settings!(self, connection, (&id, version), settings, encrypted, (oldest, owner.id), versions_max, now);
            insert_audit!(self, connection, entry, owner.name, now);
        });
        Ok(())
    }
}
