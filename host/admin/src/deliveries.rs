//! Deliveries and their attempts (O7, W11).

use super::access::{Scope, erased, unavailable};
use super::input::{Input, border, lookup_id};
use super::page::{Listed, PageRequest, without_nul};
use super::use_cases::{
    GET_DELIVERY, LIST_DELIVERIES, LIST_DELIVERIES_OF_CAMPAIGN, RESEND_DELIVERIES, RESEND_DELIVERY,
};
use crate::rows::{AttemptRow, Delivery, Message};
use hookmill_domain::delivery::DeliveryState;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::deliveries;
use serde::Deserialize;
use utoipa::ToSchema;

/// Which deliveries are asked for.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those of this submission.
    pub submission: Option<String>,
    /// Only those of this campaign.
    pub campaign: Option<String>,
    /// Only those to this destination, which is told of events.
    pub destination: Option<String>,
}

/// What of a webhook's deliveries is sent again: those that failed or were suppressed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResendDeliveries, example = json!({"destination": "sub_01kxs3n9v6z4c6c0x5h2rg5m7k", "event": "lead.delivered", "since": "2026-03-01T00:00:00Z"}))]
pub struct Resend {
    /// The id of the webhook, as its deliveries have it (`destination_id`).
    pub destination: String,
    /// Only those of this event.
    #[serde(default)]
    pub event: Option<String>,
    /// Only those that were made at this time (RFC 3339) or later.
    #[serde(default)]
    pub since: Option<String>,
    /// Only those that were made before this time (RFC 3339).
    #[serde(default)]
    pub until: Option<String>,
}

/// How the ids of deliveries begin.
const PREFIX: &str = "dlv";

/// A delivery with what is sent and what came of it.
#[derive(Debug)]
pub struct DeliveryDetails {
    /// The delivery.
    pub delivery: Delivery,
    /// What is sent, once it is shaped.
    pub message: Option<Message>,
    /// Every attempt, the first one first.
    pub attempts: Vec<AttemptRow>,
}

impl Scope {
    /// Lists deliveries, the newest first. A scoped key asks for those of a campaign.
    pub async fn list_deliveries(
        &self,
        filter: DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Listed<Delivery>, ApiError> {
        let campaign_key = match without_nul(filter.campaign.as_deref()) {
            Some(campaign_id) => self.read_campaign(&LIST_DELIVERIES_OF_CAMPAIGN, campaign_id).await?.key,
            None => {
                self.authorize(&LIST_DELIVERIES)?;
                String::new()
            }
        };
        let submission_id = lookup_id(&filter.submission.unwrap_or_default());
        let destination_id = lookup_id(&filter.destination.unwrap_or_default());
        let state = filter.state;
        let filter = deliveries::DeliveryFilter { submission_id, state, campaign_key, destination_id };
        let limit = self.rows_of(page)?;
        let rows = self.store().deliveries(&self.organization_id, &filter, page.from(), limit).await;
        Ok(Listed::page(rows.map_err(unavailable)?, limit, |row| row.id.clone()))
    }

    /// A delivery with its message and every attempt.
    pub async fn delivery(&self, id: &str) -> Result<DeliveryDetails, ApiError> {
        self.authorize(&GET_DELIVERY)?;
        self.find_delivery(&lookup_id(id)).await
    }

    /// The newest deliveries of a submission, for a use case that has looked who asks.
    pub(crate) async fn deliveries_of_submission(
        &self,
        submission_id: &str,
        limit: i64,
    ) -> Result<Vec<Delivery>, ApiError> {
        let filter = deliveries::DeliveryFilter { submission_id: submission_id.to_owned(), ..Default::default() };
        self.store().deliveries(&self.organization_id, &filter, "", limit).await.map_err(unavailable)
    }

    /// A delivery with its message and every attempt, for a use case that has looked who asks.
    pub(crate) async fn find_delivery(&self, id: &str) -> Result<DeliveryDetails, ApiError> {
        let found = self.store().delivery(&self.organization_id, id).await.map_err(unavailable)?;
        let (delivery, message, mut attempts) = found.ok_or_else(|| ApiError::not_found("delivery", id))?;
        for attempt in &mut attempts {
            attempt.detail = self.url_view().show_response_text(std::mem::take(&mut attempt.detail));
        }
        Ok(DeliveryDetails { delivery, message, attempts })
    }

    /// Sends again what a webhook was not told: what failed or was suppressed, with the same event ids and bytes. It goes on in pieces until all are due
    /// again; returns how many that are.
    pub async fn resend_deliveries(&self, resend: Input<Resend>) -> Result<u64, ApiError> {
        let entry = self.authorize_change(&RESEND_DELIVERIES)?;
        let Resend { destination, event, since, until } = resend?;
        let destination_id = lookup_id(&destination);
        let webhook = self.store().told_webhook(&self.organization_id, &destination_id).await.map_err(unavailable)?;
        let webhook = webhook.ok_or_else(|| ApiError::not_found("webhook", &destination_id))?;
        if let Some(event) = event.as_deref().filter(|event| !self.settings().events.has(event)) {
            let event: String = event.chars().take(64).collect();
            return Err(ApiError::invalid(
                "event",
                format!("is `{}`, which is not one of {}", event.escape_debug(), self.settings().events),
            ));
        }
        let (now, limit, retries) = (self.now(), self.limits().forget_rows_max, webhook.destination.settings.retries);
        let after = border(PREFIX, ("since", &since))?;
        let before = border(PREFIX, ("until", &until))?;
        let mut filter = deliveries::ResendFilter { destination_id, event, after, before, limit };
        let (mut count, mut entry) = (0, Some(&entry));
        loop {
            let organization_id = &self.organization_id;
            let resent = self.store().resend_deliveries(organization_id, &filter, retries, entry.take(), now).await;
            let (shards, last) = resent.map_err(unavailable)?;
            count += u64::try_from(shards.len()).unwrap_or_default();
            self.pipeline().deliveries_due(organization_id, &filter.destination_id);
            match last {
                Some(last) => filter.after = last,
                None => return Ok(count),
            }
        }
    }

    /// Sends an event once more, with the same event id and the same bytes, to the receiver that the webhook has now.
    pub async fn resend_delivery(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&RESEND_DELIVERY)?;
        let (id, now) = (lookup_id(id), self.now());
        let delivery = self.find_delivery(&id).await?.delivery;
        if let Some(erased_at) = delivery.erased_at {
            return Err(erased("delivery", &id, erased_at));
        }
        let told = self.store().told_webhook(&self.organization_id, &delivery.destination_id).await;
        let webhook = told.map_err(unavailable)?;
        let retries = webhook.map_or(0, |webhook| webhook.destination.settings.retries);
        let resent = self.store().resend_delivery(&self.organization_id, &id, retries, &entry, now).await;
        let Some((destination_id, _)) = resent.map_err(unavailable)? else {
            let message = "only a final delivery of an event can be resent; a lead is sent to its client again by posting it again";
            return Err(ApiError::new(Kind::Conflict, "not_resendable", message));
        };
        self.pipeline().deliveries_due(&self.organization_id, &destination_id);
        Ok(())
    }
}
