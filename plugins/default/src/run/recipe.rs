//! Making one value: choose its source, apply its functions, and do what the document says when that gives nothing.

use hookmill_json::{Node, NodeRef, Value, text_of, write_value};

use super::around::Around;
use super::rule::{Judge, Unjudged};
use super::scope::Scope;
use super::select::{Found, look, select, select_in};
use super::trace::Steps;
use super::walk::{chooses, walk};
use super::work::{MADE_BYTES_MAX, Work};
use crate::functions::{Refusal, apply};
use crate::plan::{Fallback, Function, Path, Recipe, Source, SourceKind, Template, TemplatePart};

/// A made value.
pub struct Made<'s> {
    /// The value; none when it is left out.
    pub value: Option<Value<'s>>,
    /// The values of the input it was made of.
    pub used: Found<'s>,
    /// A remark: code and text.
    pub notice: Option<(&'static str, String)>,
}

/// Why a value could not be made.
#[derive(Debug)]
pub struct Trouble {
    /// A stable code.
    pub code: &'static str,
    /// The function that refused.
    pub function: Option<&'static str>,
    /// What it refused, JSON text.
    pub input: Option<String>,
    /// The reason.
    pub message: String,
}

impl From<Unjudged> for Trouble {
    fn from(unjudged: Unjudged) -> Self {
        let Unjudged { code, field, message } = unjudged;
        Self { code, function: None, input: None, message: format!("`when` looks at `{field}`: {message}") }
    }
}

/// Whether a value must be one text, or may be anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// One text, number or boolean.
    Scalar,
    /// Anything.
    Any,
}

/// Makes values in one scope.
pub struct Maker<'s, S> {
    scope: &'s S,
    around: Around<'s, S>,
    /// The steps of the value being made, when a trace is wanted.
    pub steps: Option<Steps>,
}

/// What a source gave.
struct Taken<'s> {
    value: Option<Value<'s>>,
    used: Found<'s>,
    raw: Raw<'s>,
}

/// What stood at the beginning of a chain. It is wanted only when a function refuses, and a list is dear to copy.
#[derive(Clone)]
enum Raw<'s> {
    /// What was found.
    Found(Found<'s>),
    /// What was made.
    Made(Option<Value<'s>>),
}

impl<'s> Raw<'s> {
    fn value(&self) -> Option<Value<'s>> {
        match self {
            Self::Found(found) => found.free_value(),
            Self::Made(value) => value.clone(),
        }
    }
}

impl<'s> Taken<'s> {
    const NOTHING: Self = Self { value: None, used: Found::Missing, raw: Raw::Made(None) };

    fn found(found: Found<'s>, work: &Work) -> Result<Self, Refused<'s>> {
        let value = found.value(work).map_err(refused)?;
        Ok(Self { value, raw: Raw::Found(found.clone()), used: found })
    }

    fn made(value: Option<Value<'s>>, used: Found<'s>) -> Self {
        Self { raw: Raw::Made(value.clone()), value, used }
    }

    fn is_blank(&self) -> bool {
        self.value.as_ref().is_none_or(Value::is_blank)
    }

    fn is_object(&self) -> bool {
        matches!(self.value, Some(Value::Object(_)))
    }
}

/// A refusal, by whom and of what.
struct Refused<'s> {
    refusal: Refusal,
    function: Option<&'static str>,
    /// What it was refused of. Refusals are rare, and this is large.
    raw: Box<Taken<'s>>,
}

