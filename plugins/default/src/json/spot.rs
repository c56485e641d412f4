//! A place in a tree that a path can go on from: in a text that was read, or in a value that was made.

use super::{Kind, Node, Value};

/// One place.
#[derive(Clone, Copy)]
pub enum Spot<'s> {
    /// In a text that was read.
    Read(Node<'s>),
    /// In a value that was made.
    Made(&'s Value<'s>),
}

impl<'s> Spot<'s> {
    /// The place in a text that was read, if it is one.
    pub fn read(self) -> Option<Node<'s>> {
        match self {
            Self::Read(node) => Some(node),
            Self::Made(_) => None,
        }
    }

    /// The member of this name.
    pub fn member(self, name: &str) -> Option<Self> {
        match self {
            Self::Read(node) => node.member(name).map(Self::Read),
            Self::Made(value) => value.member(name).map(Self::Made),
        }
    }

    /// The first member whose name passes.
    pub fn member_by(self, passes: impl Fn(&str) -> bool) -> Option<Self> {
        match self {
            Self::Read(node) if node.kind() == Kind::Object => {
                node.children().find(|child| passes(&child.name())).map(Self::Read)
            }
            Self::Made(Value::Object(members)) => {
                members.iter().find(|(name, _)| passes(name)).map(|(_, value)| Self::Made(value))
            }
            _ => None,
        }
    }

    /// What is directly inside.
    pub fn children(self) -> Vec<Self> {
        match self {
            Self::Read(node) => node.children().map(Self::Read).collect(),
            Self::Made(Value::List(items)) => items.iter().map(Self::Made).collect(),
            Self::Made(Value::Object(members)) => members.iter().map(|(_, value)| Self::Made(value)).collect(),
            Self::Made(_) => Vec::new(),
        }
    }

    /// The item at this place of a list.
    pub fn item(self, place: usize) -> Option<Self> {
        match self {
            Self::Read(node) => node.item(place).map(Self::Read),
            Self::Made(Value::List(items)) => items.get(place).map(Self::Made),
            Self::Made(_) => None,
        }
    }

    /// How many items a list has; none when this is no list.
    pub fn list_len(self) -> Option<usize> {
        match self {
            Self::Read(node) => (node.kind() == Kind::List).then(|| node.children().count()),
            Self::Made(Value::List(items)) => Some(items.len()),
            Self::Made(_) => None,
        }
    }

    /// Whether there is nothing in it, as [`Value::is_blank`] has it.
    pub fn is_blank(self) -> bool {
        match self {
            Self::Read(node) => match node.kind() {
                Kind::List | Kind::Object => node.children().next().is_none(),
                _ => node.value().is_blank(),
            },
            Self::Made(value) => value.is_blank(),
        }
    }

    /// The value there, which borrows what it can.
    pub fn value(self) -> Value<'s> {
        match self {
            Self::Read(node) => node.value(),
            Self::Made(value) => value.borrowed(),
        }
    }
}
