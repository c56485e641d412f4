//! Building one message part by part: its body, its query, its headers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hookmill_json::Value;
use hookmill_plugin_sdk::types::{Failure, Pair, Payload};

use super::encode::{self, encode};
use super::form;
use super::item::ItemScope;
use super::recipe::{Evaluator, Expected, RecipeError, WHEN_DOES_NOT_HOLD};
use super::rule::RuleEvaluator;
use super::scope::Scope;
use super::trace::{self, Steps};
use crate::functions::{FunctionError, text_size};
use crate::plan::{ForEach, Format, Member, Message, Recipe, Rule, Shape};

/// How many values one message may be made of.
pub const MESSAGE_VALUES_MAX: usize = 100_000;

/// Builds a whole message, with the parts one by one in its trace where `traces`.
///
/// # Errors
/// The part that can't be built, and why.
pub fn build_payload<S: Scope>(
    message: &Message<'_>,
    scope: &S,
    method: &str,
    content_type: &str,
    traces: bool,
) -> Result<Payload, Failure> {
    let (omits_blank, trace) = (message.omits_blank, traces.then(Vec::new));
    let mut builder = MessageBuilder { scope, omits_blank, values_left: MESSAGE_VALUES_MAX, trace };
    let mut payload = builder.payload(message, method, content_type)?;
    payload.trace = builder.trace.map(|parts| trace::json_list("parts", parts));
    Ok(payload)
}

