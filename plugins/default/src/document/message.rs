//! The `shape` section: what is sent to the client and to webhooks.

use std::borrow::Cow;

use hookmill_json::Value;

use super::body::{self, Reading};
use super::check::{At, Diagnostics, join, shortened, under};
use super::node::{Key, Node};
use super::path::Stage;
use super::rules::boolean;
use super::{keys, recipe, words};
use crate::plan::owned::{Format, Message, Recipe, Shape, Source, SourceKind};
use crate::run::xml::is_name;

const KEYS: [&str; 9] = keys::names(&keys::MESSAGE);

/// Headers that the host alone sets.
const HOST_HEADERS: [&str; 7] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "forwarded", "te"];

/// Bytes of a content type.
const CONTENT_TYPE_BYTES_MAX: usize = 255;

/// Reads one message.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Message> {
    diagnostics.map_of(at, "a map with `body`", &KEYS)?;
    let format = under(at, "format", |at| diagnostics.one_of(at, &words::FORMATS)).flatten();
    let reading = Reading { stage: Stage::Shape, is_xml: format == Some(Format::Xml) };
    let message = Message {
        method: under(at, "method", |at| diagnostics.one_of(at, &words::METHODS)).flatten().map(Into::into),
        query: under(at, "query", |at| query(diagnostics, at)).flatten(),
        headers: under(at, "headers", |at| headers(diagnostics, at)).unwrap_or_default(),
        content_type: under(at, "content_type", |at| content_type(diagnostics, at)).flatten().map(Into::into),
        format,
        root: under(at, "root", |at| root(diagnostics, at)).flatten().map(Into::into),
        is_undeclared: under(at, "declaration", |at| !boolean(diagnostics, at)).unwrap_or(false),
        omits_blank: under(at, "omit_blank", |at| boolean(diagnostics, at)).unwrap_or(false),
        body: under(at, "body", |at| body::shape(diagnostics, at, reading)).flatten(),
        path_trie: Default::default(),
    };
    check(diagnostics, at, &message);
    (message.body.is_some() || message.query.is_some()).then_some(message)
}

/// What fits together and what does not.
fn check(diagnostics: &mut Diagnostics, at: At<'_>, message: &Message) {
    if at.node.get("body").is_none() && at.node.get("query").is_none() {
        let suggestion = Some("add `body:` with the values to send".to_owned());
        diagnostics.error(at, "missing_key", "a message needs a `body`, or at least a `query`", suggestion);
    }
    for key in ["root", "declaration"] {
        if message.format != Some(Format::Xml) {
            let message = format!("`{key}` belongs to `format: xml`");
            under(at, key, |at| diagnostics.error(at, "unexpected_argument", message, Some("remove this".to_owned())));
        }
    }
    let in_get = message.method.as_deref() == Some("GET") && matches!(message.format, Some(Format::Xml | Format::Text));
    let rejected = match (message.format, &message.body) {
        (_, Some(_)) if in_get => Some("a GET has no body: put the values under `query`"),
        (Some(Format::Form), Some(Shape::List(_) | Shape::ForEach(_))) => {
            Some("a form is made of names and values, not of a list")
        }
        (Some(Format::Text), Some(Shape::Object(_) | Shape::List(_) | Shape::Merge(_) | Shape::ForEach(_))) => {
            Some("a text body is one text such as `Name: {{ lead.last_name }}`")
        }
        (Some(Format::Xml), Some(body)) => without_root(message, body),
        _ => None,
    };
    if let Some(message) = rejected {
        under(at, "body", |at| diagnostics.error(at, "wrong_type", message, None));
    }
}

/// Why a body has no single root element, if that is sure.
fn without_root(message: &Message, body: &Shape) -> Option<&'static str> {
    match (body, message.root.is_some()) {
        (Shape::List(_) | Shape::ForEach(_), _) => {
            Some("a list has no element of its own in XML: name it, like `leads: {lead: [...]}`")
        }
        (Shape::Object(members), false) if members.len() != 1 || members[0].name.starts_with(['@', '#']) => {
            Some("XML has one root element: put the values under one name, or name it with `root`")
        }
        _ => None,
    }
}

fn query(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Shape> {
    let shape = body::shape(diagnostics, at, Reading { stage: Stage::Shape, is_xml: false })?;
    if matches!(shape, Shape::Fixed(_) | Shape::List(_) | Shape::ForEach(_)) {
        diagnostics.expected(at, "a map of names and values");
        return None;
    }
    Some(shape)
}

fn root(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let name = diagnostics.text(at, "the name of the root element")?;
    if is_name(name) {
        return Some(name.to_owned());
    }
    diagnostics.error(
        at,
        "bad_xml_name",
        body::no_xml_name(name),
        Some("use letters, digits, `_`, `-` and `.`".to_owned()),
    );
    None
}

fn content_type(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let text = diagnostics.text(at, "a content type such as `application/vnd.api+json`")?;
    let is_visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let has_type = text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    if is_visible && has_type && text.trim() == text && text.len() <= CONTENT_TYPE_BYTES_MAX {
        return Some(text.to_owned());
    }
    let message = format!("`{}` is not a content type", shortened(text));
    diagnostics.error(at, "bad_content_type", message, Some("write it like `text/xml; charset=utf-8`".to_owned()));
    None
}

fn headers(diagnostics: &mut Diagnostics, at: At<'_>) -> Vec<(Cow<'static, str>, Recipe)> {
    let entries = diagnostics.map(at, "a map of headers").unwrap_or_default();
    entries.iter().filter_map(|(key, node)| header(diagnostics, at.path, key, node)).collect()
}

fn header(diagnostics: &mut Diagnostics, parent: &str, key: &Key, node: &Node) -> Option<(Cow<'static, str>, Recipe)> {
    let name = key.text.to_ascii_lowercase();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        let message = format!("`{}` is not the name of a header", key.text);
        diagnostics.bad_key(parent, key, "bad_header", message, "use letters, digits and `-`");
        return None;
    }
    if HOST_HEADERS.contains(&name.as_str()) || name.starts_with("webhook-") {
        let message = format!("the header `{name}` is set by the host");
        let hint = match name.as_str() {
            "content-type" => "remove it, and write `content_type` beside `headers`",
            _ => "remove it",
        };
        diagnostics.bad_key(parent, key, "reserved_header", message, hint);
        return None;
    }
    let path = join(parent, &key.text);
    let at = At { node, path: &path };
    let recipe = match body::shape(diagnostics, at, Reading { stage: Stage::Shape, is_xml: false })? {
        Shape::Leaf(recipe) => recipe,
        Shape::Fixed(value) if value.scalar_text().is_some() => fixed(value, node.place.line),
        _ => {
            diagnostics.expected(at, "a text, or `{from: ...}`");
            return None;
        }
    };
    Some((name.into(), recipe))
}

/// A recipe for one fixed value.
pub fn fixed(value: Value<'static>, line: u32) -> Recipe {
    recipe::plain(vec![Source { kind: SourceKind::Fixed(value), then: Vec::new() }], line)
}
