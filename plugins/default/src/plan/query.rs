//! Queries of RFC 9535, as trees: segments, selectors, filters. Everything that the RFC lets a parser decide is decided by
//! the types: what a filter compares is one value, what it counts are many, a pattern is fixed and was tried.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use crate::functions::pattern_effort;
use hookmill_json::Value;

/// How many bytes a pattern may take when it is built: `(a{1000}){1000}` is short as a text.
pub const PATTERN_BYTES_MAX: usize = 256 << 10;

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

impl Segment<'_> {
    /// Whether a filter in it has a query from the root (`$`).
    pub fn asks_for_the_root(&self) -> bool {
        let (Self::Child(selectors) | Self::Descendant(selectors)) = self;
        selectors.iter().any(|selector| matches!(selector, Selector::Filter(filter) if filter.asks_for_the_root()))
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

impl Filter<'_> {
    /// The depth is that of the path, which is bounded.
    fn asks_for_the_root(&self) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().any(Self::asks_for_the_root),
            Self::Not(part) => part.asks_for_the_root(),
            Self::Exists(query) => query.asks_for_the_root(),
            Self::Compare(_, left, right) => left.asks_for_the_root() || right.asks_for_the_root(),
            Self::Matches(operand, _) => operand.asks_for_the_root(),
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

impl Operand<'_> {
    fn asks_for_the_root(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Single(query) => query.start == Start::Root,
            Self::Only(query) | Self::Count(query) => query.asks_for_the_root(),
            Self::Length(inner) => inner.asks_for_the_root(),
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

impl Query<'_> {
    fn asks_for_the_root(&self) -> bool {
        match self {
            Self::Single(query) => query.start == Start::Root,
            Self::Many(start, segments) => *start == Start::Root || segments.iter().any(Segment::asks_for_the_root),
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
    /// `@`: the child that is judged.
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

/// A regular expression that was checked when the document was compiled, built on first use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern<'p> {
    #[serde(borrow)]
    text: Cow<'p, str>,
    #[serde(skip)]
    built: OnceCell<Option<regex_lite::Regex>>,
}

impl<'p> Pattern<'p> {
    /// A checked pattern, or why it is none.
    pub fn new(text: impl Into<Cow<'p, str>>) -> Result<Self, String> {
        let text = text.into();
        let built = build(&text).map_err(|error| error.to_string())?;
        Ok(Self { text, built: OnceCell::from(Some(built)) })
    }

    /// How many steps it may take to look for it in a text of so many bytes.
    pub fn effort(&self, bytes: usize) -> usize {
        pattern_effort(&self.text, bytes)
    }

    /// Whether it is found in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| build(&self.text).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn build(text: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build()
}

impl PartialEq for Pattern<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
