//! Functions that only choose, done on the input itself: no copy is made of what they leave out.

use hookmill_json::{Kind, Node, NodeRef, Value};

use super::steps::{Found, select_in};
use crate::functions::{Declared, is_wanted};
use crate::plan::{Argument, Function, Steps};

/// Whether a function only chooses among what is there.
pub fn chooses(function: &Function<'_>) -> bool {
    matches!(function.name(), "find" | "pick" | "first" | "last" | "item")
}

/// Follows functions that only choose from a place: where they end, if anywhere, and the functions that are left. It gives what
/// the functions give of the value there.
pub fn walk<'s>(then: &'s [Function<'s>], start: Node<'s>) -> (Option<Node<'s>>, &'s [Function<'s>]) {
    let mut at = start;
    for (index, function) in then.iter().enumerate() {
        match step(function, at) {
            Some(Some(next)) => at = next,
            Some(None) => return (None, &then[index + 1..]),
            None => return (Some(at), &then[index..]),
        }
    }
    (Some(at), &[])
}

/// Where a function goes, if anywhere; none when it must see the value.
fn step<'s>(function: &'s Function<'_>, at: Node<'s>) -> Option<Option<Node<'s>>> {
    if !chooses(function) {
        return None;
    }
    if at.kind() == Kind::Null {
        return Some(Some(at));
    }
    let is_list = at.kind() == Kind::List;
    match (function.name(), function.arguments.as_slice()) {
        ("pick", [Argument::Path(path)]) if !is_list && matches!(path.steps, Steps::Singular(_)) => {
            match select_in(&path.steps, NodeRef::Indexed(at)) {
                Ok(Found::One(node)) => Some(node.indexed()),
                _ => Some(None),
            }
        }
        // In XML and forms, a list of one looks like its one item.
        ("first" | "last", _) if !is_list => Some(Some(at)),
        ("first", _) => Some(at.item(0)),
        ("last", _) => Some(NodeRef::Indexed(at).item_at(-1).and_then(NodeRef::indexed)),
        ("item", [Argument::Whole(index)]) if is_list => {
            Some(NodeRef::Indexed(at).item_at(*index).and_then(NodeRef::indexed))
        }
        ("find", [Argument::Pairs(members)]) => {
            let has_all = |item: &Node<'s>| members.iter().all(|(name, wanted)| has(*item, name, wanted));
            Some(if is_list { at.children().find(has_all) } else { Some(at).filter(has_all) })
        }
        _ => None,
    }
}

fn has(item: Node<'_>, name: &str, wanted: &Value<'_>) -> bool {
    item.member(name).is_some_and(|found| match wanted {
        Value::Text(text) if !matches!(found.kind(), Kind::True | Kind::False) => found.equals_text(text),
        _ => is_wanted(&found.value(), wanted),
    })
}
