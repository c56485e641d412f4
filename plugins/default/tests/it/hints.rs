//! Suggested fixes are done here as they say, and then the document compiles (M2).

use hookmill_plugin_default::document::codes::CODES;

use crate::fixtures::{leads, problems, warnings};

/// Where a piece of a document stands.
#[derive(Clone, Copy)]
enum In {
    /// It is the document.
    Whole,
    /// A field of `map`.
    Field,
    /// What stands under `map`.
    Map,
    /// A rule.
    Rule,
    /// The body of the message to the client.
    Body,
    /// What stands under `shape.client`.
    Message,
    /// What stands under `interpret`.
    Interpret,
}

use In::{Body, Field, Interpret, Map, Message, Rule, Whole};

fn document(place: In, piece: &str) -> String {
    match place {
        Whole => piece.to_owned(),
        Field => format!("version: 1\nmap:\n  fields:\n    x: {piece}\n"),
        Map => format!("version: 1\nmap: {piece}\n"),
        Rule => format!("version: 1\nqualify:\n  - {piece}\n"),
        Body => format!("version: 1\nshape:\n  client:\n    body: {piece}\n"),
        Message => format!("version: 1\nshape:\n  client: {piece}\n"),
        Interpret => format!("version: 1\ninterpret: {piece}\n"),
    }
}

