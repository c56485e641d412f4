//! What a function sees besides its value: its arguments, and what the world lets it look at.

use hookmill_json::Value;

use super::error::FunctionError;
use crate::plan::{Argument, Expression, Function, Path, Range, Source, Template};

/// What functions may look at besides their value.
pub trait EvalContext<'t> {
    /// The region in which a phone number without a country code is read.
    fn phone_region(&self) -> &str;
    /// The campaign's time zone.
    fn time_zone(&self) -> &str;
    /// The time of this run.
    fn now_ms(&self) -> i64;
    /// Random bytes, the same in a replay; each call gives other bytes, in the same order.
    fn random_bytes(&self) -> [u8; 16];
    /// The value at a path.
    fn value_at(&self, path: &Path<'_>) -> Result<Option<Value<'t>>, FunctionError>;
    /// What a path finds inside a value.
    fn inside<'v>(&self, path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, FunctionError>;
    /// The value under a key of a named table of the organization.
    fn table(&self, name: &str, key: &str) -> Result<Option<Value<'t>>, FunctionError>;
    /// A warning that does not stop the lead.
    fn warn(&self, code: &'static str, message: String);
    /// Applies functions in order.
    fn apply_chain(
        &self,
        chain: &'t [Function<'t>],
        value: Option<Value<'t>>,
    ) -> Result<Option<Value<'t>>, FunctionError>;
    /// Takes so many steps of what may still be done for the item.
    fn spend(&self, steps: usize) -> Result<(), FunctionError>;
}

/// One call of a function.
#[derive(Clone, Copy)]
pub struct Call<'a, 't> {
    /// The function's name.
    pub name: &'static str,
    /// Its arguments, in the order of its parameters.
    pub arguments: &'t [Argument<'t>],
    /// What it may look at.
    pub context: &'a dyn EvalContext<'t>,
}

impl<'t> Call<'_, 't> {
    fn at(&self, place: usize) -> &'t Argument<'t> {
        self.arguments.get(place).unwrap_or(&Argument::Absent)
    }

    /// A text argument.
    pub fn text(&self, place: usize) -> Option<&'t str> {
        if let Argument::Text(text) = self.at(place) { Some(text) } else { None }
    }

    /// A text argument that the parser made sure of, or an empty text.
    pub fn text_or_empty(&self, place: usize) -> &'t str {
        self.text(place).unwrap_or_default()
    }

    /// An integer.
    pub fn whole(&self, place: usize) -> Option<i64> {
        if let Argument::Whole(integer) = self.at(place) { Some(*integer) } else { None }
    }

    /// A number of characters, digits or items: never negative.
    pub fn size(&self, place: usize) -> Option<usize> {
        self.whole(place).and_then(|number| usize::try_from(number).ok())
    }

    /// Whether a flag is set.
    pub fn flag(&self, place: usize) -> bool {
        matches!(self.at(place), Argument::Flag(true))
    }

    /// Which of its words an argument is.
    pub fn word(&self, place: usize) -> usize {
        if let Argument::Word(index) = self.at(place) { usize::from(*index) } else { 0 }
    }

    /// A fixed value.
    pub fn value(&self, place: usize) -> Option<Value<'t>> {
        if let Argument::Value(value) = self.at(place) { Some(value.borrowed()) } else { None }
    }

    /// A fixed value, or the one at a path.
    pub fn operand(&self, place: usize) -> Result<Option<Value<'t>>, FunctionError> {
        match self.at(place) {
            Argument::Path(path) => self.context.value_at(path),
            _ => Ok(self.value(place)),
        }
    }

    /// A path.
    pub fn path(&self, place: usize) -> Option<&'t Path<'t>> {
        if let Argument::Path(path) = self.at(place) { Some(path) } else { None }
    }

    /// The value at a path.
    pub fn value_at(&self, place: usize) -> Result<Option<Value<'t>>, FunctionError> {
        self.path(place).map_or(Ok(None), |path| self.context.value_at(path))
    }

    /// Paths.
    pub fn paths(&self, place: usize) -> &'t [Path<'t>] {
        if let Argument::Paths(paths) = self.at(place) { paths } else { &[] }
    }

    /// A chain.
    pub fn chain(&self, place: usize) -> &'t [Function<'t>] {
        if let Argument::Chain(chain) = self.at(place) { chain } else { &[] }
    }

    /// A regular expression.
    pub fn expression(&self, place: usize) -> Option<&'t Expression<'t>> {
        if let Argument::Expression(expression) = self.at(place) { Some(expression) } else { None }
    }

    /// A template.
    pub fn template(&self, place: usize) -> Option<&'t Template<'t>> {
        if let Argument::Template(template) = self.at(place) { Some(template) } else { None }
    }

    /// Texts; none when they were left out.
    pub fn texts(&self, place: usize) -> Option<&'t [std::borrow::Cow<'t, str>]> {
        if let Argument::Texts(texts) = self.at(place) { Some(texts) } else { None }
    }

    /// Pairs, in the order of their names.
    pub fn pairs(&self, place: usize) -> &'t [(std::borrow::Cow<'t, str>, Value<'t>)] {
        if let Argument::Pairs(pairs) = self.at(place) { pairs } else { &[] }
    }

    /// The members of an object that is made.
    pub fn parts(&self, place: usize) -> &'t [(std::borrow::Cow<'t, str>, Source<'t>)] {
        if let Argument::Parts(parts) = self.at(place) { parts } else { &[] }
    }

    /// Ranges.
    pub fn ranges(&self, place: usize) -> &'t [Range<'t>] {
        if let Argument::Ranges(ranges) = self.at(place) { ranges } else { &[] }
    }
}
