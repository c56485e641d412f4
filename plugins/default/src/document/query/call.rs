//! Words in conditions: `true`, `false`, `null`, and the functions of RFC 9535 (2.4) with the types of their arguments.

use super::super::check::shortened;
use super::super::suggest::nearest;
use super::cursor::{Cursor, Wrong};
use super::filter::{Term, operand, term};
use super::pattern;
use crate::plan::owned::{Filter, Operand, Pattern, Query};
use hookmill_json::Value;

const FUNCTIONS: [&str; 5] = ["length", "count", "value", "match", "search"];

/// An argument, and where it begins.
type Argument = (usize, Term);

/// A literal that is a word, or a function.
pub fn word(cursor: &mut Cursor<'_>) -> Result<Term, Wrong> {
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

fn no_word(cursor: &Cursor<'_>, name: &str, start: usize) -> Wrong {
    let wrong = cursor.wrong_at(start, format!("`{}` is no value", shortened(name)));
    let lower = name.to_ascii_lowercase();
    if ["true", "false", "null"].contains(&lower.as_str()) {
        return wrong.mend(format!("write `{lower}`"));
    }
    if FUNCTIONS.contains(&name) {
        return wrong.mend(format!("a function has its arguments right behind its name: `{name}(...)`"));
    }
    let name = shortened(name);
    wrong.mend(format!("a text needs quotes: `'{name}'`; a member of the item is `@.{name}`"))
}

fn arguments(cursor: &mut Cursor<'_>) -> Result<Vec<Argument>, Wrong> {
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
            let wrong = cursor.wrong(format!("`)` or a comma should be here, not {}", cursor.here()));
            return Err(wrong.mend("an argument is a path, a value or a function, never a condition"));
        }
    }
}

fn called(cursor: &Cursor<'_>, name: &str, start: usize, arguments: Vec<Argument>) -> Result<Term, Wrong> {
    if !FUNCTIONS.contains(&name) {
        let wrong = cursor.wrong_at(start, format!("there is no function `{}`", shortened(name)));
        return Err(Wrong { mend: nearest(name, &FUNCTIONS), ..wrong });
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
            Err(cursor.wrong_at(start, format!("`{name}` takes {count}")).mend(format!("write it like `{example}`")))
        }
    }
}

fn value(cursor: &Cursor<'_>, (start, term): Argument) -> Result<Operand, Wrong> {
    if let Term::Query(Query::Many(..)) = term {
        let wrong = cursor.wrong_at(start, "this path can find several values, but the function takes one");
        return Err(wrong.mend("use names and indexes only, or put it into `value(...)`"));
    }
    operand(cursor, term, start)
}

fn query(cursor: &Cursor<'_>, name: &str, (start, term): Argument) -> Result<Query, Wrong> {
    match term {
        Term::Query(query) => Ok(query),
        _ => {
            let wrong = cursor.wrong_at(start, format!("`{name}` takes a path"));
            Err(wrong.mend(format!("write it like `{name}(@.list[*])`")))
        }
    }
}

/// A pattern from the data is never built: whoever sends the data could make it costly, or make it match.
fn matches(cursor: &Cursor<'_>, text: Argument, (at, pattern): Argument, whole: bool) -> Result<Term, Wrong> {
    let Term::Literal(Value::Text(pattern)) = pattern else {
        let wrong = cursor.wrong_at(at, "a pattern must be a text in quotes: patterns from the data are not used");
        return Err(wrong.mend("write it like `match(@.zip, '[0-9]{5}')`"));
    };
    let refused = |why: pattern::Odd| {
        let message = format!("the pattern `{}` can't be used: {}", shortened(&pattern), why.message);
        cursor.wrong_at(at, message).mend(why.mend)
    };
    let translated = pattern::translated(&pattern).map_err(refused)?;
    let enveloped = if whole { format!("^(?:{translated})$") } else { translated };
    let built = Pattern::new(enveloped).map_err(|why| refused(pattern::Odd::not_built(why)))?;
    Ok(Term::Truth(Filter::Matches(value(cursor, text)?, built)))
}
