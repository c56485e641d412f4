//! How fields of a lead are made.

use serde::{Deserialize, Serialize};

use super::{Function, Path, Rule, Template};
use crate::json::Value;

/// How elements become leads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapPlan {
    /// Where the elements are in the body; none for the body itself, or its items when it is a list.
    pub each: Option<Path>,
    /// Objects in the element where loose names (`~email`) are looked for as well, after the element itself.
    pub look_in: Vec<Path>,
    /// The fields, in the order of the document.
    pub fields: Vec<Field>,
    /// What becomes of inbound keys that no field used.
    pub unknown: Unknown,
    /// Inbound keys that are dropped without a word.
    pub ignore: Vec<Path>,
    /// Inbound objects whose members become custom fields of their own.
    pub spread: Vec<Path>,
    /// Where the source says that a lead is a test.
    pub is_test: Vec<Path>,
}

/// What becomes of inbound keys that no field used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// Kept as custom fields.
    #[default]
    Custom,
    /// Dropped.
    Drop,
    /// The lead fails.
    Reject,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name as the author wrote it.
    pub name: String,
    /// Where it goes.
    pub target: Target,
    /// How its value is made.
    pub recipe: Recipe,
}

/// How a value is made, in a field or in a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Where it comes from: the first that is not blank.
    pub sources: Vec<Source>,
    /// What is done to it, in order.
    pub then: Vec<Function>,
    /// Only then is it made.
    pub when: Option<Rule>,
    /// What happens when there is no value.
    pub on_missing: Fallback,
    /// What happens when the value is null.
    pub on_null: Fallback,
    /// What happens when the value is blank, but not null.
    pub on_blank: Fallback,
    /// What happens when a function refuses.
    pub on_error: Fallback,
    /// The line of the document.
    pub line: u32,
}

/// Where a field goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// A standard field that holds a text, by its place in [`crate::lead::TEXT_FIELDS`].
    Text(usize),
    /// The tags.
    Tags,
    /// A custom field.
    Custom(String),
}

/// One place a value may come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// What is taken.
    pub kind: SourceKind,
    /// What is done to it before it is judged blank.
    pub then: Vec<Function>,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SourceKind {
    /// The value at a path.
    Path(Path),
    /// A text made of values.
    Template(Template),
    /// A fixed value.
    Fixed(Value<'static>),
}

/// What to do instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fallback {
    /// Nothing: it stays as it is. After an error: the raw value, with a notice.
    Keep,
    /// The field is left out.
    Omit,
    /// The field is null.
    Null,
    /// The lead fails.
    Fail,
    /// The field is this.
    Default(Value<'static>),
}
