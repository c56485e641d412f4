//! `map`: from one inbound element to its leads.

use hookmill_json::{JsonError, JsonIndex, Kind, Node, NodeRef, PathTrie, Value};
use hookmill_plugin_sdk::types::{Failure, Inbound, Mapped, MappedLead};

use super::budget::WorkBudget;
use super::element::Element;
use super::mapping::Mapping;
use super::scope::{Call, ElementScope};
use super::steps::select_in;
use super::trace;
use crate::plan::{LoadedMap, Unknown};

/// How many leads one element may become.
pub const LEADS_MAX: usize = 1000;

/// Maps one element.
pub fn map(plan: &LoadedMap<'_>, call: &Call<'_>, inbound: &Inbound) -> Result<Mapped, Failure> {
    let budget = WorkBudget::default();
    let mut mapper = Mapper { plan, call, inbound, budget: &budget, traces: call.traces().then(Vec::new) };
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
}

impl<'m> Mapper<'m, '_, '_> {
    fn whole(&mut self) -> Result<Leads, Failure> {
        let index = self.read(&self.inbound.body).map_err(unreadable)?;
        let element = Element::new(&index, index.root(), self.skips());
        Ok(vec![self.lead(element, index.duplicate_names())])
    }

    /// The elements are parts of the body. Each is read again by itself where paths have places.
    fn parts(&mut self) -> Result<Leads, Failure> {
        let body = JsonIndex::parse(&self.inbound.body).map_err(unreadable)?;
        let elements = elements(self.plan, &body)?;
        self.budget.add_leads(elements.len());
        Ok(elements.into_iter().map(|node| self.part(&body, node)).collect())
    }

    fn part(&mut self, body: &JsonIndex<'_>, node: Node<'_>) -> Result<MappedLead, Failure> {
        if self.plan.path_trie.is_none() || node.kind() != Kind::Object {
            return self.lead(Element::new(body, node, false).inside(body, node), body.duplicate_names());
        }
        let index = self.read(node.text()).map_err(unreadable)?;
        self.lead(Element::new(&index, index.root(), self.skips()).inside(body, node), body.duplicate_names())
    }

    /// Where all that is not mapped is dropped, only what paths lead to is read.
    fn skips(&self) -> bool {
        self.plan.unknown == Unknown::Drop && self.plan.path_trie.is_some() && self.plan.options.also_search.is_empty()
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

/// What becomes a lead each: what `items` finds, or the items of a list, or the body.
fn elements<'b>(plan: &LoadedMap<'_>, body: &'b JsonIndex<'b>) -> Result<Vec<Node<'b>>, Failure> {
    let found = match &plan.options.items {
        None => vec![body.root()],
        Some(path) => {
            let found = select_in(&path.steps, NodeRef::Indexed(body.root()));
            let found = found.map_err(|rejection| Failure::new(rejection.code, rejection.message))?;
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
