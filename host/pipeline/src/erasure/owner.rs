//! What the owner of a marked submission does: it takes back what is due of it, waits until nothing of it is under way, and erases it. Nobody
//! else can have it in memory; a request that another host sent before it lost the shard is recorded without its response.

use super::body::erase_elements;
use super::search::place;
use super::{KnownPerson, body::ElementPlace};
use crate::Pipeline;
use crate::finish::EventAbout;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::event::{EventName, events_after};
use hookmill_domain::lead::{Identity, IdentityHash};
use hookmill_domain::state::{Change, State};
use hookmill_store::StoreError;
use hookmill_store::deliveries::NewEvent;
use hookmill_store::erasures::{ErasedSubmission, ErasurePiece, MarkedDelivery, MarkedSubmission, OpenErasure};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How many submissions one commit erases: it holds the one writer of SQLite for some milliseconds.
const SUBMISSIONS_PER_COMMIT: i64 = 20;

impl Pipeline {
    /// Erases what an erasure has marked in this host's shards, as far as nothing of it is under way.
    pub(super) async fn erase_marked(&self, erasure: &OpenErasure) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let shards = self.flow.shards();
            let rows = self.store.marked_submissions(&erasure.id, &shards, &after, SUBMISSIONS_PER_COMMIT).await?;
            let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(()) };
            self.erase_rows(erasure, rows).await?;
            after = last;
        }
    }

    async fn erase_rows(&self, erasure: &OpenErasure, rows: Vec<MarkedSubmission>) -> Result<(), StoreError> {
        let organization_id = &erasure.organization_id;
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let mut open = self.store.marked_deliveries(organization_id, &ids).await?;
        let sent = self.perhaps_sent(&rows, &open);
        let is_due = rows.iter().any(|row| row.run_at.is_some()) || open.iter().any(|one| one.run_at.is_some());
        if is_due {
            // Before memory: whoever reads from now on finds nothing, and what was read before is dropped.
            self.store.suspend_marked(organization_id, &ids).await?;
        }
        // A drop goes through all that is queued: only where memory may have something of it.
        if is_due || rows.iter().any(|row| !self.is_idle(&row.id, &open)) {
            self.flow.drop_submissions(&ids.iter().copied().collect());
            open = self.store.marked_deliveries(organization_id, &ids).await?;
        }
        for delivery in &mut open {
            delivery.is_unanswered |= sent.contains(&delivery.id);
        }
        let mut by_submission: HashMap<String, Vec<MarkedDelivery>> = HashMap::new();
        for delivery in open {
            by_submission.entry(delivery.submission_id.clone()).or_default().push(delivery);
        }
        let idle: Vec<(MarkedSubmission, Vec<MarkedDelivery>)> = rows
            .into_iter()
            .map(|row| {
                let open = by_submission.remove(&row.id).unwrap_or_default();
                (row, open)
            })
            .filter(|(row, open)| self.is_idle(&row.id, open))
            .collect();
        if idle.is_empty() {
            return Ok(());
        }
        let piece = self.erasure_piece(erasure, idle).await?;
        let now = self.clock.now();
        if self.store.erase_submissions(erasure, &piece, now).await? {
            self.read_events(piece.submissions.iter().flat_map(|one| &one.events), now);
        } else {
            tracing::debug!(
                erasure_id = erasure.id,
                "submissions changed while they were to be erased; they are next time"
            );
        }
        Ok(())
    }

    /// The deliveries that an earlier owner of the shard may have sent. When one fell due is not known any more once that was taken back.
    fn perhaps_sent(&self, rows: &[MarkedSubmission], open: &[MarkedDelivery]) -> HashSet<String> {
        let shards: HashMap<&str, u16> =
            rows.iter().filter_map(|row| Some((row.id.as_str(), u16::try_from(row.shard).ok()?))).collect();
        let is_sent = |delivery: &&MarkedDelivery| {
            if !delivery.is_to_client {
                return false;
            }
            let run_at = Timestamp(delivery.run_at.unwrap_or(i64::MIN));
            shards
                .get(delivery.submission_id.as_str())
                .is_some_and(|shard| self.flow.leases().may_have_been_sent(*shard, run_at))
        };
        open.iter().filter(is_sent).map(|delivery| delivery.id.clone()).collect()
    }

    /// Whether nothing of a submission is in this host's memory.
    fn is_idle(&self, id: &str, open: &[MarkedDelivery]) -> bool {
        if self.flow.submissions.lanes().is_resident(id) {
            return false;
        }
        let lanes = self.flow.deliveries.lanes();
        !open.iter().any(|delivery| lanes.is_resident(&delivery.id))
    }

    async fn erasure_piece(
        &self,
        erasure: &OpenErasure,
        idle: Vec<(MarkedSubmission, Vec<MarkedDelivery>)>,
    ) -> Result<ErasurePiece, StoreError> {
        let person = KnownPerson::read(erasure)?;
        let related = self.related_leads(erasure, &person, &idle).await?;
        let mut piece = ErasurePiece::default();
        let mut by_request: BTreeMap<String, Vec<MarkedSubmission>> = BTreeMap::new();
        for (row, open) in idle {
            by_request.entry(row.request_id.clone()).or_default().push(row.clone());
            let change = State::parse(&row.state).and_then(|state| Change::new(state, State::Canceled));
            let events = self.events_without_data(&row, change, &open).await?;
            let gives_slots_back = change.is_some() && !open.iter().any(|delivery| delivery.is_unanswered);
            let deliveries = open.into_iter().map(|delivery| delivery.id).collect();
            let related_leads = related.get(&row.id).cloned().unwrap_or_default();
            piece.submissions.push(ErasedSubmission {
                row,
                deliveries,
                change,
                gives_slots_back,
                events,
                related_leads,
            });
        }
        for (request_id, rows) in by_request {
            self.erase_from_request(erasure, &person, &request_id, &rows, &mut piece).await?;
        }
        Ok(piece)
    }

    /// Takes the elements of submissions from their request's body.
    async fn erase_from_request(
        &self,
        erasure: &OpenErasure,
        person: &KnownPerson,
        request_id: &str,
        rows: &[MarkedSubmission],
        piece: &mut ErasurePiece,
    ) -> Result<(), StoreError> {
        let organization_id = &erasure.organization_id;
        let Some(request) = self.store.erasable_request(organization_id, request_id).await? else { return Ok(()) };
        let elements = self.store.request_elements(organization_id, request_id).await?;
        let gone: BTreeSet<ElementPlace> =
            rows.iter().filter_map(|row| place(row.element_start, row.element_bytes)).collect();
        let mut others: BTreeSet<ElementPlace> = BTreeSet::new();
        for element in &elements {
            let Some(at) = place(element.element_start, element.element_bytes) else { continue };
            let is_of_others = element.erasure_id.is_none();
            if gone.contains(&at) {
                piece.shared_elements.extend(is_of_others.then(|| element.id.clone()));
            } else {
                others.insert(at);
            }
        }
        piece.elements += gone.len();
        let (limits, person) = (self.settings.limits.clone(), person.person.clone());
        let erase = move || erase_elements(request, &gone, &others, &person, &limits);
        let body = self.large().work_apart(erase).await;
        piece.bodies.push(body.map_err(|stopped| StoreError::lost("raw requests", stopped))?);
        Ok(())
    }

    /// What is told of a submission that is erased: that it has ended, and anew, without data, what nobody was told yet.
    async fn events_without_data(
        &self,
        row: &MarkedSubmission,
        change: Option<Change>,
        open: &[MarkedDelivery],
    ) -> Result<Vec<NewEvent>, StoreError> {
        let unsent = open.iter().filter(|delivery| delivery.attempts == 0).filter_map(|delivery| {
            let name = EventName::parse(delivery.event_name.as_deref()?)?;
            Some((name, State::parse(delivery.event_status.as_deref()?)?))
        });
        let ended = change
            .iter()
            .flat_map(|change| events_after(change.to(), false).into_iter().map(|name| (name, change.to())));
        let mut told: Vec<(EventName, State)> = Vec::new();
        for one in unsent.chain(ended) {
            if !told.contains(&one) {
                told.push(one);
            }
        }
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let context = self.campaign_context(&row.campaign_key).await?;
        let about = EventAbout { submission_id: &row.id, shard: u16::try_from(row.shard).unwrap_or(0) };
        let now = self.clock.now();
        let events = told.into_iter();
        Ok(events.filter_map(|(name, state)| self.event(&context, about, name, state, &json!({}), now)).collect())
    }

    /// The leads that have an address of a submission and are not its own: whether they are the same person, somebody else has to say.
    async fn related_leads(
        &self,
        erasure: &OpenErasure,
        person: &KnownPerson,
        idle: &[(MarkedSubmission, Vec<MarkedDelivery>)],
    ) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let organization = self.store.organization(&erasure.organization_id).await?;
        let salt = organization.map(|organization| organization.salt).unwrap_or_default();
        let identities = idle.iter().filter_map(|(row, _)| {
            let lead = std::str::from_utf8(row.lead.as_deref()?).ok()?;
            Some((row.id.clone(), Identity::of(&salt, lead).hashes))
        });
        let identities: Vec<(String, Vec<IdentityHash>)> = identities.collect();
        let hashes: HashSet<IdentityHash> = identities.iter().flat_map(|(_, hashes)| hashes.iter().copied()).collect();
        let hashes: Vec<IdentityHash> = hashes.into_iter().collect();
        let known = self.store.known_leads(&erasure.organization_id, &hashes).await?;
        // What is erased is the person's, also where its lead was not known yet when the person was named.
        let own: HashSet<&str> = idle.iter().filter_map(|(row, _)| row.lead_id.as_deref()).collect();
        let related = identities.into_iter().map(|(id, hashes)| {
            let is_other = |lead: &&String| !own.contains(lead.as_str()) && !person.lead_ids.contains(lead);
            let others = hashes.iter().filter_map(|hash| known.get(hash)).filter(is_other);
            (id, others.cloned().collect())
        });
        Ok(related.collect())
    }
}
