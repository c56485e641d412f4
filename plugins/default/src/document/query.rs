//! From the RFC 9535 parser's tree to the plan's: singular paths become plain steps, patterns are checked, and functions that
//! the RFC does not define are refused.

use jsonpath_rust::parser::model as rfc;
use jsonpath_rust::parser::parse_json_path;

use crate::json::Value;
use crate::plan::owned::{Comparison, Filter, Operand, Pattern, Query, Segment, Selector, Step, Steps};

/// Reads a JSONPath; an error says why it is none.
pub fn read(text: &str) -> Result<Steps, String> {
    let query = parse_json_path(text).map_err(|error| first_line(&error.to_string()))?;
    if let Some(steps) = query.segments.iter().map(singular).collect() {
        return Ok(Steps::Singular(steps));
    }
    Ok(Steps::Many(segments(&query.segments)?))
}

/// The parser draws pictures over several lines; its last line says what it expected.
fn first_line(message: &str) -> String {
    let expected = message.lines().rev().find_map(|line| line.trim().strip_prefix("= "));
    expected.map_or_else(|| message.lines().next().unwrap_or_default().to_owned(), str::to_owned)
}

fn singular(segment: &rfc::Segment) -> Option<Step> {
    match segment {
        rfc::Segment::Selector(rfc::Selector::Name(name)) => Some(Step::Name(name.clone().into())),
        rfc::Segment::Selector(rfc::Selector::Index(index)) => Some(Step::Index(*index)),
        _ => None,
    }
}

fn segments(all: &[rfc::Segment]) -> Result<Vec<Segment>, String> {
    all.iter().map(segment).collect()
}

fn segment(segment: &rfc::Segment) -> Result<Segment, String> {
    match segment {
        rfc::Segment::Descendant(inner) => Ok(Segment::Descendant(selectors(inner)?)),
        other => Ok(Segment::Child(selectors(other)?)),
    }
}

fn selectors(segment: &rfc::Segment) -> Result<Vec<Selector>, String> {
    match segment {
        rfc::Segment::Selector(one) => Ok(vec![selector(one)?]),
        rfc::Segment::Selectors(many) => many.iter().map(selector).collect(),
        rfc::Segment::Descendant(_) => Err("`..` can't follow `..`".to_owned()),
    }
}

fn selector(selector: &rfc::Selector) -> Result<Selector, String> {
    Ok(match selector {
        rfc::Selector::Name(name) => Selector::Name(name.clone().into()),
        rfc::Selector::Wildcard => Selector::Wildcard,
        rfc::Selector::Index(index) => Selector::Index(*index),
        rfc::Selector::Slice(from, to, by) => Selector::Slice(*from, *to, by.unwrap_or(1)),
        rfc::Selector::Filter(condition) => Selector::Filter(filter(condition)?),
    })
}

fn filter(condition: &rfc::Filter) -> Result<Filter, String> {
    match condition {
        rfc::Filter::Or(parts) => Ok(Filter::Any(parts.iter().map(filter).collect::<Result<_, _>>()?)),
        rfc::Filter::And(parts) => Ok(Filter::All(parts.iter().map(filter).collect::<Result<_, _>>()?)),
        rfc::Filter::Atom(rfc::FilterAtom::Filter { expr, not }) => Ok(negated(filter(expr)?, *not)),
        rfc::Filter::Atom(rfc::FilterAtom::Test { expr, not }) => Ok(negated(test(expr)?, *not)),
        rfc::Filter::Atom(rfc::FilterAtom::Comparison(comparison)) => compare(comparison),
    }
}

fn negated(filter: Filter, not: bool) -> Filter {
    if not { Filter::Not(Box::new(filter)) } else { filter }
}

fn test(test: &rfc::Test) -> Result<Filter, String> {
    match test {
        rfc::Test::RelQuery(path) => Ok(Filter::Exists(query(path, false)?)),
        rfc::Test::AbsQuery(path) => Ok(Filter::Exists(query(&path.segments, true)?)),
        rfc::Test::Function(function) => match &**function {
            rfc::TestFunction::Match(text, pattern) => matches(text, pattern, true),
            rfc::TestFunction::Search(text, pattern) => matches(text, pattern, false),
            rfc::TestFunction::Custom(name, _) => Err(format!("there is no function `{name}`")),
            _ => Err("the result of this function must be compared with something".to_owned()),
        },
    }
}

