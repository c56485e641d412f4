//! Rules that can never hold together, or always hold, are told when a document is saved (M2, M7).

use crate::fixtures::{problems, warnings};

fn diagnose(rules: &str) -> Vec<String> {
    let found = problems(&format!("version: 1\nqualify: [{rules}]"));
    found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
}

#[test]
fn m2_rules_that_exclude_each_other_are_errors() {
    for pair in [
        "{field: a, op: eq, value: 1}, {field: a, op: eq, value: 2}",
        "{field: a, op: eq, value: CA}, {field: custom.a, op: eq, value: NV}",
        "{field: a, op: eq, value: CA}, {field: a, op: ne, value: CA}",
        "{field: a, op: in, values: [CA, NV]}, {field: a, op: not_in, values: [NV, CA, TX]}",
        "{field: a, op: in, values: [1, 2]}, {field: a, op: gt, value: 2}",
        "{field: a, op: ge, value: 18}, {field: a, op: lt, value: 18}",
        "{field: a, op: gt, value: 65}, {field: a, op: between, values: [18, 65]}",
        "{field: a, op: before, value: 2024-01-01}, {field: a, op: after, value: 2024-01-01}",
        "{field: a, op: within, value: 30d}, {field: a, op: before, value: -1d}",
        "{field: a, op: age_between, values: [18, 30]}, {field: a, op: age_between, values: [31, null]}",
        "{field: a, op: blank}, {field: a, op: present}",
        "{field: a, op: blank}, {field: a, op: eq, value: x}",
        "{field: a, op: is_true}, {field: a, op: is_false}",
        "{field: a, op: valid, value: url}, {field: a, op: invalid, value: url}",
        "{field: a, op: in_set, set: s}, {field: a, op: not_in_set, set: s}",
        "{field: a, op: starts_with, value: ab}, {field: a, op: starts_with, value: ac}",
        "{field: a, op: eq, value: 1}, {field: a, op: eq, value: 2, on_missing: pass}",
    ] {
        assert_eq!(diagnose(pair), ["unreachable qualify[1]"], "{pair}");
        assert_eq!(diagnose(&format!("{{all: [{pair}]}}")), ["unreachable qualify[0].all[1]"], "{pair}");
        assert_eq!(diagnose(&format!("{{any: [{pair}]}}")), Vec::<String>::new(), "{pair}");
    }
    for alone in [
        "{field: a, op: between, values: [65, 18]}",
        "{field: a, op: in, values: []}",
        "{field: a, op: within, values: [today, -1d]}",
        "{field: a, op: age_between, values: [65, 18]}",
    ] {
        assert!(diagnose(alone)[0].starts_with("unreachable"), "{alone}");
    }
}

/// What may hold together is left alone.
#[test]
fn m2_rules_that_can_hold_together_are_no_problem() {
    for pair in [
        "{field: a, op: eq, value: 1}, {field: b, op: eq, value: 2}",
        "{field: a, op: eq, value: 1, on_missing: pass}, {field: a, op: eq, value: 2, on_missing: skip}",
        "{field: a, op: eq, value: ca, ignore_case: true}, {field: a, op: eq, value: CA}",
        "{field: a, op: eq, value: 5}, {field: a, op: ne, value: '5'}",
        "{field: a, op: eq, value: 5}, {field: a, op: eq, value: '5.0'}",
        "{field: a, op: ge, value: 18}, {field: a, op: le, value: 18}",
        "{field: a, op: gt, value: 1}, {field: a, op: ne, value: 5}",
        "{field: a, op: starts_with, value: ab}, {field: a, op: starts_with, value: abc}",
        "{field: a, op: contains, value: x}, {field: a, op: contains, value: y}",
        "{field: a, op: blank}, {field: a, op: ne, value: x, on_missing: pass}",
        "{field: a, op: after, value: -1y}, {field: a, op: before, value: 2024-01-01}",
        "{field: a, op: eq, value: 1}, {field: a, op: eq, value: 2, severity: soft}",
    ] {
        assert_eq!(diagnose(pair), Vec::<String>::new(), "{pair}");
    }
}

#[test]
fn m2_rules_that_always_hold_are_warnings() {
    for (rules, expected) in [
        ("{field: a, op: not_in, values: []}", "2:42 always_true qualify[0].values"),
        ("{field: a, op: starts_with, value: ''}", "2:46 always_true qualify[0].value"),
        ("{field: a, op: age_between, values: [null, null]}", "2:47 always_true qualify[0].values"),
        ("{any: [{field: a, op: blank}, {field: a, op: present}]}", "2:41 always_true qualify[0].any[1]"),
        ("{field: a, op: blank}, {field: a, op: blank}", "2:34 duplicate_rule qualify[1]"),
    ] {
        assert_eq!(warnings(&format!("version: 1\nqualify: [{rules}]")), [expected], "{rules}");
    }
}

/// H6: many rules with long lists on one field are compiled in no time.
#[test]
fn h6_long_lists_are_not_compared_with_each_other() {
    let values: Vec<String> = (0..190).map(|n| format!("v{n}")).collect();
    let rules: Vec<String> =
        (0..100).map(|n| format!("{{field: a, op: in, values: [n{n},{}]}}", values.join(","))).collect();
    assert_eq!(diagnose(&rules.join(",")), Vec::<String>::new());
}
