//! Evaluating one recipe: choose its source, apply its functions, and follow its error and fallback policies.

use hookmill_json::{Node, NodeRef, Value, text_of, write_value};

use super::budget::{OUTPUT_BYTES_MAX, WorkBudget};
use super::context::ScopeContext;
use super::rule::{RuleError, RuleEvaluator};
use super::scope::Scope;
use super::select::select;
use super::steps::{Found, select_in};
use super::trace::Steps;
use super::walk::{chooses, walk};
use crate::functions::hidden::{has_hidden, strip_hidden};
use crate::functions::{Declared, EvalContext, FunctionError, apply, quote_text};
use crate::plan::{Fallback, Function, Path, Recipe, Source, SourceKind, Template, TemplatePart};

/// What a trace says of a value that its condition leaves out.
pub const WHEN_DOES_NOT_HOLD: &str = "when does not hold";

/// A value, evaluated.
pub struct Evaluated<'s> {
    /// The value; none when it is left out.
    pub value: Option<Value<'s>>,
    /// The values of the input that it was built from.
    pub used: Found<'s>,
    /// The values that functions and templates read besides.
    pub read: Vec<NodeRef<'s>>,
    /// The values by which its condition was decided, whichever way.
    pub decided_by: Vec<NodeRef<'s>>,
    /// A warning: code and text.
    pub warning: Option<(&'static str, String)>,
}

impl Evaluated<'_> {
    /// Nothing.
    const MISSING: Self =
        Self { value: None, used: Found::Missing, read: Vec::new(), decided_by: Vec::new(), warning: None };
}

/// Why a value could not be evaluated.
#[derive(Debug)]
pub struct RecipeError {
    /// A stable code.
    pub code: &'static str,
    /// The function that failed.
    pub function: Option<&'static str>,
    /// Its input, JSON text.
    pub input: Option<String>,
    /// The reason.
    pub message: String,
}

impl From<RuleError> for RecipeError {
    fn from(error: RuleError) -> Self {
        let RuleError { code, field, message } = error;
        Self { code, function: None, input: None, message: format!("`when` looks at `{field}`: {message}") }
    }
}

/// What a recipe must give.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// One text, number or boolean.
    Scalar,
    /// The same, without characters that nobody sees.
    Visible,
    /// Anything.
    Any,
}

/// Evaluates recipes in one scope.
pub struct Evaluator<'s, S> {
    scope: &'s S,
    context: ScopeContext<'s, S>,
    /// The steps of the value being evaluated, when a trace is asked for.
    pub steps: Option<Steps>,
}

/// What a source gave.
struct SourceValue<'s> {
    value: Option<Value<'s>>,
    used: Found<'s>,
    read: Vec<NodeRef<'s>>,
    chain_input: ChainInput<'s>,
}

/// The value at the beginning of a chain. It is needed only when a function fails, and a list is expensive to copy.
#[derive(Clone)]
enum ChainInput<'s> {
    /// What was found.
    Found(Found<'s>),
    /// What was built.
    Evaluated(Option<Value<'s>>),
}

impl<'s> ChainInput<'s> {
    fn value(&self) -> Option<Value<'s>> {
        match self {
            Self::Found(found) => found.free_value(),
            Self::Evaluated(value) => value.clone(),
        }
    }
}

impl<'s> SourceValue<'s> {
    const MISSING: Self =
        Self { value: None, used: Found::Missing, read: Vec::new(), chain_input: ChainInput::Evaluated(None) };

    fn found(found: Found<'s>, budget: &WorkBudget) -> Result<Self, FailedSource<'s>> {
        let value = found.value(budget).map_err(failed_source)?;
        Ok(Self { value, chain_input: ChainInput::Found(found.clone()), used: found, read: Vec::new() })
    }

    fn built(value: Option<Value<'s>>, used: Found<'s>) -> Self {
        Self { chain_input: ChainInput::Evaluated(value.clone()), value, used, read: Vec::new() }
    }

    fn is_blank(&self) -> bool {
        self.value.as_ref().is_none_or(Value::is_blank)
    }

    fn is_object(&self) -> bool {
        matches!(self.value, Some(Value::Object(_)))
    }
}

/// Why a source gave no value, and its value before.
struct FailedSource<'s> {
    error: FunctionError,
    function: Option<&'static str>,
    /// The value that was rejected. Failures are rare, and this is large.
    chain_input: Box<SourceValue<'s>>,
}

