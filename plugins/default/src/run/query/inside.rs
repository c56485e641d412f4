//! What is inside a list or an object, without building anything.

use std::borrow::Cow;

use crate::json::{Children, Spot, Value};

/// What is directly inside, in the order of the text.
pub enum Inside<'v> {
    Read(Children<'v>),
    Items(std::slice::Iter<'v, Value<'v>>),
    Members(std::slice::Iter<'v, (Cow<'v, str>, Value<'v>)>),
    Nothing,
}

/// What is directly inside a value.
pub fn children(spot: Spot<'_>) -> Inside<'_> {
    match spot {
        Spot::Read(node) => Inside::Read(node.children()),
        Spot::Made(Value::List(items)) => Inside::Items(items.iter()),
        Spot::Made(Value::Object(members)) => Inside::Members(members.iter()),
        Spot::Made(_) => Inside::Nothing,
    }
}

impl<'v> Iterator for Inside<'v> {
    type Item = Spot<'v>;

    fn next(&mut self) -> Option<Spot<'v>> {
        match self {
            Self::Read(nodes) => nodes.next().map(Spot::Read),
            Self::Items(items) => items.next().map(Spot::Made),
            Self::Members(members) => members.next().map(|(_, value)| Spot::Made(value)),
            Self::Nothing => None,
        }
    }
}

/// The members of an object by name.
pub fn members(spot: Spot<'_>) -> Vec<(Cow<'_, str>, Spot<'_>)> {
    let mut members: Vec<(Cow<'_, str>, Spot<'_>)> = match spot {
        Spot::Read(node) => node.children().map(|child| (child.name(), Spot::Read(child))).collect(),
        Spot::Made(Value::Object(members)) => {
            members.iter().map(|(name, value)| (Cow::Borrowed(&**name), Spot::Made(value))).collect()
        }
        Spot::Made(_) => Vec::new(),
    };
    members.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    members
}

/// How many values were stepped over, at most, to find this child, or to find none.
pub fn skipped(parent: Spot<'_>, found: Option<Spot<'_>>) -> usize {
    match (parent, found) {
        (Spot::Read(parent), Some(Spot::Read(found))) => found.index().saturating_sub(parent.index()),
        (Spot::Read(parent), _) => parent.count(),
        (Spot::Made(Value::Object(members)), _) => members.len(),
        // The items of a list that was made are found without a search.
        (Spot::Made(_), _) => 0,
    }
}
