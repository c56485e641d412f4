//! Where the leads stand in bodies that hold several: the one list whose items are people, while nothing around it is a person.

use super::lists::{self, List};
use super::names;
use super::path::{Path, Step};
use super::reading::{self, Reading, Source};
use super::table::{Field, FieldTableBuilder, Fields};
use super::{Element, Meaning, pairs};
use std::collections::{BTreeSet, HashSet};

/// How many kinds of what identifies a person (name, e-mail, phone) an item has, where the list is not called after people.
const IDENTITIES_MIN: usize = 2;
/// How many lists a draft names that are not leads.
const OTHER_LISTS_MAX: usize = 20;

/// Lists of objects below the root.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// The one whose items are the leads.
    pub(super) leads: Option<Box<LeadList>>,
    /// The others, which are read as parts of a lead.
    pub(super) others: Vec<OtherList>,
}

/// A list whose items are leads.
#[derive(Debug, Clone)]
pub(super) struct LeadList {
    pub(super) source: Source,
    pub(super) path: Path,
    /// The paths in its items.
    pub(super) fields: Fields,
    /// What stands around it, as a document reaches it.
    pub(super) around: Vec<Around>,
    /// How many paths around it no document reaches by names.
    pub(super) unreached: usize,
}

/// A value outside the list.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) written: String,
    pub(super) field: Field,
    /// Whether this is the value itself, and not a list in which it is.
    pub(super) is_whole: bool,
}

impl Around {
    /// The name of the value.
    pub(super) fn own_name(&self) -> &str {
        let names = self.field.path.0.iter().take_while(|step| matches!(step, Step::Name(_)));
        let last = if self.is_whole { self.field.path.0.last() } else { names.last() };
        match last {
            Some(Step::Name(name)) => name,
            _ => "field",
        }
    }
}

/// A list of objects that is not certain to be leads.
#[derive(Debug, Clone)]
pub(super) struct OtherList {
    /// What `items` would be.
    pub(super) items: String,
    pub(super) most: usize,
}

/// A list, how it was read, and what its items say.
struct Candidate<'r> {
    reading: &'r Reading<'r>,
    list: List<'r>,
    is_leads: bool,
    /// Whether its items identify a person at all.
    is_of_people: bool,
}

/// Finds the leads inside bodies. `fields` are the paths of these bodies.
pub(super) fn find(elements: &[&Element], fields: &Fields) -> Lists {
    let readings = reading::all(elements);
    let mut found = Vec::new();
    for reading in &readings {
        let inner = match reading.source {
            Source::Body => None,
            _ => Some(table(&[], reading.bodies.iter().map(|(at_ms, body)| (*at_ms, body.as_ref())))),
        };
        let own = inner.as_ref().unwrap_or(fields);
        let has_outer = matches!(&reading.source, Source::Text(from) if names_a_person(fields, from));
        found.extend(lists::of(reading).into_iter().map(|list| {
            let is_alone = !has_outer && (list.is_the_body || !names_a_person(own, &list.path));
            candidate(reading, list, is_alone)
        }));
    }
    let mut leads = found.iter().filter(|one| one.is_leads);
    let only = match (leads.next(), leads.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let is_other = |one: &&Candidate<'_>| {
        !only.is_some_and(|only| std::ptr::eq(*one, only) || is_around_or_inside(only, one))
            && (1 < one.list.most || one.is_of_people)
    };
    let others = found.iter().filter(is_other).take(OTHER_LISTS_MAX);
    let others = others.map(|one| OtherList { items: items(&one.reading.source, &one.list.path), most: one.list.most });
    Lists { others: others.collect(), leads: only.map(|only| Box::new(lead_list(only, fields))) }
}

/// Whether `other` holds the leads, or is a part of each.
fn is_around_or_inside(leads: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let (inner, outer) = (&leads.list.path.0, &other.list.path.0);
    leads.reading.source == other.reading.source && (inner.starts_with(outer) || outer.starts_with(inner))
}

fn candidate<'r>(reading: &'r Reading<'r>, list: List<'r>, is_alone: bool) -> Candidate<'r> {
    let mut start = match &reading.source {
        Source::Text(from) => from.0.clone(),
        Source::Body | Source::Rows => Vec::new(),
    };
    start.extend(list.path.0.iter().cloned());
    let name = Path(start.clone()).own_name().unwrap_or_default().to_owned();
    start.extend((!list.is_the_body).then_some(Step::Each));
    let mut identities = identities_in(&list, &start);
    if !identities.is_empty() {
        // Next to an address or a number, `name` is a person's, whatever the list is called.
        identities.extend(identities_in(&list, &[]));
    }
    let is_called_leads = list.is_the_body || names::is_of_people(&name);
    let is_like_leads = if is_called_leads { 1 } else { IDENTITIES_MIN } <= identities.len();
    // A name next to a value is that of a question, even where another item has none.
    let has_only_names = identities.iter().eq([&Meaning::FullName]);
    let is_of_pairs = has_only_names && list.items.iter().any(|(_, item)| pairs::has_a_value(item));
    let is_a_list = 1 < list.most || is_called_leads;
    let is_in_all = list.bodies == reading.bodies.len() && !list.is_mixed && list.path.fits_a_document();
    let is_leads = is_alone && !is_of_pairs && is_like_leads && is_a_list && is_in_all && !names::is_of_others(&name);
    Candidate { reading, list, is_leads, is_of_people: !identities.is_empty() }
}

