//! The search for what names a person and belongs to no lead: elements that were never mapped, elements and whole requests that were rejected.
//! Each piece looks at so many rows, and says where the next one begins.

use super::body::{RejectedElement, erase_elements, has_rejected, rejected_elements};
use super::{KnownPerson, border};
use crate::Pipeline;
use hookmill_domain::body;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::person::Person;
use hookmill_domain::state::State;
use hookmill_store::erasures::{ErasableRequest, OpenErasure};
use hookmill_store::rejected::{RejectedFilter, RejectedRequest};
use hookmill_store::work::SubmissionWork;
use hookmill_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The states in which a submission may be that was never mapped, in the order of a lead's way.
const UNMAPPED: [State; 4] = [State::Received, State::Pending, State::Quarantined, State::Canceled];
/// How many submissions a piece looks at.
const SUBMISSIONS_PER_PIECE: i64 = 200;
/// How many requests a piece looks at for rejected elements.
const REQUESTS_PER_PIECE: i64 = 500;
/// How many rejected requests a piece looks at.
const REJECTED_PER_PIECE: i64 = 20;

/// Where the search for submissions that were never mapped goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scan {
    /// The campaign (the store's id); empty at the beginning.
    pub(crate) campaign_key: String,
    /// Which of the states.
    pub(crate) state: usize,
    /// The last submission that was looked at.
    pub(crate) after: String,
}

/// An element that names the person, and that nobody knows the lead of.
#[derive(Debug, Clone)]
pub(crate) struct FoundElement {
    pub(crate) submission_id: String,
}

/// What a piece of the search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) elements: Vec<FoundElement>,
    /// Where it goes on; none at its end.
    pub(crate) next: Option<Scan>,
}

/// The rejected elements of a request that name the person.
#[derive(Debug)]
pub(crate) struct FoundRejected {
    pub(crate) request: ErasableRequest,
    pub(crate) elements: Vec<RejectedElement>,
}

impl Pipeline {
    /// Looks through the elements of submissions that were never mapped, of an organization and before an id; with a time, of those alone that
    /// have changed since.
    pub(crate) async fn find_unmapped(
        &self,
        store: &Store,
        organization_id: &str,
        person: &KnownPerson,
        scan: Scan,
        (before, since): (&str, Option<Timestamp>),
    ) -> Result<Found, StoreError> {
        let Some(state) = UNMAPPED.get(scan.state).copied().filter(|_| !scan.campaign_key.is_empty()) else {
            let campaign_key = store.next_campaign(organization_id, &scan.campaign_key).await?;
            let next = campaign_key.map(|campaign_key| Scan { campaign_key, ..Scan::default() });
            return Ok(Found { next, ..Found::default() });
        };
        let range = (scan.after.as_str(), before);
        let rows = store.submissions_to_search(&scan.campaign_key, state, range, SUBMISSIONS_PER_PIECE).await?;
        if rows.is_empty() {
            let next = Some(Scan { state: scan.state + 1, after: String::new(), ..scan });
            return Ok(Found { next, ..Found::default() });
        }
        let is_of_interest = |updated_at: i64| since.is_none_or(|since| since.0 <= updated_at);
        let (mut unknown, mut bytes, mut after) = (Vec::new(), 0_i64, String::new());
        for row in rows {
            let is_looked_at = row.is_unknown() && is_of_interest(row.updated_at);
            if is_looked_at {
                bytes = bytes.saturating_add(row.element_bytes);
                if self.settings.limits.load_bytes_max < bytes && !unknown.is_empty() {
                    break;
                }
            }
            after.clone_from(&row.id);
            if is_looked_at {
                let place = (row.element_start, row.element_bytes);
                unknown.push(work(organization_id, &scan.campaign_key, row.id, row.request_id, place));
            }
        }
        let elements = self.naming(organization_id, person, unknown).await?;
        Ok(Found { elements, next: Some(Scan { after, ..scan }) })
    }

