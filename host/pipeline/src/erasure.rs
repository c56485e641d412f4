//! Erasing a person (L12), as one chore that goes on where it stood. Its **search** marks the submissions of the person: those of the person's
//! leads, and those that were never mapped and name the person ([`search`]). The **owner** of each marked submission erases it once nothing of
//! it is under way ([`owner`]), which a request that has left may take some time. When nothing of before is left, the leads go.
//!
//! What came after the person was to be erased is another person's and stays.

mod body;
mod owner;
mod person;
mod reported;
mod search;

use super::Pipeline;
use super::rendered::json;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::ids::lowest_id;
use hookmill_domain::person::Address;
use hookmill_store::StoreError;
use hookmill_store::audit::AuditEntry;
use hookmill_store::erasures::{NewErasure, OpenErasure};
use hookmill_store::organizations::Organization;
pub(crate) use person::KnownPerson;
pub(crate) use search::{FoundRejected, Scan};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many erasures of an organization may be under way.
const UNDER_WAY_MAX: i64 = 100;
/// How many erasures one round goes on with.
const ERASURES_PER_ROUND: i64 = 32;
/// How many pieces of the search one round does for each.
const PIECES_PER_ROUND: usize = 64;
/// How many submissions one piece marks.
const MARKED_PER_PIECE: i64 = 500;
/// The name of the search among the chores, and how long a host has it to itself.
const CHORE: &str = "erase";
const CHORE_LEASE_MS: i64 = 30_000;
/// The operations whose kept responses show leads.
const OPERATIONS: [&str; 5] = ["compareVersions", "dryRun", "generateMessage", "previewCampaign", "replaySubmission"];
/// How often somebody who waits for an erasure looks, in milliseconds.
const LOOK_MS: u64 = 20;

/// Where the search of an erasure stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Step {
    /// Who the person is.
    Identify,
    /// The submissions of the person's leads.
    Mapped,
    /// The submissions that were never mapped; `is_second` for those that have changed since the person was to be erased.
    Unmapped {
        /// Where it goes on.
        scan: Scan,
        /// Whether it is the second time.
        is_second: bool,
    },
    /// The rejected elements of accepted requests, after this one.
    Requests {
        /// The last request that was looked at.
        after: String,
    },
    /// The rejected requests, the newest first, before this one.
    Rejected {
        /// The last request that was looked at.
        before: String,
    },
    /// Whatever is under way ends; `is_searched` once the second search is done.
    Settle {
        /// Whether nothing is left to be searched.
        is_searched: bool,
    },
    /// Nothing is left to be done.
    Done,
}

/// What came of a piece of the search.
enum Piece {
    /// It goes on there.
    Next(Step),
    /// Something has to end first.
    Waits,
    /// The erasure has ended.
    Done,
}

/// Below it are the ids of what came before the person was to be erased.
pub(crate) fn border(prefix: &str, requested_at: Timestamp) -> String {
    lowest_id(prefix, requested_at.plus_ms(1))
}

impl Pipeline {
    /// Begins to erase a person; returns the erasure's id.
    #[boxed]
    pub async fn erase_person(
        &self,
        organization: &Organization,
        address: Address,
        entry: &AuditEntry,
    ) -> Result<String, ApiError> {
        let new = NewErasure {
            organization_id: &organization.id,
            person_hash: address.proof(&organization.salt),
            person: &json(&KnownPerson::named(address)),
            progress: &json(&Step::Identify),
        };
        let begun = self.people.begin_erasure(&new, UNDER_WAY_MAX, entry, self.clock.now()).await;
        let id = begun.map_err(unavailable)?.ok_or_else(too_many)?;
        self.flow.erase.notify_one();
        Ok(id)
    }

    /// Waits until an erasure has ended, for so long at most.
    #[boxed]
    pub async fn wait_for_erasure(&self, organization_id: &str, id: &str, wait: Duration) -> Result<(), ApiError> {
        let ended = async {
            while self.people.erasure_finished_at(organization_id, id).await.map_err(unavailable)?.is_none() {
                tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
            }
            Ok(())
        };
        tokio::time::timeout(wait, ended).await.unwrap_or(Ok(()))
    }

