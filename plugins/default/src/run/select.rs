//! Following a path into a tree.

use hookmill_json::{NodeRef, Value, is_loosely};
use hookmill_jsonpath::TooWide;

use super::budget::WorkBudget;
use super::scope::Scope;
use crate::functions::FunctionError;
use crate::plan::{Path, Step, Steps};

/// What a path found.
#[derive(Clone)]
pub enum Found<'s> {
    /// Nothing.
    Missing,
    /// The one value of a singular path.
    One(NodeRef<'s>),
    /// The values of a query, at least one.
    Many(Vec<NodeRef<'s>>),
}

impl<'s> Found<'s> {
    /// As one value: the values of a query are a list. Refuses when holding it is more than may still be done.
    pub fn value(&self, budget: &WorkBudget) -> Result<Option<Value<'s>>, FunctionError> {
        budget.spend_copy(self.nodes())?;
        Ok(self.free_value())
    }

    /// The same, where it is known to be small.
    pub fn free_value(&self) -> Option<Value<'s>> {
        match self {
            Self::Missing => None,
            Self::One(node) => Some(node.value()),
            Self::Many(nodes) => Some(Value::List(nodes.iter().map(|node| node.value()).collect())),
        }
    }

    /// Whether there is anything in it.
    /// Whether it found a value that is not blank.
    fn is_filled(&self) -> bool {
        match self {
            Self::Missing => false,
            Self::One(node) => !node.is_blank(),
            Self::Many(nodes) => !nodes.is_empty(),
        }
    }

    /// The places themselves.
    pub fn nodes(&self) -> &[NodeRef<'s>] {
        match self {
            Self::Missing => &[],
            Self::One(node) => std::slice::from_ref(node),
            Self::Many(nodes) => nodes,
        }
    }
}

/// How many steps it takes to look at one value.
const STEPS_PER_VISIT: usize = 16;

/// Follows a path; refuses only when it would have to look at too much, alone or with all that was done before.
pub fn select<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
    let start = match path.place {
        Some(place) => scope.place(place).map(NodeRef::Indexed),
        None => scope.root(path.root),
    };
    let Some(start) = start else { return Ok(Found::Missing) };
    let (found, visits) = walk(&path.steps, start)?;
    if 0 < visits {
        scope.budget().spend(visits * STEPS_PER_VISIT)?;
    }
    Ok(found)
}

/// Follows a path as it is meant wherever it is not a source of alternatives: a loose name is looked for in the element, then in each
/// container (`also_search`); the first value that is not blank counts, else the first there is.
pub fn look<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
    let mut best = select(path, scope)?;
    if !path.is_loose() {
        return Ok(best);
    }
    for container in scope.containers() {
        if best.is_filled() {
            break;
        }
        scope.budget().spend(STEPS_PER_VISIT)?;
        let found = select_in(&path.steps, *container)?;
        if found.is_filled() || best.nodes().is_empty() {
            best = found;
        }
    }
    Ok(best)
}

/// Follows steps from a place.
pub fn select_in<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<Found<'s>, FunctionError> {
    Ok(walk(steps, root)?.0)
}

/// What steps find from a place, and how many values a query looked at for it.
fn walk<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<(Found<'s>, usize), FunctionError> {
    match steps {
        Steps::Singular(steps) => Ok((follow(steps, root).map_or(Found::Missing, Found::One), 0)),
        Steps::Many(segments) => {
            let (nodes, visits) = hookmill_jsonpath::find(segments, root).map_err(too_wide)?;
            Ok((if nodes.is_empty() { Found::Missing } else { Found::Many(nodes) }, visits))
        }
    }
}

fn follow<'s>(steps: &[Step<'_>], root: NodeRef<'s>) -> Option<NodeRef<'s>> {
    steps.iter().try_fold(root, |node, step| match step {
        Step::Name(name) => node.member(name),
        Step::Index(index) => node.item_at(*index),
        Step::Like(bare) => node.member_by(|name| is_loosely(name, bare)),
    })
}

fn too_wide(error: TooWide) -> FunctionError {
    FunctionError::new("path_too_wide", error.to_string())
}
