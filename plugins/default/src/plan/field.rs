//! How fields of a lead are made.

use std::borrow::Cow;

use hookmill_json::Value;
use serde::{Deserialize, Serialize};

use super::{Function, Path, Rule, Step, Template};

/// How elements become leads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapPlan<'p> {
    /// Where the elements are; none for the body itself, or its items when it is a list.
    pub items: Option<Items<'p>>,
    /// Objects in the element where loose names (`~email`) are looked for as well, after the element itself.
    pub also_search: Vec<Path<'p>>,
    /// The order in which the variables are made.
    pub variables: Vec<u16>,
    /// The variables and then the fields, in the order of the document.
    pub fields: Vec<Field<'p>>,
    /// The fields at which later ones look, by their places.
    pub referenced: Vec<u16>,
    /// What becomes of inbound keys that no field used.
    pub unknown: Unknown,
    /// Inbound keys that are dropped without a word.
    pub ignore: Vec<Path<'p>>,
    /// Inbound objects whose members become custom fields of their own.
    pub expand: Vec<Path<'p>>,
    /// Where the source says that a lead is a test.
    pub is_test: Vec<Path<'p>>,
    /// What filters of paths read from the element.
    pub filter_reads: Vec<Path<'p>>,
    /// With `unknown: reject`, the paths into the element that are known, whatever lies at their ends; none when all are.
    pub known_paths: Option<Vec<Vec<Step<'p>>>>,
    /// The places that paths have, as [`hookmill_json::PathTrie`] reads them; nothing when none has one.
    pub path_trie: Vec<u8>,
    /// How each field is made in the ordinary case; none where there is no such.
    pub fast_paths: Vec<Option<FastPathPlan>>,
}

/// Where elements are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Items<'p> {
    /// Parts of the body.
    Parts(#[serde(borrow)] Path<'p>),
    /// Parts of a value that is evaluated first.
    Evaluated {
        /// How the value is made.
        #[serde(borrow)]
        recipe: Box<Recipe<'p>>,
        /// Where they are in it; none for the value itself, or its items when it is a list.
        #[serde(borrow)]
        at: Option<Path<'p>>,
    },
}

/// How a field is made in the ordinary case: it is what stands at the first of some places that is not blank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FastPathPlan {
    /// Where its first alternatives may be, in the order in which they count.
    pub places: Vec<u16>,
    /// Where its other alternatives may be: when nothing is at any, they give nothing.
    pub guards: Vec<u16>,
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
pub struct Field<'p> {
    /// Its name as the author wrote it.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// Where it goes.
    #[serde(borrow)]
    pub target: Target<'p>,
    /// How its value is made.
    #[serde(borrow)]
    pub recipe: Recipe<'p>,
}

/// How a value is made, in a field or in a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe<'p> {
    /// Where it comes from: the first that is not blank.
    #[serde(borrow)]
    pub sources: Vec<Source<'p>>,
    /// What is done to it, in order.
    #[serde(borrow)]
    pub then: Vec<Function<'p>>,
    /// The line of the document.
    pub line: u32,
    /// What most recipes do not have.
    #[serde(borrow)]
    pub options: Option<Box<RecipeOptions<'p>>>,
}

/// What most recipes do not have: a condition, and other ways out than the usual ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipeOptions<'p> {
    /// Only then is it made.
    #[serde(borrow)]
    pub when: Option<Rule<'p>>,
    /// What happens when there is no value.
    pub on_missing: Fallback<'p>,
    /// What happens when the value is null.
    pub on_null: Fallback<'p>,
    /// What happens when the value is blank, but not null.
    pub on_blank: Fallback<'p>,
    /// What happens when a function rejects.
    pub on_error: Fallback<'p>,
}

impl RecipeOptions<'static> {
    /// What holds where a recipe says nothing.
    pub const USUAL: Self = Self {
        when: None,
        on_missing: Fallback::Omit,
        on_null: Fallback::Keep,
        on_blank: Fallback::Keep,
        on_error: Fallback::Fail,
    };
}

impl Recipe<'_> {
    /// The condition and the ways out, as written or as usual.
    pub fn options(&self) -> &RecipeOptions<'_> {
        const USUAL: &RecipeOptions<'static> = &RecipeOptions::USUAL;
        self.options.as_deref().unwrap_or(USUAL)
    }
}

/// Where a field goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target<'p> {
    /// A standard field that holds a text, by its place in [`crate::lead::TEXT_FIELDS`].
    Text(usize),
    /// The tags.
    Tags,
    /// A custom field.
    #[serde(borrow)]
    Custom(Cow<'p, str>),
    /// Nowhere: other fields are made of it.
    Variable,
}

/// One place a value may come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source<'p> {
    /// What is taken.
    #[serde(borrow)]
    pub kind: SourceKind<'p>,
    /// What is done to it before it is checked blank.
    #[serde(borrow)]
    pub then: Vec<Function<'p>>,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SourceKind<'p> {
    /// The value at a path.
    #[serde(borrow)]
    Path(Path<'p>),
    /// A text made of values.
    #[serde(borrow)]
    Template(Template<'p>),
    /// A fixed value.
    #[serde(borrow)]
    Fixed(Value<'p>),
}

/// What to do instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fallback<'p> {
    /// Nothing: it stays as it is. After an error: the raw value, with a warning.
    Keep,
    /// The field is left out.
    Omit,
    /// The field is null.
    Null,
    /// The lead fails.
    Fail,
    /// The field is this.
    #[serde(borrow)]
    Default(Box<Value<'p>>),
}
