//! What becomes of a lead for which the client has no slot, or that comes outside its schedule (L5, L6): it is queued, goes to the next campaign
//! of the fallback list, or is rejected. The schedule is looked at on the way; slots are counted in the commit, which asks here for the other
//! branch.

use super::Pipeline;
use super::finish::{BatchItem, CampaignContext, Transition};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::Otherwise;
use hookmill_domain::lifecycle::local::Moment;
use hookmill_domain::state::{Change, State};
use hookmill_engine::contract::Submission;
use hookmill_stages::{Decision, HostStage};
use hookmill_store::processed::{LifecyclePremises, NoSlot, Processed, SlotPeriod};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Why a lead waits outside the schedule; a cause of the timeline.
pub(crate) const SCHEDULE_CLOSED: &str = "schedule_closed";
/// Why one waits or is rejected for which there is no slot.
pub(crate) const CAP_REACHED: &str = "cap_reached";
/// Why one waits while others do.
pub(crate) const BEHIND_QUEUE: &str = "behind_queue";
/// Why one ends that goes on in another campaign.
pub(crate) const MOVED: &str = "moved";
/// Why one ends that was queued for too long.
pub(crate) const EXPIRED: &str = "expired";

/// The schedule as a stage: outside of it nothing is shaped.
pub(crate) struct ClosedSchedule;

impl HostStage for ClosedSchedule {
    fn decide(&self, _submission: &Submission, _now: Timestamp) -> Decision {
        Decision::Wait { reason: SCHEDULE_CLOSED, until: None }
    }
}

/// Why a lead can't go on now, and when it can.
struct Why {
    cause: &'static str,
    otherwise: Otherwise,
    detail: serde_json::Value,
    opens_at: Option<Timestamp>,
}

impl Pipeline {
    /// The row of a lead that comes outside the schedule.
    pub(crate) fn closed(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        self.without_slot(context, item, &closed(context, &context.lifecycle.at(now)), value_sets, now)
    }

    /// What a commit supposes of a campaign's lifecycle, and how it writes those that get no slot. That the campaign says nothing is
    /// supposed, too: caps that are set meanwhile have not counted what is decided here.
    pub(crate) fn premises<'a>(
        &'a self,
        context: &'a CampaignContext,
        items: &'a [BatchItem],
        value_sets: Option<&'a [u8]>,
        now: Timestamp,
    ) -> LifecyclePremises<'a> {
        let rules = context.lifecycle.rules();
        let moment = context.lifecycle.at(now);
        let by_id: HashMap<&str, &BatchItem> = items.iter().map(|item| (item.id.as_str(), item)).collect();
        let (periods, slots) = (moment.periods.iter().map(slot_period).collect(), slots(&moment));
        let without_slot = move |row: &Processed, no_slot: NoSlot| {
            let why = match no_slot {
                NoSlot::CapReached(at) => cap_reached(context, &moment, at),
                NoSlot::BehindQueue => behind_queue(),
            };
            match by_id.get(row.id.as_str()) {
                Some(item) => self.without_slot(context, item, &why, value_sets, now),
                // Every row is an item's.
                None => row.clone(),
            }
        };
        let queues = |otherwise: Option<Otherwise>| otherwise == Some(Otherwise::Queue);
        LifecyclePremises {
            campaign_key: context.campaign.key.clone(),
            revision: context.campaign.lifecycle_revision,
            periods,
            slots,
            joins_queue: queues(rules.caps.as_ref().map(|caps| caps.when_reached))
                || queues(rules.schedule.as_ref().map(|schedule| schedule.when_closed)),
            without_slot: Box::new(without_slot),
        }
    }

    fn without_slot(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        why: &Why,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        let mut detail = why.detail.clone();
        detail["cause"] = why.cause.into();
        if let Some(bids) = &item.shown_bids {
            detail["bids"] = bids.clone();
        }
        let row = |change, cause, detail| {
            self.row(context, item, Transition { change, cause, detail: Some(detail) }, value_sets, now)
        };
        match (why.otherwise, &item.next) {
            (Otherwise::Reject, _) => row(const { Change::of(State::Processing, State::Rejected) }, why.cause, detail),
            (Otherwise::Next, Some(next)) => {
                detail["moved_to"] = next.campaign_id.as_str().into();
                let moved = row(const { Change::of(State::Processing, State::Rejected) }, MOVED, detail);
                Processed { moved_to: Some(next.clone()), ..moved }
            }
            // Where the list has no campaign left that takes it, it waits: it is not lost.
            (Otherwise::Queue | Otherwise::Next, _) => {
                let queued = row(const { Change::of(State::Processing, State::Queued) }, why.cause, detail);
                Processed { queue_run_at: Some(queue_run_at(context, item, why, now)), ..queued }
            }
        }
    }
}

/// When the queue of a campaign is to be looked at for a lead that waits from now on: when there may be a slot, or it expires. The largest time
/// stands for none. Who waits behind others goes on when those have; when that is, is known of them.
fn queue_run_at(context: &CampaignContext, item: &BatchItem, why: &Why, now: Timestamp) -> i64 {
    if why.cause == BEHIND_QUEUE {
        return i64::MAX;
    }
    let expires_at = context.lifecycle.rules().queue_expires_at(item.queued_since(now));
    why.opens_at.into_iter().chain(expires_at).map(|at| at.0).min().unwrap_or(i64::MAX)
}

fn closed(context: &CampaignContext, moment: &Moment) -> Why {
    let opens_at = moment.opens_at();
    let otherwise = context.lifecycle.rules().schedule.as_ref().map(|schedule| schedule.when_closed);
    Why {
        cause: SCHEDULE_CLOSED,
        otherwise: otherwise.unwrap_or_default(),
        detail: json!({ "opens_at": opens_at.map(Timestamp::rfc3339) }),
        opens_at,
    }
}

fn cap_reached(context: &CampaignContext, moment: &Moment, at: usize) -> Why {
    let period = moment.periods.get(at);
    let opens_at = period.and_then(|period| period.ends_at);
    let otherwise = context.lifecycle.rules().caps.as_ref().map(|caps| caps.when_reached);
    Why {
        cause: CAP_REACHED,
        otherwise: otherwise.unwrap_or_default(),
        detail: json!({
            "period": period.map(|period| period.period.as_str()),
            "limit": period.map(|period| period.limit),
            "opens_at": opens_at.map(Timestamp::rfc3339),
        }),
        opens_at,
    }
}

/// Others wait, and when they go on is known of them.
fn behind_queue() -> Why {
    Why { cause: BEHIND_QUEUE, otherwise: Otherwise::Queue, detail: json!({}), opens_at: None }
}

fn slot_period(period: &hookmill_domain::lifecycle::caps::CapPeriod) -> SlotPeriod {
    SlotPeriod {
        period: period.period.as_str(),
        starts_at: period.starts_at.0,
        limit: i64::try_from(period.limit).unwrap_or(i64::MAX),
    }
}

/// The slots of a moment, as a submission keeps them.
fn slots(moment: &Moment) -> Vec<u8> {
    let slots: Vec<(&str, i64)> =
        moment.periods.iter().map(|period| (period.period.as_str(), period.starts_at.0)).collect();
    super::rendered::json(&slots)
}

/// The stages of the host before shaping.
pub(crate) fn before_shape(moment: &Moment) -> Option<Arc<dyn HostStage>> {
    moment.is_closed().then(|| Arc::new(ClosedSchedule) as Arc<dyn HostStage>)
}
