//! What a person reads, letter by letter.

use super::*;
use hookmill_domain::state::State;
use serde_json::json;
use std::collections::BTreeMap;

fn run(stages: Vec<StageRun>) -> DryRun {
    let log = vec!["seen \u{1b}[2J".to_owned()];
    DryRun {
        stages,
        state: State::Rejected,
        warnings: Vec::new(),
        leads: Vec::new(),
        messages: Vec::new(),
        cpu_time_us: 42,
        log,
        value_sets: BTreeMap::new(),
    }
}

fn stage(stage: &'static str, input: Value, output: Value, trace: Value) -> StageRun {
    StageRun { stage, input, output: Some(output), trace: Some(trace), ..StageRun::default() }
}

/// M10: line, field, where from, through what, and what became of it; then each rule, the bytes, the response's meaning and the time.
#[test]
fn m10_a_dry_run_reads_as_tables() {
    let map = stage(
        "map",
        json!({}),
        json!([{"lead": {"email": "a@x.example", "custom": {"roof": "flat", "age": 31}}, "is_test": true, "warnings": [{"code": "kept_raw", "message": "zip: kept"}]}]),
        json!({"leads": [{"fields": [
            {"field": "email", "line": 5, "from": "contact.email", "steps": [{"function": "trim", "value": "A@x.example"}, {"function": "email", "value": "a@x.example"}], "value": "a@x.example"},
            {"field": "zip", "line": 6, "from": "zip", "steps": [{"function": "zip"}], "instead": "on_error: keep_raw", "value": "Unit 5"},
            {"field": "custom.age", "line": 7, "from": "age", "steps": [], "value": 31},
            {"field": "city", "line": 8, "from": null, "steps": []},
            {"field": "source", "line": 9, "from": null, "steps": [], "value": "webinar"},
        ]}]}),
    );
    let qualify = stage(
        "qualify",
        json!({}),
        json!({"qualified": false, "failed_rules": [{"reason": "not served"}]}),
        json!({"rules": [
            {"rule": "qualify[0]", "line": 12, "field": "state", "operator": "in", "expected": ["CA"], "actual": "NV", "passed": false},
            {"rule": "qualify[1]", "line": 13, "field": "age", "operator": "ge", "expected": 18, "passed": null},
        ]}),
    );
    let message = json!({"method": "POST", "content_type": "text/plain", "query": [["k", "v"]], "headers": [["X-A", "b"]], "body": "one\r\ntwo"});
    let shape = StageRun {
        receiver: Some("client".into()),
        ..stage(
            "shape",
            json!({}),
            message,
            json!({"parts": [{"part": "body", "line": 20, "from": "a template", "steps": [], "value": "one\r\ntwo"}]}),
        )
    };
    let interpret = stage(
        "interpret",
        json!({"status": 200, "body": "{\"result\":\"no\",\"bid\":\"none\"}"}),
        json!({"outcome": "rejected", "state": "rejected", "reason": null, "reference": "7", "warnings": [{"code": "part_left_out", "message": "the price is left out: no"}]}),
        json!({
            "rules": [{"rule": "o[0]", "line": 30, "field": "body.result", "operator": "eq", "expected": "ok", "actual": "no", "passed": false}],
            "parts": [
                {"part": "reference", "line": 28, "from": "id", "steps": [], "value": 7},
                {"part": "price", "line": 29, "from": "bid", "steps": [], "value": "none", "failed": "`none` is not a decimal number"},
            ],
            "decided": "outcomes[1]", "line": 31,
        }),
    );
    let expected = r#"== map

lead 1, a test
  line  field       from            through             result
  5     email       contact.email   trim                "A@x.example"
                                    email               "a@x.example"
  6     zip         zip             zip                 (nothing)
                                    on_error: keep_raw  "Unit 5"
  7     custom.age  age                                 31
  8     city        (not found)                         (nothing)
  9     source      (the document)                      "webinar"
  custom field of no line  value
  roof                     "flat"
  warning: zip: kept

== qualify

  line  rule        field  operator  expected  actual     passed
  12    qualify[0]  state  in        ["CA"]    "NV"       NO
  13    qualify[1]  age    ge        18        (missing)  skipped
  reason: not served
  not qualified

== shape client

  line  part  from        through  result
  20    body  a template           "one\r\ntwo"

POST text/plain, 8 bytes
?k: v
X-A: b

one\r
two

== interpret

response 200: {"result":"no","bid":"none"}
  line  rule  field        operator  expected  actual  passed
  30    o[0]  body.result  eq        "ok"      "no"    NO
  decided by outcomes[1]
  line  part       from  through  result
  28    reference  id             7
  29    price      bid   failed   `none` is not a decimal number
  meaning
  outcome    rejected
  state      rejected
  reference  7
  warning: the price is left out: no

log  seen \u{1b}[2J
state rejected, 42 us of CPU time
"#;
    let shown = text(&run(vec![map, qualify, shape, interpret]));
    assert_eq!(shown, expected, "\n{shown}");
}

/// M10: a stage that failed says why, whole enough to fix it; a sample without leads says so.
#[test]
fn m10_failures_are_shown() {
    let failed = StageRun {
        stage: "map",
        error: Some(
            json!({"code": "field_missing", "field": "email", "function": null, "message": "email: is missing"}),
        ),
        ..StageRun::default()
    };
    let shown = text(&run(vec![failed]));
    let expected =
        "== map\n\n  FAILED\n  code     field_missing\n  field    email\n  message  email: is missing\n\nlog  ";
    assert!(shown.starts_with(expected), "{shown}");
    let none = text(&run(vec![stage("map", json!({}), json!([]), Value::Null)]));
    assert!(none.starts_with("== map\n\nno lead\n\n"), "{none}");
}
