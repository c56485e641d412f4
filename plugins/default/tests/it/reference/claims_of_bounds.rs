//! The bounds of the page: each is reached by one test and passed by another, or named with the test that does it.

use super::claims::mapped;
use super::tables;
use crate::fixtures::{
    context, failure, inbound, json, lead, map_with, problems, shape, submission, to_client, warnings,
};
use hookmill_plugin_default::{document as language, functions, run};

/// Bounds that are shown elsewhere: `claims::h6_bounds`, or the test that is named.
const ELSEWHERE: [(&str, &str); 19] = [
    ("DOCUMENT_BYTES_MAX", "claims"),
    ("FIELDS_MAX", "claims"),
    ("RULES_MAX", "claims"),
    ("OUTCOMES_MAX", "claims"),
    ("PATH_BYTES_MAX", "claims"),
    ("ITEMS_MAX", "claims"),
    ("PATTERN_BYTES_MAX", "claims"),
    ("VARIABLES_MAX", "claims"),
    ("SET_NAME_BYTES_MAX", "claims"),
    ("PATTERN_DEPTH_MAX", "claims"),
    ("FORMATS_MAX", "claims"),
    ("CHAIN_DEPTH_MAX", "claims"),
    ("DECIMALS_MAX", "claims"),
    ("LEADS_MAX", "claims"),
    ("DEPTH_MAX", "depth"),
    ("PATTERN_SIZE_MAX", "functions::m2_chains_are_checked"),
    ("OUTPUT_BYTES_MAX", "hostile"),
    ("WORK_MAX", "hostile"),
    ("PLAN_BYTES_MAX", "plan::bytes: no document of DOCUMENT_BYTES_MAX has so large a plan"),
];

/// Those that are shown here, and two of the run that other tests show: `hostile` of traces, `variables` of variables.
const HERE: [&str; 18] = [
    "NODES_MAX",
    "RULES_COMPARED_MAX",
    "RULE_VALUES_COMPARED_MAX",
    "PATH_DEPTH_MAX",
    "DIAGNOSTICS_MAX",
    "FUNCTION_OUTPUT_BYTES_MAX",
    "FUNCTION_ITEMS_MAX",
    "PATTERN_INPUT_BYTES_MAX",
    "NUMBER_DIGITS_MAX",
    "PATTERN_MATCHES_MAX",
    "DATE_BYTES_MAX",
    "OUTPUT_DEPTH_MAX",
    "FLATTEN_DEPTH_MAX",
    "VALUES_MAX",
    "WORK_PER_LEAD",
    "PATH_VISITS_MAX",
    "MESSAGE_VALUES_MAX",
    "TRACE_BYTES_MAX and VARIABLE_BYTES_MAX",
];

/// H6: no bound stands on the page without a test that reaches it.
#[test]
fn h6_every_bound_is_reached_by_a_test() {
    for line in tables::bounds().lines().filter_map(|line| line.strip_prefix("| `")) {
        let name = line.split('`').next().unwrap();
        let is_shown =
            ELSEWHERE.iter().any(|(known, _)| *known == name) || HERE.iter().any(|known| known.contains(name));
        assert!(is_shown, "{name} is shown by no test");
    }
}

fn bound(bounds: &[hookmill_plugin_default::bounds::Bound], name: &str) -> usize {
    let bound = bounds.iter().find(|bound| bound.name == name).unwrap_or_else(|| panic!("no bound {name}"));
    usize::try_from(bound.max).unwrap()
}

/// What a chain makes of a value: `ok`, or the code of its rejection.
fn outcome(then: &str, value: &str) -> String {
    let map = format!("{{unknown: drop, fields: {{x: {{from: v, then: [{then}]}}}}}}");
    let made = mapped(&map, &format!("{{\"v\":{value}}}")).remove(0);
    if made.starts_with('{') { "ok".to_owned() } else { made }
}

/// A bound of functions, a chain with a value of so much, and the code of more.
type Bounded<'a> = (&'a str, &'a dyn Fn(usize) -> (String, String), &'a str);

