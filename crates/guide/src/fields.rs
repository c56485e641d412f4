//! The fields that a document makes of an element.

use crate::candidates::{Setting, candidates};
use crate::formats::expected;
use crate::phrase::Phrase;
use crate::place::{Place, Root};
use crate::recipe::{Definitions, Source};
use crate::rules::{STANDARD_FIELDS, Wish, Wishes};
use crate::yaml;
use serde_json::{Map, Value};

/// Where a source puts a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Into the lead.
    Lead,
    /// Into the body around the lead.
    Body,
    /// Into a header.
    Header,
    /// Into the query.
    Query,
}

/// A path that a field is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFrom {
    /// The path, as a document writes it, without marks.
    pub path: String,
    /// Where it stands.
    pub kind: Kind,
    /// Whether its name may be spelt in other ways: with capitals, spaces, dashes.
    pub is_loose: bool,
    /// Whether the field is made of this and others.
    pub is_part: bool,
    /// What is expected here, and not at all paths of the field.
    pub expected: Vec<Phrase>,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the lead is quarantined.
    ToMap,
    /// Without it the lead is disqualified.
    ToQualify,
}

/// A field of the lead that a source can fill.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name in the lead: `email`, or `custom.roof_age`.
    pub name: String,
    /// The paths that it is read from; the first that is not blank counts.
    pub read_from: Vec<ReadFrom>,
    /// What is expected of its value, by whichever path it comes.
    pub expected: Vec<Phrase>,
    /// What the rules want of it.
    pub rules: Vec<Phrase>,
    /// Whether it must be there.
    pub need: Option<Need>,
    /// Whether it is made only under a condition.
    pub is_conditional: bool,
    pub(crate) sources: Vec<Source>,
}

/// What becomes of a key that no field reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It becomes a custom field.
    Custom,
    /// It is dropped.
    Drop,
    /// The lead is quarantined.
    Reject,
}

/// A document as a source sees it.
#[derive(Debug, Clone)]
pub struct Document {
    /// The fields that a source can fill.
    pub fields: Vec<Field>,
    /// What is wanted of several fields together.
    pub any_of: Vec<Phrase>,
    /// Whether it makes something else of an element before it looks for fields: then a source can't see from the fields what to send.
    pub is_reshaped: bool,
    /// The path of the leads inside what is posted, where it is not the lead itself.
    pub leads_at: Option<String>,
    /// Objects in which loose names are looked for as well.
    pub also_search: Vec<String>,
    /// The keys that mark a test.
    pub test_marks: Vec<ReadFrom>,
    /// What becomes of other keys.
    pub unknown: Unknown,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) items: Option<Place>,
}

/// What a field's `when` looks at in the element.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) place: Place,
    pub(crate) wish: Wish,
}

impl Document {
    /// Reads a document; one without `map` maps as the standard document does. None when it can't be read.
    pub fn read(text: &str, standard: &str, phone_region: &str) -> Option<Self> {
        let document = yaml::read(text)?;
        let of_standard = if document.get("map").is_none() { yaml::read(standard)?.get("map").cloned() } else { None };
        let map = document.get("map").cloned().or(of_standard)?;
        let wishes = Wishes::read(document.get("qualify"));
        Some(Self::of_map(&map, wishes, phone_region))
    }