fn table<'v>(start: &[Step], values: impl Iterator<Item = (i64, &'v serde_json::Value)>) -> Fields {
    let mut gathered = FieldTableBuilder::below(start);
    values.for_each(|(at_ms, value)| gathered.element(at_ms, value));
    gathered.finish()
}

/// What identifies a person in most items, directly and not in a further list. A name is one whether it is in one value or in two.
fn identities_in(list: &List<'_>, start: &[Step]) -> BTreeSet<Meaning> {
    let fields = table(start, list.items.iter().copied());
    let direct = fields.fields.iter().filter(|field| !in_a_list(field.path.0.get(start.len()..).unwrap_or_default()));
    let frequent = direct.filter(|field| fields.elements <= field.filled * 2);
    frequent.filter_map(|field| identity(field.meaning?)).collect()
}

fn identity(meaning: Meaning) -> Option<Meaning> {
    match meaning {
        Meaning::Email | Meaning::Phone => Some(meaning),
        Meaning::FirstName | Meaning::LastName | Meaning::FullName => Some(Meaning::FullName),
        _ => None,
    }
}

/// Whether something identifies a person outside a list. `name` alone may be the name of the batch.
fn names_a_person(fields: &Fields, list: &Path) -> bool {
    let outside = fields.fields.iter().filter(|field| list.0.is_empty() || !field.path.0.starts_with(&list.0));
    let direct = outside.filter(|field| !in_a_list(&field.path.0));
    let is_a_name = |field: &Field| field.path.own_name().is_some_and(|own| names::bare(own) == "name");
    direct.filter(|field| !is_a_name(field)).any(|field| field.meaning.and_then(identity).is_some())
}

fn in_a_list(steps: &[Step]) -> bool {
    steps.contains(&Step::Each)
}

/// The value of `items` in a document.
pub(super) fn items(source: &Source, path: &Path) -> String {
    use super::yaml::scalar;
    // A query finds lists, not their items.
    let mut path = path.clone();
    path.0.extend(path.is_a_query().then_some(Step::Each));
    let at = if path.0.is_empty() { String::new() } else { format!(", at: {}", scalar(&path.format(false))) };
    match source {
        Source::Body => scalar(&path.format(false)),
        Source::Rows => format!("{{from: $, then: [{{unflatten: {{brackets: true}}}}]{at}}}"),
        Source::Text(from) if from.0.is_empty() => format!("{{from: $, then: [parse_json]{at}}}"),
        Source::Text(from) => format!("{{from: {}, then: [parse_json]{at}}}", scalar(&from.format(false))),
    }
}

fn lead_list(found: &Candidate<'_>, fields: &Fields) -> LeadList {
    let (source, path) = (found.reading.source.clone(), found.list.path.clone());
    let own = table(&[], found.list.items.iter().copied());
    let body_list = if source == Source::Body { &path } else { &Path::default() };
    let outside = fields.fields.iter().filter(|field| !is_of_the_list(&source, &path, &field.path));
    let mut reached: Vec<Option<Around>> = outside.map(|field| reach(body_list, field, Some("body"))).collect();
    if matches!(source, Source::Text(_)) && !found.list.is_the_body {
        let inner = table(&[], found.reading.bodies.iter().map(|(at_ms, body)| (*at_ms, body.as_ref())));
        let outside = inner.fields.iter().filter(|field| !field.path.0.starts_with(&path.0));
        reached.extend(outside.map(|field| reach(&path, field, None)));
    }
    let unreached = reached.iter().filter(|one| one.is_none()).count();
    let mut known = HashSet::new();
    let around = reached.into_iter().flatten().filter(|one| known.insert(one.written.clone())).collect();
    LeadList { source, path, fields: own, around, unreached }
}

/// Whether a path of the body is the list or in it.
fn is_of_the_list(source: &Source, list: &Path, path: &Path) -> bool {
    match (source, path.0.first(), list.0.first()) {
        (Source::Body, ..) => path.0.starts_with(&list.0),
        (Source::Text(from), ..) => path == from,
        (Source::Rows, Some(Step::Name(name)), Some(Step::Name(list))) => super::rows::list_name(name) == Some(list),
        (Source::Rows, ..) => false,
    }
}

/// How a document reaches from an item of a list what stands around it: by `parent.`, or by the root of all.
fn reach(list: &Path, field: &Field, root: Option<&str>) -> Option<Around> {
    let common = list.0.iter().zip(&field.path.0).take_while(|(a, b)| a == b).count();
    let shared = list.0.iter().take(common).rposition(|step| *step == Step::Each).map_or(0, |each| each + 1);
    let levels = list.0.iter().skip(shared).filter(|step| matches!(step, Step::Name(_))).count();
    let rest: Vec<Step> = field.path.0.iter().skip(shared).cloned().collect();
    let names: Vec<Step> = rest.iter().take_while(|step| matches!(step, Step::Name(_))).cloned().collect();
    if names.is_empty() || list.0.starts_with(&field.path.0) || !field.path.fits_a_document() {
        return None;
    }
    let start = match root {
        Some(root) if shared == 0 => root.to_owned(),
        _ => vec!["parent"; levels].join("."),
    };
    let is_whole = names.len() == rest.len();
    Some(Around { written: Path(names).format_below(&start), field: field.clone(), is_whole })
}
