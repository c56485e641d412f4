//! The functions of a document, with their arguments checked.

use std::borrow::Cow;

use hookmill_json::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Expression, Path, Template, TemplatePart};
use crate::functions::{ArgumentKind, Lists, Run, Spec, registry};

/// One function in a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function<'p> {
    id: FunctionId,
    #[serde(borrow)]
    arguments: Vec<Argument<'p>>,
}

impl<'p> Function<'p> {
    /// A function with its arguments, in the order of its parameters. None when no function has this name.
    pub fn new(name: &str, arguments: Vec<Argument<'p>>) -> Option<Self> {
        Some(Self { id: FunctionId::by_name(name)?, arguments })
    }

    /// Its name in documents.
    pub fn name(&self) -> &'static str {
        self.id.spec.name
    }

    /// What is declared of it.
    pub fn spec(&self) -> &'static Spec {
        self.id.spec
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[Argument<'p>] {
        &self.arguments
    }

    /// The paths of its stage at which it looks: those of chains inside it, too, but not those that start at the value itself.
    pub fn paths(&self) -> Vec<&Path<'p>> {
        let mut paths = Vec::new();
        for (parameter, argument) in self.spec().parameters.iter().zip(&self.arguments) {
            match (argument, parameter.kind) {
                (Argument::Path(_), ArgumentKind::Inside | ArgumentKind::Condition) => {}
                (Argument::Path(path), _) => paths.push(path),
                (Argument::Paths(several), _) => paths.extend(several),
                (Argument::Chain(chain), _) => paths.extend(chain.iter().flat_map(Function::paths)),
                (Argument::Template(template), _) => paths.extend(template.parts.iter().filter_map(TemplatePart::path)),
                _ => {}
            }
        }
        paths
    }

    /// Whether nothing comes of a missing value.
    pub fn passes_missing(&self) -> bool {
        !matches!(self.spec().run, Run::Any(_))
    }

    /// Whether it takes a list as one value, instead of its items one by one.
    pub fn takes_lists(&self) -> bool {
        self.spec().lists == Lists::Whole
    }
}

/// A function of the registry. In a plan it is its group and its place there: a plan belongs to one version of the plugin.
#[derive(Clone, Copy)]
struct FunctionId {
    place: (u8, u8),
    spec: &'static Spec,
}

impl FunctionId {
    fn by_name(name: &str) -> Option<Self> {
        let (group, place) = registry::place_of(name)?;
        Self::at((u8::try_from(group).ok()?, u8::try_from(place).ok()?))
    }

    fn at(place: (u8, u8)) -> Option<Self> {
        let spec = registry::GROUPS.get(usize::from(place.0))?.get(usize::from(place.1))?;
        Some(Self { place, spec })
    }
}

impl PartialEq for FunctionId {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl std::fmt::Debug for FunctionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.spec.name)
    }
}

impl Serialize for FunctionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.place.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FunctionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = Deserialize::deserialize(deserializer)?;
        Self::at(place).ok_or_else(|| D::Error::custom("no such function"))
    }
}

/// An argument, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Argument<'p> {
    /// It was left out, and nothing stands for it.
    Absent,
    /// A text.
    #[serde(borrow)]
    Text(Cow<'p, str>),
    /// A whole number within its bounds.
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
