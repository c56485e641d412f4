//! Segments and selectors (RFC 9535, 2.3 and 2.5).

use super::cursor::{Cursor, PathError};
use super::shortened;
use super::{filter, literal};
use crate::ast::owned::{Key, Segment, Selector};

/// All segments from here; white space may stand before each, but not behind the last.
pub fn segments(cursor: &mut Cursor<'_>) -> Result<Vec<Segment>, PathError> {
    let mut segments = Vec::new();
    loop {
        let start = cursor.at();
        cursor.space();
        match segment(cursor)? {
            Some(segment) => segments.push(segment),
            None => {
                cursor.back_to(start);
                return Ok(segments);
            }
        }
    }
}

fn segment(cursor: &mut Cursor<'_>) -> Result<Option<Segment>, PathError> {
    if cursor.take("..") {
        let selectors = if cursor.peek() == Some('[') { bracketed(cursor)? } else { dotted(cursor)? };
        return Ok(Some(Segment::Descendant(selectors)));
    }
    if cursor.take(".") {
        return dotted(cursor).map(|selectors| Some(Segment::Child(selectors)));
    }
    if cursor.peek() == Some('[') {
        return bracketed(cursor).map(|selectors| Some(Segment::Child(selectors)));
    }
    Ok(None)
}

fn dotted(cursor: &mut Cursor<'_>) -> Result<Vec<Selector>, PathError> {
    if cursor.take("*") {
        return Ok(vec![Selector::Wildcard]);
    }
    shorthand(cursor).map(|name| vec![Selector::Name(name.into())])
}

