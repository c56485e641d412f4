//! How a function meets a value: what it does to missing, null, blank, a list, a wrong type. One place for all functions.

use std::borrow::Cow;

use crate::json::Value;
use crate::plan::{Function, NamePart, Path};

use super::{email, list, name, phone, text, time};

/// Why a function refused.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    /// A stable code in snake case.
    pub code: &'static str,
    /// The reason and the mend, for people.
    pub message: String,
}

impl Refusal {
    /// A refusal with its code and reason.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What functions may look at besides their value.
pub trait Surroundings<'t> {
    /// The region in which a phone number without a country code is read.
    fn phone_region(&self) -> &str;
    /// The value at a path.
    fn value_at(&self, path: &Path<'_>) -> Option<Value<'t>>;
}

/// Applies a function to a value, or to the lack of one.
///
/// Only `default` and `append` do something where there is no value. Null passes through all others. A function on texts
/// takes numbers and booleans by their text, and the items of a list one by one.
pub fn apply<'t>(
    function: &'t Function<'_>,
    value: Option<Value<'t>>,
    around: &impl Surroundings<'t>,
) -> Result<Option<Value<'t>>, Refusal> {
    match function {
        Function::Default(instead) if value.as_ref().is_none_or(Value::is_blank) => {
            return Ok(Some(instead.borrowed()));
        }
        Function::Default(_) => return Ok(value),
        Function::Append(path) => return Ok(list::append(value, around.value_at(path))),
        _ => {}
    }
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Value::Null)),
        Some(value) => apply_to_value(function, value, around),
    }
}

fn apply_to_value<'t>(
    function: &'t Function<'_>,
    value: Value<'t>,
    around: &impl Surroundings<'t>,
) -> Result<Option<Value<'t>>, Refusal> {
    match (function, value) {
        (Function::First, value) => Ok(list::first(value)),
        (Function::Last, value) => Ok(list::last(value)),
        (Function::Join(between), value) => list::join(value, between).map(Some),
        (_, Value::List(items)) => each(function, items, around).map(Some),
        (Function::Split(at), value) => Ok(Some(list::split(text_of(&value, "split")?, at))),
        (Function::Rfc3339, value) => time::of_value(&value).map(Some),
        (_, value) => apply_to_text(function, value, around),
    }
}

/// A list is treated item by item; what the function takes away is left out.
fn each<'t>(
    function: &'t Function<'_>,
    items: Vec<Value<'t>>,
    around: &impl Surroundings<'t>,
) -> Result<Value<'t>, Refusal> {
    let mut done = Vec::with_capacity(items.len());
    for item in items {
        match apply(function, Some(item), around)? {
            Some(Value::List(pieces)) => done.extend(pieces),
            Some(value) => done.push(value),
            None => {}
        }
    }
    Ok(Value::List(done))
}

fn apply_to_text<'t>(
    function: &'t Function<'_>,
    value: Value<'t>,
    around: &impl Surroundings<'t>,
) -> Result<Option<Value<'t>>, Refusal> {
    if let (Function::Trim, Value::Text(Cow::Borrowed(text))) = (function, &value) {
        return Ok(Some(Value::text(text.trim())));
    }
    let text = text_of(&value, function.name())?;
    let made = match function {
        Function::Trim => text::trim(text),
        Function::CollapseSpace => text::collapse_space(text),
        Function::Lower => text.to_lowercase(),
        Function::Upper => text.to_uppercase(),
        Function::Title => text::title(text),
        Function::Digits => text::digits(text),
        Function::SplitName(part) => return Ok(split_name(text, *part)),
        // Nothing to check and nothing to normalise; `on_blank` decides what becomes of it.
        Function::Phone(_) | Function::Email if text.trim().is_empty() => return Ok(Some(value)),
        Function::Phone(region) => e164(text, region.as_deref().unwrap_or_else(|| around.phone_region()))?,
        Function::Email => email::normalized(text).map_err(|reason| Refusal::new("not_an_email", reason))?,
        _ => return Ok(Some(value)),
    };
    // An unchanged text stays the slice of the input that it is.
    if made == text { Ok(Some(value)) } else { Ok(Some(Value::text(made))) }
}

fn split_name<'t>(full_name: &str, part: NamePart) -> Option<Value<'t>> {
    name::split(full_name, part).map(Value::text)
}

fn e164(text: &str, region: &str) -> Result<String, Refusal> {
    phone::e164(text, region).map_err(|reason| {
        let place = if region.is_empty() { String::new() } else { format!(" (read in region {region})") };
        Refusal::new("not_a_phone", format!("this is no phone number: {}{place}", reason.reason()))
    })
}

