//! What becomes of inbound keys that no field used (M6).

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_json::{Kind, Node, NodeRef, is_loosely, place_at};

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

/// The parts of an element that the document does not know, as paths such as `contact.phone` and `items[1]`: no path leads to them, or through
/// them to something that is there.
pub fn foreign_parts<'s>(known: &[Vec<Step<'_>>], element: Node<'s>) -> Vec<Cow<'s, str>> {
    let mut foreign = Vec::new();
    add_foreign(&known.iter().map(Vec::as_slice).collect::<Vec<_>>(), element, "", &mut foreign);
    foreign
}

/// As deep as paths lead, which is bounded.
fn add_foreign<'s>(known: &[&[Step<'_>]], node: Node<'s>, path: &str, foreign: &mut Vec<Cow<'s, str>>) {
    let is_list = node.kind() == Kind::List;
    let count = node.children().count();
    for (place, child) in node.children().enumerate() {
        let leads_here =
            |step: &Step<'_>| if is_list { is_item(step, place, count) } else { is_member(step, &child.name()) };
        let rests = known.iter().filter_map(|steps| steps.split_first().filter(|(step, _)| leads_here(step)));
        let rests: Vec<&[Step<'_>]> = rests.map(|(_, rest)| rest).collect();
        let here = || match (is_list, path) {
            (true, _) => Cow::Owned(format!("{path}[{place}]")),
            (false, "") => child.name(),
            (false, _) => Cow::Owned(format!("{path}.{}", child.name())),
        };
        if rests.is_empty() {
            foreign.push(here());
        } else if rests.iter().any(|rest| rest.is_empty()) || child.value().is_blank() {
            // What lies there is known, or there is nothing.
        } else if matches!(child.kind(), Kind::List | Kind::Object) {
            add_foreign(&rests, child, &here(), foreign);
        } else {
            foreign.push(here());
        }
    }
}

fn is_member(step: &Step<'_>, key: &str) -> bool {
    match step {
        Step::Name(name) => name == key,
        Step::Like(bare) => is_loosely(key, bare),
        Step::Index(_) => false,
    }
}

fn is_item(step: &Step<'_>, place: usize, count: usize) -> bool {
    matches!(step, Step::Index(index) if place_at(*index, || Some(count)) == Some(place))
}
