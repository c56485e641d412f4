//! The commit at the end of processing: states, timeline, people, events and deliveries of a batch, together or not at all. What counts is
//! decided here (FLOW 11, 12): who is the first under a key, and who gets a slot.

mod firsts;
mod slots;

use super::actions::{CANCEL_IF_ARCHIVED, set_review_priorities};
use super::campaigns::LOCK_CAMPAIGN;
use super::counts::{CountChanges, insert_count_changes};
use super::deliveries::{NewDelivery, NewEvent, insert_deliveries, insert_events};
use super::pings::cancel_pings;
use super::runs::RunStart;
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::state::{Change, State};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub use firsts::{First, FirstSubmission};
pub use slots::{LifecyclePremises, NoSlot, SlotPeriod};

use firsts::claim_firsts;
use slots::{Slots, decide_slots, restore_queued};

/// What processing decided for one submission.
#[derive(Debug, Clone)]
pub struct Processed {
    /// The submission.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// Whose lease covers its work.
    pub shard: u16,
    /// How many transitions it had when it was taken up: the row must still have as many (fencing).
    pub revision: i64,
    /// The state in which it was taken up.
    pub from: State,
    /// What ends processing.
    pub change: Change,
    /// Why, in one word.
    pub cause: &'static str,
    /// Details for the timeline, a JSON object.
    pub detail: Option<Vec<u8>>,
    /// What it ran on.
    pub campaign_version_id: Option<String>,
    /// Whether its lead, its decision and what is kept of it stay as they are stored: nothing was made anew.
    pub leaves_stored: bool,
    /// The person.
    pub lead: Option<ProcessedLead>,
    /// The verdict and warnings, a JSON object.
    pub decision: Option<Vec<u8>>,
    /// The tables that were read for it, a JSON object from names to digests.
    pub value_sets: Option<Vec<u8>>,
    /// Where it goes on when it is taken up next, as `stages::Kept` has it.
    pub kept: Option<Vec<u8>>,
    /// The keys under which it must be the first.
    pub firsts: Vec<First>,
    /// Whether the client gets it, so that it takes a slot of each cap; not for tests, which are not counted.
    pub takes_slot: bool,
    /// How urgently a person has to decide, for one that waits for that.
    pub review_priority: Option<i64>,
    /// Whether a slot must be free for it, and it takes none: clients are asked about it first.
    pub seeks_slot: bool,
    /// When it is taken up again by itself.
    pub run_at: Option<i64>,
    /// When the queue of its campaign is to be looked at, for one that is queued.
    pub queue_run_at: Option<i64>,
    /// The campaign that it is moved to.
    pub moved_to: Option<Move>,
    /// The message to the client.
    pub delivery: Option<NewDelivery>,
    /// The pings by which clients are asked for bids.
    pub pings: Vec<NewDelivery>,
    /// The events with their deliveries, in order.
    pub events: Vec<NewEvent>,
    /// Set for a submission that was made in this batch: one element became several leads.
    pub derived_from: Option<DerivedFrom>,
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
    /// Whether the submission is one of the person's already.
    pub is_counted: bool,
    /// The tags that it came with.
    pub tags: BTreeSet<String>,
}

/// A submission of another campaign that is made of one which ends, with its lead (L8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The other campaign (the store's id).
    pub campaign_key: String,
    /// The same as its users know it.
    pub campaign_id: String,
    /// Where it goes on there, as `stages::Kept` has it.
    pub kept: Vec<u8>,
}

/// What a commit of processing wrote.
#[derive(Debug, Default)]
pub struct Committed {
    /// The submissions that were taken up and written.
    pub written: HashSet<String>,
    /// Those that were written without a slot, or stay queued: nothing of what was made for them is sent.
    pub without_slot: HashSet<String>,
}

