//! What paths can point at. Trees of headers, campaign and so on are made only when a path asks for them.

use std::cell::{Cell, OnceCell};

use hookmill_plugin_sdk::types::{
    Campaign, Context, Destination, DestinationKind, Door, Entropy, Event, Inbound, Organization, Origin, Pair,
    Submission,
};

use sha2::{Digest, Sha256};

use super::context::ScopeContext;
pub use super::element::Element;
use hookmill_json::{JsonIndex, Node, NodeRef, Value, parse};

use super::budget::WorkBudget;
use super::select::select_in;
use crate::plan::{Path, Root};

/// The roots of one stage.
pub trait Scope {
    /// The tree of a root; none when there is none here.
    fn root(&self, root: Root) -> Option<NodeRef<'_>>;
    /// What is at a place that was found while the text was read.
    fn place(&self, _place: u16) -> Option<Node<'_>> {
        None
    }
    /// What functions may look at.
    fn context(&self) -> ScopeContext<'_, Self>
    where
        Self: Sized,
    {
        ScopeContext::new(self)
    }
    /// The region in which a phone number without a country code is read.
    fn phone_region(&self) -> &str;
    /// The campaign's time zone.
    fn time_zone(&self) -> &str;
    /// The time of this run.
    fn now_ms(&self) -> i64;
    /// Chance, the same in a replay; each call gives other bytes, in the same order.
    fn random_bytes(&self) -> [u8; 16];
    /// What may still be done for this item.
    fn budget(&self) -> &WorkBudget;
    /// Objects in the element where loose names are looked for as well.
    fn containers(&self) -> &[NodeRef<'_>] {
        &[]
    }
    /// Keeps a field that was made, where a later one looks at it.
    fn keep(&self, _field: u16, _value: Value<'static>) {}
    /// Whether a key belongs to the envelope that the element came in, not to the lead.
    fn is_of_envelope(&self, _name: &str) -> bool {
        false
    }
}

/// What is the same for all items of one call.
pub struct Call<'c> {
    context: &'c Context,
    campaign: OnceCell<Value<'c>>,
    organization: OnceCell<Value<'c>>,
    run: OnceCell<Value<'c>>,
}

impl<'c> Call<'c> {
    /// Takes the context of a call.
    pub fn new(context: &'c Context) -> Self {
        Self { context, campaign: OnceCell::new(), organization: OnceCell::new(), run: OnceCell::new() }
    }

    /// Whether results should carry a trace.
    pub fn traces(&self) -> bool {
        self.context.trace
    }

    /// The region in which a phone number without a country code is read.
    pub fn phone_region(&self) -> &str {
        &self.context.campaign.phone_region
    }

    /// The time of this run.
    pub fn now_ms(&self) -> i64 {
        self.context.now
    }

    /// The campaign's time zone.
    pub fn time_zone(&self) -> &str {
        &self.context.campaign.time_zone
    }

    /// The trees that are the same for all items.
    pub fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Campaign => Some(self.campaign.get_or_init(|| campaign(&self.context.campaign))),
            Root::Organization => Some(self.organization.get_or_init(|| organization(&self.context.organization))),
            Root::Context => Some(self.run.get_or_init(|| {
                let run_id = Value::text(self.context.run_id.as_str());
                Value::object([("now", Value::integer(self.context.now)), ("run_id", run_id)])
            })),
            _ => None,
        };
        made.map(NodeRef::Built)
    }
}

/// The roots of `map`: one element, and what came with it.
pub struct ElementScope<'e, 'c> {
    call: &'e Call<'c>,
    inbound: &'e Inbound,
    budget: &'e WorkBudget,
    element: Element<'e>,
    also_search: &'e [Path<'e>],
    containers: OnceCell<Vec<NodeRef<'e>>>,
    made: Vec<(u16, OnceCell<Value<'static>>)>,
    random_calls: Cell<u64>,
    header: OnceCell<Value<'e>>,
    query: OnceCell<Value<'e>>,
    origin: OnceCell<Value<'e>>,
}

impl<'e, 'c> ElementScope<'e, 'c> {
    /// An element of a request, and what may be done for all that came with it.
    pub fn new(call: &'e Call<'c>, inbound: &'e Inbound, budget: &'e WorkBudget, element: Element<'e>) -> Self {
        let (header, query, origin) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (containers, random_calls) = (OnceCell::new(), Cell::new(0));
        let made = Vec::new();
        Self { call, inbound, budget, element, also_search: &[], containers, made, random_calls, header, query, origin }
    }

    /// With the objects in the element where loose names are looked for as well.
    #[must_use]
    pub fn with_containers(mut self, paths: &'e [Path<'e>]) -> Self {
        self.also_search = paths;
        self
    }

    /// With room for the fields at which later ones look.
    #[must_use]
    pub fn with_referenced_fields(mut self, fields: &[u16]) -> Self {
        self.made = fields.iter().map(|field| (*field, OnceCell::new())).collect();
        self
    }
}

