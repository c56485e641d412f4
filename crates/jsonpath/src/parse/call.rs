//! Words in conditions: `true`, `false`, `null`, and the functions of RFC 9535 (2.4) with the types of their arguments.

use hookmill_json::Value;

use super::cursor::{Cursor, PathError};
use super::filter::{Term, operand, term};
use super::iregexp;
use super::shortened;
use crate::ast::owned::{Filter, Operand, Pattern, Query};

/// The functions of the RFC.
const FUNCTIONS: [&str; 5] = ["length", "count", "value", "match", "search"];

/// An argument, and where it begins.
type Argument = (usize, Term);

/// A literal that is a word, or a function.
pub fn word(cursor: &mut Cursor<'_>) -> Result<Term, PathError> {
    let start = cursor.at();
    let name = cursor.run(|c| c.is_ascii_alphanumeric() || c == '_');
    if cursor.peek() == Some('(') {
        let arguments = cursor.nested(arguments)?;
        return called(cursor, name, start, arguments);
    }
    match name {
        "true" => Ok(Term::Literal(Value::Bool(true))),
        "false" => Ok(Term::Literal(Value::Bool(false))),
        "null" => Ok(Term::Literal(Value::Null)),
        _ => Err(no_word(cursor, name, start)),
    }
}

fn no_word(cursor: &Cursor<'_>, name: &str, start: usize) -> PathError {
    let error = cursor.error_at(start, format!("`{}` is not a value", shortened(name)));
    let lower = name.to_ascii_lowercase();
    if ["true", "false", "null"].contains(&lower.as_str()) {
        return error.with_hint(format!("write `{lower}`"));
    }
    if FUNCTIONS.contains(&name) {
        return error.with_hint(format!("a function has its arguments right behind its name: `{name}(...)`"));
    }
    let name = shortened(name);
    error.with_hint(format!("a text needs quotes: `'{name}'`; a member of the item is `@.{name}`"))
}

fn arguments(cursor: &mut Cursor<'_>) -> Result<Vec<Argument>, PathError> {
    cursor.take("(");
    cursor.space();
    let mut arguments = Vec::new();
    if cursor.take(")") {
        return Ok(arguments);
    }
    loop {
        cursor.space();
        let start = cursor.at();
        arguments.push((start, term(cursor)?));
        cursor.space();
        if cursor.take(")") {
            return Ok(arguments);
        }
        if !cursor.take(",") {
            let error = cursor.error(format!("`)` or a comma should be here, not {}", cursor.here()));
            return Err(error.with_hint("an argument is a path, a value or a function, never a condition"));
        }
    }
}

fn called(cursor: &Cursor<'_>, name: &str, start: usize, arguments: Vec<Argument>) -> Result<Term, PathError> {
    if !FUNCTIONS.contains(&name) {
        let error = cursor.error_at(start, format!("there is no function `{}`", shortened(name)));
        return Err(PathError { hint: Some(suggest_function(name)), ..error });
    }
    let mut arguments = arguments.into_iter();
    let many = (arguments.next(), arguments.next(), arguments.next());
    match (name, many) {
        ("length", (Some(of), None, _)) => Ok(Term::Value(Operand::Length(Box::new(value(cursor, of)?)))),
        ("count", (Some(of), None, _)) => Ok(Term::Value(Operand::Count(query(cursor, name, of)?))),
        ("value", (Some(of), None, _)) => Ok(Term::Value(match query(cursor, name, of)? {
            Query::Single(query) => Operand::Single(query),
            query => Operand::Only(query),
        })),
        ("match", (Some(text), Some(pattern), None)) => matches(cursor, text, pattern, true),
        ("search", (Some(text), Some(pattern), None)) => matches(cursor, text, pattern, false),
        _ => {
            let (count, example) = match name {
                "match" | "search" => ("two arguments", format!("{name}(@.zip, '[0-9]+')")),
                _ => ("one argument", format!("{name}(@.list)")),
            };
            Err(cursor
                .error_at(start, format!("`{name}` takes {count}"))
                .with_hint(format!("write it like `{example}`")))
        }
    }
}

/// The function that a misspelt name probably means, else all of them.
fn suggest_function(name: &str) -> String {
    let distance = |known: &&str| strsim::osa_distance(&name.to_ascii_lowercase(), known);
    let tolerated = |known: &&str| 1 + known.len().min(name.len()) / 4;
    let near = FUNCTIONS.into_iter().filter(|known| distance(known) <= tolerated(known)).min_by_key(distance);
    near.map_or_else(|| format!("known here: {}", FUNCTIONS.join(", ")), |known| format!("did you mean `{known}`?"))
}

fn value(cursor: &Cursor<'_>, (start, term): Argument) -> Result<Operand, PathError> {
    if let Term::Query(Query::Many(..)) = term {
        let error = cursor.error_at(start, "this path can find several values, but the function takes one");
        return Err(error.with_hint("use names and indexes only, or put it into `value(...)`"));
    }
    operand(cursor, term, start)
}

fn query(cursor: &Cursor<'_>, name: &str, (start, term): Argument) -> Result<Query, PathError> {
    match term {
        Term::Query(query) => Ok(query),
        _ => {
            let error = cursor.error_at(start, format!("`{name}` takes a path"));
            Err(error.with_hint(format!("write it like `{name}(@.list[*])`")))
        }
    }
}

/// A pattern from the data is never built: whoever sends the data could make it costly, or make it match.
fn matches(cursor: &Cursor<'_>, text: Argument, (at, pattern): Argument, whole: bool) -> Result<Term, PathError> {
    let Term::Literal(Value::Text(pattern)) = pattern else {
        let error = cursor.error_at(at, "a pattern must be a text in quotes: patterns from the data are not used");
        return Err(error.with_hint("write it like `match(@.zip, '[0-9]{5}')`"));
    };
    let rejected = |why: iregexp::PatternError| {
        let message = format!("the pattern `{}` can't be used: {}", shortened(&pattern), why.message);
        cursor.error_at(at, message).with_hint(why.hint)
    };
    let translated = iregexp::translated(&pattern).map_err(rejected)?;
    let enveloped = if whole { format!("^(?:{translated})$") } else { translated };
    let built = Pattern::new(enveloped).map_err(|why| rejected(iregexp::PatternError::not_built(why)))?;
    Ok(Term::Truth(Filter::Matches(value(cursor, text)?, built)))
}