/// Where a submission that was made in this batch comes from.
#[derive(Debug, Clone)]
pub struct DerivedFrom {
    /// The submission of the element's first lead.
    pub parent_id: String,
    /// The request.
    pub request_id: String,
    /// The shard of the parent.
    pub shard: u16,
    /// The element's first byte.
    pub element_start: i64,
    /// The element's length.
    pub element_bytes: i64,
    /// When it was received.
    pub received_at: i64,
}

impl Processed {
    /// The submission that was taken up: itself, or the one it was made from.
    pub fn source_id(&self) -> &str {
        self.derived_from.as_ref().map_or(&self.id, |from| &from.parent_id)
    }
}

impl Store {
    /// The people known by these hashes.
    #[boxed]
    pub async fn known_leads(
        &self,
        organization_id: &str,
        hashes: &[IdentityHash],
    ) -> Result<HashMap<IdentityHash, String>, StoreError> {
        let hashes: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
        const SELECT: &str = ") select i.identity_hash, i.lead_id from v join lead_identities i on i.organization_id = v.organization_id and i.identity_hash = v.id";
        let rows = select_many!(self, query_as as (Vec<u8>, String), SELECT, organization_id, &hashes);
        let known = rows.into_iter().filter_map(|(hash, lead_id)| Some((IdentityHash::try_from(hash).ok()?, lead_id)));
        Ok(known.collect())
    }

