//! What is inside a list or an object, without building anything.

use std::borrow::Cow;

use hookmill_json::{Children, NodeRef, Value};

/// What is directly inside, in the order of the text.
pub enum Inside<'v> {
    Read(Children<'v>),
    Items(std::slice::Iter<'v, Value<'v>>),
    Members(std::slice::Iter<'v, (Cow<'v, str>, Value<'v>)>),
    Nothing,
}

/// What is directly inside a value.
pub fn children(spot: NodeRef<'_>) -> Inside<'_> {
    match spot {
        NodeRef::Indexed(node) => Inside::Read(node.children()),
        NodeRef::Built(Value::List(items)) => Inside::Items(items.iter()),
        NodeRef::Built(Value::Object(members)) => Inside::Members(members.iter()),
        NodeRef::Built(_) => Inside::Nothing,
    }
}

impl<'v> Iterator for Inside<'v> {
    type Item = NodeRef<'v>;

    fn next(&mut self) -> Option<NodeRef<'v>> {
        match self {
            Self::Read(nodes) => nodes.next().map(NodeRef::Indexed),
            Self::Items(items) => items.next().map(NodeRef::Built),
            Self::Members(members) => members.next().map(|(_, value)| NodeRef::Built(value)),
            Self::Nothing => None,
        }
    }
}

/// The members of an object by name.
pub fn members(spot: NodeRef<'_>) -> Vec<(Cow<'_, str>, NodeRef<'_>)> {
    let mut members: Vec<(Cow<'_, str>, NodeRef<'_>)> = match spot {
        NodeRef::Indexed(node) => node.children().map(|child| (child.name(), NodeRef::Indexed(child))).collect(),
        NodeRef::Built(Value::Object(members)) => {
            members.iter().map(|(name, value)| (Cow::Borrowed(&**name), NodeRef::Built(value))).collect()
        }
        NodeRef::Built(_) => Vec::new(),
    };
    members.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    members
}

/// How many values were stepped over, at most, to find this child, or to find none.
pub fn skipped(parent: NodeRef<'_>, found: Option<NodeRef<'_>>) -> usize {
    match (parent, found) {
        (NodeRef::Indexed(parent), Some(NodeRef::Indexed(found))) => found.index().saturating_sub(parent.index()),
        (NodeRef::Indexed(parent), _) => parent.count(),
        (NodeRef::Built(Value::Object(members)), _) => members.len(),
        // The items of a list that was made are found without a search.
        (NodeRef::Built(_), _) => 0,
    }
}