impl Scope for ElementScope<'_, '_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Whole => return self.element.root(),
            Root::Body => return self.element.body(),
            Root::Parent(levels) => return self.element.parent(usize::from(levels)),
            Root::Field(field) => self.made.iter().find(|(kept, _)| *kept == field)?.1.get()?,
            Root::Header => self.header.get_or_init(|| pairs(&self.inbound.headers)),
            Root::Query => self.query.get_or_init(|| pairs(&self.inbound.query)),
            Root::Origin => self.origin.get_or_init(|| origin(&self.inbound.origin)),
            _ => return self.call.root(root),
        };
        Some(NodeRef::Built(made))
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.element.index.at_path(place)
    }

    fn phone_region(&self) -> &str {
        self.call.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.call.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.call.time_zone()
    }

    /// Several elements of one body have one entropy, so their places tell them apart.
    fn random_bytes(&self) -> [u8; 16] {
        let place = (self.element.place_in_body() as u64) << 1;
        random_bytes(&self.inbound.entropy, place, &self.random_calls)
    }

    fn budget(&self) -> &WorkBudget {
        self.budget
    }

    fn containers(&self) -> &[NodeRef<'_>] {
        self.containers.get_or_init(|| {
            let root = NodeRef::Indexed(self.element.node);
            let found = self.also_search.iter().filter_map(|path| select_in(&path.steps, root).ok());
            found.flat_map(|found| found.nodes().to_vec()).collect()
        })
    }

    fn keep(&self, field: u16, value: Value<'static>) {
        if let Some((_, kept)) = self.made.iter().find(|(kept, _)| *kept == field) {
            kept.get_or_init(|| value);
        }
    }

    /// The batch push names the campaign.
    fn is_of_envelope(&self, name: &str) -> bool {
        self.inbound.origin.door == Door::Batch && name == "campaign_id"
    }
}

/// The roots of `qualify` and `shape`: a lead, and what it is about.
pub struct LeadScope<'l, 'c> {
    call: &'l Call<'c>,
    lead: Option<Element<'l>>,
    submission: Option<&'l Submission>,
    event: Option<&'l Event>,
    destination: Option<&'l Destination>,
    budget: WorkBudget,
    random_calls: Cell<u64>,
    submission_tree: OnceCell<Value<'l>>,
    event_tree: OnceCell<Value<'l>>,
    destination_tree: OnceCell<Value<'l>>,
}

impl<'l, 'c> LeadScope<'l, 'c> {
    /// The scope of a submission's lead, of which as much as paths have places for is read.
    pub fn new(call: &'l Call<'c>, submission: Option<&'l Submission>, lead: Option<&'l JsonIndex<'l>>) -> Self {
        let lead = lead.map(|index| Element::new(index, index.root(), true));
        let (submission_tree, event_tree, destination_tree) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self {
            call,
            lead,
            submission,
            event: None,
            destination: None,
            budget: WorkBudget::default(),
            random_calls: Cell::new(0),
            submission_tree,
            event_tree,
            destination_tree,
        }
    }

    /// With what happened and who is told.
    #[must_use]
    pub fn with_event(mut self, event: Option<&'l Event>, destination: &'l Destination) -> Self {
        self.event = event;
        self.destination = Some(destination);
        self
    }
}

impl Scope for LeadScope<'_, '_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Lead => return self.lead.as_ref().and_then(Element::root),
            Root::Submission => self.submission.map(|it| self.submission_tree.get_or_init(|| submission(it))),
            Root::Event => self.event.map(|it| self.event_tree.get_or_init(|| event(it))),
            Root::Destination => self.destination.map(|it| self.destination_tree.get_or_init(|| destination(it))),
            _ => return self.call.root(root),
        };
        made.map(NodeRef::Built)
    }

    fn place(&self, place: u16) -> Option<Node<'_>> {
        self.lead.as_ref().and_then(|lead| lead.index.at_path(place))
    }

    fn phone_region(&self) -> &str {
        self.call.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.call.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.call.time_zone()
    }

    /// Without a submission there are no random bytes; the moment of the event stands for it.
    fn random_bytes(&self) -> [u8; 16] {
        let none = || Entropy { high: 0, low: self.event.map_or(0, |event| event.occurred_at.cast_unsigned()) };
        let entropy = self.submission.map_or_else(none, |submission| submission.entropy);
        random_bytes(&entropy, STAGE_OF_LEADS, &self.random_calls)
    }

    fn budget(&self) -> &WorkBudget {
        &self.budget
    }
}

/// What `map` never mixes into its random bytes: its own places are even.
const STAGE_OF_LEADS: u64 = 1;

