//! Submissions that are posted again: each becomes a new one with its lead, and stays as it is.

use super::{AskedBy, Written, begin_step, end_step};
use crate::counts::{CountChanges, insert_count_changes};
use crate::turns::{self, Class};
use crate::{Store, StoreError};
use hookmill_domain::bulk::BulkOperation;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::State;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A submission that is posted again.
#[derive(Debug, Clone)]
pub struct Repost {
    /// Its organization.
    pub organization_id: String,
    /// Its id: the new one's id is made of it.
    pub parent_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// Where the new one goes on when it is taken up.
    pub kept: Vec<u8>,
    /// The lead in place of its own.
    pub edited: Option<EditedLead>,
    /// When the new one counts as received.
    pub received_at: Timestamp,
}

/// A lead that was edited.
#[derive(Debug, Clone)]
pub struct EditedLead {
    /// The person; none where nothing in the lead says who it is, so that it stays the same.
    pub lead_id: Option<String>,
    /// The lead as JSON.
    pub lead: Vec<u8>,
}

/// A submission that was made.
struct Made {
    organization_id: String,
    id: String,
    parent_id: String,
    campaign_key: String,
    shard: i64,
    lead_id: Option<String>,
}
from_row!(Made { organization_id, id, parent_id, campaign_key, shard, lead_id });

/// How often a number is looked for that nobody has.
const ROUNDS_MAX: usize = 3;

const CHILDREN: &str = "with v (organization_id, id) as (values";
const CHILDREN_TAIL: &str = ") select s.parent_id, s.id from v join submissions s on s.organization_id = v.organization_id and s.parent_id = v.id";
const INSERT: &str = "with v (organization_id, id, parent_id, received_at, at, kept, lead_id, lead) as (values";

/// The rows of what is posted again. One that is not over, whose person was erased, or whose lead is gone, is not; nor one whose id somebody took at this very moment.
fn insert_tail() -> String {
    let terminal = BulkOperation::Repost.states().iter().map(|state| format!("'{}'", state.as_str()));
    let terminal = terminal.collect::<Vec<_>>().join(", ");
    format!(
        ") insert into submissions (organization_id, id, request_id, campaign_key, parent_id, shard, element_start, element_bytes, state, revision, received_at, updated_at, \
         run_at, lead_id, lead, is_test, kept) select p.organization_id, v.id, p.request_id, p.campaign_key, p.id, p.shard, p.element_start, p.element_bytes, \
         'received', 0, v.received_at, v.at, v.at, coalesce(v.lead_id, p.lead_id), coalesce(v.lead, p.lead), p.is_test, v.kept \
         from v join submissions p on p.organization_id = v.organization_id and p.id = v.parent_id \
         where p.state || '' in ({terminal}) and p.erased_at is null and coalesce(v.lead, p.lead) is not null \
         on conflict (organization_id, id) do nothing returning organization_id, id, parent_id, campaign_key, shard, lead_id"
    )
}

