//! Campaign versions: immutable and numbered, each a component and a compiled configuration. Activating is one
//! update; a rollback is activating an older version (O5).

use super::audit::AuditEntry;
use super::campaigns::Campaign;
use super::quotas::{Held, hold_bytes, length};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A campaign version.
#[derive(Debug, Clone)]
pub struct CampaignVersion {
    /// Its id.
    pub id: String,
    /// The campaign.
    pub campaign_key: String,
    /// Its version in the campaign, counted from 1.
    pub version: i64,
    /// The plugin; none for the default plugin.
    pub plugin_id: Option<String>,
    /// The plugin's version.
    pub plugin_version: Option<i64>,
    /// SHA-256 of the component.
    pub component_digest: String,
    /// The document as its author wrote it.
    pub document: Option<Vec<u8>>,
    /// What the plugin compiled it to.
    pub plan: Option<Vec<u8>>,
    /// The compiler's warnings, a JSON list.
    pub warnings: Vec<u8>,
    /// Who saved it.
    pub created_by: String,
    /// When.
    pub created_at: i64,
    /// When its document and plan were deleted at the end of their retention: it can't be run any more.
    pub deleted_at: Option<i64>,
}
from_row!(CampaignVersion {
    id,
    campaign_key,
    version,
    plugin_id,
    plugin_version,
    component_digest,
    document,
    plan,
    warnings,
    created_by,
    created_at,
    deleted_at
});

impl CampaignVersion {
    /// How many bytes count as the organization's.
    pub(super) fn bytes(&self) -> i64 {
        let part = |bytes: &Option<Vec<u8>>| bytes.as_deref().map_or(0, length);
        part(&self.document) + part(&self.plan) + length(&self.warnings)
    }
}

/// A campaign version as lists show it: without what is large.
#[derive(Debug, Clone)]
pub struct CampaignVersionSummary {
    /// Its id.
    pub id: String,
    /// Its version in the campaign, counted from 1.
    pub version: i64,
    /// The plugin; none for the default plugin.
    pub plugin_id: Option<String>,
    /// The plugin's version.
    pub plugin_version: Option<i64>,
    /// SHA-256 of the component.
    pub component_digest: String,
    /// The compiler's warnings, a JSON list.
    pub warnings: Vec<u8>,
    /// Who saved it.
    pub created_by: String,
    /// When.
    pub created_at: i64,
    /// Whether it has a document.
    pub has_document: bool,
    /// When its document and plan were deleted at the end of their retention.
    pub deleted_at: Option<i64>,
}
from_row!(CampaignVersionSummary {
    id,
    version,
    plugin_id,
    plugin_version,
    component_digest,
    warnings,
    created_by,
    created_at,
    has_document,
    deleted_at
});

