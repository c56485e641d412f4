//! What a request's headers say of its body: what kind it is, in which characters, and how it is compressed.

use crate::charset::{self, Charset};
use crate::error::{BodyError, Fault};

/// How many bytes a content type may have. A boundary has 70 at most.
const CONTENT_TYPE_BYTES_MAX: usize = 1_000;
/// How many characters of a header a message quotes.
const QUOTED_CHARS_MAX: usize = 100;
/// How many bytes a boundary may have: the standard's 70, and some for those who take more.
const BOUNDARY_BYTES_MAX: usize = 200;

/// What kind of body it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// JSON.
    Json,
    /// A form, percent-encoded.
    Form,
    /// A form in parts.
    Multipart {
        /// What stands between them.
        boundary: String,
    },
    /// A JSON value on each line.
    JsonLines,
    /// XML.
    Xml,
    /// Not said: JSON or XML, if it looks so.
    Unsaid,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Deflate,
}

/// What is said of a body.
#[derive(Debug, Clone)]
pub struct Head {
    /// What kind it is.
    pub kind: Kind,
    pub(crate) charset: Option<Charset>,
    /// What counts where nothing in the request names one.
    pub(crate) default_charset: Option<Charset>,
    pub(crate) coding: Coding,
    /// The content type as it was given, for messages.
    pub(crate) given: String,
}

impl Head {
    /// Reads the values of `Content-Type` and `Content-Encoding`; empty texts stand for headers that are not there.
    pub fn parse(content_type: &str, content_encoding: &str) -> Result<Self, BodyError> {
        if CONTENT_TYPE_BYTES_MAX < content_type.len() {
            return Err(unsupported(content_type, &format!("it has more than {CONTENT_TYPE_BYTES_MAX} bytes")));
        }
        let coding = coding(content_encoding)?;
        let mut parts = split_unquoted(content_type).into_iter();
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters: Vec<(String, String)> = parts.filter_map(|part| parameter(&part)).collect();
        let find = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let kind =
            kind(&essence, find("boundary")).ok_or_else(|| unsupported(content_type, CONTENT_TYPES_TO_SEND))??;
        let charset = find("charset").map(charset::named).transpose()?;
        let given = content_type.chars().take(QUOTED_CHARS_MAX).collect();
        Ok(Self { kind, charset, default_charset: None, coding, given })
    }

    /// With the charset of a source, which counts where nothing in its request names one.
    ///
    /// # Errors
    /// `charset_unsupported` where it is not known.
    pub fn with_default_charset(mut self, label: &str) -> Result<Self, BodyError> {
        self.default_charset = Some(charset::named(label)?);
        Ok(self)
    }

    /// Whether the body has other bytes once it is inflated.
    pub fn is_compressed(&self) -> bool {
        self.coding != Coding::Identity
    }
}

const CONTENT_TYPES_TO_SEND: &str =
    "send application/json, application/x-www-form-urlencoded, multipart/form-data or application/xml";

/// The kind of this media type; none when there is none.
fn kind(essence: &str, boundary: Option<&str>) -> Option<Result<Kind, BodyError>> {
    let kind = match essence {
        "application/json" | "text/json" => Kind::Json,
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines" => Kind::JsonLines,
        "application/x-www-form-urlencoded" => Kind::Form,
        "multipart/form-data" => return Some(multipart(boundary)),
        "application/xml" | "text/xml" => Kind::Xml,
        "" | "text/plain" | "application/octet-stream" => Kind::Unsaid,
        other if other.ends_with("+json") => Kind::Json,
        other if other.ends_with("+xml") => Kind::Xml,
        _ => return None,
    };
    Some(Ok(kind))
}

fn multipart(boundary: Option<&str>) -> Result<Kind, BodyError> {
    match boundary {
        Some(boundary) if !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES_MAX => {
            Ok(Kind::Multipart { boundary: boundary.to_owned() })
        }
        Some(_) => {
            let fix = format!("its boundary must have 1 to {BOUNDARY_BYTES_MAX} bytes");
            Err(unsupported("multipart/form-data", &fix))
        }
        None => Err(unsupported("multipart/form-data", "its boundary is missing: `multipart/form-data; boundary=...`")),
    }
}

