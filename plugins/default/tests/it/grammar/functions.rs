//! Calls of every function of the registry, their arguments made by what each declares.

use hookmill_plugin_default::functions::registry::registry;
use hookmill_plugin_default::functions::{ArgumentKind, Parameter, Presence, Spec};
use serde_json::{Map, Value, json};

use super::paths::{self, Stage};
use super::values::{fixed, text};
use super::{Draw, rules};

/// How deep chains inside chains go: one more than is allowed.
const DEPTH_MAX: usize = 5;

/// Functions in order.
pub fn chain(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    Value::from(draw.several(3, |draw| call(draw, stage, depth)))
}

/// One function with its arguments.
fn call(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    let specs: Vec<&'static Spec> = registry().collect();
    let spec = draw.one(&specs);
    let mut arguments = Map::new();
    for parameter in spec.parameters.iter().filter(|_| depth < DEPTH_MAX) {
        if parameter.presence == Presence::Required || draw.once_in(2) {
            arguments.insert(parameter.name.to_owned(), argument(draw, parameter, stage, depth));
        }
    }
    match (spec.parameters, arguments.len()) {
        (_, 0) => Value::from(spec.name),
        ([only], _) if only.kind.takes_a_map() => json!({spec.name: arguments.remove(only.name)}),
        _ => json!({spec.name: arguments}),
    }
}

fn argument(draw: &mut Draw<'_>, parameter: &Parameter, stage: Stage, depth: usize) -> Value {
    match parameter.kind {
        ArgumentKind::Text => Value::from(text(draw)),
        ArgumentKind::NonEmpty => Value::from(draw.word(&["a", ", ", ".", "s", "served_zips", "id"])),
        ArgumentKind::Whole(from, to) => Value::from(draw.whole(from, to)),
        ArgumentKind::Flag | ArgumentKind::OfBirth => Value::from(draw.once_in(2)),
        ArgumentKind::Word(words) => Value::from(draw.word(words)),
        ArgumentKind::Fixed => fixed(draw),
        ArgumentKind::Operand => match draw.once_in(2) {
            true => Value::from(paths::path(draw, stage)),
            false => number(draw),
        },
        ArgumentKind::Path => Value::from(paths::path(draw, stage)),
        ArgumentKind::Paths => Value::from(draw.several(3, |draw| paths::path(draw, stage))),
        ArgumentKind::Inside => Value::from(paths::inside(draw)),
        ArgumentKind::Insides => Value::from(draw.several(3, paths::inside)),
        ArgumentKind::Condition => Value::from(paths::condition(draw)),
        ArgumentKind::Chain => chain(draw, stage, depth + 1),
        ArgumentKind::Pattern => Value::from(pattern(draw)),
        ArgumentKind::Template => Value::from(template(draw, stage)),
        ArgumentKind::Format => Value::from(format(draw)),
        ArgumentKind::Formats => Value::from(draw.several(3, format)),
        ArgumentKind::Zone => Value::from(draw.word(&["UTC", "America/New_York", "Australia/Lord_Howe", "x/y"])),
        ArgumentKind::Region => Value::from(draw.word(&["US", "GB", "001", "de", "XX"])),
        ArgumentKind::Texts => Value::from(draw.several(4, text)),
        ArgumentKind::Months => {
            let entries = draw.several(4, |draw| (text(draw), Value::from(draw.whole(0, 13))));
            Value::Object(entries.into_iter().collect())
        }
        ArgumentKind::Table | ArgumentKind::Members => {
            let entries = draw.several(4, |draw| (text(draw), fixed(draw)));
            Value::Object(entries.into_iter().collect())
        }
        ArgumentKind::Parts => {
            let parts = draw.several(3, |draw| (text(draw), part(draw, stage, depth + 1)));
            Value::Object(parts.into_iter().collect())
        }
        ArgumentKind::Names => {
            let entries = draw.several(4, |draw| (text(draw), Value::from(text(draw))));
            Value::Object(entries.into_iter().collect())
        }
        ArgumentKind::Ranges => Value::from(draw.several(3, range)),
    }
}

/// A member of an object that is made.
fn part(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    let then = chain(draw, stage, depth);
    match draw.count(4) {
        0 => json!({"from": paths::path(draw, stage), "then": then}),
        1 => json!({"template": template(draw, stage), "then": then}),
        2 => json!({"value": fixed(draw), "then": then}),
        3 => json!({"path": paths::inside(draw), "then": then}),
        _ => Value::from(paths::inside(draw)),
    }
}

fn range(draw: &mut Draw<'_>) -> Value {
    json!({"from": number(draw), "below": number(draw), "is": fixed(draw)})
}

/// A number of the document.
pub fn number(draw: &mut Draw<'_>) -> Value {
    let texts =
        ["1", "0", "-2.5", "100", "1e3", "1e999999999", "0.000000000000000000001", "123456789012345678901234567890"];
    serde_json::from_str(draw.one(&texts)).unwrap_or_default()
}

/// A regular expression.
pub fn pattern(draw: &mut Draw<'_>) -> String {
    draw.word(&[
        "a",
        "^(a|b)*$",
        r"(\w+)\s*(\d+)?",
        r"\p{L}+",
        "(?i)[a-z]{2,5}",
        "((a{10}){10}){3}",
        "((a{100}){100}){100}",
        "",
        "(?m)^.*$",
        ".*?",
        r"(?<x>[^@]+)@",
        "(",
    ])
}

fn format(draw: &mut Draw<'_>) -> String {
    draw.word(&["%Y-%m-%d", "%m/%d/%Y", "%F %T%z", "%s", "%d %B %Y", "%A %j %y", "%I:%M %p %.f%:z", "%%", "%Y%Y", ""])
}

/// A template of a stage.
pub fn template(draw: &mut Draw<'_>, stage: Stage) -> String {
    let places =
        draw.several(4, |draw| format!("{}{{{{ {} }}}}", text(draw).replace("{{", ""), paths::path(draw, stage)));
    format!("{}{{{{ {} }}}}", places.concat(), paths::path(draw, stage))
}

/// How a value is made.
pub fn recipe(draw: &mut Draw<'_>, stage: Stage) -> Value {
    let mut made = match draw.count(5) {
        0 => json!({"template": template(draw, stage)}),
        1 => json!({"value": fixed(draw)}),
        2 => json!({"from": draw.several(3, |draw| alternative(draw, stage))}),
        _ => json!({"from": paths::path(draw, stage)}),
    };
    let keys: [(&str, &[&str]); 4] = [
        ("on_missing", &["omit", "null", "fail"]),
        ("on_null", &["keep", "omit", "fail"]),
        ("on_blank", &["keep", "omit", "null", "fail"]),
        ("on_error", &["keep_raw", "fail", "omit", "null"]),
    ];
    for (key, words) in keys {
        if draw.once_in(2) {
            made[key] = policy(draw, words);
        }
    }
    if draw.once_in(8) {
        made["when"] = rules::condition(draw, stage, 2);
    }
    made["then"] = chain(draw, stage, 0);
    made
}

fn alternative(draw: &mut Draw<'_>, stage: Stage) -> Value {
    match draw.count(2) {
        0 => Value::from(paths::path(draw, stage)),
        1 => json!({"template": template(draw, stage), "then": chain(draw, stage, 0)}),
        _ => json!({"path": paths::path(draw, stage), "then": chain(draw, stage, 0)}),
    }
}

fn policy(draw: &mut Draw<'_>, words: &[&str]) -> Value {
    if draw.once_in(4) { json!({"default": fixed(draw)}) } else { Value::from(draw.word(words)) }
}
