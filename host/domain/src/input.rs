//! The bodies and queries of the management API as the types that its operations take, and what is wrong with one in the words of the API: the
//! path of the member, what it must be, and the suggested fix (I14). What serde says of it is told to nobody.

mod words;

use super::body;
use super::error::{ApiError, Kind};
use serde::de::{DeserializeOwned, IgnoredAny};
use words::Mistake;

/// Reads a JSON body that was opened already.
///
/// # Errors
/// `400` where it is not JSON, `422` with the path of the first member that does not fit.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    // A list would be read as the members of an object, in their order.
    if text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('[') {
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| body::syntax(text))?;
        return Err(not_an_object("a list"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        (path, error.into_inner())
    });
    match read {
        Ok(value) => reader.end().map(|()| value).map_err(|_| body::syntax(text)),
        Err((path, error)) if error.is_data() => Err(misfit(&path, &error.to_string())),
        // For the word of an enumeration the reader takes no number, list or null, and calls them a fault of syntax.
        Err((path, _)) if serde_json::from_str::<IgnoredAny>(text).is_ok() => Err(misfit(&path, "must be a text")),
        Err(_) => Err(body::syntax(text)),
    }
}

/// A parameter of a query that can't be read, from what serde says of the query: the parameter's name, a colon, and why.
pub fn query_error(text: &str) -> ApiError {
    let (name, why) = text.split_once(": ").filter(|(name, _)| !name.contains(' ')).unwrap_or(("", text));
    misfit(name, why)
}

/// What is wrong with a JSON value, behind its path.
pub fn describe(error: &serde_json::Error) -> String {
    Mistake::read(&error.to_string()).message()
}

/// What is wrong with a value at a path.
fn misfit(path: &str, why: &str) -> ApiError {
    let path = if path == "." { "" } else { path };
    let mistake = Mistake::read(why);
    let (path, message) = (mistake.path(path), mistake.message());
    match mistake.given().filter(|_| path.is_empty()) {
        Some(given) => not_an_object(given),
        None => ApiError::invalid(path, message),
    }
}