fn matches(text: &rfc::FnArg, pattern: &rfc::FnArg, whole: bool) -> Result<Filter, String> {
    let rfc::FnArg::Literal(rfc::Literal::String(pattern)) = pattern else {
        return Err("a pattern must be a text in quotes: patterns from the data are not used".to_owned());
    };
    let pattern = if whole { format!("^(?:{pattern})$") } else { pattern.clone() };
    let pattern = Pattern::new(pattern).map_err(|why| format!("this pattern can't be used: {}", first_line(&why)))?;
    Ok(Filter::Matches(argument(text)?, pattern))
}

fn compare(comparison: &rfc::Comparison) -> Result<Filter, String> {
    let (left, right) = comparison.vals();
    let (left, right) = (operand(left)?, operand(right)?);
    Ok(match comparison {
        rfc::Comparison::Eq(..) => Filter::Compare(Comparison::Equal, left, right),
        rfc::Comparison::Ne(..) => Filter::Compare(Comparison::NotEqual, left, right),
        rfc::Comparison::Lt(..) => Filter::Compare(Comparison::Less, left, right),
        rfc::Comparison::Lte(..) => Filter::Compare(Comparison::LessOrEqual, left, right),
        rfc::Comparison::Gt(..) => Filter::Compare(Comparison::Less, right, left),
        rfc::Comparison::Gte(..) => Filter::Compare(Comparison::LessOrEqual, right, left),
    })
}

fn operand(comparable: &rfc::Comparable) -> Result<Operand, String> {
    match comparable {
        rfc::Comparable::Literal(value) => Ok(Operand::Literal(literal(value))),
        rfc::Comparable::Function(called) => function(called),
        rfc::Comparable::SingularQuery(rfc::SingularQuery::Current(path)) => {
            Ok(Operand::Value(singular_query(path, false)))
        }
        rfc::Comparable::SingularQuery(rfc::SingularQuery::Root(path)) => {
            Ok(Operand::Value(singular_query(path, true)))
        }
    }
}

fn function(function: &rfc::TestFunction) -> Result<Operand, String> {
    match function {
        rfc::TestFunction::Length(of) => Ok(Operand::Length(Box::new(argument(of)?))),
        rfc::TestFunction::Count(of) => match argument(of)? {
            Operand::Value(query) => Ok(Operand::Count(query)),
            _ => Err("`count` needs a path".to_owned()),
        },
        rfc::TestFunction::Value(of) => argument(of),
        rfc::TestFunction::Custom(name, _) => Err(format!("there is no function `{name}`")),
        rfc::TestFunction::Search(..) | rfc::TestFunction::Match(..) => {
            Err("`match` and `search` are true or false already: don't compare them".to_owned())
        }
    }
}

fn argument(argument: &rfc::FnArg) -> Result<Operand, String> {
    match argument {
        rfc::FnArg::Literal(value) => Ok(Operand::Literal(literal(value))),
        rfc::FnArg::Test(test) => match &**test {
            rfc::Test::RelQuery(path) => Ok(Operand::Value(query(path, false)?)),
            rfc::Test::AbsQuery(path) => Ok(Operand::Value(query(&path.segments, true)?)),
            rfc::Test::Function(called) => function(called),
        },
        rfc::FnArg::Filter(_) => Err("a condition can't be the argument of a function".to_owned()),
    }
}

fn query(path: &[rfc::Segment], absolute: bool) -> Result<Query, String> {
    Ok(Query { absolute, segments: segments(path)? })
}

fn singular_query(path: &[rfc::SingularQuerySegment], absolute: bool) -> Query {
    let child = |step: &rfc::SingularQuerySegment| {
        Segment::Child(vec![match step {
            rfc::SingularQuerySegment::Index(index) => Selector::Index(*index),
            rfc::SingularQuerySegment::Name(name) => Selector::Name(name.clone().into()),
        }])
    };
    Query { absolute, segments: path.iter().map(child).collect() }
}

fn literal(literal: &rfc::Literal) -> Value<'static> {
    match literal {
        rfc::Literal::Int(number) => Value::integer(*number),
        // Bounded to digits that a float keeps, see `PATH_NUMBER_DIGITS_MAX`; written without an exponent.
        rfc::Literal::Float(number) => Value::Number(number.to_string().into()),
        rfc::Literal::String(text) => Value::text(text.clone()),
        rfc::Literal::Bool(value) => Value::Bool(*value),
        rfc::Literal::Null => Value::Null,
    }
}
