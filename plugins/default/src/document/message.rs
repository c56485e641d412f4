//! The `shape` section: what is sent to the client and to webhooks.

use std::borrow::Cow;

use super::check::{At, Notes, join, under};
use super::node::{Key, Kind, Node};
use super::path::Stage;
use super::recipe::{self, template_of};
use super::template::is_template;
use crate::json::Value;
use crate::plan::owned::{Format, Member, Message, Recipe, Shape, Source, SourceKind};

const KEYS: [&str; 4] = ["method", "headers", "format", "body"];

const METHODS: [(&str, &str); 5] =
    [("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE")];

/// Headers that the host alone sets.
const HOST_HEADERS: [&str; 7] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "forwarded", "te"];

/// Reads one message.
pub fn read(notes: &mut Notes, at: At<'_>) -> Option<Message> {
    notes.map_of(at, "a map with `body`", &KEYS)?;
    let formats = [("json", Format::Json), ("form", Format::Form)];
    let method = under(at, "method", |at| notes.one_of(at, &METHODS)).flatten().map(str::to_owned);
    let format = under(at, "format", |at| notes.one_of(at, &formats)).flatten();
    let headers = under(at, "headers", |at| headers(notes, at)).unwrap_or_default();
    let body = under(at, "body", |at| shape(notes, at)).unwrap_or_else(|| {
        let suggestion = Some("add `body:` with the values to send".to_owned());
        notes.error(at, "missing_key", "a message needs a `body`", suggestion);
        None
    });
    let body = body?;
    if format == Some(Format::Form) && matches!(body, Shape::List(_)) {
        under(at, "body", |at| {
            notes.error(at, "wrong_type", "a form is made of names and values, not of a list", None)
        });
    }
    Some(Message { method: method.map(Into::into), headers, format, body })
}

fn headers(notes: &mut Notes, at: At<'_>) -> Vec<(Cow<'static, str>, Recipe)> {
    let entries = notes.map(at, "a map of headers").unwrap_or_default();
    entries.iter().filter_map(|(key, node)| header(notes, at.path, key, node)).collect()
}

fn header(notes: &mut Notes, parent: &str, key: &Key, node: &Node) -> Option<(Cow<'static, str>, Recipe)> {
    let name = key.text.to_ascii_lowercase();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        let message = format!("`{}` is no name of a header", key.text);
        notes.bad_key(parent, key, "bad_header", message, "use letters, digits and `-`");
        return None;
    }
    if HOST_HEADERS.contains(&name.as_str()) || name.starts_with("webhook-") {
        let message = format!("the header `{name}` is set by the host");
        notes.bad_key(parent, key, "reserved_header", message, "remove it; `format` decides the content type");
        return None;
    }
    let path = join(parent, &key.text);
    let at = At { node, path: &path };
    let recipe = match shape(notes, at)? {
        Shape::Leaf(recipe) => recipe,
        Shape::Fixed(value) if value.scalar_text().is_some() => fixed(value, node.place.line),
        _ => {
            notes.expected(at, "a text, or `{from: ...}`");
            return None;
        }
    };
    Some((name.into(), recipe))
}

fn fixed(value: Value<'static>, line: u32) -> Recipe {
    recipe::plain(vec![Source { kind: SourceKind::Fixed(value), then: Vec::new() }], line)
}

/// Reads a value of the body. The depth is bounded by the document's.
fn shape(notes: &mut Notes, at: At<'_>) -> Option<Shape> {
    match &at.node.kind {
        Kind::Text(text) if is_template(text) => {
            let template = template_of(notes, at, Stage::Shape)?;
            let source = Source { kind: SourceKind::Template(template), then: Vec::new() };
            Some(Shape::Leaf(recipe::plain(vec![source], at.node.place.line)))
        }
        Kind::List(items) => Some(Shape::List(shapes(notes, at, items))),
        Kind::Map(entries) => map_shape(notes, at, entries),
        _ => Some(Shape::Fixed(at.node.value())),
    }
}

fn map_shape(notes: &mut Notes, at: At<'_>, entries: &[(Key, Node)]) -> Option<Shape> {
    if is_recipe(entries) {
        return recipe::read(notes, at, Stage::Shape).map(Shape::Leaf);
    }
    if let [(key, node)] = entries
        && let ("first_of" | "merge", Kind::List(items)) = (key.text.as_str(), &node.kind)
    {
        let path = join(at.path, &key.text);
        let parts = shapes(notes, At { node, path: &path }, items);
        return Some(if key.text == "merge" { Shape::Merge(parts) } else { Shape::FirstOf(parts) });
    }
    let mut members = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        let path = join(at.path, &key.text);
        members.extend(
            shape(notes, At { node, path: &path }).map(|shape| Member { name: key.text.clone().into(), shape }),
        );
    }
    Some(Shape::Object(members))
}

/// A map is a recipe, not an object to send, when it has a source and no key that a recipe does not have.
fn is_recipe(entries: &[(Key, Node)]) -> bool {
    let has_source = entries.iter().any(|(key, _)| matches!(key.text.as_str(), "from" | "template" | "value"));
    has_source && entries.iter().all(|(key, _)| recipe::KEYS.contains(&key.text.as_str()))
}

fn shapes(notes: &mut Notes, at: At<'_>, items: &[Node]) -> Vec<Shape> {
    let mut shapes = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        shapes.extend(shape(notes, At { node, path: &path }));
    }
    shapes
}
