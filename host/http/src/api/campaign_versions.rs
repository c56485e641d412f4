//! What a campaign runs (O5): saving a document compiles it; every version is kept; going back is one call.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use hookmill_admin::rows::CampaignVersionSummary;
use hookmill_admin::{NewCampaignVersion, SavedVersion};
use hookmill_pipeline::Problem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

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
    /// When its document was deleted at the end of its retention; null while it is there.
    deleted_at: Option<Time>,
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

fn view(row: CampaignVersionSummary, active_id: Option<&str>) -> CampaignVersionView {
    CampaignVersionView {
        active: active_id == Some(&row.id),
        id: row.id,
        version: row.version,
        plugin_id: row.plugin_id,
        plugin_version: row.plugin_version,
        component_digest: row.component_digest,
        has_document: row.has_document,
        warnings: views::value(&row.warnings),
        created_by: row.created_by,
        created_at: views::time(row.created_at),
        deleted_at: row.deleted_at.map(views::time),
    }
}

/// Saves a document or chooses a plugin
///
/// Integrators; admins to activate. A document is compiled in the sandbox when it is saved, and every version is kept. What is wrong with a document is `422 document_invalid`, whose `error.problems` lists all of it with line, column and suggested fix.
#[utoipa::path(put, path = "", operation_id = "saveCampaignVersion", request_body = NewCampaignVersion,
    responses(
        (status = CREATED, description = "The saved version; active if `activate` was set.", body = SavedVersionView),
        (status = CONFLICT, description = "`saved_meanwhile`: another version was saved at the same time; save again. `ping_without_price`: the campaign's client has a ping without a price, and this version reads none out of the response to it.", body = ErrorBody),
    ))]
pub(crate) async fn save(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    JsonBody(new): JsonBody<NewCampaignVersion>,
) -> Result<(StatusCode, Json<SavedVersionView>), HttpError> {
    let SavedVersion { version, problems, active_id } = scope.save_campaign_version(&campaign, new).await?;
    Ok((StatusCode::CREATED, Json(SavedVersionView { version: view(version, active_id.as_deref()), problems })))
}

/// Shows a campaign's active document
#[utoipa::path(get, path = "", operation_id = "getDocument",
    responses((status = OK, description = "The document.", body = DocumentView)))]
pub(crate) async fn document(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
) -> Result<Json<DocumentView>, HttpError> {
    let (version, document) = scope.document(&campaign).await?;
    Ok(Json(DocumentView { version, document }))
}

/// Lists the versions of a campaign
///
/// The newest come first.
#[utoipa::path(get, path = "", operation_id = "listCampaignVersions", params(PageSize),
    responses((status = OK, description = "Its versions.", body = Page<CampaignVersionView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(page): Query<PageSize>,
) -> Result<Json<Page<CampaignVersionView>>, HttpError> {
    let (campaign, versions) = scope.list_campaign_versions(&campaign, &page.first()).await?;
    Ok(Json(Page::of(versions, |row| view(row, campaign.active_version_id.as_deref()))))
}

/// Activates a version of a campaign
///
/// Admins. Activate an older version to roll back. Batches under way finish on the version they began with.
#[utoipa::path(post, path = "", operation_id = "activateCampaignVersion",
    responses(
        (status = NO_CONTENT, description = "It is active from the next batch on."),
        (status = GONE, description = "`version_gone`: its document was deleted at the end of its retention; save it again.", body = ErrorBody),
        (status = CONFLICT, description = "`ping_without_price`: the campaign's client has a ping without a price, and this version reads none out of the response to it. `campaign_version_unusable`: it can't be run.", body = ErrorBody),
    ))]
pub(crate) async fn activate(
    OrgUser(scope): OrgUser,
    Path((campaign, version)): Path<(String, String)>,
) -> Result<StatusCode, HttpError> {
    scope.activate_campaign_version(&campaign, &version).await?;
    Ok(StatusCode::NO_CONTENT)
}
