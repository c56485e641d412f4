//! An element, what was read of it, and the body it is a part of.

use std::cell::OnceCell;

use hookmill_json::{JsonIndex, Node, NodeRef};

/// An element and what was read of it.
pub struct Element<'e> {
    /// What was read.
    pub index: &'e JsonIndex<'e>,
    /// The element in it.
    pub node: Node<'e>,
    /// What the element is a part of, and its place in it: the body, or a value that was made of it.
    enclosing: Option<(&'e JsonIndex<'e>, Node<'e>)>,
    /// The body that the element came in, when it is not the element itself.
    body: Option<&'e JsonIndex<'e>>,
    /// The whole element where only the wanted places of it were read: read when a path asks for more after all.
    whole: Option<OnceCell<Option<JsonIndex<'e>>>>,
}

/// What elements are parts of.
#[derive(Clone, Copy)]
pub struct Around<'e> {
    /// The body, or a value that was made of it.
    pub index: &'e JsonIndex<'e>,
    /// The body.
    pub body: &'e JsonIndex<'e>,
}

impl<'e> Element<'e> {
    /// An element of which all was read, or only what paths lead to.
    pub fn new(index: &'e JsonIndex<'e>, node: Node<'e>, is_partial: bool) -> Self {
        Self { index, node, enclosing: None, body: None, whole: is_partial.then(OnceCell::new) }
    }

    /// As a part of what stands around it, in a body.
    #[must_use]
    pub fn inside(mut self, around: Around<'e>, node: Node<'e>) -> Self {
        self.enclosing = Some((around.index, node));
        self.body = Some(around.body);
        self
    }

    /// The element as a tree.
    pub fn root(&self) -> Option<NodeRef<'_>> {
        let Some(whole) = &self.whole else { return Some(NodeRef::Indexed(self.node)) };
        // What was read is JSON where it was looked at; a body that is none elsewhere has nothing to find.
        let whole = whole.get_or_init(|| JsonIndex::parse(self.index.text()).ok());
        whole.as_ref().map(|whole| NodeRef::Indexed(whole.root()))
    }

    /// The body as a tree.
    pub fn body(&self) -> Option<NodeRef<'_>> {
        match self.body {
            Some(body) => Some(NodeRef::Indexed(body.root())),
            None => self.root(),
        }
    }

    /// Where it stands in the body, which tells it from the others there.
    pub fn place_in_body(&self) -> usize {
        self.enclosing.map_or(0, |(_, node)| node.index())
    }

    /// The object around the element that is so many objects away, 1 for the nearest.
    pub fn parent(&self, levels: usize) -> Option<NodeRef<'_>> {
        let (around, node) = self.enclosing?;
        let enclosing = around.root().objects_holding(node);
        enclosing.len().checked_sub(levels).and_then(|index| enclosing.get(index)).copied().map(NodeRef::Indexed)
    }
}