    /// Those of some submissions whose elements name the person.
    async fn naming(
        &self,
        organization_id: &str,
        person: &KnownPerson,
        rows: Vec<SubmissionWork>,
    ) -> Result<Vec<FoundElement>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let opened = self.open_elements(organization_id, rows).await?;
        let bytes = opened.iter().map(|item| item.bytes).sum();
        let person = person.person.clone();
        let look = move || {
            let named = opened
                .into_iter()
                .filter(|item| item.work.body.as_ref().is_ok_and(|text| person.is_named_in_json(text)));
            named.map(|item| FoundElement { submission_id: item.work.row.id }).collect()
        };
        self.large().work(bytes, look).await.map_err(|stopped| StoreError::lost("elements", stopped))
    }

    /// Looks through the rejected elements of accepted requests; what names the person, and the last request that was looked at, none at the end.
    pub(crate) async fn find_rejected_elements(
        &self,
        store: &Store,
        organization_id: &str,
        person: &KnownPerson,
        range: (&str, &str),
    ) -> Result<(Vec<FoundRejected>, Option<String>), StoreError> {
        let rows = store.responses_to_search(organization_id, range, REQUESTS_PER_PIECE).await?;
        let mut found = Vec::new();
        for row in rows.iter().filter(|row| has_rejected(&row.response)) {
            let Some(request) = store.erasable_request(organization_id, &row.id).await? else { continue };
            let (limits, person) = (self.settings.limits.clone(), person.person.clone());
            let look = move || {
                let elements = rejected_elements(&request, &limits).into_iter();
                let elements = elements.filter(|element| person.is_named_in_json(&element.text)).collect();
                FoundRejected { request, elements }
            };
            let looked = self.large().work_apart(look).await;
            found.push(looked.map_err(|stopped| StoreError::lost("raw requests", stopped))?);
        }
        found.retain(|one| !one.elements.is_empty());
        Ok((found, rows.last().map(|row| row.id.clone())))
    }

    /// Erases the rejected elements that name the person of some accepted requests; returns the last request that was looked at.
    pub(super) async fn erase_rejected_elements(
        &self,
        erasure: &OpenErasure,
        person: &KnownPerson,
        after: &str,
    ) -> Result<Option<String>, StoreError> {
        let before = border("req", erasure.requested_at);
        let organization_id = &erasure.organization_id;
        let (found, last) = self.find_rejected_elements(&self.store, organization_id, person, (after, &before)).await?;
        for FoundRejected { request, elements } in found {
            let others = self.store.request_elements(organization_id, &request.id).await?;
            let others = others.iter().filter_map(|other| place(other.element_start, other.element_bytes)).collect();
            let gone: BTreeSet<_> = elements.iter().map(|element| element.place).collect();
            let (limits, person, count) = (self.settings.limits.clone(), person.person.clone(), gone.len());
            let erase = move || erase_elements(request, &gone, &others, &person, &limits);
            let body = self.large().work_apart(erase).await;
            let body = body.map_err(|stopped| StoreError::lost("raw requests", stopped))?;
            if !self.store.erase_elements(erasure, &body, count, self.clock.now()).await? {
                // Somebody has erased another element of it meanwhile: it is looked at again.
                return Ok(Some(after.to_owned()));
            }
        }
        Ok(last)
    }

    /// Looks through rejected requests, the newest first; those that name the person, and the last one that was looked at.
    pub(crate) async fn find_rejected_requests(
        &self,
        store: &Store,
        organization_id: &str,
        person: &KnownPerson,
        before: &str,
    ) -> Result<(Vec<RejectedRequest>, Option<String>), StoreError> {
        let filter = RejectedFilter::default();
        let rows = store.rejected_requests(organization_id, &filter, before, REJECTED_PER_PIECE).await?;
        let (last, mut found) = (rows.last().map(|row| row.id.clone()), Vec::new());
        for row in rows {
            let Some(body) = store.rejected_body(organization_id, &row.id).await? else { continue };
            let (limits, person, bytes) = (self.settings.limits.clone(), person.person.clone(), body.len());
            let look = move || (is_named_in_rejected(&row, &body, &person, &limits), row);
            let looked = self.large().work(bytes, look).await;
            let (is_named, row) = looked.map_err(|stopped| StoreError::lost("rejected requests", stopped))?;
            found.extend(is_named.then_some(row));
        }
        Ok((found, last))
    }

    /// Deletes rejected requests that name the person; returns the last one that was looked at.
    pub(super) async fn erase_rejected_requests(
        &self,
        erasure: &OpenErasure,
        person: &KnownPerson,
        before: &str,
    ) -> Result<Option<String>, StoreError> {
        let (found, last) = self.find_rejected_requests(&self.store, &erasure.organization_id, person, before).await?;
        for request in found {
            self.store.erase_rejected(erasure, &request.id, self.clock.now()).await?;
        }
        Ok(last)
    }
}

/// A submission as its element is opened: nothing else of it counts.
fn work(
    organization_id: &str,
    campaign_key: &str,
    id: String,
    request_id: String,
    (element_start, element_bytes): (i64, i64),
) -> SubmissionWork {
    SubmissionWork {
        id,
        request_id,
        organization_id: organization_id.to_owned(),
        campaign_key: campaign_key.to_owned(),
        parent_id: None,
        shard: 0,
        element_start,
        element_bytes,
        revision: 0,
        received_at: 0,
        run_at: 0,
        state: String::new(),
        lead_id: None,
        kept: None,
        queued_at: None,
    }
}

/// A place in a text; none where it can't be one.
pub(super) fn place(start: i64, bytes: i64) -> Option<(usize, usize)> {
    Some((usize::try_from(start).ok()?, usize::try_from(bytes).ok()?))
}

/// Whether anything that is kept of a rejected request names the person: its body as it was meant if it can be read so, and as it came.
fn is_named_in_rejected(request: &RejectedRequest, bytes: &[u8], person: &Person, limits: &Limits) -> bool {
    let key = request.idempotency_key.as_deref().unwrap_or_default();
    if [bytes, &request.metadata, &request.error, key].into_iter().any(|part| person.is_named_in_bytes(part)) {
        return true;
    }
    let metadata: RequestMetadata = serde_json::from_slice(&request.metadata).unwrap_or_default();
    let head = body::head(&request.content_type, &request.content_encoding);
    let head = head.and_then(|head| body::with_default_charset(head, metadata.charset.as_deref()));
    let opened = head.as_ref().ok().and_then(|head| body::open(head, bytes, limits).ok());
    opened.is_some_and(|opened| person.is_named_in_json(opened.text()))
}
