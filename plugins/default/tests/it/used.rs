//! Whatever in a document reads a key of the element uses it: the key is not kept a second time as a custom field, and a document
//! that rejects unknown keys knows it (M6).

use hookmill_plugin_default::functions::ArgumentKind;
use hookmill_plugin_default::functions::registry::registry;
use proptest::prelude::*;

use crate::fixtures::{json, lead_json, leads};
use crate::grammar::{Draw, document_of_fresh_keys};

/// The keys of a lead's custom fields.
fn custom(document: &str, element: &str) -> Vec<String> {
    let lead = json(&lead_json(document, element));
    lead["custom"].as_object().unwrap().keys().cloned().collect()
}

fn fields(fields: &str) -> String {
    format!("version: 1\nmap: {{fields: {{{fields}}}}}")
}

#[test]
fn m6_conditions_arguments_and_filters_use_what_they_read() {
    let element = r#"{"a":"x","b":"y","l":[{"id":1,"n":"one"},{"id":2,"n":"two"}],"w":2,"m":[{"id":1,"z":0}]}"#;
    for (field, left) in [
        ("x: {value: gold, when: {field: a, op: eq, value: x}}", vec!["x", "b", "l", "w", "m"]),
        // A condition that does not hold decided all the same.
        ("x: {value: gold, when: {field: a, op: eq, value: no}}", vec!["b", "l", "w", "m"]),
        (
            "x: {value: gold, when: {any: [{field: w, op: gt, other: b}, {not: {field: a, op: blank}}]}}",
            vec!["x", "l", "m"],
        ),
        ("x: {from: a, then: [{concat: b}]}", vec!["x", "l", "w", "m"]),
        ("x: {from: a, then: [{template: '{{ value }}{{ b }}'}]}", vec!["x", "l", "w", "m"]),
        ("x: {from: gone, then: [{coalesce: [none, b]}]}", vec!["x", "a", "l", "w", "m"]),
        // What was not read is kept.
        ("x: {from: a, then: [{coalesce: b}]}", vec!["x", "b", "l", "w", "m"]),
        ("x: {from: l, then: [{join_lists: {with: m, key: id}}]}", vec!["x", "a", "b", "w"]),
        ("x: {from: l, then: [{map: [{pick: id}, {multiply: w}]}]}", vec!["x", "a", "b", "m"]),
        ("x: {from: [{path: a, then: [{concat: b}]}, w]}", vec!["x", "l", "w", "m"]),
        ("x: '$.l[?@.id == $.w].n'", vec!["x", "a", "b", "l", "m"]),
    ] {
        let document = fields(field);
        assert_eq!(custom(&document, element), left, "{field}");
        let strict = document.replace("map: {", "map: {unknown: reject, ignore: [a, b, l, w, m], ");
        assert!(leads(&strict, element)[0].is_ok(), "{field}");
    }
}

/// What functions read for a value that then came to nothing is not lost.
#[test]
fn m6_what_was_read_for_nothing_is_kept() {
    for (field, left) in [
        ("x: {from: a, then: [{concat: b}, number], on_error: omit}", vec!["a", "b"]),
        ("x: {from: [{path: a, then: [{concat: b}, number]}, gone], on_error: omit}", vec!["a", "b"]),
        ("x: {from: a, then: [{concat: b}, {constant: ''}], on_blank: omit}", vec!["a", "b"]),
        ("x: {from: a, then: [{concat: b}, number], on_error: keep_raw}", vec!["x", "b"]),
    ] {
        assert_eq!(custom(&fields(field), r#"{"a":"x","b":"y"}"#), left, "{field}");
    }
}

/// M4, M6: of each function of the registry that takes paths, what its examples read is used.
#[test]
fn m4_m6_every_function_uses_what_its_paths_read() {
    let others = r#""alpha":1,"beta":"b","price":"2.50","quantity":3,"zero":0,"list":["x","y","x"],"answers":[{"question_id":1,"answer":"40"}]"#;
    let mut looked_at = 0;
    for spec in registry() {
        let reads = |kind| {
            matches!(
                kind,
                ArgumentKind::Path
                    | ArgumentKind::Paths
                    | ArgumentKind::Operand
                    | ArgumentKind::Template
                    | ArgumentKind::Parts
            )
        };
        if !spec.parameters.iter().any(|parameter| reads(parameter.kind)) {
            continue;
        }
        let is_error = |code: &str| spec.errors.iter().any(|(error, _)| *error == code);
        for example in spec.examples.iter().filter(|example| example.output != "missing" && !is_error(example.output)) {
            let input = if example.input == "missing" { String::new() } else { format!("\"in\":{},", example.input) };
            let left = custom(
                &fields(&format!("out: {{from: in, then: [{}]}}", example.call)),
                &format!("{{{input}{others}}}"),
            );
            for key in ["alpha", "beta", "price", "quantity", "zero", "list", "answers"] {
                let words: Vec<&str> = example.call.split(|c: char| !c.is_alphanumeric()).collect();
                // The first that is not blank counts; the others are not read.
                if words.contains(&key) && spec.name != "coalesce" {
                    assert!(!left.iter().any(|left| left == key), "{} keeps {key}: {left:?}", example.call);
                    looked_at += 1;
                }
            }
        }
    }
    assert!(8 <= looked_at, "the examples are not where they are looked for: {looked_at}");
}

proptest! {
    /// M2, M6: a document that rejects unknown keys knows every key that it names, wherever it names it.
    #[test]
    fn m2_m6_every_key_of_a_document_is_known(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
        let (document, keys) = document_of_fresh_keys(&mut Draw::new(&bytes));
        let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":null")).collect();
        let made = &leads(&document, &format!("{{{}}}", members.join(",")))[0];
        let code = made.as_ref().err().map(|failure| failure.code.as_str());
        prop_assert_ne!(code, Some("unknown_field"), "{}\n{:?}", document, made);
    }
}
