//! The body of a response, made readable as far as it can be. Nothing is rejected here: a response is one whatever its bytes, and what
//! can't be read stays as it came, with the reason.

use crate::charset::{self, Charset};
use crate::coding::{Inflated, inflate_prefix};
use crate::error::BodyError;
use crate::head::{Coding, coding, parameter, split_unquoted};
use encoding_rs::UTF_8;
use std::borrow::Cow;

/// The longest character of any charset, in bytes: so much may be missing at the end of a body that was cut.
const CHARACTER_BYTES_MAX: usize = 4;

/// What a response says of its body, and how far it came.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    /// The value of `Content-Type`, empty where there is none.
    pub content_type: &'a str,
    /// The value of `Content-Encoding`, empty where there is none.
    pub content_encoding: &'a str,
    /// Whether the body came to its end.
    pub is_whole: bool,
}

/// A body that was made readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseBody {
    /// The body: inflated, and in UTF-8 where it is in another charset that is named.
    pub body: Vec<u8>,
    /// The bytes before they were decoded, where that made others of them.
    pub undecoded: Option<Vec<u8>>,
    /// Whether it was inflated.
    pub is_inflated: bool,
    /// Whether it was longer than the bound once it was inflated, or was cut before its end.
    pub is_cut: bool,
    /// Why it stayed as it came, compressed or undecoded.
    pub problem: Option<BodyError>,
}

/// Whether a body needs nothing: it is not compressed, and is in UTF-8 as far as its head says.
pub fn is_readable(head: ResponseHead<'_>, body: &[u8]) -> bool {
    body.is_empty()
        || (is_identity(head)
            && charset(head, body).is_ok_and(|charset| charset.is_none_or(|charset| charset == UTF_8)))
}

/// Whether a body says of itself that it is not compressed.
pub fn is_identity(head: ResponseHead<'_>) -> bool {
    matches!(coding(head.content_encoding), Ok(Coding::Identity))
}

/// Makes a body readable. Once inflated it has at most so many bytes.
pub fn read_response(head: ResponseHead<'_>, body: &[u8], bytes_max: usize) -> ResponseBody {
    let as_it_came = |problem| ResponseBody {
        body: body.to_vec(),
        undecoded: None,
        is_inflated: false,
        is_cut: !head.is_whole,
        problem: Some(problem),
    };
    let coding = match coding(head.content_encoding) {
        Ok(coding) => coding,
        Err(error) => return as_it_came(BodyError::new(error.fault, error.code, unknown_coding(head))),
    };
    let (inflated, is_cut) = match inflate_prefix(coding, body, bytes_max) {
        Inflated::Whole(bytes) => (bytes, !head.is_whole),
        Inflated::Beyond(bytes) => (bytes, true),
        Inflated::Broken(bytes, _) if !head.is_whole => (bytes, true),
        Inflated::Broken(_, error) => return as_it_came(error),
    };
    let read = ResponseBody {
        body: Vec::new(),
        undecoded: None,
        is_inflated: coding != Coding::Identity,
        is_cut,
        problem: None,
    };
    match decode(ResponseHead { is_whole: !is_cut, ..head }, &inflated) {
        Ok(Some(text)) => ResponseBody { body: text.into_bytes(), undecoded: Some(inflated), ..read },
        Ok(None) => ResponseBody { body: inflated, ..read },
        Err(problem) => ResponseBody { body: inflated, problem: Some(problem), ..read },
    }
}

/// A content type with UTF-8 in the place of its charset.
pub fn in_utf8(content_type: &str) -> String {
    let mut parts = split_unquoted(content_type);
    parts.retain(|part| !part.is_empty() && parameter(part).is_none_or(|(name, _)| name != "charset"));
    parts.push("charset=utf-8".to_owned());
    parts.join("; ")
}

fn unknown_coding(head: ResponseHead<'_>) -> String {
    let given: String = head.content_encoding.chars().take(CODING_CHARS_MAX).collect();
    format!(
        "the response is compressed (`{given}`) although identity was asked for, and only gzip and deflate, once, are inflated; its bytes are kept as they came"
    )
}

/// How much of a content encoding a message repeats.
const CODING_CHARS_MAX: usize = 100;

/// The body in UTF-8 where it is in another charset; none where it stays as it is.
fn decode(head: ResponseHead<'_>, body: &[u8]) -> Result<Option<String>, BodyError> {
    let Some(charset) = charset(head, body)?.filter(|charset| *charset != UTF_8) else { return Ok(None) };
    let decoded = |bytes| charset::text(Cow::Borrowed(bytes), Some(charset)).map(|text| Some(text.into_owned()));
    let whole = decoded(body);
    if whole.is_ok() || head.is_whole {
        return whole;
    }
    // What was cut may have been cut within a character.
    let shorter = (1..CHARACTER_BYTES_MAX).filter_map(|missing| body.get(..body.len().checked_sub(missing)?));
    shorter.map(decoded).find(Result::is_ok).unwrap_or(whole)
}

