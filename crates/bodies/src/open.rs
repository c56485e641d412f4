//! A body by its head, as one JSON value.

use crate::error::{BodyError, Fault};
use crate::head::{Head, Kind, unsupported};
use crate::limits::BodyLimits;
use crate::look::{Look, look};
use crate::warning::{BodyWarning, PlacedRepair, TextRepair, describe, warnings_of};
use crate::xml::{self, XmlLimits};
use crate::{charset, coding, form, json, multipart};
use bytes::Bytes;
use encoding_rs::UTF_8;
use std::borrow::Cow;

/// A body that was opened: the text of one JSON value. The same bytes under the same head give the same text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<'a> {
    text: Cow<'a, str>,
    is_json: bool,
    repairs: Vec<PlacedRepair>,
}

impl<'a> Opened<'a> {
    /// A JSON body, within the depth. Where nothing was rewritten its syntax was not looked at: who slices it looks anyway.
    pub(crate) fn json(text: Cow<'a, str>, repairs: Vec<PlacedRepair>) -> Self {
        Self { text, is_json: true, repairs }
    }

    /// The value that another kind of body became.
    fn converted(text: String) -> Self {
        Self { text: Cow::Owned(text), is_json: false, repairs: Vec::new() }
    }

    /// A JSON body that was opened before, from its text and what was rewritten in it ([`Opened::repairs`]): the bytes that it was are gone.
    pub fn restore(text: &'a str, repairs: &[TextRepair]) -> Self {
        Self::json(Cow::Borrowed(text), repairs.iter().map(|repair| (*repair).into()).collect())
    }

    /// What was rewritten, in its order.
    pub fn repairs(&self) -> Vec<TextRepair> {
        self.repairs.iter().map(|repair| (*repair).into()).collect()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the body is JSON: its elements are places in its text. Any other kind of body is one element.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// What is odd about the part of so many bytes that begins here, and was read all the same.
    pub fn warnings(&self, start: usize, bytes: usize) -> Vec<BodyWarning> {
        let end = start.saturating_add(bytes);
        let from = self.repairs.partition_point(|repair| repair.new_offset < start);
        let to = self.repairs.partition_point(|repair| repair.new_offset < end);
        warnings_of(self.repairs.get(from..to).unwrap_or_default())
    }

    /// Why the text is not JSON.
    pub fn syntax_error(&self) -> BodyError {
        json::syntax_error(&self.text)
    }

    /// Checks that nothing had to be rewritten, where only JSON itself is taken.
    ///
    /// # Errors
    /// `invalid_json` with the first place.
    pub fn check_strict(&self) -> Result<(), BodyError> {
        let Some(first) = self.repairs.first() else { return Ok(()) };
        let (what, instead) = describe(first.kind);
        let error = BodyError::new(
            Fault::Syntax,
            "invalid_json",
            format!("the body is not JSON: a raw {what} stands in a text"),
        );
        Err(BodyError { place: Some(first.place), ..error.hint(format!("the sender must write {instead}")) })
    }

    /// The text without blanks around it, once its syntax is checked.
    ///
    /// # Errors
    /// `invalid_json`.
    pub fn into_checked(self) -> Result<Cow<'a, str>, BodyError> {
        if self.is_json && hookmill_json::check(&self.text, usize::MAX).is_err() {
            return Err(self.syntax_error());
        }
        Ok(self.text)
    }
}

/// Opens a body: inflated, decoded, and made a value where it is not JSON.
pub fn open<'a>(head: &Head, body: &'a [u8], limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let bytes = coding::inflate(head.coding, body, limits.inflated_bytes_max)?;
    let charset = head.charset.or(head.default_charset);
    match &head.kind {
        Kind::Json => json::open(charset::text(bytes, charset)?, limits),
        Kind::JsonLines => json::open_lines(&charset::text(bytes, charset)?, limits),
        Kind::Xml => xml(head, bytes, limits),
        Kind::Form => open_form(head, bytes, limits),
        Kind::Multipart { boundary } => {
            multipart::to_json(Bytes::from(bytes.into_owned()), boundary, charset, limits).map(Opened::converted)
        }
        Kind::Unsaid => unsaid(head, bytes, limits),
    }
}

fn xml<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let charset = match head.charset {
        Some(charset) => Some(charset),
        None => charset::of_xml(&bytes)?.or(head.default_charset),
    };
    xml_text(&charset::text(bytes, charset)?, limits)
}

fn xml_text<'a>(text: &str, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let depth_max = limits.xml.depth_max.min(limits.depth_max / 2);
    xml::to_json(text, &XmlLimits { depth_max, ..limits.xml.clone() }).map(Opened::converted)
}

/// A form. JSON under a form's name is a common slip (it is what `curl -d` sends), and no form looks like it: its braces would be
/// percent-encoded. So a whole object or list is taken for what it is.
fn open_form<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let charset = head.charset.or(head.default_charset);
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && let Ok(text) = charset::text(bytes.clone(), charset)
        && is_json(&text, limits)
    {
        return json::open(text.into_owned().into(), limits);
    }
    let made = match charset {
        Some(charset) if !charset.is_ascii_compatible() => {
            form::to_json(charset::text(bytes, Some(charset))?.as_bytes(), UTF_8, limits)
        }
        charset => {
            let unmarked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            form::to_json(unmarked, charset.unwrap_or(UTF_8), limits)
        }
    };
    made.map(Opened::converted)
}

/// Whether a text is JSON, or is read as such.
fn is_json(text: &str, limits: &BodyLimits) -> bool {
    json::open(Cow::Borrowed(text), limits).is_ok_and(|opened| opened.into_checked().is_ok())
}

fn unsaid<'a>(head: &Head, bytes: Cow<'a, [u8]>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    if bytes.trim_ascii_start().starts_with(b"<") {
        return xml(head, bytes, limits);
    }
    let text = charset::text(bytes, head.charset.or(head.default_charset))?;
    match look(&text) {
        Look::Json => json::open(text, limits),
        Look::Xml => xml_text(&text, limits),
        Look::Other => Err(unsupported(
            &head.given,
            "without a content type that says more, a body must be a JSON object or list, or XML",
        )),
    }
}
