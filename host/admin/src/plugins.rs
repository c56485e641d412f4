//! Plugins and their versions (O5, P2): uploaded bytes are admitted with reasons, or rejected with all of them.

use super::access::{Scope, unavailable};
use super::input::{Name, lookup_id};
use super::page::Listed;
use super::use_cases::{LIST_PLUGIN_VERSIONS, LIST_PLUGINS, UPLOAD_PLUGIN};
use crate::rows::{Plugin, PluginVersion, SnapshotStatus};
use bytes::Bytes;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_engine::{Digest, NotAdmitted};
use hookmill_pipeline::host_failed;
use hookmill_store::components::NewComponent;

/// A version of a plugin, and how its instances get ready on this host.
#[derive(Debug)]
pub struct VersionStatus {
    /// The version.
    pub version: PluginVersion,
    /// How instances get ready; none while this host has not compiled it.
    pub snapshot: Option<SnapshotStatus>,
}

/// A plugin as it was uploaded.
#[derive(Debug)]
pub struct UploadedPlugin {
    /// Its version.
    pub version: VersionStatus,
    /// The stages it serves; the default plugin serves the rest.
    pub stages: Vec<String>,
}

impl Scope {
    /// Uploads a version of a plugin. The bytes are read when it is known that they may be uploaded.
    pub async fn upload_plugin(
        &self,
        name: &str,
        bytes: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<UploadedPlugin, ApiError> {
        let entry = self.authorize_change(&UPLOAD_PLUGIN)?;
        let name = Name::from(name).check("name", self.limits())?;
        let bytes = bytes.await?;
        self.begin_heavy_call()?;
        // A copy for the compiler, and what it admits.
        self.holding().grow(bytes.len().saturating_mul(2))?;
        let admitted = self.pipeline().engine().admit(bytes.to_vec()).await.map_err(not_admitted)?;
        let stages: Vec<String> = admitted.stages.iter().map(|stage| stage.to_string()).collect();
        let component = NewComponent {
            digest: &admitted.digest.to_string(),
            bytes: &admitted.component,
            stages: &serde_json::to_vec(&stages).unwrap_or_default(),
        };
        let added = self.store().add_plugin_version(&self.organization_id, &name, component, &entry, self.now()).await;
        Ok(UploadedPlugin { version: self.version_status(added.map_err(unavailable)?).await, stages })
    }

    /// Lists plugins.
    pub async fn list_plugins(&self) -> Result<Listed<Plugin>, ApiError> {
        self.authorize(&LIST_PLUGINS)?;
        self.store().plugins(&self.organization_id).await.map(Listed::all).map_err(unavailable)
    }

    /// Lists the versions of a plugin, by its id or name.
    pub async fn list_plugin_versions(&self, id: &str) -> Result<Listed<VersionStatus>, ApiError> {
        self.authorize(&LIST_PLUGIN_VERSIONS)?;
        let id = lookup_id(id);
        let rows = self.store().plugin_versions(&self.organization_id, &id).await.map_err(unavailable)?;
        if rows.is_empty() {
            return Err(ApiError::not_found("plugin", &id));
        }
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.version_status(row).await);
        }
        Ok(Listed::all(items))
    }

    async fn version_status(&self, version: PluginVersion) -> VersionStatus {
        let snapshot = match version.component_digest.parse::<Digest>() {
            Ok(digest) => self.pipeline().engine().snapshot_status(digest).await,
            Err(_) => None,
        };
        VersionStatus { version, snapshot }
    }
}

fn not_admitted(error: NotAdmitted) -> ApiError {
    let rejection = match error {
        NotAdmitted::Rejected(rejection) => rejection,
        NotAdmitted::Host { reason } => return host_failed(reason),
    };
    let details = rejection.reasons.into_iter().map(|reason| Detail {
        path: String::new(),
        code: reason.code.into(),
        message: format!("{}: {}", reason.message, reason.hint),
    });
    ApiError::new(Kind::Invalid, "plugin_not_admitted", "the plugin was not admitted; nothing was saved")
        .with_details(details.collect())
}
