//! `map`: from one inbound element to its leads.

use hookmill_json::{JsonError, JsonIndex, Kind, Node, NodeRef, PathTrie, Value, text_of};
use hookmill_plugin_sdk::types::{Failure, Inbound, Mapped, MappedLead};

use super::budget::WorkBudget;
use super::element::{Around, Element};
use super::mapping::{Mapping, failure_in, failure_of};
use super::recipe::{Evaluator, Expected};
use super::scope::{Call, ElementScope};
use super::steps::select_in;
use super::trace;
use crate::plan::{Items, LoadedMap, MapOptions, Path, Recipe, Unknown};

/// How many leads one element may become.
pub const LEADS_MAX: usize = 1000;

/// Maps one element.
pub fn map(plan: &LoadedMap<'_>, call: &Call<'_>, inbound: &Inbound) -> Result<Mapped, Failure> {
    let budget = WorkBudget::default();
    let mut mapper =
        Mapper { plan, call, inbound, budget: &budget, traces: call.traces().then(Vec::new), warning: None };
    let leads = if is_one_element(plan, &inbound.body) { mapper.whole()? } else { mapper.parts()? };
    Ok(Mapped { leads, trace: mapper.traces.map(|leads| trace::json_list("leads", leads)) })
}

/// Whether the body itself is the element.
fn is_one_element(plan: &LoadedMap<'_>, body: &str) -> bool {
    plan.options.items.is_none() && !body.trim_start().starts_with('[')
}

type Leads = Vec<Result<MappedLead, Failure>>;

struct Mapper<'m, 'p, 'c> {
    plan: &'m LoadedMap<'p>,
    call: &'m Call<'c>,
    inbound: &'m Inbound,
    budget: &'m WorkBudget,
    traces: Option<Vec<Value<'static>>>,
    /// A warning about what the elements are taken from: code and text.
    warning: Option<(&'static str, String)>,
}

impl<'m> Mapper<'m, '_, '_> {
    fn whole(&mut self) -> Result<Leads, Failure> {
        let index = self.read(&self.inbound.body).map_err(unreadable)?;
        let element = Element::new(&index, index.root(), self.skips());
        Ok(vec![self.lead(element, index.duplicate_names())])
    }

    /// The elements are parts of the body, or of a value that is made of it.
    fn parts(&mut self) -> Result<Leads, Failure> {
        let body = JsonIndex::parse(&self.inbound.body).map_err(unreadable)?;
        match &self.plan.options.items {
            None => self.each(Around { index: &body, body: &body }, None),
            Some(Items::Parts(path)) => self.each(Around { index: &body, body: &body }, Some(path)),
            Some(Items::Evaluated { recipe, at }) => {
                let Some(text) = self.evaluate(&body, recipe)? else { return Ok(Vec::new()) };
                let made = JsonIndex::parse(&text).map_err(unreadable)?;
                self.each(Around { index: &made, body: &body }, at.as_ref())
            }
        }
    }

    /// The value that elements are taken from, as JSON text.
    fn evaluate(&mut self, body: &JsonIndex<'_>, recipe: &Recipe<'_>) -> Result<Option<String>, Failure> {
        let element = Element::new(body, body.root(), false);
        let scope = ElementScope::new(self.call, self.inbound, self.budget, element);
        let made =
            Evaluator::new(&scope).evaluate(recipe, Expected::Any).map_err(|error| failure_in("items", error))?;
        self.warning = made.warning;
        let text = made.value.as_ref().map(text_of);
        self.budget.spend(text.as_ref().map_or(0, String::len)).map_err(|rejection| failure_of(&rejection))?;
        Ok(text)
    }

    /// Each element is read again by itself where paths have places.
    fn each(&mut self, around: Around<'_>, path: Option<&Path<'_>>) -> Result<Leads, Failure> {
        let elements = elements(path, around.index)?;
        self.budget.add_leads(elements.len());
        Ok(elements.into_iter().map(|node| self.part(around, node)).collect())
    }

    fn part(&mut self, around: Around<'_>, node: Node<'_>) -> Result<MappedLead, Failure> {
        let names = around.body.duplicate_names();
        if self.plan.path_trie.is_none() || node.kind() != Kind::Object {
            return self.lead(Element::new(around.index, node, false).inside(around, node), names);
        }
        let index = self.read(node.text()).map_err(unreadable)?;
        self.lead(Element::new(&index, index.root(), self.skips()).inside(around, node), names)
    }

    /// Where all that is not mapped is dropped, only what paths lead to is read. What is expanded goes by what was used of the whole.
    fn skips(&self) -> bool {
        let MapOptions { also_search, expand, .. } = &self.plan.options;
        self.plan.unknown == Unknown::Drop
            && self.plan.path_trie.is_some()
            && also_search.is_empty()
            && expand.is_empty()
    }

    fn read<'b>(&self, body: &'b str) -> Result<JsonIndex<'b>, JsonError> {
        match &self.plan.path_trie {
            Some(path_trie) => JsonIndex::parse_paths(body, path_trie, !self.skips()),
            None => JsonIndex::parse_paths(body, &PathTrie::empty(), true),
        }
    }

    fn lead<'e>(&mut self, element: Element<'e>, duplicate_names: &[String]) -> Result<MappedLead, Failure>
    where
        'm: 'e,
    {
        let node = element.node;
        let scope = ElementScope::new(self.call, self.inbound, self.budget, element);
        let scope = scope.with_containers(&self.plan.options.also_search);
        let scope = scope.with_referenced_fields(&self.plan.options.referenced);
        let mut mapping = Mapping::new(self.plan, &scope, node, self.traces.is_some());
        mapping.warn_of_duplicates(duplicate_names);
        if let Some((code, message)) = &self.warning {
            mapping.warn_of_items(code, message);
        }
        let lead = mapping.lead();
        if let Some(traces) = &mut self.traces {
            traces.push(Value::object([("fields", Value::List(mapping.into_trace()))]));
        }
        lead
    }
}

fn unreadable(rejected: JsonError) -> Failure {
    Failure::new(rejected.code, format!("the body can't be read at byte {}: {}", rejected.offset, rejected.message))
}

/// What becomes a lead each: what a path finds, or the value itself; of a list its items.
fn elements<'b>(path: Option<&Path<'_>>, index: &'b JsonIndex<'b>) -> Result<Vec<Node<'b>>, Failure> {
    let found = match path {
        None => vec![index.root()],
        Some(path) => {
            let found = select_in(&path.steps, NodeRef::Indexed(index.root()));
            let found = found.map_err(|rejection| failure_of(&rejection))?;
            found.nodes().iter().filter_map(|node| node.indexed()).collect()
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
