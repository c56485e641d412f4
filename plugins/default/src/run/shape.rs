//! `shape`: from a lead or an event to the exact bytes that are sent.

use std::borrow::Cow;

use hookmill_plugin_sdk::types::{Failure, Pair, Payload, ShapeRequest, Subject, Submission};

use super::form;
use super::qualify::lead;
use super::recipe::{Maker, Trouble, Wanted};
use super::scope::{Call, LeadScope, Scope};
use super::trace::{self, Steps};
use crate::json::{Tape, Value, text_of};
use crate::plan::{Format, Member, Message, Recipe, Shape};

const JSON_TYPE: &str = "application/json";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Shapes one message.
pub fn shape(message: &Message<'_>, call: &Call<'_>, request: &ShapeRequest) -> Result<Payload, Failure> {
    let destination = &request.destination;
    let (submission, event) = match &request.subject {
        Subject::Submission(submission) => (Some(submission), None),
        Subject::Event(event) => (event.submission.as_ref(), Some(event)),
    };
    let lead = lead_of(submission)?;
    let scope = LeadScope::new(call, submission, lead.as_ref().map(Tape::root)).told(event, destination);
    let mut shaping = Shaping { scope: &scope, trace: call.traces().then(Vec::new) };
    let body = shaping.fill(&message.body, Place::Of("body"))?.unwrap_or(Value::Object(Vec::new()));
    let headers = shaping.headers(message)?;
    let method = message.method.as_deref().unwrap_or(&destination.method);
    let format = message.format.unwrap_or_else(|| format_of(&destination.content_type));
    let trace = shaping.trace.map(|parts| trace::listed("parts", parts));
    Ok(payload(message, method, format, &body, headers, trace))
}

fn lead_of(submission: Option<&Submission>) -> Result<Option<Tape<'_>>, Failure> {
    submission.map(lead).transpose()
}

/// What the destination's owner chose, where the document does not say.
fn format_of(content_type: &str) -> Format {
    if content_type.to_ascii_lowercase().starts_with(FORM_TYPE) { Format::Form } else { Format::Json }
}

/// A GET has no body: its values go into the query.
fn payload(
    message: &Message<'_>,
    method: &str,
    format: Format,
    body: &Value<'_>,
    headers: Vec<Pair>,
    trace: Option<String>,
) -> Payload {
    let in_query = method == "GET";
    let (content_type, bytes) = match format {
        Format::Json => (JSON_TYPE, text_of(body).into_bytes()),
        Format::Form => (FORM_TYPE, form::encoded(&form::pairs(body)).into_bytes()),
    };
    Payload {
        method: message.method.as_deref().map(str::to_owned),
        query: if in_query { form::pairs(body) } else { Vec::new() },
        headers,
        content_type: (!in_query).then(|| content_type.to_owned()),
        body: (!in_query).then_some(bytes),
        trace,
    }
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
            Self::Member(around, name) => write!(f, "{around}.{name}"),
            Self::Item(around, index) => write!(f, "{around}[{index}]"),
        }
    }
}

struct Shaping<'s, S> {
    scope: &'s S,
    trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> Shaping<'s, S> {
    fn headers(&mut self, message: &'s Message<'_>) -> Result<Vec<Pair>, Failure> {
        let mut headers = Vec::with_capacity(message.headers.len());
        for (name, recipe) in &message.headers {
            let made = self.leaf(recipe, Place::Member(&Place::Of("headers"), name), Wanted::Scalar)?;
            let Some(text) = made.as_ref().and_then(Value::scalar_text) else { continue };
            // A line break would begin another header.
            let value: String = text.chars().filter(|c| !c.is_control() || *c == '\t').collect();
            headers.push(Pair { name: name.to_string(), value: value.trim().to_owned() });
        }
        Ok(headers)
    }

    /// Fills in a shape; none when it has no value. The depth is the document's, which is bounded.
    fn fill(&mut self, shape: &'s Shape<'_>, place: Place<'_>) -> Result<Option<Value<'s>>, Failure> {
        match shape {
            Shape::Fixed(value) => Ok(Some(value.borrowed())),
            Shape::Leaf(recipe) => self.leaf(recipe, place, Wanted::Any),
            Shape::Object(members) => self.object(members, place).map(|members| Some(Value::Object(members))),
            Shape::List(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    filled.extend(self.fill(item, Place::Item(&place, index))?);
                }
                Ok(Some(Value::List(filled)))
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
        }
    }

    fn object(
        &mut self,
        shapes: &'s [Member<'_>],
        place: Place<'_>,
    ) -> Result<Vec<(Cow<'s, str>, Value<'s>)>, Failure> {
        let mut members = Vec::with_capacity(shapes.len());
        for Member { name, shape } in shapes {
            let filled = self.fill(shape, Place::Member(&place, name))?;
            members.extend(filled.map(|value| (Cow::Borrowed(&**name), value)));
        }
        Ok(members)
    }

    fn merge(&mut self, shapes: &'s [Shape<'_>], place: Place<'_>) -> Result<Value<'s>, Failure> {
        let mut merged: Vec<(Cow<'s, str>, Value<'s>)> = Vec::new();
        for (index, shape) in shapes.iter().enumerate() {
            let Some(Value::Object(members)) = self.fill(shape, Place::Item(&Place::Member(&place, "merge"), index))?
            else {
                continue;
            };
            for (name, value) in members {
                match merged.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => merged.push((name, value)),
                }
            }
        }
        Ok(Value::Object(merged))
    }

    fn leaf(&mut self, recipe: &'s Recipe<'_>, place: Place<'_>, wanted: Wanted) -> Result<Option<Value<'s>>, Failure> {
        let mut maker = Maker::new(self.scope);
        maker.steps = self.trace.is_some().then(Steps::default);
        let made = maker.make(recipe, wanted).map_err(|trouble| failure(&place.to_string(), trouble))?;
        if let (Some(trace), Some(steps)) = (&mut self.trace, maker.steps) {
            let mut members =
                vec![("part", Value::text(place.to_string())), ("line", Value::integer(recipe.line.into()))];
            members.extend(steps.members());
            members.extend(made.value.clone().map(|value| ("value", value.into_owned())));
            trace.push(trace::object(members));
        }
        Ok(made.value)
    }
}

fn failure(path: &str, trouble: Trouble) -> Failure {
    let mut failure = Failure::new(trouble.code, format!("{path}: {}", trouble.message)).in_field(path);
    failure.function = trouble.function.map(str::to_owned);
    failure.input = trouble.input;
    failure
}
