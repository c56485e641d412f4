//! The commit of a batch, in parts where one of its rows spoils it: its neighbours are written, and it waits for a person.

use super::Pipeline;
use super::finish::{CampaignContext, EventAbout, Transition};
use super::rendered::json;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_store::processed::{Committed, LifecyclePremises, Processed};
use hookmill_store::runs::RunStart;
use hookmill_store::{Remedy, StoreError};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// How often a batch is written again whose commit met somebody else's.
const AGAIN_MAX: usize = 3;

/// What came of writing a batch.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The submissions that were written.
    pub(crate) written: HashSet<String>,
    /// Those that were written without a slot: nothing of theirs is sent.
    pub(crate) without_slot: HashSet<String>,
    /// Whether a part is written whose response was lost: what follows from it is in the store.
    pub(crate) is_response_lost: bool,
    /// Whether a submission went into quarantine because it could not be written as it was decided.
    pub(crate) has_unwritable: bool,
    /// Why a part was not written; it stays due.
    pub(crate) error: Option<StoreError>,
}

impl Parts {
    fn failed(error: StoreError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    fn and(mut self, other: Self) -> Self {
        self.written.extend(other.written);
        self.without_slot.extend(other.without_slot);
        Self {
            written: self.written,
            without_slot: self.without_slot,
            is_response_lost: self.is_response_lost || other.is_response_lost,
            has_unwritable: self.has_unwritable || other.has_unwritable,
            error: self.error.or(other.error),
        }
    }
}

impl Pipeline {
    /// Writes the rows of a batch, those of one element side by side (see [`by_source`]).
    #[boxed]
    pub(crate) async fn write_parts(
        &self,
        context: &CampaignContext,
        rows: &[Processed],
        premises: Option<&LifecyclePremises<'_>>,
        began: &RunStart,
        now: Timestamp,
    ) -> Parts {
        let mut attempt = 0;
        loop {
            let commit_id = self.ids.new_id("cmt", now);
            let error = match self.store.commit_processed(&commit_id, rows, premises, began, now).await {
                Ok(Committed { written, without_slot }) => return Parts { written, without_slot, ..Parts::default() },
                // What it was decided by has changed: it is decided again.
                Err(error @ StoreError::Outdated) => return Parts::failed(error),
                Err(error) => error,
            };
            match error.trouble().remedy() {
                // The response may be lost and the commit not: nothing goes on before that is known.
                Remedy::Later if self.wait_for_commit(&commit_id).await => {
                    return Parts { is_response_lost: true, ..Parts::default() };
                }
                Remedy::Again if attempt < AGAIN_MAX => attempt += 1,
                Remedy::Later | Remedy::Again => return Parts::failed(error),
                Remedy::Halve => {
                    return match halves(rows) {
                        Some((first, second)) => {
                            let first = self.write_parts(context, first, premises, began, now).await;
                            first.and(self.write_parts(context, second, premises, began, now).await)
                        }
                        None if error.is_of_row() => self.write_unwritable(context, rows, &error, began, now).await,
                        None => Parts::failed(error),
                    };
                }
            }
        }
    }

    /// Has what became of one element wait for a person, without whatever of it the database does not take.
    async fn write_unwritable(
        &self,
        context: &CampaignContext,
        rows: &[Processed],
        error: &StoreError,
        began: &RunStart,
        now: Timestamp,
    ) -> Parts {
        let Some(row) = rows.iter().find(|row| row.derived_from.is_none()) else { return Parts::default() };
        tracing::error!(submission_id = row.id, error = %error, "a submission could not be written; it is quarantined");
        let commit_id = self.ids.new_id("cmt", now);
        let instead = self.unwritable(context, row, now);
        match self.store.commit_processed(&commit_id, std::slice::from_ref(&instead), None, began, now).await {
            Ok(_) => {
                self.read_events(&instead.events, now);
                Parts { has_unwritable: true, ..Parts::default() }
            }
            Err(error) => Parts::failed(error),
        }
    }

    fn unwritable(&self, context: &CampaignContext, row: &Processed, now: Timestamp) -> Processed {
        let detail =
            json!({ "detail": "the database does not take what became of this lead; the host's log says why" });
        let Transition { change, cause, detail } = Transition::quarantined("unwritable", detail);
        let about = EventAbout { submission_id: &row.id, shard: row.shard };
        Processed {
            change,
            cause,
            detail: detail.as_ref().map(json),
            leaves_stored: true,
            lead: None,
            decision: None,
            value_sets: None,
            kept: None,
            firsts: Vec::new(),
            takes_slot: false,
            review_priority: None,
            seeks_slot: false,
            run_at: None,
            queue_run_at: None,
            moved_to: None,
            delivery: None,
            pings: Vec::new(),
            events: self.events(context, about, change.to(), false, detail.as_ref(), now),
            ..row.clone()
        }
    }
}

/// Has the rows of one element stand side by side: they are written together.
pub(crate) fn by_source(mut rows: Vec<Processed>) -> Vec<Processed> {
    let mut order: HashMap<String, usize> = HashMap::new();
    for row in &rows {
        let next = order.len();
        order.entry(row.source_id().to_owned()).or_insert(next);
    }
    rows.sort_by_key(|row| order.get(row.source_id()).copied());
    rows
}

/// Two parts with whole elements; none where there is one element only.
fn halves(rows: &[Processed]) -> Option<(&[Processed], &[Processed])> {
    let is_border = |at: &usize| rows[*at - 1].source_id() != rows[*at].source_id();
    let middle = rows.len().div_ceil(2).max(1);
    let border = (middle..rows.len()).find(is_border).or_else(|| (1..middle).rev().find(is_border))?;
    Some(rows.split_at(border))
}
