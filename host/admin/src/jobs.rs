//! Jobs: long calls that went on when their callers had waited long enough (H6). A job belongs to its organization, and shows its response
//! to whoever may make the call.

use super::access::{Scope, unavailable};
use super::input::lookup_id;
use super::page::{Listed, PageRequest};
use super::use_cases::{GET_JOB, LIST_JOBS, UseCase, declaration};
use crate::rows::{Job, JobEnd};
use hookmill_domain::error::ApiError;
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::role::Permission;
use hookmill_store::jobs::NewJob;

/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;
/// How much of a call's path is kept.
const PATH_CHARS_MAX: usize = 512;

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStanding {
    /// It is under way.
    Running,
    /// It has ended with a response of this status.
    Ended(i64),
    /// Its host ended before it.
    Lost,
}

/// A job, and how it stands.
#[derive(Debug, Clone)]
pub struct StandingJob {
    /// The job.
    pub job: Job,
    /// How it stands.
    pub standing: JobStanding,
}

/// A job with its response.
#[derive(Debug, Clone)]
pub struct JobDetails {
    /// The job.
    pub job: StandingJob,
    /// The response; none while there is none, and where it was too large to be kept.
    pub response: Option<Vec<u8>>,
}

impl Scope {
    /// Rejects who may not call an operation at all; what it concerns, and what is sent, may ask for more.
    pub fn authorize_operation(&self, operation: &str) -> Result<(), ApiError> {
        self.authorize(&least_of(operation))
    }

    /// Notes that a call goes on as a job. `request_id` is its id in logs.
    pub async fn begin_job(&self, operation: &str, path: &str, request_id: &str) -> Result<StandingJob, ApiError> {
        let new = NewJob {
            organization_id: self.organization_id.clone(),
            user_id: self.actor.user_id.clone(),
            key_id: self.actor.key_id.clone(),
            operation: operation.to_owned(),
            path: path.chars().take(PATH_CHARS_MAX).collect(),
            request_id: request_id.to_owned(),
            host: self.pipeline().host_id().to_owned(),
        };
        let job = self.store().begin_job(&new, self.now()).await.map_err(unavailable)?;
        Ok(StandingJob { job, standing: JobStanding::Running })
    }

    /// Notes what a job came to.
    pub async fn end_job(&self, id: &str, end: &JobEnd) -> Result<(), ApiError> {
        self.store().end_job(&self.organization_id, id, end, self.now()).await.map_err(unavailable)
    }

    /// Lists jobs, the newest first.
    pub async fn list_jobs(&self, page: &PageRequest) -> Result<Listed<StandingJob>, ApiError> {
        self.authorize(&LIST_JOBS)?;
        let limit = self.rows_of(page)?;
        let live = self.live_hosts().await?;
        let rows = self.store().jobs(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        let Listed { items, next } = Listed::page(rows, limit, |row| row.id.clone());
        Ok(Listed { items: items.into_iter().map(|job| self.standing(job, &live)).collect(), next })
    }

    /// A job, for who may make its call. A scoped key sees those that were made with it, and whoever is not shown the URLs of receivers sees their
    /// own: a response shows what its caller is shown.
    pub async fn job(&self, id: &str) -> Result<JobDetails, ApiError> {
        self.authorize(&GET_JOB)?;
        let id: String = lookup_id(id).chars().take(ID_CHARS_SHOWN).collect();
        let live = self.live_hosts().await?;
        let found = self.store().job(&self.organization_id, &id).await.map_err(unavailable)?;
        let is_own = |job: &Job| self.url_view() == UrlView::Full || job.user_id == self.actor.user_id;
        let is_of_key = |job: &Job| !self.actor.is_scoped() || job.key_id == self.actor.key_id;
        let visible = found.filter(|job| is_own(job) && is_of_key(job));
        let job = visible.ok_or_else(|| ApiError::not_found("job", &id))?;
        self.authorize_operation(&job.operation)?;
        let response = match job.ended_at {
            Some(_) => self.store().job_response(&self.organization_id, &id).await.map_err(unavailable)?,
            None => None,
        };
        Ok(JobDetails { job: self.standing(job, &live), response })
    }

    /// The hosts that live. They are read before the jobs: one that ends its job, and then itself, has not lost it.
    async fn live_hosts(&self) -> Result<Vec<String>, ApiError> {
        self.store().live_hosts().await.map_err(unavailable)
    }

    /// A host that shares its database with none is the only one that lives.
    fn standing(&self, job: Job, live_hosts: &[String]) -> StandingJob {
        let is_alive = job.host == self.pipeline().host_id() || live_hosts.contains(&job.host);
        let standing = match job.status {
            Some(status) => JobStanding::Ended(status),
            None if is_alive => JobStanding::Running,
            None => JobStanding::Lost,
        };
        StandingJob { job, standing }
    }
}

/// The least that an operation asks for. One that this version of the host does not have is an admin's to look at.
fn least_of(operation: &str) -> UseCase {
    match declaration(operation) {
        Some(declared) => UseCase { permission: declared.permission, reach: declared.reach, ..GET_JOB },
        None => UseCase { permission: Permission::Administer, ..GET_JOB },
    }
}
