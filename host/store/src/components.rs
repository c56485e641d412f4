//! Component bytes, content-addressed; plugins and their numbered versions (O5).

use super::audit::AuditEntry;
use super::quotas::{Held, hold_bytes, length};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A named plugin.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
}
from_row!(Plugin { id, organization_id, name, created_at });

/// One immutable version of a plugin.
#[derive(Debug, Clone)]
pub struct PluginVersion {
    /// The plugin.
    pub plugin_id: String,
    /// Its version, counted from 1.
    pub version: i64,
    /// SHA-256 of the component.
    pub component_digest: String,
    /// Who uploaded it.
    pub created_by: String,
    /// When.
    pub created_at: i64,
}
from_row!(PluginVersion { plugin_id, version, component_digest, created_by, created_at });

/// A component to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewComponent<'a> {
    /// SHA-256 of its bytes.
    pub digest: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The stages it serves, a JSON list.
    pub stages: &'a [u8],
}

/// Keeps a component under its digest; once is enough.
macro_rules! insert_component {
    ($connection:expr, $component:expr, $now:expr) => {
        sqlx::query("insert into components (digest, bytes, stages, created_at) values ($1, $2, $3, $4) on conflict (digest) do nothing")
            .bind($component.digest).bind($component.bytes).bind($component.stages).bind($now.0).execute(&mut *$connection).await?
    };
}

impl Store {
    /// Keeps a component under its digest; once is enough.
    #[boxed]
    pub async fn keep_component(
        &self,
        digest: &str,
        bytes: &[u8],
        stages: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let component = NewComponent { digest, bytes, stages };
        writing!(self, connection => { insert_component!(connection, component, now); });
        Ok(())
    }

    /// A component's bytes.
    #[boxed]
    pub async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar("select bytes from components where digest = $1").bind(digest).fetch_optional(&mut *connection).await?
        }))
    }

    /// The components that active campaigns run, those of the most campaigns first.
    #[boxed]
    pub async fn active_components(&self, components_max: i64) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_scalar("select v.component_digest from campaigns c join campaign_versions v on v.id = c.active_version_id \
                 where c.state = 'active' group by v.component_digest order by count(*) desc, v.component_digest limit $1")
                .bind(components_max).fetch_all(&mut *connection).await?
        }))
    }

    /// Keeps a component and adds it as a version to the plugin of this name, which is made if there is none. The same bytes as the
    /// newest version are the newest version.
    pub async fn add_plugin_version(
        &self,
        organization_id: &str,
        name: &str,
        component: NewComponent<'_>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<PluginVersion, StoreError> {
        let digest = component.digest;
        let fresh = self.ids.new_id("plg", now);
        Ok(writing!(self, connection => {
            insert_component!(connection, component, now);
            sqlx::query("insert into plugins (id, organization_id, name, created_at) values ($1, $2, $3, $4) on conflict (organization_id, name) \
                 do update set name = excluded.name")
                .bind(&fresh).bind(organization_id).bind(name).bind(now.0).execute(&mut *connection).await?;
            let plugin_id: String = sqlx::query_scalar("select id from plugins where organization_id = $1 and name = $2")
                .bind(organization_id).bind(name).fetch_one(&mut *connection).await?;
            let newest: Option<PluginVersion> = sqlx::query_as("select plugin_id, version, component_digest, created_by, created_at from plugin_versions \
                 where plugin_id = $1 order by version desc limit 1").bind(&plugin_id).fetch_optional(&mut *connection).await?;
            let version = match newest {
                Some(newest) if newest.component_digest == digest => newest,
                newest => {
                    let known: Option<i64> = sqlx::query_scalar("select v.version from plugins p join plugin_versions v on v.plugin_id = p.id \
                         where p.organization_id = $1 and v.component_digest = $2 limit 1")
                        .bind(organization_id).bind(digest).fetch_optional(&mut *connection).await?;
                    if known.is_none() {
                        hold_bytes!(self, connection, organization_id, Held::Components, length(component.bytes), now);
                    }
                    let made = PluginVersion {
                        plugin_id, version: newest.map_or(1, |v| v.version + 1), component_digest: digest.into(), created_by: entry.user_id.clone(), created_at: now.0,
                    };
                    sqlx::query("insert into plugin_versions (plugin_id, version, component_digest, created_by, created_at) values ($1, $2, $3, $4, $5)")
                        .bind(&made.plugin_id).bind(made.version).bind(&made.component_digest).bind(&made.created_by).bind(made.created_at)
                        .execute(&mut *connection).await?;
                    made
                }
            };
            insert_audit!(self, connection, entry, format!("{name}#{}", version.version), now);
            version
        }))
    }

    /// The plugins of an organization.
    #[boxed]
    pub async fn plugins(&self, organization_id: &str) -> Result<Vec<Plugin>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, organization_id, name, created_at from plugins where organization_id = $1 order by id").bind(organization_id)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// The versions of a plugin of this organization, the newest first.
    #[boxed]
    pub async fn plugin_versions(
        &self,
        organization_id: &str,
        plugin_id: &str,
    ) -> Result<Vec<PluginVersion>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select v.plugin_id, v.version, v.component_digest, v.created_by, v.created_at from plugin_versions v \
                 join plugins p on p.id = v.plugin_id where p.organization_id = $1 and (p.id = $2 or p.name = $2) order by v.version desc")
                .bind(organization_id).bind(plugin_id).fetch_all(&mut *connection).await?
        }))
    }
}