    /// Writes what a run decided for a batch of one campaign, under `commit_id`. A submission that has moved on since it was taken up is left as it
    /// is. `Outdated`, and nothing is written, where another became the first under a key meanwhile, or the lifecycle was changed.
    #[boxed]
    pub async fn commit_processed(
        &self,
        commit_id: &str,
        batch: &[Processed],
        premises: Option<&LifecyclePremises<'_>>,
        run: &RunStart,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        let taken = batch.iter().filter(|p| p.derived_from.is_none());
        let (left, made): (Vec<&Processed>, Vec<&Processed>) = taken.partition(|p| p.leaves_stored);
        let turn = self.turn(Class::Processing).await?;
        Ok(committing!(self, turn, connection => {
            let mut matched: HashSet<String> = HashSet::with_capacity(left.len() + made.len());
            let chunks = super::database::chunks(&made).map(|chunk| (chunk, UPDATE_TAIL));
            for (chunk, tail) in chunks.chain(super::database::chunks(&left).map(|chunk| (chunk, LEAVE_STORED_TAIL))) {
                let sql = super::database::many_sql(&*connection, UPDATE_HEAD, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk.len(), tail);
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                for p in chunk {
                    query = query.bind(&p.organization_id).bind(&p.id).bind(p.revision).bind(p.from.as_str()).bind(p.change.to().as_str()).bind(p.campaign_version_id.as_deref())
                        .bind(p.lead.as_ref().map(|l| l.lead_id.as_str())).bind(p.lead.as_ref().map(|l| l.lead.as_slice()))
                        .bind(p.lead.as_ref().is_some_and(|l| l.is_test)).bind(p.decision.as_deref()).bind(p.value_sets.as_deref()).bind(p.kept.as_deref())
                        .bind(premises.filter(|_| p.takes_slot).and_then(LifecyclePremises::slots)).bind(p.run_at).bind(now.0);
                }
                matched.extend(query.fetch_all(&mut *connection).await?);
            }
            let written: Vec<&Processed> = batch.iter().filter(|p| matched.contains(p.source_id())).collect();
            claim_firsts!(connection, &written);
            cancel_pings!(connection, written, now);
            let slots = match premises {
                Some(premises) => decide_slots!(connection, premises, &written, now),
                None => Slots::default(),
            };
            let decided = written.into_iter().map(|p| slots.decided(p));
            let (unchanged, written): (Vec<&Processed>, Vec<&Processed>) = decided.partition(|p| p.stays_queued());
            restore_queued!(connection, &unchanged);
            let derived: Vec<(&Processed, &DerivedFrom)> = written.iter().filter_map(|p| p.derived_from.as_ref().map(|from| (*p, from))).collect();
            insert_many!(connection,
                "insert into submissions (id, request_id, organization_id, campaign_key, parent_id, shard, element_start, element_bytes, state, revision, received_at, \
                 updated_at, run_at, queued_at, campaign_version_id, lead_id, lead, is_test, decision, value_sets, kept, cap_slots) values",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "on conflict (organization_id, id) do nothing", &derived,
                |query, row| query.bind(&row.0.id).bind(&row.1.request_id).bind(&row.0.organization_id).bind(&row.0.campaign_key).bind(&row.1.parent_id)
                    .bind(i64::from(row.1.shard)).bind(row.1.element_start).bind(row.1.element_bytes).bind(row.0.change.to().as_str()).bind(row.1.received_at).bind(now.0)
                    .bind((row.0.change.to() == State::Received).then_some(now.0).or(row.0.run_at)).bind((row.0.change.to() == State::Queued).then_some(now.0))
                    .bind(row.0.campaign_version_id.as_deref()).bind(row.0.lead.as_ref().map(|l| l.lead_id.as_str())).bind(row.0.lead.as_ref().map(|l| l.lead.as_slice()))
                    .bind(row.0.lead.as_ref().is_some_and(|l| l.is_test)).bind(row.0.decision.as_deref())
                    .bind(row.0.value_sets.as_deref()).bind(row.0.kept.as_deref())
                    .bind(premises.filter(|_| row.0.takes_slot).and_then(LifecyclePremises::slots)));
            insert_many!(connection, "insert into timeline (organization_id, submission_id, revision, began_at, run_id, at, state, cause, detail) values",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?)", "on conflict do nothing", &written,
                |query, p| query.bind(&p.organization_id).bind(&p.id).bind(if p.derived_from.is_some() { 1 } else { p.revision + 2 })
                    .bind(p.derived_from.is_none().then_some(run.at.0)).bind(&run.id).bind(now.0).bind(p.change.to().as_str()).bind(p.cause).bind(p.detail.as_deref()));
            let mut counts = CountChanges::default();
            for p in &written {
                match p.derived_from {
                    Some(_) => counts.add(&p.organization_id, &p.campaign_key, p.change.to()),
                    None => {
                        if let Some(begin) = Change::new(p.from, State::Processing) {
                            counts.change(&p.organization_id, &p.campaign_key, begin);
                        }
                        counts.change(&p.organization_id, &p.campaign_key, p.change);
                    }
                }
            }
            let in_action: Vec<&Processed> = written.iter().copied().filter(|p| p.change.to() == State::PendingAction).collect();
            set_review_priorities!(connection, &in_action);
            let waiting: Vec<(&Processed, Change)> = written.iter().filter_map(|p| Some((*p, reopening(p.change.to())?))).collect();
            if let Some(first) = waiting.first().map(|(p, _)| p).or(in_action.first()) {
                let campaign_key = first.campaign_key.as_str();
                // Its campaign may be activated or archived, or get a client, at this very moment, and that release must not miss what comes to wait now:
                // one of the two waits for the other's commit.
                let state: Option<String> = sqlx::query_scalar(LOCK_CAMPAIGN).bind(campaign_key).fetch_optional(&mut *connection).await?;
                let state = state.as_deref().and_then(CampaignState::parse);
                let is_archived = state == Some(CampaignState::Archived);
                let goes_on = |from: State| is_archived || (state == Some(CampaignState::Active) && from == State::Pending);
                for (p, change) in waiting.into_iter().filter(|(_, change)| goes_on(change.from())) {
                    let reopened: Option<i64> = sqlx::query_scalar(REOPEN).bind(now.0).bind(&p.organization_id).bind(&p.id).fetch_optional(&mut *connection).await?;
                    let Some(revision) = reopened else { continue };
                    counts.change(&p.organization_id, campaign_key, change);
                    sqlx::query("insert into timeline (organization_id, submission_id, revision, at, state, cause) values ($1, $2, $3, $4, $5, 'released')")
                        .bind(&p.organization_id).bind(&p.id).bind(revision).bind(now.0).bind(change.to().as_str()).execute(&mut *connection).await?;
                }
                for p in in_action.iter().filter(|_| is_archived) {
                    sqlx::query(CANCEL_IF_ARCHIVED).bind(now.0).bind(&p.organization_id).bind(&p.id).execute(&mut *connection).await?;
                }
            }
            let people = collect_people(&written);
            let identities: Vec<(&(&str, &IdentityHash), &&str)> = people.identities.iter().collect();
            insert_many!(connection, "insert into lead_identities (organization_id, identity_hash, lead_id) values", "(?, ?, ?)",
                "on conflict (organization_id, identity_hash) do nothing", &identities,
                |query, row| query.bind(row.0.0).bind(row.0.1.as_slice()).bind(*row.1));
            let leads: Vec<(&(&str, &str), &i64)> = people.leads.iter().collect();
            insert_many!(connection, "insert into leads (organization_id, id, created_at, updated_at, submission_count) values", "(?, ?, ?, ?, ?)",
                "on conflict (organization_id, id) do update set updated_at = excluded.updated_at, submission_count = leads.submission_count + excluded.submission_count",
                &leads, |query, row| query.bind(row.0.0).bind(row.0.1).bind(now.0).bind(now.0).bind(*row.1));
            let tags: Vec<&(&str, &str, &str, &str)> = people.tags.iter().collect();
            insert_many!(connection, "insert into lead_tags (organization_id, lead_id, tag, campaign_key) values", "(?, ?, ?, ?)",
                "on conflict (organization_id, lead_id, tag, campaign_key) do nothing", &tags,
                |query, row| query.bind(row.0).bind(row.1).bind(row.2).bind(row.3));
            // Their people are there now.
            let moves: Vec<(&Processed, &Move)> = written.iter().filter_map(|p| Some((*p, p.moved_to.as_ref()?))).collect();
            for (p, moved) in &moves {
                insert_moved!(connection, &p.organization_id, &p.id, moved, now);
                counts.add(&p.organization_id, &moved.campaign_key, State::Received);
            }
            insert_count_changes!(self, connection, counts, now);
            let events: Vec<&NewEvent> = written.iter().flat_map(|p| &p.events).collect();
            insert_events!(connection, &events);
            let deliveries: Vec<&NewDelivery> = written.iter().flat_map(|p| p.delivery.iter().chain(&p.pings).chain(p.events.iter().flat_map(|e| &e.deliveries))).collect();
            insert_deliveries!(connection, &deliveries, now);
            insert_commit!(connection, commit_id, now);
            let unchanged = unchanged.into_iter().map(|p| p.id.clone()).collect::<Vec<_>>();
            Committed { written: matched, without_slot: slots.into_ids().into_iter().chain(unchanged).collect() }
        }))
    }
}

