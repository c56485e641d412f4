//! `map` as documents say it.

use hookmill_plugin_sdk::types::{Context, Failure, Mapped};

use crate::fixtures::{context, failure, inbound, json, lead, lead_json, leads, map_all, map_with, problems};

fn fields(fields: &str) -> String {
    format!("version: 1\nmap:\n  unknown: drop\n  fields:\n    {}", fields.replace('\n', "\n    "))
}

/// M3, M5: what becomes of missing, null, blank, 0 and false under each fallback.
#[test]
fn m3_m5_four_kinds_of_nothing() {
    let inputs = ["{}", r#"{"a":null}"#, r#"{"a":""}"#, r#"{"a":0}"#, r#"{"a":false}"#];
    for (recipe, expected) in [
        ("a", ["{}", r#"{"x":null}"#, r#"{"x":""}"#, r#"{"x":0}"#, r#"{"x":false}"#]),
        (
            "{from: a, on_missing: null}",
            [r#"{"x":null}"#, r#"{"x":null}"#, r#"{"x":""}"#, r#"{"x":0}"#, r#"{"x":false}"#],
        ),
        ("{from: a, on_null: omit}", ["{}", "{}", r#"{"x":""}"#, r#"{"x":0}"#, r#"{"x":false}"#]),
        ("{from: a, on_blank: omit}", ["{}", r#"{"x":null}"#, "{}", r#"{"x":0}"#, r#"{"x":false}"#]),
        (
            "{from: a, on_missing: {default: d}, on_null: {default: n}, on_blank: {default: b}}",
            [r#"{"x":"d"}"#, r#"{"x":"n"}"#, r#"{"x":"b"}"#, r#"{"x":0}"#, r#"{"x":false}"#],
        ),
        (
            "{from: a, then: [{default: d}]}",
            [r#"{"x":"d"}"#, r#"{"x":"d"}"#, r#"{"x":"d"}"#, r#"{"x":0}"#, r#"{"x":false}"#],
        ),
    ] {
        for (input, expected) in inputs.iter().zip(expected) {
            let lead = lead_json(&fields(&format!("custom.x: {recipe}")), input);
            assert_eq!(lead, format!("{{\"custom\":{expected}}}"), "{recipe} on {input}");
        }
    }
}

/// M5: a failing lead says field, function, input and reason; its neighbours go on.
#[test]
fn m5_a_failing_lead_stands_alone() {
    let document = fields("phone: {from: phone, then: [trim, phone]}");
    let mut results = leads(&document, r#"[{"phone":" 512-555-0142"},{"phone":"12"},{"phone":"5125550143"}]"#);
    let Failure { code, field, function, input, message } = results.remove(1).unwrap_err();
    assert_eq!((code.as_str(), field.as_deref(), function.as_deref()), ("not_a_phone", Some("phone"), Some("phone")));
    assert_eq!(input.as_deref(), Some(r#""12""#));
    assert!(message.contains("digit without country code") && message.contains("region US"), "{message}");
    assert!(results.iter().all(Result::is_ok));
}

#[test]
fn m5_each_fallback_of_an_error() {
    for (fallback, expected, warnings) in [
        ("omit", r#"{"custom":{}}"#, 1),
        ("null", r#"{"phone":null,"custom":{}}"#, 1),
        ("keep_raw", r#"{"phone":"12","custom":{}}"#, 1),
        ("{default: none}", r#"{"phone":"none","custom":{}}"#, 1),
    ] {
        let lead = lead(&fields(&format!("phone: {{from: p, then: [phone], on_error: {fallback}}}")), r#"{"p":"12"}"#);
        assert_eq!((lead.lead.as_str(), lead.warnings.len()), (expected, warnings), "{fallback}");
    }
    let missing = failure(&fields("email: {from: [a, b], on_missing: fail}"), "{}");
    assert_eq!((missing.code.as_str(), missing.input), ("field_missing", None));
    assert!(missing.message.contains("`a`, `b`"), "{}", missing.message);
}

#[test]
fn m3_first_of_several_fixed_values_and_templates() {
    let document = fields(
        "first_name: [a, b]\nlast_name: {value: Doe}\nstreet: {template: '{{ no }} {{ street }}'}\ncity: {template: '{{ nothing }}'}\nrate: campaign.values.rate\nbrand: organization.values.brand\nutm: query.utm_source\nagent: header.user-agent\nqtags: query.tag\nfrom: origin.remote_address",
    );
    let lead = lead_json(&document, r#"{"a":" ","b":"B","no":7,"street":"Main"}"#);
    let expected = concat!(
        r#"{"first_name":"B","last_name":"Doe","street":"7 Main","custom":{"rate":0.10,"brand":"Sunny","utm":"g","#,
        r#""agent":"curl","qtags":["a","b"],"from":"203.0.113.9"}}"#
    );
    assert_eq!(lead, expected);
}

/// M3: JSONPath of RFC 9535 with exact numbers.
#[test]
fn m3_queries_select_by_the_rfc() {
    let body =
        r#"{"l":[{"n":"a","v":1},{"n":"b","v":2.0},{"n":"c","v":9007199254740993}],"k":[0,1,2,3,4],"o":{"x":{"v":7}}}"#;
    for (path, expected) in [
        ("$.l[*].v", "[1,2.0,9007199254740993]"),
        ("$.l[?@.n == 'b'].v", "[2.0]"),
        ("$.l[?@.v == 2].n", r#"["b"]"#),
        ("$.l[?@.v > 9007199254740].n", r#"["c"]"#),
        ("$.l[?@.v >= 2 && @.n != 'c'].n", r#"["b"]"#),
        ("$.l[?!(@.n == 'a' || @.n == 'b')].n", r#"["c"]"#),
        ("$.l[?@.zz].n", "null"),
        ("$.l[?length(@.n) == 1].v", "[1,2.0,9007199254740993]"),
        ("$.l[?count(@.*) == 2].n", r#"["a","b","c"]"#),
        ("$.l[?match(@.n, '[ab]')].n", r#"["a","b"]"#),
        ("$.l[?search(@.n, 'c')].n", r#"["c"]"#),
        ("$.k[1:3]", "[1,2]"),
        ("$.k[::-2]", "[4,2,0]"),
        ("$.k[-2:]", "[3,4]"),
        ("$.k[0,4]", "[0,4]"),
        ("$..v", "[1,2.0,9007199254740993,7]"),
        ("$.o.x.v", "7"),
        ("$['o']['x']", r#"{"v":7}"#),
        ("$.l[-1].n", r#""c""#),
        ("$.l[9].n", "null"),
    ] {
        let lead = lead_json(&fields(&format!("found: {{from: \"{path}\", on_missing: null}}")), body);
        assert_eq!(lead, format!("{{\"custom\":{{\"found\":{expected}}}}}"), "{path}");
    }
}

/// M6: what becomes of keys that no field used.
#[test]
fn m6_unknown_keys_are_kept_dropped_or_rejected() {
    let document =
        |unknown| format!("version: 1\nmap: {{unknown: {unknown}, fields: {{email: [mail, contact.mail]}}}}");
    let body = r#"{"mail":"a","contact":{"mail":"b","x":1},"n":1e400,"deep":{"z":[]}}"#;
    let kept = r#"{"email":"a","custom":{"contact":{"mail":"b","x":1},"n":1e400,"deep":{"z":[]}}}"#;
    assert_eq!(lead_json(&document("custom"), body), kept);
    assert_eq!(lead_json(&document("drop"), body), r#"{"email":"a","custom":{}}"#);
    let rejected = failure(&document("reject"), body);
    assert_eq!((rejected.code.as_str(), rejected.field.as_deref()), ("unknown_field", Some("contact.x")));
    assert!(rejected.message.contains("`contact.x`, `n`, `deep`"), "{}", rejected.message);
    let partly = lead_json(&document("custom"), r#"{"contact":{"mail":"b","x":1}}"#);
    assert_eq!(partly, r#"{"email":"b","custom":{"contact":{"x":1}}}"#);
}

/// M6: down to the single member. What is read for nothing is known, and so is all that lies at the end of a path.
#[test]
fn m6_unknown_parts_are_rejected_where_they_stand() {
    let document = "version: 1\nmap: {unknown: reject, fields: {email: c.email, first_name: 'l[0].n', last_name: 'l[-1].n', x: d}}";
    for (body, expected) in [
        (r#"{"c":{"email":"a"},"l":[{"n":"b"}],"d":{"any":[1]}}"#, None),
        (r#"{"c":{"email":null},"l":[],"d":null}"#, None),
        (r#"{"c":"","l":null}"#, None),
        (r#"{"c":{"email":"a","x":1}}"#, Some("c.x")),
        (r#"{"c":"ann"}"#, Some("c")),
        (r#"{"l":[{"n":"b"},{"n":"c"},{"n":"d"}]}"#, Some("l[1]")),
        (r#"{"l":[{"n":"b","m":1}]}"#, Some("l[0].m")),
        (r#"{"c":[{"email":"a"}]}"#, Some("c[0]")),
    ] {
        let made = leads(document, body).remove(0);
        let unknown = made.err().map(|failure| (failure.code, failure.field.unwrap_or_default()));
        assert_eq!(unknown, expected.map(|field| ("unknown_field".to_owned(), field.to_owned())), "{body}");
    }
}

/// M6: what stands in an object that `also_search` names is known, as far as its own key goes.
#[test]
fn m6_objects_that_are_looked_in_are_known() {
    let document = "version: 1\nmap: {also_search: [fields], unknown: reject, fields: {email: ~email}}";
    assert_eq!(lead_json(document, r#"{"fields":{"E-Mail":"a"}}"#), r#"{"email":"a","custom":{}}"#);
    let rejected = failure(document, r#"{"fields":{"email":"a"},"other":{}}"#);
    assert_eq!((rejected.code.as_str(), rejected.field.as_deref()), ("unknown_field", Some("other")));
}

/// M3 M6: a loose name is looked for in the objects of `also_search` wherever it stands, not in `from` alone.
#[test]
fn m3_loose_names_are_looked_for_everywhere() {
    let document =
        |field: &str| format!("version: 1\nmap: {{also_search: [a, b], unknown: drop, fields: {{x: {field}}}}}");
    let body = r#"{"zip": "1", "a": {"City": "Rome", "blank": " "}, "b": {"city": "Bonn", "Blank": "full"}}"#;
    for (field, expected) in [
        ("{template: '{{ ~city }} {{ zip }}'}", r#""Rome 1""#),
        ("{template: '{{ ~blank }}'}", r#""full""#),
        ("{from: zip, then: [{template: '{{ value }} {{ ~city }}'}]}", r#""1 Rome""#),
        ("{from: zip, then: [{concat: ~city}]}", r#""1 Rome""#),
        ("{from: none, then: [{coalesce: [~none, ~city]}]}", r#""Rome""#),
        ("{from: zip, then: [{append: ~city}]}", r#"["1","Rome"]"#),
        ("{from: zip, when: {field: ~city, op: eq, value: Rome}}", r#""1""#),
        ("{from: zip, when: {field: zip, op: ne, other: ~city}}", r#""1""#),
    ] {
        assert_eq!(lead_json(&document(field), body), format!(r#"{{"custom":{{"x":{expected}}}}}"#), "{field}");
    }
    let ignored = "version: 1\nmap: {also_search: [a], unknown: reject, fields: {}, ignore: [~city, zip]}";
    assert_eq!(lead_json(ignored, r#"{"zip": 1, "a": {"city": "Rome"}}"#), r#"{"custom":{}}"#);
}

#[test]
fn m1_items_make_several_leads_of_one_element() {
    let document = "version: 1\nmap:\n  items: $.entry[*].changes[*].value\n  unknown: drop\n  fields: {external_id: leadgen_id, page: body.object}";
    let leads = leads(document, include_str!("../fixtures/facebook-leadgen-notification.json"));
    let texts: Vec<String> = leads.into_iter().map(|lead| lead.unwrap().lead).collect();
    assert_eq!(texts[1], r#"{"external_id":"123123123124","custom":{"page":"page"}}"#);
    assert_eq!(texts.len(), 2);
}

/// M1: leads in a text of JSON or XML, in JSON that was encoded twice, in lines, and in rows of a form.
#[test]
fn m1_items_are_taken_out_of_what_a_recipe_makes() {
    let document =
        |items: &str, fields: &str| format!("version: 1\nmap: {{unknown: drop, items: {items}, fields: {{{fields}}}}}");
    let table = [
        (
            document("{from: payload, then: [parse_json], at: leads}", "first_name: n, source: body.form"),
            r#"{"form": "f", "payload": "{\"leads\": [{\"n\": \"Ann\"}, {\"n\": \"Bo\"}]}"}"#,
            vec![r#"{"first_name":"Ann","source":"f","custom":{}}"#, r#"{"first_name":"Bo","source":"f","custom":{}}"#],
        ),
        (
            document("{from: $, then: [parse_json]}", "first_name: n"),
            r#""{\"n\": \"Wim\"}""#,
            vec![r#"{"first_name":"Wim","custom":{}}"#],
        ),
        (
            document("{from: xml, then: [parse_xml], at: lead}", "external_id: id, first_name: name, zip: parent.zip"),
            r#"{"xml": "<lead><id>0017</id><name>Zo\u00eb</name></lead>"}"#,
            vec![r#"{"external_id":"0017","first_name":"Zoë","custom":{}}"#],
        ),
        (
            document("{from: log, then: [{parse_json: {lines: true}}]}", "first_name: n"),
            r#"{"log": "{\"n\":\"Ann\"}\n\n{\"n\":\"Bo\"}\n"}"#,
            vec![r#"{"first_name":"Ann","custom":{}}"#, r#"{"first_name":"Bo","custom":{}}"#],
        ),
        (
            document(
                "{from: $, then: [{unflatten: {brackets: true}}], at: people}",
                "first_name: name, zip: parent.zip, street: body.zip",
            ),
            r#"{"zip": "1", "people[1][name]": "Bo", "people[0][name]": "Ada"}"#,
            vec![
                r#"{"first_name":"Ada","street":"1","zip":"1","custom":{}}"#,
                r#"{"first_name":"Bo","street":"1","zip":"1","custom":{}}"#,
            ],
        ),
        (document("{from: none, then: [parse_json], at: leads}", "first_name: n"), "{}", vec![]),
        (document("{from: payload, then: [parse_json], at: leads}", "first_name: n"), r#"{"payload": "{}"}"#, vec![]),
    ];
    for (document, body, expected) in table {
        let texts: Vec<String> = leads(&document, body).into_iter().map(|lead| lead.unwrap().lead).collect();
        assert_eq!(texts, expected, "{document}");
    }
}

#[test]
fn m1_what_a_recipe_of_items_says_is_of_each_lead() {
    let document = "version: 1\nmap: {items: {from: p, then: [parse_json]}, fields: {first_name: n}}";
    let warned = leads(document, r#"{"p": "[{\"n\":\"a\tb\"},{}]"}"#);
    for lead in warned {
        let warnings = lead.unwrap().warnings;
        assert_eq!((warnings[0].code.as_str(), warnings[0].path.as_str()), ("raw_control_character", "items"));
    }
    let failed = map_with(document, context(), inbound(r#"{"p": "{n:1}"}"#)).unwrap_err();
    assert_eq!((failed.code.as_str(), failed.field.as_deref()), ("not_json", Some("items")));
    assert!(failed.message.contains("double quotes"), "{}", failed.message);
    assert!(problems("version: 1\nmap: {items: {from: p, in: x}, fields: {}}")[0].message.contains("`in`"));
}

/// M1: JSON that was encoded twice says so.
#[test]
fn m1_what_was_encoded_twice_is_told() {
    let failed = leads("", r#""{\"email\": \"a@b.example\"}""#).remove(0).unwrap_err();
    assert_eq!(failed.code, "not_an_object");
    assert!(failed.message.contains("encoded it twice") && failed.message.contains("parse_json"), "{}", failed.message);
    assert!(!leads("", "\"{x\"").remove(0).unwrap_err().message.contains("twice"));
}

#[test]
fn m1_an_element_can_become_no_lead_or_too_many() {
    assert_eq!(leads("", "[]").len(), 0);
    let many = format!("[{}]", vec!["{}"; 1001].join(","));
    assert_eq!(map_with("", context(), inbound(&many)).unwrap_err().code, "too_many_leads");
    for body in ["5", "null", "\"x\"", "[[]]"] {
        assert_eq!(leads("", body).remove(0).unwrap_err().code, "not_an_object", "{body}");
    }
}

/// M5: a field is made only when its rule holds.
#[test]
fn m5_when_decides_about_a_field() {
    let document = fields("state: {from: s, when: {field: country, op: eq, value: US}}");
    assert_eq!(lead_json(&document, r#"{"s":"CA","country":"US"}"#), r#"{"state":"CA","custom":{}}"#);
    assert_eq!(lead_json(&document, r#"{"s":"CA","country":"DE"}"#), r#"{"custom":{}}"#);
    assert_eq!(lead_json(&document, r#"{"s":"CA"}"#), r#"{"custom":{}}"#);
}

/// Odd JSON is a typed failure of this element.
#[test]
fn p3_odd_json_is_a_failure_not_a_trap() {
    let deep = "[".repeat(100_000);
    for (body, code) in [
        (r#"{"a":"\ud800"}"#, "lone_surrogate"),
        (deep.as_str(), "too_deep"),
        (r#"{"a":"#, "truncated"),
        ("", "truncated"),
    ] {
        assert_eq!(map_with("", context(), inbound(body)).unwrap_err().code, code);
    }
}

/// M10: each field with line, source and value after each function.
#[test]
fn m10_the_trace_tells_how_each_field_was_made() {
    let document =
        "version: 1\nmap:\n  fields:\n    email:\n      from: [a, b]\n      then: [trim, lower]\n    phone: c\n";
    let mapped =
        map_with(document, hookmill_plugin_sdk::types::Context { trace: true, ..context() }, inbound(r#"{"b":" X "}"#));
    let trace = json(&mapped.unwrap().trace.unwrap());
    let expected = r#"{"leads":[{"fields":[
        {"field":"email","line":5,"from":"b","steps":[{"function":"trim","value":"X"},{"function":"lower","value":"x"}],"value":"x"},
        {"field":"phone","line":7,"from":null,"steps":[],"instead":"omitted"}]}]}"#;
    assert_eq!(trace, json(expected));
}

/// M2, M3: `fields.x` in `map` is a field that was made before, as it stands in the lead, on every way a field can be fields.
#[test]
fn m3_fields_made_before_are_looked_at() {
    let document = "\
version: 1
map:
  fields:
    first_name: {from: name, then: [{split_name: first}]}
    phone: phone
    tags: tags
    amount: {from: amount, then: [number]}
    gone: nowhere
    twice: {from: fields.amount, then: [{multiply: 2}]}
    greeting: {template: 'Dear {{ fields.first_name }}, {{ fields.phone }}', when: {field: fields.first_name, op: eq, value: Ann}}
    second: fields.tags[1]
    sum: {from: amount, then: [number, {add: fields.custom.twice}]}
    text: {from: fields.phone, then: [{template: '{{ value }} of {{ fields.first_name }}'}]}
    nothing: {from: fields.gone, on_missing: {default: none}}
    different: {from: fields.first_name, when: {field: fields.first_name, op: ne, other: fields.phone}}
    all: {from: [nowhere, fields.phone]}
";
    let expected = r#"{"first_name":"Ann","phone":"512","tags":["a","b"],"custom":{"amount":1.50,"twice":3,"greeting":"Dear Ann, 512",
        "second":"b","sum":4.50,"text":"512 of Ann","nothing":"none","different":"Ann","all":"512"}}"#;
    let body = r#"{"name":"Ann Lee","phone":512,"tags":["a","b"],"amount":"1.50"}"#;
    for unknown in ["custom", "drop", "reject"] {
        let document = document.replace("map:\n", &format!("map:\n  unknown: {unknown}\n"));
        assert_eq!(json(&lead_json(&document, body)), json(expected), "{unknown}");
    }
    // Each lead of a request has its own.
    let several = leads(document, &format!("[{body}, {{\"name\":\"Ben Moe\",\"amount\":2}}]"));
    assert!(several[1].as_ref().unwrap().lead.contains(r#""twice":4"#), "{several:?}");
}

/// M3, M10: functions that only choose are done on the input itself; what comes out is what they make of its value.
#[test]
fn m3_what_is_chosen_in_the_input_is_what_the_functions_choose() {
    let chains = [
        "{find: {name: a}}, {pick: 'values[0]'}",
        "{find: {name: a}}, {pick: values}, first",
        "{find: {id: 5}}, {pick: name}, upper",
        "{find: {name: a, id: 5}}",
        "first, {pick: name}",
        "last, {pick: 'values[-1]'}, number",
        "{item: -2}, {find: {id: 5}}",
        "{item: 1}, {pick: name}",
        "{pick: name}",
        "{pick: '$..id'}",
        "first, first, last",
        "{find: {name: a}}, list, count",
        "{find: {name: a}}, {pick: values}, {default: none}",
    ];
    let values = [
        r#"[{"name":"b"},{"name":"a","values":["x","y"],"id":"5.0"},{"name":"a"}]"#,
        r#"[{"name":"a","values":"x"},null,7,"a",[],["a"],{"id":5,"name":null,"values":[]}]"#,
        r#"{"name":"a","name":"b","values":["1",null," 2 "],"id":5}"#,
        r#"[[{"name":"a","id":5}],{"name":"a","values":{"x":[1]}}]"#,
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"a\"",
        "0",
        "[null]",
    ];
    for chain in chains {
        for field in ["first_name", "tags", "fields"] {
            let document =
                format!("version: 1\nmap:\n  fields:\n    {field}: {{from: x, then: [{chain}], on_error: keep_raw}}\n");
            for value in values {
                let body = format!("{{\"x\":{value},\"y\":1}}");
                let traced = |trace| {
                    let context = hookmill_plugin_sdk::types::Context { trace, ..context() };
                    map_with(&document, context, inbound(&body)).map(|mapped| format!("{:?}", mapped.leads))
                };
                assert_eq!(traced(false).unwrap(), traced(true).unwrap(), "{chain} of {value}");
            }
        }
    }
}

/// M3: what a batch has in common makes it quicker, and never makes a lead of another one's names.
#[test]
fn m3_elements_that_are_almost_alike_are_each_read_as_they_are() {
    let document = "\
version: 1
map:
  fields:
    first_name: a.x
    last_name: ~b
    email: c
    phone: a.list[1].n
  unknown: drop
";
    let bodies = [
        r#"{"a":{"x":"1","list":[{"n":1},{"n":2}]},"b":"B","c":"C"}"#,
        r#"{"a":{"x":"3","list":[{"n":3},{"n":4}]},"b":"D","c":"E"}"#,
        r#"{"a": {"x":"3","list":[{"n":3},{"n":4}]},"b":"D","c":"E"}"#,
        r#"{"c":"first","a":{"x":"5","list":[{"n":5}]},"B":"F"}"#,
        r#"{"a":{"x":"6","list":[{"m":5},{"n":6}]},"b":"G","c":"H","c":"I"}"#,
        r#"{"a":"7","b":{"x":1},"c":"H"}"#,
        r#"{"a":{"x\u0020":"8","x":"9"},"b":"J","d":"K"}"#,
        r#"{"a":{"x":"1"},"cc":"C","bb":"B","c":"x"}"#,
        r#"{"a":{"x":"1","list":[{"n":1},{"n":2}]},"b":"B","c":"C","z":{"a":{"x":"2"}}}"#,
        "{}",
        r#"{"b":"B","a":{"list":[[],{"n":"n"}],"x":"x"}}"#,
    ];
    let told = |mapped: Result<Mapped, Failure>| format!("{:?}", mapped.unwrap().leads.remove(0).map(|lead| lead.lead));
    let alone: Vec<String> = bodies.iter().map(|body| told(map_with(document, context(), inbound(body)))).collect();
    // Each behind each other one, and often enough that something is expected.
    for one in 0..bodies.len() {
        for other in 0..bodies.len() {
            let order = [one, one, one, other, one, other, other, other, one];
            let batch = order.iter().map(|index| inbound(bodies[*index])).collect();
            let mapped = map_all(document, context(), batch);
            for (index, mapped) in order.iter().zip(mapped) {
                assert_eq!(told(mapped), alone[*index], "{order:?}");
            }
        }
    }
}

/// M6: what can't be expanded stays, and somebody is told; a field that was made is expanded as well.
#[test]
fn m6_expand_takes_objects_and_fields_that_were_made() {
    let document = |expand: &str| {
        format!("version: 1\nmap: {{fields: {{a: b, x: {{from: l, then: [from_pairs]}}}}, expand: [{expand}]}}")
    };
    let body = r#"{"b":1,"l":[{"name":"a","value":"2"},{"name":"c","value":"3"}],"o":{"z":1},"n":null}"#;
    for (expand, expected, warnings) in [
        ("o", r#"{"a":1,"x":{"a":"2","c":"3"},"z":1,"n":null}"#, vec![]),
        ("fields.x", r#"{"a":1,"inbound_a":"2","c":"3","o":{"z":1},"n":null}"#, vec!["name_taken"]),
        ("fields.a", r#"{"x":{"a":"2","c":"3"},"a":1,"o":{"z":1},"n":null}"#, vec!["not_expanded"]),
        ("n, gone", r#"{"a":1,"x":{"a":"2","c":"3"},"o":{"z":1},"n":null}"#, vec![]),
    ] {
        let lead = lead(&document(expand), body);
        assert_eq!(lead.lead, format!("{{\"custom\":{expected}}}"), "{expand}");
        assert_eq!(lead.warnings.iter().map(|warning| &*warning.code).collect::<Vec<_>>(), warnings, "{expand}");
    }
    let list = lead("version: 1\nmap: {expand: [l]}", r#"{"l":[{"a":1}]}"#);
    assert_eq!((&*list.lead, &*list.warnings[0].code), (r#"{"custom":{"l":[{"a":1}]}}"#, "not_expanded"));
    for (expand, code) in
        [("fields.x.y", "bad_path"), ("fields.email", "bad_path"), ("fields.gone", "used_before_defined")]
    {
        let text = format!("version: 1\nmap: {{fields: {{email: e, x: l}}, expand: [{expand}]}}");
        assert_eq!(crate::fixtures::problems(&text)[0].code, code, "{expand}");
    }
}

/// M5: one bad element of a list fails alone, with a trace as without one, and the trace has an entry for each.
#[test]
fn m5_one_bad_element_of_a_list_is_the_same_with_a_trace() {
    let document = "version: 1\nmap: {fields: {x: {from: n, then: [number]}}, unknown: drop}";
    let body = r#"[{"n":"1"},{"n":"many"},5,{"n":[1,"b"]},{"n":3}]"#;
    let mapped = |trace| map_with(document, Context { trace, ..context() }, inbound(body)).unwrap();
    let codes = |mapped: &Mapped| -> Vec<String> {
        mapped
            .leads
            .iter()
            .map(|lead| lead.as_ref().map_or_else(|failure| failure.code.clone(), |lead| lead.lead.clone()))
            .collect()
    };
    let (plain, traced) = (mapped(false), mapped(true));
    assert_eq!(codes(&plain), codes(&traced));
    assert_eq!(
        codes(&plain),
        [r#"{"custom":{"x":1}}"#, "not_a_number", "not_an_object", "wrong_type", r#"{"custom":{"x":3}}"#]
    );
    let trace = json(&traced.trace.unwrap());
    assert_eq!(trace["leads"].as_array().map(Vec::len), Some(5));
}
