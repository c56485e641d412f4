//! The roots inside a `for_each`: the item, the one around it, and everything else as outside.

use hookmill_json::{Node, NodeRef, Value};

use super::scope::Scope;
use super::work::Work;
use crate::plan::Root;

/// The scope of one item.
pub struct ItemScope<'l> {
    around: &'l dyn Scope,
    item: Value<'l>,
    position: Value<'static>,
}

impl<'l> ItemScope<'l> {
    /// The item at this place, counted from 0, of a list.
    pub fn new(around: &'l dyn Scope, item: Value<'l>, index: usize) -> Self {
        Self { around, item, position: Value::Number((index + 1).to_string().into()) }
    }
}

impl Scope for ItemScope<'_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        match root {
            Root::Item => Some(NodeRef::Built(&self.item)),
            Root::Outer => self.around.root(Root::Item),
            Root::Position => Some(NodeRef::Built(&self.position)),
            root => self.around.root(root),
        }
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.around.place(place)
    }

    fn phone_region(&self) -> &str {
        self.around.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.around.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.around.time_zone()
    }

    fn chance(&self) -> [u8; 16] {
        self.around.chance()
    }

    fn work(&self) -> &Work {
        self.around.work()
    }
}
