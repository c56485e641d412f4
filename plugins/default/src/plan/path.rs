//! Paths, resolved: where they start, and the steps from there. Singular ones are a plain list of steps; queries with
//! wildcards, slices and filters (RFC 9535) keep their tree.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use crate::json::Value;

/// Where a value is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path<'p> {
    /// As the author wrote it, for traces and messages.
    #[serde(borrow)]
    pub text: Cow<'p, str>,
    /// Where it starts.
    pub root: Root,
    /// Where it has come to already: a place that is found while the element is read, or a field that was made before.
    pub place: Option<u16>,
    /// How it goes on from there.
    #[serde(borrow)]
    pub steps: Steps<'p>,
}

impl Path<'_> {
    /// Whether it begins with a loose name of the element, which is looked for in several places.
    pub fn is_loose(&self) -> bool {
        let Steps::Singular(steps) = &self.steps else { return false };
        self.root == Root::Whole && self.place.is_none() && matches!(steps.first(), Some(Step::Like(_)))
    }
}

/// What a path starts from. Which of them exist depends on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Root {
    /// The element that is mapped; in `shape` the whole of all roots.
    Whole,
    /// The whole body, when `each` takes elements out of it.
    Body,
    /// The object around the element in the body, and those around that one: 1 is the nearest.
    Parent(u8),
    /// The request's headers.
    Header,
    /// The request's query.
    Query,
    /// Where the element came from.
    Origin,
    /// The campaign and its values.
    Campaign,
    /// The organization and its values.
    Organization,
    /// The run: now and its id.
    Context,
    /// The lead.
    Lead,
    /// The submission.
    Submission,
    /// What happened.
    Event,
    /// Who receives the message.
    Destination,
    /// The item that a part of a message is made for.
    Item,
    /// The item around that one.
    Outer,
    /// Which item it is, from 1.
    Position,
    /// The HTTP status of an answer.
    Status,
    /// Its first digit.
    StatusClass,
    /// The body of an answer as text.
    Text,
    /// The number of the attempt that was answered.
    Attempt,
    /// Why there was no answer.
    Error,
}

/// The way from the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Steps<'p> {
    /// To at most one value.
    #[serde(borrow)]
    Singular(Vec<Step<'p>>),
    /// To any number of values.
    #[serde(borrow)]
    Many(Vec<Segment<'p>>),
}

/// One step to at most one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step<'p> {
    /// The member of exactly this name.
    #[serde(borrow)]
    Name(Cow<'p, str>),
    /// The item at this place, from the end when negative.
    Index(i64),
    /// The first member whose name is the same but for case, spaces, `_`, `-` and `.`; kept in that bare form.
    #[serde(borrow)]
    Like(Cow<'p, str>),
}

/// One segment of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Segment<'p> {
    /// Selects among the children.
    #[serde(borrow)]
    Child(Vec<Selector<'p>>),
    /// Selects among the node and all its descendants.
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

/// What a segment selects.
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

/// A condition on a child.
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

/// How two values are compared in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand<'p> {
    /// A fixed value.
    #[serde(borrow)]
    Literal(Value<'p>),
    /// What a query finds, if it is one value.
    #[serde(borrow)]
    Value(Query<'p>),
    /// How many it finds.
    #[serde(borrow)]
    Count(Query<'p>),
    /// How many characters, items or members the one value has.
    #[serde(borrow)]
    Length(Box<Operand<'p>>),
}

impl Operand<'_> {
    fn asks_for_the_root(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Value(query) | Self::Count(query) => query.asks_for_the_root(),
            Self::Length(inner) => inner.asks_for_the_root(),
        }
    }
}

/// A query inside a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query<'p> {
    /// From the root (`$`) instead of the current node (`@`).
    pub absolute: bool,
    /// Its segments.
    #[serde(borrow)]
    pub segments: Vec<Segment<'p>>,
}

impl Query<'_> {
    fn asks_for_the_root(&self) -> bool {
        self.absolute || self.segments.iter().any(Segment::asks_for_the_root)
    }
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
        let built = regex_lite::Regex::new(&text).map_err(|error| error.to_string())?;
        Ok(Self { text, built: OnceCell::from(Some(built)) })
    }

    /// Whether it is found in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| regex_lite::Regex::new(&self.text).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl PartialEq for Pattern<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template<'p> {
    /// Its pieces in order.
    #[serde(borrow)]
    pub parts: Vec<TemplatePart<'p>>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplatePart<'p> {
    /// Fixed text.
    #[serde(borrow)]
    Text(Cow<'p, str>),
    /// The value at a path.
    #[serde(borrow)]
    Value(Path<'p>),
}
