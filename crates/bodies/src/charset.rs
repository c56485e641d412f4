//! From bytes to text. A byte-order mark says more than the charset parameter, that more than XML's declaration, and that more than the
//! charset of the source; where nothing is said, it is UTF-8. Bytes that are not characters are rejected with their place: a name with holes in it is not the name.

use crate::error::{BodyError, Fault};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// How much of an XML text is looked at for its declaration.
const DECLARATION_BYTES_MAX: usize = 200;
/// How many characters of a charset's name a message quotes.
const QUOTED_CHARS_MAX: usize = 40;

/// What a sender can do whose characters can't be read.
const NAME_IT: &str = "send UTF-8, or name the charset it is in: in Content-Type, in a form's field `_charset_`, or as the charset of the source";

/// A charset that is known.
pub(crate) type Charset = &'static Encoding;

/// The charset of this name.
pub(crate) fn named(label: &str) -> Result<Charset, BodyError> {
    // Whoever says ASCII and sends more sends UTF-8.
    if matches!(label.trim().to_ascii_lowercase().as_str(), "us-ascii" | "ascii" | "") {
        return Ok(UTF_8);
    }
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        let label: String = label.chars().take(QUOTED_CHARS_MAX).collect();
        let message = format!("the charset `{label}` is not known here");
        BodyError::new(Fault::Kind, "charset_unsupported", message).hint("send UTF-8")
    })
}

/// The name of the charset of this label, as the Encoding Standard has it.
///
/// # Errors
/// `charset_unsupported` where there is none.
pub fn charset_name(label: &str) -> Result<&'static str, BodyError> {
    named(label).map(Encoding::name)
}

/// A whole body as text, without its byte-order mark.
pub(crate) fn text(body: Cow<'_, [u8]>, charset: Option<Charset>) -> Result<Cow<'_, str>, BodyError> {
    let (charset, mark_bytes) = match Encoding::for_bom(&body) {
        Some((charset, bytes)) => (charset, bytes),
        None => (charset.map_or(UTF_8, |charset| with_order(charset, &body)), 0),
    };
    match body {
        Cow::Borrowed(bytes) => decoded(bytes.get(mark_bytes..).unwrap_or_default(), charset),
        Cow::Owned(bytes) if charset == UTF_8 && mark_bytes == 0 => {
            String::from_utf8(bytes).map(Cow::Owned).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error()))
        }
        Cow::Owned(bytes) => {
            decoded(bytes.get(mark_bytes..).unwrap_or_default(), charset).map(|text| Cow::Owned(text.into_owned()))
        }
    }
}

/// `utf-16` alone leaves the order of bytes open; the first character of a body is below U+0100.
fn with_order(charset: Charset, body: &[u8]) -> Charset {
    match body {
        [0, _, ..] if charset == UTF_16LE => UTF_16BE,
        _ => charset,
    }
}

/// The charset that an XML text declares, or that its first bytes show.
pub(crate) fn of_xml(body: &[u8]) -> Result<Option<Charset>, BodyError> {
    match body {
        [b'<', 0, ..] => return Ok(Some(UTF_16LE)),
        [0, b'<', ..] => return Ok(Some(UTF_16BE)),
        _ => {}
    }
    let head = body.get(..DECLARATION_BYTES_MAX.min(body.len())).unwrap_or_default();
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let declaration = head.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map(|(inside, _)| inside);
    let value = declaration.and_then(|inside| inside.split_once("encoding")).map(|(_, value)| value.trim_start());
    let value = value.and_then(|value| value.strip_prefix('=')).map(str::trim_start);
    let label = value.and_then(|value| value.split(['"', '\'']).nth(1));
    let charset = label.map(named).transpose()?;
    // What could be read so far is not UTF-16, whatever it says.
    Ok(charset.filter(|charset| charset.is_ascii_compatible()))
}

