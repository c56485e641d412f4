//! Tables of fields and drafts, as a whole.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn elements(values: &[Value]) -> Vec<Element> {
    let timed = values.iter().zip(0..);
    timed.map(|(value, at)| Element { received_at_ms: at * 1_000, value: value.clone() }).collect()
}

fn field<'f>(fields: &'f Fields, written: &str) -> &'f Field {
    let found = fields.fields.iter().find(|field| field.written == written);
    found.unwrap_or_else(|| panic!("{written} is not among {:?}", fields.fields))
}

/// M11: each path with its types, how often it is filled, and masked examples.
#[test]
fn m11_every_path_is_listed_with_its_values() {
    let fields = discover(&elements(&[
        json!({"email": "alice@example.com", "age": 31, "contact": {"phones": [{"number": "512-555-0100"}]}, "tags": []}),
        json!({"email": "", "age": "31", "tags": ["a", "b"]}),
        json!({"email": null}),
        json!({}),
    ]));
    assert_eq!((fields.elements, fields.first_at_ms, fields.last_at_ms), (4, Some(0), Some(3_000)));
    let email = field(&fields, "email");
    assert_eq!((email.seen, email.filled, email.fill_rate(4)), (3, 1, 0.25));
    assert_eq!(email.kinds, Kinds { text: 2, null: 1, ..Kinds::default() });
    assert_eq!(email.examples, ["xxxxx@xxxxxxx.xxx"]);
    assert_eq!((email.first_seen_ms, email.last_seen_ms), (0, 2_000));
    assert_eq!(email.meaning, Some(Meaning::Email));
    assert_eq!(field(&fields, "age").kinds, Kinds { text: 1, number: 1, ..Kinds::default() });
    assert_eq!(field(&fields, "contact.phones[*].number").meaning, Some(Meaning::Phone));
    assert_eq!(field(&fields, "tags").kinds, Kinds { empty_list: 1, ..Kinds::default() });
    assert_eq!(field(&fields, "tags[*]").kinds, Kinds { text: 2, ..Kinds::default() });
}

/// M11: of a list of pairs, each name is a path; so are names that are somebody's data, all as one.
#[test]
fn m11_pairs_are_paths_by_name() {
    let fields = discover(&elements(&[json!({
        "field_data": [{"name": "email", "values": ["MARIA@Example.com"]}, {"name": "interests", "values": ["a", "b"]}, {"name": "inbox_url"}],
        "questionnaire": [{"question": "Filing for?", "answer": "Chapter 7"}],
        "by_mail": {"ann@x.example": {"age": 3}, "bob@x.example": {"age": 4}},
    })]));
    let written: Vec<&str> = fields.fields.iter().map(|field| field.written.as_str()).collect();
    let expected = [
        "$.field_data[?@.name == 'email'].values[0]",
        "$.field_data[?@.name == 'interests'].values[*]",
        "$.field_data[?@.name == 'inbox_url'].values",
        "$.questionnaire[?@.question == 'Filing for?'].answer",
        "by_mail[*].age",
    ];
    assert_eq!(written, expected);
    assert_eq!(field(&fields, expected[0]).meaning, Some(Meaning::Email));
}

/// M11: by name and by shape; a name that the values contradict does not count.
#[test]
fn m11_meanings_need_name_and_shape_to_agree() {
    let fields = discover(&elements(&[json!({
        "email": true, "reach_me": "a@x.example", "from_email": "s@y.example", "call": "+15125550100", "phone": "evenings",
        "country_code": "1", "id": 7, "state": "CA", "born": "10/25/1976", "seen": "192.168.1.9", "home": "123 Main St", "debt": "$12,000",
    })]));
    let table = [
        ("email", None),
        ("reach_me", Some(Meaning::Email)),
        ("from_email", None),
        ("call", Some(Meaning::Phone)),
        ("phone", None),
        ("country_code", None),
        ("id", Some(Meaning::ExternalId)),
        ("state", Some(Meaning::State)),
        ("born", None),
        ("seen", Some(Meaning::Ip)),
        ("home", Some(Meaning::Street)),
        ("debt", None),
    ];
    for (written, expected) in table {
        assert_eq!(field(&fields, written).meaning, expected, "{written}");
    }
    assert_eq!(field(&fields, "born").date_formats, ["%m/%d/%Y"]);
}

