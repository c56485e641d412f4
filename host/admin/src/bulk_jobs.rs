//! Bulk jobs (L9): reprocess, repost or withdraw many submissions, chosen by a filter.

mod check;

use super::access::{Scope, unavailable};
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::use_cases::{CANCEL_BULK_JOB, CREATE_BULK_JOB, GET_BULK_JOB, LIST_BULK_JOBS};
use crate::rows::BulkJob;
pub use check::{BulkFilterInput, NewBulkJob};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_pipeline::{BulkCount, BulkTarget};
use hookmill_store::bulk_jobs;

/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;

/// A bulk job with the ids that its filter names.
#[derive(Debug, Clone)]
pub struct BulkJobDetails {
    /// The job.
    pub job: BulkJob,
    /// The ids; none in lists, which leave them out.
    pub ids: Option<Vec<String>>,
}

impl Scope {
    /// Has something done with many submissions. The job goes on by itself; what matches later is not part of it.
    pub async fn create_bulk_job(&self, new: Input<NewBulkJob>) -> Result<BulkJobDetails, ApiError> {
        let entry = self.authorize_change(&CREATE_BULK_JOB)?;
        let target = self.bulk_target(new?).await?;
        let BulkCount { total, is_total_estimated } = self.count(&target).await?;
        let new = bulk_jobs::NewBulkJob {
            operation: target.operation,
            filter: &target.filter,
            campaigns: target.campaigns.as_deref(),
            total,
            is_total_estimated,
        };
        let created = self.store().create_bulk_job(&self.organization_id, &new, &entry, target.created_at).await;
        let job = created.map_err(unavailable)?.ok_or_else(|| self.bulk_jobs_full())?;
        self.pipeline().wake_bulk_jobs();
        Ok(BulkJobDetails { job, ids: Some(target.filter.ids) })
    }

    /// Counts the submissions that a bulk job would concern; nothing is done.
    pub async fn count_bulk_job(&self, new: Input<NewBulkJob>) -> Result<BulkCount, ApiError> {
        self.authorize(&CREATE_BULK_JOB.use_case)?;
        let target = self.bulk_target(new?).await?;
        self.count(&target).await
    }

    /// Lists bulk jobs, the newest first; those that the key covers.
    pub async fn list_bulk_jobs(&self, page: &PageRequest) -> Result<Listed<BulkJobDetails>, ApiError> {
        self.authorize(&LIST_BULK_JOBS)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().bulk_jobs(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        let Listed { items, next } = Listed::page(rows, limit, |row| row.id.clone());
        let mut covered = Vec::with_capacity(items.len());
        for job in items {
            if self.covers_job(&job)? {
                covered.push(BulkJobDetails { job, ids: None });
            }
        }
        Ok(Listed { items: covered, next })
    }

    /// A bulk job with its progress.
    pub async fn bulk_job(&self, id: &str) -> Result<BulkJobDetails, ApiError> {
        self.authorize(&GET_BULK_JOB)?;
        let job = self.find_bulk_job(id).await?;
        self.with_ids(job).await
    }

    /// Cancels a bulk job: it ends between two pieces, and what was done stays.
    pub async fn cancel_bulk_job(&self, id: &str) -> Result<BulkJobDetails, ApiError> {
        let entry = self.authorize_change(&CANCEL_BULK_JOB)?;
        let job = self.find_bulk_job(id).await?;
        let canceled = self.store().cancel_bulk_job(&self.organization_id, &job.id, &entry, self.now()).await;
        match canceled.map_err(unavailable)? {
            Some(job) => self.with_ids(job).await,
            None => {
                let state = self.find_bulk_job(id).await?.state;
                let message = format!("the bulk job is `{state}`, so that there is nothing to cancel");
                Err(ApiError::new(Kind::Conflict, "already_ended", message))
            }
        }
    }

    async fn with_ids(&self, job: BulkJob) -> Result<BulkJobDetails, ApiError> {
        let ids = self.store().bulk_job_ids(&self.organization_id, &job.id).await.map_err(unavailable)?;
        Ok(BulkJobDetails { job, ids: Some(ids) })
    }

    async fn find_bulk_job(&self, id: &str) -> Result<BulkJob, ApiError> {
        let id: String = lookup_id(id).chars().take(ID_CHARS_SHOWN).collect();
        let found = self.store().bulk_job(&self.organization_id, &id).await.map_err(unavailable)?;
        let job = found.ok_or_else(|| ApiError::not_found("bulk job", &id))?;
        if self.covers_job(&job)? { Ok(job) } else { Err(ApiError::not_found("bulk job", &id)) }
    }

    /// Whether the key covers every campaign that a job may reach.
    fn covers_job(&self, job: &BulkJob) -> Result<bool, ApiError> {
        if !self.actor.is_scoped() {
            return Ok(true);
        }
        let campaigns = job.campaigns().map_err(unavailable)?;
        Ok(campaigns.is_some_and(|list| list.iter().all(|id| self.actor.covers(id))))
    }

    /// What is asked for, checked, within what the key covers.
    async fn bulk_target(&self, new: NewBulkJob) -> Result<BulkTarget, ApiError> {
        let (operation, filter) = new.check()?;
        let campaigns = match &filter.campaign_id {
            Some(campaign_id) => Some(vec![self.find_campaign(campaign_id).await?.campaign_id]),
            None => self.actor.scoped_campaigns().map(<[String]>::to_vec),
        };
        let organization_id = self.organization_id.clone();
        Ok(BulkTarget { organization_id, operation, filter, campaigns, created_at: self.now() })
    }

    async fn count(&self, target: &BulkTarget) -> Result<BulkCount, ApiError> {
        self.begin_heavy_call()?;
        self.pipeline().count_bulk(target).await.map_err(unavailable)
    }

    fn bulk_jobs_full(&self) -> ApiError {
        let message = format!(
            "the organization has {} bulk jobs that are not over (bulk_jobs_open_max); wait until some are, or cancel some",
            self.limits().bulk_jobs_open_max
        );
        ApiError::new(Kind::Overload, "bulk_jobs_full", message)
    }
}
