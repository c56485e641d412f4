//! Jobs: what became of long calls that went on without their callers (H6).

use crate::auth::OrgUser;
use crate::error::{self, HttpError};
use crate::extract::{Path, Query};
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use hookmill_admin::{JobDetails, JobStanding, Scope, StandingJob};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How a job stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// It is under way.
    Running,
    /// It has succeeded.
    Done,
    /// It came to an error, or its host ended before it.
    Failed,
}

/// A job, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobSummary)]
pub(crate) struct JobSummaryView {
    id: String,
    /// The operation that was called, by its name in this description.
    #[schema(example = "uploadPlugin")]
    operation: String,
    /// The path that was called.
    #[schema(example = "/v1/plugins/scoring")]
    path: String,
    state: JobState,
    /// The status of its response; null while it runs.
    status: Option<i64>,
    /// Who called.
    created_by: String,
    /// When the call became a job.
    created_at: Time,
    /// When it ended; null while it runs, and when its host ended before it.
    ended_at: Option<Time>,
    /// The id of the call in logs.
    request_id: String,
    /// Where the job is read.
    address: String,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    #[serde(flatten)]
    job: JobSummaryView,
    /// The body that its response would have had: what was asked for, or an error (`ErrorBody`). Text where it is not JSON, null where there is none.
    response: Option<Value>,
    /// Why there is a response that is not shown.
    left_out: Option<String>,
}

impl JobSummaryView {
    fn of(scope: &Scope, StandingJob { job, standing }: StandingJob) -> Self {
        let address = match scope.named_organization() {
            Some(organization) => format!("/v1/jobs/{}?organization={organization}", job.id),
            None => format!("/v1/jobs/{}", job.id),
        };
        let (state, status) = match standing {
            JobStanding::Running => (JobState::Running, None),
            JobStanding::Ended(status) if status < 400 => (JobState::Done, Some(status)),
            JobStanding::Ended(status) => (JobState::Failed, Some(status)),
            JobStanding::Lost => (JobState::Failed, Some(i64::from(error::HOST_ENDED.as_u16()))),
        };
        Self {
            state,
            status,
            address,
            id: job.id,
            operation: job.operation,
            path: job.path,
            created_by: job.user_id,
            created_at: views::time(job.created_at),
            ended_at: job.ended_at.map(views::time),
            request_id: job.request_id,
        }
    }
}

impl JobView {
    /// A job with the bytes of its response, as far as they are kept.
    pub(crate) fn of(scope: &Scope, job: StandingJob, response: Option<Vec<u8>>) -> Self {
        let bytes_max = scope.settings().limits.job_response_bytes_max;
        let (standing, content_type) = (job.standing, job.job.content_type.clone().unwrap_or_default());
        let job = JobSummaryView::of(scope, job);
        let (response, left_out) = match (standing, response) {
            (JobStanding::Running, _) => (None, None),
            (JobStanding::Lost, _) => (Some(error::host_ended(&job.request_id)), None),
            (JobStanding::Ended(_), Some(bytes)) => (read_response(&content_type, &bytes), None),
            (JobStanding::Ended(_), None) => (None, Some(too_large(bytes_max))),
        };
        Self { job, response, left_out }
    }

    /// Where it is read.
    pub(crate) fn address(&self) -> &str {
        &self.job.address
    }
}

fn read_response(content_type: &str, bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return None;
    }
    let is_json = content_type.starts_with("application/json");
    Some(if is_json { views::value(bytes) } else { String::from_utf8_lossy(bytes).into() })
}

fn too_large(bytes_max: usize) -> String {
    format!(
        "the response has more than {bytes_max} bytes (job_response_bytes_max) and was not kept; read what was changed at its own address, \
         and make a call that only reads again, asking for less"
    )
}

/// Lists jobs
///
/// The newest come first, without their responses.
#[utoipa::path(get, path = "", operation_id = "listJobs", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<JobSummaryView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<JobSummaryView>>, HttpError> {
    let listed = scope.list_jobs(&page.before(before)).await?;
    Ok(Json(Page::of(listed, |job| JobSummaryView::of(&scope, job))))
}

/// Shows a job
///
/// For whoever may make its call, below admin for its maker alone; a key that is scoped to campaigns sees the jobs that were made with it. A call whose response takes long goes on as a job (`202`). The job is `running`, then `done` with the status and the body of the response that it would have been, or `failed` with those of the error. `host_ended`: the host ended before it; send the call again.
#[utoipa::path(get, path = "", operation_id = "getJob",
    responses((status = OK, description = "The job.", body = JobView)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(id): Path<String>) -> Result<Json<JobView>, HttpError> {
    let JobDetails { job, response } = scope.job(&id).await?;
    Ok(Json(JobView::of(&scope, job, response)))
}