    /// Goes on with the erasures that are under way; returns whether there are any.
    pub(crate) async fn run_erasures(&self) -> Result<bool, StoreError> {
        let open = self.store.erasures_under_way(ERASURES_PER_ROUND).await?;
        if open.is_empty() {
            return Ok(false);
        }
        self.own_all(&open).await;
        let now = self.clock.now();
        let (host, is_shared) = (self.flow.host(), self.store.is_shared());
        // On SQLite there is nobody to share it with.
        if is_shared && !self.store.take_chore(CHORE, host, CHORE_LEASE_MS, CHORE_LEASE_MS, now).await? {
            return Ok(true);
        }
        for erasure in &open {
            let (organization_id, erasure_id) = (&erasure.organization_id, &erasure.id);
            if let Err(error) = self.search(erasure).await {
                tracing::warn!(organization_id, erasure_id, error = %error, "an erasure could not go on; will be retried");
            }
        }
        if is_shared {
            self.store.end_chore(CHORE, host, now).await?;
        }
        self.own_all(&open).await;
        Ok(true)
    }

    /// Erases what is marked in this host's shards.
    async fn own_all(&self, open: &[OpenErasure]) {
        for erasure in open {
            let (organization_id, erasure_id) = (&erasure.organization_id, &erasure.id);
            if let Err(error) = self.erase_owned(erasure).await {
                tracing::warn!(organization_id, erasure_id, error = %error, "submissions could not be erased; will be retried");
            }
        }
    }

    async fn erase_owned(&self, erasure: &OpenErasure) -> Result<(), StoreError> {
        self.erase_marked(erasure).await?;
        self.erase_reported(erasure).await
    }

    /// Goes on with the search of an erasure, by some pieces.
    async fn search(&self, erasure: &OpenErasure) -> Result<(), StoreError> {
        let organization = self.store.organization(&erasure.organization_id).await?;
        let organization = organization
            .ok_or_else(|| StoreError::corrupt("organizations", &erasure.organization_id, "an erasure refers to it"))?;
        let mut person = KnownPerson::read(erasure)?;
        let mut step: Step = serde_json::from_slice(&erasure.progress)
            .map_err(|error| StoreError::corrupt("erasures", &erasure.id, error))?;
        for _ in 0..PIECES_PER_ROUND {
            let is_first = step == Step::Identify;
            if is_first {
                person = self.know_person(&self.store, &organization, person).await?;
            }
            match self.search_piece(erasure, &organization, &person, step).await? {
                Piece::Next(next) => {
                    let known = is_first.then(|| json(&person));
                    self.store.save_erasure(erasure, known.as_deref(), &json(&next)).await?;
                    step = next;
                }
                Piece::Waits | Piece::Done => return Ok(()),
            }
        }
        Ok(())
    }

    async fn search_piece(
        &self,
        erasure: &OpenErasure,
        organization: &Organization,
        person: &KnownPerson,
        step: Step,
    ) -> Result<Piece, StoreError> {
        let next = match step {
            Step::Identify => Step::Mapped,
            Step::Mapped => {
                self.mark_mapped(erasure, person).await?;
                Step::Unmapped { scan: Scan::default(), is_second: false }
            }
            Step::Unmapped { scan, is_second } => {
                let since = is_second.then_some(erasure.requested_at);
                let before = border("req", erasure.requested_at);
                let found = self.find_unmapped(&self.store, &organization.id, person, scan, (&before, since)).await?;
                let ids: Vec<&str> = found.elements.iter().map(|element| element.submission_id.as_str()).collect();
                self.mark(erasure, &ids).await?;
                match (found.next, is_second) {
                    (Some(scan), is_second) => Step::Unmapped { scan, is_second },
                    (None, false) => Step::Requests { after: String::new() },
                    (None, true) => Step::Settle { is_searched: true },
                }
            }
            Step::Requests { after } => match self.erase_rejected_elements(erasure, person, &after).await? {
                Some(after) => Step::Requests { after },
                None => Step::Rejected { before: border("rej", erasure.requested_at) },
            },
            Step::Rejected { before } => match self.erase_rejected_requests(erasure, person, &before).await? {
                Some(before) => Step::Rejected { before },
                None => Step::Settle { is_searched: false },
            },
            Step::Settle { is_searched } => return self.settle(erasure, organization, person, is_searched).await,
            Step::Done => return Ok(Piece::Done),
        };
        Ok(Piece::Next(next))
    }

