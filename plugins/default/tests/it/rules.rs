//! The table of operators: every example, and what each operator says where there is nothing to compare (M7).

use hookmill_plugin_default::plan::{MissingOperand, OPERATORS, Wants};
use hookmill_plugin_sdk::testing::table;
use hookmill_plugin_sdk::types::{Context, Severities, Verdict};
use hookmill_plugin_sdk::{qualification::Guest, types::Failure};

use crate::fixtures::{context, json, load, problems, submission, verdict};

fn document(rule: &str) -> String {
    format!("version: 1\nqualify:\n  - {rule}")
}

fn rule_paths(rule: &str, lead: &str) -> Verdict {
    verdict(&document(rule), Severities::HARD, lead)
}

fn checked_in(context: Context, rule: &str, lead: &str) -> Result<Verdict, Failure> {
    load(&document(rule));
    <hookmill_plugin_default::Declarative as Guest>::qualify(context, Severities::HARD, vec![submission(lead)])
        .remove(0)
}

fn tables() {
    table("served_zips", [("78701", "true")]);
    table("blocked", [("spam@x.example", "null"), ("", "1")]);
}

/// M7: the examples of the reference are true.
#[test]
fn m7_every_operator_does_what_its_example_says() {
    tables();
    for declared in &OPERATORS {
        let example = declared.example;
        let passed = rule_paths(example.rule, example.passes);
        assert!(passed.qualified, "{} on {}: {:?}", example.rule, example.passes, passed.failed);
        let failed = rule_paths(example.rule, example.fails).failed;
        assert_eq!(failed.len(), 1, "{} on {}", example.rule, example.fails);
        let (expected, actual) = (failed[0].expected.as_str(), failed[0].actual.as_deref());
        assert_eq!((expected, actual), (example.expected, example.actual), "{}", example.rule);
        assert_eq!(failed[0].operator, declared.name);
    }
}

/// A rule of an operator, on the field `x`.
fn rule_of(wants: Wants, name: &str) -> String {
    let operand = match wants {
        Wants::Nothing | Wants::Fields => "",
        Wants::Value | Wants::Text | Wants::Pattern => ", value: abc",
        Wants::Number => ", value: 5",
        Wants::Moment => ", value: today",
        Wants::Moments => ", value: 1d",
        Wants::Numbers | Wants::Ages => ", values: [1, 2]",
        Wants::Values => ", values: [abc]",
        Wants::Kind => ", value: uuid",
        Wants::Set => ", set: served_zips",
    };
    format!("field: x, op: {name}{operand}")
}

/// M7: what the table declares for missing, null, blank and odd values holds.
#[test]
fn m7_every_operator_keeps_to_its_declaration() {
    tables();
    for declared in &OPERATORS {
        let rule = rule_of(declared.wants, declared.name);
        let lacking = declared.lacking;
        let odd = if declared.wants == Wants::Set || declared.wants == Wants::Kind { "[1]" } else { "{\"a\":1}" };
        for (value, declared) in [("null", lacking.null), ("\" \"", lacking.blank), (odd, lacking.odd)] {
            let qualified = rule_paths(&format!("{{{rule}}}"), &format!("{{\"custom\":{{\"x\":{value}}}}}")).qualified;
            match declared {
                MissingOperand::Passes => assert!(qualified, "{rule} on {value}"),
                MissingOperand::Fails => assert!(!qualified, "{rule} on {value}"),
                MissingOperand::Compared => {}
            }
        }
        for (on_missing, passes) in [("fail", false), ("pass", true), ("skip", true)] {
            let qualified = rule_paths(&format!("{{{rule}, on_missing: {on_missing}}}"), "{}").qualified;
            let expected = if lacking.missing_is_compared { declared.name == "blank" } else { passes };
            assert_eq!(qualified, expected, "{rule} on_missing {on_missing}");
        }
    }
}