/// The best source so far.
#[derive(Default)]
struct BestSource<'p, 's> {
    skips_objects: bool,
    filled: Option<(SourceValue<'s>, &'p Source<'p>)>,
    blank: Option<(SourceValue<'s>, &'p Source<'p>)>,
    failed: Option<(FailedSource<'s>, &'p Source<'p>)>,
}

impl<'p, 's> BestSource<'p, 's> {
    fn into_best(self) -> (Result<SourceValue<'s>, FailedSource<'s>>, Option<&'p Source<'p>>) {
        match (self.filled.or(self.blank), self.failed) {
            (Some((taken, source)), _) => (Ok(taken), Some(source)),
            (None, Some((failure, source))) => (Err(failure), Some(source)),
            (None, None) => (Ok(SourceValue::MISSING), None),
        }
    }
}

impl<'s, S: Scope> Evaluator<'s, S> {
    /// An evaluator without a trace.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, context: ScopeContext::new(scope), steps: None }
    }

    /// Evaluates a recipe.
    pub fn evaluate(&mut self, recipe: &'s Recipe<'_>, expected: Expected) -> Result<Evaluated<'s>, RecipeError> {
        let mut decided_by = Vec::new();
        if let Some(rule) = &recipe.options().when {
            let mut evaluator = RuleEvaluator::new(self.scope);
            let holds = evaluator.holds(rule)?;
            decided_by = evaluator.take_read();
            if !holds {
                self.trace_fallback(WHEN_DOES_NOT_HOLD);
                return Ok(Evaluated { decided_by, ..Evaluated::MISSING });
            }
        }
        let tried = match self.select_in_place(recipe) {
            Some((taken, rest)) => self.apply_chain(rest, taken, expected),
            None => self
                .choose_source(&recipe.sources, expected)
                .and_then(|taken| self.apply_chain(&recipe.then, taken, expected)),
        };
        let evaluated = match tried {
            Ok(taken) => self.apply_policy(recipe, taken),
            Err(failed) => self.on_function_error(recipe, failed),
        }?;
        Ok(Evaluated { decided_by, ..evaluated })
    }

    /// Follows the first functions in the input itself, as long as they only select, and returns the functions that are left: a long list is
    /// not copied to take one item. A trace shows what each function gives, so it does without this.
    fn select_in_place(&self, recipe: &'s Recipe<'_>) -> Option<(SourceValue<'s>, &'s [Function<'s>])> {
        let ([Source { kind: SourceKind::Path(path), then }], [], None) =
            (&*recipe.sources, self.scope.containers(), &self.steps)
        else {
            return None;
        };
        if !then.is_empty() || !recipe.then.first().is_some_and(chooses) {
            return None;
        }
        let Ok(Found::One(NodeRef::Indexed(start))) = select(path, self.scope) else { return None };
        let (budget, used) = (self.scope.budget(), Found::One(NodeRef::Indexed(start)));
        budget.spend_walk(NodeRef::Indexed(start)).ok()?;
        let (at, rest) = walk(&recipe.then, start);
        budget.spend_copy(at.map(NodeRef::Indexed).as_slice()).ok()?;
        let chain_input = ChainInput::Found(used.clone());
        Some((SourceValue { value: at.map(Node::value), chain_input, used, read: Vec::new() }, rest))
    }

    /// The first source that is not blank, else the first that has anything, else the first failure.
    fn choose_source(
        &mut self,
        sources: &'s [Source<'_>],
        expected: Expected,
    ) -> Result<SourceValue<'s>, FailedSource<'s>> {
        if let ([only], []) = (sources, self.scope.containers()) {
            let taken = self.evaluate_source(only, None);
            // A value that is left out was not used: it stays among the unmapped keys.
            if matches!(&taken, Ok(taken) if taken.value.is_none()) {
                return Ok(SourceValue::MISSING);
            }
            self.trace_source(only);
            return taken;
        }
        // Among alternatives, an object is skipped where a text is expected; alone it is a mistake that the chain rejects.
        let mut best =
            BestSource { skips_objects: expected != Expected::Any && sources.len() > 1, ..BestSource::default() };
        for alike in sources.chunk_by(|one, next| one.then == next.then) {
            self.try_sources(alike, None, &mut best);
            for container in self.scope.containers() {
                self.try_sources(alike, Some(*container), &mut best);
            }
            if best.filled.is_some() {
                break;
            }
        }
        let (result, source) = best.into_best();
        if let Some(source) = source {
            self.trace_source(source);
        }
        result
    }

    /// Tries sources in the element, or only those with loose names in a container, until one is not blank.
    fn try_sources(&self, sources: &'s [Source<'_>], container: Option<NodeRef<'s>>, best: &mut BestSource<'s, 's>) {
        for source in sources {
            if best.filled.is_some() {
                return;
            }
            match self.evaluate_source(source, container) {
                Ok(SourceValue { value: Some(Value::Object(_)), .. }) if best.skips_objects => {}
                Err(failure) if failure.chain_input.is_object() && best.skips_objects => {}
                Ok(taken) if !taken.is_blank() => best.filled = Some((taken, source)),
                Ok(taken) if taken.value.is_some() && best.blank.is_none() => best.blank = Some((taken, source)),
                Ok(_) => {}
                Err(failure) if best.failed.is_none() => best.failed = Some((failure, source)),
                Err(_) => {}
            }
        }
    }

