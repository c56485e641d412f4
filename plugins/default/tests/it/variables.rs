//! `map.variables`: values that fields are made of, and that are not part of the lead.

use crate::fixtures::{context, failure, inbound, lead, lead_json, map_with, problems, warnings};

fn document(variables: &str, fields: &str) -> String {
    format!("version: 1\nmap:\n  variables: {variables}\n  fields: {fields}\n")
}

/// M3, M6: a variable is not in the lead, and what it was made of counts as used.
#[test]
fn m3_m6_a_variable_is_not_part_of_the_lead() {
    let of_pairs = document(
        "{all: {from: pairs, then: [from_pairs]}}",
        "{email: variables.all.mail, age: {template: '{{ variables.all.age }} years'}}",
    );
    let body = r#"{"pairs":[{"name":"mail","value":"a@b.example"},{"name":"age","value":40}],"page":7}"#;
    assert_eq!(lead_json(&of_pairs, body), r#"{"email":"a@b.example","custom":{"age":"40 years","page":7}}"#);
    // Left out, it is missing, and its input stays.
    let left_out = document("{n: {from: n, then: [number], on_error: omit}}", "{x: variables.n}");
    assert_eq!(lead_json(&left_out, r#"{"n":"many"}"#), r#"{"custom":{"n":"many"}}"#);
    let warned: Vec<_> = lead(&left_out, r#"{"n":"many"}"#).warnings.into_iter().map(|it| (it.code, it.path)).collect();
    assert_eq!(warned, [("omitted".to_owned(), "variables.n".to_owned())]);
}

/// M3: they are made in the order in which they need each other, whatever the document's is.
#[test]
fn m3_variables_use_each_other_in_any_order() {
    let document = document(
        "{twice: {from: variables.n, then: [{add: variables.n}]}, n: {from: n, then: [number]}}",
        "{x: variables.twice, y: {from: n, then: [{add: variables.twice}], when: {field: variables.n, op: gt, value: 1}}}",
    );
    assert_eq!(lead_json(&document, r#"{"n":"2"}"#), r#"{"custom":{"x":4,"y":6}}"#);
    assert_eq!(lead_json(&document, r#"{"n":1}"#), r#"{"custom":{"x":2}}"#);
}

/// M5: a variable that fails names itself.
#[test]
fn m5_a_variable_that_fails_fails_the_lead() {
    let document = document("{n: {from: n, then: [number]}}", "{x: variables.n}");
    let failure = failure(&document, r#"{"n":"many"}"#);
    assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("not_a_number", Some("variables.n")));
}

/// Each lead of a body has its own, and a trace shows how they were made.
#[test]
fn m3_each_lead_has_its_own_variables() {
    let document = "version: 1\nmap: {items: people, variables: {n: {from: [name, body.name]}}, fields: {first_name: variables.n}}";
    let body = r#"{"name":"all","people":[{"name":"Ann"},{}]}"#;
    let traced = hookmill_plugin_sdk::types::Context { trace: true, ..context() };
    let mapped = map_with(document, traced, inbound(body)).unwrap();
    let leads: Vec<_> = mapped.leads.into_iter().map(|lead| lead.unwrap().lead).collect();
    assert_eq!(leads, [r#"{"first_name":"Ann","custom":{}}"#, r#"{"first_name":"all","custom":{}}"#]);
    let trace = mapped.trace.unwrap();
    assert!(trace.contains(r#"{"field":"variables.n","line":2,"from":"name","steps":[],"value":"Ann"}"#), "{trace}");
}

/// A key of the element that is called like the section is still reached.
#[test]
fn m3_a_key_of_this_name_is_reached() {
    let document = document("{a: b}", "{x: variables.a, y: $.variables.a, z: variables}");
    let lead = lead_json(&document, r#"{"variables":{"a":1},"b":2}"#);
    assert_eq!(lead, r#"{"custom":{"x":2,"y":1,"z":{"a":1}}}"#);
}

fn diagnose(document: &str) -> Vec<String> {
    let tell = |p: &hookmill_plugin_sdk::types::Diagnostic| {
        format!(
            "{}:{} {} {} | {} | {}",
            p.line,
            p.column,
            p.code,
            p.path,
            p.message,
            p.suggestion.as_deref().unwrap_or("-")
        )
    };
    problems(document).iter().map(tell).collect()
}

/// M2: what is wrong with variables is told at its place, with the way out.
#[test]
fn m2_what_is_wrong_with_variables_is_told() {
    for (variables, fields, expected) in [
        (
            "{a: variables.b, b: {template: '{{ variables.c }}'}, c: {from: x, then: [{append: variables.a}]}}",
            "{x: variables.a}",
            "3:15 circular_variables map.variables.a | these variables need each other: `a` uses `b` uses `c` uses `a` | make one of them of keys of the element alone",
        ),
        (
            "{a: {from: x, when: {field: variables.a, op: present}}}",
            "{x: variables.a}",
            "3:15 circular_variables map.variables.a | these variables need each other: `a` uses `a` | make one of them of keys of the element alone",
        ),
        (
            "{answers: x}",
            "{x: variables.answer, y: variables.answers}",
            "4:15 unknown_variable map.fields.x | `variables.answer`: the document does not define a variable `answer` | did you mean `answers`?; a key of the element is written `$.variables.answer`",
        ),
        (
            "{a: fields.email}",
            "{email: variables.a}",
            "3:18 used_before_defined map.variables.a | `fields.email`: variables are made before all fields | take the value from the element here, and give the field this variable; a key of the element is written `$.fields.email`",
        ),
        (
            "{'a.b': x}",
            "{x: $.a}",
            "3:15 bad_name map.variables.a.b | `a.b` is not the name of a variable | use letters, digits, `_` and `-`",
        ),
    ] {
        let found = diagnose(&document(variables, fields));
        assert_eq!(found.first().map(String::as_str), Some(expected), "{found:?}");
    }
    let ignored = "version: 1\nmap: {variables: {a: x}, fields: {x: variables.a}, ignore: variables.a}";
    assert!(
        diagnose(ignored)[0].contains("variables are for `fields` and for other variables"),
        "{:?}",
        diagnose(ignored)
    );
    let too_many: String = (0..=100).map(|number| format!("a{number}: x, ")).collect();
    assert!(diagnose(&document(&format!("{{{too_many}}}"), "{}"))[0].contains("VARIABLES_MAX"));
    assert_eq!(warnings(&document("{a: x, b: y}", "{x: variables.a}")), ["3:21 unused_variable map.variables.b"]);
}

/// M2: a later stage has no variables, and is not given an empty custom field instead.
#[test]
fn m2_later_stages_have_no_variables() {
    let map = "version: 1\nmap: {variables: {a: x}, fields: {email: variables.a}}\n";
    for (section, expected) in [
        ("qualify: [{field: variables.a, op: present}]", "make a custom field of it, and name that"),
        ("qualify: [{field: fields.email, op: present}]", "write `email`"),
        ("shape: {client: {body: {a: {from: variables.a}}}}", "name what the lead has"),
        ("shape: {client: {body: {a: '{{ fields.email }}'}}}", "name what the lead has"),
    ] {
        let found = diagnose(&format!("{map}{section}"));
        assert!(matches!(found.as_slice(), [only] if only.contains(expected)), "{section}: {found:?}");
    }
    assert_eq!(diagnose(&format!("{map}qualify: [{{field: custom.variables.a, op: present}}]")), Vec::<String>::new());
}

/// H6: what variables hold has a bound.
#[test]
fn h6_variables_have_a_bound() {
    let document = document(
        "{a: x, b: {from: x, then: [lower]}}",
        "{y: {template: '{{ variables.a }}{{ variables.b }}', then: [{truncate: 3}]}}",
    );
    let failure = failure(&document, &format!("{{\"x\":\"{}\"}}", "y".repeat(600_000)));
    assert_eq!(failure.code, "too_large");
    assert!(failure.message.contains("VARIABLE_BYTES_MAX"));
}