// `state || ''` is not a column, so that the rows are entered by their keys (see `outcome`).
const UPDATE_HEAD: &str = "with v (organization_id, id, revision, state_before, state, campaign_version_id, lead_id, lead, is_test, decision, value_sets, kept, cap_slots, run_at, at) as (values";
const LEAVE_STORED_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 2, campaign_version_id = v.campaign_version_id, \
     cap_slots = null, updated_at = v.at, run_at = v.run_at \
     from v where submissions.organization_id = v.organization_id and submissions.id = v.id and submissions.revision = v.revision \
     and submissions.state || '' = v.state_before returning submissions.id";
const UPDATE_TAIL: &str = ") update submissions set state = v.state, revision = submissions.revision + 2, campaign_version_id = v.campaign_version_id, lead_id = v.lead_id, \
     lead = v.lead, is_test = v.is_test, decision = v.decision, value_sets = v.value_sets, kept = v.kept, cap_slots = v.cap_slots, updated_at = v.at, run_at = v.run_at, \
     queued_at = case when v.state = 'queued' and v.state_before <> 'queued' then v.at else submissions.queued_at end \
     from v where submissions.organization_id = v.organization_id and submissions.id = v.id and submissions.revision = v.revision \
     and submissions.state || '' = v.state_before returning submissions.id";

