//! Texts inside texts: HTML, URLs, base64, JSON, XML.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hookmill_bodies::xml::{XmlLimits, to_json as xml_to_json};
use hookmill_bodies::{BodyError, Fault};
use hookmill_json::{JsonError, RepairKind, Value, ends_inside, explain, parse, repair, text_of};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::call::Call;
use super::error::{FunctionError, check_output_size};
use super::limits::{FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX};
use super::measure::{check_depth, text_size};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, usually};

/// What RFC 3986 leaves as it is everywhere in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const CODING: Spec =
    Spec { errors: &[("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX")], ..Spec::USUAL };

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "html_decode",
        summary: "Writes the characters that HTML entities such as `&amp;` and `&#233;` stand for.",
        errors: &[],
        examples: &[
            example("html_decode", r#""Fish &amp; Chips &eacute;&#x1F600;""#, r#""Fish & Chips é😀""#),
            example("html_decode", r#""a & b &nope;""#, r#""a & b &nope;""#),
        ],
        run: Run::Text(|text, _| Ok(decode_html(text))),
        ..CODING
    },
    Spec {
        name: "strip_tags",
        summary: "Takes HTML tags, comments, scripts and styles out; lines, paragraphs and the like stay apart.",
        errors: &[],
        examples: &[
            example("strip_tags", r#""<p>yes<br>no</p> <b>5 < 6</b>""#, r#""yes\nno\n 5 < 6""#),
            example("strip_tags", r#""<style>p{}</style><!-- x -->a<script>b</script>""#, r#""a""#),
        ],
        run: Run::Text(|text, _| Ok(super::tags::strip_tags(text))),
        ..CODING
    },
    Spec {
        name: "url_encode",
        summary: "Writes a text so that it can stand anywhere in a URL.",
        examples: &[example("url_encode", r#""a b&c=é/~""#, r#""a%20b%26c%3D%C3%A9%2F~""#)],
        run: Run::Text(url_encode),
        ..CODING
    },
    Spec {
        name: "url_decode",
        summary: "Reads a text that was written for a URL.",
        parameters: &[usually("plus", ArgumentKind::Flag, "false", "whether `+` is a space, as in forms")],
        errors: &[("not_url_encoded", "a `%` has no two hexadecimal digits after it, or the bytes are not UTF-8")],
        examples: &[
            example("url_decode", r#""a%20b+%C3%A9""#, r#""a b+é""#),
            example("{url_decode: {plus: true}}", r#""a+b""#, r#""a b""#),
            example("url_decode", r#""100%""#, "not_url_encoded"),
        ],
        run: Run::Text(url_decode),
        ..CODING
    },
    Spec {
        name: "base64_encode",
        summary: "Writes the bytes of a text in base64.",
        parameters: &[usually("url", ArgumentKind::Flag, "false", "whether with `-` and `_`, without `=` at the end")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"MA==\"", "[]", "wrong_type"]),
        examples: &[
            example("base64_encode", r#""añ?>""#, r#""YcOxPz4=""#),
            example("{base64_encode: {url: true}}", r#""añ?>""#, r#""YcOxPz4""#),
        ],
        run: Run::Text(base64_encode),
        ..CODING
    },
    Spec {
        name: "base64_decode",
        summary: "Reads a text in base64, with either alphabet, with or without `=` at the end.",
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_base64", "[]", "wrong_type"]),
        errors: &[("not_base64", "the text is not base64"), ("not_a_text", "what it stands for is not text in UTF-8")],
        examples: &[
            example("base64_decode", r#""YcOxPz4""#, r#""añ?>""#),
            example("base64_decode", r#""/w==""#, "not_a_text"),
            example("base64_decode", r#""no base64!""#, "not_base64"),
        ],
        run: Run::Text(base64_decode),
        ..CODING
    },
    Spec {
        name: "parse_json",
        summary: "Reads a text as JSON; a number keeps every digit.",
        gives: Kind::Any,
        parameters: &[usually(
            "lines",
            ArgumentKind::Flag,
            "false",
            "whether each line of the text is a value; gives a list of them",
        )],
        errors: &[
            ("not_json", "the text is not JSON"),
            ("too_deep", "it is nested more than OUTPUT_DEPTH_MAX deep"),
            ("input_too_large", "the text is larger than FUNCTION_OUTPUT_BYTES_MAX"),
        ],
        warnings: &[
            ("raw_control_character", "a raw line break, tab or other control character stands in a text, and is kept"),
            ("lone_surrogate", "half a surrogate pair stands in a text; U+FFFD takes its place"),
        ],
        examples: &[
            example("parse_json", r#""{\"a\":[1.50,null]}""#, r#"{"a":[1.50,null]}"#),
            example("{parse_json: {lines: true}}", r#""{\"a\":1}\n{\"a\":2}\n""#, r#"[{"a":1},{"a":2}]"#),
            example("parse_json", r#""{\"a\":\"x\ny\"}""#, r#"{"a":"x\ny"} + raw_control_character"#),
            example("parse_json", r#""{a:1}""#, "not_json"),
        ],
        run: Run::ReadFilled(parse_json),
        ..CODING
    },
    Spec {
        name: "parse_xml",
        summary: "Reads a text as XML: the root element is a member of an object, as in a body of XML.",
        gives: Kind::Object,
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_xml", "[]", "wrong_type"]),
        errors: &[
            ("not_xml", "the text is not XML"),
            ("too_deep", "it is nested more than OUTPUT_DEPTH_MAX deep"),
            ("input_too_large", "the text is larger than FUNCTION_OUTPUT_BYTES_MAX"),
            ("output_too_large", "it has more elements or attributes than a body of XML may have"),
        ],
        examples: &[
            example("parse_xml", r#""<lead><id>7</id><mail/></lead>""#, r#"{"lead":{"id":"7","mail":""}}"#),
            example("parse_xml", r#""<lead>""#, "not_xml"),
        ],
        run: Run::ReadFilled(parse_xml),
        ..CODING
    },
    Spec {
        name: "to_json",
        summary: "Writes any value as JSON text.",
        takes: Kind::Any,
        lists: Lists::Whole,
        on_empty: EmptyInput::of(["missing", "null", "\"\\\"\\\"\"", "\"0\"", "\"[]\"", "\"{}\""]),
        examples: &[example("to_json", r#"{"a":[1.50,"x"]}"#, r#""{\"a\":[1.50,\"x\"]}""#)],
        run: Run::Value(|value, call| {
            let text = text_of(&value);
            // Marks and control characters are written as up to six; what is written again and again grows each time.
            let usual = text_size(&value) * 6;
            check_output_size(text.len(), usual.min(WRITTEN_BYTES_MAX), call.name)?;
            Ok(Some(Value::text(text)))
        }),
        ..CODING
    },
];

/// A value as large as a body may be, written as JSON.
const WRITTEN_BYTES_MAX: usize = 2 << 20;

fn decode_html(text: &str) -> Cow<'_, str> {
    if text.contains('&') { htmlize::unescape(text) } else { text.into() }
}

fn url_encode<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    check_output_size(text.len() * 3, FUNCTION_OUTPUT_BYTES_MAX * 3, call.name)?;
    let made: Cow<'a, str> = utf8_percent_encode(text, ESCAPED).into();
    check_output_size(made.len(), text.len(), call.name)?;
    Ok(made)
}

fn url_decode<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let is_escaped = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let reject = |why| FunctionError::of_text("not_url_encoded", text, why);
    if !text.split('%').skip(1).all(is_escaped) {
        return Err(reject("is not written for a URL: each `%` needs two hexadecimal digits after it"));
    }
    let plain = match call.flag(0) && text.contains('+') {
        true => Cow::Owned(text.replace('+', " ")),
        false => Cow::Borrowed(text),
    };
    let not_utf8 = "is not written for a URL: its bytes are not UTF-8";
    match plain {
        Cow::Borrowed(text) => percent_decode_str(text).decode_utf8().map_err(|_| reject(not_utf8)),
        Cow::Owned(text) => {
            let made = percent_decode_str(&text).decode_utf8().map_err(|_| reject(not_utf8))?;
            Ok(made.into_owned().into())
        }
    }
}

fn base64_encode<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    check_output_size(text.len() / 3 * 4 + 4, 0, call.name)?;
    let engine = match call.flag(0) {
        true => base64::engine::general_purpose::URL_SAFE_NO_PAD,
        false => base64::engine::general_purpose::STANDARD,
    };
    Ok(engine.encode(text).into())
}

fn base64_decode<'a>(text: &'a str, _: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let bare: String = text.split_whitespace().collect();
    let bytes = GeneralPurpose::new(alphabet, config).decode(bare);
    let bytes = bytes.map_err(|_| {
        FunctionError::of_text("not_base64", text, "is not base64: it has other characters, or too few")
    })?;
    let decoded = String::from_utf8(bytes);
    decoded
        .map(Cow::Owned)
        .map_err(|_| FunctionError::of_text("not_a_text", text, "stands for bytes that are not text in UTF-8"))
}

fn parse_json(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    check_input_size(text)?;
    let read = if call.flag(0) { parse_lines(text, call)? } else { read_json(text, call, "it")? };
    check_depth(&read, call.name)?;
    Ok(Some(read))
}

/// The values of the lines that are not blank.
fn parse_lines(text: &str, call: &Call<'_, '_>) -> Result<Value<'static>, FunctionError> {
    let mut values = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if FUNCTION_ITEMS_MAX <= values.len() {
            return Err(FunctionError::too_large(call.name, "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX));
        }
        let value = read_json(line, call, &format!("line {}", index + 1));
        values.push(value.map_err(|error| line_error(text, line, index + 1).unwrap_or(error))?);
    }
    Ok(Value::List(values))
}

/// Why a line that ends inside of its value is rejected; none where it does not.
fn line_error(text: &str, line: &str, number: usize) -> Option<FunctionError> {
    parse(line).err().filter(|error| ends_inside(line, error))?;
    let hint = "write each value on one line, or leave out `lines` where the text is one value";
    let reason = format!("is not JSON on each line: line {number} ends before its value does; {hint}");
    Some(FunctionError::of_text("not_json", text, &reason))
}

/// One value. What is plain in its meaning is read with a warning, as in a body.
fn read_json(text: &str, call: &Call<'_, '_>, what: &str) -> Result<Value<'static>, FunctionError> {
    let reject = |error: &JsonError| {
        let explanation = explain(text, error);
        let hint = explanation.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let reason = format!("is not JSON: at byte {} of {what}, {}{hint}", error.offset, explanation.message);
        FunctionError::of_text("not_json", text, &reason)
    };
    let error = match parse(text) {
        Ok(value) => return Ok(value.into_owned()),
        Err(error) => error,
    };
    let Ok(Some(repaired)) = repair(text) else { return Err(reject(&error)) };
    let value = parse(&repaired.text).map_err(|error| {
        // The place is that of the text as it was written.
        let offset = repaired.original_offset(error.offset);
        reject(&JsonError { offset, ..error })
    })?;
    if let Some(first) = repaired.repairs.first() {
        let at = format!("at byte {} of {what}", first.offset);
        match first.kind {
            RepairKind::ControlCharacter(_) => {
                call.context
                    .warn("raw_control_character", format!("a raw control character stands in the JSON text {at}"));
            }
            RepairKind::LoneSurrogate => {
                call.context.warn(
                    "lone_surrogate",
                    format!("half a surrogate pair stands in the JSON text {at}; it is U+FFFD now"),
                );
            }
        }
    }
    Ok(value.into_owned())
}

fn parse_xml(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    check_input_size(text)?;
    let json = xml_to_json(text.trim_start(), &XmlLimits::default()).map_err(|error| not_xml(text, &error))?;
    let read = parse(&json).map_err(|error| FunctionError::of_text("not_xml", text, &error.message))?;
    check_depth(&read, call.name)?;
    Ok(Some(read.into_owned()))
}

fn not_xml(text: &str, error: &BodyError) -> FunctionError {
    let code = match (error.fault, error.code) {
        (_, "xml_too_deep") => "too_deep",
        (Fault::TooLarge | Fault::TooMany, _) => "output_too_large",
        _ => "not_xml",
    };
    FunctionError::of_text(code, text, &format!("is not XML: {}", error.sentence()))
}

/// Rejects a text that would take too long to read.
fn check_input_size(text: &str) -> Result<(), FunctionError> {
    if text.len() <= FUNCTION_OUTPUT_BYTES_MAX {
        return Ok(());
    }
    let message = format!("this text is larger than {FUNCTION_OUTPUT_BYTES_MAX} bytes (FUNCTION_OUTPUT_BYTES_MAX)");
    Err(FunctionError::new("input_too_large", message))
}
