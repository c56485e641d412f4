//! Forms (`a=1&b=x+y`) and query strings as one JSON object. Every value is text; `a=` and `a` are both `""`. A name that comes again
//! becomes a list, in order. Names stay as they are written: `a[b]`, `a[]` and `a.b` are names like any other.

use crate::charset::{self, Charset};
use crate::error::{BodyError, Fault};
use crate::fields::Fields;
use crate::limits::BodyLimits;
use encoding_rs::UTF_8;
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// A query string, without its `?`, as one JSON object.
pub fn query_to_json(query: &str, limits: &BodyLimits) -> Result<String, BodyError> {
    to_json(query.as_bytes(), UTF_8, limits)
}

/// The field in which a form names its charset (HTML). It says how the form is read and is not a part of what it says.
pub(crate) const CHARSET_FIELD: &str = "_charset_";

/// The charset that a form names itself; none where it names none.
pub(crate) fn named_charset(label: &str) -> Result<Option<Charset>, BodyError> {
    if label.trim().is_empty() {
        return Ok(None);
    }
    let charset = charset::named(label).map_err(|error| named(error, CHARSET_FIELD.as_bytes()))?;
    // A form of a page in UTF-16 is sent in UTF-8.
    Ok(Some(charset.output_encoding()))
}

/// A form whose percent-encoded bytes are of this charset, unless it names another.
pub(crate) fn to_json(body: &[u8], charset: Charset, limits: &BodyLimits) -> Result<String, BodyError> {
    let mut fields = Fields::new(limits.fields_max);
    let body = without_line_end(body);
    let names_charset = |name: &[u8]| percent_decode(name).eq(CHARSET_FIELD.bytes());
    let charset = match body.split(|byte| *byte == b'&').map(halves).find(|(name, _)| names_charset(name)) {
        Some((_, label)) => named_charset(&percent_decode(label).decode_utf8_lossy())?.unwrap_or(charset),
        None => charset,
    };
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = halves(pair);
        if names_charset(name) {
            continue;
        }
        let name = text(name, charset).map_err(|error| named(error, name))?;
        let value = text(value, charset).map_err(|error| named(error, name.as_bytes()))?;
        fields.text(name, &value)?;
    }
    Ok(fields.finish())
}

/// The end of the last line, as files have one, belongs to no value: a form says its own line ends as `%0D%0A`.
fn without_line_end(body: &[u8]) -> &[u8] {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body)
}

fn halves(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}

fn text(written: &[u8], charset: Charset) -> Result<String, BodyError> {
    let spaced: Cow<'_, [u8]> = if written.contains(&b'+') {
        Cow::Owned(written.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect())
    } else {
        Cow::Borrowed(written)
    };
    let bytes: Cow<'_, [u8]> = percent_decode(&spaced).into();
    charset::decoded(&bytes, charset).map(Cow::into_owned)
}

