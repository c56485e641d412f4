//! YAML to nodes: the core schema, without tags, aliases and merge keys. A plain scalar is a number only when JSON would
//! call it one, so that `02139` stays the text it is.

use std::collections::BTreeMap;

use hookmill_json::CanonicalNumber;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::limits::{DEPTH_MAX, NODES_MAX};
use super::node::{Key, Kind, Node, Place, Unreadable};

/// Reads one YAML document; an empty one is null.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| unreadable(&error))?;
        tree.take(event, span)?;
    }
    Ok(tree.root.unwrap_or(Node { kind: Kind::Null, place: Place { line: 1, column: 1 } }))
}

/// The parser has a bound of its own for brackets, which it reads ahead.
fn unreadable(error: &saphyr_parser::ScanError) -> Unreadable {
    let here = place(*error.marker());
    if error.info().contains("recursion limit") {
        return too_deep(here);
    }
    let message = format!("this is not YAML: {}", error.info());
    Unreadable { code: "not_yaml", place: here, message, suggestion: hint(error.info()) }
}

fn too_deep(place: Place) -> Unreadable {
    reject("too_deep", place, &format!("this is nested more than {DEPTH_MAX} deep (DEPTH_MAX)"), "flatten it")
}

/// How the usual mistakes are fixed, by what the parser says of them.
fn hint(info: &str) -> Option<String> {
    let hint = if info.contains("tab") {
        "indent with spaces"
    } else if info.contains("mapping values are not allowed") {
        "quote a text that has a colon in it"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn place(mark: saphyr_parser::Marker) -> Place {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place { line: number(mark.line()), column: number(mark.col() + 1) }
}

fn has_tag(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(_, _, _, tag) | Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) => tag.is_some(),
        _ => false,
    }
}

/// A list or map that is not finished.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Entries, Option<Key>),
}

/// The entries of a map, and where each key stands among them.
#[derive(Default)]
struct Entries {
    all: Vec<(Key, Node)>,
    places: BTreeMap<String, usize>,
}

impl Entries {
    /// A key that stood before gives way to the one that stands now, which knows that it is double.
    fn put(&mut self, key: Key, node: Node) {
        let earlier = self.places.get(&key.text).and_then(|place| self.all.get_mut(*place));
        if let Some(earlier) = earlier {
            *earlier = (Key { is_double: true, ..key }, node);
            return;
        }
        self.places.insert(key.text.clone(), self.all.len());
        self.all.push((key, node));
    }
}

#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let here = place(span.start);
        if has_tag(&event) {
            // A tag would change what a value is, so passing over it would be a guess.
            let hint = "remove it; quote what is a text";
            return Err(reject("tag", here, "tags (`!name`) are not supported", hint));
        }
        match event {
            Event::Scalar(text, style, _, _) => self.scalar(&text, style, here),
            Event::SequenceStart(..) => self.begin(Open::List(here, Vec::new()), here),
            Event::MappingStart(..) => self.begin(Open::Map(here, Entries::default(), None), here),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(_) => Err(reject("alias", here, "aliases (`*name`) are not supported", "write the value out")),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(reject("second_document", here, "there is a second YAML document", "keep one; remove the `---`"))
            }
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, place: Place) -> Result<(), Unreadable> {
        if let Some(Open::Map(_, _, key @ None)) = self.open.last_mut() {
            *key = Some(Key { text: text.to_owned(), place, is_double: false });
            return Ok(());
        }
        let kind = if style == ScalarStyle::Plain { plain(text) } else { Kind::Text(text.to_owned()) };
        self.put(Node { kind, place })
    }

    fn begin(&mut self, open: Open, place: Place) -> Result<(), Unreadable> {
        if let Some(Open::Map(_, _, None)) = self.open.last() {
            let hint = match open {
                Open::Map(..) => "write a name before the colon; a text that begins with `{{` stands in quotes",
                Open::List(..) => "write a name before the colon",
            };
            return Err(reject("bad_key", place, "a key must be a text, not a list or map", hint));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(too_deep(place));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        let node = match self.open.pop() {
            Some(Open::List(place, items)) => Node { kind: Kind::List(items), place },
            Some(Open::Map(place, entries, _)) => Node { kind: Kind::Map(entries.all), place },
            None => return Ok(()),
        };
        self.put(node)
    }

    fn put(&mut self, node: Node) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("the document has more than {NODES_MAX} values (NODES_MAX)");
            return Err(reject("too_large", node.place, &message, "split it into several campaigns' documents"));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => {
                let Some(key) = key.take() else { return Ok(()) };
                entries.put(key, node);
            }
        }
        Ok(())
    }
}

/// What an unquoted scalar is.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_json_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

fn is_json_number(text: &str) -> bool {
    let whole = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = whole.len() > 1 && whole.starts_with('0') && whole.as_bytes()[1].is_ascii_digit();
    !leading_zero && !text.starts_with('+') && CanonicalNumber::parse(text).is_some()
}

fn reject(code: &'static str, place: Place, message: &str, suggestion: &str) -> Unreadable {
    Unreadable { code, place, message: message.to_owned(), suggestion: Some(suggestion.to_owned()) }
}