    /// Ends an erasure when nothing of before is left that could show more of the person.
    async fn settle(
        &self,
        erasure: &OpenErasure,
        organization: &Organization,
        person: &KnownPerson,
        is_searched: bool,
    ) -> Result<Piece, StoreError> {
        let before = border("req", erasure.requested_at);
        // What was being processed when the search began has its lead by now.
        self.mark_mapped(erasure, person).await?;
        let reported = self.reported_of(erasure, organization, person).await?;
        let is_open = self.store.has_marked(&erasure.id).await?
            || self.store.has_received(&organization.id, &before).await?
            || !self.waiting_reports(erasure, &reported).await?.is_empty()
            || !self.store.leads_with_submissions(&organization.id, &person.lead_ids, &before).await?.is_empty();
        if is_open {
            return Ok(Piece::Waits);
        }
        if !is_searched {
            return Ok(Piece::Next(Step::Unmapped { scan: Scan::default(), is_second: true }));
        }
        let now = self.clock.now();
        self.store.erase_jobs(erasure, &OPERATIONS, &border("job", erasure.requested_at)).await?;
        let (lead_ids, salt) = (&person.lead_ids, &organization.salt);
        if self.store.finish_erasure(erasure, lead_ids, &reported, salt, &json(&Step::Done), now).await? {
            let (organization_id, erasure_id) = (&erasure.organization_id, &erasure.id);
            tracing::info!(organization_id, erasure_id, "a person was erased");
        }
        Ok(Piece::Done)
    }

    /// Marks the submissions of the person's leads.
    async fn mark_mapped(&self, erasure: &OpenErasure, person: &KnownPerson) -> Result<(), StoreError> {
        let before = border("req", erasure.requested_at);
        for lead_id in &person.lead_ids {
            let mut after = String::new();
            loop {
                let (organization_id, range) = (&erasure.organization_id, (after.as_str(), before.as_str()));
                let ids = self.store.submissions_of_lead(organization_id, lead_id, range, MARKED_PER_PIECE).await?;
                let Some(last) = ids.last().cloned() else { break };
                self.mark(erasure, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
                after = last;
            }
        }
        Ok(())
    }

    async fn mark(&self, erasure: &OpenErasure, ids: &[&str]) -> Result<(), StoreError> {
        if !ids.is_empty() {
            self.store.mark_submissions(erasure, ids).await?;
        }
        Ok(())
    }
}

fn too_many() -> ApiError {
    let message = format!(
        "{UNDER_WAY_MAX} persons of the organization are being erased, and no more may be at once; try again when some of them are done"
    );
    ApiError::new(Kind::Overload, "erasures_full", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn l12_a_step_is_read_back() {
        let scan = Scan { campaign_key: "cmp_1".into(), state: 2, after: "req_1-0".into() };
        for (step, expected) in [
            (Step::Identify, value!({"step": "identify"})),
            (
                Step::Unmapped { scan, is_second: true },
                value!({"step": "unmapped", "scan": {"campaign_key": "cmp_1", "state": 2, "after": "req_1-0"}, "is_second": true}),
            ),
            (Step::Settle { is_searched: false }, value!({"step": "settle", "is_searched": false})),
        ] {
            assert_eq!(serde_json::to_value(&step).unwrap(), expected);
            assert_eq!(serde_json::from_value::<Step>(expected).unwrap(), step);
        }
    }

    #[test]
    fn l12_what_came_at_that_moment_came_before() {
        let border = border("req", Timestamp(1_000));
        assert!(lowest_id("req", Timestamp(1_000)) < border && border <= lowest_id("req", Timestamp(1_001)));
    }
}
