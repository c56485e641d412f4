//! The values of a message: fixed ones, recipes, and lists and objects of them.

use super::check::{At, Diagnostics, join, shortened, under};
use super::keys;
use super::node::{Key, Kind, Node};
use super::path::{self, Stage};
use super::recipe::{self, template_of};
use super::suggest::nearest;
use super::template::is_template;
use crate::plan::owned::{ForEach, Member, Shape, Source, SourceKind};
use crate::run::xml::{CDATA, TEXT, is_name};

const FOR_EACH_KEYS: [&str; 2] = keys::names(&keys::FOR_EACH);

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
        Kind::Text(text) => {
            if is_rooted_path(text, reading.stage) {
                let hint = format!("write `{{from: {text}}}` for the value, or leave it if the text is meant");
                let message = format!("`{text}` is sent as it stands, as a text");
                diagnostics.warning(at, "sent_verbatim", message, Some(hint));
            }
            Some(Shape::Fixed(at.node.value()))
        }
        Kind::List(items) => Some(Shape::List(list(diagnostics, at, items, reading))),
        Kind::Map(entries) => map(diagnostics, at, entries, reading),
        _ => Some(Shape::Fixed(at.node.value())),
    }
}

fn map(diagnostics: &mut Diagnostics, at: At<'_>, entries: &[(Key, Node)], reading: Reading) -> Option<Shape> {
    if is_recipe(entries) {
        return recipe::read(diagnostics, at, reading.stage).map(Shape::Leaf);
    }
    if at.node.get("for_each").is_some() {
        return for_each(diagnostics, at, reading);
    }
    if let [(key, node)] = entries
        && let ("first_of" | "merge", Kind::List(items)) = (key.text.as_str(), &node.kind)
    {
        let path = join(at.path, &key.text);
        let parts = list(diagnostics, At { node, path: &path }, items, reading);
        return Some(if key.text == "merge" { Shape::Merge(parts) } else { Shape::FirstOf(parts) });
    }
    let was_told = is_told_as_no_recipe(diagnostics, at, entries, reading.stage);
    let mut members = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        if reading.is_xml {
            check_xml_name(diagnostics, at.path, key, node);
        }
        let path = join(at.path, &key.text);
        let shape = match key.text.as_str() {
            "from" if was_told => Some(Shape::Fixed(node.value())),
            _ => shape(diagnostics, At { node, path: &path }, reading),
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

/// Warns of a map that has a path under `from` and is not a recipe all the same, for one key too many; says whether it did.
fn is_told_as_no_recipe(diagnostics: &mut Diagnostics, at: At<'_>, entries: &[(Key, Node)], stage: Stage) -> bool {
    let has_path = at.node.get("from").and_then(Node::as_text).is_some_and(|text| is_rooted_path(text, stage));
    let odd = entries.iter().find(|(key, _)| !recipe::KEYS.contains(&key.text.as_str()));
    let (true, Some((key, _))) = (has_path, odd) else { return false };
    let name = shortened(&key.text);
    let message = format!("a recipe has no key `{name}`, so this map is sent as it stands, with its `from`");
    let hint = nearest(&key.text, &recipe::KEYS).unwrap_or_default();
    diagnostics.warning_at_key(at.path, key, "sent_verbatim", message, &hint);
    true
}

/// Whether a text is a path of more than one name that begins with a root, such as `lead.email`.
fn is_rooted_path(text: &str, stage: Stage) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    text.contains('.') && text.split('.').all(is_name) && path::read(text, stage).is_ok()
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
    let make = under(at, "make", |at| shape(diagnostics, at, inside)).flatten();
    Some(Shape::ForEach(Box::new(ForEach { list: list?, make: make? })))
}

fn list(diagnostics: &mut Diagnostics, at: At<'_>, items: &[Node], reading: Reading) -> Vec<Shape> {
    let mut shapes = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        shapes.extend(shape(diagnostics, At { node, path: &path }, reading));
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
        Kind::Map(entries) => !is_recipe(entries) && !entries.iter().any(|(key, _)| key.text == "first_of"),
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
