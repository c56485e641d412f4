//! What functions expect of the value that they are given, as a source needs to know it.

use crate::phrase::{Part, Phrase, plain, with_code, with_codes};
use crate::recipe::Function;
use serde_json::Value;

/// What a chain of functions expects.
pub(crate) fn expected(functions: &[Function], phone_region: &str) -> Vec<Phrase> {
    functions.iter().filter_map(|function| of_function(function, phone_region)).collect()
}

fn of_function(function: &Function, phone_region: &str) -> Option<Phrase> {
    let text = |words| Some(vec![Part::Text(words)]);
    match function.name.as_str() {
        "email" | "email_without_plus" => text("an e-mail address"),
        "phone" => Some(phone(function, phone_region)),
        "date" => Some(dates("a date", function)),
        "time" => Some(dates("a date with a time", function)),
        "epoch" => Some(match function.argument("unit").and_then(Value::as_str) {
            Some("ms") => vec![Part::Text("a time as milliseconds since 1970")],
            _ => vec![Part::Text("a time as seconds since 1970")],
        }),
        "number" | "round" | "floor" | "ceil" | "add" | "subtract" | "multiply" | "divide" | "range_label" => {
            text("a number")
        }
        "range" => text("a number, or a range of numbers such as 100-200"),
        "boolean" => text("yes or no, true or false, 1 or 0"),
        "zip" => text("a postal code"),
        "state_code" | "state_name" => text("a state or province, by its name or code"),
        "country" | "country_name" | "country_alpha3" => text("a country, by its name or code"),
        "split" => Some(with_code("a list in one text, separated by ", separator(function))),
        "split_name" => text("a full name, of which a part is taken"),
        "lookup" => lookup_keys(function).map(|keys| {
            let only = function.given.get("default").is_none();
            with_codes(if only { "one of " } else { "best one of " }, keys)
        }),
        "lookup_set" => {
            let set = function.argument("set").and_then(Value::as_str)?;
            Some(with_code("a key of the value set ", set))
        }
        "extract" | "extract_all" => {
            Some(with_code("a text in which this pattern is found: ", function.argument("pattern").map(plain)?))
        }
        "base64_decode" => text("a text in base64"),
        "url_decode" => text("a text that is coded as in URLs"),
        "parse_json" => text("JSON in a text"),
        "parse_xml" => text("XML in a text"),
        "from_pairs" => text("a list of objects, each with a name and a value"),
        "only" | "without" | "to_pairs" | "keys" | "values" | "flatten" | "unflatten" => text("an object"),
        "filter" | "find" | "map" | "join_lists" | "join" | "flatten_list" => text("a list"),
        _ => None,
    }
}

fn phone(function: &Function, phone_region: &str) -> Phrase {
    let own = function.argument("region").and_then(Value::as_str);
    let region = own.filter(|region| region.len() == 2).unwrap_or(phone_region);
    with_code("a phone number; one without its country code is read as one of ", region)
}

fn dates(what: &'static str, function: &Function) -> Phrase {
    let formats = date_formats(function);
    if formats.is_empty() {
        return vec![Part::Text(what), Part::Text(" of ISO 8601")];
    }
    let mut phrase = vec![Part::Text(what)];
    phrase.extend(with_codes(", written as ", formats));
    phrase
}

/// The formats that a date is read by; empty for the usual ones.
pub(crate) fn date_formats(function: &Function) -> Vec<String> {
    let given = function
        .given
        .as_object()
        .map_or(Some(&function.given), |members| members.get("formats").or_else(|| members.get("format")));
    match given {
        Some(Value::String(format)) => vec![format.clone()],
        Some(Value::Array(formats)) => formats.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The keys of a table in a document; none where it is not there.
pub(crate) fn lookup_keys(function: &Function) -> Option<Vec<String>> {
    Some(table(function)?.keys().cloned().collect())
}

pub(crate) fn table(function: &Function) -> Option<&serde_json::Map<String, Value>> {
    function.given.get("table").unwrap_or(&function.given).as_object().filter(|table| !table.is_empty())
}

/// What the items of a list in one text are separated by.
pub(crate) fn separator(function: &Function) -> String {
    let given = function.argument("at").or_else(|| function.argument("separator")).or_else(|| function.argument("by"));
    given.and_then(Value::as_str).unwrap_or(",").to_owned()
}
