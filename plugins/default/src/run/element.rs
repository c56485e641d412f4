//! An element, what was read of it, and the body it is a part of.

use std::cell::OnceCell;

use crate::json::{Node, Spot, Tape};

/// An element and what was read of it.
pub struct Element<'e> {
    /// What was read.
    pub tape: &'e Tape<'e>,
    /// The element in it.
    pub node: Node<'e>,
    /// The body, and the element's place in it, when the element is a part of it.
    around: Option<(&'e Tape<'e>, Node<'e>)>,
    /// The whole element where only the wanted places of it were read: read when a path asks for more after all.
    whole: Option<OnceCell<Option<Tape<'e>>>>,
}

impl<'e> Element<'e> {
    /// An element of which all was read, or only what paths lead to.
    pub fn new(tape: &'e Tape<'e>, node: Node<'e>, is_partial: bool) -> Self {
        Self { tape, node, around: None, whole: is_partial.then(OnceCell::new) }
    }

    /// As a part of a body.
    #[must_use]
    pub fn inside(mut self, body: &'e Tape<'e>, node: Node<'e>) -> Self {
        self.around = Some((body, node));
        self
    }

    /// The element as a tree.
    pub fn root(&self) -> Option<Spot<'_>> {
        let Some(whole) = &self.whole else { return Some(Spot::Read(self.node)) };
        // What was read is JSON where it was looked at; a body that is none elsewhere has nothing to find.
        let whole = whole.get_or_init(|| Tape::read(self.tape.text()).ok());
        whole.as_ref().map(|whole| Spot::Read(whole.root()))
    }

    /// The body as a tree.
    pub fn body(&self) -> Option<Spot<'_>> {
        match self.around {
            Some((body, _)) => Some(Spot::Read(body.root())),
            None => self.root(),
        }
    }

    /// Where it stands in the body, which tells it from the others there.
    pub fn place_in_body(&self) -> usize {
        self.around.map_or(0, |(_, node)| node.index())
    }

    /// The object around the element that is so many objects away, 1 for the nearest.
    pub fn parent(&self, levels: usize) -> Option<Spot<'_>> {
        let (body, node) = self.around?;
        let around = body.root().objects_around(node);
        around.len().checked_sub(levels).and_then(|index| around.get(index)).copied().map(Spot::Read)
    }
}
