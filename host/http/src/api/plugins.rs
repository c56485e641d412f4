//! Plugins and their versions (O5, P2): uploaded bytes are admitted with reasons, or rejected with all of them.

use crate::auth::OrgUser;
use crate::body;
use crate::error::HttpError;
use crate::extract::Path;
use crate::views::{self, Page, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_admin::rows::{Plugin, SnapshotStatus};
use hookmill_admin::{UploadedPlugin, VersionStatus};
use hookmill_pipeline::Pipeline;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plugin)]
pub(crate) struct PluginView {
    id: String,
    name: String,
    created_at: Time,
}

impl From<Plugin> for PluginView {
    fn from(row: Plugin) -> Self {
        Self { id: row.id, name: row.name, created_at: views::time(row.created_at) }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginVersion)]
pub(crate) struct VersionView {
    plugin_id: String,
    /// Counted from 1.
    version: i64,
    /// SHA-256 of the component.
    component_digest: String,
    /// Who uploaded it.
    created_by: String,
    created_at: Time,
    /// How its instances are initialised; null while this host has not compiled it.
    snapshot: Option<SnapshotView>,
}

/// How instances are initialised, as this host compiled the component.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snapshot)]
pub(crate) struct SnapshotView {
    /// `taken`: they start from a snapshot. `unavailable`: each initialises itself. `not_needed`: there is nothing to initialise.
    state: &'static str,
    /// Bytes of linear memory in the snapshot.
    snapshot_bytes: Option<usize>,
    /// Why there is no snapshot.
    reason: Option<String>,
}

impl From<SnapshotStatus> for SnapshotView {
    fn from(status: SnapshotStatus) -> Self {
        let (state, snapshot_bytes, reason) = match status {
            SnapshotStatus::NotNeeded => ("not_needed", None, None),
            SnapshotStatus::Taken { snapshot_bytes } => ("taken", Some(snapshot_bytes), None),
            SnapshotStatus::Unavailable { reason } => ("unavailable", None, Some(reason)),
        };
        Self { state, snapshot_bytes, reason }
    }
}

impl From<VersionStatus> for VersionView {
    fn from(VersionStatus { version, snapshot }: VersionStatus) -> Self {
        Self {
            plugin_id: version.plugin_id,
            version: version.version,
            component_digest: version.component_digest,
            created_by: version.created_by,
            created_at: views::time(version.created_at),
            snapshot: snapshot.map(Into::into),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadedPlugin)]
pub(crate) struct UploadedView {
    #[serde(flatten)]
    version: VersionView,
    /// The stages it serves; the default plugin serves the rest.
    stages: Vec<String>,
}

/// Uploads a version of a plugin
///
/// Integrators. The bytes of a component, or of a core module built with wit-bindgen. It is compiled in a process of its own and admitted, or rejected with all reasons (`plugin_not_admitted`).
#[utoipa::path(put, path = "", operation_id = "uploadPlugin",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "At most 32 MiB."),
    responses((status = CREATED, description = "The admitted version.", body = UploadedView)))]
pub(crate) async fn upload(
    State(pipeline): State<Pipeline>,
    OrgUser(scope): OrgUser,
    Path(name): Path<String>,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<UploadedView>), HttpError> {
    let bytes = body::read_held(&pipeline, scope.holding(), raw, pipeline.settings().limits.component_bytes_max);
    let UploadedPlugin { version, stages } = scope.upload_plugin(&name, bytes).await?;
    Ok((StatusCode::CREATED, Json(UploadedView { version: version.into(), stages })))
}

/// Lists plugins
#[utoipa::path(get, path = "", operation_id = "listPlugins",
    responses((status = OK, description = "The complete list.", body = Page<PluginView>)))]
pub(crate) async fn list(OrgUser(scope): OrgUser) -> Result<Json<Page<PluginView>>, HttpError> {
    Ok(Json(Page::of(scope.list_plugins().await?, Into::into)))
}

/// Lists the versions of a plugin
#[utoipa::path(get, path = "", operation_id = "listPluginVersions",
    responses((status = OK, description = "The complete list.", body = Page<VersionView>)))]
pub(crate) async fn versions(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
) -> Result<Json<Page<VersionView>>, HttpError> {
    Ok(Json(Page::of(scope.list_plugin_versions(&id).await?, Into::into)))
}
