//! `shape` as documents say it (M8), and the standard payload (W2).

use hookmill_plugin_sdk::types::{Category, DestinationKind, Event, Subject, Submission};

use crate::fixtures::{NOW_MS, ToShape, body, destination, pair, shape, submission, to_client, warnings};

const LEAD: &str = r#"{"external_id":"x1","first_name":"John","last_name":"Doe","email":"john@example.com","phone":"+15551234567","tags":["vip"],"custom":{"plan":"Pro","n":1e400,"zero":0,"no":false}}"#;

fn event(submission: Option<Submission>, payload: Option<&str>) -> ToShape {
    let event = Event {
        id: "evt_1".into(),
        name: if payload.is_some() { "EMAIL_REPLY".into() } else { "lead.delivered".into() },
        occurred_at: NOW_MS,
        status: submission.is_some().then(|| "delivered".into()),
        submission,
        details: r#"{"reference":"r1","price":1.50}"#.into(),
        payload: payload.map(Into::into),
        category: payload.map(|_| Category { id: 2, name: "Interested".into() }),
    };
    (destination(DestinationKind::OrganizationWebhook), Subject::Event(event))
}

/// W2, C2: the keys of the standard payload in their order.
#[test]
fn w2_c2_the_standard_payload_of_an_event() {
    let payload = shape("", event(Some(submission(LEAD)), None)).unwrap();
    let expected = concat!(
        r#"{"event":"lead.delivered","leadId":"lead_1","submissionId":"sub_1-0","campaignId":"ABC","status":"delivered","#,
        r#""timestamp":"2024-06-15T10:30:00Z","data":{"firstName":"John","lastName":"Doe","email":"john@example.com","#,
        r#""phone":"+15551234567","tags":["vip"],"externalId":"x1","custom":{"plan":"Pro","n":1e400,"zero":0,"no":false}},"#,
        r#""context":{"reference":"r1","price":1.50}}"#
    );
    assert_eq!(body(&payload), expected);
    assert_eq!(payload.content_type.as_deref(), Some("application/json"));
    assert_eq!((payload.method, payload.query.len(), payload.headers.len()), (None, 0, 0));
}

