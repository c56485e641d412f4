//! Messages in every format (M8): XML, plain text, queries, lists made item by item.

use hookmill_plugin_default::run::MESSAGE_VALUES_MAX;
use hookmill_plugin_sdk::types::{Context, Failure, Payload, Subject};

use crate::fixtures::{body, context, destination, json, load, problems, shape, shape_in, submission, to_client};

const LEAD: &str = r#"{"first_name":"John","last_name":"Doe & Söhne","zip":"02139","tags":["a","b"],"custom":{"zero":0,"no":false,"empty":"","items":[{"sku":"x","n":1.10,"tags":["p","q"]},{"sku":"y"}],"one":{"sku":"z"},"none":[]}}"#;

const ODD_NAMES: &str = r#"{"custom":{"First Name":"x"}}"#;

fn sent(message: &str) -> Payload {
    shape(&document(message), to_client(submission(LEAD))).unwrap_or_else(|failure| panic!("{}", failure.message))
}

fn rejected(message: &str) -> Failure {
    shape(&document(message), to_client(submission(LEAD))).unwrap_err()
}

fn document(message: &str) -> String {
    format!("version: 1\nshape:\n  client:\n    {}", message.replace('\n', "\n    "))
}

fn diagnose(message: &str) -> Vec<String> {
    let found = problems(&document(message));
    found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
}

#[test]
fn m8_a_client_that_takes_xml() {
    let payload = sent(
        "
format: xml
body:
  lead:
    '@id': {from: submission.id}
    '@city': {from: lead.city}
    name: '{{ lead.first_name }} {{ lead.last_name }}'
    zip: {from: lead.zip}
    zero: {from: lead.custom.zero}
    city: {from: lead.city}
    tag: {from: lead.tags}
    note: {'#cdata': '<b>{{ lead.first_name }}</b>'}
    items:
      item:
        for_each: lead.custom.items
        make: {'@sku': {from: item.sku}, '#text': {from: item.n}}",
    );
    let expected = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?><lead id="sub_1-0"><name>John Doe &amp; Söhne</name><zip>02139</zip>"#,
        r#"<zero>0</zero><tag>a</tag><tag>b</tag><note><![CDATA[<b>John</b>]]></note>"#,
        r#"<items><item sku="x">1.10</item><item sku="y"/></items></lead>"#
    );
    assert_eq!(body(&payload), expected);
    assert_eq!(payload.content_type.as_deref(), Some("application/xml"));
    let bare = sent(
        "format: xml\nroot: lead\ndeclaration: false\ncontent_type: text/xml; charset=utf-8\nbody: {zip: {from: lead.zip}}",
    );
    assert_eq!(body(&bare), "<lead><zip>02139</zip></lead>");
    assert_eq!(bare.content_type.as_deref(), Some("text/xml; charset=utf-8"));
    assert_eq!(
        body(&sent("format: xml\nroot: lead\nbody: {city: {from: lead.city}}")).split_once("?>").unwrap().1,
        "<lead/>"
    );
}

/// M2, M8: names that XML does not have are told when the document is saved; what comes from a lead is rejected when it comes.
#[test]
fn m8_xml_that_can_not_be_is_told() {
    for (message, expected) in [
        ("format: xml\nbody: {a: 1, b: 2}", "wrong_type shape.client.body"),
        ("format: xml\nbody: [1]", "wrong_type shape.client.body"),
        ("format: xml\nroot: leads\nbody: [1]", "wrong_type shape.client.body"),
        ("format: xml\nbody: {lead: {first name: x}}", "bad_xml_name shape.client.body.lead.first name"),
        ("format: xml\nbody: {lead: {'@a b': x}}", "bad_xml_name shape.client.body.lead.@a b"),
        ("format: xml\nbody: {lead: {'@a': {b: c}}}", "wrong_type shape.client.body.lead.@a"),
        ("format: xml\nroot: a b\nbody: {}", "bad_xml_name shape.client.root"),
        ("format: xml\nmethod: GET\nbody: {a: 1}", "wrong_type shape.client.body"),
        ("root: a\nbody: {}", "unexpected_argument shape.client.root"),
        ("declaration: false\nbody: {}", "unexpected_argument shape.client.declaration"),
        ("format: text\nbody: {a: 1}", "wrong_type shape.client.body"),
        ("format: form\nbody: {for_each: lead.tags, make: {from: item}}", "wrong_type shape.client.body"),
        ("content_type: json\nbody: {}", "bad_content_type shape.client.content_type"),
        ("method: POST", "missing_key shape.client"),
        ("query: [a]\nbody: {}", "wrong_type shape.client.query"),
        ("body: {a: {for_each: lead.tags}}", "missing_key shape.client.body.a"),
        ("body: {a: {for_each: lead.tags, make: x, as: y}}", "unknown_key shape.client.body.a.as"),
        ("body: {a: {from: item.sku}}", "bad_path shape.client.body.a.from"),
    ] {
        assert!(diagnose(message).contains(&expected.to_owned()), "{message}: {:?}", diagnose(message));
    }
    let odd = document("format: xml\nbody: {lead: {from: lead.custom}}");
    let failure = shape(&odd, to_client(submission(ODD_NAMES))).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("bad_xml", Some("body")));
}

