//! The commit at the end of processing: states, timeline, people, events and deliveries of a batch, together or not at all.

use super::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::{Store, StoreError};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::state::State;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What processing decided for one submission.
#[derive(Debug, Clone)]
pub struct Processed {
    /// The submission.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// How many transitions it had behind it when it was claimed.
    pub revision: i64,
    /// Where it stands now.
    pub state: State,
    /// Why, in one word.
    pub cause: &'static str,
    /// Facts for the timeline, a JSON object.
    pub detail: Option<Vec<u8>>,
    /// What it ran on.
    pub program_id: Option<String>,
    /// The person.
    pub lead: Option<ProcessedLead>,
    /// The verdict and remarks, a JSON object.
    pub decision: Option<Vec<u8>>,
    /// The tables that were read for it, a JSON object from names to digests.
    pub value_sets: Option<Vec<u8>>,
    /// The message to the client.
    pub delivery: Option<NewDelivery>,
    /// What happened, in order, each with its deliveries.
    pub events: Vec<NewEvent>,
    /// Set for a submission that was made in this batch: one element became several leads. One that is `received` is due at once.
    pub born: Option<Born>,
}

/// The mapped lead and the person it is.
#[derive(Debug, Clone)]
pub struct ProcessedLead {
    /// The person's id.
    pub lead_id: String,
    /// What identifies the person.
    pub identities: Vec<IdentityHash>,
    /// The lead as JSON.
    pub lead: Vec<u8>,
    /// Whether it is a test.
    pub is_test: bool,
}

/// Where a submission that was made in this batch comes from.
#[derive(Debug, Clone)]
pub struct Born {
    /// The submission of the element's first lead.
    pub parent_id: String,
    /// The request.
    pub request_id: String,
    /// The campaign (the store's id).
    pub campaign_id: String,
    /// The element's first byte.
    pub element_start: i64,
    /// The element's length.
    pub element_bytes: i64,
    /// When it was received.
    pub received_at: i64,
}

/// The lines of submissions that are back in line. They are written after the rows were changed: of two that put the same ones
/// back at the same moment, only the one that changed a row writes its line.
macro_rules! insert_received {
    ($connection:expr, $released:expr, $cause:expr, $now:expr) => {
        insert_many!(
            $connection,
            "insert into timeline (submission_id, revision, at, state, cause) values",
            "(?, ?, ?, 'received', ?)",
            "",
            $released,
            |query, row| query.bind(&row.0).bind(row.1).bind($now.0).bind($cause)
        )
    };
}

