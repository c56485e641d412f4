//! Forms in parts (`multipart/form-data`) as one JSON object, as [`crate::form`] makes it of its own.
//!
//! A part without a file name is a text, in the charset its content type names, else in the one that the part `_charset_` names, which is left out. A part with one is a file, and an object:
//!
//! | Member | |
//! |---|---|
//! | `file_name` | as its sender wrote it |
//! | `content_type` | left out when the part says none |
//! | `size` | in bytes, a number |
//! | `text` | the content, when its type says text (`text/*`, JSON, XML), it is text, and it is within `file_text_bytes_max` |
//!
//! Other content is not passed on; the raw request keeps it. A file input in which nothing was chosen (no name, no bytes) is `""`.

use std::convert::Infallible;

use bytes::Bytes;
use encoding_rs::UTF_8;
use futures_util::FutureExt;
use hookmill_json::write_text;
use multer::{Field, Multipart};
use percent_encoding::percent_decode_str;

use crate::charset::{self, Charset};
use crate::error::{BodyError, Fault};
use crate::fields::{Fields, too_many};
use crate::form;
use crate::head::{parameter, split_unquoted};
use crate::limits::BodyLimits;

/// How many characters of a file's content type are kept.
const CONTENT_TYPE_CHARS_MAX: usize = 200;

/// A form in parts.
pub(crate) fn to_json(
    body: Bytes,
    boundary: &str,
    charset: Option<Charset>,
    limits: &BodyLimits,
) -> Result<String, BodyError> {
    let whole = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::new(whole, boundary);
    let mut read: Vec<Part> = Vec::new();
    while let Some(field) = ready(parts.next_field())? {
        if limits.fields_max <= read.len() {
            return Err(too_many(limits.fields_max));
        }
        read.push(Part::read(field, read.len() + 1)?);
    }
    // RFC 7578, 4.6: the charset of the parts that name none may stand in any place.
    let (names, read): (Vec<Part>, Vec<Part>) = read.into_iter().partition(Part::names_charset);
    let own = names.first();
    let own = own.map(|part| form::named_charset(&String::from_utf8_lossy(&part.content))).transpose()?.flatten();
    let charset = own.or(charset).unwrap_or(UTF_8);
    let mut fields = Fields::new(limits.fields_max);
    read.into_iter().try_for_each(|part| part.add_to(&mut fields, charset, limits))?;
    Ok(fields.finish())
}

/// What the parser answers: the body is all there, so it never waits.
fn ready<T>(step: impl Future<Output = multer::Result<T>>) -> Result<T, BodyError> {
    match step.now_or_never() {
        Some(outcome) => outcome.map_err(|error| syntax(&error)),
        None => Err(syntax(&multer::Error::IncompleteStream)),
    }
}

fn syntax(error: &multer::Error) -> BodyError {
    let message = match error {
        multer::Error::IncompleteStream | multer::Error::IncompleteHeaders => {
            "it ends, or its boundary is another, before the line that closes it".to_owned()
        }
        multer::Error::IncompleteFieldData { field_name } => {
            let name: String = field_name.iter().flat_map(|name| name.chars()).take(60).collect();
            format!("it ends within the part `{name}`")
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            "it is too large".to_owned()
        }
        multer::Error::DecodeHeaderName { .. } | multer::Error::DecodeHeaderValue { .. } => {
            "a header of a part has characters that a header can't have".to_owned()
        }
        multer::Error::ReadHeaderFailed(_) => "a part does not begin with its headers and an empty line".to_owned(),
        _ => "its parts can't be told apart".to_owned(),
    };
    BodyError::new(Fault::Syntax, "invalid_multipart", format!("the body is not multipart/form-data: {message}"))
}

/// One part, as it came.
struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    /// What its content type says.
    charset: Option<Charset>,
    content: Bytes,
}