/// M7: a table that can't be read is a failure of the lead, never "not in the set".
#[test]
fn m7_an_unknown_value_set_is_no_empty_one() {
    for op in ["in_set", "not_in_set"] {
        let failure =
            checked_in(context(), &format!("{{field: zip, op: {op}, set: rates}}"), r#"{"zip":"1"}"#).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("table_not_granted", Some("zip")));
        assert!(failure.message.contains("`rates`"), "{}", failure.message);
    }
    load("version: 1\nmap: {fields: {a: {from: b, when: {field: b, op: in_set, set: rates}}}}");
    let mapped = <hookmill_plugin_default::Declarative as hookmill_plugin_sdk::mapping::Guest>::map(
        context(),
        vec![crate::fixtures::inbound(r#"{"b":1}"#)],
    );
    let lead = mapped[0].as_ref().unwrap().leads[0].as_ref();
    assert_eq!(lead.unwrap_err().code, "table_not_granted");
}

/// M7: keys of a value set are the trimmed text; numbers by their digits.
#[test]
fn m7_keys_of_a_value_set() {
    tables();
    for (value, in_set) in
        [("\" 78701\"", true), ("78701", true), ("78701.0", false), ("\"7870\"", false), ("[78701]", false)]
    {
        let verdict =
            rule_paths("{field: x, op: in_set, set: served_zips}", &format!("{{\"custom\":{{\"x\":{value}}}}}"));
        assert_eq!(verdict.qualified, in_set, "{value}");
    }
    let long = format!("{{\"custom\":{{\"x\":\"{}\"}}}}", "a".repeat(5000));
    assert!(!rule_paths("{field: x, op: not_in_set, set: served_zips}", &long).qualified);
}

/// M7: one field against another; where the other is missing, there is nothing to compare.
#[test]
fn m7_fields_are_compared_with_each_other() {
    for (rule, lead, qualified) in [
        ("op: eq, other: b", r#"{"a":"5","b":5.0}"#, true),
        ("op: eq, other: b", r#"{"a":"02139","b":"2139"}"#, false),
        ("op: eq, other: b", r#"{"a":"X","b":"x"}"#, false),
        ("op: eq, other: b, ignore_case: true", r#"{"a":"X","b":"x"}"#, true),
        ("op: eq, other: b", r#"{"a":null,"b":null}"#, true),
        ("op: eq, other: b", r#"{"a":1}"#, false),
        ("op: ne, other: b", r#"{"a":1}"#, false),
        ("op: ne, other: b, on_missing: pass", r#"{"a":1}"#, true),
        ("op: ge, other: b", r#"{"a":10,"b":"9.5"}"#, true),
        ("op: ge, other: b", r#"{"a":10,"b":"many"}"#, false),
        ("op: starts_with, other: b", r#"{"a":"abc","b":"ab"}"#, true),
        ("op: contains, other: b", r#"{"a":[1,2],"b":2}"#, true),
        ("op: before, other: b", r#"{"a":"2024-01-01","b":"2024-01-02T00:00:00-05:00"}"#, true),
        ("op: before, other: b", r#"{"a":"2024-01-01","b":"soon"}"#, false),
        ("op: after, other: submission.received_at", r#"{"a":"2024-06-16"}"#, true),
        ("op: after, other: context.now", r#"{"a":"2024-06-15T10:29:59Z"}"#, false),
    ] {
        let verdict = rule_paths(&format!("{{field: a, {rule}}}"), &format!("{{\"custom\":{lead}}}"));
        assert_eq!(verdict.qualified, qualified, "{rule} on {lead}");
    }
}

/// M7: dates by the campaign's zone, at the context's now.
#[test]
fn m7_dates_are_checked_where_the_campaign_is() {
    // 2024-06-15T03:30:00Z: still the 14th in New York, the 15th in London.
    let at = |time_zone: &str| {
        let mut context = Context { now: 1_718_422_200_000, ..context() };
        context.campaign.time_zone = time_zone.into();
        context
    };
    for (rule, lead, in_new_york, in_london) in [
        ("{field: date_of_birth, op: age_between, values: [18, 65]}", r#"{"date_of_birth":"2006-06-15"}"#, false, true),
        ("{field: x, op: before, value: today}", r#"{"custom":{"x":"2024-06-14"}}"#, false, true),
        ("{field: x, op: within, value: -1d}", r#"{"custom":{"x":"2024-06-13"}}"#, true, false),
        ("{field: x, op: within, value: -2h}", r#"{"custom":{"x":"2024-06-15T02:00:00Z"}}"#, true, true),
        ("{field: x, op: within, value: -2h}", r#"{"custom":{"x":"2024-06-15T01:29:59Z"}}"#, false, false),
        ("{field: x, op: after, value: now}", r#"{"custom":{"x":"2024-06-15T03:30:00.001Z"}}"#, true, true),
        (
            "{field: x, op: within, values: [2024-06-01, 2024-06-14]}",
            r#"{"custom":{"x":"2024-06-15T01:00:00Z"}}"#,
            true,
            false,
        ),
    ] {
        for (zone, qualified) in [("America/New_York", in_new_york), ("Europe/London", in_london)] {
            let verdict = checked_in(at(zone), rule, lead).unwrap();
            assert_eq!(verdict.qualified, qualified, "{rule} in {zone}");
        }
    }
    let failure =
        checked_in(at("Mars/Olympus"), "{field: x, op: before, value: today}", r#"{"custom":{"x":"2024-06-14"}}"#);
    assert_eq!(failure.unwrap_err().code, "unknown_zone");
}

/// M7: the operands that don't fit are told, each with its place.
#[test]
fn m7_operands_that_do_not_fit_are_told() {
    for (rule, expected) in [
        ("{field: a, op: ge, value: x}", "31 wrong_type qualify[0].value"),
        ("{field: a, op: ge}", "5 missing_key qualify[0]"),
        ("{field: a, op: ge, values: [1]}", "32 unexpected_argument qualify[0].values"),
        ("{field: a, op: ge, value: 1, other: b}", "41 unexpected_argument qualify[0].other"),
        ("{field: a, op: in, values: CA}", "32 wrong_type qualify[0].values"),
        ("{field: a, op: in, values: [1], other: b}", "44 unexpected_argument qualify[0].other"),
        ("{field: a, op: blank, value: 1}", "34 unexpected_argument qualify[0].value"),
        ("{field: a, op: ge, value: 1, ignore_case: true}", "47 unexpected_argument qualify[0].ignore_case"),
        ("{field: a, op: matches, value: '(?=x)'}", "36 bad_pattern qualify[0].value"),
        ("{field: a, op: matches, value: '('}", "36 bad_pattern qualify[0].value"),
        ("{field: a, op: before, value: 30m}", "35 bad_moment qualify[0].value"),
        ("{field: a, op: within, value: 2026-01-01}", "35 wrong_type qualify[0].value"),
        ("{field: a, op: within, values: [today]}", "36 wrong_type qualify[0].values"),
        ("{field: a, op: within, values: [today, soon]}", "44 bad_moment qualify[0].values[1]"),
        ("{field: a, op: age_between, values: [18]}", "41 wrong_type qualify[0].values"),
        ("{field: a, op: age_between, values: [1.5, 3]}", "41 wrong_type qualify[0].values"),
        ("{field: a, op: valid, value: emial}", "34 unknown_word qualify[0].value"),
        ("{field: a, op: in_set, value: x}", "35 unexpected_argument qualify[0].value"),
        ("{field: a, op: in_set, set: ' '}", "33 bad_name qualify[0].set"),
        ("{fields: [a, b], op: eq, value: 1}", "14 unexpected_argument qualify[0].fields"),
        ("{fields: [a], op: distinct}", "14 wrong_type qualify[0].fields"),
        ("{field: a, op: eq, other: 'a..b'}", "31 bad_path qualify[0].other"),
    ] {
        let told: Vec<String> =
            problems(&document(rule)).iter().map(|p| format!("{} {} {}", p.column, p.code, p.path)).collect();
        assert!(told.contains(&expected.to_owned()), "{rule}: {told:?}");
    }
    let long = format!(
        "{{field: a, op: matches, value: {}}}",
        "a".repeat(hookmill_plugin_default::document::PATTERN_BYTES_MAX + 1)
    );
    assert_eq!(problems(&document(&long))[0].code, "too_large");
}

/// M10: the trace has what a relative date meant.
#[test]
fn m10_the_trace_tells_what_now_meant() {
    let context = Context { trace: true, ..context() };
    let verdict = checked_in(context, "{field: x, op: before, value: -1y, on_missing: skip}", "{}").unwrap();
    let expected = r#"{"rules":[{"rule":"qualify[0]","line":3,"field":"x","operator":"before","expected":{"value":"-1y","is":"2023-06-15"},"passed":null}]}"#;
    assert_eq!(json(&verdict.trace.unwrap()), json(expected));
}

/// M5, M7: rules in `when` see every field they name of the element.
#[test]
fn m7_conditions_of_fields_compare_fields() {
    for (rule, expected) in [
        ("{field: a, op: lt, other: b.c}", r#""x":1"#),
        ("{fields: [a, b.c], op: distinct}", r#""x":1"#),
        ("{fields: [a, b.c, d], op: distinct}", ""),
        ("{field: a, op: eq, other: b.c}", ""),
    ] {
        let document = format!("version: 1\nmap: {{unknown: drop, fields: {{x: {{from: a, when: {rule}}}}}}}");
        let lead = crate::fixtures::lead_json(&document, r#"{"a":1,"b":{"c":2},"d":1.0}"#);
        assert_eq!(lead, format!("{{\"custom\":{{{expected}}}}}"), "{rule}");
    }
}
