//! Conditions and rules, each operator with what it is compared with.

use hookmill_json::Value;

use super::super::keys;
use super::super::limits::{PATTERN_BYTES_MAX, RULES_MAX, SET_NAME_BYTES_MAX};
use super::words::{Members, all_of_any, any_of, bound, integer, reference, required, text, texts, typed, when};
use super::{Schema, closed_object, of_key};
use crate::plan::{Kind, OPERATORS, OperatorSpec, Wants};

/// The definitions that rules need.
pub fn definitions() -> Schema {
    let rules = typed("array").with("items", reference("rule")).with("maxItems", bound(RULES_MAX)).build();
    let conditions = typed("array")
        .with("items", reference("one_condition"))
        .with("minItems", Value::integer(1))
        .with("maxItems", bound(RULES_MAX))
        .build();
    Members::new()
        .with("rules", rules)
        .with("rule", forms(&keys::RULE))
        .with("condition", any_of([reference("one_condition"), reference("conditions")]))
        .with("conditions", conditions)
        .with("one_condition", forms(&[keys::REASON]))
        .with("operator", operators())
        .build()
}

/// A condition that compares or is made of others; `besides` it has these keys.
fn forms(besides: &[keys::KeySpec]) -> Schema {
    let groups =
        keys::GROUPS.iter().map(|group| closed_object(properties(&[&[*group], besides].concat()), &[group.name]));
    all_of_any([comparison(besides)].into_iter().chain(groups).collect())
}

fn properties(keys: &[keys::KeySpec]) -> Members {
    keys.iter().fold(Members::new(), |members, key| members.with(key.name, of_key(key)))
}

fn comparison(besides: &[keys::KeySpec]) -> Schema {
    let all = [&keys::COMPARISON, besides].concat();
    let one = any_of([required(&["field"]), required(&["fields"])]);
    Members::new()
        .and(closed_object(properties(&all), &["op"]))
        .and(one)
        .with("allOf", Value::List(OPERATORS.iter().map(with_operand).collect()))
        .build()
}

fn operators() -> Schema {
    let one = |declared: &OperatorSpec| {
        Members::new().with("const", text(declared.name)).with("description", text(declared.about)).build()
    };
    all_of_any(OPERATORS.iter().map(one).collect())
}

/// What stands beside an operator, and what does not.
fn with_operand(declared: &OperatorSpec) -> Schema {
    let is_this = Members::new()
        .with(
            "properties",
            Members::new().with("op", Members::new().with("const", text(declared.name)).build()).build(),
        )
        .and(required(&["op"]))
        .build();
    let operands = operands(declared);
    let mut properties = Members::new();
    for key in ["value", "values", "set", "other"] {
        let operand = operands.iter().find(|(name, _)| *name == key);
        properties = properties.with(key, operand.map_or(Value::Bool(false), |(_, schema)| schema.clone()));
    }
    if !declared.has_case {
        properties = properties.with("ignore_case", Members::new().with("const", Value::Bool(false)).build());
    }
    if declared.wants != Wants::Fields {
        properties = properties.with("fields", Value::Bool(false));
    }
    let mut then = Members::new().with("properties", properties.build());
    if !operands.is_empty() && declared.wants != Wants::Kind {
        let one_of = operands.iter().map(|(name, _)| required(&[name])).collect();
        then = then.with("oneOf", Value::List(one_of));
    }
    when(is_this, then.build()).build()
}

/// The keys from which an operator takes its operand.
fn operands(declared: &OperatorSpec) -> Vec<(&'static str, Schema)> {
    let mut found = match declared.wants {
        Wants::Nothing | Wants::Fields => Vec::new(),
        Wants::Value => vec![("value", Value::Bool(true))],
        Wants::Number => vec![("value", typed("number").build())],
        Wants::Text => vec![("value", Members::new().with("type", texts(&["string", "number", "boolean"])).build())],
        Wants::Pattern => vec![("value", typed("string").with("maxLength", bound(PATTERN_BYTES_MAX)).build())],
        Wants::Moment => vec![("value", typed("string").build())],
        Wants::Kind => vec![("value", Members::new().with("enum", texts(&Kind::ALL.map(|(name, _)| name))).build())],
        Wants::Set => vec![("set", set_name())],
        Wants::Values => either(super::list_of(Value::Bool(true))),
        Wants::Numbers => either(two(typed("number").build())),
        Wants::Ages => either(two(any_of([integer(0, i64::from(u16::MAX)), typed("null").build()]))),
        Wants::Moments => either(any_of([typed("string").build(), two(typed("string").build())])),
    };
    if declared.takes_other {
        found.push(("other", reference("path")));
    }
    found
}

fn either(schema: Schema) -> Vec<(&'static str, Schema)> {
    vec![("values", schema.clone()), ("value", schema)]
}

fn two(end: Schema) -> Schema {
    typed("array").with("items", end).with("minItems", Value::integer(2)).with("maxItems", Value::integer(2)).build()
}

fn set_name() -> Schema {
    typed("string").with("minLength", Value::integer(1)).with("maxLength", bound(SET_NAME_BYTES_MAX)).build()
}
