//! Jobs: long calls of the API that went on when their callers had waited long enough, and the responses that they came to.
//!
//! Whether one that has not ended still runs is not written: it does as long as its host lives, which its heartbeat says.

use super::requests::before_or_end;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;

/// A call that goes on.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Whose it is.
    pub organization_id: String,
    /// Who called.
    pub user_id: String,
    /// With which key.
    pub key_id: String,
    /// The operation, as the description of the API names it.
    pub operation: String,
    /// The path that was called.
    pub path: String,
    /// The call's id in logs.
    pub request_id: String,
    /// The host that runs it.
    pub host: String,
}

/// A job, without its response.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Who called.
    pub user_id: String,
    /// With which key.
    pub key_id: String,
    /// The operation.
    pub operation: String,
    /// The path that was called.
    pub path: String,
    /// The call's id in logs.
    pub request_id: String,
    /// The host that runs it, or ran it.
    pub host: String,
    /// When the call became a job.
    pub created_at: i64,
    /// When it ended; none while it runs, and when its host ended before it.
    pub ended_at: Option<i64>,
    /// The status of its response.
    pub status: Option<i64>,
    /// The type of its response; none when it has no body.
    pub content_type: Option<String>,
}
from_row!(Job { id, user_id, key_id, operation, path, request_id, host, created_at, ended_at, status, content_type });

/// What a job came to.
#[derive(Debug, Clone)]
pub struct JobEnd {
    /// The status of the response.
    pub status: u16,
    /// Its type; none when it has no body.
    pub content_type: Option<String>,
    /// Its bytes; none when they are too many.
    pub response: Option<Vec<u8>>,
}

impl Store {
    /// Notes a call that goes on. Of the jobs of its organization that have ended, the newest are kept.
    #[boxed]
    pub async fn begin_job(&self, new: &NewJob, now: Timestamp) -> Result<Job, StoreError> {
        const NEW: &str = "insert into jobs (organization_id, id, user_id, key_id, operation, path, request_id, host, created_at) \
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
            returning id, user_id, key_id, operation, path, request_id, host, created_at, ended_at, status, content_type";
        const OLD: &str = "delete from jobs where organization_id = $1 and ended_at is not null \
            and id <= (select id from jobs where organization_id = $1 order by id desc limit 1 offset $2)";
        let id = self.ids.new_id("job", now);
        Ok(writing!(self, connection => {
            let job: Job = sqlx::query_as(NEW).bind(&new.organization_id).bind(&id).bind(&new.user_id).bind(&new.key_id).bind(&new.operation)
                .bind(&new.path).bind(&new.request_id).bind(&new.host).bind(now.0).fetch_one(&mut *connection).await?;
            sqlx::query(OLD).bind(&new.organization_id).bind(self.limits.jobs_rows_max).execute(&mut *connection).await?;
            job
        }))
    }

    /// Notes what a job came to.
    #[boxed]
    pub async fn end_job(
        &self,
        organization_id: &str,
        id: &str,
        end: &JobEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "update jobs set ended_at = $1, status = $2, content_type = $3, response = $4 where organization_id = $5 and id = $6";
        writing!(self, Class::People, connection => {
            sqlx::query(SQL).bind(now.0).bind(i64::from(end.status)).bind(end.content_type.as_deref()).bind(end.response.as_deref())
                .bind(organization_id).bind(id).execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// The jobs of an organization, the newest first, older than `before`.
    #[boxed]
    pub async fn jobs(&self, organization_id: &str, before: &str, limit: i64) -> Result<Vec<Job>, StoreError> {
        const SQL: &str = "select id, user_id, key_id, operation, path, request_id, host, created_at, ended_at, status, content_type from jobs \
            where organization_id = $1 and id < $2 order by id desc limit $3";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(before_or_end(before)).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// A job of an organization.
    #[boxed]
    pub async fn job(&self, organization_id: &str, id: &str) -> Result<Option<Job>, StoreError> {
        const SQL: &str = "select id, user_id, key_id, operation, path, request_id, host, created_at, ended_at, status, content_type from jobs \
            where organization_id = $1 and id = $2";
        Ok(reading!(self, connection => {
            sqlx::query_as(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The response that a job came to; none where it was too large.
    #[boxed]
    pub async fn job_response(&self, organization_id: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "select response from jobs where organization_id = $1 and id = $2";
        let found: Option<Option<Vec<u8>>> = reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        });
        Ok(found.flatten())
    }
}
