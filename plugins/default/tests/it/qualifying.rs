//! `qualify` as documents say it (M7).

use hookmill_plugin_sdk::types::{Context, Severities};
use hookmill_plugin_sdk::{qualification::Guest, types::Verdict};

use crate::fixtures::{context, json, load, submission, verdict};

fn rule_paths(rule: &str, lead: &str) -> Verdict {
    verdict(&format!("version: 1\nqualify:\n  - {rule}"), Severities::HARD, lead)
}

/// Every operator on missing, null, empty text, and values that pass and fail.
#[test]
fn m7_every_operator_on_every_kind_of_value() {
    let lead = |value: &str| match value {
        "missing" => r#"{"custom":{}}"#.to_owned(),
        value => format!("{{\"custom\":{{\"x\":{value}}}}}"),
    };
    for (rule, passing, failing) in [
        (
            "op: eq, value: 5",
            &["5", "5.0", "\"5\"", "\" 5e0\""][..],
            &["missing", "null", "\"\"", "6", "true", "[5]"][..],
        ),
        ("op: eq, value: '02139'", &["\"02139\""], &["2139", "\"2139\"", "missing"]),
        ("op: eq, value: ca, ignore_case: true", &["\"CA\""], &["\"CAL\""]),
        ("op: eq, value: null", &["null"], &["missing", "\"\"", "0"]),
        ("op: eq, value: true", &["true"], &["\"true\"", "\"TRUE\"", "\"false\"", "1", "false"]),
        ("op: ne, value: 5", &["6", "null", "\"\""], &["5", "missing"]),
        ("op: lt, value: 5", &["4.999999999999999999999", "-1e400"], &["5", "missing", "null", "\"\"", "\"a\""]),
        ("op: le, value: 5", &["5.0"], &["5.0000000000000000000001"]),
        ("op: gt, value: 9007199254740992", &["9007199254740993"], &["9007199254740992.0"]),
        ("op: ge, value: 50000", &["\"72000\"", "50000"], &["\"$72,000\"", "49999.99"]),
        ("op: between, values: [18, 65]", &["18", "65", "\"40\""], &["17", "66", "missing", "null"]),
        ("op: in, values: [CA, TX, 7]", &["\"CA\"", "7", "\"7\""], &["\"ca\"", "missing", "null"]),
        ("op: not_in, values: [CA]", &["\"TX\"", "null"], &["\"CA\"", "missing"]),
        ("op: contains, value: '@'", &["\"a@b\"", "[\"@\"]"], &["\"ab\"", "[\"a@b\"]", "missing", "null"]),
        ("op: starts_with, value: a", &["\"ab\""], &["\"ba\"", "null"]),
        ("op: ends_with, value: b", &["\"ab\""], &["\"ba\"", "missing"]),
        ("op: blank", &["missing", "null", "\" \"", "[]"], &["0", "false", "\"a\""]),
        ("op: present", &["0", "false", "\"a\""], &["missing", "null", "\" \"", "[]"]),
        ("op: valid, value: email", &["\"a@b.example\""], &["\"a\"", "missing", "null", "5"]),
        ("op: invalid, value: phone", &["\"12\"", "\"5551234567\"", "null"], &["\"512-555-0142\"", "missing"]),
        ("op: is_true", &["true", "\"Yes\"", "1", "\"on\""], &["false", "\"false\"", "2", "missing", "null"]),
        ("op: is_false", &["false", "\"No\"", "0"], &["true", "\"\"", "missing", "null"]),
        ("op: lt, value: 5, on_missing: pass", &["missing", "4"], &["null", "5"]),
        ("op: lt, value: 5, on_missing: skip", &["missing", "4"], &["null", "5"]),
    ] {
        for (values, qualified) in [(passing, true), (failing, false)] {
            for value in values {
                let verdict = rule_paths(&format!("{{field: x, {rule}, reason: r}}"), &lead(value));
                assert_eq!(verdict.qualified, qualified, "{rule} on {value}");
                assert_eq!(verdict.failed.is_empty(), qualified);
            }
        }
    }
}

