//! The JSON Schema of documents (2020-12), for editors: they complete keys, functions and operators with it, describe them, and mark
//! what is wrong. It is made of the tables that the parser reads, so it knows what the parser knows.
//!
//! What needs an eye on the whole (paths, formats, expressions, rules that exclude each other) is for `compile` alone.

mod function;
mod rule;
mod section;
#[cfg(test)]
mod tests;
mod words;

use hookmill_json::{Value, text_of};
use words::{Members, all_of_any, any_of, integer, list_of, reference, text, typed};

use super::keys::{self, Is, KeySpec};
use super::limits::PATH_BYTES_MAX;
use super::path::{ROOTS, Stage};
use super::yaml;
use crate::run::RETRY_AFTER_S_MAX;

type Schema = Value<'static>;

/// The schema, as JSON text.
pub fn schema() -> String {
    let document = object_of(&keys::DOCUMENT, &["version"]);
    let about = "How a campaign's leads are mapped, qualified and shaped, and what its client's responses mean. What is left out is the standard.";
    let root = Members::new()
        .with("$schema", text("https://json-schema.org/draft/2020-12/schema"))
        .with("title", text("Hookmill document"))
        .with("description", text(about))
        .and(document)
        .with("$defs", definitions());
    text_of(&root.build())
}

/// An object with these keys and no others.
fn object_of(keys: &[KeySpec], required: &[&'static str]) -> Schema {
    closed_object(keys.iter().fold(Members::new(), |members, key| members.with(key.name, of_key(key))), required)
}

fn closed_object(properties: Members, required: &[&'static str]) -> Schema {
    let members = typed("object").with("properties", properties.build());
    let members = if required.is_empty() { members } else { members.with("required", words::texts(required)) };
    members.with("additionalProperties", Value::Bool(false)).build()
}

fn of_key(key: &KeySpec) -> Schema {
    of_is(key.is).with("description", text(key.about)).with("examples", Value::List(example(key.example))).build()
}

/// An example as the value that it is; one that is not YAML is left out, and a test says so.
fn example(yaml: &str) -> Vec<Schema> {
    yaml::read(yaml).map(|node| node.value()).into_iter().collect()
}

fn of_is(is: Is) -> Members {
    match is {
        Is::Version => Members::new().with("const", Value::integer(1)),
        Is::Text => typed("string"),
        Is::Flag => typed("boolean"),
        Is::Fixed => Members::new(),
        Is::Words(words) => Members::new().with("enum", words::texts(&words())),
        Is::WayOut(own) => policy(own),
        Is::Part(name) => Members::new().with("$ref", text(format!("#/$defs/{name}"))),
    }
}

fn policy(own: &'static str) -> Members {
    let mut words = vec!["omit", "null", "fail"];
    if !words.contains(&own) {
        words.push(own);
    }
    let words = words.into_iter().map(text).chain([Value::Null]).collect();
    let given = Members::new().with("default", Members::new().with("description", text("The value instead.")).build());
    Members::new().with(
        "anyOf",
        Value::List(vec![Members::new().with("enum", Value::List(words)).build(), closed_object(given, &["default"])]),
    )
}

fn definitions() -> Schema {
    Members::new()
        .with("path", path())
        .with("paths", one_or_more(reference("path")))
        .with(
            "template",
            typed("string").with("description", text("A text with places such as `{{ email }}`.")).build(),
        )
        .with("number", typed("number").build())
        .with("values", list_of(Value::Bool(true)))
        .with("seconds", any_of([integer(0, RETRY_AFTER_S_MAX.cast_signed()), reference("field")]))
        .with("items", any_of([reference("path"), section::items()]))
        .with("map", object_of(&keys::MAP, &[]))
        .with("variables", section::variables())
        .with("fields", section::fields())
        .with("field", any_of([reference("path"), section::alternatives(), reference("recipe")]))
        .with("sources", any_of([reference("path"), reference("alternative"), section::alternatives()]))
        .with("alternative", section::alternative())
        .with("recipe", section::recipe())
        .and(Members::new().and(rule::definitions()).build())
        .and(function::definitions())
        .with("shape", object_of(&keys::SHAPE, &[]))
        .with("message", section::message())
        .with("query", section::query())
        .with("headers", section::headers())
        .with("body", section::body())
        .with("body_members", section::body_members())
        .with("bodies", Members::new().and(typed("array").build()).with("items", reference("body")).build())
        .with("interpret", section::interpret())
        .with("outcomes", section::outcomes())
        .build()
}

/// One of these, or a list of them.
fn one_or_more(one: Schema) -> Schema {
    any_of([one.clone(), list_of(one)])
}

fn path() -> Schema {
    let begins = |(stage, place): (Stage, &str)| {
        let roots = ROOTS.iter().filter(|root| root.is_at(stage)).map(|root| format!("`{}`", root.name));
        format!("In {place}: {}.", roots.collect::<Vec<_>>().join(" "))
    };
    let places = [
        (Stage::Map, "`map`, besides keys of the element"),
        (Stage::Qualify, "`qualify`, besides fields of the lead"),
        (Stage::Item, "`shape` (the last three inside `for_each`)"),
        (Stage::Interpret, "`interpret`, besides keys of the body"),
    ];
    let about = "Where a value stands: `contact.email`, `~first_name` (in any spelling), `emails[0].address`, or a JSONPath of RFC 9535 \
        such as `$.answers[?@.question == 'income'].value`.";
    let about = [about.to_owned(), places.map(begins).join("\n")].join("\n\n");
    typed("string")
        .with("minLength", Value::integer(1))
        .with("maxLength", words::bound(PATH_BYTES_MAX))
        .with("description", text(about))
        .with("examples", words::texts(&["~first_name", "contact.email", "emails[0].address", "$['postal code']"]))
        .build()
}

/// An object in which at least one of these stands.
fn needs_one_of(names: &[&'static str]) -> Schema {
    all_of_any(names.iter().map(|name| words::required(&[name])).collect())
}
