//! A value that a path can go on from: in a text that was read, or in a value that was built.

use crate::{Kind, Node, Value};

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

    /// What is directly inside.
    pub fn children(self) -> Vec<Self> {
        match self {
            Self::Indexed(node) => node.children().map(Self::Indexed).collect(),
            Self::Built(Value::List(items)) => items.iter().map(Self::Built).collect(),
            Self::Built(Value::Object(members)) => members.iter().map(|(_, value)| Self::Built(value)).collect(),
            Self::Built(_) => Vec::new(),
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

    /// How many items a list has; none when this is no list.
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