impl Part {
    fn read(field: Field<'_>, number: usize) -> Result<Self, BodyError> {
        let Some(name) = field.name().map(str::to_owned) else {
            let message = format!(
                "part {number} has no name that can be read: `Content-Disposition: form-data; name=\"...\"` is missing"
            );
            return Err(BodyError::new(Fault::Syntax, "invalid_multipart", message));
        };
        let content_type = field.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let own = content_type.iter().flat_map(|text| text.split(';').skip(1)).filter_map(parameter);
        let own = own.filter(|(name, _)| name == "charset").map(|(_, label)| charset::named(&label)).next();
        let charset = own.transpose().map_err(|error| form::named(error, name.as_bytes()))?;
        let file_name = field.file_name().map(str::to_owned).or_else(|| encoded_file_name(&field));
        let content = ready(field.bytes())?;
        Ok(Self { name, file_name, content_type, charset, content })
    }

    /// Whether it names the charset of the others. A file of this name is a file.
    fn names_charset(&self) -> bool {
        self.file_name.is_none() && self.name == form::CHARSET_FIELD
    }

    fn add_to(self, fields: &mut Fields, charset: Charset, limits: &BodyLimits) -> Result<(), BodyError> {
        let charset = self.charset.unwrap_or(charset);
        match &self.file_name {
            None => {
                let text = charset::decoded(&self.content, charset);
                let text = text.map_err(|error| form::named(error, self.name.as_bytes()))?;
                fields.text(self.name, &text)
            }
            Some(name) if name.is_empty() && self.content.is_empty() => fields.text(self.name, ""),
            Some(name) => {
                let file = self.file(name, charset, limits.file_text_bytes_max);
                fields.json(self.name, file)
            }
        }
    }

    fn file(&self, name: &str, charset: Charset, text_bytes_max: usize) -> String {
        let mut out = String::from("{\"file_name\":");
        write_text(&mut out, name);
        if let Some(content_type) = &self.content_type {
            out.push_str(",\"content_type\":");
            write_text(&mut out, &content_type.chars().take(CONTENT_TYPE_CHARS_MAX).collect::<String>());
        }
        out.push_str(&format!(",\"size\":{}", self.content.len()));
        let is_small = self.content.len() <= text_bytes_max;
        let is_text = is_small && self.content_type.as_deref().is_some_and(is_text);
        if let Some(text) = is_text.then(|| charset::decoded(&self.content, charset).ok()).flatten() {
            out.push_str(",\"text\":");
            write_text(&mut out, &text);
        }
        out.push('}');
        out
    }
}

/// A file name as some write it that is not plain: `filename*=UTF-8''r%C3%A9sum%C3%A9.pdf`.
fn encoded_file_name(field: &Field<'_>) -> Option<String> {
    let disposition = field.headers().get("content-disposition")?.to_str().ok()?;
    let (_, value) =
        split_unquoted(disposition).iter().filter_map(|part| parameter(part)).find(|(name, _)| name == "filename*")?;
    let encoded = value.splitn(3, '\'').nth(2)?;
    Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
}