    fn evaluate_source(
        &self,
        source: &'s Source<'_>,
        container: Option<NodeRef<'s>>,
    ) -> Result<SourceValue<'s>, FailedSource<'s>> {
        let taken = match (&source.kind, container) {
            (SourceKind::Path(path), Some(container)) if path.is_loose() => {
                SourceValue::found(self.inside(path, container)?, self.scope.budget())?
            }
            (_, Some(_)) => return Ok(SourceValue::MISSING),
            (SourceKind::Path(path), None) => SourceValue::found(self.select(path)?, self.scope.budget())?,
            (SourceKind::Template(template), None) => self.fill_template(template)?,
            (SourceKind::Fixed(value), None) => SourceValue::built(Some(value.borrowed()), Found::Missing),
        };
        if source.then.is_empty() {
            return Ok(taken);
        }
        // Warnings of another source are of no interest, nor is what it read.
        self.context.take_warning();
        self.context.reader.take();
        let SourceValue { mut value, used, chain_input, .. } = taken;
        for function in &source.then {
            value = apply(function, value, &self.context).map_err(|error| FailedSource {
                error,
                function: Some(function.name()),
                chain_input: Box::new(SourceValue::built(chain_input.value(), used.clone())),
            })?;
        }
        Ok(SourceValue { read: self.context.reader.take(), ..SourceValue::built(value, used) })
    }

    fn select(&self, path: &Path<'_>) -> Result<Found<'s>, FailedSource<'s>> {
        select(path, self.scope).map_err(failed_source)
    }

    fn inside(&self, path: &Path<'_>, container: NodeRef<'s>) -> Result<Found<'s>, FailedSource<'s>> {
        select_in(&path.steps, container).map_err(failed_source)
    }

    /// A template of which every value is missing is missing itself.
    fn fill_template(&self, template: &Template<'_>) -> Result<SourceValue<'s>, FailedSource<'s>> {
        let (mut text, mut used, mut places) = (String::new(), Vec::new(), 0);
        for part in &template.parts {
            match part {
                TemplatePart::Text(fixed) => text.push_str(fixed),
                TemplatePart::Value(path) => {
                    places += 1;
                    let found = self.context.reader.look(path, self.scope).map_err(failed_source)?;
                    used.extend(found.nodes());
                    if let Some(value) = found.value(self.scope.budget()).map_err(failed_source)? {
                        append_text(&mut text, &value);
                    }
                    check_template_size(&text).map_err(failed_source)?;
                }
            }
        }
        let value = (places == 0 || !used.is_empty()).then(|| Value::text(text));
        Ok(SourceValue::built(value, Found::Many(used)))
    }

