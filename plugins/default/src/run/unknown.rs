//! What becomes of inbound keys that no field used (M6).

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_json::{Node, NodeRef, is_loosely};

use crate::plan::Step;

/// The values of one element that were used, and of what lies options it in the body.
pub struct Used<'s> {
    element: Node<'s>,
    marks: Vec<bool>,
    gone: Vec<bool>,
    /// Marked places outside of the element, which are few.
    outside: BTreeSet<usize>,
}

impl<'s> Used<'s> {
    /// Nothing is used yet.
    pub fn new(element: Node<'s>) -> Self {
        let marks = vec![false; element.count()];
        Self { element, gone: marks.clone(), marks, outside: BTreeSet::new() }
    }

    /// Marks a value as used. What was made and not read leaves no mark.
    pub fn mark(&mut self, node: NodeRef<'_>) {
        let NodeRef::Indexed(node) = node else { return };
        match self.place(node) {
            Some(place) => self.marks[place] = true,
            None => {
                self.outside.insert(node.index());
            }
        }
    }

    /// Finds out what is left of this value: nothing of what was used, nor of a list or an object of which all was used.
    pub fn settle(&mut self, node: Node<'_>) {
        let Some(start) = self.place(node) else { return };
        // What is inside stands behind what is around it.
        for place in (start..start + node.count()).rev() {
            self.gone[place] = self.marks[place] || self.is_emptied(self.element.nth_following(place));
        }
    }

    /// Whether nothing is left of a value inside of one that was settled, or of one outside of the element.
    pub fn is_gone(&self, node: Node<'_>) -> bool {
        match self.place(node) {
            Some(place) => self.gone[place],
            None => self.outside.contains(&node.index()) || self.is_emptied(node),
        }
    }

    fn is_emptied(&self, node: Node<'_>) -> bool {
        let mut children = node.children().peekable();
        children.peek().is_some() && children.all(|child| self.is_gone(child))
    }

    /// None outside of the element.
    fn place(&self, node: Node<'_>) -> Option<usize> {
        if !node.shares_index(self.element) {
            return None;
        }
        let place = node.index().checked_sub(self.element.index())?;
        (place < self.marks.len()).then_some(place)
    }
}

/// The keys of an element that the document does not know.
pub fn foreign_keys<'s>(known: &[Step<'_>], element: Node<'s>) -> Vec<Cow<'s, str>> {
    element.children().map(Node::name).filter(|name| !known.iter().any(|step| names(step, name))).collect()
}

fn names(step: &Step<'_>, key: &str) -> bool {
    match step {
        Step::Name(name) => name == key,
        Step::Like(bare) => is_loosely(key, bare),
        Step::Index(_) => false,
    }
}