/// The best source so far.
#[derive(Default)]
struct Choice<'p, 's> {
    skips_objects: bool,
    filled: Option<(Taken<'s>, &'p Source<'p>)>,
    blank: Option<(Taken<'s>, &'p Source<'p>)>,
    refused: Option<(Refused<'s>, &'p Source<'p>)>,
}

impl<'p, 's> Choice<'p, 's> {
    fn best(self) -> (Result<Taken<'s>, Refused<'s>>, Option<&'p Source<'p>>) {
        match (self.filled.or(self.blank), self.refused) {
            (Some((taken, source)), _) => (Ok(taken), Some(source)),
            (None, Some((why, source))) => (Err(why), Some(source)),
            (None, None) => (Ok(Taken::NOTHING), None),
        }
    }
}

impl<'s, S: Scope> Maker<'s, S> {
    /// A maker without a trace.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, around: Around::new(scope), steps: None }
    }

    /// Makes a value.
    pub fn make(&mut self, recipe: &'s Recipe<'_>, wanted: Wanted) -> Result<Made<'s>, Trouble> {
        if let Some(rule) = &recipe.rare().when
            && !Judge::new(self.scope).holds(rule)?
        {
            self.instead("when does not hold");
            return Ok(left_out());
        }
        let tried = match self.walked(recipe) {
            Some((taken, rest)) => self.chain(rest, taken, wanted),
            None => self.choose(&recipe.sources, wanted).and_then(|taken| self.chain(&recipe.then, taken, wanted)),
        };
        match tried {
            Ok(taken) => self.judge(recipe, taken),
            Err(refused) => self.after_refusal(recipe, refused),
        }
    }

    /// Where the first functions go in the input, as long as they only choose, and the functions that are left: a long list is
    /// not copied to take one item. A trace tells what each gives, so it has none of this.
    fn walked(&self, recipe: &'s Recipe<'_>) -> Option<(Taken<'s>, &'s [Function<'s>])> {
        let ([Source { kind: SourceKind::Path(path), then }], [], None) =
            (&*recipe.sources, self.scope.containers(), &self.steps)
        else {
            return None;
        };
        if !then.is_empty() || !recipe.then.first().is_some_and(chooses) {
            return None;
        }
        let Ok(Found::One(NodeRef::Indexed(start))) = select(path, self.scope) else { return None };
        let (work, used) = (self.scope.work(), Found::One(NodeRef::Indexed(start)));
        work.spend_on_steps(NodeRef::Indexed(start)).ok()?;
        let (at, rest) = walk(&recipe.then, start);
        work.spend_on(at.map(NodeRef::Indexed).as_slice()).ok()?;
        Some((Taken { value: at.map(Node::value), raw: Raw::Found(used.clone()), used }, rest))
    }

    /// The first source that is not blank, else the first that has anything, else a refusal, if one refused.
    fn choose(&mut self, sources: &'s [Source<'_>], wanted: Wanted) -> Result<Taken<'s>, Refused<'s>> {
        if let ([only], []) = (sources, self.scope.containers()) {
            let taken = self.take(only, None);
            // What came to nothing was not used: it stays among the unmapped keys.
            if matches!(&taken, Ok(taken) if taken.value.is_none()) {
                return Ok(Taken::NOTHING);
            }
            self.came_from(only);
            return taken;
        }
        // Among alternatives, an object is none for a text; alone it is a mistake that the chain will refuse.
        let mut choice = Choice { skips_objects: wanted == Wanted::Scalar && sources.len() > 1, ..Choice::default() };
        for alike in sources.chunk_by(|one, next| one.then == next.then) {
            self.offer(alike, None, &mut choice);
            for container in self.scope.containers() {
                self.offer(alike, Some(*container), &mut choice);
            }
            if choice.filled.is_some() {
                break;
            }
        }
        let (result, source) = choice.best();
        if let Some(source) = source {
            self.came_from(source);
        }
        result
    }

    /// Tries sources in the element, or only those with loose names in a container, until one is not blank.
    fn offer(&self, sources: &'s [Source<'_>], container: Option<NodeRef<'s>>, choice: &mut Choice<'s, 's>) {
        for source in sources {
            if choice.filled.is_some() {
                return;
            }
            match self.take(source, container) {
                Ok(Taken { value: Some(Value::Object(_)), .. }) if choice.skips_objects => {}
                Err(why) if why.raw.is_object() && choice.skips_objects => {}
                Ok(taken) if !taken.is_blank() => choice.filled = Some((taken, source)),
                Ok(taken) if taken.value.is_some() && choice.blank.is_none() => choice.blank = Some((taken, source)),
                Ok(_) => {}
                Err(why) if choice.refused.is_none() => choice.refused = Some((why, source)),
                Err(_) => {}
            }
        }
    }

