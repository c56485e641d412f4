//! Functions with regular expressions. They run in linear time, and on bounded texts, for linear time is still time.

use std::borrow::Cow;

use hookmill_json::Value;
use regex_lite::{Captures, Regex};

use super::call::Call;
use super::error::{FunctionError, check_output_size};
use super::limits::{PATTERN_INPUT_BYTES_MAX, PATTERN_MATCHES_MAX};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Parameter, Run, Spec, example, optional, required, usually};
use crate::plan::Expression;

const PATTERN: Parameter = required("pattern", ArgumentKind::Pattern, "the regular expression");

const GROUP: Parameter = optional(
    "group",
    ArgumentKind::Whole(0, 20),
    "the first group, or the whole where the expression has none",
    "which group to take; 0 is the whole",
);

const PATTERNS: Spec = Spec {
    errors: &[
        ("input_too_large", "the text is larger than PATTERN_INPUT_BYTES_MAX"),
        ("too_many_matches", "there are more matches than PATTERN_MATCHES_MAX"),
    ],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "extract",
        summary: "Takes what a regular expression finds first; missing when it finds nothing.",
        parameters: &[PATTERN, GROUP],
        on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "[]", "wrong_type"]),
        examples: &[
            example(r"{extract: 'utm_source=(\w+)'}", r#""?utm_source=g&x=1""#, r#""g""#),
            example(r"{extract: {pattern: '(\d+)-(\d+)', group: 2}}", r#""1-22""#, r#""22""#),
            example(r"{extract: '\d+'}", r#""none""#, "missing"),
        ],
        run: Run::Read(extract),
        ..PATTERNS
    },
    Spec {
        name: "extract_all",
        summary: "Lists all that a regular expression finds.",
        gives: Kind::List,
        lists: Lists::InRow,
        parameters: &[PATTERN, GROUP],
        on_empty: EmptyInput::of(["missing", "null", "[]", "[\"0\"]", "[]", "wrong_type"]),
        examples: &[example(r"{extract_all: '\d+'}", r#""1 and 22""#, r#"["1","22"]"#)],
        run: Run::Read(extract_all),
        ..PATTERNS
    },
    Spec {
        name: "replace_pattern",
        summary: "Replaces all that a regular expression finds; `$1` and `${name}` are its groups, `$$` is a dollar.",
        parameters: &[PATTERN, usually("with", ArgumentKind::Text, "''", "what stands in its place")],
        examples: &[
            example(r"{replace_pattern: {pattern: '(\w+) (\w+)', with: '$2, $1'}}", r#""Jane Doe""#, r#""Doe, Jane""#),
            example(r"{replace_pattern: '\s+'}", r#""a  b""#, r#""ab""#),
        ],
        run: Run::Text(replace),
        ..PATTERNS
    },
    Spec {
        name: "is_match",
        summary: "Says whether a regular expression is found in a text.",
        gives: Kind::Boolean,
        parameters: &[PATTERN],
        on_empty: EmptyInput::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        examples: &[example(r"{is_match: '^\d{5}$'}", r#""02139""#, "true")],
        run: Run::Read(|text, call| {
            let (expression, _) = expression_for(text, call)?;
            Ok(Some(Value::Bool(expression.is_match(text))))
        }),
        ..PATTERNS
    },
];

/// The expression and what is built of it.
fn expression_for<'t>(text: &str, call: &Call<'_, 't>) -> Result<(&'t Expression<'t>, &'t Regex), FunctionError> {
    if text.len() > PATTERN_INPUT_BYTES_MAX {
        let bound =
            format!("is larger than {PATTERN_INPUT_BYTES_MAX} bytes (PATTERN_INPUT_BYTES_MAX); shorten it before");
        return Err(FunctionError::of_text("input_too_large", text, &bound));
    }
    let damaged = || FunctionError::new("bad_plan", "the regular expression can't be built; save the document again");
    let expression = call.expression(0).ok_or_else(damaged)?;
    call.context.spend(hookmill_jsonpath::match_cost(expression.text(), text.len()))?;
    Ok((expression, expression.regex().ok_or_else(damaged)?))
}

/// The wanted group, or the first one, or the whole.
fn group<'h>(captures: &Captures<'h>, call: &Call<'_, '_>) -> Option<&'h str> {
    let group = call.size(1).unwrap_or(usize::from(captures.len() > 1));
    captures.get(group).map(|found| found.as_str())
}

fn extract(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let (expression, regex) = expression_for(text, call)?;
    // To find the whole takes less than to find its groups.
    let found = match call.size(1) {
        Some(0) => expression.find(text),
        None if regex.captures_len() == 1 => expression.find(text),
        _ => expression.captures(text).and_then(|captures| group(&captures, call)),
    };
    Ok(found.map(|found| Value::text(found.to_owned())))
}

fn extract_all(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let mut found = Vec::new();
    for (count, captures) in expression_for(text, call)?.1.captures_iter(text).enumerate() {
        within_matches(count, text)?;
        spend_on_rest(&captures, text, call)?;
        found.extend(group(&captures, call).map(|found| Value::text(found.to_owned())));
    }
    Ok(Some(Value::List(found)))
}

/// To know that a match is the longest, all that follows may have to be read.
fn spend_on_rest(captures: &Captures<'_>, text: &str, call: &Call<'_, '_>) -> Result<(), FunctionError> {
    let end = captures.get(0).map_or(0, |whole| whole.end());
    call.context.spend((text.len() - end) * hookmill_jsonpath::STEPS_PER_BYTE)
}

fn within_matches(count: usize, text: &str) -> Result<(), FunctionError> {
    if count < PATTERN_MATCHES_MAX {
        return Ok(());
    }
    let bound = format!("has more than {PATTERN_MATCHES_MAX} matches (PATTERN_MATCHES_MAX)");
    Err(FunctionError::of_text("too_many_matches", text, &bound))
}

fn replace<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let (mut out, mut end) = (String::new(), 0);
    for (count, captures) in expression_for(text, call)?.1.captures_iter(text).enumerate() {
        within_matches(count, text)?;
        spend_on_rest(&captures, text, call)?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[end..whole.start()]);
        captures.expand(call.text_or_empty(1), &mut out);
        end = whole.end();
        check_output_size(out.len(), text.len(), call.name)?;
    }
    if end == 0 && out.is_empty() {
        return Ok(text.into());
    }
    out.push_str(&text[end..]);
    Ok(out.into())
}
