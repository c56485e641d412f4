//! Nothing that comes in can make the plugin panic.

use hookmill_plugin_default::Declarative;
use hookmill_plugin_sdk::{
    configuration, qualification, testing,
    types::{Context, Severities},
};
use proptest::prelude::*;

use crate::fixtures::{
    body, context, inbound, interpreted, json, leads, load, map_with, pair, response, shape, shape_in, submission,
    to_client, verdict,
};

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,30}(\\.[0-9]{1,5})?(e[0-9]{1,4})?"
            .prop_filter("no leading zero", |n| serde_json::from_str::<serde_json::Value>(n).is_ok()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[0-9+() -]{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "email",
            "phone",
            "name",
            "First Name",
            "address",
            "custom",
            "tags",
            "is_test",
            "contact"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let member =
            (name.clone(), inner.clone()).prop_map(|(n, v)| format!("{}:{v}", serde_json::to_string(&n).unwrap()));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// One rule of each operator, on the field `x`.
fn every_rule() -> String {
    testing::table("s", [("1", "1")]);
    let operands = [
        "op: eq, value: 1",
        "op: ne, other: y",
        "op: lt, other: y",
        "op: le, value: 1",
        "op: gt, value: 1",
        "op: ge, other: y",
        "op: between, values: [1, 2]",
        "op: in, values: [1, a, null]",
        "op: not_in, values: [[1], {a: 1}]",
        "op: in_set, set: s",
        "op: not_in_set, set: s, ignore_case: true",
        "op: contains, other: y",
        "op: starts_with, other: y",
        "op: ends_with, value: a",
        "op: matches, value: '^(a|b)*$'",
        "op: blank",
        "op: present",
        "op: is_true",
        "op: is_false",
        "op: before, other: y",
        "op: after, value: -1y",
        "op: within, value: 30d",
        "op: age_between, values: [18, 65]",
        "op: distinct",
        "op: valid, value: url",
        "op: invalid, value: zip",
        "op: valid, value: date",
        "op: valid, value: number",
    ];
    let rules: Vec<String> = operands.iter().map(|operand| format!("  - any: [{{field: x, {operand}}}]\n")).collect();
    format!("version: 1\nqualify:\n{}  - {{fields: [x, y], op: distinct}}", rules.concat())
}

/// A source of a field, as a document writes it.
fn source() -> impl Strategy<Value = String> {
    let paths = [
        "email",
        "~email",
        "~name",
        "phone",
        "contact.email",
        "contact",
        "~contact.name",
        "address.tags[0]",
        "tags",
        "custom",
        "$.contact[?@.email].name",
        "$..email",
        "tags[-1]",
        "header.user-agent",
        "{path: ~name, then: [{split_name: first}]}",
        "{path: contact.phone, then: [trim]}",
        "{template: \"{{ email }}!\"}",
        "{value: fixed}",
        "'First Name'",
    ];
    prop::sample::select(
        paths
            .map(|path| match path.starts_with(['$', 'c', 'a', 't']) {
                true => format!("\"{path}\""),
                false => path.to_owned(),
            })
            .to_vec(),
    )
}

/// Messages with JSON bodies of all kinds.
const MESSAGES: [&str; 6] = [
    "{body: {a: {from: lead.email}, b: {c: {from: lead.custom.x, then: [trim, upper]}, d: {}}, e: [1, {from: lead.phone}]}}",
    "{body: {t: '{{ lead.email }} \"{{ lead.custom.x }}\" {{ lead.phone }}', u: '{{ lead.phone }}', v: {value: 5}}}",
    "{format: json, content_type: application/x, method: PUT, body: {all: {from: lead}, c: {from: lead.custom, on_blank: omit}}}",
    "{body: {f: {first_of: [{from: lead.phone}, {from: lead.custom.x}, none]}, m: {merge: [{from: lead.custom}, {x: 1}]}}}",
    "{body: {l: {for_each: lead.custom.lead, make: {i: {from: item}, e: {from: lead.email}}}, w: {from: lead.email, when: {field: lead.custom.x, op: present}}}}",
    "{body: {m: {from: lead.email, then: [email]}, n: {from: lead.custom.x, on_missing: null, on_null: omit}, k: {from: campaign.id}}}",
];

proptest! {
    /// Any JSON becomes leads that are JSON, are qualified and shaped; failures are values.
    #[test]
    fn m5_any_json_maps_or_fails(element in any_json()) {
        for lead in leads("", &element).into_iter().flatten() {
            json(&lead.lead);
            let verdict = verdict("version: 1\nqualify: [{field: email, op: valid}]", Severities::HARD, &lead.lead);
            prop_assert_eq!(verdict.qualified, verdict.failed.is_empty());
            let payload = shape("", to_client(submission(&lead.lead))).unwrap();
            json(&body(&payload));
        }
    }

    #[test]
    fn m5_any_text_maps_or_fails(element: String) {
        let _ = map_with("", context(), inbound(&element));
    }

    #[test]
    fn m2_any_text_compiles_or_is_told_why(text: String) {
        let compiled = <Declarative as configuration::Guest>::compile(text);
        prop_assert!(compiled.is_ok() || compiled.is_err_and(|problems| !problems.is_empty()));
    }

    /// Texts that look like documents, with paths and functions of all kinds.
    #[test]
    fn m2_any_document_compiles_loads_and_maps(
        field in "[a-z_.]{1,12}",
        path in r#"(\$|~)?[a-z.\[\]?@'=<>!*:0-9() "-]{0,20}"#,
        function in "(trim|lower|phone|email|first|title|[a-z]{3})",
        element in any_json(),
    ) {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let document = format!(
            r#"{{"version":1,"map":{{"fields":{{{}:{{"from":{},"then":[{}],"on_error":"keep_raw"}}}}}}}}"#,
            quote(&field), quote(&path), quote(&function)
        );
        match <Declarative as configuration::Guest>::compile(document) {
            Ok(compiled) => {
                <Declarative as configuration::Guest>::load(compiled.plan).unwrap();
                let _ = <Declarative as hookmill_plugin_sdk::mapping::Guest>::map(context(), vec![inbound(&element)]);
            }
            Err(problems) => prop_assert!(problems.iter().all(|p| p.line > 0 && p.column > 0)),
        }
    }

    /// M10: nor does it change what is checked and sent.
    #[test]
    fn m10_the_trace_changes_no_message(lead in any_json(), x in any_json()) {
        let lead = format!("{{\"email\":{x},\"custom\":{{\"lead\":{lead},\"x\":{x}}}}}");
        let traced = Context { trace: true, ..context() };
        for message in MESSAGES {
            let document = format!("version: 1\nqualify: [{{field: x, op: present}}, {{field: email, op: eq, other: x}}]\nshape: {{client: {message}}}");
            load(&document);
            let rule_paths = |context| <Declarative as qualification::Guest>::qualify(context, Severities::HARD, vec![submission(&lead)]);
            let (plain, with_trace) = (rule_paths(context()), rule_paths(traced.clone()));
            let told = |verdict: &[Result<hookmill_plugin_sdk::types::Verdict, _>]| format!("{:?}", verdict[0].as_ref().map(|v| (v.qualified, &v.failed)));
            prop_assert_eq!(told(&plain), told(&with_trace));
            let shaped = |context| shape_in(context, to_client(submission(&lead)));
            let sent = |payload: Result<hookmill_plugin_sdk::types::Payload, _>| format!("{:?}", payload.map(|p| (p.method, p.query, p.headers, p.content_type, p.body.map(String::from_utf8))));
            prop_assert_eq!(sent(shaped(context())), sent(shaped(traced.clone())), "{} {}", message, lead);
        }
    }

    /// M7: any lead is checked by every operator, or fails by a value.
    #[test]
    fn m7_any_lead_is_checked(value in any_json(), other in any_json()) {
        load(&every_rule());
        let lead = format!("{{\"custom\":{{\"x\":{value},\"y\":{other}}}}}");
        let verdicts = <Declarative as qualification::Guest>::qualify(context(), Severities::HARD, vec![submission(&lead)]);
        let verdict = verdicts[0].as_ref().unwrap();
        for failed in &verdict.failed {
            json(&failed.expected);
            failed.actual.as_deref().map(json);
        }
    }

    /// M8: any lead becomes a message in each format, or a typed failure.
    #[test]
    fn m8_any_lead_is_shaped_or_fails(value in any_json()) {
        let lead = format!("{{\"custom\":{{\"x\":{value}}}}}");
        for message in [
            "{format: xml, body: {lead: {from: lead.custom.x}}}",
            "{format: xml, root: r, body: {'@a': {from: lead.custom.x}, b: {'#cdata': {from: lead.custom.x}}}}",
            "{format: text, body: '{{ lead.custom.x }}'}",
            "{format: form, omit_blank: true, query: {q: {from: lead.custom.x}}, body: {from: lead.custom.x}}",
            "{method: GET, body: {from: lead.custom.x}}",
            "{body: {l: {for_each: lead.custom.x, make: {i: {from: item}, n: '{{ position }}'}}}}",
        ] {
            match shape(&format!("version: 1\nshape: {{client: {message}}}"), to_client(submission(&lead))) {
                Ok(payload) => prop_assert!(payload.body.is_none_or(|bytes| String::from_utf8(bytes).is_ok())),
                Err(failure) => prop_assert!(!failure.code.is_empty() && failure.field.is_some()),
            }
        }
    }

    /// M9: any response is interpreted, whatever its bytes and its status.
    #[test]
    fn m9_any_response_is_interpreted(
        bytes: Vec<u8>,
        text in "[<>/a-z{}\\[\\]\":,0-9 ]{0,40}",
        content_type in "(application/json|text/xml|text/html|[a-z/;=-]{0,30})",
        status: u16,
        read_as in "(auto|json|xml|text)",
    ) {
        let document = format!(
            "version: 1\ninterpret:\n  as: {read_as}\n  reason: text\n  price: $..*\n  retry_after: a\n  outcomes:\n    \
             - {{outcome: retry, when: {{any: [{{field: a, op: lt, value: 1}}, {{field: text, op: matches, value: 'a+b'}}]}}}}\n    \
             - {{outcome: accepted, when: {{field: '$..*', op: distinct}}}}"
        );
        for body in [bytes.as_slice(), text.as_bytes()] {
            let mut response = response(status, &content_type, body);
            response.headers.push(pair("content-type", "text/plain"));
            prop_assert!(interpreted(&document, response).is_ok());
        }
    }

    /// M10: a dry run makes what production makes: with a trace every field goes by its recipe, without one most go straight
    /// from their places. Both give the same leads, warnings and failures.
    #[test]
    fn m10_the_trace_changes_nothing(
        froms in prop::collection::vec(prop::collection::vec(source(), 1..4), 1..4),
        thens in prop::collection::vec(prop::sample::select(vec!["", "trim", "lower, digits", "email", "phone", "{split: \",\"}"]), 3),
        ways in prop::sample::select(vec!["", ", on_missing: 'null'", ", on_blank: omit", ", on_error: keep_raw", ", on_null: {default: 5}"]),
        frame in prop::sample::select(vec!["", "unknown: drop", "unknown: reject", "also_search: [contact, address]", "also_search: [contact]\n  unknown: drop", "expand: [custom]\n  unknown: drop", "ignore: [tags]"]),
        elements in prop::collection::vec(any_json(), 1..4),
        is_list: bool,
    ) {
        let names = ["email", "first_name", "anything"];
        let fields = froms.iter().zip(names).zip(&thens);
        let lines = fields.map(|((from, name), then)| format!("    {name}: {{from: [{}], then: [{then}]{ways}}}\n", from.join(", ")));
        let document = format!("version: 1\nmap:\n  {frame}\n  fields:\n{}", lines.collect::<String>());
        let body = if is_list { format!("[{}]", elements.join(",")) } else { elements[0].clone() };
        let traced = Context { trace: true, ..context() };
        match (map_with(&document, context(), inbound(&body)), map_with(&document, traced, inbound(&body))) {
            (Ok(plain), Ok(traced)) => prop_assert_eq!(format!("{:?}", plain.leads), format!("{:?}", traced.leads), "{}", document),
            (plain, traced) => prop_assert_eq!(format!("{plain:?}"), format!("{traced:?}"), "{}", document),
        }
    }

    #[test]
    fn p4_any_bytes_load_or_are_rejected(bytes: Vec<u8>) {
        prop_assert!(<Declarative as configuration::Guest>::load(bytes).is_err());
    }
}

/// One result for each item, whatever becomes of its neighbours.
#[test]
fn p3_a_batch_gives_one_result_for_each_item() {
    load("");
    let elements = ["{}", "5", "{", "[{},{}]"].map(inbound).to_vec();
    let results = <Declarative as hookmill_plugin_sdk::mapping::Guest>::map(context(), elements);
    let shapes: Vec<Option<usize>> = results.iter().map(|r| r.as_ref().ok().map(|mapped| mapped.leads.len())).collect();
    assert_eq!(shapes, [Some(1), Some(1), None, Some(2)]);
}