    fn of_map(map: &Value, wishes: Wishes, phone_region: &str) -> Self {
        let section = |key: &str| map.get(key).and_then(Value::as_object);
        let definitions = Definitions::new(section("variables"), section("fields"));
        let (mut fields, mut conditions) = (Vec::new(), Vec::new());
        for (name, recipe) in section("fields").into_iter().flatten() {
            let recipe = definitions.recipe(recipe);
            conditions.extend(recipe.when.as_ref().map(read_condition).into_iter().flatten());
            let sources: Vec<Source> =
                recipe.sources.into_iter().filter(|source| source.place.root != Root::Host).collect();
            if sources.is_empty() {
                continue;
            }
            let need = recipe.is_needed.then_some(Need::ToMap);
            fields.push(field(lead_name(name), sources, (need, recipe.when.is_some()), phone_region));
        }
        let unknown = match map.get("unknown").and_then(Value::as_str) {
            Some("drop") => Unknown::Drop,
            Some("reject") => Unknown::Reject,
            _ => Unknown::Custom,
        };
        add_rules(&mut fields, &wishes.of_fields, unknown, section("fields"));
        let (items, is_reshaped) = read_items(map.get("items"));
        let test_marks = match map.get("is_test") {
            Some(marks) => paths(Some(marks)),
            None => vec![Place::read("~is_test"), Place::read("~test")],
        };
        Self {
            fields,
            any_of: wishes.any_of,
            is_reshaped,
            leads_at: items.as_ref().map(|place| place.text.clone()),
            also_search: paths(map.get("also_search")).into_iter().map(|place| place.text).collect(),
            test_marks: test_marks.iter().filter_map(|place| read_from(place, false)).collect(),
            unknown,
            wishes: wishes.of_fields,
            conditions,
            items,
        }
    }

    /// The rules about a field.
    pub(crate) fn wishes_of(&self, field: &str) -> Vec<&Wish> {
        self.wishes.iter().filter(|wish| wish.field == field).collect()
    }

    /// The values that an example may have for a field by way of one of its sources.
    pub(crate) fn candidates(&self, field: &Field, source: &Source, setting: &Setting) -> Vec<Value> {
        candidates(&field.name, &self.wishes_of(&field.name), &source.functions, setting)
    }
}

fn lead_name(name: &str) -> String {
    if STANDARD_FIELDS.contains(&name) { name.to_owned() } else { format!("custom.{name}") }
}

fn field(
    name: String,
    sources: Vec<Source>,
    (need, is_conditional): (Option<Need>, bool),
    phone_region: &str,
) -> Field {
    let of_sources: Vec<Vec<Phrase>> = sources.iter().map(|source| expected(&source.functions, phone_region)).collect();
    let whole = || sources.iter().zip(&of_sources).filter(|(source, _)| !source.is_part).map(|(_, phrases)| phrases);
    let is_common = |phrase: &Phrase| whole().all(|phrases| phrases.contains(phrase));
    let common = unique(whole().flatten().filter(|phrase| is_common(phrase)).cloned());
    let own = |phrases: &Vec<Phrase>| phrases.iter().filter(|phrase| !common.contains(phrase)).cloned().collect();
    let paths = sources.iter().zip(&of_sources).filter_map(|(source, phrases)| {
        read_from(&source.place, source.is_part).map(|read| ReadFrom { expected: own(phrases), ..read })
    });
    let read_from = unique(paths);
    Field { name, read_from, expected: common, rules: Vec::new(), need, is_conditional, sources }
}

fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    for item in items {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

fn read_from(place: &Place, is_part: bool) -> Option<ReadFrom> {
    let kind = match place.root {
        Root::Element => Kind::Lead,
        Root::Body | Root::Parent(_) => Kind::Body,
        Root::Header => Kind::Header,
        Root::Query => Kind::Query,
        Root::Defined { .. } | Root::Host => return None,
    };
    Some(ReadFrom { path: place.text.clone(), kind, is_loose: place.is_loose, is_part, expected: Vec::new() })
}

/// Writes what the rules want beside their fields. A rule about a field that no line makes is about a key that is kept as it came.
fn add_rules(fields: &mut Vec<Field>, wishes: &[Wish], unknown: Unknown, defined: Option<&Map<String, Value>>) {
    for wish in wishes {
        let known = fields.iter_mut().find(|field| field.name == wish.field);
        let key = wish.field.strip_prefix("custom.").filter(|key| !key.contains('.'));
        let field = match (known, key) {
            (Some(field), _) => field,
            (None, Some(key))
                if unknown == Unknown::Custom && defined.is_none_or(|defined| !defined.contains_key(key)) =>
            {
                let source = Source { place: Place::read(key), functions: Vec::new(), is_part: false };
                fields.push(field(wish.field.clone(), vec![source], (None, false), ""));
                let Some(added) = fields.last_mut() else { continue };
                added
            }
            _ => continue,
        };
        if !wish.phrase.is_empty() {
            field.rules.push(wish.phrase.clone());
        }
        if wish.is_needed {
            field.need = field.need.or(Some(Need::ToQualify));
        }
    }
}

/// Where the leads are, and whether that can't be said.
fn read_items(items: Option<&Value>) -> (Option<Place>, bool) {
    let place = match items {
        None => return (None, false),
        Some(Value::String(path)) => Place::read(path),
        Some(_) => return (None, true),
    };
    let is_opaque = place.root != Root::Element || place.steps.is_none();
    (Some(place).filter(|_| !is_opaque), is_opaque)
}

fn paths(given: Option<&Value>) -> Vec<Place> {
    match given {
        Some(Value::String(path)) => vec![Place::read(path)],
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).map(Place::read).collect(),
        _ => Vec::new(),
    }
}

