//! Which submissions an erasure is to erase: those of the person's leads, and those that were never mapped and name the person. A mark stops
//! nothing by itself; what is due of a marked submission is taken back by its owner.

use super::super::turns::Class;
use super::{OpenErasure, Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::state::State;
use std::collections::BTreeSet;

/// A submission that is to be erased.
#[derive(Debug, Clone)]
pub struct MarkedSubmission {
    /// Its id.
    pub id: String,
    /// The request that it belongs to.
    pub request_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// The shard whose lease covers it.
    pub shard: i64,
    /// Its element's first byte in the request's text.
    pub element_start: i64,
    /// Its element's length.
    pub element_bytes: i64,
    /// The state.
    pub state: String,
    /// How many transitions it has behind it.
    pub revision: i64,
    /// When it was received.
    pub received_at: i64,
    /// When it is to be processed.
    pub run_at: Option<i64>,
    /// The person.
    pub lead_id: Option<String>,
    /// Whether it is a test.
    pub is_test: bool,
    /// The slots of caps that it holds, a JSON list.
    pub cap_slots: Option<Vec<u8>>,
    /// The mapped lead.
    pub lead: Option<Vec<u8>>,
}
from_row!(MarkedSubmission {
    id,
    request_id,
    campaign_key,
    shard,
    element_start,
    element_bytes,
    state,
    revision,
    received_at,
    run_at,
    lead_id,
    is_test,
    cap_slots,
    lead
});

/// A delivery of a submission that is to be erased, which is not over.
#[derive(Debug, Clone)]
pub struct MarkedDelivery {
    /// Its submission.
    pub submission_id: String,
    /// Its id.
    pub id: String,
    /// Its shard.
    pub shard: i64,
    /// When it is to be sent.
    pub run_at: Option<i64>,
    /// How many requests left for it.
    pub attempts: i64,
    /// The event that it tells of, by its name and the submission's state after it; none for a lead on its way to the client.
    pub event_name: Option<String>,
    /// That state.
    pub event_status: Option<String>,
    /// Whether a request left for it and was not responded to.
    pub is_unanswered: bool,
    /// Whether it takes a lead to its client, and is still to be sent.
    pub is_to_client: bool,
}
from_row!(MarkedDelivery {
    submission_id,
    id,
    shard,
    run_at,
    attempts,
    event_name,
    event_status,
    is_unanswered,
    is_to_client
});

/// A submission as the search for what was never mapped sees it.
#[derive(Debug, Clone)]
pub struct UnmappedSubmission {
    /// Its id.
    pub id: String,
    /// The request that it belongs to.
    pub request_id: String,
    /// Its element's first byte in the request's text.
    pub element_start: i64,
    /// Its element's length.
    pub element_bytes: i64,
    /// When it last changed.
    pub updated_at: i64,
    lead_id: Option<String>,
    erasure_id: Option<String>,
}
from_row!(UnmappedSubmission { id, request_id, element_start, element_bytes, updated_at, lead_id, erasure_id });

impl UnmappedSubmission {
    /// Whether nobody knows whose it is, and no erasure is to erase it.
    pub fn is_unknown(&self) -> bool {
        self.lead_id.is_none() && self.erasure_id.is_none()
    }
}

impl Store {
    /// The ids of those submissions of a lead that were received before this id, so many at most, after one.
    #[boxed]
    pub async fn submissions_of_lead(
        &self,
        organization_id: &str,
        lead_id: &str,
        (after, before): (&str, &str),
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "select id from submissions where organization_id = $1 and lead_id = $2 and $3 < id and id < $4 order by id limit $5";
        Ok(reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(lead_id).bind(after).bind(before).bind(limit)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// The mapped leads of some submissions.
    #[boxed]
    pub async fn leads_of_submissions(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<Vec<u8>>, StoreError> {
        const SELECT: &str = ") select s.lead from v join submissions s on s.organization_id = v.organization_id and s.id = v.id where s.lead is not null";
        Ok(select_many!(self, query_scalar as Vec<u8>, SELECT, organization_id, ids))
    }

    /// The submissions of a campaign in a state between two ids, so many at most, for the search for those that were never mapped.
    #[boxed]
    pub async fn submissions_to_search(
        &self,
        campaign_key: &str,
        state: State,
        (after, before): (&str, &str),
        limit: i64,
    ) -> Result<Vec<UnmappedSubmission>, StoreError> {
        // The state is a word of ours: written out, the database may use the index of that state's rows.
        let sql = format!(
            "select id, request_id, element_start, element_bytes, updated_at, lead_id, erasure_id from submissions \
             where campaign_key = $1 and state = '{}' and $2 < id and id < $3 order by id limit $4",
            state.as_str()
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(after).bind(before).bind(limit)
                .fetch_all(&mut *connection).await?
        }))
    }

    /// The next campaign of an organization after this one, by the store's ids.
    #[boxed]
    pub async fn next_campaign(&self, organization_id: &str, after: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select min(campaign_key) from campaigns where organization_id = $1 and $2 < campaign_key";
        let found: Option<Option<String>> = reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(after).fetch_optional(&mut *connection).await?
        });
        Ok(found.flatten())
    }

    /// Marks submissions; returns how many were not marked before.
    #[boxed]
    pub async fn mark_submissions(&self, erasure: &OpenErasure, ids: &[&str]) -> Result<usize, StoreError> {
        const SQL: &str = "update submissions set erasure_id = $1 where organization_id = $2 and id = $3 and erasure_id is null returning shard";
        let marked: Vec<i64> = writing!(self, Class::Housekeeping, connection => {
            let mut marked = Vec::with_capacity(ids.len());
            for id in ids {
                let shard: Option<i64> = sqlx::query_scalar(SQL).bind(&erasure.id).bind(&erasure.organization_id).bind(*id)
                    .fetch_optional(&mut *connection).await?;
                marked.extend(shard);
            }
            marked
        });
        Ok(marked.len())
    }

    /// The marked submissions of an erasure in these shards, so many at most.
    #[boxed]
    pub async fn marked_submissions(
        &self,
        erasure_id: &str,
        shards: &[u16],
        after: &str,
        limit: i64,
    ) -> Result<Vec<MarkedSubmission>, StoreError> {
        if shards.is_empty() {
            return Ok(Vec::new());
        }
        let shards = shards.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "select id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, run_at, lead_id, is_test, cap_slots, lead \
             from submissions where erasure_id = $1 and erasure_id is not null and erased_at is null and shard in ({shards}) and $2 < id order by id limit $3"
        );
        Ok(reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(erasure_id).bind(after).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// The deliveries of these submissions that are not over.
    #[boxed]
    pub async fn marked_deliveries(
        &self,
        organization_id: &str,
        submission_ids: &[&str],
    ) -> Result<Vec<MarkedDelivery>, StoreError> {
        const SELECT: &str = ") select d.submission_id, d.id, d.shard, d.run_at, d.attempts, d.is_unanswered, (d.destination_kind = 'client' and d.state || '' = 'waiting') as is_to_client, e.name as event_name, e.status as event_status \
             from v join deliveries d on d.organization_id = v.organization_id and d.submission_id = v.id \
             left join events e on e.organization_id = d.organization_id and e.id = d.event_id where d.state || '' in ('waiting', 'held')";
        Ok(select_many!(self, query_as as MarkedDelivery, SELECT, organization_id, submission_ids))
    }

    /// Takes back what is due of marked submissions: nobody loads it from now on.
    #[boxed]
    pub async fn suspend_marked(&self, organization_id: &str, submission_ids: &[&str]) -> Result<(), StoreError> {
        const SUBMISSION: &str = "update submissions set run_at = null where organization_id = $1 and id = $2 and run_at is not null \
             and erasure_id is not null and erased_at is null";
        const DELIVERIES: &str = "update deliveries set run_at = null where organization_id = $1 and submission_id = $2 and run_at is not null \
             and state || '' in ('waiting', 'held')";
        writing!(self, Class::Housekeeping, connection => {
            for id in submission_ids {
                sqlx::query(SUBMISSION).bind(organization_id).bind(*id).execute(&mut *connection).await?;
                sqlx::query(DELIVERIES).bind(organization_id).bind(*id).execute(&mut *connection).await?;
            }
        });
        Ok(())
    }

    /// What sources reported before this id of subjects other than submissions: the ids of the events.
    #[boxed]
    pub async fn reported_events_of(
        &self,
        organization_id: &str,
        subjects: &[String],
        before: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str =
            "select id from events where organization_id = $1 and subject_id = $2 and id < $3 order by id";
        let mut found = Vec::new();
        for subject in subjects {
            let ids: Vec<String> = reading!(self, connection => {
                sqlx::query_scalar(SQL).bind(organization_id).bind(subject).bind(before).fetch_all(&mut *connection).await?
            });
            found.extend(ids);
        }
        Ok(found)
    }

    /// Whether an erasure has marked submissions that are not erased yet.
    pub async fn has_marked(&self, erasure_id: &str) -> Result<bool, StoreError> {
        const SQL: &str =
            "select 1 from submissions where erasure_id = $1 and erasure_id is not null and erased_at is null limit 1";
        let some: Option<i32> = reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(erasure_id).fetch_optional(&mut *connection).await?
        });
        Ok(some.is_some())
    }

    /// Whether submissions of an organization are still to be processed that were received before this id.
    pub async fn has_received(&self, organization_id: &str, before: &str) -> Result<bool, StoreError> {
        const SQL: &str = "select 1 from campaigns c join submissions s on s.campaign_key = c.campaign_key and s.state = 'received' \
             and s.id < $2 where c.organization_id = $1 limit 1";
        let some: Option<i32> = reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(organization_id).bind(before).fetch_optional(&mut *connection).await?
        });
        Ok(some.is_some())
    }

    /// Those of an erasure's leads that have a submission which was received before this id.
    pub async fn leads_with_submissions(
        &self,
        organization_id: &str,
        lead_ids: &[String],
        before: &str,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        for lead_id in lead_ids {
            if !self.submissions_of_lead(organization_id, lead_id, ("", before), 1).await?.is_empty() {
                found.insert(lead_id.clone());
            }
        }
        Ok(found)
    }

    /// Deletes jobs before this id whose responses show leads; returns how many.
    #[boxed]
    pub async fn erase_jobs(
        &self,
        erasure: &OpenErasure,
        operations: &[&'static str],
        before: &str,
    ) -> Result<u64, StoreError> {
        let operations = operations.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let sql = format!("delete from jobs where organization_id = $1 and id < $2 and operation in ({operations})");
        Ok(writing!(self, Class::Housekeeping, connection => {
            let deleted = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(&erasure.organization_id).bind(before)
                .execute(&mut *connection).await?.rows_affected();
            super::count_erased!(connection, &erasure.organization_id, &erasure.id, [("jobs", i64::try_from(deleted).unwrap_or(i64::MAX))]);
            deleted
        }))
    }
}