/// A place, the code, a piece with the mistake, what the suggested fix says, and the piece when that is done.
const FIXES: &[(In, &str, &str, &str, &str)] = &[
    (
        Whole,
        "alias",
        "version: 1\nname: &n x\nmap: {fields: {y: *n}}",
        "write the value out",
        "version: 1\nname: x\nmap: {fields: {y: x}}",
    ),
    (
        Message,
        "bad_content_type",
        "{content_type: xml, body: {}}",
        "`text/xml; charset=utf-8`",
        "{content_type: text/xml; charset=utf-8, body: {}}",
    ),
    (Map, "bad_field_name", "{fields: {custom: age}}", "`custom.age`", "{fields: {custom.age: age}}"),
    (Field, "bad_format", "{from: a, then: [{date: '%m/%d'}]}", "`%m/%d/%Y`", "{from: a, then: [{date: '%m/%d/%Y'}]}"),
    (
        Field,
        "bad_format",
        "{from: a, then: [{date: '%m/%d/%Y %I:%M'}]}",
        "`%H`",
        "{from: a, then: [{date: '%m/%d/%Y %H:%M'}]}",
    ),
    (
        Message,
        "bad_header",
        "{headers: {'a b': x}, body: {}}",
        "letters, digits and `-`",
        "{headers: {a-b: x}, body: {}}",
    ),
    (Field, "bad_key", "{template: {{ b }}}", "in quotes", "{template: '{{ b }}'}"),
    (
        Rule,
        "bad_name",
        "{field: zip, op: in_set, set: ' zips '}",
        "`set: served_zips`",
        "{field: zip, op: in_set, set: zips}",
    ),
    (
        Map,
        "bad_name",
        "{variables: {'a b': x}, fields: {y: $.x}}",
        "`_`",
        "{variables: {a_b: x}, fields: {y: variables.a_b}}",
    ),
    // Paths of each stage.
    (Field, "bad_path", "a..b", "`$['a.b']`", "$['a.b']"),
    (Rule, "bad_path", "{field: a..b, op: present}", "`$.custom['a.b']`", "{field: \"$.custom['a.b']\", op: present}"),
    (Body, "bad_path", "{x: {from: a..b}}", "`$.lead.custom['a.b']`", "{x: {from: \"$.lead.custom['a.b']\"}}"),
    (Interpret, "bad_path", "{reason: a..b}", "`$['a.b']`", "{reason: \"$['a.b']\"}"),
    (Field, "bad_path", "'zip | upper'", "`{from: zip, then: [upper]}`", "{from: zip, then: [upper]}"),
    (
        Rule,
        "bad_path",
        "{field: 'zip | upper', op: present}",
        "`$.custom['a|b']`",
        "{field: \"$.custom['zip | upper']\", op: present}",
    ),
    (Field, "bad_path", "'~emails[0]'", "`{item: 0}`", "{from: ~emails, then: [{item: 0}]}"),
    (
        Rule,
        "bad_path",
        "{field: 'custom.~emails[0]', op: present}",
        "`custom.emails[0]`",
        "{field: 'custom.emails[0]', op: present}",
    ),
    (
        Map,
        "bad_path",
        "{also_search: '~contacts[0]', fields: {}}",
        "`contacts[0]`",
        "{also_search: 'contacts[0]', fields: {}}",
    ),
    (Field, "bad_path", "'{{ a }} {{ b }}'", "`{template: \"{{ a }} {{ b }}\"}`", "{template: \"{{ a }} {{ b }}\"}"),
    (Field, "bad_path", "{from: '{{ a }}'}", "`{template: \"{{ a }}\"}`", "{from: {template: \"{{ a }}\"}}"),
    (Rule, "bad_path", "{field: '{{ zip }}', op: present}", "`zip`", "{field: zip, op: present}"),
    (Field, "bad_path", "{from: a, then: [{pick: '{{ b }}'}]}", "`b`", "{from: a, then: [{pick: b}]}"),
    (Field, "bad_path", "'$.first-name'", "`$['a key']`", "\"$['first-name']\""),
    (Field, "bad_path", "'emails[0'", "add the `]`", "'emails[0]'"),
    (Body, "bad_path", "{x: {from: email}}", "`lead.email`", "{x: {from: lead.email}}"),
    (Body, "bad_path", "{x: {from: lead.income}}", "`lead.custom.income`", "{x: {from: lead.custom.income}}"),
    (Rule, "bad_path", "{field: lead.income, op: present}", "`custom.income`", "{field: custom.income, op: present}"),
    (
        Rule,
        "bad_path",
        "{field: \"$['a.b']\", op: present}",
        "`$.custom['a.b']`",
        "{field: \"$.custom['a.b']\", op: present}",
    ),
    (Body, "bad_path", "{x: {from: campaign.nmae}}", "`name`", "{x: {from: campaign.name}}"),
    (Map, "bad_path", "{items: 'body.entry[*]', fields: {}}", "`$.entry[*]`", "{items: '$.entry[*]', fields: {}}"),
    (
        Rule,
        "bad_pattern",
        "{field: zip, op: matches, value: '(?=a)b'}",
        "look-around",
        "{field: zip, op: matches, value: 'b'}",
    ),
    (Field, "bad_pattern", "{from: a, then: [{extract: '(x'}]}", "`\\`", "{from: a, then: [{extract: '\\(x'}]}"),
    (Field, "bad_template", "{template: '{{ email'}", "`{{ email }}`", "{template: '{{ email }}'}"),
    (Body, "bad_template", "{x: '{{ email }}'}", "`lead.email`", "{x: '{{ lead.email }}'}"),
    (Message, "bad_xml_name", "{format: xml, body: {'a b': x}}", "`_`", "{format: xml, body: {a_b: x}}"),
    (
        Map,
        "circular_variables",
        "{variables: {a: variables.b, b: variables.a}, fields: {x: variables.a}}",
        "keys of the element",
        "{variables: {a: variables.b, b: $.a}, fields: {x: variables.a}}",
    ),
    (Map, "duplicate_field", "{fields: {age: a, custom.age: b}}", "remove one", "{fields: {age: a}}"),
    (
        Field,
        "duplicate_field",
        "{from: a, then: [{rename: {b: c, d: c}}]}",
        "another name",
        "{from: a, then: [{rename: {b: c, d: e}}]}",
    ),
    (Whole, "duplicate_key", "version: 1\nversion: 1", "remove one", "version: 1"),
    (Field, "empty", "[]", "one path", "[a]"),
    (
        Field,
        "empty",
        "{from: a, then: [{from_pairs: {value: []}}]}",
        "one path",
        "{from: a, then: [{from_pairs: {value: [v]}}]}",
    ),
    (
        Field,
        "empty",
        "{from: a, then: [{lookup: {table: {}}}]}",
        "`{TX: Texas}`",
        "{from: a, then: [{lookup: {table: {TX: Texas}}}]}",
    ),
    (Field, "empty", "{from: a, then: [{split: ''}]}", "one character", "{from: a, then: [{split: ','}]}"),
    (
        Field,
        "empty_range",
        "{from: a, then: [{range_label: [{from: 5, below: 5, is: x}]}]}",
        "above `from`",
        "{from: a, then: [{range_label: [{from: 5, below: 6, is: x}]}]}",
    ),
    (Field, "missing_argument", "{from: a, then: [truncate]}", "`{truncate: 3}`", "{from: a, then: [{truncate: 3}]}"),
    (
        Field,
        "missing_argument",
        "{from: a, then: [lookup_in]}",
        "`{lookup_in: {in: answers, id: question_id, value: answer}}`",
        "{from: a, then: [{lookup_in: {in: answers, id: question_id, value: answer}}]}",
    ),
    (Whole, "missing_key", "name: x", "`version: 1`", "version: 1\nname: x"),
    (Rule, "missing_key", "{field: x, op: valid}", "email", "{field: x, op: valid, value: email}"),
    (Rule, "missing_key", "{field: x, op: eq}", "`value`", "{field: x, op: eq, value: 1}"),
    (Message, "missing_key", "{format: json}", "`body:`", "{format: json, body: {}}"),
    (
        Interpret,
        "missing_key",
        "{outcomes: [{when: {field: a, op: present}}]}",
        "accepted",
        "{outcomes: [{outcome: accepted, when: {field: a, op: present}}]}",
    ),
    (Map, "misspelt_field", "{fields: {e-mail: a}}", "`email`", "{fields: {email: a}}"),
    (Map, "misspelt_field", "{fields: {e-mail: a}}", "`custom.e-mail`", "{fields: {custom.e-mail: a}}"),
    (
        Field,
        "not_yaml",
        "{from: list[0].name, then: [trim]}",
        "`'list[0].name'`",
        "{from: 'list[0].name', then: [trim]}",
    ),
    (
        Field,
        "not_yaml",
        "{from: a, then: [{pick: $['b'][0]}]}",
        "`\"$['b'][0]\"`",
        "{from: a, then: [{pick: \"$['b'][0]\"}]}",
    ),
    (Whole, "not_yaml", "version: 1\nname: a: b", "quote", "version: 1\nname: 'a: b'"),
    (Whole, "not_yaml", "version: 1\nmap:\n\tfields: {}", "spaces", "version: 1\nmap:\n  fields: {}"),
    (Field, "one_source", "{then: [trim]}", "`from: email`", "{from: email, then: [trim]}"),
    (Field, "one_source", "{from: zip, value: none}", "`from: [email, {value: none}]`", "{from: [zip, {value: none}]}"),
    (
        Field,
        "one_source",
        "{from: [{path: name, value: none}]}",
        "`{path: name, then: [trim]}`",
        "{from: [{path: name, then: [trim]}]}",
    ),
    (Message, "reserved_header", "{headers: {Host: x}, body: {}}", "remove it", "{body: {}}"),
    (
        Message,
        "reserved_header",
        "{headers: {Content-Type: text/xml}, body: {}}",
        "`content_type`",
        "{content_type: text/xml, body: {}}",
    ),
    (Whole, "second_document", "version: 1\n---\nversion: 1", "keep one", "version: 1"),
    (
        Whole,
        "tag",
        "version: 1\nmap: {fields: {zip: {value: !!str 78701}}}",
        "quote what is a text",
        "version: 1\nmap: {fields: {zip: {value: '78701'}}}",
    ),
    (Rule, "unexpected_argument", "{field: a, op: eq, values: [x]}", "`value`", "{field: a, op: eq, value: x}"),
    (Rule, "unexpected_argument", "{field: a, op: eq, values: [x]}", "`op: in`", "{field: a, op: in, values: [x]}"),
    (
        Rule,
        "unexpected_argument",
        "{field: a, op: ge, value: 1, ignore_case: true}",
        "remove this",
        "{field: a, op: ge, value: 1}",
    ),
    (Field, "unexpected_argument", "{from: a, then: [{trim: 1}]}", "`trim`", "{from: a, then: [trim]}"),
    (
        Field,
        "unexpected_argument",
        "{from: a, then: [{lookup: {fb: Facebook}}]}",
        "`{lookup: {table: {...}}}`",
        "{from: a, then: [{lookup: {table: {fb: Facebook}}}]}",
    ),
    (Field, "unknown_function", "{from: a, then: [uppercase]}", "`upper`", "{from: a, then: [upper]}"),
    (
        Field,
        "unknown_function",
        "{from: a, then: [now]}",
        "`{from: context.now, then: [rfc3339]}`",
        "{from: context.now, then: [rfc3339]}",
    ),
    (Field, "unknown_function", "{from: a, then: [total]}", "`sum`", "{from: a, then: [sum]}"),
    (
        Field,
        "unknown_function",
        "{from: a, then: [{rename_keys: {a: b}}]}",
        "`rename`",
        "{from: a, then: [{rename: {a: b}}]}",
    ),
    (Field, "unknown_key", "{form: a}", "`from`", "{from: a}"),
    (
        Field,
        "unknown_key",
        "{from: a, default: b}",
        "`on_missing: {default: ...}`",
        "{from: a, on_missing: {default: b}}",
    ),
    (Map, "unknown_key", "{email: ~email}", "`map: {fields: {email: ~email}}`", "{fields: {email: ~email}}"),
    (
        Field,
        "unknown_region",
        "{from: a, then: [{phone: {region: XX}}]}",
        "US",
        "{from: a, then: [{phone: {region: US}}]}",
    ),
    (
        Map,
        "unknown_variable",
        "{variables: {answers: a}, fields: {x: variables.answer, y: variables.answers}}",
        "`answers`",
        "{variables: {answers: a}, fields: {x: variables.answers, y: variables.answers}}",
    ),
    (Field, "unknown_variable", "variables.a", "`$.variables.a`", "$.variables.a"),
    (Whole, "unknown_version", "version: 2", "`version: 1`", "version: 1"),
    (Rule, "unknown_word", "{field: a, op: gte, value: 18}", "`ge`", "{field: a, op: ge, value: 18}"),
    (Field, "unknown_word", "{from: a, on_missing: omti}", "`omit`", "{from: a, on_missing: omit}"),
    (
        Field,
        "unknown_word",
        "{from: a, on_missing: default}",
        "`{default: none}`",
        "{from: a, on_missing: {default: none}}",
    ),
    (
        Field,
        "unknown_zone",
        "{from: a, then: [{time: {zone: Nowhere}}]}",
        "`America/New_York`",
        "{from: a, then: [{time: {zone: America/New_York}}]}",
    ),
    (Rule, "unreachable", "{field: a, op: between, values: [5, 1]}", "swap", "{field: a, op: between, values: [1, 5]}"),
    (
        Rule,
        "unreachable",
        "{all: [{field: a, op: eq, value: x}, {field: a, op: eq, value: y}]}",
        "`any`",
        "{any: [{field: a, op: eq, value: x}, {field: a, op: eq, value: y}]}",
    ),
    (Map, "used_before_defined", "{fields: {x: fields.y, y: b}}", "put `y` before", "{fields: {y: b, x: fields.y}}"),
    (
        Map,
        "used_before_defined",
        "{fields: {x: fields.y, y: b}}",
        "a variable",
        "{variables: {y: b}, fields: {x: variables.y, y: variables.y}}",
    ),
    (Map, "used_before_defined", "{fields: {x: fields.y}}", "`$.fields.y`", "{fields: {x: $.fields.y}}"),
    (
        Map,
        "used_before_defined",
        "{variables: {a: fields.email}, fields: {email: b, x: variables.a}}",
        "this variable",
        "{variables: {a: b}, fields: {email: variables.a, x: variables.a}}",
    ),
    (
        Field,
        "wrong_kind",
        "{from: a, then: [{split: ','}, round]}",
        "`first`",
        "{from: a, then: [{split: ','}, first, round]}",
    ),
    (
        Field,
        "wrong_kind",
        "{from: a, then: [{split: ','}, round]}",
        "`{map: [round]}`",
        "{from: a, then: [{split: ','}, {map: [round]}]}",
    ),
    (
        Field,
        "wrong_kind",
        "{from: a, then: [{split: ','}, {add: 1}]}",
        "`{map: [{add: ...}]}`",
        "{from: a, then: [{split: ','}, {map: [{add: 1}]}]}",
    ),
    (Field, "wrong_type", "5", "`{value: 5}`", "{value: 5}"),
    (
        Field,
        "wrong_type",
        "{from: a, then: {trim: , pad: 5}}",
        "`[{trim: ...}, {pad: ...}]`",
        "{from: a, then: [trim, {pad: 5}]}",
    ),
    (
        Field,
        "wrong_type",
        "{from: a, then: [{date: {formats: '%d %B %Y', months: {Ionawr: 13}}}]}",
        "`Ionawr: 1`",
        "{from: a, then: [{date: {formats: '%d %B %Y', months: {Ionawr: 1}}}]}",
    ),
    (Rule, "wrong_type", "{field: a, op: gt, value: '18'}", "without quotes", "{field: a, op: gt, value: 18}"),
    (
        Rule,
        "wrong_type",
        "{field: a, op: between, values: [1]}",
        "`values: [18, 65]`",
        "{field: a, op: between, values: [18, 65]}",
    ),
    (
        Rule,
        "wrong_type",
        "{fields: [phone], op: distinct}",
        "`{fields: [phone, work_phone], op: distinct}`",
        "{fields: [phone, work_phone], op: distinct}",
    ),
    (Body, "wrong_type", "{merge: [{a: 1}, x]}", "`{from: lead.custom}`", "{merge: [{a: 1}, {from: lead.custom}]}"),
    (
        Interpret,
        "wrong_type",
        "{outcomes: [{outcome: accepted, when: {field: status, op: eq, value: ok}}]}",
        "`body.status`",
        "{outcomes: [{outcome: accepted, when: {field: body.status, op: eq, value: ok}}]}",
    ),
];