/// Bytes as text in this charset, whatever mark they begin with.
pub(crate) fn decoded(bytes: &[u8], charset: Charset) -> Result<Cow<'_, str>, BodyError> {
    if charset == UTF_8 {
        return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| not_utf8(bytes, error));
    }
    let mut decoder = charset.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(usize::MAX);
    let mut text = String::new();
    if text.try_reserve(room).is_err() {
        return Err(BodyError::new(Fault::TooLarge, "body_too_large", "the body is too large to be decoded"));
    }
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true).0 {
        DecoderResult::InputEmpty => Ok(Cow::Owned(text)),
        _ => {
            let message = format!("the text is not {}", charset.name());
            Err(BodyError::new(Fault::Syntax, "invalid_characters", message).hint(NAME_IT).at(&text, text.len()))
        }
    }
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> BodyError {
    let good = bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
    let message = format!("the text is not UTF-8: byte {} starts no character", error.valid_up_to());
    BodyError::new(Fault::Syntax, "invalid_utf8", message).hint(NAME_IT).at(good, good.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    fn read(body: &[u8], charset: &str) -> Result<String, (&'static str, Option<Place>)> {
        let rejected = |error: BodyError| (error.code, error.place);
        let charset = if charset.is_empty() { None } else { Some(named(charset).map_err(rejected)?) };
        let owned = text(Cow::Owned(body.to_vec()), charset).map(Cow::into_owned).map_err(rejected);
        assert_eq!(owned, text(Cow::Borrowed(body), charset).map(Cow::into_owned).map_err(rejected));
        owned
    }

    #[test]
    fn i10_charsets_are_honoured() {
        let table: [(&[u8], &str, &str); 14] = [
            ("é".as_bytes(), "", "é"),
            ("é".as_bytes(), "utf-8", "é"),
            ("é".as_bytes(), "us-ascii", "é"),
            (b"\xe9", "latin1", "é"),
            (b"\xe9\x80", "windows-1252", "é€"),
            (b"\xa4", "ISO-8859-15", "€"),
            (b"\xcf\xf0\xe8", "windows-1251", "При"),
            (b"\x82\xa0", "shift_jis", "あ"),
            (b"\xef\xbb\xbf\xc3\xa9", "", "é"),
            (b"\xef\xbb\xbf\xc3\xa9", "latin1", "é"),
            (b"\xff\xfe\xe9\x00", "", "é"),
            (b"{\x00\xe9\x00", "utf-16", "{é"),
            (b"\x00{\x00\xe9", "utf-16", "{é"),
            (b"\x00{\x00\xe9", "utf-16be", "{é"),
        ];
        for (body, charset, expected) in table {
            assert_eq!(read(body, charset).as_deref(), Ok(expected), "{charset}: {body:?}");
        }
    }

    #[test]
    fn i10_what_is_no_text_is_rejected_with_its_place() {
        let table: [(&[u8], &str, &str, usize, usize); 5] = [
            (b"ab\n\xc3\xa9\xe9", "", "invalid_utf8", 2, 2),
            (b"\xe9", "utf-8", "invalid_utf8", 1, 1),
            (b"\xef\xbb\xbfa\xff", "", "invalid_utf8", 1, 2),
            (b"{\x00\x00\xd8{\x00", "utf-16le", "invalid_characters", 1, 2),
            (b"ab\x82", "shift_jis", "invalid_characters", 1, 3),
        ];
        for (body, charset, code, line, column) in table {
            assert_eq!(read(body, charset), Err((code, Some(Place { line, column }))), "{charset}: {body:?}");
        }
        assert_eq!(read(b"", "klingon"), Err(("charset_unsupported", None)));
    }

    #[test]
    fn i10_xml_may_say_its_charset_itself() {
        let table: [(&[u8], Option<&str>); 9] = [
            (b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", Some("windows-1252")),
            (b"<?xml version=\"1.0\" encoding = \"utf-8\"?><a/>", Some("UTF-8")),
            (b"<?xml version='1.0'?><a encoding='latin1'/>", None),
            (b"<?xml version='1.0' encoding='utf-16'?><a/>", None),
            (b"<?xml encoding", None),
            (b"<a/>", None),
            (b"<\x00a\x00", Some("UTF-16LE")),
            (b"\x00<\x00a", Some("UTF-16BE")),
            (b"", None),
        ];
        for (body, expected) in table {
            assert_eq!(of_xml(body).unwrap().map(Encoding::name), expected, "{body:?}");
        }
        assert_eq!(of_xml(b"<?xml version='1.0' encoding='klingon'?>").unwrap_err().code, "charset_unsupported");
    }
}
