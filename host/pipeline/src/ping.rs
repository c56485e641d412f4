//! Ping and post (L13). A lead that passed everything goes to no client at once where its campaign's client has a ping: clients are asked for
//! bids first, each by a delivery of its own, and the lead waits in `delivering`. The commit of the last response makes it due again (`store::pings`);
//! where one is missing, it falls due by itself a moment after the deadline. It is decided where the lead is taken up then: in processing, by
//! what is in the rows, with the plugin and the caps at hand.

mod ask;
mod bids;
mod decide;
mod send;
mod shape;

pub(crate) use bids::{Decision, Responses};
pub(crate) use shape::{ShapedPings, contract_ping, tell};

use super::finish::CampaignContext;
use hookmill_domain::ping::Ping;
use hookmill_engine::contract::Bid;
use hookmill_stages::StandingBid;
use hookmill_store::deliveries::MessageBid;
use serde_json::Value;
use std::sync::Arc;

/// Causes of the timeline: clients are asked; its own has won; nobody has bid.
pub(crate) const PINGED: &str = "pinged";
pub(crate) const PING_WON: &str = "ping_won";
pub(crate) const NO_BID: &str = "no_bid";

/// What asking for bids is for a lead on its way.
#[derive(Default)]
pub(crate) enum PingStep {
    /// Nothing: it is sent to its client.
    #[default]
    None,
    /// Its own client is asked, and then these of other campaigns.
    Asks(Arc<Vec<Arc<CampaignContext>>>),
    /// Its client gets it, and has bid for it.
    TakesUp(StandingBid),
}

impl PingStep {
    /// Whether clients are asked before anything is sent.
    pub(crate) fn asks(&self) -> bool {
        matches!(self, Self::Asks(_))
    }

    /// The bid that is taken up.
    pub(crate) fn bid(&self) -> Option<&StandingBid> {
        match self {
            Self::TakesUp(bid) => Some(bid),
            Self::None | Self::Asks(_) => None,
        }
    }
}

impl CampaignContext {
    /// How its client is asked for bids; none where its leads are posted at once.
    pub(crate) fn ping(&self) -> Option<&Ping> {
        self.client.as_ref().filter(|_| !self.stores_only())?.settings.ping.as_ref()
    }
}

/// A bid as plugins see it.
pub(crate) fn contract_bid(bid: &StandingBid) -> Bid {
    Bid { price: bid.price.clone(), token: bid.token.clone() }
}

/// A bid as a message keeps it that takes it up.
pub(crate) fn message_bid(bid: &StandingBid) -> MessageBid {
    MessageBid { price: bid.price.clone(), token: bid.token.clone() }
}

/// A bid that was taken up, as the timeline shows it.
pub(crate) fn shown_bid(price: &str, token: Option<&str>) -> Value {
    let mut shown = serde_json::json!({ "price": price });
    if let Some(token) = token {
        shown["token"] = token.into();
    }
    shown
}
