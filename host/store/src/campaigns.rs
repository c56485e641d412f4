//! Campaigns (O3).

use super::audit::AuditEntry;
use super::campaign_versions::{Activation, NewCampaignVersion, insert_campaign_version};
use super::cap_counts::{count_begun_caps, try_again};
use super::quotas::{Held, hold_bytes};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::campaign::{CampaignId, CampaignState, DeliveryMode, TimeZone, find_time_zone};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::Lifecycle;
use hookmill_domain::lifecycle::caps::begun_periods;
use std::collections::BTreeSet;

/// A campaign, as it is stored.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The store's own id, unique everywhere.
    pub key: String,
    /// Its organization.
    pub organization_id: String,
    /// The id that users know, unique in the organization.
    pub campaign_id: String,
    /// Its name.
    pub name: String,
    /// The user who owns it.
    pub owner_id: Option<String>,
    /// The client for whom it runs.
    pub client_id: Option<String>,
    /// That client's name.
    pub client_name: Option<String>,
    /// The state, as it is stored.
    pub state: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Its phone region.
    pub phone_region: String,
    /// Its own values, a JSON object.
    pub values: Vec<u8>,
    /// The value sets that a plugin of its own may read, a JSON list of names.
    pub granted_value_sets: Vec<u8>,
    /// What becomes of its leads, as it is stored.
    pub delivery: String,
    /// Its active version.
    pub active_version_id: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed.
    pub updated_at: i64,
    /// Whether it has a client endpoint.
    pub has_client: bool,
    /// Duplicates, caps, schedule, queue and fallback, a JSON object.
    pub lifecycle: Vec<u8>,
    /// How often its lifecycle was saved.
    pub lifecycle_revision: i64,
}
from_row!(Campaign {
    key,
    organization_id,
    campaign_id,
    name,
    owner_id,
    client_id,
    client_name,
    state,
    time_zone,
    phone_region,
    values,
    granted_value_sets,
    delivery,
    active_version_id,
    created_at,
    updated_at,
    has_client,
    lifecycle,
    lifecycle_revision
});

/// What a campaign is made with, or changed to.
#[derive(Debug, Clone)]
pub struct CampaignChange {
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Its phone region.
    pub phone_region: String,
    /// Its own values, a JSON object.
    pub values: Vec<u8>,
    /// The value sets that a plugin of its own may read, a JSON list of names.
    pub granted_value_sets: Vec<u8>,
    /// What becomes of its leads.
    pub delivery: DeliveryMode,
    /// The client for whom it runs.
    pub client_id: Option<String>,
}

/// What a new campaign is made of.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// The id its users know.
    pub campaign_id: &'a CampaignId,
    /// How it stands at first.
    pub state: CampaignState,
    /// What it is called and where it lives.
    pub change: &'a CampaignChange,
    /// Its first version, which is active.
    pub version: NewCampaignVersion<'a>,
}

impl Campaign {
    /// The state.
    pub fn state(&self) -> Result<CampaignState, StoreError> {
        CampaignState::parse(&self.state)
            .ok_or_else(|| StoreError::corrupt("campaigns", &self.key, format!("no state `{}`", self.state)))
    }

    /// What becomes of its leads.
    pub fn delivery(&self) -> Result<DeliveryMode, StoreError> {
        DeliveryMode::parse(&self.delivery)
            .ok_or_else(|| StoreError::corrupt("campaigns", &self.key, format!("no delivery `{}`", self.delivery)))
    }

    /// What it says of its submissions' lives.
    pub fn lifecycle(&self) -> Result<Lifecycle, StoreError> {
        read_lifecycle(&self.key, &self.lifecycle)
    }

    /// Its time zone.
    pub fn zone(&self) -> Result<TimeZone, StoreError> {
        read_zone(&self.key, &self.time_zone)
    }

    /// The value sets that a plugin of its own may read (P5).
    pub fn granted_value_sets(&self) -> Result<BTreeSet<String>, StoreError> {
        serde_json::from_slice(&self.granted_value_sets)
            .map_err(|error| StoreError::corrupt("campaigns", &self.key, error))
    }
}

/// Reads the lifecycle of a campaign as it is stored.
pub(super) fn read_lifecycle(key: &str, stored: &[u8]) -> Result<Lifecycle, StoreError> {
    serde_json::from_slice(stored).map_err(|error| StoreError::corrupt("campaigns", key, error))
}

/// Reads the time zone of a campaign as it is stored.
pub(super) fn read_zone(key: &str, stored: &str) -> Result<TimeZone, StoreError> {
    find_time_zone(stored).ok_or_else(|| StoreError::corrupt("campaigns", key, format!("no time zone `{stored}`")))
}

