//! The values of a message: fixed ones, recipes, and lists and objects of them.

use super::check::{At, Diagnostics, join, shortened, under};
use super::node::{Key, Kind, Node};
use super::path::{self, Stage};
use super::recipe::{self, template_of};
use super::suggest::nearest;
use super::template::is_template;
use super::{keys, literal, rules};
use crate::plan::owned::{Conditional, ForEach, Member, Shape, Source, SourceKind};
use crate::run::xml::{CDATA, TEXT, is_name};

const FOR_EACH_KEYS: [&str; 3] = keys::names(&keys::FOR_EACH);

const CONDITIONAL_KEYS: [&str; 2] = keys::names(&keys::CONDITIONAL);

/// The key under which an object stands whose members are called like keys of the language.
const OBJECT_OF: &str = keys::OBJECT_OF.name;

/// How a body is read.
#[derive(Clone, Copy)]
pub struct Reading {
    /// What there is to point at.
    pub stage: Stage,
    /// Whether names must be names of XML.
    pub is_xml: bool,
}

/// Reads a value of the body. The depth is bounded by the document's.
pub fn shape(diagnostics: &mut Diagnostics, at: At<'_>, reading: Reading) -> Option<Shape> {
    match &at.node.kind {
        Kind::Text(text) if is_template(text) => {
            let template = template_of(diagnostics, at, reading.stage)?;
            let source = Source { kind: SourceKind::Template(template), then: Vec::new() };
            Some(Shape::Leaf(recipe::plain(vec![source], at.node.place.line)))
        }
        Kind::Text(_) => Some(Shape::Fixed(literal::value(diagnostics, at, reading.stage))),
        Kind::List(items) => Some(Shape::List(list(diagnostics, at, items, reading))),
        Kind::Map(entries) => map(diagnostics, at, entries, reading),
        _ => Some(Shape::Fixed(at.node.value())),
    }
}

/// What a map is, decided by its keys alone, in this order; all else is an object of its members.
fn map(diagnostics: &mut Diagnostics, at: At<'_>, entries: &[(Key, Node)], reading: Reading) -> Option<Shape> {
    if let [(key, node)] = entries
        && key.text == OBJECT_OF
    {
        let path = join(at.path, &key.text);
        return object_of(diagnostics, At { node, path: &path }, reading);
    }
    if is_recipe(entries) {
        return recipe::read(diagnostics, at, reading.stage).map(Shape::Leaf);
    }
    if at.node.get("for_each").is_some() {
        return for_each(diagnostics, at, reading);
    }
    if is_conditional(entries) {
        return conditional(diagnostics, at, reading);
    }
    if let [(key, node)] = entries
        && let ("first_of" | "merge", Kind::List(items)) = (key.text.as_str(), &node.kind)
    {
        let path = join(at.path, &key.text);
        let at = At { node, path: &path };
        return Some(match key.text.as_str() {
            "merge" => Shape::Merge(merged(diagnostics, at, items, reading)),
            _ => Shape::FirstOf(list(diagnostics, at, items, reading)),
        });
    }
    let told_of = [warn_of_condition(diagnostics, at, entries), warn_of_path(diagnostics, at, entries, reading.stage)];
    members(diagnostics, at, entries, reading, &told_of)
}

/// `{object_of: {value: {from: lead.phone}}}`: an object, whatever its members are called.
fn object_of(diagnostics: &mut Diagnostics, at: At<'_>, reading: Reading) -> Option<Shape> {
    let Kind::Map(entries) = &at.node.kind else {
        diagnostics.expected(at, "a map of the members of an object");
        return None;
    };
    members(diagnostics, at, entries, reading, &[])
}

/// The members of an object. Of those that a warning was about already nothing more is said.
fn members(
    diagnostics: &mut Diagnostics,
    at: At<'_>,
    entries: &[(Key, Node)],
    reading: Reading,
    told_of: &[Option<&str>],
) -> Option<Shape> {
    let mut members = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        if reading.is_xml {
            check_xml_name(diagnostics, at.path, key, node);
        }
        let path = join(at.path, &key.text);
        let shape = match told_of.contains(&Some(key.text.as_str())) {
            true => Some(Shape::Fixed(node.value())),
            false => shape(diagnostics, At { node, path: &path }, reading),
        };
        members.extend(shape.map(|shape| Member { name: key.text.clone().into(), shape }));
    }
    Some(Shape::Object(members))
}

/// A map is a recipe, not an object to send, when it has a source and no key that a recipe does not have.
fn is_recipe(entries: &[(Key, Node)]) -> bool {
    let has_source = entries.iter().any(|(key, _)| matches!(key.text.as_str(), "from" | "template" | "value"));
    has_source && entries.iter().all(|(key, _)| recipe::KEYS.contains(&key.text.as_str()))
}

/// A part with a condition has these two keys and no other.
fn is_conditional(entries: &[(Key, Node)]) -> bool {
    entries.len() == CONDITIONAL_KEYS.len()
        && entries.iter().all(|(key, _)| CONDITIONAL_KEYS.contains(&key.text.as_str()))
}

/// `{when: {field: lead.phone, op: present}, make: {type: phone, value: {from: lead.phone}}}`
fn conditional(diagnostics: &mut Diagnostics, at: At<'_>, reading: Reading) -> Option<Shape> {
    let when = under(at, "when", |at| rules::condition(diagnostics, at, reading.stage)).flatten();
    let make = under(at, "make", |at| shape(diagnostics, at, reading)).flatten();
    Some(Shape::When(Box::new(Conditional { when: when?, make: make?, line: at.node.place.line })))
}

