//! What is kept of a lead while clients are asked for bids, and of the bids that count afterwards (L13).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The clients that are asked for bids on a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Until when they may respond, in milliseconds since 1970.
    pub expires_at: i64,
    /// Who is asked, in the order of the list: of equal bids the first one wins.
    pub clients: Vec<AskedClient>,
    /// The digests of the tables that were read for the lead before, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub value_sets: BTreeMap<String, String>,
}

/// A client that is asked, and how its bid is weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedClient {
    /// The ping.
    pub delivery_id: String,
    /// The client's campaign (the store's id).
    pub campaign_key: String,
    /// The same, as users know it.
    pub campaign_id: String,
    /// The price of an acceptance that says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The least price that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_price: Option<String>,
}

/// A bid that counts: whoever made it can be given the lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingBid {
    /// The client's campaign (the store's id).
    pub campaign_key: String,
    /// The price, a decimal number.
    pub price: String,
    /// What the client calls it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Until when it counts, in milliseconds since 1970.
    pub until: i64,
}
