//! Messages in every format, and what responses mean.

use serde_json::{Map, Value, json};

use super::functions::{recipe, template};
use super::paths::{Stage, path};
use super::values::{fixed, name};
use super::{Draw, rules};

/// A message.
pub fn message(draw: &mut Draw<'_>) -> Value {
    let format = draw.word(&["json", "form", "xml", "text"]);
    let mut made = json!({"format": format.as_str()});
    made["body"] = match format.as_str() {
        "text" => Value::from(template(draw, Stage::Shape)),
        "json" => body(draw, Stage::Shape, 3),
        _ => object(draw, Stage::Shape, 3),
    };
    if format == "xml" {
        made["root"] = Value::from(draw.word(&["r", "lead"]));
        made["declaration"] = Value::from(draw.once_in(2));
    }
    if draw.once_in(3) {
        made["method"] = Value::from(draw.word(&["GET", "PUT", "POST", "PATCH"]));
    }
    if draw.once_in(4) {
        made["omit_blank"] = Value::from(true);
    }
    if draw.once_in(3) {
        made["headers"] = json!({"X-A": recipe(draw, Stage::Shape)});
    }
    if draw.once_in(3) {
        made["query"] = object(draw, Stage::Shape, 1);
    }
    made
}

fn body(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    match draw.count(if depth == 0 { 3 } else { 10 }) {
        0 => fixed(draw),
        1 => Value::from(template(draw, stage)),
        2 | 3 => recipe(draw, stage),
        4 => Value::from(draw.several(4, |draw| body(draw, stage, depth - 1))),
        5 => json!({"first_of": draw.several(3, |draw| body(draw, stage, depth - 1))}),
        6 => json!({"merge": draw.several(3, |draw| merged(draw, stage, depth))}),
        7 => json!({"for_each": path(draw, stage), "make": body(draw, Stage::Item, depth - 1)}),
        8 => json!({
            "for_each": path(draw, stage),
            "when": rules::condition(draw, Stage::Item, 1),
            "make": body(draw, Stage::Item, depth - 1),
        }),
        9 => json!({"when": rules::condition(draw, stage, 1), "make": body(draw, stage, depth - 1)}),
        10 if draw.once_in(2) => json!({"object_of": object(draw, stage, depth)}),
        _ => object(draw, stage, depth),
    }
}

/// What is an object, or may be one.
fn merged(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    match draw.count(3) {
        0 => json!({"from": path(draw, stage)}),
        1 => json!({"when": rules::condition(draw, stage, 1), "make": object(draw, stage, depth)}),
        _ => object(draw, stage, depth),
    }
}

fn object(draw: &mut Draw<'_>, stage: Stage, depth: usize) -> Value {
    let members = draw.several(4, |draw| {
        let name = if draw.once_in(2) { name(draw) } else { draw.word(&["b", "@id", "#text", "#cdata", "c"]) };
        (name, body(draw, stage, depth - 1))
    });
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// One outcome.
pub fn outcome(draw: &mut Draw<'_>) -> Value {
    let mut made = json!({"outcome": draw.word(&["accepted", "rejected", "duplicate", "retry", "failed"])});
    if !draw.once_in(8) {
        made["when"] = rules::condition(draw, Stage::Interpret, 2);
    }
    details(draw, &mut made);
    made
}

/// What a response says besides.
pub fn details(draw: &mut Draw<'_>, made: &mut Value) {
    for key in ["reason", "price", "reference", "retry_after"] {
        if draw.once_in(3) {
            made[key] = recipe(draw, Stage::Interpret);
        }
    }
}
