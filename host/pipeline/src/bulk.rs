//! Bulk jobs (L9): a host goes round those that it works on, a piece of each in turn. A piece reads the next submissions, does with them
//! what was asked, and notes progress, all in one commit of a turn of housekeeping; a host that is killed leaves the job where its last
//! commit did, and another goes on.

mod count;
mod one;
mod piece;
mod walk;

pub use count::BulkCount;

use super::Pipeline;
use hookmill_domain::bulk::{BulkCursor, BulkFilter, BulkOperation, OpenJob, Pace, eligible_jobs};
use hookmill_domain::clock::Timestamp;
use hookmill_store::StoreError;
use hookmill_store::bulk_jobs::BulkJob;
use std::collections::HashMap;

/// What a bulk job is about.
#[derive(Debug, Clone)]
pub struct BulkTarget {
    /// The organization.
    pub organization_id: String,
    /// What is done.
    pub operation: BulkOperation,
    /// Which submissions.
    pub filter: BulkFilter,
    /// The campaigns that may be reached, by the ids that users know; none for all.
    pub campaigns: Option<Vec<String>>,
    /// When it was asked for: what comes later is not part of it.
    pub created_at: Timestamp,
}

/// A bulk job of this host with what its row says.
struct LoadedJob {
    job: BulkJob,
    target: BulkTarget,
    cursor: BulkCursor,
}

/// How many submissions the next commit of each job takes.
pub(crate) type Paces = HashMap<String, Pace>;

impl BulkTarget {
    /// What a job is about, as it is kept.
    fn of(job: &BulkJob, ids: Vec<String>) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: job.organization_id.clone(),
            operation: job.operation()?,
            filter: BulkFilter { ids, ..job.filter()? },
            campaigns: job.campaigns()?,
            created_at: Timestamp(job.created_at),
        })
    }
}

impl Pipeline {
    /// Looks for bulk jobs now: one was created on this host.
    pub fn wake_bulk_jobs(&self) {
        self.bulk_wake.notify_one();
    }

    /// Does a piece of each bulk job that this host works on; returns whether there may be more to do at once. What fails of one job holds up
    /// no other, and is tried again.
    pub(crate) async fn run_bulk_jobs(&self, paces: &mut Paces) -> Result<bool, StoreError> {
        let (now, host, limits) = (self.clock.now(), self.flow.host(), &self.settings.limits);
        let due = self.people.due_bulk_jobs(now).await?;
        if due.is_empty() {
            paces.clear();
            return Ok(false);
        }
        let live_hosts = self.people.live_hosts().await?;
        let is_alive = |host: &str| live_hosts.iter().any(|id| id == host);
        let jobs = eligible_jobs(due, host, is_alive, limits.bulk_jobs_running_max, limits.bulk_jobs_per_host_max);
        paces.retain(|id, _| jobs.iter().any(|job| job.id == *id));
        let mut has_more = false;
        for job in jobs {
            let pace = paces.entry(job.id.clone()).or_default();
            match self.run_bulk_job(&job, pace, now).await {
                Ok(goes_on) => has_more |= goes_on,
                Err(error) => {
                    tracing::warn!(bulk_job = job.id, error = %error, "a bulk job could not go on; it is tried again");
                }
            }
        }
        Ok(has_more)
    }

    /// Takes a job if nobody has it, and does a piece of it; returns whether it may go on at once.
    async fn run_bulk_job(&self, open: &OpenJob, pace: &mut Pace, now: Timestamp) -> Result<bool, StoreError> {
        let host = self.flow.host();
        if open.host != host && !self.people.take_bulk_job(open, host, now).await? {
            return Ok(false);
        }
        let Some(job) = self.people.bulk_job(&open.organization_id, &open.id).await? else { return Ok(false) };
        if job.host != host {
            return Ok(false);
        }
        match self.load_bulk_job(&job).await {
            Ok(loaded) => self.do_bulk_piece(&loaded, pace).await,
            Err(StoreError::Corrupt { reason, .. }) => {
                let error = format!("this version of the host can't read what the job is about: {reason}");
                tracing::error!(bulk_job = job.id, error, "a bulk job has failed");
                self.people.fail_bulk_job(&job, &error, self.clock.now()).await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    async fn load_bulk_job(&self, job: &BulkJob) -> Result<LoadedJob, StoreError> {
        let ids = match job.id_count {
            0 => Vec::new(),
            _ => self.people.bulk_job_ids(&job.organization_id, &job.id).await?,
        };
        Ok(LoadedJob { target: BulkTarget::of(job, ids)?, cursor: job.cursor()?, job: job.clone() })
    }

    /// Leaves the bulk jobs of this host, which stops, to others.
    pub(crate) async fn release_bulk_jobs(&self) {
        if let Err(error) = self.people.release_bulk_jobs(self.flow.host()).await {
            tracing::warn!(error = %error, "bulk jobs could not be released; another host takes them once this one counts as dead");
        }
    }
}
