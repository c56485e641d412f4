//! Bodies of every kind from outside: tables of what arrives, and properties of any bytes under any head.

use crate::{BodyError, BodyLimits, Fault, Head, open};
use flate2::Compression;
use flate2::read::GzEncoder;
use proptest::prelude::*;
use std::borrow::Cow;
use std::io::Read;

fn to_json<'a>(head: &Head, body: &'a [u8], limits: &BodyLimits) -> Result<Cow<'a, str>, BodyError> {
    open(head, body, limits)?.into_checked()
}

fn read(content_type: &str, body: &[u8]) -> Result<String, &'static str> {
    let head = Head::parse(content_type, "").map_err(|error| error.code)?;
    to_json(&head, body, &BodyLimits::default()).map(|text| text.into_owned()).map_err(|error| error.code)
}

#[test]
fn i10_every_kind_of_body_is_one_value() {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let parts = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
    let table: [(&str, &[u8], Result<&str, &str>); 42] = [
        (json, b"{\"a\":\"x\ny\"}", Ok(r#"{"a":"x\ny"}"#)),
        (json, br#"{"a":"\ud83d"}"#, Ok(r#"{"a":"\ufffd"}"#)),
        (form, b"{\"a\":\"x\ty\"}", Ok(r#"{"a":"x\ty"}"#)),
        (form, b"a=%E9&_charset_=latin1", Ok(r#"{"a":"é"}"#)),
        ("application/x-ndjson", b"{\"a\":1}\n{\"a\":2}\n", Ok(r#"[{"a":1},{"a":2}]"#)),
        ("application/x-ndjson", b"{\"a\":1}\n{", Err("invalid_json")),
        (json, b"{\"a\":1}", Ok(r#"{"a":1}"#)),
        (json, b" [1, 2] ", Ok(" [1, 2] ")),
        (json, b"\"text\"", Ok("\"text\"")),
        (json, b"1e400", Ok("1e400")),
        (json, b"12345678901234567890.123456789012345678901", Ok("12345678901234567890.123456789012345678901")),
        (json, b"{\"a\":1,\"a\":2}", Ok(r#"{"a":1,"a":2}"#)),
        (json, b"\xef\xbb\xbf{}", Ok("{}")),
        (json, b"", Err("invalid_json")),
        (json, b"{\"a\":}", Err("invalid_json")),
        (json, b"{\"a\":\"\xe9\"}", Err("invalid_utf8")),
        ("application/json; charset=latin1", b"{\"a\":\"\xe9\"}", Ok(r#"{"a":"é"}"#)),
        ("application/json; charset=utf-16", b"{\0}\0", Ok("{}")),
        ("application/problem+json", b"{}", Ok("{}")),
        (form, b"a=1&a=2&zip=02139", Ok(r#"{"a":["1","2"],"zip":"02139"}"#)),
        (form, b"\xef\xbb\xbfa=1", Ok(r#"{"a":"1"}"#)),
        (form, b"", Ok("{}")),
        (form, b"a=%E9", Err("invalid_utf8")),
        (form, b" {\"a\": 1} ", Ok(" {\"a\": 1} ")),
        (form, b"{a=1", Ok(r#"{"{a":"1"}"#)),
        ("application/x-www-form-urlencoded; charset=latin1", b"a=%E9", Ok(r#"{"a":"é"}"#)),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a\0=\x001\0", Ok(r#"{"a":"1"}"#)),
        ("multipart/form-data; boundary=x", parts, Ok(r#"{"a":"1"}"#)),
        ("multipart/form-data; boundary=y", parts, Err("invalid_multipart")),
        ("application/xml", b"<a><b>1</b></a>", Ok(r#"{"a":{"b":"1"}}"#)),
        ("text/xml", b"<?xml version='1.0' encoding='latin1'?><a>\xe9</a>", Ok(r#"{"a":"é"}"#)),
        ("text/xml; charset=utf-8", b"<?xml version='1.0' encoding='latin1'?><a>\xc3\xa9</a>", Ok(r#"{"a":"é"}"#)),
        ("text/xml", b"<\0a\0/\0>\0", Ok(r#"{"a":""}"#)),
        ("application/xml", b"<!DOCTYPE a><a/>", Err("xml_doctype")),
        ("", b"{\"a\":1}", Ok(r#"{"a":1}"#)),
        ("text/plain", b"\n[1]", Ok("\n[1]")),
        ("text/plain; charset=latin1", b"<a>\xe9</a>", Ok(r#"{"a":"é"}"#)),
        ("application/octet-stream", b"<a/>", Ok(r#"{"a":""}"#)),
        ("text/plain", b"{\"a\":", Err("invalid_json")),
        ("text/plain", b"a=1", Err("content_type_unsupported")),
        ("", b"", Err("content_type_unsupported")),
        ("text/csv", b"{}", Err("content_type_unsupported")),
    ];
    for (content_type, body, expected) in table {
        let body_text = String::from_utf8_lossy(body);
        assert_eq!(read(content_type, body).as_deref().map_err(|code| *code), expected, "{content_type}: {body_text}");
    }
}

/// What nothing in a request names, its source may.
#[test]
fn i10_a_source_may_have_a_charset() {
    let form = "application/x-www-form-urlencoded";
    let table: [(&str, &[u8], &str); 9] = [
        (form, b"a=%E9", r#"{"a":"é"}"#),
        (form, b"a=%A4&_charset_=iso-8859-15", r#"{"a":"€"}"#),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=%C3%A9", r#"{"a":"é"}"#),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xe9\r\n--x--",
            r#"{"a":"é"}"#,
        ),
        ("application/json", b"\"\xe9\"", "\"é\""),
        ("application/json", b"\xef\xbb\xbf\"\xc3\xa9\"", "\"é\""),
        ("text/plain", b"[\"\xe9\"]", "[\"é\"]"),
        ("text/xml", b"<a>\xe9</a>", r#"{"a":"é"}"#),
        ("text/xml", b"<?xml version='1.0' encoding='utf-8'?><a>\xc3\xa9</a>", r#"{"a":"é"}"#),
    ];
    for (content_type, body, expected) in table {
        let head = Head::parse(content_type, "").unwrap().with_default_charset("windows-1252").unwrap();
        assert_eq!(to_json(&head, body, &BodyLimits::default()).as_deref(), Ok(expected), "{content_type}");
    }
    assert_eq!(crate::charset_name("latin1"), Ok("windows-1252"));
    assert!(Head::parse(form, "").unwrap().with_default_charset("klingon").is_err());
}

#[test]
fn i10_a_body_is_inflated_before_it_is_read() {
    let mut packed = Vec::new();
    GzEncoder::new(&b"n=Ren%E9"[..], Compression::fast()).read_to_end(&mut packed).unwrap();
    let head = Head::parse("application/x-www-form-urlencoded; charset=latin1", "gzip").unwrap();
    assert_eq!(to_json(&head, &packed, &BodyLimits::default()).unwrap(), r#"{"n":"René"}"#);
    let limits = BodyLimits { inflated_bytes_max: 7, ..BodyLimits::default() };
    let error = to_json(&head, &packed, &limits).unwrap_err();
    assert_eq!((error.fault, error.code), (Fault::TooLarge, "body_too_large"));
}

#[test]
fn i10_json_is_not_copied() {
    let head = Head::parse("application/json", "").unwrap();
    let body = b"{\"a\":1}";
    let opened = open(&head, body, &BodyLimits::default()).unwrap();
    assert!(opened.is_json() && std::ptr::eq(opened.text().as_ptr(), body.as_ptr()));
}

#[test]
fn i10_no_kind_nests_deeper_than_the_bound() {
    let limits = BodyLimits { depth_max: 4, ..BodyLimits::default() };
    let table: [(&str, &str, Option<&str>); 4] = [
        ("application/json", "[[[[]]]]", None),
        ("application/json", "[[[[[]]]]]", Some("too_deep")),
        ("application/xml", "<a><b x='1'/><b x='2'/></a>", None),
        ("application/xml", "<a><b><c/></b></a>", Some("xml_too_deep")),
    ];
    for (content_type, body, code) in table {
        let head = Head::parse(content_type, "").unwrap();
        assert_eq!(to_json(&head, body.as_bytes(), &limits).err().map(|error| error.code), code, "{body}");
    }
}

fn heads() -> impl Strategy<Value = (String, String)> {
    let types = "application/json|application/xml|text/xml|text/plain|application/x-www-form-urlencoded|multipart/form-data; boundary=x||\\PC{0,20}";
    let charsets = "|; charset=(utf-8|latin1|utf-16|utf-16be|shift_jis|gb18030|iso-2022-jp|\"x\\PC{0,5})";
    let codings = "||||gzip|deflate|\\PC{0,6}";
    ((types, charsets).prop_map(|(kind, charset)| kind + &charset), codings.prop_map(|coding| coding))
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        "[\\[\\]{}\":,0-9eE.a<>/=&;% \\n+-]{0,60}".prop_map(String::into_bytes),
        "(<a>|</a>|<b c='1'>|</b>|<!\\[CDATA\\[|\\]\\]>|&amp;|x){0,12}".prop_map(String::into_bytes),
        "(--x|--x--|\r\n|Content-Disposition: form-data; name=\"a\"|; filename=\"b\"|x){0,12}"
            .prop_map(String::into_bytes),
    ]
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn i10_any_bytes_under_any_head_give_a_value_or_a_rejection((content_type, coding) in heads(), body in bodies()) {
        let limits = BodyLimits { depth_max: 6, fields_max: 3, inflated_bytes_max: 200, ..BodyLimits::default() };
        let outcome = Head::parse(&content_type, &coding).and_then(|head| {
            let text = to_json(&head, &body, &limits)?.into_owned();
            let again = to_json(&head, &body, &limits)?;
            assert_eq!(text, again, "read twice, a body is the same");
            Ok(text)
        });
        match outcome {
            Ok(text) => {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                prop_assert!(depth(&value) <= 6, "{}", text);
            }
            Err(error) => {
                prop_assert!(!error.message.is_empty() && error.message.len() < 2_000);
                let is_code = error.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
                prop_assert!(is_code);
            }
        }
    }
}
