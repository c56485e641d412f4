//! Functions that only choose, done on the input itself: no copy is made of what they leave out.

use super::select::{Found, item_at, select_in};
use crate::functions::is_same;
use crate::json::{Kind, Spot};
use crate::plan::{Argument, Function, Steps};

/// Whether a function only chooses among what is there.
pub fn chooses(function: &Function<'_>) -> bool {
    matches!(function.name(), "find" | "pick" | "first" | "last" | "item")
}

/// Follows functions that only choose from a place: where they end, if anywhere, and the functions that are left. It gives what
/// the functions give of the value there.
pub fn walk<'s>(then: &'s [Function<'s>], start: Spot<'s>) -> (Option<Spot<'s>>, &'s [Function<'s>]) {
    let mut at = start;
    for (index, function) in then.iter().enumerate() {
        match step(function, at) {
            Step::To(next) => at = next,
            Step::Nowhere => return (None, &then[index + 1..]),
            Step::Unclear => return (Some(at), &then[index..]),
        }
    }
    (Some(at), &[])
}

enum Step<'s> {
    To(Spot<'s>),
    /// The value is missing from here on.
    Nowhere,
    /// The function must see the value.
    Unclear,
}

impl<'s> From<Option<Spot<'s>>> for Step<'s> {
    fn from(spot: Option<Spot<'s>>) -> Self {
        spot.map_or(Self::Nowhere, Self::To)
    }
}

fn step<'s>(function: &'s Function<'_>, at: Spot<'s>) -> Step<'s> {
    let (true, Some(node)) = (chooses(function), at.read()) else { return Step::Unclear };
    if node.kind() == Kind::Null {
        return Step::To(at);
    }
    let is_list = node.kind() == Kind::List;
    match (function.name(), function.arguments()) {
        ("pick", [Argument::Path(path)]) if !is_list && matches!(path.steps, Steps::Singular(_)) => {
            match select_in(&path.steps, at) {
                Ok(Found::One(spot)) => Step::To(spot),
                _ => Step::Nowhere,
            }
        }
        // In XML and forms, a list of one looks like its one item.
        ("first" | "last", _) if !is_list => Step::To(at),
        ("first", _) => item_at(at, 0).into(),
        ("last", _) => item_at(at, -1).into(),
        ("item", [Argument::Whole(index)]) if is_list => item_at(at, *index).into(),
        ("find", [Argument::Pairs(members)]) => {
            let has_all = |spot: &Spot<'s>| {
                members
                    .iter()
                    .all(|(name, wanted)| spot.member(name).is_some_and(|found| is_same(&found.value(), wanted)))
            };
            let found = if is_list { node.children().map(Spot::Read).find(has_all) } else { Some(at).filter(has_all) };
            found.into()
        }
        _ => Step::Unclear,
    }
}
