//! Whole documents, made part by part: a part with which the document does not compile is left out again.

use hookmill_plugin_default::document::compile;
use serde_json::{Map, Value, json};

use super::Draw;
use super::functions::recipe;
use super::messages::{details, message, outcome};
use super::paths::{Stage, path};
use super::rules::rule;

const FIELDS: [&str; 9] = ["email", "phone", "first_name", "tags", "zip", "x", "custom.y", "answers", "city"];

/// A document that compiles, as JSON text.
pub fn document(draw: &mut Draw<'_>) -> String {
    let mut made = json!({"version": 1});
    for _ in 0..draw.count(9) {
        let mut larger = made.clone();
        part(draw, &mut larger);
        if compile(&larger.to_string()).is_ok() {
            made = larger;
        }
    }
    made.to_string()
}

/// A document that rejects unknown keys, with another key in each path of `map`, and the keys that it names.
pub fn document_of_fresh_keys(draw: &mut Draw<'_>) -> (String, Vec<String>) {
    draw.with_fresh_keys();
    let mut made = json!({"version": 1, "map": {"unknown": "reject", "fields": {}}});
    for _ in 0..1 + draw.count(5) {
        let mut larger = made.clone();
        field(draw, &mut larger);
        for recipe in larger["map"]["fields"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            // Whatever becomes of a field, the lead is not to fail by it.
            ["on_missing", "on_null", "on_blank", "on_error"].iter().for_each(|way| recipe[way] = Value::from("omit"));
        }
        if compile(&larger.to_string()).is_ok() {
            made = larger;
        }
    }
    let text = made.to_string();
    let keys = (0..=draw.fresh_keys.unwrap_or(0)).map(|number| format!("k{number}k"));
    (text.clone(), keys.filter(|key| text.contains(key)).collect())
}

fn part(draw: &mut Draw<'_>, made: &mut Value) {
    match draw.count(10) {
        0 => {
            made["map"][draw.one(&["also_search", "ignore", "expand", "is_test"])] =
                Value::from(vec![path(draw, Stage::Map)])
        }
        1 => made["map"]["unknown"] = Value::from(draw.word(&["custom", "drop", "reject"])),
        2 => made["map"]["items"] = Value::from(path(draw, Stage::Map)),
        3 => made["shape"]["client"] = message(draw),
        4 => made["shape"]["webhook"] = message(draw),
        5 => push(&mut made["qualify"], rule(draw)),
        6 => interpretation(draw, made),
        7 => variable(draw, made),
        _ => field(draw, made),
    }
}

fn field(draw: &mut Draw<'_>, made: &mut Value) {
    let fields = &mut made["map"]["fields"];
    if fields.is_null() {
        *fields = Value::Object(Map::new());
    }
    fields[draw.one(&FIELDS)] = recipe(draw, Stage::Map);
}

fn variable(draw: &mut Draw<'_>, made: &mut Value) {
    let name = draw.word(&["v", "w"]);
    made["map"]["variables"][name] = recipe(draw, Stage::Map);
}

fn interpretation(draw: &mut Draw<'_>, made: &mut Value) {
    let interpret = &mut made["interpret"];
    push(&mut interpret["outcomes"], outcome(draw));
    interpret["as"] = Value::from(draw.word(&["auto", "json", "xml", "text"]));
    if draw.once_in(3) {
        interpret["otherwise"] = Value::from(draw.word(&["failed", "accepted", "retry", "default"]));
    }
    details(draw, interpret);
}

fn push(list: &mut Value, item: Value) {
    match list {
        Value::Array(items) => items.push(item),
        other => *other = Value::from(vec![item]),
    }
}
