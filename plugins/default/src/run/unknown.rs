//! What becomes of inbound keys that no field used (M6).

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_json::{Node, NodeRef, is_loosely};
use hookmill_jsonpath::{Segment, Selector};

use crate::functions::Declared;
use crate::plan::{Field, LoadedMap, MapOptions, Path, PlanError, Root, SourceKind, Step, Steps};

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

/// The top-level keys that no path of the document names.
pub fn foreign_keys<'s>(plan: &LoadedMap<'_>, element: Node<'s>) -> Result<Vec<Cow<'s, str>>, PlanError> {
    let fields: Vec<&Field<'_>> = (0..plan.len()).map(|index| plan.field(index)).collect::<Result<_, _>>()?;
    let paths: Vec<&Path<'_>> = paths_of(&fields, &plan.options).collect();
    let named = |name: &str| paths.iter().any(|path| names(path, name));
    Ok(element.children().map(Node::name).filter(|name| !named(name)).collect())
}

fn paths_of<'a>(fields: &'a [&'a Field<'a>], options: &'a MapOptions<'a>) -> impl Iterator<Item = &'a Path<'a>> {
    let sources = fields.iter().flat_map(|field| &field.recipe.sources);
    let of_fields = sources.flat_map(|source| match &source.kind {
        SourceKind::Path(path) => vec![path],
        SourceKind::Template(template) => template.parts.iter().filter_map(crate::plan::TemplatePart::path).collect(),
        SourceKind::Fixed(_) => Vec::new(),
    });
    let chains = fields
        .iter()
        .flat_map(|field| field.recipe.sources.iter().map(|source| &source.then).chain([&field.recipe.then]).flatten());
    let of_functions = chains.flat_map(|function| function.paths());
    // What stands in an object that is looked in is known as far as that object is.
    of_fields
        .chain(of_functions)
        .chain(&options.also_search)
        .chain(&options.ignore)
        .chain(&options.expand)
        .chain(&options.is_test)
}

/// Whether a path begins with this key.
fn names(path: &Path<'_>, key: &str) -> bool {
    if path.root != Root::Whole {
        return false;
    }
    match &path.steps {
        Steps::Singular(steps) => match steps.first() {
            Some(Step::Name(name)) => name == key,
            Some(Step::Like(bare)) => is_loosely(key, bare),
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
