//! What a function is: everything that documents, the parser, the run and the reference know of it, declared once.

use std::borrow::Cow;

use hookmill_decimal::Decimal;
use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;

/// One function of the language.
pub struct Spec {
    /// Its name in documents.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it works on.
    pub takes: Kind,
    /// Whether it reads what people write and paste: characters that nobody sees are taken out of a text first.
    pub reads_people: bool,
    /// What it makes.
    pub gives: Kind,
    /// What it does with a list.
    pub lists: Lists,
    /// Its arguments, the first one being what stands directly after the name.
    pub parameters: &'static [Parameter],
    /// What becomes of missing, null, `""`, 0, `[]` and `{}`, with the arguments of its first example.
    pub on_empty: EmptyInput,
    /// The codes with which it rejects, and when.
    pub errors: &'static [(&'static str, &'static str)],
    /// The codes of the warnings it gives, and when.
    pub warnings: &'static [(&'static str, &'static str)],
    /// Examples, which a test runs.
    pub examples: &'static [Example],
    /// How it is done.
    pub run: Run,
}

impl Spec {
    /// What most functions are: from a text to a text, item by item, without arguments.
    pub const USUAL: Self = Self {
        name: "",
        summary: "",
        takes: Kind::Text,
        reads_people: false,
        gives: Kind::Text,
        lists: Lists::Each,
        parameters: &[],
        on_empty: EmptyInput::TEXT,
        errors: &[],
        warnings: &[],
        examples: &[],
        run: Run::Text(|text, _| Ok(Cow::Borrowed(text))),
    };

    /// Whether it can stand alone, without arguments.
    pub fn stands_alone(&self) -> bool {
        self.parameters.iter().all(|parameter| !matches!(parameter.presence, Presence::Required))
    }
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text. Where one is taken, numbers and booleans are taken by their text.
    Text,
    /// A number. Where one is taken, so is a text that is written like one.
    Number,
    /// True or false.
    Boolean,
    /// A date or a time, as text.
    Time,
    /// A list. Where one is taken, a single value is a list of one.
    List,
    /// An object.
    Object,
    /// Anything.
    Any,
}

/// What a function does with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Each item is treated by itself; what comes to nothing is left out.
    Each,
    /// The same, and the lists that come out of the items stand in one row.
    InRow,
    /// The list is taken as one value.
    Whole,
    /// It is rejected: `{map: [...]}` says that each item is meant, `first` that one is.
    Rejected,
}

impl Lists {
    /// Whether each item is treated by itself.
    pub fn is_by_item(self) -> bool {
        matches!(self, Self::Each | Self::InRow)
    }
}

/// What becomes of the six kinds of nothing: JSON text, `missing`, or the code of a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyInput {
    /// There is no value.
    pub missing: &'static str,
    /// Null.
    pub null: &'static str,
    /// The empty text.
    pub blank: &'static str,
    /// The number 0.
    pub zero: &'static str,
    /// The empty list.
    pub empty_list: &'static str,
    /// The empty object.
    pub empty_object: &'static str,
}