#[test]
fn m8_plain_text_and_content_types() {
    let text = sent("format: text\nbody: 'Name: {{ lead.last_name }}; zip {{ lead.zip }}'");
    assert_eq!(body(&text), "Name: Doe & Söhne; zip 02139");
    assert_eq!(text.content_type.as_deref(), Some("text/plain; charset=utf-8"));
    assert_eq!(body(&sent("format: text\nbody: {from: lead.city}")), "");
    assert_eq!(rejected("format: text\nbody: {from: lead.tags}").code, "wrong_type");
    let api = sent("content_type: application/vnd.api+json\nbody: [{from: lead.zip}]");
    assert_eq!((body(&api).as_str(), api.content_type.as_deref()), (r#"["02139"]"#, Some("application/vnd.api+json")));
}

/// M8, D3: a query beside the body, and alone.
#[test]
fn m8_values_in_the_query() {
    let pairs = |payload: &Payload| {
        let pairs: Vec<String> = payload.query.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect();
        pairs.join("&")
    };
    let both = sent(
        "query: {key: {from: campaign.id}, tag: {from: lead.tags}, city: {from: lead.city}}\nbody: {zip: {from: lead.zip}}",
    );
    assert_eq!((pairs(&both).as_str(), body(&both).as_str()), ("key=ABC&tag=a&tag=b", r#"{"zip":"02139"}"#));
    let alone = sent("query: {zip: {from: lead.zip}}");
    assert_eq!((pairs(&alone).as_str(), alone.body, alone.content_type), ("zip=02139", None, None));
    let get = sent("method: GET\nquery: {v: 2}\nbody: {zip: {from: lead.zip}}");
    assert_eq!((pairs(&get).as_str(), get.body), ("v=2&zip=02139", None));
}

/// M8: what a GET or a form can't carry is not a silent loss.
#[test]
fn m8_what_can_not_be_carried_is_rejected() {
    for (message, method, content_type, code) in [
        ("body: [1]", "GET", "application/json", "not_an_object"),
        ("body: [1]", "POST", "application/x-www-form-urlencoded", "not_an_object"),
        ("format: xml\nbody: {a: 1}", "GET", "application/json", "no_body_in_get"),
        ("format: text\nbody: hello", "GET", "application/json", "no_body_in_get"),
    ] {
        let mut destination = destination(hookmill_plugin_sdk::types::DestinationKind::Client);
        (destination.method, destination.content_type) = (method.into(), content_type.into());
        let to_shape = (destination, Subject::Submission(submission(LEAD)));
        assert_eq!(shape(&document(message), to_shape).unwrap_err().code, code, "{message}");
    }
}

/// M8: a list is made item by item, also inside another.
#[test]
fn m8_lists_are_made_item_by_item() {
    for (list, expected) in [
        (
            "{for_each: lead.custom.items, make: {id: {from: item.sku}, n: {from: item.n}}}",
            r#"[{"id":"x","n":1.10},{"id":"y"}]"#,
        ),
        (
            "{for_each: lead.tags, make: '{{ position }}: {{ item }} of {{ lead.first_name }}'}",
            r#"["1: a of John","2: b of John"]"#,
        ),
        ("{for_each: lead.custom.one, make: {from: item.sku}}", r#"["z"]"#),
        ("{for_each: lead.custom.none, make: {from: item}}", "[]"),
        ("{for_each: lead.custom.gone, make: {from: item}}", "null"),
        ("{for_each: {from: lead.zip, then: [{split: '1'}]}, make: {from: item}}", r#"["02","39"]"#),
        ("{for_each: \"$.lead.custom.items[?@.n].sku\", make: {from: item}}", r#"["x"]"#),
        (
            "{for_each: lead.custom.items, make: {for_each: item.tags, make: '{{ outer.sku }}{{ item }}'}}",
            r#"[["xp","xq"]]"#,
        ),
        ("{for_each: lead.custom.items, make: {value: 1, when: {field: item.n, op: present}}}", "[1]"),
    ] {
        let made = json(&body(&sent(&format!("body: {{list: {list}, end: 1}}"))));
        assert_eq!(made.get("list").cloned().unwrap_or_default(), json(expected), "{list}");
    }
}

/// H6: lists in lists can't grow without end.
#[test]
fn h6_the_values_of_a_message_are_bounded() {
    let items: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let lead = format!("{{\"custom\":{{\"l\":[{}]}}}}", items.join(","));
    let nested = document("body: {a: {for_each: lead.custom.l, make: {for_each: lead.custom.l, make: {from: item}}}}");
    let failure = shape(&nested, to_client(submission(&lead))).unwrap_err();
    assert_eq!(failure.code, "too_large");
    assert!(failure.message.contains(&MESSAGE_VALUES_MAX.to_string()), "{}", failure.message);
}

/// M8: what is blank is left out of a whole message; 0 and false stay.
#[test]
fn m8_blank_values_are_left_out_of_a_whole_message() {
    let message = "
omit_blank: true
body:
  zero: {from: lead.custom.zero}
  no: {from: lead.custom.no}
  empty: {from: lead.custom.empty}
  none: {from: lead.custom.none}
  city: {from: lead.city, on_missing: null}
  object: {a: {from: lead.custom.empty}}
  list: [{from: lead.custom.empty}]
  fixed: ''";
    assert_eq!(body(&sent(message)), r#"{"zero":0,"no":false,"fixed":""}"#);
    assert_eq!(body(&sent("omit_blank: true\nbody: {a: {from: lead.city}}")), "{}");
}

/// M10: each part of a message with its line.
#[test]
fn m10_the_trace_names_each_part() {
    load(&document("body:\n  list: {for_each: lead.tags, make: {from: item}}"));
    let context = Context { trace: true, ..context() };
    let payload = shape_in(context, to_client(submission(LEAD))).unwrap();
    let trace = json(&payload.trace.unwrap());
    let parts: Vec<String> =
        trace["parts"].as_array().unwrap().iter().map(|p| format!("{} {}", p["part"], p["line"])).collect();
    assert_eq!(parts, [r#""body.list.for_each" 5"#, r#""body.list[0]" 5"#, r#""body.list[1]" 5"#]);
}
