//! A delivery as it continues in memory or was loaded, and the event it tells of.

use super::context;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::flow::lanes::{Item, LaneKey};
use hookmill_engine::contract::Submission;
use hookmill_store::deliveries::{NewDelivery, NewEvent};
use hookmill_store::outcome::Next;
use hookmill_store::reported_events::NewReportedEvent;
use hookmill_store::work::{DeliveryWork, EventWork};
use std::sync::Arc;

/// What a delivery takes in memory besides its message and its lead, in bytes.
const ITEM_BYTES: usize = 512;

/// A delivery: the same whether it came from the step before or was loaded from the store.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) row: DeliveryWork,
    /// The event it tells of; none where the message is shaped, or the event has still to be read.
    pub(crate) event: Option<Arc<EventData>>,
    /// What further messages about its submission are shaped from; none where it has still to be read, or its event is about none.
    pub(crate) subject: Option<Arc<Submission>>,
    /// Whether its event is known to be about no submission, so that none has to be read.
    pub(crate) is_about_none: bool,
}

/// An event as a message about it is shaped from it.
#[derive(Debug, Clone)]
pub(crate) struct EventData {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: Option<String>,
    pub(crate) details: Vec<u8>,
    /// What the source of a reported event said, JSON.
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) category: Option<(i64, String)>,
    pub(crate) occurred_at: i64,
}

impl EventData {
    /// Of an event that is about to be written.
    pub(crate) fn of(event: &NewEvent) -> Self {
        Self {
            id: event.id.clone(),
            name: event.name.to_owned(),
            status: Some(event.status.to_owned()),
            details: event.details.clone(),
            payload: None,
            category: None,
            occurred_at: event.occurred_at.0,
        }
    }

    /// Of one that was reported, and is about to be written.
    pub(crate) fn reported(event: &NewReportedEvent) -> Self {
        Self {
            id: event.id.clone(),
            name: event.name.clone(),
            status: None,
            details: event.details.clone(),
            payload: event.payload.clone(),
            category: event.category.clone(),
            occurred_at: event.occurred_at.0,
        }
    }

    /// Of an event that was read.
    pub(crate) fn loaded(event: &EventWork) -> Self {
        Self {
            id: event.id.clone(),
            name: event.name.clone(),
            status: event.status.clone(),
            details: event.details.clone(),
            payload: event.payload.clone(),
            category: event.category_id.map(|id| (id, event.category_name.clone().unwrap_or_default())),
            occurred_at: event.occurred_at,
        }
    }
}

/// The submission of an event that was read; none where it is about none.
pub(crate) fn loaded_submission(event: &EventWork) -> Option<Submission> {
    let (id, received_at) = (event.submission_id.as_ref()?, event.received_at?);
    let lead = event.lead.as_deref().map_or_else(|| "{}".to_owned(), context::to_text);
    Some(context::submission(id, event.lead_id.clone(), lead, event.is_test.unwrap_or(false), received_at))
}

impl Delivery {
    /// One that is about to be written.
    pub(crate) fn new(
        new: &NewDelivery,
        event: Option<&Arc<EventData>>,
        subject: Option<&Arc<Submission>>,
        submission_revision: i64,
        campaign_version_id: Option<&str>,
        now: Timestamp,
    ) -> Self {
        // A ping is shaped and interpreted by what the client's campaign runs, the standard document where that is none.
        let of_submission = campaign_version_id.filter(|_| new.destination_kind != DestinationKind::Ping);
        Self {
            row: DeliveryWork {
                id: new.id.clone(),
                organization_id: new.organization_id.clone(),
                campaign_key: new.campaign_key.clone(),
                submission_id: new.submission_id.clone(),
                submission_campaign_key: new.campaign_key.clone(),
                submission_revision,
                event_id: new.event_id.clone(),
                destination_id: new.destination_id.clone(),
                destination_version: new.destination_version,
                destination_kind: new.destination_kind.as_str().to_owned(),
                shard: new.shard,
                attempts: 0,
                retries_max: new.retries_max,
                run_at: now.0,
                created_at: now.0,
                expires_at: new.expires_at,
                message: new.message.clone(),
                campaign_version_id: new.campaign_version_id.as_deref().or(of_submission).map(str::to_owned),
                is_unanswered: false,
                kept: None,
            },
            event: event.cloned(),
            subject: subject.cloned(),
            is_about_none: false,
        }
    }

    /// The same, with what is kept of its submission.
    pub(crate) fn with_kept(mut self, kept: Option<&[u8]>) -> Self {
        self.row.kept = kept.map(<[u8]>::to_vec);
        self
    }

    /// The same about a submission of this campaign, where that is another one than its receiver's.
    pub(crate) fn about_lead_of(mut self, campaign_key: &str) -> Self {
        campaign_key.clone_into(&mut self.row.submission_campaign_key);
        self
    }

    /// One that was read.
    pub(crate) fn loaded(row: DeliveryWork) -> Self {
        Self { row, event: None, subject: None, is_about_none: false }
    }

    /// What kind of destination it goes to; none for a kind that this version does not know.
    pub(crate) fn kind(&self) -> Option<DestinationKind> {
        DestinationKind::parse(&self.row.destination_kind)
    }

    /// Whether what its message is shaped from has to be read.
    pub(crate) fn is_to_load(&self) -> bool {
        self.event.is_none() || (self.subject.is_none() && !self.is_about_none)
    }

    /// Its lane: its destination.
    pub(crate) fn lane(&self) -> LaneKey {
        LaneKey::new(&self.row.organization_id, &self.row.destination_id)
    }

    /// As it is queued.
    pub(crate) fn into_item(self) -> Item<Self> {
        let body = self.row.message.as_ref().and_then(|message| message.body.as_ref()).map_or(0, Vec::len);
        let lead = self.subject.as_ref().map_or(0, |subject| subject.lead.len());
        Item { id: self.row.id.as_str().into(), shard: self.row.shard, bytes: ITEM_BYTES + body + lead, work: self }
    }
}

/// Why no request is made.
#[derive(Debug, Clone)]
pub(crate) enum NoRequest {
    /// There is nothing to send to; the word says why.
    Because(&'static str),
    /// No message could be shaped, for this reason.
    Failed {
        /// Why, as a stable code.
        cause: &'static str,
        /// More about it.
        detail: serde_json::Value,
    },
    /// The campaign was archived before it was sent.
    Archived,
    /// What it asks was decided by somebody else.
    Decided,
    /// Not now.
    Then(Next),
}
