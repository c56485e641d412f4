//! One lead in the making.

use std::borrow::Cow;

use hookmill_json::{Kind, Node, NodeRef, Value, parse, text_of, write_text, write_value};
use hookmill_plugin_sdk::types::{Failure, MappedLead, Warning};

use super::compare::says;
use super::context::ScopeContext;
use super::custom::{CustomFields, CustomValue};
use super::recipe::{Evaluated, Evaluator, Expected, RecipeError};
use super::scope::Scope;
use super::select::Reader;
use super::steps::Found;
use super::trace::{self, Steps};
use super::unknown::{Used, foreign_parts};
use crate::functions::hidden::has_hidden;
use crate::functions::{FunctionError, apply, plain_functions, text_size};
use crate::lead::{CUSTOM, EXTERNAL_ID, TAGS, TEXT_FIELDS};
use crate::plan::{FastPath, Field, LoadedMap, Path, Root, Steps as PathSteps, TargetRef, Unknown};

/// How many characters of an input a failure quotes.
const QUOTED_CHARS_MAX: usize = 200;

/// About how many bytes a lead takes, so that writing one rarely has to move it.
const OUTPUT_BYTES_GUESS: usize = 512;

/// How many characters of a name or a reason a warning has.
const NOTICE_CHARS_MAX: usize = 500;

/// How many values of one name a lead may keep beside each other.
const SAME_NAMES_MAX: usize = 100;

/// Bytes of all variables of one lead.
pub const VARIABLE_BYTES_MAX: usize = 1 << 20;

/// How many warnings one lead may carry.
const WARNINGS_MAX: usize = 50;

/// One lead in the making.
pub struct Mapping<'s, 'p, S> {
    plan: &'s LoadedMap<'p>,
    scope: &'s S,
    element: Node<'s>,
    texts: [Option<Value<'s>>; TEXT_FIELDS.len()],
    tags: Option<Value<'s>>,
    custom: CustomFields<'s>,
    /// The variable that was made last.
    variable: Option<Value<'s>>,
    /// Bytes of all variables so far.
    variable_bytes: usize,
    /// What was used of the element; none where nobody asks what is left.
    used: Option<Used<'s>>,
    warnings: Vec<Warning>,
    trace: Option<Vec<Value<'static>>>,
}

impl<'s, 'p, S: Scope> Mapping<'s, 'p, S> {
    /// Nothing is made yet.
    pub fn new(plan: &'s LoadedMap<'p>, scope: &'s S, element: Node<'s>, traces: bool) -> Self {
        let asks_what_is_left = plan.unknown == Unknown::Custom || !plan.options.expand.is_empty();
        Self {
            plan,
            scope,
            element,
            texts: Default::default(),
            tags: None,
            custom: CustomFields::default(),
            variable: None,
            variable_bytes: 0,
            used: asks_what_is_left.then(|| Used::new(element)),
            warnings: Vec::new(),
            trace: traces.then(Vec::new),
        }
    }

    /// Tells names that stood twice.
    pub fn warn_of_duplicates(&mut self, names: &[String]) {
        self.warnings.extend(names.iter().take(WARNINGS_MAX).map(|name| duplicate_name_warning(name)));
    }

    /// Adds a warning about what the element was taken from.
    pub fn warn_of_items(&mut self, code: &str, message: &str) {
        self.warning(code, "items", format!("items: {message}"));
    }

    /// How each field was made, if that was asked for.
    pub fn into_trace(self) -> Vec<Value<'static>> {
        self.trace.unwrap_or_default()
    }

    /// Makes the lead.
    pub fn lead(&mut self) -> Result<MappedLead, Failure> {
        if self.element.kind() != Kind::Object {
            let value = self.element.value();
            let message = if is_encoded_twice(&value) {
                ENCODED_TWICE.to_owned()
            } else {
                format!("a lead must be a JSON object, not {}", value.type_name())
            };
            return Err(Failure::new("not_an_object", message).on_input(quote(&text_of(&value))));
        }
        self.check_containers()?;
        for index in self.plan.order() {
            self.field(index)?;
            self.store_if_referenced(index)?;
        }
        let is_test = self.is_test()?;
        let options = &self.plan.options;
        self.expand(&options.expand)?;
        self.mark_all(&options.ignore)?;
        self.mark_all(&options.filter_reads)?;
        self.unknown()?;
        Ok(MappedLead { lead: self.write_lead()?, is_test, warnings: std::mem::take(&mut self.warnings) })
    }

