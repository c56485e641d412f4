//! The scope of `qualify` and `shape`.

use std::cell::{Cell, OnceCell};

use hookmill_json::{JsonIndex, Node, NodeRef, Value};
use hookmill_plugin_sdk::types::{Entropy, Event, Submission};

use super::trees::{event, submission};
use super::{Call, Scope, random_bytes};
use crate::plan::Root;
use crate::run::budget::WorkBudget;
use crate::run::element::Element;

/// What `map` never mixes into its random bytes: its own places are even.
const STAGE_OF_LEADS: u64 = 1;

/// The roots of `qualify` and `shape`: a lead, and what it is about.
pub struct LeadScope<'l, 'c> {
    call: &'l Call<'c>,
    lead: Option<Element<'l>>,
    submission: Option<&'l Submission>,
    event: Option<&'l Event>,
    budget: WorkBudget,
    random_calls: Cell<u64>,
    submission_tree: OnceCell<Value<'l>>,
    event_tree: OnceCell<Value<'l>>,
}

impl<'l, 'c> LeadScope<'l, 'c> {
    /// The scope of a submission's lead, of which as much as paths have places for is read.
    pub fn new(call: &'l Call<'c>, submission: Option<&'l Submission>, lead: Option<&'l JsonIndex<'l>>) -> Self {
        let lead = lead.map(|index| Element::new(index, index.root(), true));
        Self {
            call,
            lead,
            submission,
            event: None,
            budget: WorkBudget::default(),
            random_calls: Cell::new(0),
            submission_tree: OnceCell::new(),
            event_tree: OnceCell::new(),
        }
    }

    /// With what happened.
    #[must_use]
    pub fn with_event(mut self, event: Option<&'l Event>) -> Self {
        self.event = event;
        self
    }
}

impl Scope for LeadScope<'_, '_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Lead => return self.lead.as_ref().and_then(Element::root),
            Root::Submission => self.submission.map(|it| self.submission_tree.get_or_init(|| submission(it))),
            Root::Event => self.event.map(|it| self.event_tree.get_or_init(|| event(it))),
            _ => return self.call.root(root),
        };
        made.map(NodeRef::Built)
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.lead.as_ref().and_then(|lead| lead.index.at_path(place))
    }

    fn phone_region(&self) -> &str {
        self.call.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.call.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.call.time_zone()
    }

    /// Without a submission there are no random bytes; the moment of the event stands for it.
    fn random_bytes(&self) -> [u8; 16] {
        let none = || Entropy { high: 0, low: self.event.map_or(0, |event| event.occurred_at.cast_unsigned()) };
        let entropy = self.submission.map_or_else(none, |submission| submission.entropy);
        random_bytes(&entropy, STAGE_OF_LEADS, &self.random_calls)
    }

    fn budget(&self) -> &WorkBudget {
        &self.budget
    }
}