impl EmptyInput {
    /// In the order missing, null, blank, zero, empty list, empty object.
    pub const fn of(all: [&'static str; 6]) -> Self {
        let [missing, null, blank, zero, empty_list, empty_object] = all;
        Self { missing, null, blank, zero, empty_list, empty_object }
    }

    /// A function on texts that leaves 0 as it is.
    pub const TEXT: Self = Self::of(["missing", "null", "\"\"", "0", "[]", "wrong_type"]);

    /// In the order missing, null, blank, zero, empty list, empty object.
    pub fn all(&self) -> [&'static str; 6] {
        [self.missing, self.null, self.blank, self.zero, self.empty_list, self.empty_object]
    }
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it says, in one line.
    pub summary: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Whether it must be there.
    pub presence: Presence,
}

/// Whether an argument must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// Left out, it is this, as documents write it.
    Usual(&'static str),
    /// Left out, this holds, in words.
    Optional(&'static str),
}

/// What an argument may be, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Any text.
    Text,
    /// A text that is not empty.
    NonEmpty,
    /// An integer from, to.
    Whole(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any fixed value.
    Fixed,
    /// A number, or a path to one.
    Operand,
    /// A path of the stage.
    Path,
    /// Several paths of the stage.
    Paths,
    /// A path inside the value itself: `address.city`, `[0]`, `$.items[*].name`.
    Inside,
    /// Paths inside an item of the value, in the order in which they are tried.
    Insides,
    /// A condition on an item, as in a JSONPath filter: `@.type == 'home'`.
    Condition,
    /// Functions.
    Chain,
    /// A regular expression, which runs in linear time.
    Pattern,
    /// A text with places for values: `{{ value }}` is the value itself, others are paths.
    Template,
    /// One date format of `%` tokens.
    Format,
    /// Date formats in the order in which they are tried.
    Formats,
    /// A name of the IANA Time Zone Database.
    Zone,
    /// A region with phone numbers, ISO 3166-1 alpha-2.
    Region,
    /// Texts.
    Texts,
    /// A map from the name of a month to its number.
    Months,
    /// `true` or `false`; left out, whether the field is `date_of_birth`.
    OfBirth,
    /// A map from a text to any fixed value.
    Table,
    /// A map from a member to where its value comes from: a path inside the value, or a part of `{path, from, template, value, then}`.
    Parts,
    /// A list of `{from, below, is}`.
    Ranges,
    /// A map from a member's name to the value it must have.
    Members,
    /// A map from a member's name to another name; no two have the same new one.
    Names,
}

impl ArgumentKind {
    /// Whether it can be a map itself. An only argument that can is never written by its name.
    pub fn takes_a_map(self) -> bool {
        matches!(self, Self::Fixed | Self::Table | Self::Members | Self::Names | Self::Parts)
    }
}

/// An example.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The function as a document writes it.
    pub call: &'static str,
    /// The input, JSON text; `missing` for none.
    pub input: &'static str,
    /// What comes out: JSON text, `missing`, or the code of a rejection.
    pub output: &'static str,
}

/// An example in short.
pub const fn example(call: &'static str, input: &'static str, output: &'static str) -> Example {
    Example { call, input, output }
}

/// An argument that must be there.
pub const fn required(name: &'static str, kind: ArgumentKind, summary: &'static str) -> Parameter {
    Parameter { name, summary, kind, presence: Presence::Required }
}

/// An argument with a usual value, as documents write it.
pub const fn usually(name: &'static str, kind: ArgumentKind, usual: &'static str, summary: &'static str) -> Parameter {
    Parameter { name, summary, kind, presence: Presence::Usual(usual) }
}

/// An argument that may be left out, and what holds then.
pub const fn optional(
    name: &'static str,
    kind: ArgumentKind,
    otherwise: &'static str,
    summary: &'static str,
) -> Parameter {
    Parameter { name, summary, kind, presence: Presence::Optional(otherwise) }
}

/// From a text to a text: what is not changed stays the slice it was.
pub type TextRun = for<'a> fn(&'a str, &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError>;
/// From a text to a value of its own.
pub type ReadRun = fn(&str, &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError>;
/// From a number to a value of its own.
pub type NumberRun = fn(Decimal, &Call<'_, '_>) -> Result<Value<'static>, FunctionError>;
/// From the items of a list.
pub type ListRun = for<'t> fn(Vec<Value<'t>>, &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError>;
/// From the members of an object.
pub type ObjectRun = for<'t> fn(Members<'t>, &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError>;
/// From any value but null.
pub type ValueRun = for<'t> fn(Value<'t>, &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError>;
/// From anything, missing and null too.
pub type AnyRun = for<'t> fn(Option<Value<'t>>, &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError>;

/// The members of an object.
pub type Members<'t> = Vec<(Cow<'t, str>, Value<'t>)>;

/// How a function is done. Missing and null pass through all but `Any`; the shape says what a function needs not ask.
#[derive(Clone, Copy)]
pub enum Run {
    /// From a text to a text.
    Text(TextRun),
    /// The same, but a blank text stays as it is: there is nothing to check, and `on_blank` decides what becomes of it.
    Filled(TextRun),
    /// From a text to a value of its own.
    Read(ReadRun),
    /// The same, but a blank text stays as it is.
    ReadFilled(ReadRun),
    /// From a number to a value of its own; a blank text stays as it is.
    Number(NumberRun),
    /// From the items of a list.
    List(ListRun),
    /// From the members of an object.
    Object(ObjectRun),
    /// From any value but null.
    Value(ValueRun),
    /// From anything.
    Any(AnyRun),
}