/// A submission that came to wait while its campaign came to be archived, or active with a place for its leads, is processed at once.
const REOPEN: &str = "update submissions set state = 'received', run_at = $1, revision = revision + 1 where organization_id = $2 and id = $3 \
     and exists (select 1 from campaigns c where c.campaign_key = submissions.campaign_key and \
     ((submissions.state = 'pending' and (c.state = 'archived' or (c.state = 'active' and (c.delivery = 'store_only' \
     or exists (select 1 from destinations d where d.owner_id = c.campaign_key and d.kind = 'client'))))) \
     or (submissions.state = 'quarantined' and c.state = 'archived'))) returning revision";

/// A submission that is made of one which ends is due at once. It takes the parent's shard: whoever has that reads it.
pub(super) const INSERT_MOVED: &str = "insert into submissions (id, request_id, organization_id, campaign_key, parent_id, shard, element_start, element_bytes, state, revision, \
     received_at, updated_at, run_at, lead_id, lead, is_test, kept) \
     select s.id || '.' || cast(1 + coalesce((select max(cast(substr(c.id, length(s.id) + 2) as bigint)) from submissions c \
     where c.organization_id = s.organization_id and c.parent_id = s.id), 0) as text), s.request_id, \
     s.organization_id, $3, s.id, s.shard, s.element_start, s.element_bytes, 'received', 0, $4, $4, $4, s.lead_id, s.lead, s.is_test, $5 \
     from submissions s where s.organization_id = $1 and s.id = $2";

/// Inserts a submission that is moved to another campaign; the person has one more.
macro_rules! insert_moved {
    ($connection:expr, $organization_id:expr, $id:expr, $moved:expr, $now:expr) => {
        sqlx::query($crate::processed::INSERT_MOVED)
            .bind($organization_id)
            .bind($id)
            .bind(&$moved.campaign_key)
            .bind($now.0)
            .bind($moved.kept.as_slice())
            .execute(&mut *$connection)
            .await?;
        sqlx::query($crate::processed::COUNT_MOVED)
            .bind($now.0)
            .bind($organization_id)
            .bind($id)
            .execute(&mut *$connection)
            .await?;
    };
}
pub(super) use insert_moved;

pub(super) const COUNT_MOVED: &str = "update leads set submission_count = submission_count + 1, updated_at = $1 where organization_id = $2 and id = \
     (select lead_id from submissions where organization_id = $2 and id = $3)";

/// How one that came to wait is taken up again.
fn reopening(state: State) -> Option<Change> {
    match state {
        State::Pending => Some(Change::RELEASE),
        State::Quarantined => Some(Change::REPROCESS),
        _ => None,
    }
}

/// The people of a batch, in one order for all hosts, so that two that write the same people never wait in a circle.
#[derive(Default)]
struct People<'a> {
    identities: BTreeMap<(&'a str, &'a IdentityHash), &'a str>,
    leads: BTreeMap<(&'a str, &'a str), i64>,
    /// Organization, lead, tag and campaign.
    tags: BTreeSet<(&'a str, &'a str, &'a str, &'a str)>,
}

fn collect_people<'a>(written: &[&'a Processed]) -> People<'a> {
    let mut people = People::default();
    for p in written {
        let Some(lead) = &p.lead else { continue };
        let organization_id = p.organization_id.as_str();
        *people.leads.entry((organization_id, lead.lead_id.as_str())).or_default() += i64::from(!lead.is_counted);
        let of_tag = |tag: &'a String| (organization_id, lead.lead_id.as_str(), tag.as_str(), p.campaign_key.as_str());
        people.tags.extend(lead.tags.iter().map(of_tag));
        for hash in &lead.identities {
            people.identities.entry((organization_id, hash)).or_insert(lead.lead_id.as_str());
        }
    }
    people
}