/// The next random bytes: a digest of the item's, so that two of them have nothing in common.
pub fn random_bytes(entropy: &Entropy, place: u64, calls: &Cell<u64>) -> [u8; 16] {
    let call = calls.replace(calls.get() + 1);
    let words = [entropy.high, entropy.low, place, call].map(u64::to_be_bytes);
    let digest = Sha256::digest(words.concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes
}

/// A JSON text from the host; null if it is none, for a document can't fix what the host sends.
fn json(text: &str) -> Value<'_> {
    parse(text).unwrap_or(Value::Null)
}

fn campaign(campaign: &Campaign) -> Value<'_> {
    let client = campaign.client.as_ref().map_or(Value::Null, |client| {
        Value::object([("id", Value::text(client.id.as_str())), ("name", Value::text(client.name.as_str()))])
    });
    Value::object([
        ("id", Value::text(campaign.id.as_str())),
        ("name", Value::text(campaign.name.as_str())),
        ("client", client),
        ("time_zone", Value::text(campaign.time_zone.as_str())),
        ("phone_region", Value::text(campaign.phone_region.as_str())),
        ("values", json(&campaign.values)),
    ])
}

fn organization(organization: &Organization) -> Value<'_> {
    Value::object([
        ("id", Value::text(organization.id.as_str())),
        ("name", Value::text(organization.name.as_str())),
        ("values", json(&organization.values)),
    ])
}

/// An object of pairs; a name that repeats has a list.
pub fn pairs(pairs: &[Pair]) -> Value<'_> {
    let mut members: Vec<(std::borrow::Cow<'_, str>, Value<'_>)> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let value = Value::text(pair.value.as_str());
        match members.iter_mut().find(|(name, _)| *name == pair.name) {
            None => members.push((pair.name.as_str().into(), value)),
            Some((_, Value::List(values))) => values.push(value),
            Some((_, single)) => {
                let first = std::mem::replace(single, Value::Null);
                *single = Value::List(vec![first, value]);
            }
        }
    }
    Value::Object(members)
}

/// What is unknown is missing, not null: the source did not say null.
fn with_known<'v, const N: usize>(members: [(&'static str, Option<&'v str>); N]) -> Value<'v> {
    let known = members.into_iter().filter_map(|(name, text)| Some((name.into(), Value::text(text?))));
    Value::Object(known.collect())
}

fn origin(origin: &Origin) -> Value<'_> {
    let door = match origin.door {
        Door::Batch => "batch",
        Door::Campaign => "campaign",
        Door::InboundWebhook => "inbound_webhook",
        Door::Sample => "sample",
    };
    with_known([
        ("door", Some(door)),
        ("name", Some(&origin.name)),
        ("source_label", origin.source_label.as_deref()),
        ("tag", origin.tag.as_deref()),
        ("remote_address", origin.remote_address.as_deref()),
    ])
}

fn submission(submission: &Submission) -> Value<'_> {
    let mut members: Vec<(std::borrow::Cow<'_, str>, Value<'_>)> = vec![
        ("id".into(), Value::text(submission.id.as_str())),
        ("is_test".into(), Value::Bool(submission.is_test)),
        ("received_at".into(), Value::integer(submission.received_at)),
    ];
    members.extend(submission.lead_id.as_deref().map(|id| ("lead_id".into(), Value::text(id))));
    Value::Object(members)
}

fn event(event: &Event) -> Value<'_> {
    let mut members: Vec<(std::borrow::Cow<'_, str>, Value<'_>)> = vec![
        ("id".into(), Value::text(event.id.as_str())),
        ("name".into(), Value::text(event.name.as_str())),
        ("occurred_at".into(), Value::integer(event.occurred_at)),
        ("details".into(), json(&event.details)),
    ];
    members.extend(event.status.as_deref().map(|status| ("status".into(), Value::text(status))));
    members.extend(event.payload.as_deref().map(|payload| ("payload".into(), json(payload))));
    members.extend(event.category.as_ref().map(|category| {
        let name = Value::text(category.name.as_str());
        ("category".into(), Value::object([("id", Value::integer(category.id)), ("name", name)]))
    }));
    Value::Object(members)
}

/// Who receives a message, as an object.
pub fn destination(destination: &Destination) -> Value<'_> {
    let kind = match destination.kind {
        DestinationKind::ClientEndpoint => "client_endpoint",
        DestinationKind::Settings => "settings",
        DestinationKind::Subscription => "subscription",
        DestinationKind::ScopedWebhook => "scoped_webhook",
        DestinationKind::Action => "action",
    };
    Value::object([
        ("kind", Value::text(kind)),
        ("id", Value::text(destination.id.as_str())),
        ("name", Value::text(destination.name.as_str())),
        ("method", Value::text(destination.method.as_str())),
        ("url", Value::text(destination.url.as_str())),
        ("content_type", Value::text(destination.content_type.as_str())),
        ("settings", destination.settings.as_deref().map_or(Value::Null, json)),
    ])
}