    fn apply_chain(
        &mut self,
        then: &'s [Function<'_>],
        taken: SourceValue<'s>,
        expected: Expected,
    ) -> Result<SourceValue<'s>, FailedSource<'s>> {
        let SourceValue { mut value, mut used, mut read, chain_input } = taken;
        self.context.reader.take();
        for function in then {
            if expected != Expected::Any && !function.takes_lists() {
                used = narrow_used(value.as_ref(), used);
                value = narrow(value);
            }
            value = apply(function, value, &self.context).map_err(|error| FailedSource {
                error,
                function: Some(function.name()),
                chain_input: Box::new(SourceValue::built(chain_input.value(), used.clone())),
            })?;
            if let Some(steps) = self.steps.as_mut().filter(|_| self.scope.budget().has_trace_room()) {
                steps
                    .functions
                    .push((function.name(), value.as_ref().map(|value| self.scope.budget().trace_value(value))));
            }
        }
        read.extend(self.context.reader.take());
        if expected == Expected::Any {
            return Ok(SourceValue { value, used, read, chain_input });
        }
        used = narrow_used(value.as_ref(), used);
        match narrow(value) {
            Some(value @ (Value::Object(_) | Value::List(_))) => {
                let message = format!("this field holds one text, but this is {}", value.type_name());
                let error = FunctionError::new("wrong_type", message);
                Err(FailedSource {
                    error,
                    function: None,
                    chain_input: Box::new(SourceValue::built(chain_input.value(), used)),
                })
            }
            Some(Value::Text(text)) if expected == Expected::Visible && has_hidden(&text) => {
                let visible = strip_hidden(&text).into_owned();
                self.context.warn("hidden_characters", hidden_warning(&text, &visible));
                Ok(SourceValue { value: Some(Value::text(visible)), used, read, chain_input })
            }
            value => Ok(SourceValue { value, used, read, chain_input }),
        }
    }

    fn apply_policy(&mut self, recipe: &'s Recipe<'_>, taken: SourceValue<'s>) -> Result<Evaluated<'s>, RecipeError> {
        let (fallback, what) = match &taken.value {
            None => (&recipe.options().on_missing, "missing"),
            Some(Value::Null) => (&recipe.options().on_null, "null"),
            Some(value) if value.is_blank() => (&recipe.options().on_blank, "blank"),
            Some(_) => {
                let SourceValue { value, used, read, .. } = taken;
                return Ok(Evaluated { value, used, read, warning: self.context.take_warning(), ..Evaluated::MISSING });
            }
        };
        let SourceValue { value, used, read, .. } = taken;
        let evaluated = |value| Ok(Evaluated { value, used, read, ..Evaluated::MISSING });
        match fallback {
            Fallback::Keep => evaluated(value),
            Fallback::Omit => {
                self.trace_fallback("omitted");
                evaluated(None)
            }
            Fallback::Null => {
                self.trace_fallback("null");
                evaluated(Some(Value::Null))
            }
            Fallback::Default(default) => {
                self.trace_fallback("default");
                evaluated(Some(default.borrowed()))
            }
            Fallback::Fail => Err(RecipeError {
                code: if value.is_none() { "field_missing" } else { "field_blank" },
                function: None,
                input: value.as_ref().map(text_of),
                message: format!("it is {what}, and `on_{what}` says fail; {}", describe_sources(recipe)),
            }),
        }
    }

    fn on_function_error(
        &mut self,
        recipe: &'s Recipe<'_>,
        failed: FailedSource<'s>,
    ) -> Result<Evaluated<'s>, RecipeError> {
        let FailedSource { error, function, chain_input } = failed;
        let (value, used) = (chain_input.value, chain_input.used);
        match &recipe.options().on_error {
            Fallback::Fail => Err(RecipeError {
                code: error.code,
                function,
                input: value.as_ref().map(text_of),
                message: error.message,
            }),
            Fallback::Keep => {
                self.trace_fallback("kept raw");
                Ok(Evaluated { value, used, warning: Some(("kept_raw", error.message)), ..Evaluated::MISSING })
            }
            // What is left out was not used: it stays among the unmapped keys.
            Fallback::Omit => {
                self.trace_fallback("omitted");
                Ok(Evaluated { warning: Some(("omitted", error.message)), ..Evaluated::MISSING })
            }
            Fallback::Null => {
                self.trace_fallback("null");
                let warning = Some(("nulled", error.message));
                Ok(Evaluated { value: Some(Value::Null), used, warning, ..Evaluated::MISSING })
            }
            Fallback::Default(default) => {
                self.trace_fallback("default");
                let warning = Some(("defaulted", error.message));
                Ok(Evaluated { value: Some(default.borrowed()), used, warning, ..Evaluated::MISSING })
            }
        }
    }

    fn trace_source(&mut self, source: &Source<'_>) {
        let Some(steps) = &mut self.steps else { return };
        steps.from = Some(match &source.kind {
            SourceKind::Path(path) => path.text.to_string(),
            SourceKind::Template(_) => "a template".to_owned(),
            SourceKind::Fixed(_) => "a fixed value".to_owned(),
        });
    }

    fn trace_fallback(&mut self, what: &'static str) {
        if let Some(steps) = &mut self.steps {
            steps.instead = Some(what);
        }
    }
}