/// What a condition looks at: comparisons alone, each with a path of the element.
fn read_condition(when: &Value) -> Vec<Condition> {
    let mut wishes = Wishes::default();
    wishes.add(when);
    let condition = |wish: Wish| {
        let place = Place::read(wish.field.strip_prefix("custom.").unwrap_or(&wish.field));
        Condition { place, wish }
    };
    wishes.of_fields.into_iter().map(condition).filter(|condition| condition.place.root == Root::Element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrase::Part;

    const STANDARD: &str = "version: 1\nmap: {fields: {email: {from: [~email, ~mail], then: [email]}}}";

    fn read(text: &str) -> Document {
        Document::read(text, STANDARD, "US").unwrap()
    }

    #[test]
    fn i6_a_field_names_its_paths_and_what_is_expected() {
        let document = read(
            "version: 1\nmap:\n  variables: {person: {from: contact, then: [to_json]}, mail: {from: m}}\n  fields:\n    email: {from: [variables.mail, mail2], then: [email], on_missing: fail}\n    first_name: {template: '{{ a }} {{ query.b }}'}\n    source: {value: fair}\n    tag: origin.tag\n    state: {from: region, when: {field: ok, op: is_true}}\n  unknown: drop\nqualify:\n  - {field: state, op: in, values: [CA]}\n",
        );
        let names: Vec<_> = document.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["email", "first_name", "state"]);
        let [email, first_name, state] = &document.fields[..] else { panic!() };
        let paths = |field: &Field| field.read_from.iter().map(|one| one.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            (paths(email), paths(first_name)),
            (vec!["m".into(), "mail2".into()], vec!["a".into(), "query.b".into()])
        );
        assert_eq!((email.need, state.need, state.is_conditional), (Some(Need::ToMap), Some(Need::ToQualify), true));
        assert_eq!(
            (&email.expected, first_name.read_from[1].kind),
            (&vec![vec![Part::Text("an e-mail address")]], Kind::Query)
        );
        assert_eq!((document.unknown, document.conditions.len(), state.rules.len()), (Unknown::Drop, 1, 1));
    }

    #[test]
    fn o3_what_a_document_leaves_out_is_the_standard() {
        let document = read("version: 1\nqualify:\n  - {field: plan, op: eq, value: pro}\n");
        let names: Vec<_> = document.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["email", "custom.plan"]);
        assert!(document.fields[0].read_from[1].is_loose && document.fields[0].read_from[1].path == "mail");
        assert!(Document::read("a: [", STANDARD, "US").is_none());
    }

    #[test]
    fn m1_what_is_reshaped_before_it_is_mapped_says_so() {
        let items = |items: &str| {
            let document = read(&format!("version: 1\nmap: {{items: {items}, fields: {{email: mail}}}}"));
            (document.is_reshaped, document.leads_at)
        };
        assert_eq!(items("leads"), (false, Some("leads".to_owned())));
        assert_eq!(items("'$.a[*].b'"), (false, Some("$.a[*].b".to_owned())));
        assert_eq!(items("{from: $, then: [list]}"), (true, None));
    }
}
