//! Bulk jobs (L9): what is done with many submissions, and how far it has come.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookmill_admin::{BulkJobDetails, NewBulkJob, Scope};
use hookmill_domain::bulk::{BulkFilter, BulkJobState, BulkOperation};
use hookmill_domain::state::State;
use hookmill_pipeline::BulkCount;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whether a bulk job is only counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountOnly {
    /// Whether only to count the submissions that it would concern: nothing is created, and nothing is done.
    #[serde(default)]
    count_only: bool,
}

/// Which submissions a bulk job is about. What is null narrows nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkFilter)]
pub(crate) struct BulkFilterView {
    campaign_id: Option<String>,
    states: Vec<State>,
    cause: Option<String>,
    reason: Option<String>,
    received_from: Option<Time>,
    received_until: Option<Time>,
    /// The ids that it names; null where it names none, and in lists.
    ids: Option<Vec<String>>,
    /// How many ids it names.
    id_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkJob)]
pub(crate) struct BulkJobView {
    id: String,
    #[schema(value_type = BulkOperation)]
    operation: String,
    filter: BulkFilterView,
    /// The campaigns that it may reach; null for all.
    campaigns: Option<Vec<String>>,
    #[schema(value_type = BulkJobState)]
    state: String,
    /// How many submissions matched when it was created.
    total: i64,
    /// Whether `total` is an estimate.
    is_total_estimated: bool,
    /// Submissions with which it was done.
    done: i64,
    /// Submissions with which it can't be done, or that had moved on before the job came to them.
    skipped: i64,
    /// Submissions that the database did not take; the log says why.
    failed: i64,
    /// Why the job itself has failed; null unless it has.
    error: Option<String>,
    /// Who asked for it.
    created_by: String,
    created_at: Time,
    /// When a host began it; null while it waits for its turn.
    started_at: Option<Time>,
    /// When it ended; null until it has.
    ended_at: Option<Time>,
    /// Where the job is read.
    address: String,
}

impl BulkJobView {
    fn of(scope: &Scope, BulkJobDetails { job, ids }: BulkJobDetails) -> Self {
        let address = match scope.named_organization() {
            Some(organization) => format!("/v1/bulk-jobs/{}?organization={organization}", job.id),
            None => format!("/v1/bulk-jobs/{}", job.id),
        };
        let time = |ms: Option<i64>| ms.map(views::time);
        // One that this version of the host can't read is shown as failed, with its error.
        let filter: BulkFilter = serde_json::from_slice(&job.filter).unwrap_or_default();
        let filter = BulkFilterView {
            campaign_id: filter.campaign_id,
            states: filter.states,
            cause: filter.cause,
            reason: filter.reason,
            received_from: time(filter.received_from),
            received_until: time(filter.received_until),
            ids: ids.filter(|ids| !ids.is_empty()),
            id_count: job.id_count,
        };
        Self {
            address,
            filter,
            campaigns: job.campaigns.as_deref().and_then(|list| serde_json::from_slice(list).ok()),
            id: job.id,
            operation: job.operation,
            state: job.state,
            total: job.total,
            is_total_estimated: job.is_total_estimated,
            done: job.done,
            skipped: job.skipped,
            failed: job.failed,
            error: job.error,
            created_by: job.user_id,
            created_at: views::time(job.created_at),
            started_at: time(job.started_at),
            ended_at: time(job.ended_at),
        }
    }
}

/// Creates a bulk job
///
/// Admins. It reprocesses, reposts or withdraws the submissions that match the filter at this moment, one after the other, and goes on by itself: read its progress at the address in
/// `Location`. A filter that says nothing needs `all: true`. With `count_only=true` it is only counted.
#[utoipa::path(post, path = "", operation_id = "createBulkJob", params(CountOnly), request_body = NewBulkJob,
    responses(
        (status = ACCEPTED, description = "The job is created.", body = BulkJobView, headers(("location" = String, description = "Where the job is read."))),
        (status = OK, description = "The submissions are counted (`count_only`).", body = BulkCount),
    ))]
pub(crate) async fn create(
    OrgUser(scope): OrgUser,
    Query(CountOnly { count_only }): Query<CountOnly>,
    JsonBody(new): JsonBody<NewBulkJob>,
) -> Result<Response, HttpError> {
    if count_only {
        return Ok(Json(scope.count_bulk_job(new).await?).into_response());
    }
    let job = BulkJobView::of(&scope, scope.create_bulk_job(new).await?);
    let location: [(HeaderName, String); 1] = [(header::LOCATION, job.address.clone())];
    Ok((StatusCode::ACCEPTED, location, Json(job)).into_response())
}

/// Lists bulk jobs
///
/// The newest come first. A key that is scoped to campaigns sees those that may reach no other campaign.
#[utoipa::path(get, path = "", operation_id = "listBulkJobs", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<BulkJobView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<BulkJobView>>, HttpError> {
    let listed = scope.list_bulk_jobs(&page.before(before)).await?;
    Ok(Json(Page::of(listed, |job| BulkJobView::of(&scope, job))))
}

/// Shows a bulk job
///
/// With its progress: `done`, `skipped` and `failed` of `total`.
#[utoipa::path(get, path = "", operation_id = "getBulkJob",
    responses((status = OK, description = "The job.", body = BulkJobView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<BulkJobView>, HttpError> {
    Ok(Json(BulkJobView::of(&scope, scope.bulk_job(&id).await?)))
}

/// Cancels a bulk job
///
/// Admins. It ends between two pieces of its work; what was done stays.
#[utoipa::path(delete, path = "", operation_id = "cancelBulkJob",
    responses(
        (status = OK, description = "The job is canceled.", body = BulkJobView),
        (status = CONFLICT, description = "`already_ended`: it is over.", body = ErrorBody),
    ))]
pub(crate) async fn cancel(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<BulkJobView>, HttpError> {
    Ok(Json(BulkJobView::of(&scope, scope.cancel_bulk_job(&id).await?)))
}