    /// Where a query for objects to look in is too wide, loose names would find less than there is.
    fn check_containers(&self) -> Result<(), Failure> {
        let mut queries = self.plan.options.also_search.iter().filter(|path| matches!(path.steps, PathSteps::Many(_)));
        queries.try_for_each(|path| self.found(path).map(|_| ()))
    }

    /// Keeps what was made where a later field looks at it.
    fn store_if_referenced(&mut self, index: usize) -> Result<(), Failure> {
        let variable = self.variable.take();
        let Ok(field) = u16::try_from(index) else { return Ok(()) };
        if !self.plan.options.referenced.contains(&field) {
            return Ok(());
        }
        if let Some(value) = variable {
            return self.keep_variable(field, value);
        }
        let made = match self.plan.target(index) {
            Some(TargetRef::Text(text)) => self.texts.get(text).and_then(Option::as_ref),
            Some(TargetRef::Tags) => self.tags.as_ref(),
            Some(TargetRef::Custom(name)) => self.custom.value_of(name),
            Some(TargetRef::Variable) | None => None,
        };
        if let Some(value) = made {
            self.scope.keep(field, value.clone().into_owned());
        }
        Ok(())
    }

    /// A variable is not part of the lead, for whose size there is a bound, but takes time and memory like one.
    fn keep_variable(&mut self, field: u16, value: Value<'s>) -> Result<(), Failure> {
        self.variable_bytes += text_size(&value);
        if VARIABLE_BYTES_MAX < self.variable_bytes {
            let message =
                format!("the variables of this lead have more than {VARIABLE_BYTES_MAX} bytes (VARIABLE_BYTES_MAX)");
            return Err(Failure::new("too_large", message));
        }
        self.scope.budget().spend(text_size(&value)).map_err(|rejection| failure_of(&rejection))?;
        self.scope.keep(field, value.into_owned());
        Ok(())
    }

    /// Makes a field: as its record says where the value is an ordinary one, else by its recipe. A trace has the recipe's
    /// steps; both ways give the same.
    fn field(&mut self, index: usize) -> Result<(), Failure> {
        let mark = self.scope.budget().save();
        if self.trace.is_none()
            && let (Some(fast_path), Some(target)) = (self.plan.fast_path(index), self.plan.target(index))
            && let Some(made) = self.try_fast_path(fast_path, target)
        {
            if let Some((node, value)) = made {
                self.put(target, value);
                self.mark(NodeRef::Indexed(node));
            }
            return Ok(());
        }
        self.scope.budget().restore(&mark);
        let plan = self.plan;
        let field = plan.field(index).map_err(|damaged| Failure::new("bad_plan", damaged.0))?;
        let target = plan.target(index).ok_or_else(|| Failure::new("bad_plan", "a field goes nowhere"))?;
        self.evaluate_recipe(field, target)
    }

    /// The value at the first place that is not blank, after functions that have nothing to say against it. None when that
    /// is not how it is; an inner none when nothing is there.
    fn try_fast_path(&self, fast_path: FastPath<'s>, target: TargetRef<'_>) -> Option<Option<(Node<'s>, Value<'s>)>> {
        let mut best = None;
        for node in fast_path.places().filter_map(|place| self.scope.place(place)) {
            match node.kind() {
                Kind::Object if fast_path.skips_objects => continue,
                Kind::List | Kind::Object => return None,
                _ => {}
            }
            let value = node.value();
            if !value.is_blank() {
                return self.after(fast_path, target, node, value);
            }
            best.get_or_insert((node, value));
        }
        if fast_path.guards().any(|place| self.scope.place(place).is_some()) {
            return None;
        }
        match best {
            Some((node, value)) => self.after(fast_path, target, node, value),
            None => fast_path.omits_missing.then_some(None),
        }
    }

    fn after(
        &self,
        fast_path: FastPath<'s>,
        target: TargetRef<'_>,
        node: Node<'s>,
        value: Value<'s>,
    ) -> Option<Option<(Node<'s>, Value<'s>)>> {
        let mut value = value;
        for function in plain_functions(fast_path.functions()) {
            value = apply(function, Some(value), &ScopeContext::new(self.scope)).ok()??;
        }
        // The recipe takes it out, with a warning.
        if let (TargetRef::Text(index), Value::Text(text)) = (target, &value)
            && is_of_people(index)
            && has_hidden(text)
        {
            return None;
        }
        (fast_path.keeps_blank || !value.is_blank()).then_some(Some((node, value)))
    }