/// Warns of a condition that stands beside the members of an object, where it is one of them; the key that it warned of.
fn warn_of_condition(diagnostics: &mut Diagnostics, at: At<'_>, entries: &[(Key, Node)]) -> Option<&'static str> {
    let (key, _) = entries.iter().find(|(key, node)| key.text == "when" && literal::is_condition(node))?;
    let message =
        "this `when` is a member of the object and is sent with the others, whether it holds or not".to_owned();
    let hint = "write `{when: {...}, make: {...}}`, with the other members under `make`; where the member is meant, write `{object_of: {...}}`";
    diagnostics.warning_at_key(at.path, key, "sent_verbatim", message, hint);
    Some("when")
}

/// Warns of a map that has a path under `from` and is not a recipe all the same, for one key too many; the key that it warned of.
fn warn_of_path(
    diagnostics: &mut Diagnostics,
    at: At<'_>,
    entries: &[(Key, Node)],
    stage: Stage,
) -> Option<&'static str> {
    let text = at.node.get("from").and_then(Node::as_text);
    let (key, _) = entries.iter().find(|(key, _)| !recipe::KEYS.contains(&key.text.as_str()))?;
    if !text.is_some_and(|text| path::names_a_root(text, stage)) {
        return None;
    }
    let name = shortened(&key.text);
    let message = format!("a recipe has no key `{name}`, so this map is sent as it stands, with its `from`");
    let hint = nearest(&key.text, &recipe::KEYS).unwrap_or_default();
    diagnostics.warning_at_key(at.path, key, "sent_verbatim", message, &hint);
    Some("from")
}

/// `{for_each: lead.custom.items, make: {sku: {from: item.sku}}}`
fn for_each(diagnostics: &mut Diagnostics, at: At<'_>, reading: Reading) -> Option<Shape> {
    diagnostics.map_of(at, "a map with `for_each` and `make`", &FOR_EACH_KEYS)?;
    if at.node.get("make").is_none() {
        let hint = Some("write it like `{for_each: lead.custom.items, make: {sku: {from: item.sku}}}`".to_owned());
        diagnostics.error(at, "missing_key", "`for_each` needs `make`: what is made for each item", hint);
    }
    let list = under(at, "for_each", |at| recipe::read(diagnostics, at, reading.stage)).flatten();
    let inside = Reading { stage: Stage::Item, ..reading };
    let when = match at.node.get("when") {
        None => None,
        Some(_) => Some(under(at, "when", |at| rules::condition(diagnostics, at, inside.stage)).flatten()?),
    };
    let make = under(at, "make", |at| shape(diagnostics, at, inside)).flatten();
    Some(Shape::ForEach(Box::new(ForEach { list: list?, when, make: make? })))
}

fn list(diagnostics: &mut Diagnostics, at: At<'_>, items: &[Node], reading: Reading) -> Vec<Shape> {
    let mut shapes = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        shapes.extend(shape(diagnostics, At { node, path: &path }, reading));
    }
    shapes
}

/// The parts of an object that is merged. What never is an object is a mistake; what a recipe makes is seen when it is made.
fn merged(diagnostics: &mut Diagnostics, at: At<'_>, items: &[Node], reading: Reading) -> Vec<Shape> {
    let shapes = list(diagnostics, at, items, reading);
    for (index, node) in items.iter().enumerate() {
        let what = match &node.kind {
            Kind::Null => continue,
            Kind::Map(entries) if is_recipe(entries) && node.get("template").is_some() => "a text",
            Kind::Map(_) if node.get("for_each").is_some() => "a list",
            Kind::Map(_) => continue,
            _ => node.type_name(),
        };
        let path = format!("{}[{index}]", at.path);
        let hint = "write a map of members, such as `{id: {from: submission.id}}`, or where an object stands, such as `{from: lead.custom}`";
        let message = format!("`merge` makes one object of several, and this is {what}: {}", node.quoted());
        diagnostics.error(At { node, path: &path }, "wrong_type", message, Some(hint.to_owned()));
    }
    shapes
}

fn check_xml_name(diagnostics: &mut Diagnostics, parent: &str, key: &Key, node: &Node) {
    let name = key.text.as_str();
    if name == TEXT || name == CDATA {
        return;
    }
    let attribute = name.strip_prefix('@');
    if !is_name(attribute.unwrap_or(name)) {
        let hint = "use letters, digits, `_`, `-` and `.`; an attribute is `@name`, the element's own text `#text` or `#cdata`";
        diagnostics.bad_key(parent, key, "bad_xml_name", no_xml_name(name), hint);
    }
    let is_tree = match &node.kind {
        Kind::List(_) => true,
        Kind::Map(entries) => {
            let is_choice = entries.iter().any(|(key, _)| key.text == "first_of") || is_conditional(entries);
            !is_recipe(entries) && !is_choice
        }
        _ => false,
    };
    if attribute.is_some() && is_tree {
        diagnostics.bad_key(parent, key, "wrong_type", "an attribute is one text".to_owned(), "give it one value");
    }
}

/// What is said of a name that XML does not have.
pub fn no_xml_name(name: &str) -> String {
    format!("`{}` is not the name of an XML element or attribute", shortened(name))
}
