//! Deliveries and their attempts (O7, W11).

use super::access::{Scope, erased, unavailable};
use super::input::lookup_id;
use super::page::{Listed, PageRequest, without_nul};
use super::use_cases::{GET_DELIVERY, LIST_DELIVERIES, LIST_DELIVERIES_OF_CAMPAIGN, RESEND_DELIVERY};
use crate::rows::{AttemptRow, Delivery, Message};
use hookmill_domain::delivery::DeliveryState;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::deliveries;

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

    /// Sends an event once more, with the same event id and the same bytes, to the receiver that the webhook has now.
    pub async fn resend_delivery(&self, id: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&RESEND_DELIVERY)?;
        let (id, now) = (lookup_id(id), self.now());
        let delivery = self.find_delivery(&id).await?.delivery;
        if let Some(erased_at) = delivery.erased_at {
            return Err(erased("delivery", &id, erased_at));
        }
        let webhook = self.store().told_webhook(&delivery.destination_id).await.map_err(unavailable)?;
        let retries = webhook.map_or(0, |webhook| webhook.retries);
        let resent = self.store().resend_delivery(&self.organization_id, &id, retries, &entry, now).await;
        let Some((destination_id, _)) = resent.map_err(unavailable)? else {
            let message = "only a final delivery of an event can be resent; a lead is sent to its client again by posting it again";
            return Err(ApiError::new(Kind::Conflict, "not_resendable", message));
        };
        self.pipeline().delivery_resent(&self.organization_id, &destination_id);
        Ok(())
    }
}