/// W2: a reported event carries its payload as data and its category in context; unknown ids are null.
#[test]
fn w2_the_standard_payload_of_a_reported_event() {
    let payload = shape("", event(None, Some(r#"{"to_email":"l@x.example","n":1.10}"#))).unwrap();
    let expected = concat!(
        r#"{"event":"EMAIL_REPLY","leadId":null,"submissionId":null,"campaignId":"ABC","status":null,"#,
        r#""timestamp":"2024-06-15T10:30:00Z","data":{"to_email":"l@x.example","n":1.10},"#,
        r#""context":{"reference":"r1","price":1.50,"category":{"id":2,"name":"Interested"}}}"#
    );
    assert_eq!(body(&payload), expected);
}

/// L11: a test is marked in what is sent.
#[test]
fn l11_a_test_lead_is_marked() {
    let lead = r#"{"email":"a@b.example","custom":{}}"#;
    let test = Submission { is_test: true, ..submission(lead) };
    let client = shape("", to_client(test.clone())).unwrap();
    let expected = concat!(
        r#"{"event":"lead.delivery","leadId":"lead_1","submissionId":"sub_1-0","campaignId":"ABC","status":"delivering","#,
        r#""timestamp":"2024-06-15T10:30:00Z","data":{"email":"a@b.example"},"context":{"test":true}}"#
    );
    assert_eq!(body(&client), expected);
    let webhook = shape("", event(Some(test), None)).unwrap();
    assert!(body(&webhook).ends_with(r#""context":{"reference":"r1","price":1.50,"test":true}}"#));
    assert!(body(&shape("", to_client(submission(lead))).unwrap()).ends_with(r#""context":{}}"#));
}

#[test]
fn m8_a_client_gets_what_its_document_says() {
    let document = r#"
version: 1
shape:
  client:
    method: PUT
    headers:
      X-Campaign: {from: campaign.id}
      X-Name: "{{ lead.first_name }} {{ lead.last_name }}"
      X-None: {from: lead.city}
      X-Fixed: yes
    format: json
    body:
      person:
        name: "{{ lead.first_name }} {{ lead.last_name }}"
        mail: {from: lead.email, then: [upper]}
      zero: {from: lead.custom.zero}
      no: {from: lead.custom.no}
      gone: {from: lead.custom.gone}
      null: {from: lead.custom.gone, on_missing: null}
      list: [{from: lead.phone}, {from: lead.city}, fixed, 7]
      literal: {value: {from: here}}
      when: {value: 1, when: {field: lead.custom.plan, op: eq, value: Basic}}
      id: {from: submission.id}
      url: {from: destination.url}
"#;
    let payload = shape(document, to_client(submission(LEAD))).unwrap();
    let expected = concat!(
        r#"{"person":{"name":"John Doe","mail":"JOHN@EXAMPLE.COM"},"zero":0,"no":false,"null":null,"#,
        r#""list":["+15551234567","fixed",7],"literal":{"from":"here"},"id":"sub_1-0","url":"https://client.example/leads"}"#
    );
    assert_eq!(body(&payload), expected);
    assert_eq!(payload.method.as_deref(), Some("PUT"));
    let headers: Vec<(&str, &str)> = payload.headers.iter().map(|h| (h.name.as_str(), h.value.as_str())).collect();
    assert_eq!(headers, [("x-campaign", "ABC"), ("x-name", "John Doe"), ("x-fixed", "yes")]);
}

#[test]
fn m8_a_form_keeps_every_digit() {
    let document = "version: 1\nshape:\n  client:\n    format: form\n    body: {name: '{{ lead.first_name }} & Co', n: {from: lead.custom.n}, tags: {from: lead.tags}}";
    let payload = shape(document, to_client(submission(LEAD))).unwrap();
    assert_eq!(body(&payload), "name=John+%26+Co&n=1e400&tags=vip");
    assert_eq!(payload.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
}

/// D3: GET carries the fields in the query.
#[test]
fn d3_get_carries_the_fields_in_the_query() {
    let document = "version: 1\nshape: {client: {method: GET, body: {a: {from: lead.first_name}, b: [1, 2]}}}";
    let payload = shape(document, to_client(submission(LEAD))).unwrap();
    let query: Vec<(&str, &str)> = payload.query.iter().map(|p| (p.name.as_str(), p.value.as_str())).collect();
    assert_eq!(query, [("a", "John"), ("b", "1"), ("b", "2")]);
    assert!(payload.body.is_none() && payload.content_type.is_none());
    assert_eq!(pair("a", "b").value, "b");
}

#[test]
fn m5_a_value_that_must_be_there_fails_the_message() {
    let document = "version: 1\nshape: {client: {body: {city: {from: lead.city, on_missing: fail}}}}";
    let failure = shape(document, to_client(submission(LEAD))).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("field_missing", Some("body.city")));
}

/// A header can't smuggle another one in.
#[test]
fn w8_line_breaks_in_headers_are_taken_out() {
    let document = "version: 1\nshape: {client: {headers: {x-a: {from: lead.city}}, body: {}}}";
    let payload = shape(document, to_client(submission("{\"city\":\"a\\r\\nHost: b\",\"custom\":{}}"))).unwrap();
    assert_eq!(payload.headers[0].value, "aHost: b");
}

/// The body that a message gives of a lead.
fn sent_body(message: &str, lead: &str) -> String {
    body(&shape(&format!("version: 1\nshape: {{client: {{body: {message}}}}}"), to_client(submission(lead))).unwrap())
}

/// M8: an object whose only member is called like a key of the language has a way to be written.
#[test]
fn m8_an_object_may_have_any_member() {
    let lead = r#"{"email":"a@b.example","custom":{}}"#;
    for (message, expected) in [
        ("{object_of: {value: {from: lead.email}}}", r#"{"value":"a@b.example"}"#),
        ("{a: {object_of: {from: x}}}", r#"{"a":{"from":"x"}}"#),
        ("{object_of: {template: '{{ lead.email }}'}}", r#"{"template":"a@b.example"}"#),
        ("{object_of: {first_of: [1, 2]}}", r#"{"first_of":[1,2]}"#),
        ("{object_of: {when: 1, make: 2}}", r#"{"when":1,"make":2}"#),
        ("{object_of: {object_of: {value: 1}}}", r#"{"object_of":1}"#),
        ("{object_of: {}}", "{}"),
        ("{object_of: {a: 1}, b: 2}", r#"{"object_of":{"a":1},"b":2}"#),
        ("{make: Toyota}", r#"{"make":"Toyota"}"#),
        ("{make: Toyota, model: Yaris, when: now}", r#"{"make":"Toyota","model":"Yaris","when":"now"}"#),
    ] {
        let document = format!("version: 1\nshape: {{client: {{body: {message}}}}}");
        assert_eq!(warnings(&document), Vec::<String>::new(), "{message}");
        assert_eq!(sent_body(message, lead), expected, "{message}");
    }
}

/// M5, M8: a part with a condition, in each place where a part can stand.
#[test]
fn m5_m8_parts_are_left_out_by_their_condition() {
    let part = "{when: {field: lead.zip, op: present}, make: {zip: {from: lead.zip}}}";
    let (with, without) = (r#"{"zip":"1","custom":{"l":[1,2,3]}}"#, r#"{"custom":{}}"#);
    for (message, there, gone) in [
        (format!("{{a: {part}, b: 1}}"), r#"{"a":{"zip":"1"},"b":1}"#, r#"{"b":1}"#),
        (format!("[{part}, x]"), r#"[{"zip":"1"},"x"]"#, r#"["x"]"#),
        (format!("{{a: {{first_of: [{part}, none]}}}}"), r#"{"a":{"zip":"1"}}"#, r#"{"a":"none"}"#),
        (format!("{{merge: [{{b: 1}}, {part}]}}"), r#"{"b":1,"zip":"1"}"#, r#"{"b":1}"#),
        (part.to_owned(), r#"{"zip":"1"}"#, "{}"),
        (
            "{a: {for_each: lead.custom.l, when: {field: item, op: ne, value: 2}, make: {n: {from: position}}}}"
                .to_owned(),
            r#"{"a":[{"n":1},{"n":3}]}"#,
            "{}",
        ),
    ] {
        assert_eq!(sent_body(&message, with), there, "{message}");
        assert_eq!(sent_body(&message, without), gone, "{message}");
    }
}

/// M2, M8: what looks like the language and is taken as it stands is told, with its place.
#[test]
fn m2_m8_what_is_taken_as_it_stands_is_told() {
    for (body, told) in [
        ("{a: {value: {b: {from: c}}}}", "34 sent_verbatim shape.client.body.a.value.b"),
        ("{a: {value: {b: {from: lead.x, then: [trim]}}}}", "34 sent_verbatim shape.client.body.a.value.b"),
        ("{a: {value: [{for_each: lead.tags, make: 1}]}}", "31 sent_verbatim shape.client.body.a.value[0]"),
        ("{a: {value: '{{ lead.email }}'}}", "30 sent_verbatim shape.client.body.a.value"),
        ("{a: {value: lead.email}}", "30 sent_verbatim shape.client.body.a.value"),
        ("{a: lead.email}", "22 sent_verbatim shape.client.body.a"),
        (
            "{a: {from: lead.email, on_missing: {default: lead.phone}}}",
            "63 sent_verbatim shape.client.body.a.on_missing.default",
        ),
        (
            "{a: {from: lead.email, then: [{default: lead.phone}]}}",
            "58 sent_verbatim shape.client.body.a.then[0].default",
        ),
        ("{b: 1, when: {field: lead.zip, op: present}}", "25 sent_verbatim shape.client.body.when"),
        ("{b: {c: 1, when: [{any: [{field: lead.zip, op: present}]}]}}", "29 sent_verbatim shape.client.body.b.when"),
        ("{from: lead.email, thne: [trim]}", "37 sent_verbatim shape.client.body.thne"),
    ] {
        let document = format!("version: 1\nshape:\n  client: {{body: {body}}}");
        assert_eq!(warnings(&document), [format!("3:{told}")], "{body}");
    }
    for document in [
        "version: 1\nmap:\n  fields: {a: {value: {b: {from: c}}}}",
        "version: 1\nmap:\n  fields: {a: {from: [b, {value: campaign.name}]}}",
        "version: 1\nqualify:\n  - {field: a, op: eq, value: campaign.name}",
    ] {
        assert!(
            warnings(document).len() == 1 && warnings(document)[0].contains("sent_verbatim"),
            "{document}: {:?}",
            warnings(document)
        );
    }
}
