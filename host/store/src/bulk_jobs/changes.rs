//! Submissions whose state a person has changed: reprocessed or withdrawn, one of them or many in a piece of a bulk job.

use super::{AskedBy, Written, begin_step, end_step};
use crate::counts::{CountChanges, insert_count_changes};
use crate::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use crate::turns::{self, Class};
use crate::{Store, StoreError};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::{Change, State};
use std::collections::HashMap;

/// A submission whose state is changed.
#[derive(Debug, Clone)]
pub struct SubmissionChange {
    /// Its organization.
    pub organization_id: String,
    /// Its id.
    pub id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// How many transitions it had: the row must still have as many (fencing).
    pub revision: i64,
    /// What happens to it: the row must still be in the state that is left (fencing).
    pub change: Change,
    /// Where it goes on when it is taken up; none where it begins with its element.
    pub kept: Option<Vec<u8>>,
    /// The events, in order.
    pub events: Vec<NewEvent>,
}

// `state || ''` is not a column, so that the rows are entered by their keys (see `outcome`).
const UPDATE: &str = "with v (organization_id, id, revision, state_before, state, kept, at) as (values";
const UPDATE_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 1, updated_at = v.at, kept = v.kept, \
     run_at = case when v.state = 'received' then submissions.received_at else null end from v \
     where submissions.organization_id = v.organization_id and submissions.id = v.id and submissions.revision = v.revision \
     and submissions.state || '' = v.state_before returning submissions.id, submissions.shard";
/// What is to be asked about a submission that waits for the response is not asked any more; what tells of it is sent.
const CANCEL: &str = "with v (organization_id, id, at) as (values";
const CANCEL_TAIL: &str = ") update deliveries set state = 'canceled', run_at = null, updated_at = v.at from v \
     where deliveries.organization_id = v.organization_id and deliveries.submission_id = v.id and deliveries.destination_kind = 'action' \
     and deliveries.state || '' in ('waiting', 'held')";

impl Store {
    /// Changes the states of submissions; those that have moved on meanwhile stay as they are. None where nothing was written: the job is no longer its
    /// host's, or nothing was to be changed.
    pub async fn change_submissions(
        &self,
        changes: &[SubmissionChange],
        cause: &str,
        detail: &[u8],
        by: AskedBy<'_>,
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let class = if matches!(by, AskedBy::Job(_)) { Class::Housekeeping } else { Class::People };
        let (changed, elapsed_ms) = writing!(self, class, connection => {
            let began = turns::now();
            begin_step!(self, connection, by, now);
            let mut changed: HashMap<String, i64> = HashMap::with_capacity(changes.len());
            for chunk in crate::database::chunks(changes) {
                let sql = crate::database::many_sql(&*connection, UPDATE, "(?, ?, ?, ?, ?, ?, ?)", chunk.len(), UPDATE_TAIL);
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                for one in chunk {
                    query = query.bind(&one.organization_id).bind(&one.id).bind(one.revision).bind(one.change.from().as_str())
                        .bind(one.change.to().as_str()).bind(one.kept.as_deref()).bind(now.0);
                }
                let rows: Vec<(String, i64)> = query.fetch_all(&mut *connection).await?;
                changed.extend(rows);
            }
            let written: Vec<&SubmissionChange> = changes.iter().filter(|one| changed.contains_key(&one.id)).collect();
            insert_many!(connection, "insert into timeline (organization_id, submission_id, revision, at, state, cause, detail) values", "(?, ?, ?, ?, ?, ?, ?)", "", &written,
                |query, one| query.bind(&one.organization_id).bind(&one.id).bind(one.revision + 1).bind(now.0).bind(one.change.to().as_str()).bind(cause).bind(detail));
            let acted_on: Vec<&SubmissionChange> = written.iter().copied().filter(|one| one.change.from() == State::PendingAction).collect();
            insert_many!(connection, CANCEL, "(?, ?, ?)", CANCEL_TAIL, &acted_on,
                |query, one| query.bind(&one.organization_id).bind(&one.id).bind(now.0));
            let mut counts = CountChanges::default();
            written.iter().for_each(|one| counts.change(&one.organization_id, &one.campaign_key, one.change));
            insert_count_changes!(self, connection, counts, now);
            let events: Vec<&NewEvent> = written.iter().flat_map(|one| &one.events).collect();
            insert_events!(connection, &events);
            let deliveries: Vec<&NewDelivery> = events.iter().flat_map(|event| &event.deliveries).collect();
            insert_deliveries!(connection, &deliveries, now);
            end_step!(connection, by, changed.len());
            (changed, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
        });
        let written = Written {
            submissions: changed.into_iter().map(|(id, shard)| (id, u16::try_from(shard).unwrap_or(0))).collect(),
            elapsed_ms,
        };
        self.signal_shards(&written.submissions.iter().map(|(_, shard)| *shard).collect::<Vec<_>>()).await?;
        Ok(Some(written))
    }
}
