//! Queries of RFC 9535, as trees: segments, selectors, filters. Everything that the RFC lets a parser decide is decided by
//! the types: what a filter compares is one value, what it counts are many, a pattern is fixed and was tried.

use std::borrow::Cow;

use hookmill_json::Value;
use serde::{Deserialize, Serialize};

use crate::Pattern;

/// The tree with texts of its own: what parsing makes.
pub mod owned {
    pub use super::{Comparison, Start};

    /// One segment of a query.
    pub type Segment = super::Segment<'static>;
    /// What a segment selects.
    pub type Selector = super::Selector<'static>;
    /// A condition on a child.
    pub type Filter = super::Filter<'static>;
    /// One side of a comparison.
    pub type Operand = super::Operand<'static>;
    /// A query inside a filter.
    pub type Query = super::Query<'static>;
    /// A query that finds at most one value.
    pub type Singular = super::Singular<'static>;
    /// One step of it.
    pub type Key = super::Key<'static>;
    /// A regular expression.
    pub type Pattern = crate::Pattern<'static>;
}

/// One segment of a query (2.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Segment<'p> {
    /// Selects among the children.
    #[serde(borrow)]
    Child(Vec<Selector<'p>>),
    /// Selects among the children of the node and of all its descendants.
    #[serde(borrow)]
    Descendant(Vec<Selector<'p>>),
}

impl<'p> Segment<'p> {
    /// Whether a filter in it has a query from the root (`$`).
    pub fn uses_root(&self) -> bool {
        !self.root_queries().is_empty()
    }

    /// The queries from the root (`$`) in its filters.
    pub fn root_queries(&self) -> Vec<Query<'p>> {
        let mut queries = Vec::new();
        self.add_root_queries(&mut queries);
        queries
    }

    fn add_root_queries(&self, queries: &mut Vec<Query<'p>>) {
        let (Self::Child(selectors) | Self::Descendant(selectors)) = self;
        for selector in selectors {
            if let Selector::Filter(filter) = selector {
                filter.add_root_queries(queries);
            }
        }
    }
}

/// What a segment selects (2.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Selector<'p> {
    /// A member.
    #[serde(borrow)]
    Name(Cow<'p, str>),
    /// An item.
    Index(i64),
    /// All children.
    Wildcard,
    /// Items from, to, by.
    Slice(Option<i64>, Option<i64>, i64),
    /// Children that pass.
    #[serde(borrow)]
    Filter(Filter<'p>),
}

/// A condition on a child (2.3.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Filter<'p> {
    /// One of them.
    #[serde(borrow)]
    Any(Vec<Filter<'p>>),
    /// All of them.
    #[serde(borrow)]
    All(Vec<Filter<'p>>),
    /// Not this one.
    #[serde(borrow)]
    Not(Box<Filter<'p>>),
    /// The query finds something.
    #[serde(borrow)]
    Exists(Query<'p>),
    /// Two values stand so to each other.
    Compare(Comparison, Operand<'p>, Operand<'p>),
    /// A text matches a pattern.
    Matches(Operand<'p>, Pattern<'p>),
}

impl<'p> Filter<'p> {
    /// The depth is that of the path, which is bounded.
    fn add_root_queries(&self, queries: &mut Vec<Query<'p>>) {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().for_each(|part| part.add_root_queries(queries)),
            Self::Not(part) => part.add_root_queries(queries),
            Self::Exists(query) => query.add_root_queries(queries),
            Self::Compare(_, left, right) => [left, right].iter().for_each(|side| side.add_root_queries(queries)),
            Self::Matches(operand, _) => operand.add_root_queries(queries),
        }
    }
}

/// How two values are compared in a filter; `>` and `>=` are these with the sides changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// One value, or nothing: a side of a comparison, an argument of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand<'p> {
    /// A fixed value.
    #[serde(borrow)]
    Literal(Value<'p>),
    /// What a singular query finds.
    #[serde(borrow)]
    Single(Singular<'p>),
    /// What a query finds, if it is exactly one value: `value(...)`.
    #[serde(borrow)]
    Only(Query<'p>),
    /// How many values it finds: `count(...)`.
    #[serde(borrow)]
    Count(Query<'p>),
    /// How many characters, items or members the value has: `length(...)`.
    #[serde(borrow)]
    Length(Box<Operand<'p>>),
}

impl<'p> Operand<'p> {
    fn add_root_queries(&self, queries: &mut Vec<Query<'p>>) {
        match self {
            Self::Literal(_) => {}
            Self::Single(query) => Query::Single(query.clone()).add_root_queries(queries),
            Self::Only(query) | Self::Count(query) => query.add_root_queries(queries),
            Self::Length(inner) => inner.add_root_queries(queries),
        }
    }
}

/// A query inside a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Query<'p> {
    /// To at most one value.
    #[serde(borrow)]
    Single(Singular<'p>),
    /// To any number of values.
    Many(Start, #[serde(borrow)] Vec<Segment<'p>>),
}

impl<'p> Query<'p> {
    /// The segments of it, whatever its kind.
    pub fn into_segments(self) -> Vec<Segment<'p>> {
        let segment = |key| match key {
            Key::Name(name) => Segment::Child(vec![Selector::Name(name)]),
            Key::Index(index) => Segment::Child(vec![Selector::Index(index)]),
        };
        match self {
            Self::Single(query) => query.keys.into_iter().map(segment).collect(),
            Self::Many(_, segments) => segments,
        }
    }

    fn add_root_queries(&self, queries: &mut Vec<Query<'p>>) {
        let start = match self {
            Self::Single(query) => query.start,
            Self::Many(start, segments) => {
                segments.iter().for_each(|segment| segment.add_root_queries(queries));
                *start
            }
        };
        if start == Start::Root {
            queries.push(self.clone());
        }
    }
}

/// A query that finds at most one value: names and indexes alone (2.3.5.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Singular<'p> {
    /// Where it starts.
    pub start: Start,
    /// How it goes on.
    #[serde(borrow)]
    pub keys: Vec<Key<'p>>,
}

/// Where a query inside a filter starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// `$`: where the whole path starts.
    Root,
    /// `@`: the child that is tested.
    Current,
}

/// One step of a singular query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Key<'p> {
    /// To a member.
    #[serde(borrow)]
    Name(Cow<'p, str>),
    /// To an item, from the end when negative.
    Index(i64),
}