/// Errors whose suggested fix is to write less, or that say all in their message.
const WITHOUT: [&str; 5] = ["bad_moment", "not_json", "too_deep", "too_large", "too_many"];

#[test]
fn m2_a_suggested_fix_fixes() {
    let mut wrong = Vec::new();
    for (place, code, before, says, after) in FIXES {
        let told = problems(&document(*place, before));
        let suggests = told
            .iter()
            .filter(|problem| problem.code == *code)
            .any(|problem| problem.suggestion.as_deref().is_some_and(|suggestion| suggestion.contains(says)));
        if !suggests {
            wrong.push(format!("{code}: {before} does not say {says}: {told:#?}"));
        }
        let left = problems(&document(*place, after));
        if !left.is_empty() {
            wrong.push(format!("{code}: {after} does not compile: {left:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn m2_every_error_has_a_fix_that_is_done_here() {
    for code in CODES.iter().filter(|code| !code.is_warning && !WITHOUT.contains(&code.name)) {
        assert!(FIXES.iter().any(|(_, name, ..)| *name == code.name), "no fix of `{}`", code.name);
    }
}

/// The same for warnings.
#[test]
fn m2_a_suggested_fix_leaves_no_warning() {
    for (place, before, after) in [
        (Rule, "{field: a, op: contains, value: ''}", "{field: a, op: present}"),
        (Rule, "{field: a, op: not_in, values: []}", "{field: a, op: not_in, values: [x]}"),
        (Map, "{fields: {phone_number: a}}", "{fields: {phone: a}}"),
        (Map, "{fields: {phone_number: a}}", "{fields: {custom.phone_number: a}}"),
        (Map, "{variables: {a: x}, fields: {y: z}}", "{variables: {a: x}, fields: {y: variables.a}}"),
        (Body, "{a: lead.email}", "{a: {from: lead.email}}"),
        (Body, "{a: {from: lead.email, default: none}}", "{a: {from: lead.email, on_missing: {default: none}}}"),
    ] {
        assert_eq!(warnings(&document(place, before)).len(), 1, "{before}");
        assert_eq!(warnings(&document(place, after)), Vec::<String>::new(), "{after}");
    }
}

/// M2: missing quotes around a path with brackets hide no other problem, and move none.
#[test]
fn m2_missing_quotes_hide_nothing() {
    let document = "\
version: 1
map:
  fields:
    first_name: {from: list[0].name, then: [trimm]}
    last_name: {from: [a, $.b[?@.c == 'd'].e], then: [trim, {pick: v[0]}], on_missing: omti}
    zip: {from: zip, form: x}
";
    let told: Vec<String> = problems(document)
        .iter()
        .map(|p| format!("{}:{} {} {} | {}", p.line, p.column, p.code, p.path, p.suggestion.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        told,
        [
            "4:24 not_yaml  | write `'list[0].name'`",
            "5:27 not_yaml  | write `\"$.b[?@.c == 'd'].e\"`",
            "5:68 not_yaml  | write `'v[0]'`",
            "4:45 unknown_function map.fields.first_name.then[0] | did you mean `trim`?",
            "5:88 unknown_word map.fields.last_name.on_missing | did you mean `omit`?",
            "6:22 unknown_key map.fields.zip.form | did you mean `from`?",
        ]
    );
    // What is not YAML for another reason is told as it is.
    let other = problems("version: 1\nmap: {fields: {a: b[0], c: 'd}}");
    assert!(matches!(other.as_slice(), [only] if only.code == "not_yaml" && only.path.is_empty()), "{other:?}");
}

/// M4: what a function suggests when it rejects a value reads that value.
#[test]
fn m4_a_suggested_fix_of_a_rejected_value_reads_it() {
    let map = |then: &str| {
        let made = if then.contains("variables.") { "variables: {w: {from: w, then: [number]}}, " } else { "" };
        format!("version: 1\nmap: {{{made}fields: {{x: {{from: v, then: [{then}]}}}}, unknown: drop}}")
    };
    for (then, value, says, fixed, expected) in [
        ("number", r#""12.5k""#, "`{number: {suffixes: true}}`", "{number: {suffixes: true}}", "12500"),
        ("number", r#""1,2""#, "`{number: {decimal: ','}}`", "{number: {decimal: ','}}", "1.2"),
        ("{number: {decimal: ','}}", r#""1.5""#, "`number`, which reads it as 1.5", "number", "1.5"),
        (
            "{number: {decimal: ','}}",
            r#""1,5k""#,
            "`{number: {decimal: ',', suffixes: true}}`",
            "{number: {decimal: ',', suffixes: true}}",
            "1500",
        ),
        (
            "number",
            r#""1,5k""#,
            "`{number: {decimal: ',', suffixes: true}}`, which reads it as 1500",
            "{number: {decimal: ',', suffixes: true}}",
            "1500",
        ),
        ("{number: {decimal: ','}}", r#""12.34.56""#, "`{replace: '.'}`", "{replace: '.'}, number", "123456"),
        ("number", r#""1e2""#, "`parse_json`", "parse_json, number", "1e2"),
        ("number", r#""10-20""#, "`range`", "{range: min}", "10"),
        ("{range: max}", r#""1,5-2,5""#, "`decimal: ','`", "{range: {part: max, decimal: ','}}", "2.5"),
        ("{range: {part: max, decimal: ','}}", r#""1.5-2.5""#, "`decimal: '.'`", "{range: max}", "2.5"),
        ("number", r#""12,34,56""#, "`{replace: ','}`", "{replace: ','}, number", "123456"),
        ("number", r#""Unit 5""#, "`extract`", "{extract: '[0-9]+'}, number", "5"),
        ("{range: max}", r#""under 50k""#, "`suffixes: true`", "{range: {part: max, suffixes: true}}", "50000"),
        ("{add: 1}", r#""$5""#, "`number` before, which reads it as 5", "number, {add: 1}", "6"),
        ("{add: 1}", r#""1,5""#, "`{number: {decimal: ','}}` before", "{number: {decimal: ','}}, {add: 1}", "2.5"),
        ("{add: 1}", r#""1e2""#, "`parse_json` before, which reads it as 1e2", "parse_json, {add: 1}", "101"),
        ("{add: 1}", r#""Unit 5""#, "`extract`", "{extract: '[0-9]+'}, number, {add: 1}", "6"),
        ("sum", r#"["1e2",1]"#, "`{map: [parse_json]}` before", "{map: [parse_json]}, sum", "101"),
        ("max", r#"["$5",1]"#, "`{map: [number]}` before", "{map: [number]}, max", "5"),
        ("{subtract: w}", "7", "read `w` with `number`", "{subtract: variables.w}", "2"),
        ("round", "[1.4]", "`first`", "first, round", "1"),
        ("round", "[1.4]", "`{map: [round]}`", "{map: [round]}", "[1]"),
        ("{add: 1}", "[1]", "`{map: [{add: ...}]}`", "{map: [{add: 1}]}", "[2]"),
        ("time", r#""2026-01-31""#, "`date` instead of `time`", "date", r#""2026-01-31""#),
        (
            "date, {to_epoch: s}",
            r#""2026-01-31""#,
            "`{to_epoch: {unit: s, zone: UTC}}`",
            "date, {to_epoch: {unit: s, zone: UTC}}",
            "1769817600",
        ),
        (
            "date, in_zone",
            r#""2026-01-31""#,
            "`{suffix: 'T00:00:00'}`",
            "date, {suffix: 'T00:00:00'}, in_zone",
            r#""2026-01-31T00:00:00-05:00""#,
        ),
        ("date", r#""01/31/2026""#, "`{date: '%m/%d/%Y'}`", "{date: '%m/%d/%Y'}", r#""2026-01-31""#),
        ("date, {format_date: '%H'}", r#""2026-01-31""#, "`%F`", "date, {format_date: '%F'}", r#""2026-01-31""#),
        ("age", r#""01/31/2000""#, "`date`", "{date: '%m/%d/%Y'}, age", "24"),
        ("zip", r#""2139""#, "`{zip: {pad: true}}`", "{zip: {pad: true}}", r#""02139""#),
        (
            "boolean",
            r#""ja""#,
            "`{boolean: {true: [ja], false: [nein]}}`",
            "{boolean: {true: [ja], false: [nein]}}",
            "true",
        ),
        ("{lookup: {table: {a: b}}}", r#""c""#, "`default`", "{lookup: {table: {a: b}, default: d}}", r#""d""#),
        (
            "{lookup_in: {in: list, value: text}}",
            "3",
            "`default`",
            "{lookup_in: {in: list, value: text, default: d}}",
            r#""d""#,
        ),
        (
            "{range_label: [{below: 0, is: a}]}",
            "1",
            "`default`",
            "{range_label: {ranges: [{below: 0, is: a}], default: d}}",
            r#""d""#,
        ),
        ("{rename: {a: b}}", r#"{"a":1,"b":2}"#, "`without`", "{without: b}, {rename: {a: b}}", r#"{"b":1}"#),
        ("flatten", r#"{"a.b":1,"a":{"b":2}}"#, "another mark", "{flatten: {with: _}}", r#"{"a.b":1,"a_b":2}"#),
        ("{parse_json: {lines: true}}", r#""{\n\"a\":1\n}""#, "leave out `lines`", "parse_json", r#"{"a":1}"#),
        ("{first_true: on}", r#"[{"on":"ja"}]"#, "`filter`", "{filter: \"@.on == 'ja'\"}, first", r#"{"on":"ja"}"#),
    ] {
        let body = format!(r#"{{"v":{value},"w":"$5","list":[{{"id":1,"text":"x"}}]}}"#);
        let failure = leads(&map(then), &body).remove(0).unwrap_err();
        assert!(failure.message.contains(says), "{then} on {value}: {}", failure.message);
        let lead = leads(&map(fixed), &body).remove(0).unwrap_or_else(|failure| panic!("{fixed}: {failure:?}"));
        assert_eq!(lead.lead, format!(r#"{{"custom":{{"x":{expected}}}}}"#), "{fixed} on {value}");
    }
}
