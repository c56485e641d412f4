//! A value that a path can go on from: in a text that was read, or in a value that was built.

use std::borrow::Cow;

use crate::{Children, Kind, Node, Value};

/// A value in an index, or one that was built.
#[derive(Clone, Copy)]
pub enum NodeRef<'s> {
    /// In a text that was read.
    Indexed(Node<'s>),
    /// In a value that was built.
    Built(&'s Value<'s>),
}

impl<'s> NodeRef<'s> {
    /// The node of a text that was read, if it is one.
    pub fn indexed(self) -> Option<Node<'s>> {
        match self {
            Self::Indexed(node) => Some(node),
            Self::Built(_) => None,
        }
    }

    /// The member of this name.
    pub fn member(self, name: &str) -> Option<Self> {
        match self {
            Self::Indexed(node) => node.member(name).map(Self::Indexed),
            Self::Built(value) => value.member(name).map(Self::Built),
        }
    }

    /// The first member whose name passes.
    pub fn member_by(self, passes: impl Fn(&str) -> bool) -> Option<Self> {
        match self {
            Self::Indexed(node) if node.kind() == Kind::Object => {
                node.children().find(|child| passes(&child.name())).map(Self::Indexed)
            }
            Self::Built(Value::Object(members)) => {
                members.iter().find(|(name, _)| passes(name)).map(|(_, value)| Self::Built(value))
            }
            _ => None,
        }
    }

    /// What is directly inside, in the order of the text, without building anything.
    pub fn children(self) -> NodeRefChildren<'s> {
        match self {
            Self::Indexed(node) => NodeRefChildren::Indexed(node.children()),
            Self::Built(Value::List(items)) => NodeRefChildren::Items(items.iter()),
            Self::Built(Value::Object(members)) => NodeRefChildren::Members(members.iter()),
            Self::Built(_) => NodeRefChildren::None,
        }
    }

    /// The item at this place of a list.
    pub fn item(self, place: usize) -> Option<Self> {
        match self {
            Self::Indexed(node) => node.item(place).map(Self::Indexed),
            Self::Built(Value::List(items)) => items.get(place).map(Self::Built),
            Self::Built(_) => None,
        }
    }

    /// The item at this index of a list, from its end when negative. Only then must the list be counted.
    pub fn item_at(self, index: i64) -> Option<Self> {
        self.item(place_at(index, || self.list_len())?)
    }

    /// How many items a list has; none when this is not a list.
    pub fn list_len(self) -> Option<usize> {
        match self {
            Self::Indexed(node) => (node.kind() == Kind::List).then(|| node.children().count()),
            Self::Built(Value::List(items)) => Some(items.len()),
            Self::Built(_) => None,
        }
    }

    /// Whether there is nothing in it, as for [`Value::is_blank`].
    pub fn is_blank(self) -> bool {
        match self {
            Self::Indexed(node) => match node.kind() {
                Kind::List | Kind::Object => node.children().next().is_none(),
                _ => node.value().is_blank(),
            },
            Self::Built(value) => value.is_blank(),
        }
    }

    /// The value itself, which borrows what it can.
    pub fn value(self) -> Value<'s> {
        match self {
            Self::Indexed(node) => node.value(),
            Self::Built(value) => value.borrowed(),
        }
    }
}

/// What is directly inside a list or an object.
pub enum NodeRefChildren<'s> {
    /// In a text that was read.
    Indexed(Children<'s>),
    /// Items of a list that was built.
    Items(std::slice::Iter<'s, Value<'s>>),
    /// Members of an object that was built.
    Members(std::slice::Iter<'s, (Cow<'s, str>, Value<'s>)>),
    /// Nothing.
    None,
}

impl<'s> Iterator for NodeRefChildren<'s> {
    type Item = NodeRef<'s>;

    fn next(&mut self) -> Option<NodeRef<'s>> {
        match self {
            Self::Indexed(nodes) => nodes.next().map(NodeRef::Indexed),
            Self::Items(items) => items.next().map(NodeRef::Built),
            Self::Members(members) => members.next().map(|(_, value)| NodeRef::Built(value)),
            Self::None => None,
        }
    }
}

/// The place that an index names in a list, from its end when negative; only then its length is asked for.
pub fn place_at(index: i64, count: impl FnOnce() -> Option<usize>) -> Option<usize> {
    match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => count()?.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_indexes_count_from_both_ends() {
        let list = Value::List(vec![Value::integer(10), Value::integer(11)]);
        let text = crate::JsonIndex::parse("[10,11]").unwrap();
        for root in [NodeRef::Built(&list), NodeRef::Indexed(text.root())] {
            for (index, expected) in
                [(0, Some("10")), (-1, Some("11")), (-2, Some("10")), (-3, None), (2, None), (i64::MIN, None)]
            {
                let found = root.item_at(index).map(|item| crate::text_of(&item.value()));
                assert_eq!(found.as_deref(), expected, "{index}");
            }
        }
    }
}