/// The same fault, said of a field: a place inside of it would say nothing.
pub(crate) fn named(error: BodyError, name: &[u8]) -> BodyError {
    let name: String = String::from_utf8_lossy(name).chars().take(60).collect();
    let message = format!("in the field `{name}`: {}", error.message);
    BodyError { fault: Fault::Syntax, message, place: None, field: Some(name), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn read(form: &str) -> Result<String, &'static str> {
        query_to_json(form, &BodyLimits::default()).map_err(|error| error.code)
    }

    #[test]
    fn i10_repeated_form_keys_become_lists() {
        let table = [
            ("a=1&b=x%20y", r#"{"a":"1","b":"x y"}"#),
            ("a=1&b=0&a=2&a=3", r#"{"a":["1","2","3"],"b":"0"}"#),
            ("a=&b", r#"{"a":"","b":""}"#),
            ("", "{}"),
            ("&&a=1&", r#"{"a":"1"}"#),
            ("=1", r#"{"":"1"}"#),
            ("a=b=c", r#"{"a":"b=c"}"#),
            ("a+b=c+d%2B", r#"{"a b":"c d+"}"#),
            ("a=100%&b=%zz", r#"{"a":"100%","b":"%zz"}"#),
            ("a[b]=1&a[]=2&a[]=3&a%5Bc%5D=4", r#"{"a[b]":"1","a[]":["2","3"],"a[c]":"4"}"#),
            ("lead.phone_1=5127891111", r#"{"lead.phone_1":"5127891111"}"#),
            ("zip=02139&n=%22%5C%0A", r#"{"zip":"02139","n":"\"\\\n"}"#),
            ("a=1\n", r#"{"a":"1"}"#),
            ("a=1&b=x\r\n", r#"{"a":"1","b":"x"}"#),
            ("a=x%0A\n", r#"{"a":"x\n"}"#),
            ("a=x\n\n&b=1", r#"{"a":"x\n\n","b":"1"}"#),
            ("\n", "{}"),
            ("name=Ren%C3%A9&stadt=K%c3%b6ln", r#"{"name":"René","stadt":"Köln"}"#),
        ];
        for (form, json) in table {
            assert_eq!(read(form).as_deref(), Ok(json), "{form}");
        }
    }

    #[test]
    fn i10_a_form_is_of_its_charset() {
        let latin = charset::named("latin1").unwrap();
        let limits = BodyLimits::default();
        assert_eq!(to_json(b"n=Ren%E9&m=\xe9", latin, &limits).as_deref(), Ok(r#"{"n":"René","m":"é"}"#));
        let error = query_to_json("a=1&n=Ren%E9", &limits).unwrap_err();
        assert_eq!((error.fault, error.code), (Fault::Syntax, "invalid_utf8"));
        assert!(error.message.contains("`n`") && error.message.contains("byte 3"), "{error}");
    }

    /// The HTML standard: `_charset_` is what the browser wrote the form in.
    #[test]
    fn i10_a_form_may_name_its_charset() {
        let limits = BodyLimits::default();
        let table = [
            ("n=Ren%E9&_charset_=windows-1252", r#"{"n":"René"}"#),
            ("_charset_=ISO-8859-15&n=%A4", r#"{"n":"€"}"#),
            ("n=Ren%C3%A9&_charset_=UTF-8", r#"{"n":"René"}"#),
            ("n=Ren%C3%A9&_charset_=utf-16le", r#"{"n":"René"}"#),
            ("n=Ren%C3%A9&_charset_=", r#"{"n":"René"}"#),
        ];
        for (form, json) in table {
            assert_eq!(to_json(form.as_bytes(), UTF_8, &limits).as_deref(), Ok(json), "{form}");
        }
        for form in ["_charset_=latin1", "_charset_", "_charset_=&_charset_=utf-8", "%5Fcharset%5F=latin%31"] {
            assert_eq!(to_json(form.as_bytes(), UTF_8, &limits).as_deref(), Ok("{}"), "{form}");
        }
        let error = to_json(b"n=1&_charset_=klingon", UTF_8, &limits).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), ("charset_unsupported", Some("_charset_")), "{error}");
    }

    #[test]
    fn i10_a_form_is_bounded() {
        let limits = BodyLimits { fields_max: 3, ..BodyLimits::default() };
        assert!(query_to_json("a=1&a=1&b=1&", &limits).is_ok());
        let error = query_to_json("a=1&a=1&b=1&b=2", &limits).unwrap_err();
        assert_eq!((error.fault, error.code), (Fault::TooMany, "form_too_large"));
    }

    proptest! {
        #[test]
        fn i10_what_was_encoded_comes_back(fields in proptest::collection::vec(("\\PC{0,8}", "\\PC{0,8}|[\\x00-\\x7f]{0,8}"), 0..6)) {
            let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let form: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            let read: Value = serde_json::from_str(&query_to_json(&form.join("&"), &BodyLimits::default()).unwrap()).unwrap();
            let mut expected = serde_json::Map::new();
            for (name, value) in fields {
                if name == CHARSET_FIELD {
                    continue;
                }
                let list = expected.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().unwrap().push(Value::String(value));
            }
            for value in expected.values_mut() {
                if let [only] = value.as_array().unwrap().as_slice() {
                    *value = only.clone();
                }
            }
            prop_assert_eq!(read, Value::Object(expected));
        }
    }
}
