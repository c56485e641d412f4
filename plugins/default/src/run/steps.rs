//! Following the steps of a path from a value, whatever the value is of.

use hookmill_json::{NodeRef, Value, is_loosely};
use hookmill_jsonpath::TooWide;

use super::budget::WorkBudget;
use crate::functions::FunctionError;
use crate::plan::{Step, Steps};

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
    /// As one value: the values of a query are a list. Rejects when holding it is more than may still be done.
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

    /// Whether it found a value that is not blank.
    pub fn is_filled(&self) -> bool {
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

/// Follows steps from a value.
pub fn select_in<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<Found<'s>, FunctionError> {
    Ok(walk_steps(steps, root)?.0)
}

/// What steps find from a value, and how many values a query looked at for it.
pub fn walk_steps<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<(Found<'s>, usize), FunctionError> {
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
