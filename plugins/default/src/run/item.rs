//! The roots inside a `for_each`: the item, the one around it, and everything else as outside.

use hookmill_json::{Node, NodeRef, Value};

use super::budget::WorkBudget;
use super::scope::Scope;
use crate::plan::Root;

/// The scope of one item.
pub struct ItemScope<'l> {
    parent: &'l dyn Scope,
    item: Value<'l>,
    position: Value<'static>,
}

impl<'l> ItemScope<'l> {
    /// The item at this place, counted from 0, of a list.
    pub fn new(parent: &'l dyn Scope, item: Value<'l>, index: usize) -> Self {
        Self { parent, item, position: Value::Number((index + 1).to_string().into()) }
    }
}

impl Scope for ItemScope<'_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        match root {
            Root::Item => Some(NodeRef::Built(&self.item)),
            Root::Outer => self.parent.root(Root::Item),
            Root::Position => Some(NodeRef::Built(&self.position)),
            root => self.parent.root(root),
        }
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.parent.place(place)
    }

    fn phone_region(&self) -> &str {
        self.parent.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.parent.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.parent.time_zone()
    }

    fn random_bytes(&self) -> [u8; 16] {
        self.parent.random_bytes()
    }

    fn budget(&self) -> &WorkBudget {
        self.parent.budget()
    }
}
