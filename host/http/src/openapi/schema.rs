//! Schemas as tables.

use super::page::{render_inline, text};
use maud::{Markup, html};
use serde_json::Value;

/// A pattern that is longer helps no reader: the description has its meaning in words.
const PATTERN_SHOWN_MAX: usize = 40;

/// What a value stands for, when it refers to a component.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// Every schema that has a name.
pub(super) fn all(document: &Value) -> Markup {
    html! {
        @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            article id={ "schema-" (name) } {
                h3 { a href={ "#schema-" (name) } { (name) } }
                @if let Some(about) = schema["description"].as_str() { p { (render_inline(about)) } }
                (shape(schema))
            }
        }
    }
}

fn shape(schema: &Value) -> Markup {
    let alternatives = ["oneOf", "anyOf"].iter().find_map(|of| schema[of].as_array());
    html! {
        @if let Some(parts) = schema["allOf"].as_array() {
            @for part in parts { @if part.get("$ref").is_some() { p { "All of " (kind(part)) ", and:" } } @else if part.get("properties").is_some() { (properties(part)) } }
        } @else if let Some(alternatives) = alternatives {
            @for (index, one) in alternatives.iter().enumerate() {
                @if 0 < index { p { "or" } }
                @if one.get("properties").is_some() { (properties(one)) } @else { p { (kind(one)) " " (render_inline(text(&one["description"]))) } }
            }
        } @else if schema.get("properties").is_some() {
            (properties(schema))
        } @else {
            p { (kind(schema)) }
        }
    }
}

fn properties(schema: &Value) -> Markup {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! {
        table {
            @for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                tr {
                    td { code { (name) } @if required.contains(&Value::from(name.as_str())) { " " em { "required" } } }
                    td { (kind(property)) }
                    td { (render_inline(about(property))) @if let Some(default) = property.get("default") { " Default: " code { (default) } "." } }
                }
            }
        }
    }
}

/// The description of a property. Where it may be null too, the other alternative has it.
fn about(property: &Value) -> &str {
    let nested = || property["oneOf"].as_array()?.iter().find_map(|one| one["description"].as_str());
    property["description"].as_str().or_else(nested).unwrap_or_default()
}

/// A schema in a few words, with links to those that have a name.
pub(super) fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    let alternatives = ["oneOf", "anyOf"].iter().find_map(|of| schema[of].as_array());
    if let Some(alternatives) = alternatives {
        return html! { @for (index, one) in alternatives.iter().enumerate() { @if 0 < index { " or " } (kind(one)) } };
    }
    if let Some(values) = schema["enum"].as_array() {
        return html! { @for (index, value) in values.iter().enumerate() { @if 0 < index { ", " } code { (bare(value)) } } };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    html! {
        @for (index, one) in types.into_iter().enumerate() {
            @if 0 < index { " or " }
            @match one {
                "array" => { "list of " (kind(&schema["items"])) }
                "object" if schema["additionalProperties"].is_object() => { "map to " (kind(&schema["additionalProperties"])) }
                "" => { "any JSON" }
                "string" => { "text" }
                other => { (other) }
            }
        }
        (bounds(schema))
    }
}

fn bounds(schema: &Value) -> Markup {
    let of = |low: &str, high: &str| match (schema.get(low), schema.get(high)) {
        (Some(low), Some(high)) => Some(format!("{low} to {high}")),
        (Some(low), None) => Some(format!("at least {low}")),
        (None, Some(high)) => Some(format!("at most {high}")),
        (None, None) => None,
    };
    html! {
        @if let Some(format) = schema["format"].as_str().filter(|format| !format.starts_with("int")) { ", " (format) }
        @if let Some(pattern) = schema["pattern"].as_str().filter(|pattern| pattern.len() <= PATTERN_SHOWN_MAX) { ", " code { (pattern) } }
        @if let Some(range) = of("minimum", "maximum") { ", " (range) }
        @if schema["minLength"] == 1 && schema.get("maxLength").is_none() { ", not empty" }
        @else if let Some(range) = of("minLength", "maxLength") { ", " (range) " characters" }
        @if let Some(range) = of("minItems", "maxItems") { ", " (range) " elements" }
    }
}

/// A value without the quotes of JSON.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
