//! Paths, resolved: where they start, and the steps from there. Singular ones are a plain list of steps; queries with
//! wildcards, slices and filters (RFC 9535) keep their tree, which `hookmill_jsonpath` defines.

use std::borrow::Cow;

use hookmill_jsonpath::{Key, Segment, singular_keys};
use serde::{Deserialize, Serialize};

/// Where a value is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path<'p> {
    /// As the author wrote it, for traces and messages.
    #[serde(borrow)]
    pub text: Cow<'p, str>,
    /// Where it starts.
    pub root: Root,
    /// Where it has come to already: a place that is found while the text is read.
    pub place: Option<u16>,
    /// How it goes on from there.
    #[serde(borrow)]
    pub steps: Steps<'p>,
}

impl Path<'_> {
    /// Whether it is a root and nothing inside of it.
    pub fn is_whole(&self) -> bool {
        matches!(&self.steps, Steps::Singular(steps) if steps.is_empty())
    }

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
    /// The whole body, when `items` takes elements out of it.
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
    /// The HTTP status of a response.
    Status,
    /// Its first digit.
    StatusClass,
    /// The body of a response as text.
    Text,
    /// The number of the attempt, from 1.
    Attempt,
    /// Why there was no response.
    Error,
    /// In `map`, a variable or a field that was made before, by its place in the plan.
    Field(u16),
    /// In a template among functions, the value that is worked on.
    Value,
}

impl Root {
    /// The field of a path `fields.x` that was not looked up yet.
    pub const NO_FIELD: u16 = u16::MAX;
    /// The variable of a path `variables.x` that was not looked up yet.
    pub const NO_VARIABLE: u16 = u16::MAX - 1;
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

impl Steps<'static> {
    /// The steps of a query: a plain list where it has names and indexes alone.
    pub fn of_query(segments: Vec<Segment<'static>>) -> Self {
        let step = |key| match key {
            Key::Name(name) => Step::Name(name),
            Key::Index(index) => Step::Index(index),
        };
        match singular_keys(&segments) {
            Some(keys) => Self::Singular(keys.into_iter().map(step).collect()),
            None => Self::Many(segments),
        }
    }
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
