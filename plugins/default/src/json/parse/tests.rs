//! What is read, and what is refused with its place.

use super::*;
use crate::json::text_of;

#[test]
fn m3_every_digit_survives() {
    for text in ["1e400", "-0", "0.10", "12345678901234567890123456789", "1E+2", "0"] {
        assert_eq!(text_of(&parse(text).unwrap().root), text);
    }
}

#[test]
fn escapes_become_characters() {
    let parsed = parse(r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00z""#).unwrap();
    assert_eq!(parsed.root, Value::text("a\"\\/\u{8}\u{c}\n\r\té\u{e9}\u{1f600}z"));
}

#[test]
fn i10_of_double_names_the_last_wins_and_is_told() {
    let parsed = parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
    assert_eq!(text_of(&parsed.root), r#"{"b":2,"a":3}"#);
    assert_eq!(parsed.double_names, ["a"]);
    let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":{n}", n % 39)).collect();
    let parsed_many = parse(&format!("{{{}}}", many.join(","))).map(|p| p.double_names);
    assert_eq!(parsed_many.unwrap(), ["k0"]);
}

#[test]
fn odd_json_is_refused_with_its_place() {
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
        let refused = parse(text).unwrap_err();
        assert_eq!((refused.code, refused.offset), (code, offset), "{text}: {}", refused.message);
    }
}

#[test]
fn h6_depth_has_a_bound() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&nested(DEPTH_MAX + 1)).unwrap_err().code, "too_deep");
    assert_eq!(parse(&"[".repeat(1_000_000)).unwrap_err().code, "too_deep");
}
