//! Inbound bodies as one JSON value (I10). The rules are those of `hookmill_bodies`; here they meet the host's bounds and errors.

use super::error::{ApiError, Kind as ErrorKind};
use crate::config::Limits;
use hookmill_bodies::{BodyError, BodyLimits, Fault};
pub use hookmill_bodies::{
    BodyWarning, Head, Kind, Opened, ResponseBody, ResponseHead, TextRepair, in_utf8, is_identity, is_readable,
    read_response, with_charset,
};
use serde_json::{Map, Value};

/// An element of a body: the text of one JSON value, and what is odd about how it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The text.
    pub text: String,
    /// What was read though it is not as its format has it.
    pub warnings: Vec<BodyWarning>,
}

/// How many times its own bytes a JSON body takes at most while it is opened: decoded, and as a copy of its elements.
const JSON_FACTOR: usize = 2;
/// The same of a body that is made a JSON value: decoded, as a tree, and as the value's text.
pub const MADE_FACTOR: usize = 16;
/// What a list takes with room for its first items, in bytes.
const LIST_BYTES: usize = 4 * size_of::<Value>() + 16;
/// What an object takes with room for its first members, in bytes.
const OBJECT_BYTES: usize = 4 * (size_of::<Value>() + 32) + 64;
/// What each further item or member takes, in bytes: the room of two, since room is doubled, and its name or digits.
const ITEM_BYTES: usize = 2 * (size_of::<Value>() + 40) + 32;

/// The content headers of a body; absent ones are empty.
pub fn head(content_type: &str, content_encoding: &str) -> Result<Head, ApiError> {
    Head::parse(content_type, content_encoding).map_err(error)
}

/// The same with the charset of its source, which counts where nothing in the request names one.
pub fn with_default_charset(head: Head, charset: Option<&str>) -> Result<Head, ApiError> {
    match charset {
        Some(label) => head.with_default_charset(label).map_err(error),
        None => Ok(head),
    }
}

/// The name that the Encoding Standard has for the charset of a label.
pub fn charset_name(label: &str) -> Result<&'static str, ApiError> {
    let unknown = || ApiError::invalid("charset", "must be a label of the Encoding Standard, such as `windows-1252`");
    if label.trim().is_empty() {
        return Err(unknown());
    }
    hookmill_bodies::charset_name(label).map_err(|_| unknown())
}

/// The same where only JSON is taken.
pub fn json_head(content_type: &str, content_encoding: &str) -> Result<Head, ApiError> {
    let not_json = || {
        let given: String = content_type.chars().take(100).collect();
        let message = format!("`{given}` is not supported here; send application/json");
        ApiError::new(ErrorKind::ContentType, "content_type_unsupported", message)
    };
    match head(content_type, content_encoding) {
        Ok(head) if head.kind == Kind::Json => Ok(head),
        Err(error) if error.code != "content_type_unsupported" => Err(error),
        _ => Err(not_json()),
    }
}

/// A body, inflated, decoded, and made a JSON value where it is none. The syntax of JSON itself is not looked at yet.
pub fn open<'a>(head: &Head, body: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ApiError> {
    hookmill_bodies::open(head, body, &bounds(limits)).map_err(error)
}

/// The same where a compressed body may have so many bytes once it is inflated, at most as many as the limits say.
pub fn open_within<'a>(
    head: &Head,
    body: &'a [u8],
    inflated_bytes_max: usize,
    limits: &Limits,
) -> Result<Opened<'a>, ApiError> {
    let inflated_bytes_max = inflated_bytes_max.min(limits.inflated_bytes_max);
    hookmill_bodies::open(head, body, &BodyLimits { inflated_bytes_max, ..bounds(limits) }).map_err(error)
}

/// The same where nothing is read that JSON does not have.
pub fn open_strict<'a>(head: &Head, body: &'a [u8], limits: &Limits) -> Result<Opened<'a>, ApiError> {
    let opened = open(head, body, limits)?;
    opened.check_strict().map_err(error)?;
    Ok(opened)
}

/// The element at this place of an opened body; none when it has no such place. A body that is not JSON is one element.
pub fn element(opened: &Opened, start: usize, bytes: usize) -> Option<Element> {
    let text = match opened.is_json() {
        true => opened.text().get(start..start.checked_add(bytes)?)?.trim(),
        false => opened.text(),
    };
    Some(Element { text: text.to_owned(), warnings: opened.warnings(start, bytes) })
}

/// Why a text is not JSON, with its place and the suggested fix.
pub fn syntax(text: &str) -> ApiError {
    error(hookmill_bodies::syntax_error(text))
}

