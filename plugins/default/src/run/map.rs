//! `map`: from one inbound element to its leads.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_plugin_sdk::types::{Failure, Inbound, Mapped, MappedLead, Notice};

use super::compare::says;
use super::recipe::{Made, Maker, Trouble, Wanted};
use super::scope::{Call, ElementScope, Scope};
use super::select::{Found, select, select_in};
use super::trace::{self, Steps};
use super::unknown::{Used, foreign_keys};
use crate::json::{Kind, Node, Spot, Tape, Value, text_of, write_text, write_value};
use crate::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use crate::plan::{Field, MapPlan, Path, Target, Unknown};

/// How many leads one element may become.
pub const LEADS_MAX: usize = 1000;

/// How many characters of an input a failure quotes.
const QUOTED_CHARS_MAX: usize = 200;

/// Names up to this many are compared one by one.
const FEW_NAMES: usize = 16;

/// About how many bytes a lead takes, so that writing one rarely has to move it.
const WRITTEN_BYTES_GUESS: usize = 512;

/// How many remarks one lead may carry.
const NOTICES_MAX: usize = 50;

/// Maps one element.
pub fn map(plan: &MapPlan<'_>, call: &Call<'_>, inbound: &Inbound) -> Result<Mapped, Failure> {
    let tape = Tape::read(&inbound.body).map_err(|refused| {
        Failure::new(refused.code, format!("the body can't be read at byte {}: {}", refused.offset, refused.message))
    })?;
    let body = tape.root();
    let elements = elements(plan, body)?;
    let mut traces = call.traces().then(Vec::new);
    let leads = elements.into_iter().map(|element| {
        let scope = ElementScope::new(call, inbound, body, element).looking_in(&plan.look_in);
        let mut mapping = Mapping::new(&scope, element, traces.is_some());
        mapping.notices.extend(tape.double_names().iter().take(NOTICES_MAX).map(|name| double_name(name)));
        let lead = mapping.lead(plan, element);
        if let Some(traces) = &mut traces {
            traces.push(Value::object([("fields", Value::List(mapping.trace.take().unwrap_or_default()))]));
        }
        lead
    });
    let leads = leads.collect();
    Ok(Mapped { leads, trace: traces.map(|leads| trace::listed("leads", leads)) })
}

/// What becomes a lead each: what `each` finds, or the items of a list, or the body.
fn elements<'b>(plan: &MapPlan<'_>, body: Node<'b>) -> Result<Vec<Node<'b>>, Failure> {
    let found = match &plan.each {
        None => vec![body],
        Some(path) => {
            let found = select_in(&path.steps, Spot::Read(body));
            let found = found.map_err(|refusal| Failure::new(refusal.code, refusal.message))?;
            found.spots().iter().filter_map(|spot| spot.read()).collect()
        }
    };
    let elements: Vec<Node<'_>> = match found.as_slice() {
        [list] if list.kind() == Kind::List => list.children().collect(),
        _ => found,
    };
    if elements.len() > LEADS_MAX {
        let message = format!("this element would become {} leads, the bound is {LEADS_MAX}", elements.len());
        return Err(Failure::new("too_many_leads", message));
    }
    Ok(elements)
}

/// A custom field.
enum Kept<'s> {
    /// Made by a field.
    Made(Value<'s>),
    /// What was left of the input, as JSON text.
    Rest(String),
}

