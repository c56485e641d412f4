//! JSON to nodes, with the same places that YAML gives.

use std::borrow::Cow;

use super::limits::{DEPTH_MAX, NODES_MAX};
use super::node::{Key, Kind, Node, Place, Unreadable};
use crate::json::{Build, Refused, Scalar, parse_with};

/// Whether a text is meant as JSON: it begins like an object with a quoted name, or like an empty one.
pub fn looks_like_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|inside| inside.trim_start().starts_with(['"', '}']))
}

/// Reads a JSON document.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let lines = Lines::of(text);
    let parsed = parse_with(text, Places { lines: &lines }).map_err(|refused| unreadable(&lines, refused))?;
    if let Some(name) = parsed.double_names.first() {
        return Err(double(&lines, text, name));
    }
    within_bounds(&parsed.root, DEPTH_MAX, &mut 0)?;
    Ok(parsed.root)
}

fn unreadable(lines: &Lines<'_>, refused: Refused) -> Unreadable {
    let place = lines.place(refused.offset);
    Unreadable { code: "not_json", place, message: format!("this is not JSON: {}", refused.message), suggestion: None }
}

fn double(lines: &Lines<'_>, text: &str, name: &str) -> Unreadable {
    let quoted = format!("\"{name}\"");
    Unreadable {
        code: "double_key",
        place: lines.place(text.rfind(&quoted).unwrap_or_default()),
        message: format!("the key `{name}` stands twice in one map"),
        suggestion: Some("remove one of them".to_owned()),
    }
}

fn within_bounds(node: &Node, depth_left: usize, nodes: &mut usize) -> Result<(), Unreadable> {
    *nodes += 1;
    let refuse = |code, message| Err(Unreadable { code, place: node.place, message, suggestion: None });
    if *nodes > NODES_MAX {
        return refuse("too_large", format!("the document has more than {NODES_MAX} values"));
    }
    let children: Vec<&Node> = match &node.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        _ => return Ok(()),
    };
    if depth_left == 0 {
        return refuse("too_deep", format!("this is nested more than {DEPTH_MAX} deep"));
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

struct Places<'l> {
    lines: &'l Lines<'l>,
}

impl<'a> Build<'a> for Places<'_> {
    type Node = Node;
    type Name = Key;

    fn scalar(&self, offset: usize, value: Scalar<'a>) -> Node {
        let kind = match value {
            Scalar::Null => Kind::Null,
            Scalar::Bool(value) => Kind::Bool(value),
            Scalar::Number(text) => Kind::Number(text.to_owned()),
            Scalar::Text(text) => Kind::Text(text.into_owned()),
        };
        Node { kind, place: self.lines.place(offset) }
    }

    fn list(&self, offset: usize, items: Vec<Node>) -> Node {
        Node { kind: Kind::List(items), place: self.lines.place(offset) }
    }

    fn name(&self, offset: usize, name: Cow<'a, str>) -> Key {
        Key { text: name.into_owned(), place: self.lines.place(offset) }
    }

    fn object(&self, offset: usize, members: Vec<(Key, Node)>) -> Node {
        Node { kind: Kind::Map(members), place: self.lines.place(offset) }
    }
}
