//! Persons (L12): what is kept of one, and erasing it. A person is a lead of the organization, named by an e-mail address or a phone number.

mod receipt;

use super::DeliveryDetails;
use super::access::{Scope, unavailable};
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::submissions::SubmissionDetails;
use super::use_cases::{CREATE_ERASURE, EXPORT_PERSON, GET_ERASURE, LIST_ERASURES};
use crate::rows::{Erasure, EventRow, Lead, RejectedRequest, RequestOrigin};
use hookmill_domain::error::ApiError;
use hookmill_domain::hex::write_hex;
use hookmill_domain::person::Address;
use hookmill_pipeline::ExportedElement;
pub use receipt::{ErasedCounts, ErasureReceipt, ErasureState, Remainder, UnderWay};
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long whoever asks for an erasure waits for its end.
const WAIT: Duration = Duration::from_secs(3);
/// How many deliveries of each submission an export has.
const DELIVERIES_MAX: i64 = 50;
/// How many rows of lists a page of an export counts for.
const ROWS: i64 = 100;
/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 64;

/// A person, by the one address that is given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "alice@example.com"}))]
pub struct NamedPerson {
    /// The e-mail address, as the lead has it; upper and lower case are the same.
    pub email: Option<String>,
    /// The phone number, as the lead has it, such as `+15125550100`; what stands between its digits does not count.
    pub phone: Option<String>,
}

/// A page of what is kept of a person.
#[derive(Debug)]
pub struct PersonExport {
    /// The person's leads, on the first page.
    pub leads: Vec<Lead>,
    /// Submissions of the person.
    pub submissions: Vec<ExportedSubmission>,
    /// What sources reported of the person without a submission.
    pub reported_events: Vec<ExportedEvent>,
    /// Elements that name the person and were rejected.
    pub rejected_elements: Vec<ExportedElement>,
    /// Requests that name the person and were rejected.
    pub rejected_requests: Vec<RejectedRequest>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// A submission with all that is kept of it.
#[derive(Debug)]
pub struct ExportedSubmission {
    /// The submission with its element, its timeline and its events.
    pub details: SubmissionDetails,
    /// How it came; none when its request is gone.
    pub request: Option<RequestOrigin>,
    /// What was sent of it, with attempts and responses; the newest first.
    pub deliveries: Vec<DeliveryDetails>,
}

/// A reported event with all that was sent of it.
#[derive(Debug)]
pub struct ExportedEvent {
    /// The event.
    pub event: EventRow,
    /// What was sent of it, with attempts and responses; the newest first.
    pub deliveries: Vec<DeliveryDetails>,
}

impl NamedPerson {
    fn address(&self) -> Result<Address, ApiError> {
        Address::of(self.email.as_deref(), self.phone.as_deref())
    }
}

impl Scope {
    /// A page of what is kept of a person; `from` is the `next` of the page before. Whoever reads it is noted.
    pub async fn export_person(
        &self,
        person: Input<NamedPerson>,
        from: Option<&str>,
    ) -> Result<PersonExport, ApiError> {
        let entry = self.authorize_change(&EXPORT_PERSON)?;
        let address = person?.address()?;
        self.begin_heavy_call()?;
        self.show_rows(ROWS)?;
        let organization = self.own_organization().await?;
        let page = self.pipeline().export_page(&organization, address.clone(), from).await?;
        let subject = write_hex(&address.proof(&organization.salt));
        self.store().note_export(&subject, &entry, self.now()).await.map_err(unavailable)?;
        let mut submissions = Vec::with_capacity(page.submissions.len());
        for id in &page.submissions {
            submissions.extend(self.export_submission(id).await?);
        }
        let mut reported_events = Vec::with_capacity(page.reported_events.len());
        for event in page.reported_events {
            self.holding().grow(event.details.len() + event.payload.as_ref().map_or(0, Vec::len))?;
            let deliveries = self.exported_deliveries(&event.id).await?;
            reported_events.push(ExportedEvent { event, deliveries });
        }
        Ok(PersonExport {
            leads: page.leads,
            submissions,
            reported_events,
            rejected_elements: page.rejected_elements,
            rejected_requests: page.rejected_requests,
            next: page.next,
        })
    }

    /// A submission with all that is kept of it; none where it was erased meanwhile.
    async fn export_submission(&self, id: &str) -> Result<Option<ExportedSubmission>, ApiError> {
        let details = self.submission_details(id).await?;
        if details.submission.erased_at.is_some() {
            return Ok(None);
        }
        let deliveries = self.exported_deliveries(id).await?;
        let lead = details.submission.lead.as_ref().map_or(0, Vec::len);
        self.holding().grow(lead + details.element.as_ref().map_or(0, String::len))?;
        let request_id = &details.submission.request_id;
        let request = self.store().request_origin(&self.organization_id, request_id).await.map_err(unavailable)?;
        Ok(Some(ExportedSubmission { details, request, deliveries }))
    }

    /// What was sent of a submission, or of an event that is about none.
    async fn exported_deliveries(&self, id: &str) -> Result<Vec<DeliveryDetails>, ApiError> {
        let rows = self.deliveries_of_submission(id, DELIVERIES_MAX).await?;
        let mut deliveries = Vec::with_capacity(rows.len());
        for row in rows {
            let found = self.find_delivery(&row.id).await?;
            let body = found.message.as_ref().and_then(|message| message.body.as_ref()).map_or(0, Vec::len);
            let attempts: usize = found.attempts.iter().map(|attempt| attempt.detail.len()).sum();
            self.holding().grow(body + attempts)?;
            deliveries.push(found);
        }
        Ok(deliveries)
    }

    /// Begins to erase a person, and waits a while for the end.
    pub async fn create_erasure(&self, person: Input<NamedPerson>) -> Result<ErasureReceipt, ApiError> {
        let entry = self.authorize_change(&CREATE_ERASURE)?;
        let address = person?.address()?;
        let organization = self.own_organization().await?;
        let id = self.pipeline().erase_person(&organization, address, &entry).await?;
        self.pipeline().wait_for_erasure(&organization.id, &id, WAIT).await?;
        self.receipt(&id).await
    }

    /// Lists erasures, the newest first.
    pub async fn list_erasures(&self, page: &PageRequest) -> Result<Listed<Erasure>, ApiError> {
        self.authorize(&LIST_ERASURES)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().erasures(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }

    /// What an erasure came to so far.
    pub async fn erasure(&self, id: &str) -> Result<ErasureReceipt, ApiError> {
        self.authorize(&GET_ERASURE)?;
        self.receipt(&lookup_id(id)).await
    }

    async fn receipt(&self, id: &str) -> Result<ErasureReceipt, ApiError> {
        let found = self.store().erasure(&self.organization_id, id).await.map_err(unavailable)?;
        let found = found
            .ok_or_else(|| ApiError::not_found("erasure", &id.chars().take(ID_CHARS_SHOWN).collect::<String>()))?;
        Ok(found.into())
    }
}
