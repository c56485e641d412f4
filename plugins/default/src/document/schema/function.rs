//! Functions with their arguments.

use hookmill_json::Value;

use super::section::{part, range};
use super::words::{Members, all_of_any, any_of, bound, integer, list_of, reference, text, texts, typed};
use super::{Schema, closed_object, one_or_more};
use crate::functions::{ArgumentKind, FORMATS_MAX, PATTERN_BYTES_MAX, Parameter, Presence, Spec, registry};

/// The definitions that chains of functions need.
pub fn definitions() -> Schema {
    let alone = registry::registry().filter(|spec| spec.stands_alone()).map(name).collect();
    let called = registry::registry().filter(|spec| !spec.parameters.is_empty());
    let called = called.fold(Members::new(), |members, spec| members.with(spec.name, call(spec)));
    let with_arguments = Members::new()
        .and(closed_object(called, &[]))
        .with("minProperties", Value::integer(1))
        .with("maxProperties", Value::integer(1))
        .build();
    Members::new()
        .with("functions", one_or_more(reference("function")))
        .with("function", any_of([all_of_any(alone), with_arguments]))
        .build()
}

fn name(spec: &Spec) -> Schema {
    Members::new().with("const", text(spec.name)).with("description", text(describe(spec))).build()
}

fn describe(spec: &Spec) -> String {
    let Some(example) = spec.examples.first() else { return spec.summary.to_owned() };
    format!("{} `{}` makes `{}` of `{}`.", spec.summary, example.call, example.output, example.input)
}

/// The argument of a function: the first one as it is, or several by name.
fn call(spec: &Spec) -> Schema {
    let Some(first) = spec.parameters.first() else { return Value::Bool(false) };
    let several = 1 < spec.parameters.len();
    let others_needed = spec.parameters.iter().skip(1).any(|parameter| parameter.presence == Presence::Required);
    let schema = match (first.kind, several) {
        (ArgumentKind::Table | ArgumentKind::Members | ArgumentKind::Names, true) => by_name(spec),
        (kind, false) if kind.takes_a_map() => argument(first),
        _ if others_needed => by_name(spec),
        (ArgumentKind::Fixed, true) => {
            any_of([by_name(spec), Members::new().with("not", typed("object").build()).build()])
        }
        _ => any_of([argument(first), by_name(spec)]),
    };
    Members::new().and(schema).with("description", text(describe(spec))).build()
}

fn by_name(spec: &Spec) -> Schema {
    let properties = spec.parameters.iter().fold(Members::new(), |members, one| members.with(one.name, argument(one)));
    let needed: Vec<&'static str> =
        spec.parameters.iter().filter(|one| one.presence == Presence::Required).map(|one| one.name).collect();
    closed_object(properties, &needed)
}

fn argument(parameter: &Parameter) -> Schema {
    let about = match parameter.presence {
        Presence::Required => parameter.summary.to_owned(),
        Presence::Usual(usual) => format!("{} Usually {usual}.", sentence(parameter.summary)),
        Presence::Optional(otherwise) => format!("{} Without it: {otherwise}.", sentence(parameter.summary)),
    };
    Members::new().and(kind(parameter.kind)).with("description", text(about)).build()
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn kind(kind: ArgumentKind) -> Schema {
    match kind {
        ArgumentKind::Text => scalar().build(),
        ArgumentKind::NonEmpty => scalar().with("minLength", Value::integer(1)).build(),
        ArgumentKind::Whole(min, max) => integer(min, max),
        ArgumentKind::Flag | ArgumentKind::OfBirth => typed("boolean").build(),
        ArgumentKind::Word(words) => Members::new().with("enum", texts(words)).build(),
        ArgumentKind::Fixed => Members::new().build(),
        ArgumentKind::Operand => any_of([typed("number").build(), reference("path")]),
        ArgumentKind::Path => reference("path"),
        ArgumentKind::Paths => reference("paths"),
        ArgumentKind::Inside | ArgumentKind::Condition => check_filled(),
        ArgumentKind::Insides => any_of([
            check_filled(),
            Members::new().and(list_of(check_filled())).with("minItems", Value::integer(1)).build(),
        ]),
        ArgumentKind::Chain => reference("functions"),
        ArgumentKind::Pattern => typed("string").with("maxLength", bound(PATTERN_BYTES_MAX)).build(),
        ArgumentKind::Template => reference("template"),
        ArgumentKind::Format | ArgumentKind::Zone => check_filled(),
        ArgumentKind::Formats => any_of([check_filled(), formats()]),
        ArgumentKind::Region => typed("string").with("pattern", text("^[A-Za-z]{2}$")).build(),
        ArgumentKind::Months => typed("object")
            .with("minProperties", Value::integer(1))
            .with("additionalProperties", integer(1, 12))
            .build(),
        ArgumentKind::Texts => one_or_more(scalar().build()),
        ArgumentKind::Table | ArgumentKind::Members => typed("object").with("minProperties", Value::integer(1)).build(),
        ArgumentKind::Parts => typed("object")
            .with("minProperties", Value::integer(1))
            .with("additionalProperties", any_of([check_filled(), part()]))
            .build(),
        ArgumentKind::Names => typed("object")
            .with("minProperties", Value::integer(1))
            .with("additionalProperties", scalar().with("minLength", Value::integer(1)).build())
            .build(),
        ArgumentKind::Ranges => one_or_more(range()),
    }
}

fn scalar() -> Members {
    Members::new().with("type", texts(&["string", "number", "boolean"]))
}

fn check_filled() -> Schema {
    typed("string").with("minLength", Value::integer(1)).build()
}

fn formats() -> Schema {
    typed("array").with("items", check_filled()).with("maxItems", bound(FORMATS_MAX)).build()
}