#[test]
fn m7_the_verdict_lists_expected_and_actual() {
    let lead = r#"{"state":"NV","custom":{"income":"100"}}"#;
    let document = "version: 1\nqualify:\n  - {field: income, op: ge, value: 50000, reason: too little}\n  - {name: state, field: state, op: in, values: [CA, TX], reason: not served}\n  - {field: email, op: present, reason: no mail, severity: soft}";
    let hard = verdict(document, Severities::HARD, lead);
    let told: Vec<_> = hard
        .failed
        .iter()
        .map(|f| {
            (
                f.rule.as_str(),
                f.field.as_str(),
                f.operator.as_str(),
                f.reason.as_str(),
                f.expected.as_str(),
                f.actual.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("qualify[0]", "income", "ge", "too little", "50000", Some(r#""100""#)),
            ("state", "state", "in", "not served", r#"["CA","TX"]"#, Some(r#""NV""#)),
        ]
    );
    let soft = verdict(document, Severities::SOFT, lead);
    assert_eq!((soft.failed.len(), soft.failed[0].actual.as_deref()), (1, None));
}

#[test]
fn m7_groups_combine_rules() {
    let lead = r#"{"state":"NV","custom":{"age":17}}"#;
    for (rule, failed) in [
        (
            "{all: [{field: age, op: ge, value: 18, reason: age}, {field: state, op: eq, value: CA}], reason: all}",
            vec!["qualify[0].all[0]", "qualify[0].all[1]"],
        ),
        ("{any: [{field: age, op: ge, value: 18}, {field: state, op: eq, value: NV}], reason: any}", vec![]),
        (
            "{any: [{field: age, op: ge, value: 18}, {field: state, op: eq, value: CA}], reason: any}",
            vec!["qualify[0]"],
        ),
        ("{not: {field: state, op: eq, value: NV}, reason: not}", vec!["qualify[0]"]),
        ("{not: {field: state, op: eq, value: CA}, reason: not}", vec![]),
        (
            "{any: [{field: no, op: eq, value: 1, on_missing: skip}, {field: state, op: eq, value: CA}]}",
            vec!["qualify[0]"],
        ),
        ("{any: [{field: no, op: eq, value: 1, on_missing: skip}]}", vec![]),
        ("{not: {field: no, op: eq, value: 1, on_missing: skip}}", vec![]),
    ] {
        let verdict = rule_paths(rule, lead);
        let names: Vec<&str> = verdict.failed.iter().map(|rule| rule.rule.as_str()).collect();
        assert_eq!(names, failed, "{rule}");
    }
    let any =
        rule_paths("{any: [{field: age, op: ge, value: 18}, {field: state, op: eq, value: CA}], reason: r}", lead);
    assert_eq!(any.failed[0].field, "age, state");
    let expected = r#"[{"field":"age","op":"ge","value":18},{"field":"state","op":"eq","value":"CA"}]"#;
    assert_eq!((any.failed[0].expected.as_str(), any.failed[0].actual.as_deref()), (expected, Some(r#"[17,"NV"]"#)));
}

#[test]
fn m10_the_trace_tells_each_comparison() {
    load("version: 1\nqualify:\n  - {field: state, op: eq, value: CA}");
    let context = Context { trace: true, ..context() };
    let verdict = <hookmill_plugin_default::Declarative as Guest>::qualify(
        context,
        Severities::HARD,
        vec![submission(r#"{"state":"CA","custom":{}}"#)],
    )
    .remove(0)
    .unwrap();
    let expected = r#"{"rules":[{"rule":"qualify[0]","line":3,"field":"state","operator":"eq","expected":"CA","actual":"CA","passed":true}]}"#;
    assert_eq!(json(&verdict.trace.unwrap()), json(expected));
}

#[test]
fn a_lead_that_is_none_is_a_failure() {
    load("");
    for lead in ["", "[]", "{"] {
        let verdicts = <hookmill_plugin_default::Declarative as Guest>::qualify(
            context(),
            Severities::HARD,
            vec![submission(lead)],
        );
        assert_eq!(verdicts[0].as_ref().unwrap_err().code, "bad_lead");
    }
}

/// M7: both severities in one call: a hard failure leaves the soft rules out, and `load` says for which there are rules.
#[test]
fn m7_soft_rules_are_checked_where_no_hard_one_failed() {
    let hard = "{field: a, op: present, reason: no a}";
    let soft = "{field: b, op: present, reason: no b, severity: soft}";
    let document = format!("version: 1\nqualify: [{soft}, {hard}]");
    let reasons = |severities, lead| {
        let verdict = verdict(&document, severities, lead);
        verdict.failed.iter().map(|rule| rule.reason.clone()).collect::<Vec<_>>()
    };
    let (neither, only_a) = ("{\"custom\":{}}", "{\"custom\":{\"a\":1}}");
    assert_eq!(reasons(Severities::all(), neither), ["no a"]);
    assert_eq!(reasons(Severities::all(), only_a), ["no b"]);
    assert_eq!(reasons(Severities::SOFT, neither), ["no b"]);
    assert_eq!(reasons(Severities::HARD, only_a), Vec::<String>::new());
    for (rules, severities) in [
        (String::new(), Severities::empty()),
        (hard.to_owned(), Severities::HARD),
        (soft.to_owned(), Severities::SOFT),
        (format!("{soft}, {hard}"), Severities::all()),
    ] {
        assert_eq!(load(&format!("version: 1\nqualify: [{rules}]")).severities, severities, "{rules}");
    }
}
