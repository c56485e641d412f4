//! `interpret` as documents say it (M9): real responses of three kinds of clients, and everything that can go wrong.

use hookmill_plugin_sdk::types::{ClientResponse, Context, Outcome, OutcomeKind};

use crate::fixtures::{context, interpret_in, interpreted, load, pair, problems, response, silence};

use OutcomeKind::{Accepted, Duplicate, Failed, Rejected, Retry};

/// A client that always says 200 and means its `code`.
const LEADBYTE: &str = "
version: 1
interpret:
  reason: response
  reference: leadId
  outcomes:
    - {outcome: accepted, when: {field: code, op: ge, value: 1}}
    - {outcome: duplicate, when: {field: response, op: eq, value: Duplicate, ignore_case: true}}
    - {outcome: rejected, when: {field: code, op: lt, value: 0}, reason: [info.status, response]}
";

/// A client that says 201 whatever its `outcome`.
const LEADCONDUIT: &str = "
version: 1
interpret:
  reference: lead.id
  price: price
  outcomes:
    - {outcome: accepted, when: {field: outcome, op: eq, value: success}}
    - {outcome: duplicate, when: {all: [{field: outcome, op: eq, value: failure}, {field: reason, op: contains, value: duplicate, ignore_case: true}]}}
    - {outcome: rejected, when: {field: outcome, op: eq, value: failure}, reason: reason}
    - {outcome: retry, when: {field: outcome, op: eq, value: error}, reason: reason, retry_after: 60}
";

/// A client that responses XML, whatever the content type says.
const BOBERDOO: &str = "
version: 1
interpret:
  as: xml
  reference: response.lead_id
  price: response.process_information.best_bid
  reason: response.process_information.unmatched_reason
  outcomes:
    - {outcome: accepted, when: {field: response.status, op: eq, value: Matched}}
    - {outcome: rejected, when: {field: response.status, op: eq, value: Unmatched}}
    - {outcome: duplicate, when: {field: text, op: matches, value: 'Duplicate\\s+Lead'}}
";

/// Kind, reason, reference and price of an outcome; none for the host's default.
type Told = Option<(OutcomeKind, Option<String>, Option<String>, Option<String>)>;

fn read_outcome(document: &str, response: ClientResponse) -> Told {
    let outcome = interpreted(document, response).unwrap_or_else(|failure| panic!("{}", failure.message))?;
    let Outcome { kind, reason, reference, price, .. } = outcome;
    Some((kind, reason, reference, price))
}

fn kind(document: &str, response: ClientResponse) -> Option<OutcomeKind> {
    read_outcome(document, response).map(|told| told.0)
}

fn is(kind: OutcomeKind, reason: &str, reference: &str, price: &str) -> Told {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Some((kind, text(reason), text(reference), text(price)))
}

