//! `map`: from one inbound element to its leads.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_plugin_sdk::types::{Failure, Inbound, Mapped, MappedLead, Notice};

use super::recipe::{Made, Maker, Trouble, Wanted};
use super::rule::says;
use super::scope::{Call, ElementScope, Scope};
use super::select::{select, select_in};
use super::trace::{self, Steps};
use super::unknown::{Used, foreign_keys};
use crate::json::{Parsed, Value, parse, text_of, write_members, write_text, write_value};
use crate::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use crate::plan::{Field, MapPlan, Path, Target, Unknown};

/// How many leads one element may become.
pub const LEADS_MAX: usize = 1000;

/// How many characters of an input a failure quotes.
const QUOTED_CHARS_MAX: usize = 200;

/// How many remarks one lead may carry.
const NOTICES_MAX: usize = 50;

/// Maps one element.
pub fn map(plan: &MapPlan, call: &Call<'_>, inbound: &Inbound) -> Result<Mapped, Failure> {
    let Parsed { root: body, double_names } = parse(&inbound.body).map_err(|refused| {
        Failure::new(refused.code, format!("the body can't be read at byte {}: {}", refused.offset, refused.message))
    })?;
    let elements = elements(plan, &body)?;
    let mut traces = call.traces().then(Vec::new);
    let leads = elements.into_iter().map(|element| {
        let scope = ElementScope::new(call, inbound, &body, element).looking_in(&plan.look_in);
        let mut mapping = Mapping::new(&scope, traces.is_some());
        mapping.notices.extend(double_names.iter().take(NOTICES_MAX).map(|name| double_name(name)));
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
fn elements<'b>(plan: &MapPlan, body: &'b Value<'b>) -> Result<Vec<&'b Value<'b>>, Failure> {
    let found = match &plan.each {
        None => vec![body],
        Some(path) => {
            let found = select_in(&path.steps, body).map_err(|refusal| Failure::new(refusal.code, refusal.message))?;
            found.values().to_vec()
        }
    };
    let elements: Vec<&Value<'_>> = match found.as_slice() {
        [Value::List(items)] => items.iter().collect(),
        _ => found,
    };
    if elements.len() > LEADS_MAX {
        let message = format!("this element would become {} leads, the bound is {LEADS_MAX}", elements.len());
        return Err(Failure::new("too_many_leads", message));
    }
    Ok(elements)
}

/// One lead in the making.
struct Mapping<'s, S> {
    scope: &'s S,
    texts: [Option<Value<'s>>; TEXT_FIELDS.len()],
    tags: Option<Value<'s>>,
    custom: Vec<(Cow<'s, str>, Value<'s>)>,
    /// The names in `custom`.
    taken: BTreeSet<Cow<'s, str>>,
    used: Used,
    notices: Vec<Notice>,
    trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> Mapping<'s, S> {
    fn new(scope: &'s S, traces: bool) -> Self {
        Self {
            scope,
            texts: Default::default(),
            tags: None,
            custom: Vec::new(),
            taken: BTreeSet::new(),
            used: Used::default(),
            notices: Vec::new(),
            trace: traces.then(Vec::new),
        }
    }

    fn lead(&mut self, plan: &MapPlan, element: &'s Value<'s>) -> Result<MappedLead, Failure> {
        if !matches!(element, Value::Object(_)) {
            let message = format!("a lead must be a JSON object, not {}", element.type_name());
            return Err(Failure::new("not_an_object", message).on_input(quoted(&text_of(element))));
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

    fn field(&mut self, field: &Field) -> Result<(), Failure> {
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
    fn place(&mut self, field: &Field, made: Made<'s>) -> Option<Value<'static>> {
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
                self.add(name.clone().into(), value);
                self.custom.last().map(|(_, value)| value)
            }
        };
        let placed = placed.map(|value| if traces { value.clone().into_owned() } else { Value::Null });
        if placed.is_some() {
            used.into_iter().for_each(|value| self.used.mark(value));
        }
        placed
    }

    /// A text field holds a text: digits and booleans as they are written. Lists and objects that were kept raw stay among
    /// the unmapped keys, where they keep their shape.
    fn place_text(&mut self, index: usize, field: &Field, value: Value<'s>) -> Option<&Value<'s>> {
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

    fn note_trace(&mut self, field: &Field, steps: Option<Steps>, placed: &Result<Option<Value<'static>>, Failure>) {
        let (Some(trace), Some(steps)) = (&mut self.trace, steps) else { return };
        let mut members =
            vec![("field", Value::text(field.name.clone())), ("line", Value::integer(field.recipe.line.into()))];
        members.extend(steps.members());
        match placed {
            Ok(Some(value)) => members.push(("value", value.clone())),
            Ok(None) => {}
            Err(failure) => members.push(("failed", Value::text(failure.message.clone()))),
        }
        trace.push(trace::object(members));
    }

    fn is_test(&mut self, paths: &[Path]) -> bool {
        let mut is_test = false;
        for path in paths {
            for value in self.found(path) {
                if let Some(answer) = says(value) {
                    is_test |= answer;
                    self.used.mark(value);
                }
            }
        }
        is_test
    }

    /// Members of these objects become custom fields of their own.
    fn spread(&mut self, paths: &[Path]) {
        for path in paths {
            for value in self.found(path) {
                let Some(Value::Object(members)) = self.used.remainder(value) else { continue };
                self.used.mark(value);
                members.into_iter().for_each(|(name, value)| self.keep(name, value));
            }
        }
    }

    fn mark_all(&mut self, paths: &[Path]) {
        for path in paths {
            self.found(path).into_iter().for_each(|value| self.used.mark(value));
        }
    }

    /// A path that is too wide finds nothing here.
    fn found(&self, path: &Path) -> Vec<&'s Value<'s>> {
        select(path, self.scope).map(|found| found.values().to_vec()).unwrap_or_default()
    }

    fn unknown(&mut self, plan: &MapPlan, element: &'s Value<'s>) -> Result<(), Failure> {
        let Value::Object(members) = element else { return Ok(()) };
        match plan.unknown {
            Unknown::Drop => {}
            Unknown::Custom => {
                for (name, value) in members.iter().filter(|(name, _)| !self.scope.is_of_envelope(name)) {
                    if let Some(rest) = self.used.remainder(value) {
                        self.keep(name.clone(), rest);
                    }
                }
            }
            Unknown::Reject => {
                let mut foreign = foreign_keys(plan, element);
                foreign.retain(|name| !self.scope.is_of_envelope(name));
                if let Some(first) = foreign.first() {
                    let message = format!("the document does not know {}, and `unknown` says reject", names(&foreign));
                    return Err(Failure::new("unknown_field", message).in_field(*first));
                }
            }
        }
        Ok(())
    }

    /// Keeps a value as a custom field; a name that is taken gets `inbound_` before it.
    fn keep(&mut self, name: Cow<'s, str>, value: Value<'s>) {
        if !self.taken.contains(&name) {
            return self.add(name, value);
        }
        let mut free = format!("inbound_{name}");
        while self.taken.contains(free.as_str()) {
            free.insert_str(0, "inbound_");
        }
        self.notice(
            "name_taken",
            &name,
            format!("the custom field {name} is mapped; what came in as {name} is kept as {free}"),
        );
        self.add(free.into(), value);
    }

    fn add(&mut self, name: Cow<'s, str>, value: Value<'s>) {
        self.taken.insert(name.clone());
        self.custom.push((name, value));
    }

    fn notice(&mut self, code: &str, path: &str, message: String) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(Notice { code: code.to_owned(), path: path.to_owned(), message });
        }
    }

    fn written(&self) -> String {
        let mut out = String::from("{");
        let texts = TEXT_FIELDS.iter().zip(&self.texts).filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        for (name, value) in texts.chain(self.tags.as_ref().map(|tags| (TAGS, tags))) {
            write_text(&mut out, name);
            out.push(':');
            write_value(&mut out, value);
            out.push(',');
        }
        write_text(&mut out, CUSTOM);
        out.push(':');
        write_members(&mut out, &self.custom);
        out.push('}');
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

fn failure(field: &Field, trouble: Trouble) -> Failure {
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

fn names(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    shown.join(", ") + &more
}

fn double_name(name: &str) -> Notice {
    let message = format!("the key `{name}` stands twice in one object; the last one was taken");
    Notice { code: "double_key".to_owned(), path: name.to_owned(), message }
}