    fn take(&self, source: &'s Source<'_>, container: Option<NodeRef<'s>>) -> Result<Taken<'s>, Refused<'s>> {
        let taken = match (&source.kind, container) {
            (SourceKind::Path(path), Some(container)) if path.is_loose() => {
                Taken::found(self.inside(path, container)?, self.scope.work())?
            }
            (_, Some(_)) => return Ok(Taken::NOTHING),
            (SourceKind::Path(path), None) => Taken::found(self.select(path)?, self.scope.work())?,
            (SourceKind::Template(template), None) => self.fill(template)?,
            (SourceKind::Fixed(value), None) => Taken::made(Some(value.borrowed()), Found::Missing),
        };
        if source.then.is_empty() {
            return Ok(taken);
        }
        // What another source remarked is of no interest.
        self.around.take_remark();
        let Taken { mut value, used, raw } = taken;
        for function in &source.then {
            value = apply(function, value, &self.around).map_err(|refusal| Refused {
                refusal,
                function: Some(function.name()),
                raw: Box::new(Taken::made(raw.value(), used.clone())),
            })?;
        }
        Ok(Taken::made(value, used))
    }

    fn select(&self, path: &Path<'_>) -> Result<Found<'s>, Refused<'s>> {
        select(path, self.scope).map_err(refused)
    }

    fn inside(&self, path: &Path<'_>, container: NodeRef<'s>) -> Result<Found<'s>, Refused<'s>> {
        select_in(&path.steps, container).map_err(refused)
    }

    /// A template of which every value is missing is missing itself.
    fn fill(&self, template: &Template<'_>) -> Result<Taken<'s>, Refused<'s>> {
        let (mut text, mut used, mut places) = (String::new(), Vec::new(), 0);
        for part in &template.parts {
            match part {
                TemplatePart::Text(fixed) => text.push_str(fixed),
                TemplatePart::Value(path) => {
                    places += 1;
                    let found = look(path, self.scope).map_err(refused)?;
                    used.extend(found.spots());
                    if let Some(value) = found.value(self.scope.work()).map_err(refused)? {
                        text_into(&mut text, &value);
                    }
                    within_template(&text).map_err(refused)?;
                }
            }
        }
        let value = (places == 0 || !used.is_empty()).then(|| Value::text(text));
        Ok(Taken::made(value, Found::Many(used)))
    }