#[test]
fn m9_responses_of_real_kinds_of_clients() {
    let json = "application/json";
    for (document, status, content_type, body, expected) in [
        (
            LEADBYTE,
            200,
            json,
            r#"{"code":1,"response":"OK","info":[],"leadId":123456}"#,
            is(Accepted, "OK", "123456", ""),
        ),
        (
            LEADBYTE,
            200,
            json,
            r#"{"code":-2,"response":"Duplicate","leadId":null}"#,
            is(Duplicate, "Duplicate", "", ""),
        ),
        (
            LEADBYTE,
            200,
            json,
            r#"{"code":-8,"response":"HLR rejection","info":{"status":"UNDELIV"}}"#,
            is(Rejected, "UNDELIV", "", ""),
        ),
        (
            LEADCONDUIT,
            201,
            json,
            r#"{"outcome":"success","lead":{"id":"55c8"},"price":1.50}"#,
            is(Accepted, "", "55c8", "1.50"),
        ),
        (
            LEADCONDUIT,
            201,
            json,
            r#"{"outcome":"failure","reason":"Failed email validation","lead":{"id":"55c8aa"},"price":0}"#,
            is(Rejected, "Failed email validation", "55c8aa", "0"),
        ),
        (LEADCONDUIT, 201, json, r#"{"outcome":"failure","reason":"Duplicate lead"}"#, is(Duplicate, "", "", "")),
        (LEADCONDUIT, 200, json, r#"{"outcome":"error","reason":"busy"}"#, is(Retry, "busy", "", "")),
        (
            BOBERDOO,
            200,
            "text/xml",
            "<response><status>Matched</status><lead_id>26635027</lead_id><process_information><unmatched_reason/><best_bid>0.10</best_bid></process_information></response>",
            is(Accepted, "", "26635027", "0.10"),
        ),
        (
            BOBERDOO,
            200,
            "text/html",
            "<response><status>Unmatched</status><process_information><unmatched_reason>No buyer for zip</unmatched_reason></process_information></response>",
            is(Rejected, "No buyer for zip", "", ""),
        ),
        (BOBERDOO, 200, "text/html", "oops: Duplicate  Lead <br>", is(Duplicate, "", "", "")),
    ] {
        assert_eq!(read_outcome(document, response(status, content_type, body)), expected, "{body}");
    }
    let busy = interpreted(LEADCONDUIT, response(200, json, r#"{"outcome":"error"}"#)).unwrap().unwrap();
    assert_eq!((busy.retry_after_ms, busy.rule.as_deref()), (Some(60_000), Some("interpret.outcomes[3]")));
}

/// M9: what is not said is the host's: redirects, errors, throttling, no response.
#[test]
fn m9_what_no_outcome_matches_is_left_to_the_host() {
    for document in ["version: 1", LEADBYTE, LEADCONDUIT, BOBERDOO] {
        let details_only = document == "version: 1" || document == LEADCONDUIT;
        for (status, body, by_status) in
            [(302, "", Failed), (404, "<h1>Not found</h1>", Failed), (429, "slow down", Retry), (503, "", Retry)]
        {
            let found = kind(document, response(status, "text/html", body));
            assert!(found.is_none_or(|kind| kind == by_status), "{status}: {found:?} {details_only}");
        }
        assert_eq!(kind(document, silence("timeout")), None);
    }
    assert_eq!(kind("version: 1", response(200, "text/plain", "OK")), None);
}

/// M9: success by status alone is none where the document says what an acceptance looks like.
#[test]
fn m9_a_success_that_matches_nothing_is_no_acceptance() {
    let (accepts, rejects) = (
        "version: 1\ninterpret: {outcomes: [{outcome: accepted, when: {field: ok, op: eq, value: true}}]}",
        "version: 1\ninterpret: {outcomes: [{outcome: rejected, when: {field: ok, op: eq, value: false}}]}",
    );
    for body in ["", "{}", r#"{"ok":"maybe"}"#, "<html>", "{\"ok\":"] {
        let unmatched = read_outcome(accepts, response(200, "application/json", body)).unwrap();
        assert_eq!(unmatched.0, Failed, "{body}");
        assert!(unmatched.1.unwrap().contains("matches no outcome"));
    }
    for body in ["", "{}", r#"{"ok":"maybe"}"#] {
        assert_eq!(kind(rejects, response(200, "application/json", body)), Some(Accepted), "{body}");
    }
    for (otherwise, expected) in [
        ("default", Some(Accepted)),
        ("retry", Some(Retry)),
        ("rejected", Some(Rejected)),
        ("failed", Some(Failed)),
        ("accepted", Some(Accepted)),
    ] {
        let document = accepts.replace("]}", &format!("], otherwise: {otherwise}}}"));
        assert_eq!(kind(&document, response(200, "", "no")), expected, "{otherwise}");
        assert_eq!(kind(&document, silence("timeout")), None, "no response is not {otherwise}");
    }
}

/// M9: the comparison is typed: "false" is not true, and a text is a number only where the rule has a number.
#[test]
fn m9_comparisons_are_typed() {
    for (rule, body, matches) in [
        ("{field: ok, op: eq, value: true}", r#"{"ok":"false"}"#, false),
        ("{field: ok, op: is_true}", r#"{"ok":"false"}"#, false),
        ("{field: ok, op: eq, value: true}", r#"{"ok":1}"#, false),
        ("{field: code, op: eq, value: 1}", r#"{"code":"1"}"#, true),
        ("{field: code, op: eq, value: '01'}", r#"{"code":1}"#, false),
        ("{field: code, op: eq, value: '1.0'}", r#"{"code":1}"#, false),
        ("{field: code, op: eq, value: 1}", r#"{"code":1.0}"#, true),
        ("{field: code, op: eq, value: 1}", r#"{"code":true}"#, false),
        ("{field: body.status, op: eq, value: ok}", r#"{"status":"ok"}"#, true),
        ("{field: status, op: eq, value: 200}", r#"{"status":"ok"}"#, true),
        ("{field: status_class, op: eq, value: 2}", "", true),
        ("{field: header.x-result, op: eq, value: taken}", "", true),
        ("{field: text, op: matches, value: '^lead \\d+ taken$', ignore_case: true}", "Lead 7 taken", true),
        ("{field: text, op: blank}", "", true),
        ("{field: \"$.list[?@.code == 7].text\", op: present}", r#"{"list":[{"code":7,"text":"x"}]}"#, true),
        ("{field: attempt, op: le, value: 1}", "", true),
        ("{field: body, op: blank}", "not json", true),
        ("{field: a, op: eq, value: 1, on_missing: skip}", "{}", false),
    ] {
        let document = format!("version: 1\ninterpret:\n  outcomes:\n    - outcome: duplicate\n      when: {rule}");
        let mut response = response(200, "application/json", body);
        response.headers.push(pair("x-result", "taken"));
        let found = kind(&document, response);
        assert_eq!(found, Some(if matches { Duplicate } else { Accepted }), "{rule} on {body}");
    }
}

/// M9: how a body is read, and that one which can't be read is not a trap.
#[test]
fn m9_bodies_are_read_as_they_are_or_as_the_document_says() {
    let xml = "<r><a>1</a></r>";
    for (read_as, content_type, body, matches) in [
        ("auto", "application/json", r#"{"r":{"a":1}}"#, true),
        ("auto", "application/problem+json; charset=utf-8", r#"{"r":{"a":1}}"#, true),
        ("auto", "text/html", r#" {"r":{"a":1}}"#, true),
        ("auto", "text/html", xml, true),
        ("auto", "application/json", xml, true),
        ("auto", "text/xml", r#"{"r":{"a":1}}"#, true),
        ("auto", "text/plain", "r.a=1", false),
        ("json", "text/html", r#"{"r":{"a":1}}"#, true),
        ("json", "text/xml", xml, false),
        ("xml", "application/json", xml, true),
        ("xml", "application/json", "<r><a>1", false),
        ("xml", "text/xml", "<!DOCTYPE r [<!ENTITY x '1'>]><r><a>&x;</a></r>", false),
        ("text", "application/json", r#"{"r":{"a":1}}"#, false),
        ("auto", "application/json", "\u{feff}{\"r\":{\"a\":1}}", true),
    ] {
        let document = format!(
            "version: 1\ninterpret:\n  as: {read_as}\n  otherwise: accepted\n  outcomes: [{{outcome: rejected, when: {{field: r.a, op: eq, value: 1}}}}]"
        );
        let found = kind(&document, response(200, content_type, body));
        assert_eq!(found, Some(if matches { Rejected } else { Accepted }), "{read_as} {content_type} {body}");
    }
    let latin = "version: 1\ninterpret: {reason: text, outcomes: [{outcome: rejected}]}";
    let told_latin = read_outcome(latin, response(200, "text/plain; charset=ISO-8859-1", b"Stra\xdfe"));
    assert_eq!(told_latin, is(Rejected, "Straße", "", ""));
    assert_eq!(read_outcome(latin, response(200, "text/plain", b"a\xffb")), is(Rejected, "a\u{fffd}b", "", ""));
}

/// M9: no response is retried by the host, unless an outcome looks at `error`.
#[test]
fn m9_nothing_is_concluded_from_silence() {
    let missing =
        "version: 1\ninterpret: {outcomes: [{outcome: rejected, when: {field: id, op: blank}}, {outcome: failed}]}";
    assert_eq!(kind(missing, silence("timeout")), None);
    assert_eq!(kind(missing, response(200, "application/json", "{}")), Some(Rejected));
    let knows = "version: 1\ninterpret: {outcomes: [{outcome: failed, reason: error, when: {field: error, op: eq, value: too_large}}]}";
    assert_eq!(read_outcome(knows, silence("too_large")), is(Failed, "too_large", "", ""));
    assert_eq!(kind(knows, silence("timeout")), None);
    assert_eq!(kind(knows, response(200, "application/json", r#"{"error":"too_large"}"#)), Some(Accepted));
}

/// M9: what can't be taken out of a response is left out with a warning; the outcome is sure all the same.
#[test]
fn m9_details_never_change_the_outcome() {
    let all = "reason: r, price: p, reference: i, retry_after: w";
    for (body, expected, wait_ms, left_out) in [
        (r#"{"r":["a","b"],"p":"12.50","i":7,"w":"30"}"#, is(Retry, "a; b", "7", "12.50"), Some(30_000), ""),
        (
            r#"{"r":{"a":1},"p":"$12","i":{"x":1},"w":"soon"}"#,
            is(Retry, r#"{"a":1}"#, "", ""),
            None,
            "reference price retry_after",
        ),
        (r#"{"r":" ","p":null,"i":"","w":-1}"#, is(Retry, "", "", ""), None, "retry_after"),
        (r#"{"r":false,"p":1e400,"i":["",8],"w":1.9}"#, is(Retry, "false", "8", ""), Some(1000), "price"),
        (r#"{"w":99999999999999999999}"#, is(Retry, "", "", ""), None, "retry_after"),
        ("nothing", is(Retry, "", "", ""), None, ""),
    ] {
        let document = format!("version: 1\ninterpret: {{outcomes: [{{outcome: retry, {all}}}]}}");
        assert_eq!(read_outcome(&document, response(200, "application/json", body)), expected, "{body}");
        let outcome = interpreted(&document, response(200, "application/json", body)).unwrap().unwrap();
        assert_eq!(outcome.retry_after_ms, wait_ms, "{body}");
        let warned: Vec<&str> = outcome.warnings.iter().map(|warning| warning.path.as_str()).collect();
        assert_eq!(warned.join(" "), left_out, "{body}");
    }
    let priced = "version: 1\ninterpret: {outcomes: [{outcome: rejected, price: p}]}";
    for (price, expected) in [
        ("0E-2", "0.00"),
        ("\"0E-2\"", "0.00"),
        ("1e-1", "0.1"),
        ("1.25e1", "12.5"),
        ("\"1.25e1\"", "12.5"),
        ("1E+2", "100"),
        ("12.50", "12.50"),
        ("\" +007.5 \"", "7.5"),
        ("-0.5", "-0.5"),
    ] {
        let body = format!("{{\"p\":{price}}}");
        assert_eq!(read_outcome(priced, response(200, "application/json", body)), is(Rejected, "", "", expected));
    }
    for digits in [100, 101, 150, 199] {
        for price in ["9".repeat(digits), format!("0.{}", "9".repeat(digits))] {
            let kept = if digits <= 100 { price.as_str() } else { "" };
            let body = format!("{{\"p\":{price}}}");
            assert_eq!(read_outcome(priced, response(200, "application/json", body)), is(Rejected, "", "", kept));
        }
    }
    let failing = "version: 1\ninterpret: {outcomes: [{outcome: accepted, reference: {from: id, on_missing: fail}, price: {from: p, then: [phone]}}]}";
    assert_eq!(read_outcome(failing, response(200, "application/json", r#"{"p":"x"}"#)), is(Accepted, "", "", ""));
    let long = format!("{{\"r\":\"{}\"}}", "é".repeat(10_000));
    let reason =
        read_outcome("version: 1\ninterpret: {outcomes: [{outcome: failed, reason: r}]}", response(500, "", long))
            .unwrap()
            .1;
    assert_eq!(reason.unwrap().chars().count(), 500);
}

/// M9: details alone are added to what the host would say.
#[test]
fn m9_details_alone_keep_the_hosts_outcome() {
    let document = "version: 1\ninterpret: {reason: [error.message, body.message], reference: id}";
    for (status, body, expected) in [
        (200, r#"{"id":"x"}"#, is(Accepted, "", "x", "")),
        (422, r#"{"message":"bad zip"}"#, is(Failed, "bad zip", "", "")),
        (503, r#"{"error":{"message":"down"}}"#, is(Retry, "down", "", "")),
        (302, "", is(Failed, "", "", "")),
    ] {
        assert_eq!(read_outcome(document, response(status, "application/json", body)), expected, "{status}");
    }
}

/// M2: outcomes that nothing can reach, and everything else that is wrong, with its place.
#[test]
fn m2_what_is_wrong_in_interpret_is_told() {
    for (section, expected) in [
        ("{outcomes: [{outcome: rejected}, {outcome: accepted}]}", "36 unreachable interpret.outcomes[1]"),
        (
            "{outcomes: [{outcome: rejected, when: {field: a, op: blank}}, {outcome: failed, when: {field: a, op: blank}}]}",
            "65 unreachable interpret.outcomes[1]",
        ),
        ("{outcomes: [{outcome: rejected}], otherwise: failed}", "48 unreachable interpret.otherwise"),
        ("{outcomes: [{outcome: rejectd}]}", "25 unknown_word interpret.outcomes[0].outcome"),
        ("{outcomes: [{when: {field: a, op: blank}}]}", "15 missing_key interpret.outcomes[0]"),
        ("{outcomes: [{outcome: failed, wen: 1}]}", "33 unknown_key interpret.outcomes[0].wen"),
        ("{outcomes: [{outcome: failed, retry_after: 5}]}", "46 unexpected_argument interpret.outcomes[0].retry_after"),
        ("{outcomes: [{outcome: retry, retry_after: 1.5}]}", "45 wrong_type interpret.outcomes[0].retry_after"),
        ("{outcomes: [rejected]}", "15 wrong_type interpret.outcomes[0]"),
        ("{outcomes: {outcome: failed}}", "14 wrong_type interpret.outcomes"),
        ("{as: html, outcomes: []}", "8 unknown_word interpret.as"),
        ("{otherwise: maybe, outcomes: []}", "15 unknown_word interpret.otherwise"),
        ("{}", "3 missing_key interpret"),
        (
            "{outcomes: [{outcome: failed, when: {field: status, op: eq, value: ok}}]}",
            "70 wrong_type interpret.outcomes[0].when.value",
        ),
        (
            "{outcomes: [{outcome: failed, when: {field: lead.email, op: eq, value: ok}}], reason: 'a..b'}",
            "89 bad_path interpret.reason",
        ),
        (
            "{outcomes: [{outcome: failed, when: [{field: a, op: eq, value: 1}, {field: a, op: eq, value: 2}]}]}",
            "70 unreachable interpret.outcomes[0].when[1]",
        ),
    ] {
        let found = problems(&format!("version: 1\ninterpret:\n  {section}"));
        let told: Vec<String> = found.iter().map(|p| format!("{} {} {}", p.column, p.code, p.path)).collect();
        assert!(told.contains(&expected.to_owned()), "{section}: {told:?}");
    }
    let many =
        "{outcome: failed, when: {field: a, op: blank}},".repeat(hookmill_plugin_default::document::OUTCOMES_MAX + 1);
    assert_eq!(problems(&format!("version: 1\ninterpret: {{outcomes: [{many}]}}"))[0].code, "too_many");
}

/// M9: a bidder that says no with a price of zero, however it writes one, and with 200 whatever it says.
#[test]
fn m9_a_bid_is_read_from_what_the_bidder_says() {
    const BIDDER: &str = "
version: 1
interpret:
  reference: bidId
  outcomes:
    - {outcome: accepted, when: {field: bidAmount, op: gt, value: 0}, price: bidAmount}
    - {outcome: rejected, when: {field: bidAmount, op: eq, value: 0}, reason: rejectReason, price: bidAmount}
";
    let json = "application/json";
    let no = |price| is(Rejected, "Missing required fields", "b1", price);
    for (amount, price) in [("0", "0"), ("0.00", "0.00"), ("0E-2", "0.00"), ("\"0E-2\"", "0.00")] {
        let body = format!(r#"{{"bidId":"b1","bidAmount":{amount},"rejectReason":"Missing required fields"}}"#);
        assert_eq!(read_outcome(BIDDER, response(200, json, body)), no(price), "{amount}");
    }
    let bid = r#"{"bidId":"b2","bidAmount":12.50,"expireInSeconds":30}"#;
    assert_eq!(read_outcome(BIDDER, response(200, json, bid)), is(Accepted, "", "b2", "12.50"));
    let marked = format!("\u{feff}{bid}");
    assert_eq!(read_outcome(BIDDER, response(200, json, marked)), is(Accepted, "", "b2", "12.50"));
    let page = "<html><title>Session expired</title><body>Please log in</body></html>";
    for (content_type, body) in [(json, ""), ("text/html", page), (json, page), (json, "{\"bidAmount\":12")] {
        assert_eq!(kind(BIDDER, response(200, content_type, body)), Some(Failed), "{body}");
    }
}

/// M10: a dry run finds each comparison in the trace, and how each part was found; production has none.
#[test]
fn m10_the_trace_of_a_dry_run_shows_each_comparison_and_part() {
    load(LEADBYTE);
    let ask = |context: Context| {
        let duplicate = response(200, "application/json", r#"{"code":-2,"response":"Duplicate","leadId":7}"#);
        interpret_in(context, duplicate).unwrap().unwrap().trace
    };
    assert_eq!(ask(context()), None);
    let trace: serde_json::Value = serde_json::from_str(&ask(Context { trace: true, ..context() }).unwrap()).unwrap();
    assert_eq!(trace["rules"][0]["rule"], "interpret.outcomes[0]");
    assert_eq!(trace["rules"][0]["actual"], -2);
    assert_eq!((&trace["decided"], &trace["line"]), (&"interpret.outcomes[1]".into(), &8.into()));
    let parts = serde_json::json!([
        {"part": "reason", "line": 4, "from": "response", "steps": [], "value": "Duplicate"},
        {"part": "reference", "line": 5, "from": "leadId", "steps": [], "value": 7},
    ]);
    assert_eq!(trace["parts"], parts);
}

/// M9: a duration is one, and is never taken for a path.
#[test]
fn m9_retry_after_takes_durations() {
    let document =
        |wait: &str| format!("version: 1\ninterpret: {{outcomes: [{{outcome: retry, retry_after: {wait}}}]}}");
    for (wait, ms) in [
        ("60", 60_000),
        ("90s", 90_000),
        ("1h", 3_600_000),
        ("1h30min", 5_400_000),
        ("31d", 2_678_400_000),
        ("\"$['1h']\"", 7_000),
        ("w", 8_000),
        ("{value: 2min}", 120_000),
        ("said", 90_000),
    ] {
        let response = response(503, "application/json", r#"{"1h":7,"w":8,"said":"90s"}"#);
        let outcome = interpreted(&document(wait), response).unwrap().unwrap();
        assert_eq!(outcome.retry_after_ms, Some(ms), "{wait}");
    }
    for wait in ["-1h", "1mo", "32d", "1 h", "1hour", "'60'", "1.5", "4000000", "-5"] {
        let found = problems(&document(wait));
        assert!(found.len() == 1 && found[0].suggestion.as_deref().unwrap().contains("`1h`"), "{wait}: {found:?}");
    }
}

/// Bodies of a success in which nothing can be looked for: those that can't be read, and those that have nothing to be read.
fn unreadable() -> Vec<ClientResponse> {
    let cut = |body: &str| ClientResponse { truncated: true, ..response(200, "application/json", body) };
    vec![
        response(200, "application/json", r#"{"error":"x""#),
        response(200, "application/json", "busy"),
        response(200, "text/html", "<html><body>gateway"),
        response(200, "", r#"[{"error":"#),
        cut("it is "),
        cut(""),
    ]
}

fn empty() -> Vec<ClientResponse> {
    let bodies = [(200, "application/json", ""), (204, "", ""), (200, "text/xml", " \r\n"), (202, "text/plain", "")];
    bodies.map(|(status, content_type, body)| response(status, content_type, body)).into()
}

/// What a document says of a response; none where it can't be interpreted.
fn decided(outcomes: &str, response: &ClientResponse) -> Option<OutcomeKind> {
    let found = interpreted(&format!("version: 1\ninterpret: {outcomes}"), response.clone());
    found.ok().map(|outcome| outcome.unwrap().kind)
}

/// M9: what can't be found in a body that is empty or can't be read is never taken for an acceptance, however a condition is turned.
#[test]
fn m9_a_body_that_cannot_be_read_accepts_nothing() {
    let text = response(200, "text/plain", "Thank you");
    let read = response(200, "application/json", r#"{"id":1}"#);
    for condition in [
        "{not: {field: body.error, op: present}}",
        "{field: body.error, op: blank}",
        "{field: body.error, op: ne, value: x, on_missing: pass}",
        "{any: [{field: body.ok, op: present}, {not: {field: body.error, op: present}}]}",
        "{all: [{field: status_class, op: eq, value: 2}, {not: {field: body.error, op: present}}]}",
        "{all: [{field: status, op: ge, value: 200}, {field: body.error, op: eq, value: x, on_missing: skip}]}",
        "{not: {all: [{field: status_class, op: eq, value: 2}, {field: body.error, op: present}]}}",
        "{not: {any: [{field: status, op: eq, value: 500}, {field: body.error, op: present}]}}",
        "{not: {not: {not: {field: body.error, op: present}}}}",
        "{field: \"$.list[?@.error]\", op: blank}",
        "{field: status, op: ne, other: body.code, on_missing: pass}",
    ] {
        let accepted = format!("{{outcomes: [{{outcome: accepted, when: {condition}}}]}}");
        for response in unreadable().iter().chain(&empty()).chain([&text]) {
            assert_eq!(decided(&accepted, response), Some(Failed), "{condition}: {response:?}");
        }
        assert_eq!(decided(&accepted, &read), Some(Accepted), "{condition}");
    }
}

/// M9: what is known of such a response accepts it: its status, its headers, what came of its text.
#[test]
fn m9_what_is_known_of_a_body_that_cannot_be_read_is_decided() {
    let accepts = |condition: &str, response: &ClientResponse| {
        decided(&format!("{{outcomes: [{{outcome: accepted, when: {condition}}}]}}"), response) == Some(Accepted)
    };
    let broken = response(200, "application/json", r#"{"error":"x""#);
    let cut = ClientResponse { truncated: true, ..response(200, "text/plain", "OK, it is ") };
    let none = response(200, "", "");
    let text = response(200, "text/plain", "OK");
    for (condition, response, expected) in [
        ("{field: status, op: eq, value: 200}", &broken, true),
        ("{field: text, op: contains, value: error}", &broken, true),
        ("{not: {field: text, op: contains, value: duplicate}}", &broken, true),
        ("{any: [{field: body.ok, op: present}, {field: status, op: eq, value: 200}]}", &broken, true),
        ("{all: [{field: body.ok, op: present}, {field: status, op: eq, value: 200}]}", &broken, false),
        ("{not: {all: [{field: body.error, op: present}, {field: status, op: eq, value: 500}]}}", &broken, true),
        ("{field: text, op: contains, value: OK}", &cut, true),
        ("{field: text, op: starts_with, value: OK}", &cut, true),
        ("{not: {field: text, op: contains, value: duplicate}}", &cut, false),
        ("{field: text, op: ne, value: duplicate}", &cut, false),
        ("{any: [{field: body.result, op: eq, value: ok}, {field: text, op: eq, value: OK}]}", &text, true),
        ("{not: {field: text, op: contains, value: duplicate}}", &text, true),
        ("{field: text, op: blank}", &none, true),
        ("{field: body, op: blank}", &none, true),
        ("{field: body, op: blank}", &broken, false),
        ("{field: body, op: blank}", &text, false),
    ] {
        assert_eq!(accepts(condition, response), expected, "{condition}: {response:?}");
    }
}

/// M9: with rejections alone, a success whose body can't be read may be one of them: it can't be interpreted. One that was read and is none of
/// them goes by its status, and so does what the document says outright.
#[test]
fn m9_a_rejection_that_cannot_be_looked_for_is_not_passed_over() {
    let rejects = "outcomes: [{outcome: rejected, when: {field: ok, op: eq, value: false}}]";
    let by_text = "outcomes: [{outcome: duplicate, when: {field: text, op: contains, value: duplicate}}]";
    let by_header = "outcomes: [{outcome: rejected, when: {field: header.x-result, op: eq, value: 'no'}}]";
    for response in unreadable() {
        let failure = interpreted(&format!("version: 1\ninterpret: {{{rejects}}}"), response.clone()).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("unreadable_body", Some("body")));
        assert_eq!(decided(&format!("{{{by_text}}}"), &response).is_none(), response.truncated, "{response:?}");
        assert_eq!(decided(&format!("{{{by_header}}}"), &response), Some(Accepted), "{response:?}");
        for (said, kind) in [("accepted", Accepted), ("retry", Retry), ("failed", Failed), ("default", Accepted)] {
            assert_eq!(decided(&format!("{{{rejects}, otherwise: {said}}}"), &response), Some(kind), "{said}");
        }
        let taken = "{outcomes: [{outcome: rejected, when: {field: ok, op: eq, value: false}}, {outcome: retry, when: {field: body, op: blank}}]}";
        assert_eq!(decided(taken, &response), Some(Retry), "a document may say what it means: {response:?}");
        for (status, kind) in [(422, Failed), (503, Retry), (302, Failed)] {
            let other = ClientResponse { status: Some(status), ..response.clone() };
            assert_eq!(decided(&format!("{{{rejects}}}"), &other), Some(kind), "{status}");
        }
        assert_eq!(decided("{reference: id}", &response), Some(Accepted), "no outcome is described");
    }
    for response in empty().into_iter().chain([response(200, "text/plain", "Thank you")]) {
        assert_eq!(decided(&format!("{{{rejects}}}"), &response), Some(Accepted), "{response:?}");
    }
    assert_eq!(decided(&format!("{{{rejects}}}"), &response(200, "", "{}")), Some(Accepted));
}

/// M9: without a response nothing says that the client has the lead, however a condition about `error` is turned.
#[test]
fn m9_silence_accepts_nothing() {
    for kind in ["accepted", "duplicate"] {
        for condition in [
            "{field: error, op: eq, value: timeout}",
            "{field: error, op: present}",
            "{not: {field: error, op: eq, value: other}}",
            "{any: [{field: error, op: eq, value: nothing}, {not: {field: body.error, op: present}}]}",
        ] {
            let outcomes = format!(
                "[{{outcome: {kind}, when: {condition}}}, {{outcome: failed, when: {{all: [{{field: error, op: present}}]}}}}]"
            );
            let document = format!("version: 1\ninterpret: {{outcomes: {outcomes}}}");
            let outcome = interpreted(&document, silence("timeout")).unwrap().unwrap();
            assert_eq!(outcome.kind, OutcomeKind::Failed, "{kind}: {condition}");
        }
    }
}
