//! What authors are told, with place and hint (M2).

use hookmill_plugin_default::{STANDARD_DOCUMENT, STANDARD_PAYLOAD, plan::LoadedPlan};

use crate::fixtures::{problems, warnings};

/// Each problem as `line:column code path | suggestion`.
fn diagnose(document: &str) -> Vec<String> {
    let tell = |p: &hookmill_plugin_sdk::types::Diagnostic| {
        format!("{}:{} {} {} | {}", p.line, p.column, p.code, p.path, p.suggestion.as_deref().unwrap_or("-"))
    };
    problems(document).iter().map(tell).collect()
}

#[test]
fn m2_all_problems_are_told_at_once() {
    let document = "\
version: 1
mpa: {}
map:
  fields:
    emial: email
    first_name: {form: a, then: [trimm]}
    phone: {from: '$.a[', on_missing: omti}
    zip: {from: zip, value: 1}
    age: 5
qualify:
  - {field: age, op: gte, value: 18}
  - {field: age, op: gt, value: '18'}
  - {feild: age, op: present}
  - {field: x, op: valid}
shape:
  client: {body: {a: {from: email}}, headers: {Host: x}, format: xlm}
";
    assert_eq!(
        diagnose(document),
        [
            "2:1 unknown_key mpa | did you mean `map`?",
            "5:5 misspelt_field map.fields.emial | write `email`, or `custom.emial` if you mean a custom field",
            "6:18 unknown_key map.fields.first_name.form | did you mean `from`?",
            "6:17 one_source map.fields.first_name | say where the value comes from, such as `from: email`",
            "6:34 unknown_function map.fields.first_name.then[0] | did you mean `trim`?",
            "7:19 bad_path map.fields.phone.from | write `['a key']`, `[0]`, `[*]`, `[0:2]` or `[?@.type == 'home']`",
            "7:39 unknown_word map.fields.phone.on_missing | did you mean `omit`?",
            "8:10 one_source map.fields.zip | keep one of them; alternatives are written `from: [email, {value: none}]`",
            "9:10 wrong_type map.fields.age | write a fixed value `{value: 5}`",
            "11:22 unknown_word qualify[0].op | did you mean `ge`?",
            "12:33 wrong_type qualify[1].value | write it without quotes",
            "13:6 unknown_key qualify[2].feild | did you mean `field`?",
            "13:5 missing_key qualify[2] | write it like `{field: age, op: ge, value: 18}`",
            "14:5 missing_key qualify[3] | add `value:` with one of email, phone, date, url, ip, zip, state, country, number, uuid",
            "16:66 unknown_word shape.client.format | did you mean `xml`?",
            "16:48 reserved_header shape.client.headers.Host | remove it",
            "16:29 bad_path shape.client.body.a.from | did you mean `lead.email`?",
        ]
    );
}

/// M2: an operand under another operator's key is sent where it belongs, with one message.
#[test]
fn m2_operands_under_other_keys_are_sent_where_they_belong() {
    for (rule, expected) in [
        (
            "{field: a, op: eq, values: [x]}",
            "qualify[0].values | write it under `value`; for several values there is `op: in`",
        ),
        ("{field: a, op: ge, values: [1]}", "qualify[0].values | write it under `value`"),
        ("{field: a, op: in_set, value: zips}", "qualify[0].value | write it under `set`"),
        ("{field: a, op: eq, value: 1, values: [2]}", "qualify[0].values | remove this"),
        ("{field: a, op: present, value: 1}", "qualify[0].value | remove this"),
    ] {
        let told = diagnose(&format!("version: 1\nqualify: [{rule}]"));
        assert!(matches!(told.as_slice(), [only] if only.ends_with(expected)), "{rule}: {told:?}");
    }
}

