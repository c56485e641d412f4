//! Conditions (RFC 9535, 2.3.5), with their types checked: what is compared is one value, what stands alone is true or false.

use hookmill_json::Value;

use super::call;
use super::cursor::{Cursor, PathError};
use super::literal;
use super::segment::{segments, singular_keys};
use super::shortened;
use crate::ast::owned::{Comparison, Filter, Operand, Query, Singular, Start};

/// What stands in a condition, before it is known whether it is compared.
pub enum Term {
    /// A fixed value.
    Literal(Value<'static>),
    /// A query.
    Query(Query),
    /// A function that gives a value.
    Value(Operand),
    /// A function that gives true or false.
    Truth(Filter),
}

/// Operators and what they mean; the longer ones first. The last says whether the sides change places.
const OPERATORS: [(&str, Comparison, bool); 6] = [
    ("==", Comparison::Equal, false),
    ("!=", Comparison::NotEqual, false),
    ("<=", Comparison::LessOrEqual, false),
    (">=", Comparison::LessOrEqual, true),
    ("<", Comparison::Less, false),
    (">", Comparison::Less, true),
];

/// Conditions with `||` between them.
pub fn condition(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let first = all(cursor)?;
    let mut parts = vec![first];
    while cursor.take_spaced("||") {
        cursor.space();
        parts.push(all(cursor)?);
    }
    Ok(joined(parts, Filter::Any))
}

fn all(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let first = basic(cursor)?;
    let mut parts = vec![first];
    while cursor.take_spaced("&&") {
        cursor.space();
        parts.push(basic(cursor)?);
    }
    Ok(joined(parts, Filter::All))
}

fn joined(mut parts: Vec<Filter>, join: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn basic(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let is_negated = cursor.take("!");
    cursor.space();
    let start = cursor.at();
    let filter = if cursor.peek() == Some('(') { parenthesised(cursor)? } else { bare(cursor, is_negated, start)? };
    Ok(if is_negated { Filter::Not(Box::new(filter)) } else { filter })
}

fn parenthesised(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let start = cursor.at();
    let inside = cursor.nested(|cursor| {
        cursor.take("(");
        cursor.space();
        let inside = condition(cursor)?;
        cursor.space();
        if cursor.take(")") {
            return Ok(inside);
        }
        if cursor.peek().is_none() {
            return Err(cursor.error_at(start, "this `(` is not closed").with_hint("add the `)`"));
        }
        Err(no_operator(cursor).unwrap_or_else(|| {
            let error = cursor.error(format!("`)`, `&&` or `||` should be here, not {}", cursor.here()));
            error.with_hint("write it like `(@.a == 1 || @.b == 2) && @.c`")
        }))
    })?;
    if operator(&mut cursor.clone()).is_some() {
        let error = cursor.error("a condition in parentheses is true or false already and can't be compared");
        return Err(error.with_hint("remove the parentheses around what is compared"));
    }
    Ok(inside)
}

/// A comparison or a test.
fn bare(cursor: &mut Cursor<'_>, is_negated: bool, start: usize) -> Result<Filter, PathError> {
    let left = term(cursor)?;
    let mut after = cursor.clone();
    let Some((comparison, is_turned)) = operator(&mut after) else { return test(cursor, left, start) };
    if is_negated {
        let error = cursor.error_at(start, "a comparison after `!` needs parentheses");
        return Err(error.with_hint("write `!(@.a == 1)`, or `@.a != 1`"));
    }
    let left = operand(cursor, left, start)?;
    *cursor = after;
    cursor.space();
    let start = cursor.at();
    let right = term(cursor)?;
    let right = operand(cursor, right, start)?;
    let (left, right) = if is_turned { (right, left) } else { (left, right) };
    Ok(Filter::Compare(comparison, left, right))
}

fn operator(cursor: &mut Cursor<'_>) -> Option<(Comparison, bool)> {
    OPERATORS.iter().find(|known| cursor.take_spaced(known.0)).map(|known| (known.1, known.2))
}

/// What is often written where an operator should be, and what to write.
pub fn no_operator(cursor: &Cursor<'_>) -> Option<PathError> {
    const TAUGHT: [(&str, &str); 8] = [
        ("=~", "write `match(@.a, 'pattern')` or `search(@.a, 'pattern')`"),
        ("=", "write `==`"),
        ("&", "write `&&`"),
        ("|", "write `||`"),
        ("and", "write `&&`"),
        ("or", "write `||`"),
        ("in", "compare with each: `@.a == 'x' || @.a == 'y'`"),
        ("!", "write `!=`"),
    ];
    if operator(&mut cursor.clone()).is_some() {
        return Some(cursor.error("a second comparison can't follow").with_hint("join comparisons with `&&` or `||`"));
    }
    let (found, hint) = TAUGHT.iter().find(|taught| cursor.remaining().starts_with(taught.0))?;
    Some(cursor.error(format!("`{found}` is not an operator")).with_hint(*hint))
}

/// What stands alone: whether a query finds anything, or a function that is true or false.
fn test(cursor: &Cursor<'_>, term: Term, start: usize) -> Result<Filter, PathError> {
    match term {
        Term::Query(query) => Ok(Filter::Exists(query)),
        Term::Truth(filter) => Ok(filter),
        Term::Literal(_) => {
            let error = cursor.error_at(start, "a value alone is not a condition");
            Err(error.with_hint("compare it: `@.type == 'home'`"))
        }
        Term::Value(_) => {
            let error = cursor.error_at(start, "what this function gives must be compared with something");
            Err(error.with_hint("write it like `length(@.name) > 2`"))
        }
    }
}

/// What is compared, and what a function takes as one value.
pub fn operand(cursor: &Cursor<'_>, term: Term, start: usize) -> Result<Operand, PathError> {
    match term {
        Term::Literal(value) => Ok(Operand::Literal(value)),
        Term::Query(Query::Single(query)) => Ok(Operand::Single(query)),
        Term::Value(operand) => Ok(operand),
        Term::Query(Query::Many(..)) => {
            let query = shortened(cursor.since(start));
            let error = cursor.error_at(start, format!("`{query}` can find several values, but one is needed here"));
            Err(error.with_hint(format!("use names and indexes only, or `value({query})`, or `count({query})`")))
        }
        Term::Truth(_) => {
            let error =
                cursor.error_at(start, "`match` and `search` are true or false already: they can't be compared");
            Err(error.with_hint("write `match(@.a, 'x.*')`, or `!match(@.a, 'x.*')`"))
        }
    }
}

/// A literal, a query or a function.
pub fn term(cursor: &mut Cursor<'_>) -> Result<Term, PathError> {
    match cursor.peek() {
        Some('\'' | '"') => literal::string(cursor).map(|text| Term::Literal(Value::Text(text.into()))),
        Some('-' | '0'..='9') => literal::number(cursor).map(|text| Term::Literal(Value::Number(text.into()))),
        Some('@') => query(cursor, Start::Current),
        Some('$') => query(cursor, Start::Root),
        Some('a'..='z' | 'A'..='Z' | '_') => call::word(cursor),
        _ => Err(no_term(cursor)),
    }
}

fn no_term(cursor: &Cursor<'_>) -> PathError {
    let error = cursor.error(format!("a value or a path should be here, not {}", cursor.here()));
    match cursor.peek() {
        Some('[' | '{') => error.with_hint("a list or an object can't be written here; compare its parts"),
        Some('.') => error.with_hint("a path begins with `@` or `$`, a number with a digit"),
        Some('=') => error.with_hint("write `==` or `!=`"),
        Some('+') => error.with_hint("remove the `+`"),
        Some('(' | '!') => error.with_hint("a condition can't be compared, nor be the argument of a function"),
        _ => error.with_hint("write it like `[?@.type == 'home']`: `@` is the item, texts stand in quotes"),
    }
}

fn query(cursor: &mut Cursor<'_>, start: Start) -> Result<Term, PathError> {
    cursor.next();
    let segments = segments(cursor)?;
    Ok(Term::Query(match singular_keys(&segments) {
        Some(keys) => Query::Single(Singular { start, keys }),
        None => Query::Many(start, segments),
    }))
}