impl From<CampaignVersion> for CampaignVersionSummary {
    fn from(row: CampaignVersion) -> Self {
        Self {
            has_document: row.document.is_some(),
            id: row.id,
            version: row.version,
            plugin_id: row.plugin_id,
            plugin_version: row.plugin_version,
            component_digest: row.component_digest,
            warnings: row.warnings,
            created_by: row.created_by,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// A campaign version to be stored.
#[derive(Debug, Clone)]
pub struct NewCampaignVersion<'a> {
    /// The plugin and its version; none for the default plugin.
    pub plugin: Option<(&'a str, i64)>,
    /// SHA-256 of the component.
    pub component_digest: &'a str,
    /// The document.
    pub document: Option<&'a [u8]>,
    /// What it was compiled to.
    pub plan: Option<&'a [u8]>,
    /// The compiler's warnings, a JSON list.
    pub warnings: &'a [u8],
}

const COLUMNS: &str = "select id, campaign_key, version, plugin_id, plugin_version, component_digest, document, plan, warnings, created_by, created_at, deleted_at from campaign_versions";

/// Writes a campaign version; one that is not activated at once is unused since then.
macro_rules! insert_campaign_version {
    ($connection:expr, $row:expr, $activation:expr) => {
        sqlx::query(
            "insert into campaign_versions (id, campaign_key, version, plugin_id, plugin_version, component_digest, document, plan, warnings, \
             created_by, created_at, unused_since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(&$row.id)
        .bind(&$row.campaign_key)
        .bind($row.version)
        .bind($row.plugin_id.as_deref())
        .bind($row.plugin_version)
        .bind(&$row.component_digest)
        .bind($row.document.as_deref())
        .bind($row.plan.as_deref())
        .bind($row.warnings.as_slice())
        .bind(&$row.created_by)
        .bind($row.created_at)
        .bind(($activation == $crate::campaign_versions::Activation::Later).then_some($row.created_at))
        .execute(&mut *$connection)
        .await?
    };
}
pub(super) use insert_campaign_version;

/// Has a campaign run a version from now on, in a transaction that has changed the campaign's row before: two that do come one after the other.
/// What it ran until then is what going back means, and what that was before is unused from now on.
macro_rules! activate_version {
    ($connection:expr, $campaign_key:expr, $id:expr, $now:expr) => {{
        sqlx::query(
            "update campaign_versions set unused_since = $1 where id <> $3 and id = \
             (select previous_version_id from campaigns where campaign_key = $2 and coalesce(active_version_id, '') <> $3)",
        )
        .bind($now.0)
        .bind($campaign_key)
        .bind($id)
        .execute(&mut *$connection)
        .await?;
        sqlx::query("update campaign_versions set unused_since = null where id = $1").bind($id).execute(&mut *$connection).await?;
        sqlx::query(
            "update campaigns set previous_version_id = active_version_id, active_version_id = $1 where campaign_key = $2 and coalesce(active_version_id, '') <> $1",
        )
        .bind($id)
        .bind($campaign_key)
        .execute(&mut *$connection)
        .await?;
    }};
}

impl NewCampaignVersion<'_> {
    /// The row that it becomes.
    pub(super) fn into_version(
        self,
        id: String,
        campaign_key: &str,
        version: i64,
        created_by: &str,
        now: Timestamp,
    ) -> CampaignVersion {
        CampaignVersion {
            id,
            campaign_key: campaign_key.into(),
            version,
            plugin_id: self.plugin.map(|(id, _)| id.into()),
            plugin_version: self.plugin.map(|(_, version)| version),
            component_digest: self.component_digest.into(),
            document: self.document.map(Into::into),
            plan: self.plan.map(Into::into),
            warnings: self.warnings.into(),
            created_by: created_by.into(),
            created_at: now.0,
            deleted_at: None,
        }
    }
}

impl Store {
    /// Saves a campaign version under the next number, and activates it if asked to, in one commit.
    pub async fn save_campaign_version(
        &self,
        campaign_key: &str,
        new: NewCampaignVersion<'_>,
        activation: Activation,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<CampaignVersion, StoreError> {
        let id = self.ids.new_id("ver", now);
        Ok(writing!(self, connection => {
            // Two that save at one moment are numbered one after the other.
            sqlx::query("update campaigns set updated_at = $1 where campaign_key = $2").bind(now.0).bind(campaign_key).execute(&mut *connection).await?;
            let version: i64 = sqlx::query_scalar("select cast(coalesce(max(version), 0) + 1 as bigint) from campaign_versions where campaign_key = $1")
                .bind(campaign_key).fetch_one(&mut *connection).await?;
            let row = new.into_version(id, campaign_key, version, &entry.user_id, now);
            let organization_id: String = sqlx::query_scalar("select organization_id from campaigns where campaign_key = $1").bind(campaign_key)
                .fetch_one(&mut *connection).await?;
            hold_bytes!(self, connection, &organization_id, Held::Versions, row.bytes(), now);
            insert_campaign_version!(connection, row, activation);
            if activation == Activation::Now {
                activate_version!(connection, campaign_key, &row.id, now);
            }
            insert_audit!(self, connection, entry, &row.id, now);
            row
        }))
    }

    /// Activates a version of a campaign, unless its document was deleted.
    #[boxed]
    pub async fn activate_campaign_version(
        &self,
        campaign: &Campaign,
        version: i64,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Activated, StoreError> {
        Ok(writing!(self, connection => {
            sqlx::query("update campaigns set updated_at = $1 where campaign_key = $2").bind(now.0).bind(&campaign.key).execute(&mut *connection).await?;
            let found: Option<(String, Option<i64>)> = sqlx::query_as("select id, deleted_at from campaign_versions where campaign_key = $1 and version = $2")
                .bind(&campaign.key).bind(version).fetch_optional(&mut *connection).await?;
            match found {
                None => return Ok(Activated::Unknown),
                Some((_, Some(_))) => return Ok(Activated::Deleted),
                Some((id, None)) => activate_version!(connection, &campaign.key, &id, now),
            }
            insert_audit!(self, connection, entry, format!("{}#{version}", campaign.campaign_id), now);
            Activated::Done
        }))
    }

    /// A campaign version by its id.
    #[boxed]
    pub async fn campaign_version(&self, id: &str) -> Result<Option<CampaignVersion>, StoreError> {
        let sql = format!("{COLUMNS} where id = $1");
        Ok(
            reading!(self, connection => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(id).fetch_optional(&mut *connection).await?),
        )
    }

    /// The version of a campaign with this number.
    #[boxed]
    pub async fn campaign_version_by_number(
        &self,
        campaign_key: &str,
        version: i64,
    ) -> Result<Option<CampaignVersion>, StoreError> {
        let sql = format!("{COLUMNS} where campaign_key = $1 and version = $2");
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(version).fetch_optional(&mut *connection).await?
        }))
    }

    /// The versions of a campaign, the newest first.
    #[boxed]
    pub async fn campaign_versions(
        &self,
        campaign_key: &str,
        limit: i64,
    ) -> Result<Vec<CampaignVersionSummary>, StoreError> {
        const SQL: &str = "select id, version, plugin_id, plugin_version, component_digest, warnings, created_by, created_at, \
            document is not null as has_document, deleted_at from campaign_versions where campaign_key = $1 order by version desc limit $2";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(campaign_key).bind(limit).fetch_all(&mut *connection).await?
        }))
    }
}

/// What came of activating a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activated {
    /// It is active from the next batch on.
    Done,
    /// There is no such version.
    Unknown,
    /// Its document was deleted at the end of its retention.
    Deleted,
}

/// Whether a version that is saved becomes the active one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// It does not.
    Later,
    /// It is active from the next batch on.
    Now,
}