/// M2: what a person writes by analogy is answered with how it is written here.
#[test]
fn m2_what_is_written_by_analogy_is_shown_how_to_write() {
    let document = "\
version: 1
map:
  fields:
    source: {from: platform, then: [{lookup: {fb: Facebook, ig: Instagram}}]}
    last_name: '{{ surname }}'
    zip: {from: zip, then: {trim: , pad: 5}}
interpret:
  outcomes:
    - {outcome: rejected, reason: '{{ response }} {{ info.status }}'}
";
    assert_eq!(
        diagnose(document),
        [
            "4:46 unexpected_argument map.fields.source.then[0].lookup | write `{lookup: {table: {...}}}`; beside it may stand default, ignore_case",
            "5:16 bad_path map.fields.last_name | write `{template: \"{{ surname }}\"}`; only in a message is a text a template by itself",
            "6:28 wrong_type map.fields.zip.then | write a list, `[{trim: ...}, {pad: ...}]`; several arguments of one function stand in a map inside",
            "9:35 bad_path interpret.outcomes[0].reason | write `{template: \"{{ response }} {{ info.status }}\"}`; only in a message is a text a template by itself",
        ]
    );
}

/// M2: JSON documents get the same places.
#[test]
fn m2_json_has_places_too() {
    assert_eq!(
        diagnose("{\n  \"version\": 1,\n\t\"map\": {\"fields\": {\"é\": {\"frm\": \"a\"}}}\n}"),
        [
            "3:27 unknown_key map.fields.é.frm | did you mean `from`?",
            "3:26 one_source map.fields.é | say where the value comes from, such as `from: email`",
        ]
    );
    assert_eq!(diagnose("{\"version\": 1,\n \"map\": tru}"), ["2:9 wrong_type map | -"]);
    assert_eq!(diagnose("{\"version\": 1,\n \"map\": {\"fields\": {}"), ["2:22 not_json  | -"]);
    assert_eq!(diagnose("{\"version\": 1, \"map\": {}, \"map\": {}}"), ["1:27 duplicate_key map | remove one of them"]);
}

#[test]
fn m2_texts_that_are_no_documents() {
    for (document, expected) in [
        ("version: 2", "1:10 unknown_version version | write `version: 1`"),
        ("name: x", "1:1 missing_key  | begin the document with `version: 1`"),
        ("just text", "1:1 wrong_type  | -"),
        ("- a\n- b", "1:1 wrong_type  | -"),
        ("a: &x 1\nb: *x", "2:4 alias  | write the value out"),
        ("version: 1\nversion: 1", "2:1 duplicate_key version | remove one of them"),
        ("? [a]\n: b", "1:3 bad_key  | write a name before the colon"),
        (
            "version: 1\nmap: {fields: {a: {template: {{ b }}}}}",
            "2:31 bad_key  | write a name before the colon; a text that begins with `{{` stands in quotes",
        ),
        ("version: 1\nmap:\n\tfields: {}", "3:2 not_yaml  | indent with spaces"),
        ("version: 1\nname: a: b", "2:8 not_yaml  | quote a text that has a colon in it"),
        ("version: 1\n---\nversion: 1", "2:1 second_document  | keep one; remove the `---`"),
    ] {
        assert_eq!(diagnose(document), [expected], "{document}");
    }
    assert_eq!(problems("version: [1").first().map(|p| p.code.as_str()), Some("not_yaml"));
}

/// M2 M9: what looks like a value and is sent as it stands is told, and sent all the same.
#[test]
fn m2_what_is_sent_as_it_stands_is_told() {
    let told_of = |body: &str| warnings(&format!("version: 1\nshape:\n  client:\n    body: {body}\n"));
    for (body, place) in [
        ("{a: lead.email}", "4:15 sent_verbatim shape.client.body.a"),
        ("[lead.custom.age]", "4:12 sent_verbatim shape.client.body[0]"),
        ("{a: {from: lead.email, default: none}}", "4:34 sent_verbatim shape.client.body.a.default"),
        ("{list: {for_each: lead.tags, make: {tag: item.name}}}", "4:52 sent_verbatim shape.client.body.list.make.tag"),
    ] {
        assert_eq!(told_of(body), [place], "{body}");
    }
    for literal in ["lead", "lead.com", "a.b", "campaign.example.com", "Lead. Email.", "{{ lead.email }}"] {
        assert!(told_of(&format!("{{a: \"{literal}\"}}")).is_empty(), "{literal}");
    }
    for literal in ["{from: London, to: Paris}", "{from: {from: lead.email}, to: x}", "{value: 1, unit: kg}"] {
        assert!(told_of(literal).is_empty(), "{literal}");
    }
}