/// How many bytes of memory opening a body takes at most, its elements included, when it has so many once it is inflated.
pub fn opening_bytes(head: &Head, bytes: usize) -> usize {
    let factor = if head.kind == Kind::Json { JSON_FACTOR } else { MADE_FACTOR };
    bytes.saturating_mul(factor)
}

/// How many bytes of memory a JSON text takes at most as a tree of values: many times its own when it has many small ones.
pub fn tree_bytes(text: &str) -> usize {
    let (mut bytes, mut is_string, mut is_escaped) = (size_of::<Value>().saturating_add(text.len()), false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b'[' => bytes += LIST_BYTES,
            b'{' => bytes += OBJECT_BYTES,
            b',' => bytes += ITEM_BYTES,
            _ => {}
        }
    }
    bytes
}

/// A body as one element, once its syntax is checked.
pub fn to_json(head: &Head, body: &[u8], limits: &Limits) -> Result<Element, ApiError> {
    let opened = open(head, body, limits)?;
    let warnings = opened.warnings(0, opened.text().len());
    let is_json = opened.is_json();
    let text = opened.into_checked().map_err(error)?;
    let text = if is_json { text.trim().to_owned() } else { text.into_owned() };
    Ok(Element { text, warnings })
}

/// A body in UTF-8 as text, nested no deeper than this; nothing is said of its syntax yet.
pub fn utf8(body: &[u8], depth_max: usize) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let good = std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default();
        let place = hookmill_bodies::Place::of(good, good.len());
        ApiError::new(ErrorKind::Syntax, "invalid_utf8", format!("the body is not UTF-8 ({place}); save it as UTF-8"))
            .at("", "invalid_utf8", format!("byte {} does not start a UTF-8 character", error.valid_up_to()))
    })?;
    hookmill_bodies::check_depth(text, depth_max).map_err(error)?;
    Ok(text)
}

fn bounds(limits: &Limits) -> BodyLimits {
    BodyLimits {
        inflated_bytes_max: limits.inflated_bytes_max,
        depth_max: limits.body_depth_max,
        fields_max: limits.form_fields_max,
        file_text_bytes_max: limits.file_text_bytes_max,
        ..BodyLimits::default()
    }
}

