//! Plugins and their versions (O5, P2): uploaded bytes are admitted with reasons, or rejected with all of them.

use crate::auth::{Scope, unavailable};
use crate::body;
use crate::error::HttpError;
use crate::extract::Path;
use crate::views::{self, Name, Page, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::error::{Detail, Kind};
use hookmill_domain::role::Permission;
use hookmill_engine::{Digest, SnapshotStatus};
use hookmill_pipeline::Pipeline;
use hookmill_store::components::{Plugin, PluginVersion};
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

impl VersionView {
    async fn of(pipeline: &Pipeline, row: PluginVersion) -> Self {
        let snapshot = match row.component_digest.parse::<Digest>() {
            Ok(digest) => pipeline.engine().snapshot_status(digest).await.map(Into::into),
            Err(_) => None,
        };
        Self {
            plugin_id: row.plugin_id,
            version: row.version,
            component_digest: row.component_digest,
            created_by: row.created_by,
            created_at: views::time(row.created_at),
            snapshot,
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
    scope: Scope,
    Path(name): Path<String>,
    raw: axum::body::Body,
) -> Result<(StatusCode, Json<UploadedView>), HttpError> {
    scope.caller.may_all(Permission::Integrate)?;
    let name = views::checked_name(&pipeline, "name", &Name(name))?;
    let held = body::read(&pipeline, raw, pipeline.settings().limits.component_bytes_max).await?;
    let admitted = pipeline.engine().admit(held.bytes.to_vec()).await.map_err(not_admitted)?;
    let stages: Vec<String> = admitted.stages.iter().map(|stage| stage.to_string()).collect();
    let (digest, now) = (admitted.digest.to_string(), pipeline.clock().now());
    let kept = serde_json::to_vec(&stages).unwrap_or_default();
    let store = pipeline.store();
    store.keep_component(&digest, &admitted.component, &kept, now).await.map_err(unavailable)?;
    let version = store
        .add_plugin_version(&scope.organization_id, &name, &digest, &scope.caller.user_id, now)
        .await
        .map_err(unavailable)?;
    scope.record(&pipeline, "plugin.uploaded", &format!("{name}#{}", version.version)).await;
    Ok((StatusCode::CREATED, Json(UploadedView { version: VersionView::of(&pipeline, version).await, stages })))
}

/// Lists plugins
#[utoipa::path(get, path = "", operation_id = "listPlugins",
    responses((status = OK, description = "The complete list.", body = Page<PluginView>)))]
pub(crate) async fn list(State(pipeline): State<Pipeline>, scope: Scope) -> Result<Json<Page<PluginView>>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let rows = pipeline.store().plugins(&scope.organization_id).await.map_err(unavailable)?;
    Ok(Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Lists the versions of a plugin
#[utoipa::path(get, path = "", operation_id = "listPluginVersions",
    responses((status = OK, description = "The complete list.", body = Page<VersionView>)))]
pub(crate) async fn versions(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(id): Path<String>,
) -> Result<Json<Page<VersionView>>, HttpError> {
    scope.caller.may_all(Permission::View)?;
    let id = id.replace('\0', " ");
    let rows = pipeline.store().plugin_versions(&scope.organization_id, &id).await.map_err(unavailable)?;
    if rows.is_empty() {
        return Err(HttpError::not_found("plugin", &id));
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(VersionView::of(&pipeline, row).await);
    }
    Ok(Json(Page { items, next: None }))
}

fn not_admitted(error: hookmill_engine::AdmissionError) -> HttpError {
    let details = error.reasons.into_iter().map(|reason| Detail {
        path: String::new(),
        code: reason.code.into(),
        message: format!("{}: {}", reason.message, reason.hint),
    });
    HttpError::new(Kind::Invalid, "plugin_not_admitted", "the plugin was not admitted; nothing was saved")
        .with_details(details.collect())
}