/// One lead in the making.
struct Mapping<'s, S> {
    scope: &'s S,
    texts: [Option<Value<'s>>; TEXT_FIELDS.len()],
    tags: Option<Value<'s>>,
    custom: Vec<(Cow<'s, str>, Kept<'s>)>,
    /// The names in `custom`, once they are many.
    taken: BTreeSet<Cow<'s, str>>,
    used: Used<'s>,
    notices: Vec<Notice>,
    trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> Mapping<'s, S> {
    fn new(scope: &'s S, element: Node<'s>, traces: bool) -> Self {
        Self {
            scope,
            texts: Default::default(),
            tags: None,
            custom: Vec::new(),
            taken: BTreeSet::new(),
            used: Used::new(element),
            notices: Vec::new(),
            trace: traces.then(Vec::new),
        }
    }

    fn lead(&mut self, plan: &'s MapPlan<'_>, element: Node<'s>) -> Result<MappedLead, Failure> {
        if element.kind() != Kind::Object {
            let value = element.value();
            let message = format!("a lead must be a JSON object, not {}", value.type_name());
            return Err(Failure::new("not_an_object", message).on_input(quoted(&text_of(&value))));
        }
        for field in &plan.fields {
            self.field(field)?;
        }
        let is_test = self.is_test(&plan.is_test);
        self.spread(&plan.spread);
        self.mark_all(&plan.ignore);
        self.unknown(plan, element)?;
        Ok(MappedLead { lead: self.written(), is_test, notices: std::mem::take(&mut self.notices) })
    }

    fn field(&mut self, field: &'s Field<'_>) -> Result<(), Failure> {
        let wanted = if matches!(field.target, Target::Text(_)) { Wanted::Scalar } else { Wanted::Any };
        let mut maker = Maker::new(self.scope);
        maker.steps = self.trace.is_some().then(Steps::default);
        let made = maker.make(&field.recipe, wanted);
        let steps = maker.steps.take();
        let placed = made.map_err(|trouble| failure(field, trouble)).map(|made| self.place(field, made));
        self.note_trace(field, steps, &placed);
        placed.map(|_| ())
    }

    /// Puts a value where it belongs, and returns it for the trace.
    fn place(&mut self, field: &'s Field<'_>, made: Made<'s>) -> Option<Value<'static>> {
        let Made { value, used, notice } = made;
        if let Some((code, message)) = notice {
            self.notice(code, &field.name, format!("{}: {message}", field.name));
        }
        let value = value?;
        let traces = self.trace.is_some();
        let placed = match &field.target {
            Target::Text(index) => self.place_text(*index, field, value),
            Target::Tags => {
                self.tags = Some(tags(value));
                self.tags.as_ref()
            }
            Target::Custom(name) => {
                let shown = traces.then(|| value.clone().into_owned());
                self.add(Cow::Borrowed(name), Kept::Made(value));
                self.mark(&used);
                return Some(shown.unwrap_or(Value::Null));
            }
        };
        let placed = placed.map(|value| if traces { value.clone().into_owned() } else { Value::Null });
        if placed.is_some() {
            self.mark(&used);
        }
        placed
    }

    /// A text field holds a text: digits and booleans as they are written. Lists and objects that were kept raw stay among
    /// the unmapped keys, where they keep their shape.
    fn place_text(&mut self, index: usize, field: &Field<'_>, value: Value<'s>) -> Option<&Value<'s>> {
        let text = match value {
            Value::Null => Value::Null,
            Value::Text(_) => value,
            Value::Number(digits) => Value::Text(digits),
            Value::Bool(value) => Value::text(if value { "true" } else { "false" }),
            Value::List(_) | Value::Object(_) => {
                self.notice("not_a_text", &field.name, format!("{} is left out: it must be one text", field.name));
                return None;
            }
        };
        self.texts[index] = Some(text);
        self.texts[index].as_ref()
    }

    fn note_trace(
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

    fn is_test(&mut self, paths: &[Path<'_>]) -> bool {
        let mut is_test = false;
        for path in paths {
            for spot in self.found(path).spots() {
                if let Some(answer) = says(&spot.value()) {
                    is_test |= answer;
                    self.used.mark(*spot);
                }
            }
        }
        is_test
    }

    /// Members of these objects become custom fields of their own.
    fn spread(&mut self, paths: &[Path<'_>]) {
        for path in paths {
            for spot in self.found(path).spots() {
                let Some(node) = spot.read().filter(|node| node.kind() == Kind::Object) else { continue };
                self.used.settle(node);
                if self.used.is_gone(node) {
                    continue;
                }
                for member in node.children() {
                    if !self.used.is_gone(member) {
                        self.keep(member.name(), self.rest(member));
                    }
                }
                self.used.mark(*spot);
            }
        }
    }

    /// What is left of a value, written out: what is used later must not change it.
    fn rest(&self, node: Node<'s>) -> Kept<'s> {
        let mut text = String::new();
        node.write(&mut text, &|inside| self.used.is_gone(inside));
        Kept::Rest(text)
    }

    fn mark(&mut self, used: &Found<'s>) {
        used.spots().iter().for_each(|spot| self.used.mark(*spot));
    }

    fn mark_all(&mut self, paths: &[Path<'_>]) {
        for path in paths {
            let found = self.found(path);
            self.mark(&found);
        }
    }

    /// A path that is too wide finds nothing here.
    fn found(&self, path: &Path<'_>) -> Found<'s> {
        select(path, self.scope).unwrap_or(Found::Missing)
    }

    fn unknown(&mut self, plan: &MapPlan<'_>, element: Node<'s>) -> Result<(), Failure> {
        match plan.unknown {
            Unknown::Drop => {}
            Unknown::Custom => {
                self.used.settle(element);
                for member in element.children() {
                    let name = member.name();
                    if !self.used.is_gone(member) && !self.scope.is_of_envelope(&name) {
                        self.keep(name, self.rest(member));
                    }
                }
            }
            Unknown::Reject => {
                let mut foreign = foreign_keys(plan, element);
                foreign.retain(|name| !self.scope.is_of_envelope(name));
                if let Some(first) = foreign.first() {
                    let message = format!("the document does not know {}, and `unknown` says reject", names(&foreign));
                    return Err(Failure::new("unknown_field", message).in_field(first.as_ref()));
                }
            }
        }
        Ok(())
    }

    /// Keeps a value as a custom field; a name that is taken gets `inbound_` before it.
    fn keep(&mut self, name: Cow<'s, str>, value: Kept<'s>) {
        if !self.is_taken(&name) {
            return self.add(name, value);
        }
        let mut free = format!("inbound_{name}");
        while self.is_taken(&free) {
            free.insert_str(0, "inbound_");
        }
        self.notice(
            "name_taken",
            &name,
            format!("the custom field {name} is mapped; what came in as {name} is kept as {free}"),
        );
        self.add(free.into(), value);
    }

    fn is_taken(&self, name: &str) -> bool {
        if self.custom.len() <= FEW_NAMES {
            return self.custom.iter().any(|(taken, _)| taken == name);
        }
        self.taken.contains(name)
    }

    fn add(&mut self, name: Cow<'s, str>, value: Kept<'s>) {
        if self.custom.len() == FEW_NAMES {
            self.taken.extend(self.custom.iter().map(|(name, _)| name.clone()));
        }
        if FEW_NAMES <= self.custom.len() {
            self.taken.insert(name.clone());
        }
        self.custom.push((name, value));
    }

    fn notice(&mut self, code: &str, path: &str, message: String) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(Notice { code: code.to_owned(), path: path.to_owned(), message });
        }
    }

    fn written(&self) -> String {
        let mut out = String::with_capacity(WRITTEN_BYTES_GUESS);
        out.push('{');
        let texts = TEXT_FIELDS.iter().zip(&self.texts).filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        for (name, value) in texts.chain(self.tags.as_ref().map(|tags| (TAGS, tags))) {
            write_text(&mut out, name);
            out.push(':');
            write_value(&mut out, value);
            out.push(',');
        }
        write_text(&mut out, CUSTOM);
        out.push_str(":{");
        for (index, (name, kept)) in self.custom.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(&mut out, name);
            out.push(':');
            match kept {
                Kept::Made(value) => write_value(&mut out, value),
                Kept::Rest(text) => out.push_str(text),
            }
        }
        out.push_str("}}");
        out
    }
}

/// Tags are a list of texts: one value is a list of one, what is no text is written as JSON.
fn tags(value: Value<'_>) -> Value<'_> {
    let items = match value {
        Value::Null => return Value::Null,
        Value::List(items) => items,
        single => vec![single],
    };
    let text = |item: Value<'_>| item.scalar_text().map_or_else(|| text_of(&item), str::to_owned);
    Value::List(items.into_iter().filter(|item| !item.is_blank()).map(|item| Value::text(text(item))).collect())
}

fn failure(field: &Field<'_>, trouble: Trouble) -> Failure {
    let mut failure = Failure::new(trouble.code, format!("{}: {}", field.name, trouble.message)).in_field(&*field.name);
    failure.function = trouble.function.map(str::to_owned);
    failure.input = trouble.input.map(|input| quoted(&input));
    failure
}

/// A JSON text, or its beginning as a JSON text.
fn quoted(json: &str) -> String {
    match json.char_indices().nth(QUOTED_CHARS_MAX) {
        None => json.to_owned(),
        Some((end, _)) => text_of(&Value::text(format!("{}...", &json[..end]))),
    }
}

fn names(names: &[Cow<'_, str>]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    shown.join(", ") + &more
}

fn double_name(name: &str) -> Notice {
    let message = format!("the key `{name}` stands twice in one object; the last one was taken");
    Notice { code: "double_key".to_owned(), path: name.to_owned(), message }
}
