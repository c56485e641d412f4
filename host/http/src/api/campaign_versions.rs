//! What a campaign runs (O5): saving a document compiles it; every version is kept; going back is one call.

use crate::auth::{Scope, unavailable};
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::integer;
use hookmill_domain::role::Permission;
use hookmill_pipeline::{ChosenComponent, Pipeline, Problem};
use hookmill_store::campaign_versions::{Activation, CampaignVersion};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document": "version: 1\n", "activate": true}))]
pub(crate) struct NewCampaignVersion {
    /// The document; left out for a plugin that takes none.
    document: Option<String>,
    /// The plugin and its version; left out for the default plugin.
    plugin: Option<ChosenPlugin>,
    /// Whether to activate it, from the next batch on.
    #[serde(default)]
    activate: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenPlugin {
    /// Its id or name.
    id: String,
    #[serde(deserialize_with = "integer::deserialize")]
    #[schema(minimum = 1)]
    version: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignVersion)]
pub(crate) struct CampaignVersionView {
    id: String,
    /// Counted from 1 in each campaign.
    version: i64,
    /// Whether it is the campaign's active version.
    active: bool,
    /// Null for the default plugin.
    plugin_id: Option<String>,
    plugin_version: Option<i64>,
    /// SHA-256 of the component.
    component_digest: String,
    has_document: bool,
    /// The warnings about its document.
    #[schema(value_type = Vec<Problem>)]
    warnings: Value,
    /// Who saved it.
    created_by: String,
    created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedCampaignVersion)]
pub(crate) struct SavedVersionView {
    #[serde(flatten)]
    version: CampaignVersionView,
    /// The warnings about the document.
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub(crate) struct DocumentView {
    /// The campaign version of the document.
    version: i64,
    document: String,
}

fn view(row: CampaignVersion, active_id: Option<&str>) -> CampaignVersionView {
    CampaignVersionView {
        active: active_id == Some(&row.id),
        id: row.id,
        version: row.version,
        plugin_id: row.plugin_id,
        plugin_version: row.plugin_version,
        component_digest: row.component_digest,
        has_document: row.document.is_some(),
        warnings: views::value(&row.warnings),
        created_by: row.created_by,
        created_at: views::time(row.created_at),
    }
}

/// Saves a document or chooses a plugin
///
/// Integrators; admins to activate. A document is compiled in the sandbox when it is saved, and every version is kept. What is wrong with a document is `422 document_invalid`, whose `error.problems` lists all of it with line, column and suggested fix.
#[utoipa::path(put, path = "", operation_id = "saveCampaignVersion", request_body = NewCampaignVersion,
    responses((status = CREATED, description = "The saved version; active if `activate` was set.", body = SavedVersionView)))]
pub(crate) async fn save(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    JsonBody(new): JsonBody<NewCampaignVersion>,
) -> Result<(StatusCode, Json<SavedVersionView>), HttpError> {
    scope.caller.may(Permission::Integrate)?;
    let new = new?;
    let permission = if new.activate { Permission::Administer } else { Permission::Integrate };
    let campaign = scope.campaign(&pipeline, &campaign, permission).await?;
    let chosen = choose_component(&pipeline, &scope, new.plugin).await?;
    if chosen.plugin.is_none() && new.document.as_deref().is_none_or(|document| document.trim().is_empty()) {
        return Err(HttpError::invalid(
            "document",
            "is missing: the default plugin runs a document; `version: 1` alone is the standard one",
        ));
    }
    let activation = if new.activate { Activation::Now } else { Activation::Later };
    let (saved, problems) = pipeline
        .save_campaign_version(&campaign.key, &chosen, new.document.as_deref(), activation, &scope.caller.user_id)
        .await
        .map_err(ApiError::from)?;
    let active_id = if new.activate { Some(saved.id.clone()) } else { campaign.active_version_id };
    scope.record(&pipeline, "campaign_version.saved", &saved.id).await;
    Ok((StatusCode::CREATED, Json(SavedVersionView { version: view(saved, active_id.as_deref()), problems })))
}

async fn choose_component(
    pipeline: &Pipeline,
    scope: &Scope,
    plugin: Option<ChosenPlugin>,
) -> Result<ChosenComponent, HttpError> {
    let Some(plugin) = plugin else { return Ok(pipeline.default_component()) };
    let id = plugin.id.replace('\0', " ");
    let versions = pipeline.store().plugin_versions(&scope.organization_id, &id).await.map_err(unavailable)?;
    let version = versions.into_iter().find(|version| version.version == plugin.version);
    let version = version.ok_or_else(|| {
        HttpError::invalid(
            "plugin",
            format!("version {} of plugin `{id}` not found in this organization", plugin.version),
        )
    })?;
    Ok(ChosenComponent { plugin: Some((version.plugin_id, version.version)), digest: version.component_digest })
}

/// Shows a campaign's active document
#[utoipa::path(get, path = "", operation_id = "getDocument",
    responses((status = OK, description = "The document.", body = DocumentView)))]
pub(crate) async fn document(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
) -> Result<Json<DocumentView>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let version = match &campaign.active_version_id {
        Some(id) => pipeline.store().campaign_version(id).await.map_err(unavailable)?,
        None => None,
    };
    let found = version.and_then(|version| {
        Some(DocumentView { version: version.version, document: String::from_utf8(version.document?).ok()? })
    });
    found.map(Json).ok_or_else(|| HttpError::not_found("document of campaign", &campaign.campaign_id))
}

/// Lists the versions of a campaign
///
/// The newest come first.
#[utoipa::path(get, path = "", operation_id = "listCampaignVersions", params(PageSize),
    responses((status = OK, description = "Its versions.", body = Page<CampaignVersionView>)))]
pub(crate) async fn list(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    Query(page): Query<PageSize>,
) -> Result<Json<Page<CampaignVersionView>>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let rows = pipeline.store().campaign_versions(&campaign.key, page.limit(&pipeline)?).await.map_err(unavailable)?;
    let items = rows.into_iter().map(|row| view(row, campaign.active_version_id.as_deref())).collect();
    Ok(Json(Page { items, next: None }))
}

/// Activates a version of a campaign
///
/// Admins. Activate an older version to roll back. Batches under way finish on the version they began with.
#[utoipa::path(post, path = "", operation_id = "activateCampaignVersion",
    responses((status = NO_CONTENT, description = "It is active from the next batch on.")))]
pub(crate) async fn activate(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path((campaign, version)): Path<(String, String)>,
) -> Result<StatusCode, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::Administer).await?;
    let unknown = || {
        HttpError::new(Kind::NotFound, "not_found", format!("version not found in campaign `{}`", campaign.campaign_id))
    };
    let version: i64 = version.parse().map_err(|_| unknown())?;
    if !pipeline
        .store()
        .activate_campaign_version(&campaign.key, version, pipeline.clock().now())
        .await
        .map_err(unavailable)?
    {
        return Err(unknown());
    }
    pipeline.forget_lookups();
    scope.record(&pipeline, "campaign_version.activated", &format!("{}#{version}", campaign.campaign_id)).await;
    Ok(StatusCode::NO_CONTENT)
}