pub(crate) fn coding(content_encoding: &str) -> Result<Coding, BodyError> {
    match content_encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "deflate" => Ok(Coding::Deflate),
        _ => {
            let given = quoted(content_encoding);
            let message = format!("the Content-Encoding `{given}` is not understood");
            let hint = "compress with gzip or deflate, once, or not at all";
            Err(BodyError::new(Fault::Kind, "content_encoding_unsupported", message).hint(hint))
        }
    }
}

/// The parts between semicolons that stand in no quotes, without white space around them.
pub(crate) fn split_unquoted(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in text.chars() {
        match letter {
            ';' if !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
        part.push(letter);
    }
    parts.push(part);
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// A parameter's name in lower case, and its value without quotes.
pub(crate) fn parameter(part: &str) -> Option<(String, String)> {
    let (name, value) = part.split_once('=')?;
    let value = value.trim();
    let value = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => unescaped(inner),
        None => value.to_owned(),
    };
    Some((name.trim().to_ascii_lowercase(), value))
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        out.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
    }
    out
}

pub(crate) fn unsupported(given: &str, fix: &str) -> BodyError {
    let given = match given.trim() {
        "" => "a body without Content-Type".to_owned(),
        given => format!("`{}`", quoted(given)),
    };
    BodyError::new(Fault::Kind, "content_type_unsupported", format!("{given} is not understood here")).hint(fix)
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(content_type: &str) -> Result<Kind, &'static str> {
        Head::parse(content_type, "").map(|head| head.kind).map_err(|error| error.code)
    }

    #[test]
    fn i10_content_types_are_kinds() {
        let boundary = |text: &str| Kind::Multipart { boundary: text.to_owned() };
        let no = Err("content_type_unsupported");
        let table = [
            ("application/json", Ok(Kind::Json)),
            (" Application/JSON ; charset=UTF-8;", Ok(Kind::Json)),
            ("application/vnd.x+json", Ok(Kind::Json)),
            ("text/json", Ok(Kind::Json)),
            ("application/x-ndjson; charset=utf-8", Ok(Kind::JsonLines)),
            ("application/jsonl", Ok(Kind::JsonLines)),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", Ok(Kind::Form)),
            ("text/xml;charset=\"utf-8\"", Ok(Kind::Xml)),
            ("application/soap+xml; action=\"a;b\"", Ok(Kind::Xml)),
            ("multipart/form-data; boundary=x", Ok(boundary("x"))),
            ("multipart/form-data; charset=utf-8; Boundary=\"a;\\\"b\"", Ok(boundary("a;\"b"))),
            ("multipart/form-data", no.clone()),
            ("multipart/form-data; boundary=", no.clone()),
            ("multipart/mixed; boundary=x", no.clone()),
            ("", Ok(Kind::Unsaid)),
            ("text/plain", Ok(Kind::Unsaid)),
            ("application/octet-stream", Ok(Kind::Unsaid)),
            ("text/csv", no.clone()),
            ("nonsense", no.clone()),
            ("application/jsonp", no.clone()),
            ("application/json; charset=klingon", Err("charset_unsupported")),
            ("application/json; charset=utf-32", Err("charset_unsupported")),
        ];
        for (content_type, expected) in table {
            assert_eq!(kind_of(content_type), expected, "{content_type}");
        }
        assert_eq!(kind_of(&format!("application/json; x={}", "x".repeat(1_000))), no);
    }

    #[test]
    fn i10_codings_are_gzip_deflate_or_none() {
        let table = [
            ("", true),
            ("identity", true),
            ("GZIP", true),
            ("x-gzip", true),
            (" deflate ", true),
            ("br", false),
            ("gzip, gzip", false),
            ("zstd", false),
        ];
        for (coding, known) in table {
            let outcome = Head::parse("application/json", coding).map_err(|error| error.code);
            assert_eq!(outcome.is_ok(), known, "{coding}");
            assert!(known || outcome.is_err_and(|code| code == "content_encoding_unsupported"), "{coding}");
        }
    }
}
