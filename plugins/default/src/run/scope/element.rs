//! The scope of `map`.

use std::cell::{Cell, OnceCell};

use hookmill_json::{Node, NodeRef, Value};
use hookmill_plugin_sdk::types::{Channel, Inbound};

use super::trees::{origin, pairs};
use super::{Call, Scope, random_bytes};
use crate::plan::{Path, Root};
use crate::run::budget::WorkBudget;
use crate::run::element::Element;
use crate::run::steps::select_in;

/// The roots of `map`: one element, and what came with it.
pub struct ElementScope<'e, 'c> {
    call: &'e Call<'c>,
    inbound: &'e Inbound,
    budget: &'e WorkBudget,
    element: Element<'e>,
    also_search: &'e [Path<'e>],
    containers: OnceCell<Vec<NodeRef<'e>>>,
    made: Vec<(u16, OnceCell<Value<'static>>)>,
    random_calls: Cell<u64>,
    header: OnceCell<Value<'e>>,
    query: OnceCell<Value<'e>>,
    origin: OnceCell<Value<'e>>,
}

impl<'e, 'c> ElementScope<'e, 'c> {
    /// An element of a request, and what may be done for all that came with it.
    pub fn new(call: &'e Call<'c>, inbound: &'e Inbound, budget: &'e WorkBudget, element: Element<'e>) -> Self {
        let (header, query, origin) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (containers, random_calls) = (OnceCell::new(), Cell::new(0));
        let made = Vec::new();
        Self { call, inbound, budget, element, also_search: &[], containers, made, random_calls, header, query, origin }
    }

    /// With the objects in the element where loose names are looked for as well.
    #[must_use]
    pub fn with_containers(mut self, paths: &'e [Path<'e>]) -> Self {
        self.also_search = paths;
        self
    }

    /// With room for the fields at which later ones look.
    #[must_use]
    pub fn with_referenced_fields(mut self, fields: &[u16]) -> Self {
        self.made = fields.iter().map(|field| (*field, OnceCell::new())).collect();
        self
    }
}

impl Scope for ElementScope<'_, '_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Whole => return self.element.root(),
            Root::Body => return self.element.body(),
            Root::Parent(levels) => return self.element.parent(usize::from(levels)),
            Root::Field(field) => self.made.iter().find(|(kept, _)| *kept == field)?.1.get()?,
            Root::Header => self.header.get_or_init(|| pairs(&self.inbound.headers)),
            Root::Query => self.query.get_or_init(|| pairs(&self.inbound.query)),
            Root::Origin => self.origin.get_or_init(|| origin(&self.inbound.origin)),
            _ => return self.call.root(root),
        };
        Some(NodeRef::Built(made))
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.element.index.at_path(place)
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

    /// Several elements of one body have one entropy, so their places tell them apart.
    fn random_bytes(&self) -> [u8; 16] {
        let place = (self.element.place_in_body() as u64) << 1;
        random_bytes(&self.inbound.entropy, place, &self.random_calls)
    }

    fn budget(&self) -> &WorkBudget {
        self.budget
    }

    fn containers(&self) -> &[NodeRef<'_>] {
        self.containers.get_or_init(|| {
            let root = NodeRef::Indexed(self.element.node);
            let found = self.also_search.iter().filter_map(|path| select_in(&path.steps, root).ok());
            found.flat_map(|found| found.nodes().to_vec()).collect()
        })
    }

    fn asks_what_is_used(&self) -> bool {
        true
    }

    fn keep(&self, field: u16, value: Value<'static>) {
        if let Some((_, kept)) = self.made.iter().find(|(kept, _)| *kept == field) {
            kept.get_or_init(|| value);
        }
    }

    /// The batch push names the campaign.
    fn is_of_envelope(&self, name: &str) -> bool {
        self.inbound.origin.channel == Channel::Batch && name == "campaign_id"
    }
}
