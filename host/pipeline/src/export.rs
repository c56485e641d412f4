//! Exporting a person (L12), page by page: the same search as before an erasure, which only looks. A page says where the next one begins, so that
//! none of them takes long, whatever an organization has.

use super::Pipeline;
use super::erasure::{FoundRejected, KnownPerson, Scan};
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::error::ApiError;
use hookmill_domain::person::Address;
use hookmill_store::StoreError;
use hookmill_store::deliveries::EventRow;
use hookmill_store::leads::Lead;
use hookmill_store::organizations::Organization;
use hookmill_store::rejected::RejectedRequest;

/// How many submissions or events of a lead a page has.
const SUBMISSIONS_PER_PAGE: i64 = 20;
/// How many pieces of the search a page does.
const PIECES_PER_PAGE: usize = 8;
/// No id is above this.
const END: &str = "zzzz";

/// A part of what is kept of a person.
#[derive(Debug, Default)]
pub struct ExportPage {
    /// The person's leads, on the first page.
    pub leads: Vec<Lead>,
    /// Submissions of the person.
    pub submissions: Vec<String>,
    /// What sources reported of the person without a submission.
    pub reported_events: Vec<EventRow>,
    /// Elements that name the person and were rejected.
    pub rejected_elements: Vec<ExportedElement>,
    /// Requests that name the person and were rejected.
    pub rejected_requests: Vec<RejectedRequest>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// An element that was rejected when its request was accepted.
#[derive(Debug)]
pub struct ExportedElement {
    /// The request.
    pub request_id: String,
    /// Its index in the request.
    pub index: usize,
    /// Why it was rejected.
    pub code: String,
    /// The element, as JSON.
    pub element: String,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// After this submission of this lead, by its place among the person's.
    Mapped(usize, String),
    /// After this event about this lead or address, by its place among the person's.
    Reported(usize, String),
    /// In the search for submissions that were never mapped.
    Unmapped(Scan),
    /// After this request.
    Requests(String),
    /// Before this rejected request.
    Rejected(String),
}

impl Place {
    fn write(&self) -> String {
        match self {
            Self::Mapped(lead, after) => format!("leads:{lead}:{after}"),
            Self::Reported(subject, after) => format!("events:{subject}:{after}"),
            Self::Unmapped(Scan { campaign_key, state, after }) => format!("unmapped:{campaign_key}:{state}:{after}"),
            Self::Requests(after) => format!("requests:{after}"),
            Self::Rejected(before) => format!("rejected:{before}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let is_id = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
        if !text.chars().all(is_id) {
            return None;
        }
        let (step, rest) = text.split_once(':')?;
        let mut parts = rest.split(':');
        let mut part = || parts.next().map(str::to_owned);
        let place = match step {
            "leads" => Self::Mapped(part()?.parse().ok()?, part()?),
            "events" => Self::Reported(part()?.parse().ok()?, part()?),
            "unmapped" => Self::Unmapped(Scan { campaign_key: part()?, state: part()?.parse().ok()?, after: part()? }),
            "requests" => Self::Requests(part()?),
            "rejected" => Self::Rejected(part()?),
            _ => return None,
        };
        part().is_none().then_some(place)
    }
}

impl Pipeline {
    /// What is kept of a person, from the `next` of the page before on.
    #[boxed]
    pub async fn export_page(
        &self,
        organization: &Organization,
        address: Address,
        from: Option<&str>,
    ) -> Result<ExportPage, ApiError> {
        let place = match from {
            None => None,
            Some(text) => {
                Some(Place::read(text).ok_or_else(|| ApiError::invalid("from", "must be the `next` of a page"))?)
            }
        };
        self.read_page(organization, address, place).await.map_err(unavailable)
    }

    async fn read_page(
        &self,
        organization: &Organization,
        address: Address,
        place: Option<Place>,
    ) -> Result<ExportPage, StoreError> {
        let person = self.know_person(&self.people, organization, KnownPerson::named(address)).await?;
        let mut page = ExportPage::default();
        if place.is_none() {
            let ids: Vec<&str> = person.lead_ids.iter().map(String::as_str).collect();
            page.leads = self.people.leads(&organization.id, &ids).await?;
        }
        let mut place = Some(place.unwrap_or_else(|| Place::Mapped(0, String::new())));
        for _ in 0..PIECES_PER_PAGE {
            let Some(from) = place else { break };
            place = self.export_piece(organization, &person, from, &mut page).await?;
            if !page.is_empty() {
                break;
            }
        }
        page.next = place.as_ref().map(Place::write);
        Ok(page)
    }

    /// Adds a piece to a page; returns where the next one begins.
    async fn export_piece(
        &self,
        organization: &Organization,
        person: &KnownPerson,
        from: Place,
        page: &mut ExportPage,
    ) -> Result<Option<Place>, StoreError> {
        let organization_id = organization.id.as_str();
        Ok(match from {
            Place::Mapped(at, after) => {
                let Some(lead_id) = person.lead_ids.get(at) else { return Ok(Some(Place::Reported(0, String::new()))) };
                let range = (after.as_str(), END);
                let ids =
                    self.people.submissions_of_lead(organization_id, lead_id, range, SUBMISSIONS_PER_PAGE).await?;
                let next = ids.last().map(|last| Place::Mapped(at, last.clone()));
                page.submissions.extend(ids);
                Some(next.unwrap_or(Place::Mapped(at + 1, String::new())))
            }
            Place::Reported(at, after) => {
                let subjects = person.event_subjects(&organization.salt);
                let Some(subject) = subjects.get(at) else { return Ok(Some(Place::Unmapped(Scan::default()))) };
                let found = self.people.reported_events(organization_id, subject, &after, SUBMISSIONS_PER_PAGE).await?;
                let next = found.last().map(|last| Place::Reported(at, last.id.clone()));
                page.reported_events.extend(found);
                Some(next.unwrap_or(Place::Reported(at + 1, String::new())))
            }
            Place::Unmapped(scan) => {
                let found = self.find_unmapped(&self.people, organization_id, person, scan, (END, None)).await?;
                page.submissions.extend(found.elements.into_iter().map(|element| element.submission_id));
                Some(found.next.map_or(Place::Requests(String::new()), Place::Unmapped))
            }
            Place::Requests(after) => {
                let range = (after.as_str(), END);
                let (found, last) = self.find_rejected_elements(&self.people, organization_id, person, range).await?;
                page.rejected_elements.extend(found.into_iter().flat_map(exported));
                Some(last.map_or(Place::Rejected(String::new()), Place::Requests))
            }
            Place::Rejected(before) => {
                let (found, last) = self.find_rejected_requests(&self.people, organization_id, person, &before).await?;
                page.rejected_requests.extend(found);
                last.map(Place::Rejected)
            }
        })
    }
}

impl ExportPage {
    /// Whether it says nothing of the person but which leads they are.
    fn is_empty(&self) -> bool {
        self.submissions.is_empty()
            && self.reported_events.is_empty()
            && self.rejected_elements.is_empty()
            && self.rejected_requests.is_empty()
    }
}

fn exported(found: FoundRejected) -> impl Iterator<Item = ExportedElement> {
    let request_id = found.request.id;
    found.elements.into_iter().map(move |element| ExportedElement {
        request_id: request_id.clone(),
        index: element.index,
        code: element.code,
        element: element.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_a_place_is_read_back() {
        let scan = Scan { campaign_key: "cmp_1".into(), state: 2, after: "req_1-0.1".into() };
        for (place, text) in [
            (Place::Mapped(0, String::new()), "leads:0:"),
            (Place::Mapped(3, "req_1-0.1".into()), "leads:3:req_1-0.1"),
            (Place::Reported(2, "evt_1".into()), "events:2:evt_1"),
            (Place::Unmapped(Scan::default()), "unmapped::0:"),
            (Place::Unmapped(scan), "unmapped:cmp_1:2:req_1-0.1"),
            (Place::Requests("req_1".into()), "requests:req_1"),
            (Place::Rejected(String::new()), "rejected:"),
        ] {
            assert_eq!(place.write(), text);
            assert_eq!(Place::read(text), Some(place));
        }
        for wrong in ["", "leads", "leads:x:", "leads:1:a:b", "unmapped:a:1", "nowhere:1", "requests:a\0", "requests:é"]
        {
            assert_eq!(Place::read(wrong), None, "{wrong}");
        }
    }
}
