//! The functions of a document, with their arguments checked.

use std::borrow::Cow;

use hookmill_json::Value;
use serde::{Deserialize, Serialize};

use super::{Expression, Path, Source, Template};

/// A function of the registry: its group, and its place in the group. A plan belongs to one version of the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionId {
    /// The group.
    pub group: u8,
    /// The place in the group.
    pub place: u8,
}

/// One function in a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function<'p> {
    /// Which function it is.
    pub id: FunctionId,
    /// Its arguments, in the order of its parameters.
    #[serde(borrow)]
    pub arguments: Vec<Argument<'p>>,
}

/// An argument, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Argument<'p> {
    /// It was left out, and nothing stands for it.
    Absent,
    /// A text.
    #[serde(borrow)]
    Text(Cow<'p, str>),
    /// An integer within its bounds.
    Whole(i64),
    /// True or false.
    Flag(bool),
    /// One of the parameter's words, by its place.
    Word(u8),
    /// A fixed value.
    #[serde(borrow)]
    Value(Value<'p>),
    /// A path.
    #[serde(borrow)]
    Path(Path<'p>),
    /// Paths.
    #[serde(borrow)]
    Paths(Vec<Path<'p>>),
    /// Functions.
    #[serde(borrow)]
    Chain(Vec<Function<'p>>),
    /// A regular expression.
    #[serde(borrow)]
    Expression(Expression<'p>),
    /// A template.
    #[serde(borrow)]
    Template(Template<'p>),
    /// Texts.
    #[serde(borrow)]
    Texts(Vec<Cow<'p, str>>),
    /// Names and values, in the order of their names.
    #[serde(borrow)]
    Pairs(Vec<(Cow<'p, str>, Value<'p>)>),
    /// The members of an object that is made, in the order of the document; a path whose root is the value starts there.
    #[serde(borrow)]
    Parts(Vec<(Cow<'p, str>, Source<'p>)>),
    /// Ranges of numbers, in the order of the document.
    #[serde(borrow)]
    Ranges(Vec<Range<'p>>),
}

/// A range of numbers, and what a number in it becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range<'p> {
    /// The smallest number in it; none when it has no lower end.
    #[serde(borrow)]
    pub from: Option<Cow<'p, str>>,
    /// The smallest number above it; none when it has no upper end.
    #[serde(borrow)]
    pub below: Option<Cow<'p, str>>,
    /// What a number in it becomes.
    #[serde(borrow)]
    pub is: Value<'p>,
}