    fn evaluate_recipe(&mut self, field: &'s Field<'p>, target: TargetRef<'s>) -> Result<(), Failure> {
        let expected = match target {
            TargetRef::Text(index) if is_of_people(index) => Expected::Visible,
            TargetRef::Text(_) => Expected::Scalar,
            _ => Expected::Any,
        };
        let mut evaluator = Evaluator::new(self.scope);
        evaluator.steps = (self.trace.is_some() && self.scope.budget().has_trace_room()).then(Steps::default);
        let made = evaluator.evaluate(&field.recipe, expected);
        let steps = evaluator.steps.take();
        let placed = made.map_err(|error| failure(field, error)).map(|made| self.place(field, target, made));
        self.push_trace(field, steps, &placed);
        placed.map(|_| ())
    }

    /// Puts a value where it belongs, and returns it for the trace.
    fn place(&mut self, field: &'s Field<'_>, target: TargetRef<'s>, made: Evaluated<'s>) -> Option<Value<'static>> {
        let Evaluated { value, used, read, decided_by, warning } = made;
        decided_by.into_iter().for_each(|node| self.mark(node));
        if let Some((code, message)) = warning {
            self.warning(code, &field.name, format!("{}: {message}", field.name));
        }
        let value = value?;
        // Lists and objects that were kept raw stay among the unmapped keys, where they keep their shape.
        if matches!((target, &value), (TargetRef::Text(_), Value::List(_) | Value::Object(_))) {
            self.warning("not_a_text", &field.name, format!("{} is left out: it must be one text", field.name));
            return None;
        }
        self.mark_found(&used);
        read.into_iter().for_each(|node| self.mark(node));
        let trace_value = self.trace.is_some().then(|| self.scope.budget().trace_value(&value));
        self.put(target, value);
        Some(trace_value.unwrap_or(Value::Null))
    }

    /// Puts a value where it belongs. A text field holds a text: digits and booleans as they are written.
    fn put(&mut self, target: TargetRef<'s>, value: Value<'s>) {
        match (target, value) {
            (TargetRef::Tags, value) => self.tags = Some(tags(value)),
            (TargetRef::Variable, value) => self.variable = Some(value),
            (TargetRef::Custom(name), value) => self.custom.add(Cow::Borrowed(name), CustomValue::Built(value)),
            (TargetRef::Text(index), Value::Number(digits)) => self.texts[index] = Some(Value::Text(digits)),
            (TargetRef::Text(index), Value::Bool(value)) => {
                self.texts[index] = Some(Value::text(if value { "true" } else { "false" }));
            }
            (TargetRef::Text(index), value) => self.texts[index] = Some(value),
        }
    }

    fn push_trace(
        &mut self,
        field: &Field<'_>,
        steps: Option<Steps>,
        placed: &Result<Option<Value<'static>>, Failure>,
    ) {
        let (Some(trace), Some(steps)) = (&mut self.trace, steps) else { return };
        let mut members =
            vec![("field", Value::text(field.name.to_string())), ("line", Value::integer(field.recipe.line.into()))];
        members.extend(steps.members());
        match placed {
            Ok(Some(value)) => members.push(("value", value.clone())),
            Ok(None) => {}
            Err(failure) => members.push(("failed", Value::text(failure.message.clone()))),
        }
        trace.push(trace::object(members));
    }

    fn is_test(&mut self) -> Result<bool, Failure> {
        let at_places = self.plan.tests().filter_map(|place| self.scope.place(place)).map(NodeRef::Indexed);
        let mut nodes: Vec<NodeRef<'s>> = at_places.collect();
        for path in &self.plan.options.is_test {
            nodes.extend(self.found(path)?.nodes());
        }
        let mut is_test = false;
        for node in nodes {
            if let Some(response) = says(&node.value()) {
                is_test |= response;
                self.mark(node);
            }
        }
        Ok(is_test)
    }

    /// Members of these objects become custom fields of their own.
    fn expand(&mut self, paths: &'s [Path<'_>]) -> Result<(), Failure> {
        for path in paths {
            if let Root::Field(field) = path.root {
                self.expand_field(field, path)?;
                continue;
            }
            for found in self.found(path)?.nodes() {
                let Some(node) = found.indexed() else { continue };
                if node.kind() != Kind::Object {
                    self.warn_not_expanded(path, &node.value());
                    continue;
                }
                for (name, rest) in self.unused_members(node)? {
                    self.keep(name, rest)?;
                }
                self.mark(*found);
            }
        }
        Ok(())
    }

    /// Members of a custom field that was made become custom fields instead of it.
    fn expand_field(&mut self, field: u16, path: &Path<'_>) -> Result<(), Failure> {
        let Some(TargetRef::Custom(name)) = self.plan.target(usize::from(field)) else { return Ok(()) };
        match self.custom.take(name) {
            Some(CustomValue::Built(Value::Object(members))) => {
                members.into_iter().try_for_each(|(name, value)| self.keep(name, CustomValue::Built(value)))
            }
            Some(other) => {
                if let CustomValue::Built(value) = &other {
                    self.warn_not_expanded(path, value);
                }
                self.custom.add(Cow::Borrowed(name), other);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What is not an object stays what it is, and somebody is told why.
    fn warn_not_expanded(&mut self, path: &Path<'_>, value: &Value<'_>) {
        if *value == Value::Null {
            return;
        }
        let message = format!(
            "`{}` is {}, not an object, and stays one field; the objects of a list are `$.list[*]`, and `from_pairs` makes an object of pairs",
            path.text,
            value.type_name()
        );
        self.warning("not_expanded", &path.text, message);
    }

    /// The members of a value of which something is left, each written out: what is used later must not change it.
    fn unused_members(&mut self, node: Node<'s>) -> Result<Vec<(Cow<'s, str>, CustomValue<'s>)>, Failure> {
        let Some(used) = &mut self.used else { return Ok(Vec::new()) };
        used.settle(node);
        if used.is_gone(node) {
            return Ok(Vec::new());
        }
        let left = node.children().filter(|member| !used.is_gone(*member));
        left.map(|member| {
            let mut text = String::new();
            member.write(&mut text, &|inside| used.is_gone(inside));
            self.scope.budget().reserve(text.len()).map_err(|rejection| failure_of(&rejection))?;
            Ok((member.name(), CustomValue::Json(text)))
        })
        .collect()
    }

    fn mark(&mut self, node: NodeRef<'_>) {
        if let Some(used) = &mut self.used {
            used.mark(node);
        }
    }

    fn mark_found(&mut self, found: &Found<'s>) {
        found.nodes().iter().for_each(|node| self.mark(*node));
    }

    fn mark_all(&mut self, paths: &'s [Path<'_>]) -> Result<(), Failure> {
        for path in paths {
            let found = self.found(path)?;
            self.mark_found(&found);
        }
        Ok(())
    }

    /// A path that is too wide fails the lead: what it would have found must not be kept as if nobody had named it.
    fn found(&self, path: &Path<'_>) -> Result<Found<'s>, Failure> {
        Reader::default().look(path, self.scope).map_err(|rejection| failure_of(&rejection).in_field(&*path.text))
    }

    fn unknown(&mut self) -> Result<(), Failure> {
        match self.plan.unknown {
            Unknown::Drop => {}
            Unknown::Custom => {
                for (name, rest) in self.unused_members(self.element)? {
                    if !self.scope.is_of_envelope(&name) {
                        self.keep(name, rest)?;
                    }
                }
            }
            Unknown::Reject => {
                let Some(known) = &self.plan.options.known_paths else { return Ok(()) };
                let mut foreign = foreign_parts(known, self.element);
                foreign.retain(|name| !self.scope.is_of_envelope(name));
                if let Some(first) = foreign.first() {
                    let message = format!(
                        "the document does not know {}, and `unknown` says reject; map it, or name it under `ignore`",
                        names(&foreign)
                    );
                    return Err(Failure::new("unknown_field", message).in_field(first.as_ref()));
                }
            }
        }
        Ok(())
    }

    /// Keeps a value as a custom field; a name that is taken gets `inbound_` before it.
    fn keep(&mut self, name: Cow<'s, str>, value: CustomValue<'s>) -> Result<(), Failure> {
        if !self.custom.is_taken(&name) {
            self.custom.add(name, value);
            return Ok(());
        }
        let mut free = format!("inbound_{name}");
        for _ in 0..SAME_NAMES_MAX {
            if !self.custom.is_taken(&free) {
                break;
            }
            free.insert_str(0, "inbound_");
        }
        if self.custom.is_taken(&free) {
            let message =
                format!("more than {SAME_NAMES_MAX} values would be custom fields of the name {}", shorten(&name));
            return Err(Failure::new("too_large", message).in_field(shorten(&name)));
        }
        self.warning(
            "name_taken",
            &name,
            format!("the custom field {name} is mapped; what came in as {name} is kept as {free}"),
        );
        self.custom.add(free.into(), value);
        Ok(())
    }

    fn warning(&mut self, code: &str, path: &str, message: String) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(warning(code, path, &message));
        }
    }

    fn write_lead(&self) -> Result<String, Failure> {
        let room = |bytes| self.scope.budget().reserve(bytes).map_err(|rejection| failure_of(&rejection));
        let mut out = String::with_capacity(OUTPUT_BYTES_GUESS);
        out.push('{');
        let texts = TEXT_FIELDS.iter().zip(&self.texts).filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        for (name, value) in texts.chain(self.tags.as_ref().map(|tags| (TAGS, tags))) {
            room(text_size(value))?;
            write_text(&mut out, name);
            out.push(':');
            write_value(&mut out, value);
            out.push(',');
        }
        write_text(&mut out, CUSTOM);
        out.push(':');
        room(self.custom.text_size())?;
        self.custom.write(&mut out);
        out.push('}');
        Ok(out)
    }
}