    fn chain(&mut self, then: &'s [Function<'_>], taken: Taken<'s>, wanted: Wanted) -> Result<Taken<'s>, Refused<'s>> {
        let Taken { mut value, mut used, raw } = taken;
        for function in then {
            if wanted == Wanted::Scalar && !function.takes_lists() {
                used = narrowed_use(value.as_ref(), used);
                value = narrowed(value);
            }
            value = apply(function, value, &self.around).map_err(|refusal| Refused {
                refusal,
                function: Some(function.name()),
                raw: Box::new(Taken::made(raw.value(), used.clone())),
            })?;
            if let Some(steps) = self.steps.as_mut().filter(|_| self.scope.work().can_show()) {
                steps.functions.push((function.name(), value.as_ref().map(|value| self.scope.work().shown(value))));
            }
        }
        if wanted == Wanted::Any {
            return Ok(Taken { value, used, raw });
        }
        used = narrowed_use(value.as_ref(), used);
        match narrowed(value) {
            Some(value @ (Value::Object(_) | Value::List(_))) => {
                let message = format!("this field holds one text, but this is {}", value.type_name());
                let refusal = Refusal::new("wrong_type", message);
                Err(Refused { refusal, function: None, raw: Box::new(Taken::made(raw.value(), used)) })
            }
            value => Ok(Taken { value, used, raw }),
        }
    }

    fn judge(&mut self, recipe: &'s Recipe<'_>, taken: Taken<'s>) -> Result<Made<'s>, Trouble> {
        let (fallback, what) = match &taken.value {
            None => (&recipe.rare().on_missing, "missing"),
            Some(Value::Null) => (&recipe.rare().on_null, "null"),
            Some(value) if value.is_blank() => (&recipe.rare().on_blank, "blank"),
            Some(_) => {
                return Ok(Made { value: taken.value, used: taken.used, notice: self.around.take_remark() });
            }
        };
        let Taken { value, used, .. } = taken;
        let made = |value| Ok(Made { value, used, notice: None });
        match fallback {
            Fallback::Keep => made(value),
            Fallback::Omit => {
                self.instead("omitted");
                made(None)
            }
            Fallback::Null => {
                self.instead("null");
                made(Some(Value::Null))
            }
            Fallback::Default(default) => {
                self.instead("default");
                made(Some(default.borrowed()))
            }
            Fallback::Fail => Err(Trouble {
                code: if value.is_none() { "field_missing" } else { "field_blank" },
                function: None,
                input: value.as_ref().map(text_of),
                message: format!("it is {what}, and `on_{what}` says fail; {}", looked_at(recipe)),
            }),
        }
    }

    fn after_refusal(&mut self, recipe: &'s Recipe<'_>, refused: Refused<'s>) -> Result<Made<'s>, Trouble> {
        let Refused { refusal, function, raw } = refused;
        let (value, used) = (raw.value, raw.used);
        match &recipe.rare().on_error {
            Fallback::Fail => Err(Trouble {
                code: refusal.code,
                function,
                input: value.as_ref().map(text_of),
                message: refusal.message,
            }),
            Fallback::Keep => {
                self.instead("kept raw");
                Ok(Made { value, used, notice: Some(("kept_raw", refusal.message)) })
            }
            // What is left out was not used: it stays among the unmapped keys.
            Fallback::Omit => {
                self.instead("omitted");
                Ok(Made { value: None, used: Found::Missing, notice: Some(("omitted", refusal.message)) })
            }
            Fallback::Null => {
                self.instead("null");
                Ok(Made { value: Some(Value::Null), used, notice: Some(("nulled", refusal.message)) })
            }
            Fallback::Default(default) => {
                self.instead("default");
                Ok(Made { value: Some(default.borrowed()), used, notice: Some(("defaulted", refusal.message)) })
            }
        }
    }

    fn came_from(&mut self, source: &Source<'_>) {
        let Some(steps) = &mut self.steps else { return };
        steps.from = Some(match &source.kind {
            SourceKind::Path(path) => path.text.to_string(),
            SourceKind::Template(_) => "a template".to_owned(),
            SourceKind::Fixed(_) => "a fixed value".to_owned(),
        });
    }

    fn instead(&mut self, what: &'static str) {
        if let Some(steps) = &mut self.steps {
            steps.instead = Some(what);
        }
    }
}

fn within_template(text: &str) -> Result<(), Refusal> {
    if text.len() <= MADE_BYTES_MAX {
        return Ok(());
    }
    Err(Refusal::too_large("template", "MADE_BYTES_MAX", MADE_BYTES_MAX))
}

fn refused<'s>(refusal: Refusal) -> Refused<'s> {
    Refused { refusal, function: None, raw: Box::new(Taken::NOTHING) }
}

fn left_out<'s>() -> Made<'s> {
    Made { value: None, used: Found::Missing, notice: None }
}

/// Where a field was looked for, for people.
fn looked_at(recipe: &Recipe<'_>) -> String {
    let paths = recipe.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Path(path) => Some(format!("`{}`", path.text)),
        _ => None,
    });
    format!("looked at {}", paths.take(5).collect::<Vec<_>>().join(", "))
}

/// What is used of the input when a list is narrowed to one value: that one alone, so that the others are kept as custom fields.
fn narrowed_use<'s>(value: Option<&Value<'_>>, used: Found<'s>) -> Found<'s> {
    let Some(Value::List(items)) = value else { return used };
    let first = items.iter().position(|item| !item.is_blank()).unwrap_or(0);
    let one = match used.spots() {
        [spot] if spot.list_len() == Some(items.len()) && Some(&spot.value()) == value => spot.item(first),
        several if several.len() == items.len() && 1 < items.len() => several.get(first).copied(),
        _ => None,
    };
    one.map_or(used, Found::One)
}

/// Of a list where one value is wanted: the first that is not blank.
fn narrowed(value: Option<Value<'_>>) -> Option<Value<'_>> {
    let Some(Value::List(items)) = value else { return value };
    let first = items.iter().position(|item| !item.is_blank()).unwrap_or(0);
    items.into_iter().nth(first)
}

/// Writes a value into a text: nothing for null, lists and objects as JSON.
pub fn text_into(text: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => {}
        Value::List(_) | Value::Object(_) => write_value(text, value),
        scalar => text.push_str(scalar.scalar_text().unwrap_or_default()),
    }
}
