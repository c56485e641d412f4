//! JSON to nodes, with the same places that YAML gives.

use hookmill_json::{JsonError, JsonIndex, Value};

use super::limits::{DEPTH_MAX, NODES_MAX};
use super::node::{Key, Kind, Node, Place, Unreadable};

/// Whether a text is meant as JSON: it begins like an object with a quoted name, or like an empty one.
pub fn looks_like_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|inside| inside.trim_start().starts_with(['"', '}']))
}

/// Reads a JSON document.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let lines = Lines::of(text);
    let index = JsonIndex::parse(text).map_err(|rejected| unreadable(&lines, rejected))?;
    let root = node(&Source { lines, index: &index }, index.root());
    within_bounds(&root, DEPTH_MAX, &mut 0)?;
    Ok(root)
}

fn unreadable(lines: &Lines<'_>, rejected: JsonError) -> Unreadable {
    let place = lines.place(rejected.offset);
    if rejected.code == "too_deep" {
        return too_deep(place);
    }
    Unreadable { code: "not_json", place, message: format!("this is not JSON: {}", rejected.message), suggestion: None }
}

fn too_deep(place: Place) -> Unreadable {
    let message = format!("this is nested more than {DEPTH_MAX} deep (DEPTH_MAX)");
    Unreadable { code: "too_deep", place, message, suggestion: None }
}

fn within_bounds(node: &Node, depth_left: usize, nodes: &mut usize) -> Result<(), Unreadable> {
    *nodes += 1;
    let reject = |code, message| Err(Unreadable { code, place: node.place, message, suggestion: None });
    if *nodes > NODES_MAX {
        return reject("too_large", format!("the document has more than {NODES_MAX} values (NODES_MAX)"));
    }
    let children: Vec<&Node> = match &node.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        _ => return Ok(()),
    };
    if depth_left == 0 {
        return Err(too_deep(node.place));
    }
    children.into_iter().try_for_each(|child| within_bounds(child, depth_left - 1, nodes))
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line.saturating_sub(1)];
        let before = self.text.get(start..offset).unwrap_or_default();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(before.chars().count() + 1) }
    }
}

/// The text that was read.
struct Source<'a> {
    lines: Lines<'a>,
    index: &'a JsonIndex<'a>,
}

/// A place in the text as a node of the document. The depth is the text's, which is bounded.
fn node(source: &Source<'_>, from: hookmill_json::Node<'_>) -> Node {
    let kind = match from.kind() {
        hookmill_json::Kind::List => Kind::List(from.children().map(|item| node(source, item)).collect()),
        hookmill_json::Kind::Object => {
            Kind::Map(from.children().map(|member| (key(source, member), node(source, member))).collect())
        }
        _ => match from.value() {
            Value::Null | Value::List(_) | Value::Object(_) => Kind::Null,
            Value::Bool(value) => Kind::Bool(value),
            Value::Number(text) => Kind::Number(text.into_owned()),
            Value::Text(text) => Kind::Text(text.into_owned()),
        },
    };
    Node { kind, place: source.lines.place(from.offsets().0) }
}

fn key(source: &Source<'_>, member: hookmill_json::Node<'_>) -> Key {
    let place = source.lines.place(member.offsets().1);
    Key { text: member.name().into_owned(), place, is_double: source.index.is_overriding(member) }
}
