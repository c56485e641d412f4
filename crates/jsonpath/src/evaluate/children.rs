//! Members of objects by name, and how many values a step passes over.

use std::borrow::Cow;

use hookmill_json::{NodeRef, Value};

/// The members of an object by name.
pub fn members(node: NodeRef<'_>) -> Vec<(Cow<'_, str>, NodeRef<'_>)> {
    let mut members: Vec<(Cow<'_, str>, NodeRef<'_>)> = match node {
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
