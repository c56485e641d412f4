//! What the page says of elements in a text, roots, kinds, messages, responses, the standard and codes, each with an example.

use super::claims::{Claims, assert_codes, assert_mapped, codes, mapped};
use crate::fixtures::{
    body, context, destination, failure, inbound, interpreted, json, lead, map_with, response, shape, silence,
    submission, to_client, verdict,
};
use hookmill_plugin_default::run;
use hookmill_plugin_sdk::types::{Destination, DestinationKind, Event, Severities, Subject};

/// What a root finds in `map`.
fn root(path: &str) -> String {
    let map = format!(
        "{{items: '$.list[*]', variables: {{v: a}}, unknown: drop, fields: {{y: $.a, x: {path}, z: variables.v}}}}"
    );
    let made = mapped(&map, r#"{"outside":1,"list":[{"a":"A"}]}"#).remove(0);
    json(&made)["custom"].get("x").map_or("missing".to_owned(), ToString::to_string)
}

#[test]
fn m2_a_plain_scalar_is_a_number_only_where_json_would_call_it_one() {
    for (scalar, value) in [
        ("1", "1"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("0x1f", "\"0x1f\""),
        ("+1", "\"+1\""),
        (".5", "\".5\""),
        ("1_000", "\"1_000\""),
    ] {
        let map = format!("{{unknown: drop, fields: {{x: {{value: {scalar}}}}}}}");
        assert_eq!(mapped(&map, "{}"), [format!(r#"{{"custom":{{"x":{value}}}}}"#)], "{scalar}");
    }
}

#[test]
fn m1_elements_in_a_text() {
    assert_mapped(&[
        (
            "a body that is JSON encoded twice",
            "{items: {from: $, then: [parse_json]}, fields: {zip: z}}",
            r#""{\"z\":\"1\"}""#,
            &[r#"{"zip":"1","custom":{}}"#],
        ),
        (
            "a text of lines",
            "{items: {from: t, then: [{parse_json: {lines: true}}]}, fields: {zip: z}}",
            r#"{"t":"{\"z\":\"1\"}\n{\"z\":\"2\"}\n"}"#,
            &[r#"{"zip":"1","custom":{}}"#, r#"{"zip":"2","custom":{}}"#],
        ),
        (
            "without `at` the value is one",
            "{items: {from: t, then: [parse_json]}, fields: {zip: z}}",
            r#"{"t":"{\"z\":\"1\"}"}"#,
            &[r#"{"zip":"1","custom":{}}"#],
        ),
        (
            "`parent.`: what stands around the element in the value that was made",
            "{items: {from: t, then: [parse_json], at: list}, fields: {zip: z, city: parent.city}}",
            r#"{"t":"{\"city\":\"Ulm\",\"list\":[{\"z\":\"1\"}]}"}"#,
            &[r#"{"city":"Ulm","zip":"1","custom":{}}"#],
        ),
        (
            "a warning of the recipe is one of each lead",
            "{items: {from: t, then: [parse_json]}, fields: {zip: z}}",
            r#"{"t":"[{\"z\":\"1\t\"},{\"z\":\"2\"}]"}"#,
            &[r#"{"zip":"1\t","custom":{}} raw_control_character"#, r#"{"zip":"2","custom":{}} raw_control_character"#],
        ),
        (
            "an error fails the whole submission",
            "{items: {from: t, then: [parse_json]}, fields: {zip: z}}",
            r#"{"t":"{"}"#,
            &["not_json"],
        ),
    ]);
}

#[test]
fn m6_what_counts_as_used() {
    let left = |fields: &str, element: &str| mapped(&format!("{{fields: {fields}}}"), element).remove(0);
    let mut claims = Claims::default();
    for (claim, fields, element, expected) in [
        ("what its templates read", "{x: {template: '{{ a }}'}}", r#"{"a":1}"#, r#"{"custom":{"x":"1"}}"#),
        (
            "what functions read besides",
            "{x: {from: a, then: [{concat: b}]}}",
            r#"{"a":"1","b":"2"}"#,
            r#"{"custom":{"x":"1 2"}}"#,
        ),
        (
            "where a value comes out",
            "{x: {from: a, then: [{extract: '[0-9]'}]}}",
            r#"{"a":"-"}"#,
            r#"{"custom":{"a":"-"}}"#,
        ),
        (
            "what its `when` looks at, where it holds",
            "{x: {value: 1, when: {field: a, op: present}}}",
            r#"{"a":1}"#,
            r#"{"custom":{"x":1}}"#,
        ),
        ("or not", "{x: {value: 1, when: {field: a, op: blank}}}", r#"{"a":1}"#, r#"{"custom":{}}"#),
        (
            "what a filter compares with",
            "{x: '$.l[?@.id == $.id].v'}",
            r#"{"id":1,"l":[{"id":1,"v":2}]}"#,
            r#"{"custom":{"x":[2],"l":[{"id":1}]}}"#,
        ),
    ] {
        claims.compare(claim, &format!("{fields} of {element}"), left(fields, element), expected);
    }
    claims.end();
}

#[test]
fn m3_every_root_is_found() {
    let mut claims = Claims::default();
    for (path, expected) in [
        ("header.user-agent", "\"curl\""),
        ("header.none", "missing"),
        ("query.utm_source", "\"g\""),
        ("body.outside", "1"),
        ("parent.outside", "1"),
        ("origin.channel", "\"campaign\""),
        ("origin.name", "\"key\""),
        ("origin.source_label", "missing"),
        ("origin.tag", "missing"),
        ("origin.remote_address", "\"203.0.113.9\""),
        ("campaign.id", "\"ABC\""),
        ("campaign.name", "\"Summer Promotion\""),
        ("campaign.client.id", "missing"),
        ("campaign.time_zone", "\"America/New_York\""),
        ("campaign.phone_region", "\"US\""),
        ("campaign.values.rate", "0.10"),
        ("organization.id", "\"org_1\""),
        ("organization.name", "\"Acme\""),
        ("organization.values.brand", "\"Sunny\""),
        ("context.now", "1718447400000"),
        ("context.run_id", "\"run_1\""),
        ("fields.y", "\"A\""),
        ("variables.v", "\"A\""),
    ] {
        claims.compare("what it is", path, root(path), expected);
    }
    let message = |path: &str| {
        let document = format!("version: 1\nshape: {{client: {{body: {{x: {{from: {path}}}}}}}}}");
        let lead = r#"{"email":"ann@example.com","custom":{"age":7}}"#;
        json(&body(&shape(&document, to_client(submission(lead))).unwrap()))
            .get("x")
            .map_or("missing".to_owned(), ToString::to_string)
    };
    for (path, expected) in [
        ("lead.email", "\"ann@example.com\""),
        ("lead.custom.age", "7"),
        ("submission.id", "\"sub_1-0\""),
        ("submission.lead_id", "\"lead_1\""),
        ("submission.is_test", "false"),
        ("submission.received_at", "1718447400000"),
        ("destination.kind", "\"client\""),
        ("destination.id", "\"dst_1\""),
        ("destination.name", "\"Client\""),
        ("destination.method", "\"POST\""),
        ("destination.url", "\"https://client.example/leads\""),
        ("destination.content_type", "\"application/json\""),
        ("destination.settings", "null"),
        ("event.name", "missing"),
    ] {
        claims.compare("what it is", path, message(path), expected);
    }
    let told = |path: &str| {
        let document = format!("version: 1\nshape: {{webhook: {{body: {{x: {{from: {path}}}}}}}}}");
        json(&body(&shape(&document, event()).unwrap())).get("x").map_or("missing".to_owned(), ToString::to_string)
    };
    for (path, expected) in [
        ("event.id", "\"evt_1\""),
        ("event.name", "\"lead.failed\""),
        ("event.occurred_at", "1718447400000"),
        ("event.status", "missing"),
        ("event.details.reason", "\"no\""),
        ("event.payload.n", "1"),
        ("event.category", "missing"),
    ] {
        claims.compare("what happened", path, told(path), expected);
    }
    let list = "version: 1\nshape: {client: {body: {l: {for_each: lead.custom.l, make: {for_each: item.m, make: ['{{ position }}', {from: item}, {from: outer.n}]}}}}}";
    let lead = r#"{"custom":{"l":[{"n":"N","m":["a","b"]}]}}"#;
    let made = body(&shape(list, to_client(submission(lead))).unwrap());
    claims.compare("`item`, `outer`, `position`", list, made.as_str(), r#"{"l":[[["1","a","N"],["2","b","N"]]]}"#);
    let of_response = |path: &str| {
        let document = format!("version: 1\ninterpret: {{outcomes: [{{outcome: rejected, reason: {path}}}]}}");
        let response = response(422, "application/json", r#"{"status":"s","header":"h"}"#);
        interpreted(&document, response).unwrap().unwrap().reason.unwrap_or("missing".to_owned())
    };
    for (path, expected) in [
        ("status", "422"),
        ("status_class", "4"),
        ("text", r#"{"status":"s","header":"h"}"#),
        ("attempt", "1"),
        ("error", "missing"),
        ("body.status", "s"),
        ("header.content-type", "application/json"),
        ("header", "h"),
        ("destination.url", "https://client.example/leads"),
        ("campaign.id", "ABC"),
    ] {
        claims.compare("the response's", path, of_response(path), expected);
    }
    claims.end();
}

fn event() -> crate::fixtures::ToShape {
    let event = Event {
        id: "evt_1".into(),
        name: "lead.failed".into(),
        occurred_at: 1_718_447_400_000,
        status: None,
        submission: None,
        details: r#"{"reason":"no"}"#.into(),
        payload: Some(r#"{"n":1}"#.into()),
        category: None,
    };
    (destination(DestinationKind::Subscription), Subject::Event(event))
}

#[test]
fn m7_kinds_moments_and_groups() {
    let passes = |rule: &str, value: &str| {
        let document = format!("version: 1\nqualify: [{{{rule}}}]");
        verdict(&document, Severities::HARD, &format!(r#"{{"custom":{{"a":{value}}}}}"#)).qualified
    };
    let mut claims = Claims::default();
    for (kind, valid, invalid) in [
        ("email", r#""a@b.example""#, r#""a@b""#),
        ("phone", r#""+15127891111""#, r#""12""#),
        ("date", r#""2026-01-31""#, r#""2026-02-30""#),
        ("url", r#""https://x.example/a""#, r#""x.example""#),
        ("ip", r#""2001:db8::1""#, r#""1.2.3""#),
        ("zip", r#""02139""#, r#""2139""#),
        ("state", r#""TX""#, r#""Bavaria""#),
        ("country", r#""DE""#, r#""Atlantis""#),
        ("number", r#""1.5""#, r#""1,5""#),
        ("uuid", r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#, r#""2ed6""#),
    ] {
        let is = |op: &str, value: &str| passes(&format!("field: a, op: {op}, value: {kind}"), value);
        claims.compare("a well-formed value", kind, (is("valid", valid), is("valid", invalid)), (true, false));
        claims.compare("not a well-formed value", kind, (is("invalid", valid), is("invalid", invalid)), (false, true));
        let hidden = format!("{}\u{200b}\"", &valid[..valid.len() - 1]);
        claims.compare("a text that has hidden characters is of no kind", kind, is("valid", &hidden), false);
    }
    for (distance, before, after) in [
        ("-1y", "2023-06-14", "2023-06-16"),
        ("-1mo", "2024-05-14", "2024-05-16"),
        ("-1w", "2024-06-07", "2024-06-09"),
        ("30d", "2024-07-14", "2024-07-16"),
        ("-2h", "2024-06-15T08:29:59Z", "2024-06-15T08:30:01Z"),
        ("10min", "2024-06-15T10:39:59Z", "2024-06-15T10:40:01Z"),
        ("-5s", "2024-06-15T10:29:54Z", "2024-06-15T10:29:56Z"),
        ("-1y6mo", "2022-12-14", "2022-12-16"),
        ("now", "2024-06-15T10:29:59Z", "2024-06-15T10:30:01Z"),
        ("today", "2024-06-14", "2024-06-16"),
        ("2024-06-15T10:30:00Z", "2024-06-15T10:29:59Z", "2024-06-15T10:30:01Z"),
    ] {
        let is = |op: &str, value: &str| {
            passes(&format!("field: a, op: {op}, value: '{distance}'"), &format!("\"{value}\""))
        };
        let seen = (is("before", before), is("after", before), is("before", after), is("after", after));
        claims.compare("a moment", distance, seen, (true, false, false, true));
    }
    for (claim, rule, value, expected) in [
        (
            "a time without an offset is in that zone",
            "field: a, op: before, value: '2024-06-15T06:30:00'",
            "\"2024-06-15T10:29:59Z\"",
            true,
        ),
        (
            "born on 29 February: not yet on the day before 1 March",
            "field: a, op: before, value: -18y",
            "\"2006-06-15\"",
            false,
        ),
        ("`within`: both ends included", "field: a, op: within, value: -30d", "\"2024-05-16\"", true),
        ("`between`: both included", "field: a, op: between, values: [1, 2]", "2", true),
        ("`in_set` has no such set", "field: a, op: matches, value: '^b'", "\"ab\"", false),
        ("`is_false` reads words", "field: a, op: is_false", "\"No\"", true),
        ("`distinct`: of a list", "field: a, op: distinct", "[1,1.0]", false),
        ("`contains`: a text with this in it", "field: a, op: contains, value: b", "\"abc\"", true),
    ] {
        claims.compare(claim, &format!("{rule} of {value}"), passes(rule, value), expected);
    }
    claims.end();
    assert_codes(&[
        (
            "rules that every lead passes are warnings",
            "qualify: [{any: [{field: a, op: blank}, {field: a, op: present}]}]",
            &["always_true"],
        ),
        ("a value set is named", "qualify: [{field: a, op: in_set, set: ''}]", &["bad_name"]),
    ]);
    let soft = "version: 1\nqualify: [{field: a, op: eq, value: 1, severity: soft, name: age, reason: too young}]";
    let failed = verdict(soft, Severities::SOFT, r#"{"custom":{"a":2}}"#).failed.remove(0);
    assert_eq!((failed.rule.as_str(), failed.reason.as_str()), ("age", "too young"));
    assert!(verdict(soft, Severities::HARD, r#"{"custom":{"a":2}}"#).qualified, "soft ones are checked after it");
}

#[test]
fn m8_more_of_messages() {
    let lead = "{\"first_name\":\"A\\u0001&\",\"custom\":{\"l\":[\"x\",\"\",\"y\"],\"o\":{\"a\":1}}}";
    let payload =
        |message: &str| shape(&format!("version: 1\nshape: {{client: {{{message}}}}}"), to_client(submission(lead)));
    let sent = |message: &str| payload(message).map_or_else(|failure| failure.code, |payload| body(&payload));
    let mut claims = Claims::default();
    for (claim, message, expected) in [
        (
            "`position` counts the items that `when` leaves out",
            "body: {for_each: lead.custom.l, when: {field: item, op: present}, make: {from: position}}",
            "[1,3]",
        ),
        (
            "nothing is computed inside a fixed value",
            "body: {a: {value: '{{ lead.email }}'}}",
            r#"{"a":"{{ lead.email }}"}"#,
        ),
        (
            "nothing is computed inside a default",
            "body: {a: {from: lead.zip, on_missing: {default: '{{ x }}'}}}",
            r#"{"a":"{{ x }}"}"#,
        ),
        ("the member is left out", "body: {a: {when: {field: lead.zip, op: present}, make: 1}, b: 2}", r#"{"b":2}"#),
        ("the item is left out", "body: [{when: {field: lead.zip, op: present}, make: 1}, 2]", "[2]"),
        (
            "the next one of `first_of` is tried",
            "body: {a: {first_of: [{when: {field: lead.zip, op: present}, make: 1}, 2]}}",
            r#"{"a":2}"#,
        ),
        ("a list in a list is written as JSON", "format: form, body: {a: [[1, 2]]}", "a=%5B1%2C2%5D"),
        ("`#text`", "format: xml, declaration: false, body: {r: {'@a': 1, '#text': x}}", r#"<r a="1">x</r>"#),
        ("`#cdata`", "format: xml, declaration: false, body: {r: {'#cdata': '<b>'}}", "<r><![CDATA[<b>]]></r>"),
        (
            "XML begins with a declaration",
            "format: xml, body: {r: 1}",
            r#"<?xml version="1.0" encoding="UTF-8"?><r>1</r>"#,
        ),
        (
            "characters that XML can't hold are taken out",
            "format: xml, declaration: false, body: {r: {from: lead.first_name}}",
            "<r>A&amp;</r>",
        ),
    ] {
        claims.compare(claim, message, sent(message), expected);
    }
    claims.end();
    let get = payload("method: GET, query: {a: 1}, body: {b: [2, 3]}").unwrap();
    let query: Vec<String> = get.query.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect();
    assert_eq!((query.join("&").as_str(), get.body, get.method.as_deref()), ("a=1&b=2&b=3", None, Some("GET")));
    let headers = payload("headers: {X-A: '{{ lead.custom.o.a }}', X-B: {from: lead.zip}}, body: {}").unwrap().headers;
    assert_eq!(
        headers.iter().map(|pair| pair.name.as_str()).collect::<Vec<_>>(),
        ["x-a"],
        "what is missing is left out"
    );
    let typed = payload("content_type: application/vnd.api+json, body: {}").unwrap();
    assert_eq!(typed.content_type.as_deref(), Some("application/vnd.api+json"));
    assert_codes(&[(
        "a text with `{{` inside `value`",
        "shape: {client: {body: {a: {value: '{{ lead.email }}'}}}}",
        &["sent_verbatim"],
    )]);
}

#[test]
fn m9_more_of_responses() {
    let kind = |interpret: &str, response| {
        let outcome = interpreted(&format!("version: 1\ninterpret: {interpret}"), response).unwrap();
        outcome.map_or("left to the host".to_owned(), |outcome| {
            format!("{:?}", outcome.kind).rsplit("::").next().unwrap().to_lowercase()
        })
    };
    let mut claims = Claims::default();
    for status in [200, 204, 299, 302, 400, 404, 408, 410, 425, 429, 500, 503] {
        let expected = match status {
            200..=299 => "accepted",
            408 | 425 | 429 | 500..=599 => "retry",
            _ => "failed",
        };
        claims.compare(
            "goes by its status",
            &status.to_string(),
            kind("{reference: id}", response(status, "", "")),
            expected,
        );
    }
    for (claim, interpret, response, expected) in [
        (
            "XML becomes texts",
            "{outcomes: [{outcome: rejected, when: {field: r.a, op: eq, value: '1'}}]}",
            response(200, "text/xml", "<r><a>1</a></r>"),
            "rejected",
        ),
        (
            "or `as` the document says",
            "{as: json, outcomes: [{outcome: rejected, when: {field: a, op: eq, value: 1}}]}",
            response(200, "text/html", r#"{"a":1}"#),
            "rejected",
        ),
        (
            "bytes that are not UTF-8 are replaced",
            "{outcomes: [{outcome: rejected, when: {field: text, op: eq, value: \"a\u{fffd}\"}}]}",
            response(200, "text/plain", b"a\xff"),
            "rejected",
        ),
        (
            "no response: the host tries again",
            "{outcomes: [{outcome: failed}]}",
            silence("timeout"),
            "left to the host",
        ),
        (
            "only outcomes whose condition looks at `error`",
            "{outcomes: [{outcome: failed, when: {field: error, op: present}}]}",
            silence("timeout"),
            "failed",
        ),
        (
            "none that is `accepted`",
            "{outcomes: [{outcome: accepted, when: {field: error, op: present}}]}",
            silence("timeout"),
            "left to the host",
        ),
        (
            "none that is `duplicate`",
            "{outcomes: [{outcome: duplicate, when: {field: error, op: present}}]}",
            silence("timeout"),
            "left to the host",
        ),
    ] {
        claims.compare(claim, interpret, kind(interpret, response), expected);
    }
    let price = |digits: usize| {
        let body = format!("{{\"p\":{}}}", "9".repeat(digits));
        let outcome =
            interpreted("version: 1\ninterpret: {price: p, outcomes: [{outcome: accepted}]}", response(200, "", body))
                .unwrap()
                .unwrap();
        (outcome.price.is_some(), outcome.warnings.len())
    };
    claims.compare("at most 100 digits before the point", "price", [price(100), price(101)], [(true, 0), (false, 1)]);
    let table = "version: 1\ninterpret: {outcomes: [{outcome: rejected, when: {field: text, op: in_set, set: gone}}]}";
    let code = interpreted(table, response(200, "", "x")).unwrap_err().code;
    claims.compare("a value set that is not there", table, code.as_str(), "table_not_granted");
    claims.end();
}

#[test]
fn m2_the_standard() {
    let mapped = lead("version: 1", r#"{"E-Mail":"ANN@example.com","full_name":"Ann Lee","roof":"flat"}"#);
    assert_eq!(
        json(&mapped.lead),
        json(r#"{"first_name":"Ann","last_name":"Lee","email":"ann@example.com","custom":{"roof":"flat"}}"#)
    );
    let sent = body(&shape("version: 1", to_client(submission(&mapped.lead))).unwrap());
    let names: Vec<String> = json(&sent).as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["event", "leadId", "submissionId", "campaignId", "status", "timestamp", "data", "context"]);
    assert!(verdict("version: 1", Severities::HARD, "{}").qualified);
    assert!(interpreted("version: 1", response(200, "", "x")).unwrap().is_none(), "the status decides");
}

#[test]
fn m5_every_warning_and_failure_of_a_run() {
    let first = |map: &str, element: &str| mapped(map, element).into_iter().next().unwrap();
    let mut claims = Claims::default();
    for (code, map, element) in [
        ("duplicate_key", "{fields: {zip: a}}", r#"{"a":"1","a":"2"}"#),
        ("name_taken", "{fields: {b: z}}", r#"{"z":"1","b":2}"#),
        ("kept_raw", "{fields: {x: {from: a, then: [number], on_error: keep_raw}}}", r#"{"a":"x"}"#),
        ("omitted", "{fields: {x: {from: a, then: [number], on_error: omit}}}", r#"{"a":"x"}"#),
        ("nulled", "{fields: {x: {from: a, then: [number], on_error: null}}}", r#"{"a":"x"}"#),
        ("defaulted", "{fields: {x: {from: a, then: [number], on_error: {default: 1}}}}", r#"{"a":"x"}"#),
        ("not_a_text", "{fields: {city: {from: a, then: [upper], on_error: keep_raw}}}", r#"{"a":{"b":1}}"#),
        ("hidden_characters", "{fields: {city: a}}", "{\"a\":\"U\u{200b}lm\"}"),
        ("not_expanded", "{expand: a, fields: {}}", r#"{"a":5}"#),
        ("ambiguous_century", "{fields: {x: {from: a, then: [{date: '%m/%d/%y'}]}}}", r#"{"a":"03/04/60"}"#),
        (
            "ambiguous_date",
            "{fields: {x: {from: a, then: [{date: ['%m/%d/%Y', '%d/%m/%Y']}]}}}",
            r#"{"a":"03/04/2026"}"#,
        ),
        ("ambiguous_time", "{fields: {x: {from: a, then: [time]}}}", r#"{"a":"2026-11-01T01:30:00"}"#),
    ] {
        let found = first(map, element);
        claims.compare("a warning", map, found.split(' ').any(|word| word == code), true);
    }
    for (code, map, element) in [
        ("field_missing", "{fields: {x: {from: a, on_missing: fail}}}", "{}"),
        ("field_blank", "{fields: {x: {from: a, on_blank: fail}}}", r#"{"a":" "}"#),
        ("field_blank", "{fields: {x: {from: a, on_null: fail}}}", r#"{"a":null}"#),
        ("not_an_object", "{fields: {}}", "5"),
        ("unknown_field", "{unknown: reject, fields: {}}", r#"{"a":1}"#),
        ("not_json", "{fields: {}}", "{"),
        ("trailing_text", "{fields: {}}", "{} x"),
    ] {
        claims.compare("a failure", map, first(map, element), code.to_owned());
    }
    claims.end();
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(
        map_with("version: 1", context(), inbound(&deep(hookmill_json::DEPTH_MAX + 1))).unwrap_err().code,
        "too_deep"
    );
    let wide = format!("{{\"a\":[{}]}}", vec!["1"; run::PATH_VISITS_MAX + 1].join(","));
    assert_eq!(failure("version: 1\nmap: {fields: {x: '$.a[?@ == 2]'}}", &wide).code, "path_too_wide");
    let (to, subject) = to_client(submission("{}"));
    let to_get = (Destination { method: "GET".into(), ..to }, subject);
    let xml = shape("version: 1\nshape: {client: {format: xml, body: {r: 1}}}", to_get);
    assert_eq!(xml.unwrap_err().code, "no_body_in_get");
    let named = "version: 1\nshape: {client: {format: xml, body: {r: {from: lead.custom}}}}";
    let bad = shape(named, to_client(submission(r#"{"custom":{"a b":1}}"#))).unwrap_err();
    assert_eq!(bad.code, "bad_xml");
    assert_eq!(codes("version: 2"), ["unknown_version"]);
}