/// Has whoever changes or locks a campaign at this moment come before this commit or after it; tells its state.
pub(super) const LOCK_CAMPAIGN: &str =
    "update campaigns set updated_at = updated_at where campaign_key = $1 returning state";

const COLUMNS: &str = "select campaign_key as key, organization_id, campaign_id, name, owner_id, client_id, \
     (select k.name from clients k where k.id = campaigns.client_id) as client_name, state, time_zone, phone_region, \"values\", granted_value_sets, delivery, active_version_id, \
     created_at, updated_at, lifecycle, lifecycle_revision, exists (select 1 from destinations d where d.owner_id = campaigns.campaign_key and d.kind = 'client') as has_client from campaigns";

/// What a campaign's caps went by before they are changed, in a transaction in which nothing else changes it from then on.
macro_rules! lock_lifecycle {
    ($connection:expr, $campaign_key:expr) => {{
        let campaign_key: &str = $campaign_key;
        sqlx::query($crate::campaigns::LOCK_CAMPAIGN).bind(campaign_key).execute(&mut *$connection).await?;
        let (lifecycle, time_zone): (Vec<u8>, String) =
            sqlx::query_as("select lifecycle, time_zone from campaigns where campaign_key = $1")
                .bind(campaign_key)
                .fetch_one(&mut *$connection)
                .await?;
        (
            $crate::campaigns::read_lifecycle(campaign_key, &lifecycle)?,
            $crate::campaigns::read_zone(campaign_key, &time_zone)?,
        )
    }};
}
pub(super) use lock_lifecycle;

impl Store {
    /// Makes a campaign of whoever does it, with its first version. `Conflict` when the organization has one of this id, `Referenced` when its
    /// client is gone.
    pub async fn create_campaign(
        &self,
        organization_id: &str,
        new: NewCampaign<'_>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Campaign, StoreError> {
        let NewCampaign { campaign_id, state, change, version } = new;
        let key = self.ids.new_id("cmp", now);
        let version = version.into_version(self.ids.new_id("ver", now), &key, 1, &entry.user_id, now);
        writing!(self, connection => {
            sqlx::query("insert into campaigns (campaign_key, organization_id, campaign_id, name, owner_id, state, time_zone, phone_region, \"values\", granted_value_sets, \
                 active_version_id, created_at, updated_at, delivery, client_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14)")
                .bind(&key).bind(organization_id).bind(campaign_id.as_str()).bind(&change.name).bind(&entry.user_id).bind(state.as_str())
                .bind(&change.time_zone).bind(&change.phone_region).bind(change.values.as_slice()).bind(change.granted_value_sets.as_slice())
                .bind(&version.id).bind(now.0).bind(change.delivery.as_str()).bind(change.client_id.as_deref()).execute(&mut *connection).await?;
            hold_bytes!(self, connection, organization_id, Held::Versions, version.bytes(), now);
            insert_campaign_version!(connection, version, Activation::Now);
            insert_audit!(self, connection, entry, campaign_id.as_str(), now);
        });
        self.campaign(&key).await?.ok_or_else(|| StoreError::corrupt("campaigns", &key, "missing after it was created"))
    }

    /// Changes what a campaign is called, where it lives, for whom it runs and what becomes of its leads. What waited in an active one is to be
    /// released from then on: it may be what it waited for. For another client other leads are duplicates, so what was decided for the one
    /// before is not written any more; nor for another time zone, in which other periods run: those of its caps that begin elsewhere begin with what
    /// was delivered in them. `Referenced` when the client is gone, `UnderWay` when too many leads are for that.
    #[boxed]
    pub async fn change_campaign(
        &self,
        campaign: &Campaign,
        change: &CampaignChange,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        try_again(|| self.try_change_campaign(campaign, change, entry, now)).await
    }

