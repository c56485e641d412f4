//! From text to the query's tree.

mod call;
mod cursor;
mod filter;
mod iregexp;
mod literal;
mod segment;

use cursor::Cursor;

use crate::ast::owned::{Segment, Selector};

pub use cursor::PathError;
pub use segment::singular_keys;

/// Longer texts are quoted by their beginning.
const QUOTED_CHARS_MAX: usize = 60;

/// Reads a query: `$` and its segments.
///
/// # Errors
/// Where and why the text is not a query, with a suggested fix.
pub fn parse(text: &str) -> Result<Vec<Segment>, PathError> {
    let mut cursor = Cursor::new(text);
    if !cursor.take("$") {
        return Err(cursor.error("a JSONPath begins with `$`").with_hint("write it like `$.contact.email`"));
    }
    let segments = segment::segments(&mut cursor)?;
    finish(cursor, segments)
}

/// Reads what may follow `$` or `$.`: the short form of a path that has brackets.
///
/// # Errors
/// As [`parse`] has them.
pub fn parse_short(text: &str) -> Result<Vec<Segment>, PathError> {
    let mut cursor = Cursor::new(text);
    let mut segments = Vec::new();
    if cursor.peek() != Some('[') {
        segments.push(Segment::Child(vec![Selector::Name(segment::shorthand(&mut cursor)?.into())]));
    }
    segments.extend(segment::segments(&mut cursor)?);
    finish(cursor, segments)
}

fn finish(cursor: Cursor<'_>, segments: Vec<Segment>) -> Result<Vec<Segment>, PathError> {
    match cursor.peek() {
        None => Ok(segments),
        Some(_) => Err(segment::unexpected(&cursor)),
    }
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