impl Store {
    /// Posts submissions again, each as a new one with the next number behind its id. None where nothing was written: the job is no longer
    /// its host's, or nothing was to be changed.
    pub async fn repost_submissions(
        &self,
        reposts: &[Repost],
        cause: &str,
        detail: &[u8],
        by: AskedBy<'_>,
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let class = if matches!(by, AskedBy::Job(_)) { Class::Housekeeping } else { Class::People };
        let tail = insert_tail();
        let (made, elapsed_ms) = writing!(self, class, connection => {
            let began = turns::now();
            begin_step!(self, connection, by, now);
            let mut made: Vec<Made> = Vec::with_capacity(reposts.len());
            let mut left: Vec<&Repost> = reposts.iter().collect();
            // Somebody may take a number at this very moment: then it is the next one.
            for _ in 0..ROUNDS_MAX {
                let mut children: HashMap<String, Vec<String>> = HashMap::new();
                for chunk in crate::database::chunks(&left) {
                    let sql = crate::database::many_sql(&*connection, CHILDREN, "(?, ?)", chunk.len(), CHILDREN_TAIL);
                    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                    for one in chunk {
                        query = query.bind(&one.organization_id).bind(&one.parent_id);
                    }
                    let rows: Vec<(String, String)> = query.fetch_all(&mut *connection).await?;
                    rows.into_iter().for_each(|(parent_id, id)| children.entry(parent_id).or_default().push(id));
                }
                let new: Vec<(String, &Repost)> = left.iter().map(|of| {
                    let known = children.get(&of.parent_id).map(Vec::as_slice).unwrap_or_default();
                    (next_child_id(&of.parent_id, known), *of)
                }).collect();
                for chunk in crate::database::chunks(&new) {
                    let sql = crate::database::many_sql(&*connection, INSERT, "(?, ?, ?, ?, ?, ?, ?, ?)", chunk.len(), &tail);
                    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                    for (id, of) in chunk {
                        let edited = of.edited.as_ref();
                        query = query.bind(&of.organization_id).bind(id).bind(&of.parent_id).bind(of.received_at.0).bind(now.0).bind(of.kept.as_slice())
                            .bind(edited.and_then(|edited| edited.lead_id.as_deref())).bind(edited.map(|edited| edited.lead.as_slice()));
                    }
                    made.extend(query.fetch_all(&mut *connection).await?);
                }
                let parents: HashSet<&str> = made.iter().map(|one| one.parent_id.as_str()).collect();
                left.retain(|of| !parents.contains(of.parent_id.as_str()));
                if left.is_empty() {
                    break;
                }
            }
            // Its timeline begins with where it comes from.
            insert_many!(connection, "insert into timeline (organization_id, submission_id, revision, at, state, cause, detail) values", "(?, ?, 0, ?, 'received', ?, ?)", "", &made,
                |query, one| query.bind(&one.organization_id).bind(&one.id).bind(now.0).bind(cause).bind(detail));
            let mut counts = CountChanges::default();
            made.iter().for_each(|one| counts.add(&one.organization_id, &one.campaign_key, State::Received));
            insert_count_changes!(self, connection, counts, now);
            let mut people: BTreeMap<(&str, &str), i64> = BTreeMap::new();
            for one in &made {
                if let Some(lead_id) = &one.lead_id {
                    *people.entry((&one.organization_id, lead_id)).or_default() += 1;
                }
            }
            // The person has one more.
            let people: Vec<(&(&str, &str), &i64)> = people.iter().collect();
            insert_many!(connection, "insert into leads (organization_id, id, created_at, updated_at, submission_count) values", "(?, ?, ?, ?, ?)",
                "on conflict (organization_id, id) do update set updated_at = excluded.updated_at, submission_count = leads.submission_count + excluded.submission_count",
                &people, |query, row| query.bind(row.0.0).bind(row.0.1).bind(now.0).bind(now.0).bind(*row.1));
            end_step!(connection, by, made.len());
            (made, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
        });
        let written = Written {
            submissions: made.into_iter().map(|one| (one.id, u16::try_from(one.shard).unwrap_or(0))).collect(),
            elapsed_ms,
        };
        self.signal_shards(&written.submissions.iter().map(|(_, shard)| *shard).collect::<Vec<_>>()).await?;
        Ok(Some(written))
    }
}

/// The id of the next submission that is made of another: its id, a dot and the next number that none has.
fn next_child_id(parent_id: &str, children: &[String]) -> String {
    let numbers = children.iter().filter_map(|id| id.rsplit_once('.')?.1.parse::<usize>().ok());
    let next = numbers.max().unwrap_or(0).max(children.len()) + 1;
    format!("{parent_id}.{next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i3_a_child_has_the_next_number() {
        let next =
            |children: &[&str]| next_child_id("a-0", &children.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(next(&[]), "a-0.1");
        assert_eq!(next(&["a-0.2", "a-0.1"]), "a-0.3");
        assert_eq!(next(&["a-0.9"]), "a-0.10", "numbers are not used again");
        assert_eq!(next_child_id("a-0.1", &["a-0.1.1".to_owned()]), "a-0.1.2");
    }
}