    async fn try_change_campaign(
        &self,
        campaign: &Campaign,
        change: &CampaignChange,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, connection => {
            let (lifecycle, zone_before) = lock_lifecycle!(connection, &campaign.key);
            let zone = read_zone(&campaign.key, &change.time_zone)?;
            sqlx::query("update campaigns set name = $1, time_zone = $2, phone_region = $3, \"values\" = $4, granted_value_sets = $5, updated_at = $6, delivery = $8, client_id = $9, \
                 lifecycle_revision = case when coalesce(client_id, '') <> coalesce($9, '') or (time_zone <> $2 and 0 < lifecycle_revision) then lifecycle_revision + 1 else lifecycle_revision end, \
                 queue_run_at = case when time_zone <> $2 and 0 < lifecycle_revision then $6 else queue_run_at end, \
                 release_at = case when state = 'active' and delivery <> $8 then $6 else release_at end where campaign_key = $7")
                .bind(&change.name).bind(&change.time_zone).bind(&change.phone_region).bind(change.values.as_slice()).bind(change.granted_value_sets.as_slice())
                .bind(now.0).bind(&campaign.key).bind(change.delivery.as_str()).bind(change.client_id.as_deref()).execute(&mut *connection).await?;
            let caps = lifecycle.caps.unwrap_or_default();
            let begun = begun_periods(&caps.periods(now, &zone_before), caps.periods(now, &zone));
            count_begun_caps!(connection, &campaign.key, change.delivery, &begun);
            insert_audit!(self, connection, entry, &campaign.campaign_id, now);
        });
        Ok(())
    }

    /// A campaign by its key.
    #[boxed]
    pub async fn campaign(&self, key: &str) -> Result<Option<Campaign>, StoreError> {
        let sql = format!("{COLUMNS} where campaign_key = $1");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(key).fetch_optional(&mut *connection).await?),
        )
    }

    /// A campaign by the id that users know.
    #[boxed]
    pub async fn campaign_by_id(
        &self,
        organization_id: &str,
        campaign_id: &str,
    ) -> Result<Option<Campaign>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and campaign_id = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(campaign_id).fetch_optional(&mut *connection).await?
        }))
    }

    /// What the campaigns of an organization say that have said something of their submissions' lives; at most `limit` of them.
    #[boxed]
    pub async fn lifecycles(&self, organization_id: &str, limit: i64) -> Result<Vec<Campaign>, StoreError> {
        let sql =
            format!("{COLUMNS} where organization_id = $1 and 0 < lifecycle_revision order by campaign_key limit $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// The campaigns of an organization, in the order they were made; those of one client if it is given.
    #[boxed]
    pub async fn campaigns(
        &self,
        organization_id: &str,
        client_id: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Campaign>, StoreError> {
        let of_client = if client_id.is_some() { "and client_id = $4" } else { "" };
        let sql = format!(
            "{COLUMNS} where organization_id = $1 and $2 < campaign_key {of_client} order by campaign_key limit $3"
        );
        Ok(reading!(self, connection => {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(after).bind(limit);
            let query = if let Some(client_id) = client_id { query.bind(client_id) } else { query };
            query.fetch_all(&mut *connection).await?
        }))
    }

    /// The store's ids of those campaigns of an organization that users know by these, in no order.
    #[boxed]
    pub async fn campaign_keys(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<String>, StoreError> {
        const SELECT: &str = ") select c.campaign_key from v join campaigns c on c.organization_id = v.organization_id and c.campaign_id = v.id";
        Ok(select_many!(self, query_scalar as String, SELECT, organization_id, ids))
    }

    /// When the queue of a campaign is looked at next; none while nobody waits in it, or nothing says when.
    #[boxed]
    pub async fn queue_run_at(&self, key: &str) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<(Option<i64>,)> = reading!(self, connection => {
            sqlx::query_as("select queue_run_at from campaigns where campaign_key = $1").bind(key).fetch_optional(&mut *connection).await?
        });
        Ok(found.and_then(|(at,)| at).filter(|at| *at < i64::MAX).map(Timestamp))
    }

    /// Moves a campaign to another state, if it is still in the state it was read in. One that is activated or archived is to be released
    /// from then on ([`Store::campaigns_to_release`]), and its queue is looked at.
    #[boxed]
    pub async fn move_campaign(
        &self,
        campaign: &Campaign,
        to: CampaignState,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let release_at = matches!(to, CampaignState::Active | CampaignState::Archived).then_some(now.0);
        Ok(writing!(self, connection => {
            let moved = sqlx::query("update campaigns set state = $1, updated_at = $2, release_at = $5, queue_run_at = coalesce($5, queue_run_at) where campaign_key = $3 and state = $4")
                .bind(to.as_str()).bind(now.0).bind(&campaign.key).bind(&campaign.state).bind(release_at).execute(&mut *connection).await?.rows_affected();
            if moved == 1 {
                insert_audit!(self, connection, entry, &campaign.campaign_id, now);
            }
            moved == 1
        }))
    }

    /// Campaigns that were activated or archived, or got what their leads waited for, at this time or before, and whose waiting work is not
    /// released yet: the first of them.
    #[boxed]
    pub async fn campaigns_to_release(&self, before: Timestamp, limit: i64) -> Result<Vec<Campaign>, StoreError> {
        let sql = format!("{COLUMNS} where release_at <= $1 order by release_at limit $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(before.0).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// All is released that waited for what a campaign came to, at this time or before.
    #[boxed]
    pub async fn campaign_released(&self, key: &str, before: Timestamp) -> Result<(), StoreError> {
        writing!(self, connection => {
            sqlx::query("update campaigns set release_at = null where campaign_key = $1 and release_at <= $2").bind(key).bind(before.0)
                .execute(&mut *connection).await?;
        });
        Ok(())
    }
}