impl Store {
    /// The people known by these hashes.
    pub async fn known_leads(
        &self,
        organization_id: &str,
        hashes: &[IdentityHash],
    ) -> Result<HashMap<IdentityHash, String>, StoreError> {
        let mut known = HashMap::new();
        for chunk in super::database::chunks(hashes) {
            let holes: String = (0..chunk.len()).map(|at| format!(", ${}", at + 2)).collect();
            let sql = format!(
                "select identity_hash, lead_id from lead_identities where organization_id = $1 and identity_hash in (null{holes})"
            );
            let rows: Vec<(Vec<u8>, String)> = reading!(self, connection => {
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id);
                for hash in chunk {
                    query = query.bind(hash.as_slice());
                }
                query.fetch_all(&mut *connection).await?
            });
            known.extend(
                rows.into_iter().filter_map(|(hash, lead_id)| Some((IdentityHash::try_from(hash).ok()?, lead_id))),
            );
        }
        Ok(known)
    }

    /// Writes what a batch decided. A submission whose claim is no longer held by `token` is left to whoever holds it now;
    /// answers how many were written.
    pub async fn commit_processed(
        &self,
        token: &str,
        batch: &[Processed],
        started_at: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let claimed: Vec<&Processed> = batch.iter().filter(|p| p.born.is_none()).collect();
        Ok(writing!(self, connection => {
            let mut held: HashSet<String> = HashSet::with_capacity(claimed.len());
            for chunk in super::database::chunks(&claimed) {
                let sql = super::database::many_sql(&*connection, UPDATE_HEAD, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk.len(), UPDATE_TAIL);
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                for p in chunk {
                    query = query.bind(&p.id).bind(p.state.as_str()).bind(p.program_id.as_deref()).bind(p.lead.as_ref().map(|l| l.lead_id.as_str()))
                        .bind(p.lead.as_ref().map(|l| l.lead.as_slice())).bind(p.lead.as_ref().is_some_and(|l| l.is_test)).bind(p.decision.as_deref())
                        .bind(p.value_sets.as_deref()).bind(now.0).bind(token);
                }
                held.extend(query.fetch_all(&mut *connection).await?);
            }
            let kept: Vec<&Processed> = batch.iter().filter(|p| held.contains(p.born.as_ref().map_or(&p.id, |born| &born.parent_id))).collect();
            let born: Vec<(&Processed, &Born)> = kept.iter().filter_map(|p| p.born.as_ref().map(|born| (*p, born))).collect();
            insert_many!(connection,
                "insert into submissions (id, request_id, organization_id, campaign_id, parent_id, element_start, element_bytes, state, revision, received_at, \
                 updated_at, due_at, program_id, lead_id, lead, is_test, decision, value_sets) values",
                "(?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "on conflict (id) do nothing", &born,
                |query, row| query.bind(&row.0.id).bind(&row.1.request_id).bind(&row.0.organization_id).bind(&row.1.campaign_id).bind(&row.1.parent_id)
                    .bind(row.1.element_start).bind(row.1.element_bytes).bind(row.0.state.as_str()).bind(row.1.received_at).bind(now.0).bind((row.0.state == State::Received).then_some(now.0))
                    .bind(row.0.program_id.as_deref()).bind(row.0.lead.as_ref().map(|l| l.lead_id.as_str())).bind(row.0.lead.as_ref().map(|l| l.lead.as_slice()))
                    .bind(row.0.lead.as_ref().is_some_and(|l| l.is_test)).bind(row.0.decision.as_deref())
                    .bind(row.0.value_sets.as_deref()));
            let lines = timeline_of(&kept, started_at, now);
            insert_many!(connection, "insert into timeline (submission_id, revision, at, state, cause, detail) values", "(?, ?, ?, ?, ?, ?)", "on conflict do nothing", &lines,
                |query, line| query.bind(line.id).bind(line.revision).bind(line.at.0).bind(line.state.as_str()).bind(line.cause).bind(line.detail));
            let people = people_of(&kept);
            let identities: Vec<(&(&str, &IdentityHash), &&str)> = people.identities.iter().collect();
            insert_many!(connection, "insert into lead_identities (organization_id, identity_hash, lead_id) values", "(?, ?, ?)",
                "on conflict (organization_id, identity_hash) do nothing", &identities,
                |query, row| query.bind(row.0.0).bind(row.0.1.as_slice()).bind(*row.1));
            let leads: Vec<(&&str, &(&str, i64))> = people.leads.iter().collect();
            insert_many!(connection, "insert into leads (id, organization_id, created_at, updated_at, seen) values", "(?, ?, ?, ?, ?)",
                "on conflict (id) do update set updated_at = excluded.updated_at, seen = leads.seen + excluded.seen", &leads,
                |query, row| query.bind(*row.0).bind(row.1.0).bind(now.0).bind(now.0).bind(row.1.1));
            let events: Vec<&NewEvent> = kept.iter().flat_map(|p| &p.events).collect();
            insert_events!(connection, &events, now);
            let deliveries: Vec<&NewDelivery> = kept.iter().flat_map(|p| p.delivery.iter().chain(p.events.iter().flat_map(|e| &e.deliveries))).collect();
            insert_deliveries!(connection, &deliveries, now);
            held.len()
        }))
    }

    /// Puts submissions that wait for their campaign back in line: it was activated, or it was archived and they are to be
    /// canceled. One campaign, or all.
    pub async fn release_pending(&self, campaign_id: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        let waiting: Option<String> = reading!(self, connection => {
            sqlx::query_scalar("select s.id from submissions s join campaigns c on c.id = s.campaign_id where ((s.state = 'pending' \
                 and c.state in ('active', 'archived')) or (s.state = 'quarantined' and c.state = 'archived')) and ($1 = '' or s.campaign_id = $1) limit 1").bind(campaign_id.unwrap_or(""))
                .fetch_optional(&mut *connection).await?
        });
        if waiting.is_none() {
            return Ok(0);
        }
        // A quarantine may have been written at the very moment its campaign was archived.
        let sql = format!(
            "update submissions set state = 'received', due_at = received_at, revision = revision + 1, updated_at = $1 where id in (select id from submissions \
             where ((state = 'pending' and campaign_id in (select id from campaigns where state in ('active', 'archived'))) \
             or (state = 'quarantined' and campaign_id in (select id from campaigns where state = 'archived'))) and ($2 = '' or campaign_id = $2) \
             order by id limit $3 {}) returning id, revision",
            self.skip_locked()
        );
        self.release_in_pieces(&sql, [campaign_id.unwrap_or("")], "released", now).await
    }

    /// Releases some rows at a time until none is left, so that nobody waits for all of them. The statement's parameters are the
    /// time, the filters, and how many.
    async fn release_in_pieces<const N: usize>(
        &self,
        sql: &str,
        filters: [&str; N],
        cause: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        loop {
            let released: u64 = writing!(self, connection => {
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(now.0);
                for filter in filters {
                    query = query.bind(filter);
                }
                let released: Vec<(String, i64)> = query.bind(i64::try_from(RELEASED_PER_COMMIT).unwrap_or(i64::MAX)).fetch_all(&mut *connection).await?;
                insert_received!(connection, &released, cause, now);
                released.len() as u64
            });
            count += released;
            if released < RELEASED_PER_COMMIT {
                return Ok(count);
            }
        }
    }

    /// Puts quarantined submissions back in line: one, or all of a campaign. Answers how many.
    pub async fn reprocess_quarantined(
        &self,
        campaign_id: &str,
        submission_id: Option<&str>,
        cause: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // What is quarantined anew meanwhile stays: only what stood before is run again.
        let sql = format!(
            "update submissions set state = 'received', due_at = received_at, revision = revision + 1, updated_at = $1 where id in (select id from submissions \
             where campaign_id = $2 and state = 'quarantined' and updated_at <= $1 and ($3 = '' or id = $3) order by id limit $4 {}) returning id, revision",
            self.skip_locked()
        );
        self.release_in_pieces(&sql, [campaign_id, submission_id.unwrap_or("")], cause, now).await
    }
}