/// Whether a text field says something of the person, not of another system.
fn is_of_people(index: usize) -> bool {
    TEXT_FIELDS.get(index).is_some_and(|name| *name != EXTERNAL_ID)
}

/// Tags are a list of texts: one value is a list of one, what is not text is written as JSON.
fn tags(value: Value<'_>) -> Value<'_> {
    let items = match value {
        Value::Null => return Value::Null,
        Value::List(items) => items,
        single => vec![single],
    };
    let text = |item: Value<'_>| item.scalar_text().map_or_else(|| text_of(&item), str::to_owned);
    Value::List(items.into_iter().filter(|item| !item.is_blank()).map(|item| Value::text(text(item))).collect())
}

const ENCODED_TWICE: &str = "a lead must be a JSON object, not a text; this text is JSON itself: its sender encoded it twice and \
    must send the object, or the document reads it first: `items: {from: $, then: [parse_json]}`";

/// Whether a value is a text that is an object or a list of JSON itself.
fn is_encoded_twice(value: &Value<'_>) -> bool {
    let Value::Text(text) = value else { return false };
    text.trim_start().starts_with(['{', '[']) && parse(text).is_ok()
}

fn failure(field: &Field<'_>, error: RecipeError) -> Failure {
    failure_in(&field.name, error)
}

/// Why what stands under this name in a document could not be made.
pub fn failure_in(name: &str, error: RecipeError) -> Failure {
    let mut failure = Failure::new(error.code, format!("{name}: {}", error.message)).in_field(name);
    failure.function = error.function.map(str::to_owned);
    failure.input = error.input.map(|input| quote(&input));
    failure
}

/// A JSON text, or its beginning as a JSON text.
fn quote(json: &str) -> String {
    match json.char_indices().nth(QUOTED_CHARS_MAX) {
        None => json.to_owned(),
        Some((end, _)) => text_of(&Value::text(format!("{}...", &json[..end]))),
    }
}

fn names(names: &[Cow<'_, str>]) -> String {
    let trace_value: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    trace_value.join(", ") + &more
}

fn duplicate_name_warning(name: &str) -> Warning {
    let message = format!("the key `{}` stands twice in one object; the last one was taken", shorten(name));
    warning("duplicate_key", name, &message)
}

/// A warning about a name that may be long.
fn warning(code: &str, path: &str, message: &str) -> Warning {
    Warning { code: code.to_owned(), path: shorten(path).to_owned(), message: shorten(message).to_owned() }
}

/// The beginning of a text of the input, which may be long.
fn shorten(text: &str) -> &str {
    &text[..text.char_indices().nth(NOTICE_CHARS_MAX).map_or(text.len(), |(end, _)| end)]
}

/// A failure for the reason of a function.
pub fn failure_of(rejection: &FunctionError) -> Failure {
    Failure::new(rejection.code, rejection.message.as_str())
}