#[test]
fn h6_bounds_of_functions() {
    let text = |length: usize| format!("\"{}\"", "a".repeat(length));
    let nested = |depth: usize| format!("\"{}1{}\"", "[".repeat(depth), "]".repeat(depth));
    let bounds: [Bounded<'_>; 9] = [
        (
            "FUNCTION_OUTPUT_BYTES_MAX",
            &|bytes| ("{replace: {what: a, with: aa}}".into(), text(bytes / 2 + bytes % 2)),
            "output_too_large",
        ),
        (
            "FUNCTION_ITEMS_MAX",
            &|items| ("{split: a}".into(), format!("\"{}\"", "ba".repeat(items))),
            "output_too_large",
        ),
        ("PATTERN_INPUT_BYTES_MAX", &|bytes| ("{is_match: b}".into(), text(bytes)), "input_too_large"),
        ("PATTERN_MATCHES_MAX", &|count| ("{extract_all: a}".into(), text(count)), "too_many_matches"),
        ("NUMBER_DIGITS_MAX", &|digits| ("number".into(), format!("\"{}\"", "9".repeat(digits))), "number_too_long"),
        ("NUMBER_DIGITS_MAX", &|digits| ("round".into(), "9".repeat(digits)), "number_too_long"),
        ("NUMBER_DIGITS_MAX", &|digits| ("{round: 30}".into(), format!("0.{}", "9".repeat(digits))), "number_too_long"),
        (
            "DATE_BYTES_MAX",
            &|bytes| ("{date: '%Y-%m-%d'}".into(), format!("\"2026-01-31{}\"", " ".repeat(bytes - 10))),
            "not_a_date",
        ),
        ("OUTPUT_DEPTH_MAX", &|depth| ("parse_json".into(), nested(depth)), "too_deep"),
    ];
    for (name, of, code) in bounds {
        let max = bound(functions::BOUNDS, name);
        for (count, expected) in [(max, "ok"), (max + 1, code)] {
            let (then, value) = of(count);
            assert_eq!(outcome(&then, &value), expected, "{name}: {then} of {count}");
        }
    }
    let max = bound(functions::BOUNDS, "FLATTEN_DEPTH_MAX");
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let flat = |levels: usize| {
        lead(
            "version: 1\nmap: {unknown: drop, fields: {x: {from: v, then: [flatten]}}}",
            &format!("{{\"v\":{}}}", deep(levels)),
        )
        .lead
    };
    assert_eq!(json(&flat(max))["custom"]["x"], json(&format!("{{\"{}\":1}}", vec!["a"; max].join("."))));
    assert_ne!(json(&flat(max + 1))["custom"]["x"], json(&format!("{{\"{}\":1}}", vec!["a"; max + 1].join("."))));
}