/// How many submissions one commit of a release puts back in line.
const RELEASED_PER_COMMIT: u64 = 1_000;

const UPDATE_HEAD: &str =
    "with v (id, state, program_id, lead_id, lead, is_test, decision, value_sets, at, claim) as (values";
const UPDATE_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 2, program_id = v.program_id, lead_id = v.lead_id, \
     lead = v.lead, is_test = v.is_test, decision = v.decision, value_sets = v.value_sets, updated_at = v.at, due_at = null, claim = null \
     from v where submissions.id = v.id and submissions.claim = v.claim returning submissions.id";

struct Line<'a> {
    id: &'a str,
    revision: i64,
    at: Timestamp,
    state: State,
    cause: &'a str,
    detail: Option<&'a [u8]>,
}

/// Two lines for each claimed submission, its processing and what it led to; one for each that was born in the batch.
fn timeline_of<'a>(kept: &[&'a Processed], started_at: Timestamp, now: Timestamp) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(kept.len() * 2);
    for p in kept {
        let result = |revision| Line {
            id: &p.id,
            revision,
            at: now,
            state: p.state,
            cause: p.cause,
            detail: p.detail.as_deref(),
        };
        if p.born.is_some() {
            lines.push(result(1));
            continue;
        }
        lines.push(Line {
            id: &p.id,
            revision: p.revision + 1,
            at: started_at,
            state: State::Processing,
            cause: "claimed",
            detail: None,
        });
        lines.push(result(p.revision + 2));
    }
    lines
}

/// The people of a batch, in one order for all hosts, so that two that write the same people never wait in a circle.
#[derive(Default)]
struct People<'a> {
    identities: BTreeMap<(&'a str, &'a IdentityHash), &'a str>,
    leads: BTreeMap<&'a str, (&'a str, i64)>,
}

fn people_of<'a>(kept: &[&'a Processed]) -> People<'a> {
    let mut people = People::default();
    for p in kept {
        let Some(lead) = &p.lead else { continue };
        people.leads.entry(lead.lead_id.as_str()).or_insert((p.organization_id.as_str(), 0)).1 += 1;
        for hash in &lead.identities {
            people.identities.entry((p.organization_id.as_str(), hash)).or_insert(lead.lead_id.as_str());
        }
    }
    people
}