/// A name behind a dot: letters, digits, `_` and all beyond ASCII, not beginning with a digit.
pub fn shorthand(cursor: &mut Cursor<'_>) -> Result<String, PathError> {
    match cursor.peek() {
        Some(first) if is_name(first) && !first.is_ascii_digit() => Ok(cursor.run(is_name).to_owned()),
        Some('[') => {
            Err(cursor.error("a dot can't stand before `[`").with_hint("remove the dot, or write `..[` for all levels"))
        }
        Some('.') => {
            Err(cursor.error("there is a dot too many").with_hint("write `.` for a child, `..` for all levels"))
        }
        Some('\'' | '"') => {
            Err(cursor.error("a name in quotes needs brackets").with_hint("write it like `$['a key']`"))
        }
        Some(' ' | '\t' | '\n' | '\r') => {
            Err(cursor.error("a name must follow its dot at once").with_hint("remove the space behind the dot"))
        }
        Some('*') => Err(cursor.error("`*` can't stand here").with_hint("for all items of a list write `list[*]`")),
        _ => {
            let message = format!("a name should be here, not {}", cursor.here());
            Err(quoted_instead(cursor, cursor.error(message)))
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c >= '\u{80}'
}

/// The hint for a name that needs quotes: itself in quotes.
fn quoted_instead(cursor: &Cursor<'_>, error: PathError) -> PathError {
    let ends =
        |c: char| matches!(c, '.' | '[' | ']' | '\'' | '"' | '\\' | ',' | ')') || c.is_whitespace() || c.is_control();
    let name = shortened(cursor.clone().run(|c| !ends(c)));
    if name.is_empty() {
        return error.with_hint("name a member like `.email`, or write `[*]` for all");
    }
    error.with_hint(format!("names with other characters than letters, digits and `_` need quotes: `['{name}']`"))
}

/// What can't follow a finished query.
pub fn unexpected(cursor: &Cursor<'_>) -> PathError {
    let error = cursor.error(format!("{} can't follow here", cursor.here()));
    match cursor.peek() {
        Some(' ' | '\t' | '\n' | '\r') if cursor.remaining().trim().is_empty() => {
            error.with_hint("remove the space behind the path")
        }
        Some(']' | ')') => error.with_hint("it closes nothing: remove it"),
        _ => error.with_hint("names with other characters than letters, digits and `_` need quotes: `$['a key']`"),
    }
}

/// `[`, selectors with commas between them, `]`.
fn bracketed(cursor: &mut Cursor<'_>) -> Result<Vec<Selector>, PathError> {
    let start = cursor.at();
    cursor.nested(|cursor| {
        cursor.take("[");
        let mut selectors = Vec::new();
        loop {
            cursor.space();
            selectors.push(selector(cursor)?);
            cursor.space();
            if cursor.take("]") {
                return Ok(selectors);
            }
            if !cursor.take(",") {
                let is_filter = matches!(selectors.last(), Some(Selector::Filter(_)));
                return Err(unclosed(cursor, start, is_filter));
            }
        }
    })
}

fn unclosed(cursor: &Cursor<'_>, start: usize, is_filter: bool) -> PathError {
    if cursor.peek().is_none() {
        return cursor.error_at(start, "this `[` is not closed").with_hint("add the `]`");
    }
    let error = cursor.error(format!("`]` or a comma should be here, not {}", cursor.here()));
    if !is_filter {
        return error.with_hint("several selectors have commas between them: `[0, 2]`, `['a', 'b']`");
    }
    let hint = "conditions are joined by `&&` and `||`; a name with other characters than letters, digits and `_` is \
                written `@['a key']`";
    filter::no_operator(cursor).unwrap_or_else(|| error.with_hint(hint))
}

fn selector(cursor: &mut Cursor<'_>) -> Result<Selector, PathError> {
    match cursor.peek() {
        Some('\'' | '"') => literal::string(cursor).map(|name| Selector::Name(name.into())),
        Some('*') => {
            cursor.take("*");
            Ok(Selector::Wildcard)
        }
        Some('?') => {
            cursor.take("?");
            cursor.space();
            filter::condition(cursor).map(Selector::Filter)
        }
        Some(':' | '-' | '0'..='9') => index_or_slice(cursor),
        _ => Err(no_selector(cursor)),
    }
}

fn no_selector(cursor: &Cursor<'_>) -> PathError {
    let error = cursor.error(format!("a selector should be here, not {}", cursor.here()));
    match cursor.peek() {
        Some(']' | ',') | None => error.with_hint("write `['a key']`, `[0]`, `[*]`, `[0:2]` or `[?@.type == 'home']`"),
        Some('(') => error.with_hint("a filter begins with `?`: `[?(@.type == 'home')]`; the last item is `[-1]`"),
        Some('@') => error.with_hint("a filter begins with `?`: `[?@.type == 'home']`"),
        Some('$') => error.with_hint("a name or an index must be written out: it can't come from the data"),
        Some('+') => error.with_hint("remove the `+`"),
        _ => quoted_instead(cursor, error),
    }
}

fn index_or_slice(cursor: &mut Cursor<'_>) -> Result<Selector, PathError> {
    let from = bound(cursor)?;
    if !cursor.take_spaced(":") {
        return from.map(Selector::Index).ok_or_else(|| no_selector(cursor));
    }
    cursor.space();
    let to = bound(cursor)?;
    if !cursor.take_spaced(":") {
        return Ok(Selector::Slice(from, to, 1));
    }
    cursor.space();
    let by = bound(cursor)?;
    Ok(Selector::Slice(from, to, by.unwrap_or(1)))
}

fn bound(cursor: &mut Cursor<'_>) -> Result<Option<i64>, PathError> {
    match cursor.peek() {
        Some('-' | '0'..='9') => literal::integer(cursor).map(Some),
        _ => Ok(None),
    }
}

/// The segments as keys, if they are names and indexes alone: then they find at most one value.
pub fn singular_keys(segments: &[Segment]) -> Option<Vec<Key>> {
    let key = |segment: &Segment| match segment {
        Segment::Child(selectors) => match selectors.as_slice() {
            [Selector::Name(name)] => Some(Key::Name(name.clone())),
            [Selector::Index(index)] => Some(Key::Index(*index)),
            _ => None,
        },
        Segment::Descendant(_) => None,
    };
    segments.iter().map(key).collect()
}