#[test]
fn h6_bounds_of_documents() {
    let bounds = language::BOUNDS;
    let first = |document: &str| problems(document).first().map(|problem| problem.code.clone());
    let nodes = bound(bounds, "NODES_MAX");
    // A list, its key, the fields around it.
    let values = |count: usize| {
        format!(
            "version: 1\nmap: {{fields: {{x: {{value: [{}]}}}}}}",
            vec!["[1,1,1,1,1,1,1,1,1]"; count / 10].join(",")
        )
    };
    assert_eq!(first(&values(nodes - 100)), None);
    assert_eq!(first(&values(nodes + 10)).as_deref(), Some("too_large"));
    let depth = bound(bounds, "PATH_DEPTH_MAX");
    let path = |depth: usize| {
        format!("version: 1\nmap: {{fields: {{x: '$.a[?{}@.b{}]'}}}}", "(".repeat(depth - 1), ")".repeat(depth - 1))
    };
    assert_eq!(first(&path(depth)), None);
    assert_eq!(first(&path(depth + 1)).as_deref(), Some("bad_path"));
    let many = bound(bounds, "DIAGNOSTICS_MAX");
    let wrong = |count: usize| {
        let lines: String = (0..count).map(|n| format!("    f{n}: 5\n")).collect();
        problems(&format!("version: 1\nmap:\n  fields:\n{lines}")).len()
    };
    assert_eq!((wrong(many - 1), wrong(many), wrong(many + 50)), (many - 1, many, many));
    let compared = bound(bounds, "RULES_COMPARED_MAX");
    let rules = |between: usize| {
        let others: String = (0..between).map(|n| format!("  - {{field: f{n}, op: present}}\n")).collect();
        first(&format!(
            "version: 1\nqualify:\n  - {{field: a, op: ge, value: 5}}\n{others}  - {{field: a, op: lt, value: 5}}\n"
        ))
    };
    assert_eq!((rules(compared - 2).as_deref(), rules(compared - 1)), (Some("unreachable"), None));
    let values_max = bound(bounds, "RULE_VALUES_COMPARED_MAX");
    let sets = |count: usize| {
        let list = |from: usize| (from..from + count).map(|n| format!("v{n}")).collect::<Vec<_>>().join(", ");
        first(&format!(
            "version: 1\nqualify:\n  - {{field: a, op: in, values: [{}]}}\n  - {{field: a, op: in, values: [{}]}}\n",
            list(0),
            list(1000)
        ))
    };
    assert_eq!((sets(values_max).as_deref(), sets(values_max + 1)), (Some("unreachable"), None));
    assert_eq!(warnings("version: 1"), Vec::<String>::new());
}

#[test]
fn h6_bounds_of_runs() {
    let wide = |values: usize| format!("{{\"a\":[{}]}}", vec!["1"; values].join(","));
    let path = "version: 1\nmap: {unknown: drop, fields: {x: '$.a[0]', y: '$.a[?@ == 2]'}}";
    assert!(map_with(path, context(), inbound(&wide(run::PATH_VISITS_MAX / 4))).unwrap().leads[0].is_ok());
    assert_eq!(failure(path, &wide(run::PATH_VISITS_MAX + 1)).code, "path_too_wide");
    let message = "version: 1\nshape: {client: {body: {for_each: lead.custom.l, make: {from: item}}}}";
    let sent = |items: usize| {
        let lead = format!("{{\"custom\":{{\"l\":[{}]}}}}", vec!["1"; items].join(","));
        shape(message, to_client(submission(&lead))).map(|_| ()).map_err(|failure| failure.code)
    };
    assert_eq!(sent(run::MESSAGE_VALUES_MAX - 1), Ok(()));
    assert_eq!(sent(run::MESSAGE_VALUES_MAX), Err("too_large".to_owned()));
    // The object, its list, and the items.
    let first = "version: 1\nmap: {unknown: drop, fields: {x: a}}";
    let read = |values: usize| {
        map_with(first, context(), inbound(&wide(values - 2))).map(|_| ()).map_err(|failure| failure.code)
    };
    assert_eq!(read(hookmill_json::VALUES_MAX), Ok(()));
    assert_eq!(read(hookmill_json::VALUES_MAX + 1), Err("too_large".to_owned()));
    // What no element may take is what so many leads may, each with its own part.
    let lead = format!("{{\"a\":\"{}\"}}", "a".repeat(5_000));
    let chain = ["upper, lower"; 4].join(", ");
    let document =
        format!("version: 1\nmap: {{unknown: drop, fields: {{x: {{from: a, then: [{chain}, {{truncate: 1}}]}}}}}}");
    let leads = 8 * 5_000 * run::LEADS_MAX;
    assert!(run::WORK_MAX < leads && leads < run::WORK_MAX + run::WORK_PER_LEAD * run::LEADS_MAX);
    let body = format!("[{}]", vec![lead.as_str(); run::LEADS_MAX].join(","));
    let mapped = map_with(&document, context(), inbound(&body)).unwrap();
    assert!(mapped.leads.len() == run::LEADS_MAX && mapped.leads.iter().all(Result::is_ok));
}
