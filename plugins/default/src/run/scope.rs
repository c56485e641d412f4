//! What paths can point at, for each stage.

mod element;
mod lead;
pub mod trees;

use std::cell::{Cell, OnceCell};

use hookmill_json::{Node, NodeRef, Value};
use hookmill_plugin_sdk::types::{Context, Destination, Entropy};
use sha2::{Digest, Sha256};

use super::budget::WorkBudget;
use crate::plan::Root;

pub use element::ElementScope;
pub use lead::LeadScope;

/// The roots of one stage.
pub trait Scope {
    /// The tree of a root; none when there is none here.
    fn root(&self, root: Root) -> Option<NodeRef<'_>>;
    /// What is at a place that was found while the text was read.
    fn place(&self, _place: u16) -> Option<Node<'_>> {
        None
    }
    /// The region in which a phone number without a country code is read.
    fn phone_region(&self) -> &str;
    /// The campaign's time zone.
    fn time_zone(&self) -> &str;
    /// The time of this run.
    fn now_ms(&self) -> i64;
    /// Random bytes, the same in a replay; each call gives other bytes, in the same order.
    fn random_bytes(&self) -> [u8; 16];
    /// What may still be done for this item.
    fn budget(&self) -> &WorkBudget;
    /// Objects in the element where loose names are looked for as well.
    fn containers(&self) -> &[NodeRef<'_>] {
        &[]
    }
    /// Whether anybody asks afterwards which values were used.
    fn asks_what_is_used(&self) -> bool {
        false
    }
    /// Keeps a field that was made, where a later one looks at it.
    fn keep(&self, _field: u16, _value: Value<'static>) {}
    /// Whether a key belongs to the envelope that the element came in, not to the lead.
    fn is_of_envelope(&self, _name: &str) -> bool {
        false
    }
}

/// What is the same for all items of one call.
pub struct Call<'c> {
    context: &'c Context,
    destination: Option<&'c Destination>,
    campaign: OnceCell<Value<'c>>,
    organization: OnceCell<Value<'c>>,
    run: OnceCell<Value<'c>>,
    destination_tree: OnceCell<Value<'c>>,
}

impl<'c> Call<'c> {
    /// Takes the context of a call.
    pub fn new(context: &'c Context) -> Self {
        let (campaign, organization, run) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { context, destination: None, campaign, organization, run, destination_tree: OnceCell::new() }
    }

    /// With the destination that it is about.
    #[must_use]
    pub fn with_destination(mut self, destination: &'c Destination) -> Self {
        self.destination = Some(destination);
        self
    }

    /// Whether results should carry a trace.
    pub fn traces(&self) -> bool {
        self.context.trace
    }

    /// The region in which a phone number without a country code is read.
    pub fn phone_region(&self) -> &str {
        &self.context.campaign.phone_region
    }

    /// The time of this run.
    pub fn now_ms(&self) -> i64 {
        self.context.now
    }

    /// The campaign's time zone.
    pub fn time_zone(&self) -> &str {
        &self.context.campaign.time_zone
    }

    /// The trees that are the same for all items.
    pub fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Campaign => Some(self.campaign.get_or_init(|| trees::campaign(&self.context.campaign))),
            Root::Organization => {
                Some(self.organization.get_or_init(|| trees::organization(&self.context.organization)))
            }
            Root::Context => Some(self.run.get_or_init(|| {
                let run_id = Value::text(self.context.run_id.as_str());
                Value::object([("now", Value::integer(self.context.now)), ("run_id", run_id)])
            })),
            Root::Destination => {
                self.destination.map(|it| self.destination_tree.get_or_init(|| trees::destination(it)))
            }
            _ => None,
        };
        made.map(NodeRef::Built)
    }
}

/// The next random bytes: a digest of the item's, so that two of them have nothing in common.
pub fn random_bytes(entropy: &Entropy, place: u64, calls: &Cell<u64>) -> [u8; 16] {
    let call = calls.replace(calls.get() + 1);
    let words = [entropy.high, entropy.low, place, call].map(u64::to_be_bytes);
    let digest = Sha256::digest(words.concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes
}