/// M11: a draft says where each field is found, how often it is filled, and what stays a custom field. That drafts compile is shown in
/// `tests/it`, by the compiler.
#[test]
fn m11_a_draft_is_a_document_with_reasons() {
    let fields = discover(&elements(&[json!({
        "full_name": "Ann Poe", "email": "ann@x.example", "dob": "10/12/1976", "campaign_id": "SOLAR", "custom_fields": {"roof": "flat"},
        "answers": [{"question": "How many rooms?", "answer": "5"}],
    })]));
    let expected = r#"# A draft, made from 1 lead.
# Review every line before use; a dry run shows the result for a sample.
version: 1
name: draft
map:
  fields:
    first_name:
      from:
        - {path: full_name, then: [{split_name: first}]}  # filled in 100%, like Xxx Xxx
      then: [collapse_space]
      on_error: keep_raw
    last_name:
      from:
        - {path: full_name, then: [{split_name: last}]}  # filled in 100%, like Xxx Xxx
      then: [collapse_space]
      on_error: keep_raw
    email:
      from:
        - email  # filled in 100%, like xxx@x.xxxxxxx
      then: [email]
      on_error: keep_raw
    date_of_birth:
      from:
        - {path: dob, then: [{date: ["%m/%d/%Y", "%d/%m/%Y"]}]}  # filled in 100%, like ##/##/####; month first or day first? remove the wrong format
      on_error: keep_raw
    custom.how_many_rooms:
      from:
        - "$.answers[?@.question == 'How many rooms?'].answer"  # filled in 100%, like #
      then: [first]
  # Everything not used above is kept under its own name as a custom field.
  unknown: custom
  # Part of the envelope, not of the lead.
  ignore: [campaign_id]
  # Their members become custom fields of their own.
  expand: [custom_fields]
# Not recognised, kept as custom fields:
#   custom_fields.roof  text, filled in 100%, like xxxx
"#;
    assert_eq!(draft(&fields), expected);
}