fn text_of<'v>(value: &'v Value<'_>, function: &str) -> Result<&'v str, Refusal> {
    let refuse = || Refusal::new("wrong_type", format!("`{function}` needs a text, but this is {}", value.type_name()));
    value.scalar_text().ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{parse, text_of as json};

    struct Here;

    impl<'t> Surroundings<'t> for Here {
        fn phone_region(&self) -> &str {
            "US"
        }

        fn value_at(&self, _path: &Path<'_>) -> Option<Value<'t>> {
            Some(Value::text("more"))
        }
    }

    fn on(function: &Function<'_>, input: Option<&str>) -> String {
        let value = input.map(|text| parse(text).unwrap().into_owned());
        match apply(function, value, &Here) {
            Ok(Some(value)) => json(&value),
            Ok(None) => "missing".to_owned(),
            Err(refusal) => refusal.code.to_owned(),
        }
    }

    fn path() -> Path<'static> {
        let steps = crate::plan::Steps::Singular(vec![]);
        Path { text: "x".into(), root: crate::plan::Root::Whole, place: None, steps }
    }

    /// M3, M4: what each function makes of missing, null, empty text, 0, a list and an object.
    #[test]
    fn m3_m4_every_function_on_every_kind_of_nothing() {
        let inputs = [None, Some("null"), Some("\"\""), Some("0"), Some("[\" b \",null]"), Some("{\"a\":1}")];
        let list = r#"[" b ",null]"#;
        let plain = |function, of_list| (function, ["missing", "null", "\"\"", "0", of_list, "wrong_type"]);
        for (function, expected) in [
            plain(Function::Trim, r#"["b",null]"#),
            plain(Function::CollapseSpace, r#"["b",null]"#),
            plain(Function::Lower, list),
            plain(Function::Upper, r#"[" B ",null]"#),
            plain(Function::Title, r#"[" B ",null]"#),
            plain(Function::Digits, r#"["",null]"#),
            (Function::SplitName(NamePart::Last), ["missing", "null", "missing", "missing", "[null]", "wrong_type"]),
            (Function::Phone(None), ["missing", "null", "\"\"", "not_a_phone", "not_a_phone", "wrong_type"]),
            (Function::Email, ["missing", "null", "\"\"", "not_an_email", "not_an_email", "wrong_type"]),
            (
                Function::Rfc3339,
                ["missing", "null", "not_a_time", "\"1970-01-01T00:00:00Z\"", "not_a_time", "not_a_time"],
            ),
            (Function::Default(Value::text("d")), ["\"d\"", "\"d\"", "\"d\"", "0", list, "{\"a\":1}"]),
            (Function::First, ["missing", "null", "\"\"", "0", "\" b \"", "{\"a\":1}"]),
            (Function::Last, ["missing", "null", "\"\"", "0", "null", "{\"a\":1}"]),
            (Function::Join(", ".into()), ["missing", "null", "\"\"", "0", "\" b \"", "wrong_type"]),
            (Function::Split(",".into()), ["missing", "null", "[]", "[\"0\"]", "[\"b\",null]", "wrong_type"]),
            (
                Function::Append(path()),
                [
                    "[\"more\"]",
                    "[\"more\"]",
                    "[\"\",\"more\"]",
                    "[0,\"more\"]",
                    "[\" b \",null,\"more\"]",
                    "[{\"a\":1},\"more\"]",
                ],
            ),
        ] {
            for (input, expected) in inputs.iter().zip(expected) {
                assert_eq!(on(&function, *input), expected, "{function:?} on {input:?}");
            }
        }
    }

    #[test]
    fn m4_functions_do_what_they_say() {
        for (function, input, expected) in [
            (Function::Trim, r#"" a b\t""#, r#""a b""#),
            (Function::CollapseSpace, r#""  a \n b ""#, r#""a b""#),
            (Function::Lower, r#""ÄB""#, r#""äb""#),
            (Function::Upper, r#""straße""#, r#""STRASSE""#),
            (Function::Title, r#""mary-ann o'NEIL""#, r#""Mary-Ann O'Neil""#),
            (Function::Digits, r#""a1-2٣""#, r#""12""#),
            (Function::Phone(None), r#""(512) 555-0142""#, r#""+15125550142""#),
            (Function::Phone(Some("GB".into())), r#""020 7946 0958""#, r#""+442079460958""#),
            (Function::Phone(None), "5125550142", r#""+15125550142""#),
            (Function::Email, r#"" Me@Example.COM ""#, r#""me@example.com""#),
            (Function::Lower, "true", "true"),
            (Function::Upper, "true", r#""TRUE""#),
            (Function::Join("-".into()), "[1,null,\"a\",\"\"]", r#""1-a""#),
            (Function::Split(",".into()), r#""a, b,,c""#, r#"["a","b","c"]"#),
            (Function::Split(",".into()), r#"["a,b","c"]"#, r#"["a","b","c"]"#),
            (Function::Append(path()), r#"["more"]"#, r#"["more"]"#),
        ] {
            assert_eq!(on(&function, Some(input)), expected, "{function:?} on {input}");
        }
    }
}