/// H6: every bound has a name and a message.
#[test]
fn h6_bounds_are_told() {
    use hookmill_plugin_default::document::*;
    let code = |document: &str| problems(document).first().map(|p| p.code.clone()).unwrap_or_default();
    assert_eq!(code(&" ".repeat(DOCUMENT_BYTES_MAX + 1)), "too_large");
    assert_eq!(code(&("[".repeat(DEPTH_MAX + 1) + &"]".repeat(DEPTH_MAX + 1))), "too_deep");
    assert_eq!(code(&format!("{{\"version\":1,\"map\":{}1{}}}", "[".repeat(100), "]".repeat(100))), "too_deep");
    assert_eq!(code(&format!("version: 1\nmap: [{}]", "1,".repeat(NODES_MAX))), "too_large");
    let fields: String = (0..=FIELDS_MAX).map(|n| format!("    f{n}: a\n")).collect();
    assert_eq!(code(&format!("version: 1\nmap:\n  fields:\n{fields}")), "too_many");
    let rules = "  - {field: a, op: blank}\n".repeat(RULES_MAX + 1);
    assert_eq!(code(&format!("version: 1\nqualify:\n{rules}")), "too_many");
    assert_eq!(
        code(&format!("version: 1\nmap: {{fields: {{email: {}}}}}", "a".repeat(PATH_BYTES_MAX + 1))),
        "bad_path"
    );
    assert_eq!(
        problems(&format!("version: 1\n{}", (0..300).map(|n| format!("k{n}: 1\n")).collect::<String>())).len(),
        DIAGNOSTICS_MAX
    );
}

/// M2, O3: the standard document and payload are documents like any other; an empty one means both.
#[test]
fn m2_o3_the_standard_is_a_document() {
    for document in ["", "version: 1", "{\"version\": 1}", "# nothing\n", "{}", STANDARD_DOCUMENT, STANDARD_PAYLOAD] {
        assert_eq!(diagnose(document), Vec::<String>::new());
    }
    let standard = hookmill_plugin_default::document::standard().unwrap();
    let bytes = standard.to_bytes(hookmill_plugin_default::functions::plain_codes).unwrap();
    let loaded = LoadedPlan::read(&bytes).unwrap();
    assert_eq!(loaded.name(), Ok(standard.name.as_deref()));
    let map = loaded.map().unwrap();
    let fields: Vec<_> = (0..map.len()).map(|index| map.field(index).unwrap().clone()).collect();
    assert_eq!((fields, &map.options.also_search), (standard.map.fields.clone(), &standard.map.also_search));
    assert_eq!(loaded.qualify(), Ok(standard.qualify.as_slice()));
    assert_eq!(loaded.client().unwrap().message(), Ok(&standard.client));
    assert_eq!(loaded.webhook().unwrap().message(), Ok(&standard.webhook));
    assert_eq!((loaded.interpret(), &standard.interpret), (Ok(None), &None));
    assert_eq!(
        hookmill_plugin_default::document::compile("version: 1")
            .unwrap()
            .plan
            .to_bytes(hookmill_plugin_default::functions::plain_codes)
            .unwrap(),
        bytes
    );
}

/// P4: bytes that are not a plan are rejected.
#[test]
fn p4_damaged_plans_are_rejected() {
    let bytes = hookmill_plugin_default::document::standard()
        .unwrap()
        .to_bytes(hookmill_plugin_default::functions::plain_codes)
        .unwrap();
    for (index, reason) in [(0, "this version"), (5, "checksum"), (bytes.len() - 1, "checksum")] {
        let mut damaged = bytes.clone();
        damaged[index] ^= 1;
        assert!(LoadedPlan::read(&damaged).unwrap_err().0.contains(reason), "{index}");
    }
    assert!(LoadedPlan::read(&[]).is_err() && LoadedPlan::read(&bytes[..8]).is_err());
}