/// Whether a media type says text.
fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ["application/json", "application/xml", "application/csv"];
    essence.starts_with("text/")
        || known.contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &[u8]) -> Result<String, BodyError> {
        let limits = BodyLimits { file_text_bytes_max: 8, fields_max: 4, ..BodyLimits::default() };
        to_json(Bytes::copy_from_slice(body), "B", None, &limits)
    }

    /// A part's headers and its content.
    type Written<'a> = (&'a str, &'a [u8]);

    fn form(parts: &[Written]) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, content) in parts {
            body.extend_from_slice(format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--B--\r\n");
        body
    }

    #[test]
    fn i10_parts_are_fields_and_files() {
        let table: [(&[Written], &str); 17] = [
            (&[("name=\"a\"", b"\xe9"), ("name=_charset_", b"latin1")], r#"{"a":"é"}"#),
            (
                &[
                    ("name=_charset_", b"latin1"),
                    ("name=\"a\"\r\nContent-Type: text/plain; charset=utf-8", "é".as_bytes()),
                ],
                r#"{"a":"é"}"#,
            ),
            (&[("name=_charset_", b"")], "{}"),
            (&[("name=\"_charset_\"; filename=\"a\"", b"x")], r#"{"_charset_":{"file_name":"a","size":1}}"#),
            (&[], "{}"),
            (&[("name=\"a\"", b"02139")], r#"{"a":"02139"}"#),
            (&[("name=\"a\"", b"1"), ("name=\"b\"", b""), ("name=\"a\"", b"2")], r#"{"a":["1","2"],"b":""}"#),
            (&[("name=a[]", "é\r\n".as_bytes())], r#"{"a[]":"é\r\n"}"#),
            (&[("name=\"a\"\r\nContent-Type: text/plain; charset=latin1", b"\xe9")], r#"{"a":"é"}"#),
            (&[("name=\"a\"\r\nContent-Type: application/json", b"{\"x\":1}")], r#"{"a":"{\"x\":1}"}"#),
            (&[("name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream", b"")], r#"{"f":""}"#),
            (
                &[("name=\"f\"; filename=\"cv \u{e9}.pdf\"\r\nContent-Type: application/pdf", b"%PDF\xff")],
                r#"{"f":{"file_name":"cv é.pdf","content_type":"application/pdf","size":5}}"#,
            ),
            (
                &[("name=\"f\"; filename=\"a.csv\"\r\nContent-Type: text/csv", b"a,b")],
                r#"{"f":{"file_name":"a.csv","content_type":"text/csv","size":3,"text":"a,b"}}"#,
            ),
            (
                &[("name=\"f\"; filename=\"a.csv\"\r\nContent-Type: text/csv", b"123456789")],
                r#"{"f":{"file_name":"a.csv","content_type":"text/csv","size":9}}"#,
            ),
            (
                &[("name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain", b"\xff")],
                r#"{"f":{"file_name":"a.txt","content_type":"text/plain","size":1}}"#,
            ),
            (&[("name=\"f\"; filename*=UTF-8''r%C3%A9.pdf", b"\xff")], r#"{"f":{"file_name":"ré.pdf","size":1}}"#),
            (&[("name=\"f\"; filename=\"x\"", b"y")], r#"{"f":{"file_name":"x","size":1}}"#),
        ];
        for (parts, expected) in table {
            assert_eq!(read(&form(parts)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn i10_what_is_no_form_in_parts_is_rejected() {
        let good = form(&[("name=\"a\"", b"1")]);
        for end in 0..good.len() - 4 {
            assert_eq!(read(&good[..end]).unwrap_err().code, "invalid_multipart", "{end}");
        }
        let table: [(Vec<u8>, Fault, &str, &str); 6] = [
            (b"{}".to_vec(), Fault::Syntax, "invalid_multipart", "boundary"),
            (b"--C\r\n\r\n--C--".to_vec(), Fault::Syntax, "invalid_multipart", "boundary"),
            (form(&[("filename=\"a\"", b"1")]), Fault::Syntax, "invalid_multipart", "part 1 has no name"),
            (form(&[("name=\"a\"", b"\xff")]), Fault::Syntax, "invalid_utf8", "`a`"),
            (
                form(&[("name=\"a\"\r\nContent-Type: text/plain; charset=klingon", b"1")]),
                Fault::Syntax,
                "charset_unsupported",
                "`a`",
            ),
            (form(&[("name=\"a\"", &b"1"[..]); 5]), Fault::TooMany, "form_too_large", "4 fields"),
        ];
        for (body, fault, code, part) in table {
            let error = read(&body).unwrap_err();
            assert_eq!((error.fault, error.code), (fault, code), "{error}");
            assert!(error.message.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn i10_any_parts_give_an_object_or_a_rejection(
            pieces in proptest::collection::vec(prop_oneof![
                Just(b"--B".to_vec()), Just(b"--B--".to_vec()), Just(b"\r\n".to_vec()), Just(b"\r\n\r\n".to_vec()),
                Just(b"Content-Disposition: form-data; name=\"a\"; filename=\"b\\".to_vec()), Just(b"name=".to_vec()), Just(b"\"".to_vec()),
                Just(b"Content-Type: text/plain; charset=".to_vec()), proptest::collection::vec(any::<u8>(), 0..5),
            ], 0..20)
        ) {
            if let Ok(json) = read(&pieces.concat()) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_object());
            }
        }

        #[test]
        fn i10_any_content_without_its_boundary_comes_back(content in "\\PC{0,30}|[\\r\\n\\-B]{0,12}") {
            prop_assume!(!format!("\r\n{content}").contains("\r\n--B"));
            let read = read(&form(&[("name=\"a\"", content.as_bytes())])).unwrap();
            prop_assert_eq!(read, serde_json::json!({ "a": content }).to_string());
        }
    }
}