/// A place in a message, written out only when somebody is told.
#[derive(Clone, Copy)]
enum Place<'n> {
    Of(&'n str),
    Member(&'n Place<'n>, &'n str),
    Item(&'n Place<'n>, usize),
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A message in the making.
pub struct MessageBuilder<'s, S> {
    scope: &'s S,
    omits_blank: bool,
    values_left: usize,
    trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> MessageBuilder<'s, S> {
    /// A part of a message by itself; none when it can't be made, an inner none when there is nothing.
    pub fn part(scope: &'s S, shape: &'s Shape<'_>) -> Option<Option<Value<'s>>> {
        let mut builder = Self { scope, omits_blank: false, values_left: MESSAGE_VALUES_MAX, trace: None };
        builder.fill(shape, Place::Of("body")).ok()
    }

    fn payload(&mut self, message: &'s Message<'_>, method: &str, content_type: &str) -> Result<Payload, Failure> {
        let mut query = match &message.query {
            None => Vec::new(),
            Some(shape) => {
                let query = self.whole(shape, "query", Value::Object(Vec::new()))?;
                form::pairs(encode::check_named(&query, "a query")?)
            }
        };
        let format = message.format.unwrap_or_else(|| encode::format_of(content_type));
        let body = match &message.body {
            Some(shape) => Some(self.whole(shape, "body", nothing(format))?),
            None => None,
        };
        let encoded = match &body {
            Some(body) => Some(encode(message, method, format, body)?),
            None => None,
        };
        let headers = self.headers(message)?;
        let (more, content_type, bytes) =
            encoded.map_or_else(Default::default, |encoded| (encoded.query, encoded.content_type, encoded.bytes));
        query.extend(more);
        let method = message.method.as_deref().map(str::to_owned);
        Ok(Payload { method, query, headers, content_type, body: bytes, trace: None })
    }

    fn whole(&mut self, shape: &'s Shape<'_>, name: &str, nothing: Value<'s>) -> Result<Value<'s>, Failure> {
        Ok(self.fill(shape, Place::Of(name))?.unwrap_or(nothing))
    }

    fn headers(&mut self, message: &'s Message<'_>) -> Result<Vec<Pair>, Failure> {
        let mut headers = Vec::with_capacity(message.headers.len());
        for (name, recipe) in &message.headers {
            let made = self.leaf(recipe, Place::Member(&Place::Of("headers"), name), Expected::Scalar)?;
            let Some(text) = made.as_ref().and_then(Value::scalar_text) else { continue };
            self.room(text.len(), Place::Member(&Place::Of("headers"), name))?;
            // A line break would begin another header.
            let value: String = text.chars().filter(|c| !c.is_control() || *c == '\t').collect();
            headers.push(Pair { name: name.to_string(), value: value.trim().to_owned() });
        }
        Ok(headers)
    }

    /// Fills in a shape; none when it has no value. The depth is the document's, which is bounded.
    fn fill(&mut self, shape: &'s Shape<'_>, place: Place<'_>) -> Result<Option<Value<'s>>, Failure> {
        self.count(place)?;
        match shape {
            Shape::Fixed(value) => self.room(text_size(value), place).map(|()| Some(value.borrowed())),
            Shape::Leaf(recipe) => {
                let value = self.leaf(recipe, place, Expected::Any)?;
                value.iter().try_for_each(|value| self.room(text_size(value), place))?;
                Ok(value)
            }
            Shape::Object(members) => {
                let members = self.object(members, place)?;
                Ok(self.unless_empty(members.is_empty(), Value::Object(members)))
            }
            Shape::List(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    filled.extend(self.fill(item, Place::Item(&place, index))?);
                }
                Ok(self.unless_empty(filled.is_empty(), Value::List(filled)))
            }
            Shape::FirstOf(shapes) => {
                for (index, shape) in shapes.iter().enumerate() {
                    let filled = self.fill(shape, Place::Item(&Place::Member(&place, "first_of"), index))?;
                    if filled.as_ref().is_some_and(|value| *value != Value::Null) {
                        return Ok(filled);
                    }
                }
                Ok(None)
            }
            Shape::Merge(shapes) => self.merge(shapes, place).map(Some),
            Shape::When(part) => match self.holds(&part.when, place, part.line)? {
                true => self.fill(&part.make, place),
                false => Ok(None),
            },
            Shape::ForEach(each) => self.for_each(each, place),
        }
    }

    /// What is empty is blank, too.
    fn unless_empty(&self, is_empty: bool, value: Value<'s>) -> Option<Value<'s>> {
        (!(is_empty && self.omits_blank)).then_some(value)
    }

    /// Whether the condition of a part holds; where it does not, the trace says so.
    fn holds(&mut self, rule: &Rule<'_>, place: Place<'_>, line: u32) -> Result<bool, Failure> {
        let holds = RuleEvaluator::new(self.scope).holds(rule);
        let holds = holds.map_err(|error| failure(&place.to_string(), RecipeError::from(error)))?;
        if let Some(trace) = self.trace.as_mut().filter(|_| !holds && self.scope.budget().has_trace_room()) {
            let instead = Value::text(WHEN_DOES_NOT_HOLD);
            let place = Value::text(place.to_string());
            trace.push(trace::object(vec![
                ("part", place),
                ("line", Value::integer(line.into())),
                ("instead", instead),
            ]));
        }
        Ok(holds)
    }

    /// A part for each item. One value that is not a list is a list of one; nothing is nothing.
    fn for_each(&mut self, each: &'s ForEach<'_>, place: Place<'_>) -> Result<Option<Value<'s>>, Failure> {
        let items = match self.leaf(&each.list, Place::Member(&place, "for_each"), Expected::Any)? {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::List(items)) => items,
            Some(single) => vec![single],
        };
        let mut made = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let scope = ItemScope::new(self.scope, item, index);
            let (omits_blank, values_left) = (self.omits_blank, self.values_left);
            let mut inner = MessageBuilder { scope: &scope, omits_blank, values_left, trace: self.trace.take() };
            let is_wanted = match &each.when {
                None => Ok(true),
                Some(rule) => inner.holds(rule, Place::Item(&place, index), rule.line),
            };
            let filled = is_wanted.and_then(|is_wanted| match is_wanted {
                true => inner.fill(&each.make, Place::Item(&place, index)).map(|part| part.map(Value::into_owned)),
                false => Ok(None),
            });
            (self.values_left, self.trace) = (inner.values_left, inner.trace);
            made.extend(filled?);
        }
        Ok(self.unless_empty(made.is_empty(), Value::List(made)))
    }

    fn count(&mut self, place: Place<'_>) -> Result<(), Failure> {
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or_else(|| {
            let message = format!("{place}: the message has more than {MESSAGE_VALUES_MAX} values");
            Failure::new("too_large", message).in_field(place.to_string())
        })?;
        Ok(())
    }

    fn object(
        &mut self,
        shapes: &'s [Member<'_>],
        place: Place<'_>,
    ) -> Result<Vec<(Cow<'s, str>, Value<'s>)>, Failure> {
        let mut members = Vec::with_capacity(shapes.len());
        for Member { name, shape } in shapes {
            let filled = self.fill(shape, Place::Member(&place, name))?;
            self.room(name.len(), place)?;
            members.extend(filled.map(|value| (Cow::Borrowed(&**name), value)));
        }
        Ok(members)
    }

    fn merge(&mut self, shapes: &'s [Shape<'_>], place: Place<'_>) -> Result<Value<'s>, Failure> {
        let mut merged: Vec<(Cow<'s, str>, Value<'s>)> = Vec::new();
        let mut places: BTreeMap<Cow<'s, str>, usize> = BTreeMap::new();
        let parts = Place::Member(&place, "merge");
        for (index, shape) in shapes.iter().enumerate() {
            let place = Place::Item(&parts, index);
            for (name, value) in members_of(self.fill(shape, place)?, place)? {
                match places.get(&name).and_then(|place| merged.get_mut(*place)) {
                    Some((_, old)) => *old = value,
                    None => {
                        places.insert(name.clone(), merged.len());
                        merged.push((name, value));
                    }
                }
            }
        }
        Ok(Value::Object(merged))
    }

    fn leaf(
        &mut self,
        recipe: &'s Recipe<'_>,
        place: Place<'_>,
        expected: Expected,
    ) -> Result<Option<Value<'s>>, Failure> {
        let mut evaluator = Evaluator::new(self.scope);
        evaluator.steps = (self.trace.is_some() && self.scope.budget().has_trace_room()).then(Steps::default);
        let made = evaluator.evaluate(recipe, expected).map_err(|error| failure(&place.to_string(), error))?;
        if let (Some(trace), Some(steps)) = (&mut self.trace, evaluator.steps) {
            let mut members =
                vec![("part", Value::text(place.to_string())), ("line", Value::integer(recipe.line.into()))];
            members.extend(steps.members());
            members.extend(made.value.as_ref().map(|value| ("value", self.scope.budget().trace_value(value))));
            trace.push(trace::object(members));
        }
        Ok(made.value.filter(|value| !(self.omits_blank && value.is_blank())))
    }

    /// Takes room for so many bytes of the message.
    fn room(&self, bytes: usize, place: Place<'_>) -> Result<(), Failure> {
        let reject = |rejection: FunctionError| {
            Failure::new(rejection.code, format!("{place}: {}", rejection.message)).in_field(place.to_string())
        };
        self.scope.budget().reserve(bytes).map_err(reject)
    }
}

/// The members of a part that is merged; of nothing, and of what is blank, there are none. What else is not an object would be lost without a word.
fn members_of<'v>(part: Option<Value<'v>>, place: Place<'_>) -> Result<Vec<(Cow<'v, str>, Value<'v>)>, Failure> {
    match part {
        Some(Value::Object(members)) => Ok(members),
        Some(other) if !other.is_blank() => {
            let hint = "make one with `object` or `from_pairs`, or leave the part out where it is none, with `when`";
            let message =
                format!("{place}: `merge` makes one object of several, but this is {}; {hint}", other.type_name());
            Err(Failure::new("not_an_object", message).in_field(place.to_string()))
        }
        _ => Ok(Vec::new()),
    }
}

/// What is sent for a body of which nothing is left.
fn nothing(format: Format) -> Value<'static> {
    match format {
        Format::Text => Value::text(""),
        Format::Json | Format::Form | Format::Xml => Value::Object(Vec::new()),
    }
}

fn failure(path: &str, error: RecipeError) -> Failure {
    let mut failure = Failure::new(error.code, format!("{path}: {}", error.message)).in_field(path);
    failure.function = error.function.map(str::to_owned);
    failure.input = error.input;
    failure
}
