//! The deepest inputs that are accepted are handled; what is deeper is told. The stack of guests (`plugins/rustflags.txt`) is
//! chosen for these bounds.

use hookmill_plugin_default::document;
use hookmill_plugin_sdk::types::Severities;

use crate::fixtures::{
    body, context, inbound, interpreted, lead, map_with, problems, response, shape, submission, to_client, verdict,
};

/// `{"a":{"a":...}}`, so many objects deep.
fn nested(depth: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

/// Rules in rules, as deep as a document can be.
fn nested_rules(depth: usize) -> String {
    let rule = "{\"field\":\"x\",\"op\":\"eq\",\"value\":1}";
    format!("{{\"version\":1,\"qualify\":[{}{rule}{}]}}", "{\"not\":".repeat(depth), "}".repeat(depth))
}

#[test]
fn h6_the_deepest_element_is_mapped() {
    let deepest = nested(hookmill_json::DEPTH_MAX);
    let document = "version: 1\nmap: {fields: {all: {from: '$..b', on_missing: null}}}";
    let expected = format!("{{\"custom\":{{\"all\":null,{}}}", &deepest[1..]);
    assert_eq!(lead(document, &deepest).lead, expected);
    assert_eq!(map_with("", context(), inbound(&nested(hookmill_json::DEPTH_MAX + 1))).unwrap_err().code, "too_deep");
}

#[test]
fn h6_the_deepest_document_is_compiled_loaded_and_run() {
    // The document's map, the list of rules and the innermost rule are three levels of their own.
    let deepest = document::DEPTH_MAX - 3;
    let even = nested_rules(deepest - deepest % 2);
    assert!(verdict(&even, Severities::HARD, r#"{"custom":{"x":1}}"#).qualified);
    assert!(!verdict(&even, Severities::HARD, r#"{"custom":{"x":2}}"#).qualified);
    assert_eq!(problems(&nested_rules(document::DEPTH_MAX)).remove(0).code, "too_deep");
}

#[test]
fn h6_the_deepest_path_is_read() {
    let path = |depth: usize| format!("$.l[?{}@.x == 1{}]", "(".repeat(depth), ")".repeat(depth));
    let document = |depth| format!("version: 1\nmap: {{unknown: drop, fields: {{found: \"{}\"}}}}", path(depth));
    assert_eq!(lead(&document(7), r#"{"l":[{"x":1.0},{"x":2}]}"#).lead, r#"{"custom":{"found":[{"x":1.0}]}}"#);
    assert_eq!(problems(&document(8)).remove(0).code, "bad_path");
}

/// A message nested to the bound, of lists made item by item.
#[test]
fn h6_the_deepest_message_is_made() {
    // The document, `shape`, `client` and `body` are levels of their own, and so is the list in each `make`.
    let levels = document::DEPTH_MAX - 6;
    let made =
        format!("{}\"{{{{ item }}}}\"{}", "{\"for_each\":\"lead.email\",\"make\":".repeat(levels), "}".repeat(levels));
    let written =
        |format: &str| format!("{{\"version\":1,\"shape\":{{\"client\":{{{format}\"body\":{{\"l\":{made}}}}}}}}}");
    let payload = shape(&written(""), to_client(submission(r#"{"email":"x"}"#))).unwrap();
    assert_eq!(body(&payload), format!("{{\"l\":{}\"x\"{}}}", "[".repeat(levels), "]".repeat(levels)));
    let xml = shape(&written("\"format\":\"xml\",\"root\":\"r\","), to_client(submission(r#"{"email":"x"}"#)));
    assert_eq!(xml.unwrap_err().code, "bad_xml");
}

/// A response nested to the bound, in each form, and one beyond it, which can't be read: it may be the rejection that the document describes.
#[test]
fn h6_the_deepest_response_is_interpreted() {
    let document = "version: 1\ninterpret: {outcomes: [{outcome: rejected, when: {field: $..x, op: present}}]}";
    let json = |depth: usize| format!("{}{{\"x\":1}}{}", "{\"a\":".repeat(depth - 1), "}".repeat(depth - 1));
    let xml = |depth: usize| format!("{}<x>1</x>{}", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1));
    for (text, is_read) in [
        (json(hookmill_json::DEPTH_MAX), true),
        (json(hookmill_json::DEPTH_MAX + 1), false),
        (xml(32), true),
        (xml(200), false),
    ] {
        let outcome = interpreted(document, response(200, "", &text));
        let decided_by = outcome.map_or_else(|failure| Some(failure.code), |outcome| outcome.unwrap().rule);
        let expected = if is_read { "interpret.outcomes[0]" } else { "unreadable_body" };
        assert_eq!(decided_by.as_deref(), Some(expected), "{} bytes", text.len());
    }
}
