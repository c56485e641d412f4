//! Paths, resolved: where they start, and the steps from there. Singular ones are a plain list of steps; queries with
//! wildcards, slices and filters (RFC 9535) keep their tree.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use crate::json::Value;

/// Where a value is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// As the author wrote it, for traces and messages.
    pub text: String,
    /// Where it starts.
    pub root: Root,
    /// How it goes on.
    pub steps: Steps,
}

impl Path {
    /// Whether it begins with a loose name of the element, which is looked for in several places.
    pub fn is_loose(&self) -> bool {
        let Steps::Singular(steps) = &self.steps else { return false };
        self.root == Root::Whole && matches!(steps.first(), Some(Step::Like(_)))
    }
}

/// What a path starts from. Which of them exist depends on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Root {
    /// The element that is mapped; in `shape` the whole of all roots.
    Whole,
    /// The whole body, when `each` takes elements out of it.
    Body,
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
}

/// The way from the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Steps {
    /// To at most one value.
    Singular(Vec<Step>),
    /// To any number of values.
    Many(Vec<Segment>),
}

/// One step to at most one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// The member of exactly this name.
    Name(String),
    /// The item at this place, from the end when negative.
    Index(i64),
    /// The first member whose name is the same but for case, spaces, `_`, `-` and `.`; kept in that bare form.
    Like(String),
}

/// One segment of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Segment {
    /// Selects among the children.
    Child(Vec<Selector>),
    /// Selects among the node and all its descendants.
    Descendant(Vec<Selector>),
}

/// What a segment selects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Selector {
    /// A member.
    Name(String),
    /// An item.
    Index(i64),
    /// All children.
    Wildcard,
    /// Items from, to, by.
    Slice(Option<i64>, Option<i64>, i64),
    /// Children that pass.
    Filter(Filter),
}

/// A condition on a child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Filter {
    /// One of them.
    Any(Vec<Filter>),
    /// All of them.
    All(Vec<Filter>),
    /// Not this one.
    Not(Box<Filter>),
    /// The query finds something.
    Exists(Query),
    /// Two values stand so to each other.
    Compare(Comparison, Operand, Operand),
    /// A text matches a pattern.
    Matches(Operand, Pattern),
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
pub enum Operand {
    /// A fixed value.
    Literal(Value<'static>),
    /// What a query finds, if it is one value.
    Value(Query),
    /// How many it finds.
    Count(Query),
    /// How many characters, items or members the one value has.
    Length(Box<Operand>),
}

/// A query inside a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// From the root (`$`) instead of the current node (`@`).
    pub absolute: bool,
    /// Its segments.
    pub segments: Vec<Segment>,
}

/// A regular expression that was checked when the document was compiled, built on first use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    text: String,
    #[serde(skip)]
    built: OnceCell<Option<regex_lite::Regex>>,
}

impl Pattern {
    /// A checked pattern, or why it is none.
    pub fn new(text: String) -> Result<Self, String> {
        let built = regex_lite::Regex::new(&text).map_err(|error| error.to_string())?;
        Ok(Self { text, built: OnceCell::from(Some(built)) })
    }

    /// Whether it is found in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| regex_lite::Regex::new(&self.text).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its pieces in order.
    pub parts: Vec<TemplatePart>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplatePart {
    /// Fixed text.
    Text(String),
    /// The value at a path.
    Value(Path),
}
