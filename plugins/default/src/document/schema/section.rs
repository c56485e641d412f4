//! The sections of a document: what is more than a map of known keys.

use hookmill_json::Value;

use super::super::keys;
use super::super::limits::{FIELDS_MAX, OUTCOMES_MAX, VARIABLES_MAX};
use super::words::{Members, any_of, bound, list_of, reference, required, text, texts, typed, when};
use super::{Schema, closed_object, needs_one_of, object_of, of_key};
use crate::lead::CUSTOM;

const SOURCES: [&str; 3] = ["from", "template", "value"];

/// The fields of the lead: standard ones by name, all else are custom fields.
pub fn fields() -> Schema {
    let known = keys::FIELDS.iter().fold(Members::new(), |members, field| members.with(field.name, of_key(field)));
    // A field of this very name would hide all custom ones.
    let known = known.with(CUSTOM, Value::Bool(false)).build();
    typed("object")
        .with("properties", known)
        .with("additionalProperties", reference("field"))
        .with("maxProperties", bound(FIELDS_MAX))
        .build()
}

/// The variables of `map`, by name.
pub fn variables() -> Schema {
    let name = Members::new().with("pattern", text(r"^[\p{L}\p{N}_-]+$")).build();
    typed("object")
        .with("propertyNames", name)
        .with("additionalProperties", reference("field"))
        .with("maxProperties", bound(VARIABLES_MAX))
        .build()
}

/// Alternatives, of which the first that is not blank counts.
pub fn alternatives() -> Schema {
    let Value::Object(members) = list_of(any_of([reference("path"), reference("alternative")])) else {
        return Value::Null;
    };
    Members::new().and(Value::Object(members)).with("minItems", Value::integer(1)).build()
}

/// An alternative with functions of its own.
pub fn alternative() -> Schema {
    exactly_one(object_of(&keys::SOURCE, &[]), &["path", "template", "value"])
}

/// A recipe.
pub fn recipe() -> Schema {
    exactly_one(object_of(&keys::RECIPE, &[]), &SOURCES)
}

/// Where elements are, in a value that a recipe makes.
pub fn items() -> Schema {
    exactly_one(object_of(&keys::ITEMS, &[]), &SOURCES)
}

fn exactly_one(schema: Schema, names: &[&'static str]) -> Schema {
    let each = names.iter().map(|name| required(&[name])).collect();
    Members::new().and(schema).with("oneOf", Value::List(each)).build()
}

/// A message.
pub fn message() -> Schema {
    let is_xml = Members::new()
        .with("properties", Members::new().with("format", Members::new().with("const", text("xml")).build()).build())
        .and(required(&["format"]))
        .build();
    let of_xml = any_of([required(&["root"]), required(&["declaration"])]);
    Members::new()
        .and(object_of(&keys::MESSAGE, &[]))
        .and(needs_one_of(&["body", "query"]))
        .and(when(of_xml, is_xml).build())
        .build()
}

/// The query of a message: names and values.
pub fn query() -> Schema {
    Members::new().and(reference("body")).with("type", text("object")).build()
}

/// The headers of a message.
pub fn headers() -> Schema {
    let token = Members::new().with("pattern", text("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")).build();
    let fixed = Members::new().with("type", texts(&["string", "number", "boolean"])).build();
    typed("object")
        .with("propertyNames", token)
        .with("additionalProperties", any_of([fixed, reference("recipe")]))
        .build()
}

/// A value of a body: a recipe, a part for each item of a list, or values inside.
pub fn body() -> Schema {
    let is_recipe = typed("object")
        .and(needs_one_of(&SOURCES))
        .with("propertyNames", Members::new().with("enum", texts(&keys::names(&keys::RECIPE))).build())
        .build();
    let is_for_each = typed("object").and(required(&["for_each"])).build();
    let for_each = object_of(&keys::FOR_EACH, &["for_each", "make"]);
    // They are values like any other where they do not stand alone.
    let known = keys::CHOICES.iter().fold(Members::new(), |members, key| {
        members.with(key.name, Members::new().and(reference("body")).with("description", text(key.about)).build())
    });
    let values = Members::new()
        .with("properties", known.build())
        .with("additionalProperties", reference("body"))
        .with("items", reference("body"))
        .build();
    let conditional = object_of(&keys::CONDITIONAL, &["when", "make"]);
    let otherwise = when(has_only(&keys::CONDITIONAL), conditional).with("else", values).build();
    let otherwise = when(is_for_each, for_each).with("else", otherwise).build();
    let otherwise = when(is_recipe, reference("recipe")).with("else", otherwise).build();
    let is_object_of = has_only(std::slice::from_ref(&keys::OBJECT_OF));
    when(is_object_of, object_of(std::slice::from_ref(&keys::OBJECT_OF), &[])).with("else", otherwise).build()
}

/// A map with these keys and no others.
fn has_only(keys: &[keys::KeySpec]) -> Schema {
    let names: Vec<&'static str> = keys.iter().map(|key| key.name).collect();
    typed("object").and(required(&names)).with("maxProperties", bound(names.len())).build()
}

/// The members of an object of a body.
pub fn body_members() -> Schema {
    typed("object").with("additionalProperties", reference("body")).build()
}

/// `interpret`.
pub fn interpret() -> Schema {
    let needed = ["outcomes", "reason", "price", "reference", "retry_after"];
    Members::new().and(object_of(&keys::INTERPRET, &[])).and(needs_one_of(&needed)).build()
}

/// The outcomes.
pub fn outcomes() -> Schema {
    let is_retry = Members::new().with("outcome", Members::new().with("const", text("retry")).build()).build();
    let is_retry = Members::new().with("properties", is_retry).build();
    let outcome = Members::new()
        .and(object_of(&keys::OUTCOME, &["outcome"]))
        .and(when(required(&["retry_after"]), is_retry).build())
        .build();
    typed("array")
        .with("items", outcome)
        .with("minItems", Value::integer(1))
        .with("maxItems", bound(OUTCOMES_MAX))
        .build()
}

/// A member of an object that a function makes.
pub fn part() -> Schema {
    exactly_one(object_of(&keys::PART, &[]), &["path", "from", "template", "value"])
}

/// A range of numbers and what it stands for.
pub fn range() -> Schema {
    let properties = keys::RANGE.iter().fold(Members::new(), |members, key| members.with(key.name, of_key(key)));
    closed_object(properties, &["is"])
}
