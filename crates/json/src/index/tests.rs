//! What is read, and what is rejected with its place.

use super::*;
use crate::string::plain_run;
use crate::{DEPTH_MAX, Kind, Node};
use crate::{Value, parse, text_of};

#[test]
fn m3_every_digit_survives() {
    for text in ["1e400", "-0", "0.10", "12345678901234567890123456789", "1E+2", "0"] {
        assert_eq!(text_of(&parse(text).unwrap()), text);
    }
}

#[test]
fn escapes_become_characters() {
    let parsed = parse(r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00z""#).unwrap();
    assert_eq!(parsed, Value::text("a\"\\/\u{8}\u{c}\n\r\té\u{e9}\u{1f600}z"));
}

#[test]
fn i10_the_last_of_duplicate_names_counts_and_is_reported() {
    let index = JsonIndex::parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
    assert_eq!(text_of(&index.value()), r#"{"b":2,"a":3}"#);
    assert_eq!(index.duplicate_names(), ["a"]);
    let nested = JsonIndex::parse(r#"{"a":{"x":1,"x":2},"b":1,"b":2}"#).unwrap();
    assert_eq!(nested.duplicate_names(), ["x", "b"]);
    let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":{n}", n % 39)).collect();
    let many = format!("{{{}}}", many.join(","));
    assert_eq!(JsonIndex::parse(&many).unwrap().duplicate_names(), ["k0"]);
}

#[test]
fn odd_json_is_rejected_with_its_place() {
    for (text, code, offset) in [
        ("", "truncated", 0),
        ("[1,", "truncated", 3),
        ("[1", "truncated", 2),
        ("{\"a\" 1}", "not_json", 5),
        ("{a:1}", "not_json", 1),
        ("01", "trailing_text", 1),
        ("1.", "not_json", 0),
        ("-", "not_json", 0),
        ("nul", "not_json", 0),
        ("\"\\ud800\"", "lone_surrogate", 7),
        ("\"\\udc00\"", "lone_surrogate", 7),
        ("\"\\ud800\\u0041\"", "lone_surrogate", 13),
        ("\"a\u{1}\"", "control_character", 2),
        ("\"a", "truncated", 2),
        ("\"\\u12\"", "not_json", 2),
        ("[]]", "trailing_text", 2),
    ] {
        let rejected = parse(text).unwrap_err();
        assert_eq!((rejected.code, rejected.offset), (code, offset), "{text}: {}", rejected.message);
    }
}

#[test]
fn h6_depth_has_a_bound() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&nested(DEPTH_MAX + 1)).unwrap_err().code, "too_deep");
    assert_eq!(parse(&"[".repeat(1_000_000)).unwrap_err().code, "too_deep");
}

/// Children skip what is inside others, and know where they stand.
#[test]
fn m3_values_are_found_along_the_index() {
    let text = r#" {"a": [1, {"b": "x\ty"}, []], "\u0062": null} "#;
    let index = JsonIndex::parse(text).unwrap();
    let root = index.root();
    let list = root.member("a").unwrap();
    assert_eq!((list.children().count(), list.kind()), (3, Kind::List));
    let inner = list.item(1).unwrap().member("b").unwrap();
    assert_eq!(inner.value(), Value::text("x\ty"));
    assert_eq!(inner.offsets(), (text.find("\"x").unwrap(), text.find("\"b\"").unwrap()));
    assert_eq!(root.member("b").map(Node::kind), Some(Kind::Null));
    assert!(root.member("c").is_none() && list.item(3).is_none() && inner.member("b").is_none());
    let mut written = String::new();
    root.write(&mut written, &|node| node.kind() == Kind::Number);
    assert_eq!(written, r#"{"a":[{"b":"x\ty"},[]],"b":null}"#);
}

proptest::proptest! {
    /// Every special byte ends a run, wherever it stands in the words that are looked at.
    #[test]
    fn runs_end_where_they_must(text in ".{0,40}") {
        let expected = text.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(text.len());
        proptest::prop_assert_eq!(plain_run(text.as_bytes()), expected);
    }

    #[test]
    fn runs_of_any_bytes_end_where_they_must(bytes: Vec<u8>) {
        let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(bytes.len());
        proptest::prop_assert_eq!(plain_run(&bytes), expected);
    }
}
