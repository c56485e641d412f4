//! JSONPath by RFC 9535, from text to the plan's tree. The parser is our own: the grammar is small, and so every number keeps
//! its digits, every error has its column and its mend, and nothing recurses deeper than a bound.

mod call;
mod category;
mod cursor;
mod filter;
mod literal;
mod pattern;
mod segment;

pub use cursor::Wrong;

use crate::plan::owned::{Key, Segment, Selector, Step, Steps};
use cursor::Cursor;

/// Reads a query; an error says where and why it is none.
pub fn read(text: &str) -> Result<Steps, Wrong> {
    let mut cursor = Cursor::new(text);
    if !cursor.take("$") {
        return Err(cursor.wrong("a JSONPath begins with `$`").mend("write it like `$.contact.email`"));
    }
    let segments = segment::segments(&mut cursor)?;
    whole(cursor, segments)
}

/// Reads what may follow `$` or `$.`: the short form of a path that has brackets.
pub fn read_short(text: &str) -> Result<Steps, Wrong> {
    let mut cursor = Cursor::new(text);
    let mut segments = Vec::new();
    if cursor.peek() != Some('[') {
        segments.push(Segment::Child(vec![Selector::Name(segment::shorthand(&mut cursor)?.into())]));
    }
    segments.extend(segment::segments(&mut cursor)?);
    whole(cursor, segments)
}

fn whole(cursor: Cursor<'_>, segments: Vec<Segment>) -> Result<Steps, Wrong> {
    match cursor.peek() {
        None => Ok(steps(segments)),
        Some(_) => Err(segment::unexpected(&cursor)),
    }
}

/// A path of names and indexes alone is a plain list of steps.
fn steps(segments: Vec<Segment>) -> Steps {
    let step = |key| match key {
        Key::Name(name) => Step::Name(name),
        Key::Index(index) => Step::Index(index),
    };
    match segment::keys(&segments) {
        Some(keys) => Steps::Singular(keys.into_iter().map(step).collect()),
        None => Steps::Many(segments),
    }
}