fn check_template_size(text: &str) -> Result<(), FunctionError> {
    if text.len() <= OUTPUT_BYTES_MAX {
        return Ok(());
    }
    Err(FunctionError::too_large("template", "OUTPUT_BYTES_MAX", OUTPUT_BYTES_MAX))
}

fn failed_source<'s>(error: FunctionError) -> FailedSource<'s> {
    FailedSource { error, function: None, chain_input: Box::new(SourceValue::MISSING) }
}

/// The places where a field was looked for, for people.
fn describe_sources(recipe: &Recipe<'_>) -> String {
    let paths = recipe.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Path(path) => Some(format!("`{}`", path.text)),
        _ => None,
    });
    format!("looked at {}", paths.take(5).collect::<Vec<_>>().join(", "))
}

/// Narrows what is used of the input to the item of a list that counts, so that the others are kept as custom fields.
fn narrow_used<'s>(value: Option<&Value<'_>>, used: Found<'s>) -> Found<'s> {
    let Some(Value::List(items)) = value else { return used };
    let first = items.iter().position(|item| !item.is_blank()).unwrap_or(0);
    let one = match used.nodes() {
        [node] if node.list_len() == Some(items.len()) && Some(&node.value()) == value => node.item(first),
        several if several.len() == items.len() && 1 < items.len() => several.get(first).copied(),
        _ => None,
    };
    one.map_or(used, Found::One)
}

/// Takes the first item of a list that is not blank, where one value is expected.
fn narrow(value: Option<Value<'_>>) -> Option<Value<'_>> {
    let Some(Value::List(items)) = value else { return value };
    let first = items.iter().position(|item| !item.is_blank()).unwrap_or(0);
    items.into_iter().nth(first)
}

/// What was taken out of a text, for people.
fn hidden_warning(text: &str, visible: &str) -> String {
    let count = text.chars().count() - visible.chars().count();
    let are = if count == 1 { "character that nobody sees was" } else { "characters that nobody sees were" };
    format!("{count} {are} taken out of {}", quote_text(visible))
}

/// Writes a value into a text: nothing for null, lists and objects as JSON.
pub fn append_text(text: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => {}
        Value::List(_) | Value::Object(_) => write_value(text, value),
        scalar => text.push_str(scalar.scalar_text().unwrap_or_default()),
    }
}