fn error(error: BodyError) -> ApiError {
    let kind = match error.fault {
        Fault::Syntax => ErrorKind::Syntax,
        Fault::TooLarge => ErrorKind::TooLarge,
        Fault::TooMany => ErrorKind::Invalid,
        Fault::Kind => ErrorKind::ContentType,
    };
    let rejected = ApiError::new(kind, error.code, error.sentence());
    let rejected = match (&error.field, error.place) {
        (Some(field), _) => rejected.at(field.as_str(), error.code, error.message.as_str()),
        (None, Some(place)) => rejected.at("", error.code, place.to_string()),
        (None, None) => rejected,
    };
    let place = error.place.iter().flat_map(|place| [("line", place.line.into()), ("column", place.column.into())]);
    let texts = [("field", error.field), ("hint", error.hint)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::String(text?))));
    let fields: Map<String, Value> = place.chain(texts).map(|(name, value)| (name.to_owned(), value)).collect();
    if fields.is_empty() { rejected } else { rejected.with_fields(Value::Object(fields)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &[u8]) -> Result<String, ApiError> {
        to_json(&head(content_type, "")?, body, &Limits::default()).map(|element| element.text)
    }

    /// What a tree has allocated for certain.
    fn allocated(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(number) => number.to_string().len(),
            Value::String(text) => text.capacity(),
            Value::Array(list) => list.capacity() * size_of::<Value>() + list.iter().map(allocated).sum::<usize>(),
            Value::Object(map) => {
                let members =
                    map.iter().map(|(name, value)| name.len() + size_of::<(String, Value)>() + allocated(value));
                members.sum()
            }
        }
    }

    /// H6: no tree takes more than is counted for its text.
    #[test]
    fn h6_a_tree_takes_no_more_than_is_counted() {
        let many = |one: &str| format!("[{}]", vec![one; 1_000].join(","));
        let members: Vec<String> = (0..1_000).map(|n| format!("\"{n}\":{n}")).collect();
        let texts = [
            "null".to_owned(),
            many("0"),
            many("[]"),
            many("[0]"),
            many("[[[[1,2]]]]"),
            many("{\"a\":0}"),
            many("\"a,[{\\\"\""),
            format!("{{{}}}", members.join(",")),
            format!("\"{}\"", "x".repeat(100_000)),
        ];
        for text in texts {
            let value: Value = serde_json::from_str(&text).unwrap();
            let (allocated, counted) = (allocated(&value), tree_bytes(&text));
            assert!(allocated <= counted, "{allocated} > {counted}: {}", &text[..text.len().min(40)]);
        }
        // What is inside of texts takes its bytes alone.
        assert_eq!(tree_bytes("\"[,{\\\",\""), size_of::<Value>() + 8);
    }

    /// I10: what each kind becomes is shown in `hookmill_bodies`; here, that all of them are reached.
    #[test]
    fn i10_bodies_of_every_kind_are_read() {
        let table: [(&str, &str, &str); 5] = [
            ("application/json", " {\"a\":1e400} ", "{\"a\":1e400}"),
            ("application/x-www-form-urlencoded", "a=1&a=2", r#"{"a":["1","2"]}"#),
            (
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
                r#"{"a":"1"}"#,
            ),
            ("text/xml", "<a>1</a>", r#"{"a":"1"}"#),
            ("", "[1]", "[1]"),
        ];
        for (content_type, body, expected) in table {
            assert_eq!(read(content_type, body.as_bytes()).as_deref(), Ok(expected), "{content_type}");
        }
    }

    /// I5 I14: each fault has its kind of error, and a place where it has one.
    #[test]
    fn i5_faults_of_bodies_are_errors() {
        let limits = Limits { form_fields_max: 1, body_depth_max: 2, ..Limits::default() };
        let table = [
            ("application/json", "{", ErrorKind::Syntax, "invalid_json", "line 1, column 2"),
            ("application/json", "[[[", ErrorKind::Syntax, "too_deep", "line 1, column 3"),
            ("text/xml", "<a>\n<b/>", ErrorKind::Syntax, "xml_too_deep", "line 2, column 1"),
            ("text/xml", "<a>\n", ErrorKind::Syntax, "xml_syntax", "line 1, column 1"),
            ("application/x-www-form-urlencoded", "a=1&b=2", ErrorKind::Invalid, "form_too_large", ""),
            ("text/csv", "a", ErrorKind::ContentType, "content_type_unsupported", ""),
            ("application/json; charset=x", "{}", ErrorKind::ContentType, "charset_unsupported", ""),
        ];
        for (content_type, body, kind, code, place) in table {
            let outcome = head(content_type, "").and_then(|head| to_json(&head, body.as_bytes(), &limits));
            let rejected = outcome.unwrap_err();
            assert_eq!((rejected.kind, rejected.code), (kind, code), "{content_type}");
            let told = rejected.details.first().map(|detail| detail.message.as_str()).unwrap_or_default();
            assert_eq!(told, place, "{rejected}");
        }
        let rejected = read("application/json", b"{\n\"a\": NaN}").unwrap_err();
        let fields = serde_json::json!({"line": 2, "column": 6, "hint": "the sender must write `null`"});
        assert_eq!(rejected.fields.map(|fields| Value::Object(*fields)), Some(fields));
        let rejected = read("application/x-www-form-urlencoded", b"a=1&city=%E9").unwrap_err();
        assert_eq!(rejected.fields.unwrap()["field"], "city");
    }

    /// I10: the charset of a source and that of a request that is corrected are checked alike.
    #[test]
    fn i10_a_charset_is_a_label_of_the_encoding_standard() {
        for (label, name) in [("latin1", "windows-1252"), (" UTF-8 ", "UTF-8"), ("ascii", "UTF-8")] {
            assert_eq!(charset_name(label), Ok(name), "{label}");
        }
        for label in ["", " ", "klingon", "utf-7", "replacement", "a;b", "utf-8\r\nx: y"] {
            let error = charset_name(label).unwrap_err();
            assert_eq!((error.kind, error.details[0].path.as_str()), (ErrorKind::Invalid, "charset"), "{label}");
        }
    }

    #[test]
    fn i5_where_only_json_is_taken_all_else_is_named() {
        let table = [
            ("application/json", "", None),
            ("Application/JSON; charset=UTF-8", "gzip", None),
            ("application/vnd.x+json", "", None),
            ("application/json; charset=latin1", "", None),
            ("application/json; charset=klingon", "", Some("charset_unsupported")),
            ("application/json", "br", Some("content_encoding_unsupported")),
            ("text/plain", "", Some("content_type_unsupported")),
            ("text/csv", "", Some("content_type_unsupported")),
            ("multipart/form-data", "", Some("content_type_unsupported")),
            ("", "", Some("content_type_unsupported")),
        ];
        for (content_type, coding, code) in table {
            let outcome = json_head(content_type, coding);
            assert_eq!(outcome.err().map(|error| error.code), code, "{content_type}");
        }
    }
}
