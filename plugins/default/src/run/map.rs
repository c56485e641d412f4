//! `map`: from one inbound element to its leads.

use hookmill_json::{JsonError, JsonIndex, Kind, Node, NodeRef, PathTrie, Value};
use hookmill_plugin_sdk::types::{Failure, Inbound, Mapped, MappedLead};

use super::mapping::Mapping;
use super::scope::{Call, Element, ElementScope};
use super::select::select_in;
use super::trace;
use super::work::Work;
use crate::plan::{LoadedMap, Unknown};

/// How many leads one element may become.
pub const LEADS_MAX: usize = 1000;

/// Maps one element.
pub fn map(plan: &LoadedMap<'_>, call: &Call<'_>, inbound: &Inbound) -> Result<Mapped, Failure> {
    let work = Work::default();
    let mut mapper = Mapper { plan, call, inbound, work: &work, traces: call.traces().then(Vec::new) };
    let leads = if is_one_element(plan, &inbound.body) { mapper.whole()? } else { mapper.parts()? };
    Ok(Mapped { leads, trace: mapper.traces.map(|leads| trace::listed("leads", leads)) })
}

/// Whether the body itself is the element.
fn is_one_element(plan: &LoadedMap<'_>, body: &str) -> bool {
    plan.around.items.is_none() && !body.trim_start().starts_with('[')
}

type Leads = Vec<Result<MappedLead, Failure>>;

struct Mapper<'m, 'p, 'c> {
    plan: &'m LoadedMap<'p>,
    call: &'m Call<'c>,
    inbound: &'m Inbound,
    work: &'m Work,
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
        let around = JsonIndex::parse(&self.inbound.body).map_err(unreadable)?;
        let elements = elements(self.plan, &around)?;
        self.work.add_leads(elements.len());
        Ok(elements.into_iter().map(|node| self.part(&around, node)).collect())
    }

    fn part(&mut self, around: &JsonIndex<'_>, node: Node<'_>) -> Result<MappedLead, Failure> {
        if self.plan.outline.is_none() || node.kind() != Kind::Object {
            return self.lead(Element::new(around, node, false).inside(around, node), around.duplicate_names());
        }
        let index = self.read(node.text()).map_err(unreadable)?;
        self.lead(Element::new(&index, index.root(), self.skips()).inside(around, node), around.duplicate_names())
    }

    /// Where all that is not mapped is dropped, only what paths lead to is read.
    fn skips(&self) -> bool {
        self.plan.unknown == Unknown::Drop && self.plan.outline.is_some() && self.plan.around.also_search.is_empty()
    }

    fn read<'b>(&self, body: &'b str) -> Result<JsonIndex<'b>, JsonError> {
        match &self.plan.outline {
            Some(outline) => JsonIndex::parse_paths(body, outline, !self.skips()),
            None => JsonIndex::parse_paths(body, &PathTrie::empty(), true),
        }
    }

    fn lead<'e>(&mut self, element: Element<'e>, duplicate_names: &[String]) -> Result<MappedLead, Failure>
    where
        'm: 'e,
    {
        let node = element.node;
        let scope = ElementScope::new(self.call, self.inbound, self.work, element);
        let scope = scope.looking_in(&self.plan.around.also_search);
        let scope = scope.keeping(&self.plan.around.referenced);
        let mut mapping = Mapping::new(self.plan, &scope, node, self.traces.is_some());
        mapping.tell_doubles(duplicate_names);
        let lead = mapping.lead();
        if let Some(traces) = &mut self.traces {
            traces.push(Value::object([("fields", Value::List(mapping.into_trace()))]));
        }
        lead
    }
}

fn unreadable(refused: JsonError) -> Failure {
    Failure::new(refused.code, format!("the body can't be read at byte {}: {}", refused.offset, refused.message))
}

/// What becomes a lead each: what `items` finds, or the items of a list, or the body.
fn elements<'b>(plan: &LoadedMap<'_>, around: &'b JsonIndex<'b>) -> Result<Vec<Node<'b>>, Failure> {
    let found = match &plan.around.items {
        None => vec![around.root()],
        Some(path) => {
            let found = select_in(&path.steps, NodeRef::Indexed(around.root()));
            let found = found.map_err(|refusal| Failure::new(refusal.code, refusal.message))?;
            found.spots().iter().filter_map(|spot| spot.indexed()).collect()
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
