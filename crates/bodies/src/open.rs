//! A body by its head, as one JSON value.

use crate::depth::check_depth;
use crate::error::{BodyError, Fault};
use crate::head::{Head, Kind, unsupported};
use crate::limits::BodyLimits;
use crate::look::{Look, look};
use crate::xml::{self, XmlLimits};
use crate::{charset, coding, form, multipart};
use bytes::Bytes;
use encoding_rs::UTF_8;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// A body that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened<'a> {
    /// The text of a JSON body as it was written, within the depth. Its syntax was not looked at: who slices it looks anyway.
    Json(Cow<'a, str>),
    /// The text of the JSON value that another kind of body became.
    Made(String),
}

impl Opened<'_> {
    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Self::Json(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// Opens a body: inflated, decoded, and made a value where it is not JSON.
pub fn open<'a>(head: &Head, body: &'a [u8], limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let bytes = coding::inflate(head.coding, body, limits.inflated_bytes_max)?;
    match &head.kind {
        Kind::Json => json(charset::text(bytes, head.charset)?, limits),
        Kind::Xml => xml(head, bytes, limits),
        Kind::Form => open_form(head, bytes, limits),
        Kind::Multipart { boundary } => {
            multipart::to_json(Bytes::from(bytes.into_owned()), boundary, head.charset, limits).map(Opened::Made)
        }
        Kind::Unsaid => unsaid(head, bytes, limits),
    }
}

/// A body as the text of one JSON value.
pub fn to_json<'a>(head: &Head, body: &'a [u8], limits: &BodyLimits) -> Result<Cow<'a, str>, BodyError> {
    match open(head, body, limits)? {
        Opened::Json(text) => {
            check_syntax(&text)?;
            Ok(text)
        }
        Opened::Made(text) => Ok(Cow::Owned(text)),
    }
}

/// Whether a text is JSON.
fn check_syntax(text: &str) -> Result<(), BodyError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let mut rejected = BodyError::new(Fault::Syntax, "invalid_json", format!("the body is not JSON: {error}"));
            rejected.place = Some(crate::Place { line: error.line(), column: error.column() });
            Err(rejected)
        }
    }
}

fn json<'a>(text: Cow<'a, str>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    check_depth(&text, limits.depth_max)?;
    Ok(Opened::Json(text))
}

fn xml<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let charset = match head.charset {
        Some(charset) => Some(charset),
        None => charset::of_xml(&bytes)?,
    };
    xml_text(&charset::text(bytes, charset)?, limits)
}

fn xml_text<'a>(text: &str, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let depth_max = limits.xml.depth_max.min(limits.depth_max / 2);
    xml::to_json(text, &XmlLimits { depth_max, ..limits.xml.clone() }).map(Opened::Made)
}

/// A form. JSON under a form's name is a common slip (it is what `curl -d` sends), and no form looks like it: its braces would be
/// percent-encoded. So a whole object or list is taken for what it is.
fn open_form<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && let Ok(text) = charset::text(bytes.clone(), head.charset)
        && check_syntax(&text).is_ok()
    {
        return json(text, limits);
    }
    let made = match head.charset {
        Some(charset) if !charset.is_ascii_compatible() => {
            form::to_json(charset::text(bytes, Some(charset))?.as_bytes(), UTF_8, limits)
        }
        charset => {
            let unmarked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            form::to_json(unmarked, charset.unwrap_or(UTF_8), limits)
        }
    };
    made.map(Opened::Made)
}

fn unsaid<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    if bytes.trim_ascii_start().starts_with(b"<") {
        return xml(head, bytes, limits);
    }
    let text = charset::text(bytes, head.charset)?;
    match look(&text) {
        Look::Json => json(text, limits),
        Look::Xml => xml_text(&text, limits),
        Look::Other => Err(unsupported(
            &head.given,
            "without a content type that says more, a body must be a JSON object or list, or XML",
        )),
    }
}
