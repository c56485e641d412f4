//! Conditions with every operator of the table, alone and in groups.

use hookmill_plugin_default::plan::{OPERATORS, OperatorSpec, Wants};
use serde_json::{Value, json};

use super::Draw;
use super::functions::{number, pattern};
use super::paths::{Stage, path};
use super::values::{fixed, text};

/// A condition, so many groups deep at most.
pub fn condition(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    match draw.count(if depth == 0 { 3 } else { 6 }) {
        4 => json!({"all": draw.several(3, |draw| condition(draw, stage, depth - 1))}),
        5 => json!({"any": draw.several(3, |draw| condition(draw, stage, depth - 1))}),
        6 => json!({"not": condition(draw, stage, depth - 1)}),
        _ => comparison(draw, stage),
    }
}

fn comparison(draw: &mut Draw<'_>, stage: Stage) -> Value {
    let declared = &OPERATORS[draw.count(OPERATORS.len() - 1)];
    let mut made = json!({"field": path(draw, stage), "op": declared.name});
    if declared.takes_other && draw.once_in(2) {
        made["other"] = Value::from(path(draw, stage));
    } else {
        operand(draw, stage, declared, &mut made);
    }
    if declared.has_case && draw.once_in(2) {
        made["ignore_case"] = Value::from(true);
    }
    if draw.once_in(3) {
        made["on_missing"] = Value::from(draw.word(&["pass", "fail", "skip"]));
    }
    made
}

fn operand(draw: &mut Draw<'_>, stage: Stage, declared: &OperatorSpec, made: &mut Value) {
    match declared.wants {
        Wants::Nothing => {}
        Wants::Value => made["value"] = fixed(draw),
        Wants::Number => made["value"] = number(draw),
        Wants::Text => made["value"] = Value::from(text(draw)),
        Wants::Pattern => made["value"] = Value::from(pattern(draw)),
        Wants::Moment => made["value"] = moment(draw),
        Wants::Moments if draw.once_in(2) => made["values"] = Value::from(vec![moment(draw), moment(draw)]),
        Wants::Moments => made["value"] = Value::from(draw.word(&["-30d", "30d", "1y6mo", "2h30min"])),
        Wants::Numbers => made["values"] = Value::from(vec![number(draw), number(draw)]),
        Wants::Ages => made["values"] = json!([draw.whole(0, 150), draw.whole(0, 150)]),
        Wants::Values => made["values"] = Value::from(draw.several(5, fixed)),
        Wants::Kind => made["value"] = Value::from(draw.word(&KINDS)),
        Wants::Set => made["set"] = Value::from(draw.word(&["s", "gone"])),
        Wants::Fields => {
            made["fields"] = Value::from(draw.several(3, |draw| path(draw, stage)));
            made.as_object_mut().into_iter().for_each(|map| {
                map.shift_remove("field");
            });
        }
    }
}

const KINDS: [&str; 10] = ["email", "phone", "date", "url", "ip", "zip", "state", "country", "number", "uuid"];

fn moment(draw: &mut Draw<'_>) -> Value {
    Value::from(draw.word(&[
        "now",
        "today",
        "2026-01-31",
        "2026-01-31T10:00:00Z",
        "2026-03-08T02:30:00",
        "-1y6mo",
        "9999y",
        "-9999y",
        "0001-01-01",
    ]))
}

/// A rule of `qualify`.
pub fn rule(draw: &mut Draw<'_>) -> Value {
    let mut made = condition(draw, Stage::Qualify, 3);
    if draw.once_in(2) {
        made["severity"] = Value::from("soft");
    }
    if draw.once_in(3) {
        made["reason"] = Value::from("because");
    }
    made
}