fn not_an_object(given: &str) -> ApiError {
    let whole = ApiError::new(Kind::Invalid, "invalid", "the body must be a JSON object");
    whole.at("", "not_an_object", format!("this is {given}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Draft,
        Active,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Chosen {
        #[allow(dead_code, reason = "it is read")]
        id: String,
        #[serde(deserialize_with = "crate::integer::deserialize")]
        #[allow(dead_code, reason = "it is read")]
        version: i64,
    }

    /// A body with members of every kind that the API has.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "it is read")]
    struct Body {
        name: String,
        state: Option<State>,
        chosen: Option<Chosen>,
        several: Option<Vec<Chosen>>,
        headers: Option<BTreeMap<String, String>>,
        is_on: Option<bool>,
        small: Option<u8>,
        status: Option<u16>,
        raw: Option<Box<RawValue>>,
        value: Option<serde_json::Value>,
        names: Option<Vec<String>>,
    }

    fn rejected(text: &str) -> (String, String) {
        let error = from_json::<Body>(text).unwrap_err();
        assert_eq!((error.kind, error.details.len()), (Kind::Invalid, 1), "{text}: {error}");
        (error.details[0].path.clone(), error.message)
    }

    #[test]
    fn i14_what_does_not_fit_has_its_path_and_what_it_must_be() {
        for (text, path, message) in [
            (r#"{}"#, "name", "`name` is missing; add it"),
            (r#"{"name":"a","nmae":1}"#, "nmae", "`nmae` is not known here; did you mean `name`?"),
            (r#"{"name":"a","x":1}"#, "x", "`x` is not known here; remove it, or use one of `name`, `state`, `chosen`"),
            (r#"{"name":5}"#, "name", "`name` must be a text, and this is a number; write it in quotes"),
            (r#"{"name":true}"#, "name", "`name` must be a text, and this is true or false; write it in quotes"),
            (r#"{"name":null}"#, "name", "`name` must be a text, and this is null"),
            (r#"{"name":["a"]}"#, "name", "`name` must be a text, and this is a list"),
            (r#"{"name":{"a":1}}"#, "name", "`name` must be a text, and this is an object"),
            (r#"{"name":"a","name":"b"}"#, "name", "`name` stands twice; remove one of them"),
            (
                r#"{"name":"a","state":"activ"}"#,
                "state",
                "`state` must be `draft` or `active`, and this is `activ`; did you mean `active`?",
            ),
            (r#"{"name":"a","state":"gone"}"#, "state", "`state` must be `draft` or `active`, and this is `gone`"),
            (r#"{"name":"a","state":5}"#, "state", "`state` must be a text"),
            (r#"{"name":"a","chosen":{"version":1}}"#, "chosen.id", "`chosen.id` is missing; add it"),
            (r#"{"name":"a","chosen":{"id":"p","version":1,"x":0}}"#, "chosen.x", "`chosen.x` is not known here"),
            (
                r#"{"name":"a","chosen":{"id":"p","version":"1"}}"#,
                "chosen.version",
                "`chosen.version` must be a number, and this is a text; write it without quotes",
            ),
            (
                r#"{"name":"a","chosen":{"id":"p","version":1.5}}"#,
                "chosen.version",
                "`chosen.version` must be an integer within its bounds, and this is 1.5",
            ),
            (r#"{"name":"a","chosen":"p"}"#, "chosen", "`chosen` must be an object, and this is a text"),
            (
                r#"{"name":"a","several":[{"id":"p","version":1},{"id":7,"version":1}]}"#,
                "several[1].id",
                "`several[1].id` must be a text",
            ),
            (r#"{"name":"a","several":{}}"#, "several", "`several` must be a list, and this is an object"),
            (r#"{"name":"a","headers":{"x-a":1}}"#, "headers.x-a", "`headers.x-a` must be a text"),
            (r#"{"name":"a","headers":[]}"#, "headers", "`headers` must be an object, and this is a list"),
            (r#"{"name":"a","is_on":"yes"}"#, "is_on", "`is_on` must be true or false, and this is a text"),
            (r#"{"name":"a","small":-1}"#, "small", "`small` must be an integer from 0 to 255, and this is -1"),
            (r#"{"name":"a","small":300}"#, "small", "`small` must be an integer from 0 to 255, and this is 300"),
            (r#"{"name":"a","status":2.5}"#, "status", "`status` must be an integer from 0 to 65535"),
            (r#"{"name":"a","names":["a",2]}"#, "names[1]", "`names[1]` must be a text"),
        ] {
            let (found, told) = rejected(text);
            assert_eq!(found, path, "{text}: {told}");
            assert!(told.starts_with(message), "{text}: {told}");
        }
    }

    #[test]
    fn i14_a_body_that_is_no_object_is_named() {
        for (text, given) in
            [("5", "a number"), (" [1]", "a list"), ("null", "null"), ("\"a\"", "a text"), ("true", "true or false")]
        {
            let error = from_json::<Body>(text).unwrap_err();
            assert_eq!(
                (error.details[0].path.as_str(), error.details[0].code.as_str()),
                ("", "not_an_object"),
                "{text}"
            );
            assert_eq!(error.details[0].message, format!("this is {given}"), "{text}");
        }
        assert_eq!(from_json::<Body>("{").unwrap_err().kind, Kind::Syntax);
        assert_eq!(from_json::<Body>("[1").unwrap_err().kind, Kind::Syntax);
        assert_eq!(from_json::<Body>("{\"name\":\"a\"} x").unwrap_err().kind, Kind::Syntax);
    }

    #[test]
    fn what_fits_is_read_with_every_digit() {
        let text = r#"{"name":"a","raw":{"n": 1e400},"value":[1.50,{"a":12345678901234567890.10}],"small":7}"#;
        let body: Body = from_json(text).unwrap();
        assert_eq!(body.raw.unwrap().get(), r#"{"n": 1e400}"#);
        assert_eq!(body.value.unwrap().to_string(), r#"[1.50,{"a":12345678901234567890.10}]"#);
        assert_eq!(body.small, Some(7));
    }

    #[test]
    fn i14_a_parameter_that_can_not_be_read_is_named() {
        for (text, path, message) in [
            ("limit: invalid digit found in string", "limit", "`limit` must be an integer"),
            ("limit: cannot parse integer from empty string", "limit", "`limit` must be an integer"),
            ("limit: number too large to fit in target type", "limit", "`limit` must be an integer within its bounds"),
            (
                "state: unknown variant `x`, expected one of `a`, `b`",
                "state",
                "`state` must be `a` or `b`, and this is `x`",
            ),
            ("missing field `key`", "key", "`key` is missing; add it"),
            ("duplicate field `limit`", "limit", "`limit` stands twice; remove one of them"),
            ("limit: duplicate field `limit`", "limit", "`limit` stands twice"),
            ("on: provided string was not `true` or `false`", "on", "`on` must be true or false"),
        ] {
            let error = query_error(text);
            assert_eq!(error.details[0].path, path, "{text}");
            assert!(error.message.starts_with(message), "{text}: {error}");
        }
    }
}