/// H6: what is too much is counted, and bounds hold.
#[test]
fn m11_bounds_hold() {
    let wide: Value =
        (0..PATHS_MAX + 10).map(|n| (format!("key{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let fields = discover(&elements(&[wide]));
    assert_eq!((fields.fields.len(), fields.values_left_out, fields.elements_cut), (PATHS_MAX, 10, 0));
    let long: Value = vec![json!(1); VALUES_MAX + 1].into();
    let fields = discover(&elements(&[long]));
    assert_eq!((fields.fields.len(), fields.elements_cut), (1, 1));
    assert_eq!(discover([]).fields.len(), 0);
    assert!(draft(&discover([])).contains("unknown: custom"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("ann.poe@mail.example")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("(name|value|email|a\\.b|\\PC{0,6})", inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    /// M11: whatever elements say, no two paths are written alike, no address is shown, and a draft is made line by line.
    #[test]
    fn m11_any_elements_are_listed(values in prop::collection::vec(any_json(), 0..5)) {
        let fields = discover(&elements(&values));
        let mut written: Vec<&str> = fields.fields.iter().map(|field| field.written.as_str()).collect();
        written.sort_unstable();
        let all = written.len();
        written.dedup();
        prop_assert_eq!(written.len(), all);
        let draft = draft(&fields);
        prop_assert!(!draft.contains("ann.poe@mail.example"));
        prop_assert!(!draft.chars().any(|c| c.is_control() && c != '\n'));
    }
}

fn drafted(bodies: &[Value]) -> String {
    draft(&discover(&elements(bodies)))
}

/// M1 M11: the one list of people below the root is the leads, wherever it stands.
#[test]
fn m11_a_list_of_leads_is_drafted_as_items() {
    let (ann, bo) = (json!({"name": "Ann", "email": "a@x.example"}), json!({"name": "Bo", "email": "b@x.example"}));
    let both = json!([ann, bo]);
    let table = [
        (json!({"data": {"leads": both}}), "data.leads"),
        (json!({"leads": [ann]}), "leads"),
        (json!({"fields": {"x y": both}}), "\"$.fields['x y']\""),
        (json!({"homes": [{"people": both}, {"people": [ann]}]}), "\"homes[*].people[*]\""),
        (json!({"payload": both.to_string()}), "{from: payload, then: [parse_json]}"),
        (json!({"payload": ann.to_string()}), "{from: payload, then: [parse_json]}"),
        (json!({"p": json!({"a": {"b": both}}).to_string()}), "{from: p, then: [parse_json], at: a.b}"),
        (Value::from(json!({"leads": both}).to_string()), "{from: $, then: [parse_json], at: leads}"),
        (
            json!({"people[0][name]": "Ada", "people[0][email]": "a@x.example", "people[1][name]": "Bo"}),
            "{from: $, then: [{unflatten: {brackets: true}}], at: people}",
        ),
    ];
    for (body, items) in table {
        let draft = drafted(&[body]);
        assert!(draft.contains(&format!("\n  items: {items}\n")), "{items} is not in\n{draft}");
        assert!(!draft.contains("is read as a part of one lead"), "{draft}");
    }
}

/// M1 M11: what stands around a list of leads is reached from each of them.
#[test]
fn m11_what_is_around_the_leads_has_lines() {
    let leads = json!([{"email": "a@x.example"}, {"email": "b@x.example"}]);
    let text = json!({"batch": {"no": 5, "leads": leads}, "top": 1}).to_string();
    let table: [(Value, &[&str]); 4] = [
        (
            json!({"id": 7, "source": "w", "token": "t", "a.b": "q", "tags": ["u"], "data": {"page": 1, "leads": leads}}),
            &[
                "source:\n      from:\n        - body.source ",
                "custom.id:\n      from:\n        - body.id ",
                "\"body['a.b']\" ",
                "body.tags ",
                "body.data.page ",
                "# Part of the envelope, not of the lead: body.token\n",
            ],
        ),
        (
            json!({"homes": [{"street": "1 Main St", "people": leads}]}),
            &["street:\n      from:\n        - parent.street "],
        ),
        (json!({"form": "f", "p": text}), &["- body.form ", "- parent.parent.batch.no ", "- parent.parent.top "]),
        (
            json!({"people[0][email]": "a@x.example", "people[1][email]": "b@x.example", "zip": "02139"}),
            &["zip:\n      from:\n        - body.zip "],
        ),
    ];
    for (body, lines) in table {
        let draft = drafted(&[body]);
        assert!(draft.contains("\n  items: ") && !draft.contains("- body.token"), "{draft}");
        for line in lines {
            assert!(draft.contains(line), "{line} is not in\n{draft}");
        }
    }
}

/// M11: a list that may be leads or a part of one is named with the alternative, and nothing of it is left out.
#[test]
fn m11_a_list_that_may_be_leads_is_named() {
    let people = json!([{"name": "Ann", "email": "a@x.example"}, {"name": "Bo", "email": "b@x.example"}]);
    let pairs = json!([{"name": "rooms", "values": ["3"]}, {"name": null, "values": ["?"]}]);
    let table: [(&[Value], &[&str]); 7] = [
        (&[json!({"field_data": pairs})], &["field_data"]),
        (&[json!({"email": "c@x.example", "contacts": people})], &["contacts"]),
        (&[json!({"leads": people, "contacts": people})], &["leads", "contacts"]),
        (&[json!({"leads": people}), json!({"email": "c@x.example"})], &["leads"]),
        (&[json!({"agents": people})], &["agents"]),
        (
            &[json!({"email": "c@x.example", "phones": [{"number": "512-555-0100"}, {"number": "512-555-0101"}]})],
            &["phones"],
        ),
        (&[json!({"email": "c@x.example", "products": [{"name": "a"}, {"name": "b"}]})], &["products"]),
    ];
    for (bodies, lists) in table {
        let draft = drafted(bodies);
        assert!(!draft.contains("\n  items: "), "{draft}");
        for list in lists {
            assert!(draft.contains(&format!("\n#   items: {list}\n")), "{list} is not in\n{draft}");
        }
        let has_names = lists.iter().all(|list| !["phones", "products", "agents", "field_data"].contains(list));
        for list in lists.iter().filter(|_| has_names) {
            assert!(draft.contains(&format!("        - {list}  # the whole list")), "{draft}");
        }
    }
    let questionnaire = json!({"email": "c@x.example", "answers": [{"question": "a", "answer": "b"}, {"question": "c", "answer": "d"}]});
    assert!(!drafted(&[questionnaire]).contains("items:"));
}

/// A text of a kind that bodies hold, with no word in it that drafts hold.
fn any_secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[Q-W]{8,12}_[Q-W]{8,12}",
        "[q-w]{8,12}@[q-w]{8,12}\\.[q-w]{8,12}",
        "[Q-W][q-w]{8,12}",
        "\\+[2-9]{11,14}",
        "[Q-W][q-w]{8,12} [Q-W][q-w]{8,12}",
        "[2-9]{8,12}",
    ]
}

proptest! {
    /// M11 O8: no value is in a draft or in the table, wherever it stands.
    #[test]
    fn m11_no_value_is_in_a_draft(secrets in prop::collection::vec(any_secret(), 4)) {
        let one = |index: usize| json!({"email": secrets[index], "name": secrets[index + 1], "note": secrets[index]});
        let list = json!([one(0), one(1), one(2)]);
        let bodies = [
            list[0].clone(),
            json!({"a": secrets[3], "data": {"leads": list, "b": secrets[0]}}),
            json!({"a": secrets[3], "p": list.to_string()}),
            json!({"p[0][email]": secrets[0], "p[1][email]": secrets[1], "a": secrets[2]}),
            json!({"email": secrets[0], "contacts": list, "answers": [{"question": "q", "answer": secrets[1]}]}),
        ];
        for body in bodies {
            let fields = discover(&elements(&[body.clone(), body]));
            let shown = format!("{}{fields:?}", draft(&fields));
            for secret in secrets.iter().flat_map(|secret| secret.split(['@', '_', ' ', '.', '+'])).filter(|it| !it.is_empty()) {
                prop_assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
}