/// The charset that a body is in, as far as its head, its mark or its XML declaration says.
fn charset(head: ResponseHead<'_>, body: &[u8]) -> Result<Option<Charset>, BodyError> {
    if let Some((charset, _)) = encoding_rs::Encoding::for_bom(body) {
        return Ok(Some(charset));
    }
    let parts = split_unquoted(head.content_type);
    let parameters = parts.iter().skip(1).filter_map(|part| parameter(part));
    match parameters.into_iter().find(|(name, _)| name == "charset") {
        Some((_, label)) => charset::named(&label).map(Some),
        None if body.trim_ascii_start().starts_with(b"<?xml")
            || body.starts_with(b"<\0")
            || body.starts_with(b"\0<") =>
        {
            charset::of_xml(body)
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::tests::{gzip, packed};
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, ZlibEncoder};

    const BYTES_MAX: usize = 1 << 16;

    fn head<'a>(content_type: &'a str, content_encoding: &'a str) -> ResponseHead<'a> {
        ResponseHead { content_type, content_encoding, is_whole: true }
    }

    #[test]
    fn m9_compressed_bodies_are_inflated() {
        let body = br#"{"result":"ok"}"#;
        let raw = packed(DeflateEncoder::new(&body[..], Compression::fast()));
        let zlib = packed(ZlibEncoder::new(&body[..], Compression::fast()));
        for (coding, bytes) in [("gzip", gzip(body)), ("X-GZIP", gzip(body)), ("deflate", raw), (" deflate", zlib)] {
            let read = read_response(head("application/json", coding), &bytes, BYTES_MAX);
            assert_eq!((&read.body[..], read.is_inflated, read.is_cut), (&body[..], true, false), "{coding}");
            assert!(!is_readable(head("application/json", coding), &bytes));
        }
    }

    #[test]
    fn m9_what_can_t_be_inflated_stays_as_it_came() {
        for (coding, bytes, expected) in [
            ("br", b"\x0b\x02\x80abc\x03".to_vec(), "`br`"),
            ("zstd", b"(\xb5/\xfd".to_vec(), "`zstd`"),
            ("gzip, gzip", gzip(&gzip(b"x")), "`gzip, gzip`"),
            ("gzip", b"not gzip".to_vec(), "is not gzip"),
            ("gzip", [gzip(b"x"), b"rest".to_vec()].concat(), "is not gzip"),
        ] {
            let read = read_response(head("", coding), &bytes, BYTES_MAX);
            assert_eq!((&read.body, read.is_inflated), (&bytes, false), "{coding}");
            let message = read.problem.expect(coding).message;
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn m9_a_bomb_and_a_cut_body_give_their_beginning() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        let read = read_response(head("", "gzip"), &bomb, 1_000);
        assert_eq!((read.body.len(), read.is_cut, read.problem), (1_000, true, None));
        let text: String = (0..2_000).map(|n| format!("{n} ")).collect();
        let long = gzip(text.as_bytes());
        let cut = ResponseHead { is_whole: false, ..head("", "gzip") };
        let read = read_response(cut, &long[..long.len() / 2], BYTES_MAX);
        assert!(read.is_cut && read.is_inflated && 100 < read.body.len(), "{read:?}");
        assert!(text.as_bytes().starts_with(&read.body), "{read:?}");
    }

    #[test]
    fn m9_a_named_charset_is_decoded() {
        let table: [(&str, &[u8], &str); 6] = [
            ("text/plain; charset=ISO-8859-1", b"Stra\xdfe", "Straße"),
            ("application/json;charset=\"windows-1251\"", b"\"\xcf\xf0\xe8\"", "\"При\""),
            (
                "text/xml",
                b"<?xml version='1.0' encoding='latin1'?><a>\xe9</a>",
                "<?xml version='1.0' encoding='latin1'?><a>é</a>",
            ),
            ("application/json; charset=utf-16le", b"{\0}\0", "{}"),
            ("application/json", b"\xff\xfe{\0}\0", "{}"),
            ("text/plain; charset=shift_jis", b"\x82\xa0", "あ"),
        ];
        for (content_type, bytes, expected) in table {
            let read = read_response(head(content_type, ""), bytes, BYTES_MAX);
            assert_eq!(read.body, expected.as_bytes(), "{content_type}");
            assert_eq!(read.undecoded.as_deref(), Some(bytes), "{content_type}");
        }
        let both = read_response(head("text/plain; charset=latin1", "gzip"), &gzip(b"\xe9"), BYTES_MAX);
        assert_eq!((&both.body[..], both.undecoded.as_deref()), ("é".as_bytes(), Some(&b"\xe9"[..])));
        let cut = ResponseHead { is_whole: false, ..head("text/plain; charset=shift_jis", "") };
        assert_eq!(read_response(cut, b"\x82\xa0\x82", BYTES_MAX).body, "あ".as_bytes());
    }

    #[test]
    fn m9_what_is_not_in_its_charset_stays_as_it_came() {
        for (content_type, body, code) in [
            ("text/plain; charset=klingon", &b"a"[..], Some("charset_unsupported")),
            ("text/plain; charset=shift_jis", b"a\x82", Some("invalid_characters")),
            ("text/plain", b"\xff\xd8", None),
            ("text/plain; charset=utf-8", b"plain", None),
        ] {
            let read = read_response(head(content_type, ""), body, BYTES_MAX);
            assert_eq!((&read.body[..], &read.undecoded), (body, &None), "{content_type}");
            assert_eq!(read.problem.map(|problem| problem.code), code, "{content_type}");
        }
        assert!(is_readable(head("text/plain; charset=UTF-8", "identity"), b"a"));
        assert!(!is_readable(head("text/plain; charset=latin1", ""), b"a"));
    }

    #[test]
    fn a_content_type_keeps_all_but_its_charset() {
        assert_eq!(in_utf8("text/xml; charset=latin1; q=\"a;b\""), "text/xml; q=\"a;b\"; charset=utf-8");
        assert_eq!(in_utf8("text/xml"), "text/xml; charset=utf-8");
        assert_eq!(in_utf8(""), "charset=utf-8");
    }
}
