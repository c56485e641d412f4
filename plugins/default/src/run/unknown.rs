//! What becomes of inbound keys that no field used (M6).

use std::borrow::Cow;

use super::select::is_like;
use crate::json::{Kind, Node, Spot};
use crate::plan::{MapPlan, Path, Root, Segment, Selector, SourceKind, Step, Steps};

/// The values of one element that were used.
pub struct Used<'s> {
    element: Node<'s>,
    marks: Vec<bool>,
    gone: Vec<bool>,
    /// Whether `gone` is what the marks say.
    is_settled: bool,
}

impl<'s> Used<'s> {
    /// Nothing of this element is used yet.
    pub fn new(element: Node<'s>) -> Self {
        Self { element, marks: vec![false; element.count()], gone: Vec::new(), is_settled: false }
    }

    /// Marks a value as used. What was made, or lies outside the element, leaves no mark.
    pub fn mark(&mut self, spot: Spot<'_>) {
        let place = spot.read().and_then(|node| node.index().checked_sub(self.element.index()));
        if let Some(mark) = place.and_then(|place| self.marks.get_mut(place)) {
            *mark = true;
            self.is_settled = false;
        }
    }

    /// Finds out what is left: nothing is left of what was used, nor of a list or an object of which all was used.
    pub fn settle(&mut self) {
        if self.is_settled {
            return;
        }
        self.gone.clone_from(&self.marks);
        // What is inside stands behind what is around it.
        for place in (0..self.gone.len()).rev() {
            if !self.gone[place] {
                let mut children = self.element.behind(place).children().peekable();
                self.gone[place] = children.peek().is_some() && children.all(|child| self.is_gone(child));
            }
        }
        self.is_settled = true;
    }

    /// Whether nothing is left of a value of the element, after [`Used::settle`].
    pub fn is_gone(&self, node: Node<'_>) -> bool {
        self.gone.get(node.index() - self.element.index()).copied().unwrap_or(false)
    }
}

/// The top-level keys that no path of the document names.
pub fn foreign_keys<'s>(plan: &MapPlan<'_>, element: Node<'s>) -> Vec<Cow<'s, str>> {
    if element.kind() != Kind::Object {
        return Vec::new();
    }
    let paths: Vec<&Path<'_>> = paths_of(plan).collect();
    let named = |name: &str| paths.iter().any(|path| names(path, name));
    element.children().map(Node::name).filter(|name| !named(name)).collect()
}

fn paths_of<'a>(plan: &'a MapPlan<'_>) -> impl Iterator<Item = &'a Path<'a>> {
    let sources = plan.fields.iter().flat_map(|field| &field.recipe.sources);
    let of_fields = sources.flat_map(|source| match &source.kind {
        SourceKind::Path(path) => vec![path],
        SourceKind::Template(template) => template.parts.iter().filter_map(in_template).collect(),
        SourceKind::Fixed(_) => Vec::new(),
    });
    of_fields.chain(&plan.ignore).chain(&plan.spread).chain(&plan.is_test)
}

fn in_template<'a>(part: &'a crate::plan::TemplatePart<'_>) -> Option<&'a Path<'a>> {
    if let crate::plan::TemplatePart::Value(path) = part { Some(path) } else { None }
}

/// Whether a path begins with this key.
fn names(path: &Path<'_>, key: &str) -> bool {
    if path.root != Root::Whole {
        return false;
    }
    match &path.steps {
        Steps::Singular(steps) => match steps.first() {
            Some(Step::Name(name)) => name == key,
            Some(Step::Like(bare)) => is_like(key, bare),
            _ => false,
        },
        Steps::Many(segments) => match segments.first() {
            Some(Segment::Child(selectors) | Segment::Descendant(selectors)) => {
                selectors.iter().any(|selector| match selector {
                    Selector::Name(name) => name == key,
                    _ => true,
                })
            }
            None => false,
        },
    }
}
