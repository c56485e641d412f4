//! What the page says in sentences, each with an example that shows it: a row quotes the claim in a few words.

use std::fmt::Debug;

use hookmill_plugin_default::{document as language, functions, run};
use hookmill_plugin_sdk::testing;
use hookmill_plugin_sdk::types::{Failure, MappedLead, Severities};

use crate::fixtures::{
    body, context, inbound, interpreted, map_with, problems, response, shape, submission, to_client, verdict, warnings,
};

/// What an element becomes: each lead with the codes of its warnings, or the code of its failure.
pub fn mapped(map: &str, element: &str) -> Vec<String> {
    let one = |lead: Result<MappedLead, Failure>| match lead {
        Ok(lead) => lead.warnings.iter().fold(lead.lead, |text, warning| text + " " + &warning.code),
        Err(failure) => failure.code,
    };
    match map_with(&format!("version: 1\nmap: {map}"), context(), inbound(element)) {
        Ok(mapped) => mapped.leads.into_iter().map(one).collect(),
        Err(failure) => vec![failure.code],
    }
}

/// The codes of what is wrong with a document; where nothing is, those of its warnings.
pub fn codes(document: &str) -> Vec<String> {
    let wrong = problems(document);
    if !wrong.is_empty() {
        return wrong.into_iter().map(|problem| problem.code).collect();
    }
    warnings(document).iter().map(|warning| warning.split(' ').nth(1).unwrap().to_owned()).collect()
}

/// Where the page is wrong, all of it: what a row says, what is so, and what the page says.
#[derive(Default)]
pub struct Claims(Vec<String>);

impl Claims {
    /// Compares what is seen of an example with what is expected.
    pub fn compare<T: PartialEq<U> + Debug, U: Debug>(&mut self, claim: &str, example: &str, seen: T, expected: U) {
        if seen != expected {
            self.0.push(format!(
                "{claim}: {example}
  is {seen:?}
  not {expected:?}"
            ));
        }
    }

    /// Fails with all that is wrong.
    pub fn end(self) {
        assert!(
            self.0.is_empty(),
            "{}",
            self.0.join(
                "
"
            )
        );
    }
}

/// Claims about elements and what they become.
pub fn assert_mapped(rows: &[(&str, &str, &str, &[&str])]) {
    let mut claims = Claims::default();
    for (claim, map, element, expected) in rows {
        claims.compare(claim, &format!("{map} of {element}"), mapped(map, element), *expected);
    }
    claims.end();
}

/// Claims about documents and what is wrong with them.
pub fn assert_codes(rows: &[(&str, &str, &[&str])]) {
    let mut claims = Claims::default();
    for (claim, document, expected) in rows {
        claims.compare(
            claim,
            document,
            codes(&format!(
                "version: 1
{document}"
            )),
            *expected,
        );
    }
    claims.end();
}

#[test]
fn m2_the_frame() {
    assert_codes(&[
        ("without tags", "name: !!str solar", &["tag"]),
        ("without merge keys", "name: a\n<<: {map: {}}", &["unknown_key"]),
        ("without aliases", "name: &a solar\nmap: {fields: {city: *a}}", &["alias"]),
        ("`02139` stays a text", "map: {fields: {zip: {value: 02139}}}", &[]),
        ("`yes` and `no` are texts, too", "shape: {client: {omit_blank: yes, body: {}}}", &["wrong_type"]),
        ("a key that stands twice is an error", "name: a\nname: b", &["duplicate_key"]),
    ]);
    assert_eq!(
        codes(r#"{"version": 1, "name": "JSON documents know the same keys", "map": {"fields": {"zip": "a"}}}"#),
        [""; 0]
    );
}

#[test]
fn m1_m6_map() {
    assert_mapped(&[
        ("the body is the element", "{fields: {zip: z}}", r#"{"z":"1"}"#, &[r#"{"zip":"1","custom":{}}"#]),
        (
            "or each item of it where it is a list",
            "{fields: {zip: z}}",
            r#"[{"z":"1"},{"z":"2"}]"#,
            &[r#"{"zip":"1","custom":{}}"#, r#"{"zip":"2","custom":{}}"#],
        ),
        (
            "each value that `items` finds, of a list its items",
            "{items: a, fields: {zip: z}}",
            r#"{"a":[{"z":"1"},{"z":"2"}]}"#,
            &[r#"{"zip":"1","custom":{}}"#, r#"{"zip":"2","custom":{}}"#],
        ),
        (
            "an element must be an object",
            "{fields: {zip: z}}",
            r#"[5,{"z":"1"}]"#,
            &["not_an_object", r#"{"zip":"1","custom":{}}"#],
        ),
        ("where `items` finds nothing there is no lead", "{items: a, fields: {zip: z}}", "{}", &[]),
        (
            "`also_search`: after the element itself",
            "{also_search: [b, c], unknown: drop, fields: {zip: ~zip, city: ~city}}",
            r#"{"b":{"Zip":"2","City":"B"},"zip":"1","c":{"city":"C"}}"#,
            &[r#"{"city":"B","zip":"1","custom":{}}"#],
        ),
        (
            "a loose name is looked for wherever it stands",
            "{also_search: b, unknown: drop, fields: {city: {template: '{{ ~city }}', when: {field: ~zip, op: present}}}}",
            r#"{"b":{"ZIP":"2","City":"B"}}"#,
            &[r#"{"city":"B","custom":{}}"#],
        ),
        (
            "`expand`: what is not an object stays what it is",
            "{expand: [a, b], fields: {}}",
            r#"{"a":{"x":1},"b":[2]}"#,
            &[r#"{"custom":{"x":1,"b":[2]}} not_expanded"#],
        ),
        (
            "`expand`: name the objects of a list",
            "{expand: '$.b[*]', fields: {}}",
            r#"{"b":[{"x":1},{"y":2}]}"#,
            &[r#"{"custom":{"x":1,"y":2}}"#],
        ),
        (
            "what no field used, down to the single member",
            "{fields: {zip: a.zip}}",
            r#"{"a":{"zip":"1","b":2}}"#,
            &[r#"{"zip":"1","custom":{"a":{"b":2}}}"#],
        ),
        (
            "with `unknown: drop` it is gone",
            "{unknown: drop, fields: {zip: z}}",
            r#"{"z":"1","b":2}"#,
            &[r#"{"zip":"1","custom":{}}"#],
        ),
        (
            "with `reject` it fails the lead",
            "{unknown: reject, fields: {zip: z}}",
            r#"{"z":"1","b":2}"#,
            &["unknown_field"],
        ),
        (
            "`ignore`: no reason to reject",
            "{unknown: reject, ignore: b, fields: {zip: z}}",
            r#"{"z":"1","b":2}"#,
            &[r#"{"zip":"1","custom":{}}"#],
        ),
        (
            "a name that is taken gets `inbound_` before it",
            "{fields: {b: z}}",
            r#"{"z":"1","b":2}"#,
            &[r#"{"custom":{"b":"1","inbound_b":2}} name_taken"#],
        ),
        (
            "standard fields hold one text: the first that is not blank",
            "{fields: {zip: z}}",
            r#"{"z":["","1","2"]}"#,
            &[r#"{"zip":"1","custom":{"z":["","2"]}}"#],
        ),
        ("an object is an error", "{fields: {zip: z}}", r#"{"z":{"a":1}}"#, &["wrong_type"]),
        ("`tags` holds a list", "{fields: {tags: z}}", r#"{"z":["a","b"]}"#, &[r#"{"tags":["a","b"],"custom":{}}"#]),
        ("custom fields hold anything", "{fields: {x: z}}", r#"{"z":[{"a":[]}]}"#, &[r#"{"custom":{"x":[{"a":[]}]}}"#]),
    ]);
    assert_codes(&[
        ("a standard name written otherwise is an error", "map: {fields: {e-mail: a}}", &["misspelt_field"]),
        ("one that is nearly standard a warning", "map: {fields: {phone_number: a}}", &["near_standard_field"]),
        ("`custom.name` says that a custom field is meant", "map: {fields: {custom.phone_number: a}}", &[]),
    ]);
}

#[test]
fn m3_m5_values_and_ways_out() {
    let x =
        |recipe: &str, element: &str| mapped(&format!("{{unknown: drop, fields: {{x: {recipe}}}}}"), element).remove(0);
    let mut claims = Claims::default();
    for (claim, recipe, element, expected) in [
        ("missing: the path finds nothing", "a", "{}", r#"{"custom":{}}"#),
        ("null: it says `null`", "a", r#"{"a":null}"#, r#"{"custom":{"x":null}}"#),
        (
            "blank: a text of nothing but space",
            "{from: a, on_blank: null}",
            r#"{"a":" \t"}"#,
            r#"{"custom":{"x":null}}"#,
        ),
        ("blank: an empty list", "{from: a, on_blank: null}", r#"{"a":[]}"#, r#"{"custom":{"x":null}}"#),
        ("blank: an empty object", "{from: a, on_blank: null}", r#"{"a":{}}"#, r#"{"custom":{"x":null}}"#),
        ("0 is a value like any other", "{from: a, on_blank: omit}", r#"{"a":0}"#, r#"{"custom":{"x":0}}"#),
        (
            "`false` is a value like any other",
            "{from: a, on_blank: omit}",
            r#"{"a":false}"#,
            r#"{"custom":{"x":false}}"#,
        ),
        (
            "numbers keep every digit",
            "a",
            r#"{"a":12345678901234567890.10}"#,
            r#"{"custom":{"x":12345678901234567890.10}}"#,
        ),
        ("`on_missing: fail`", "{from: a, on_missing: fail}", "{}", "field_missing"),
        ("`on_blank` is not for null", "{from: a, on_blank: fail}", r#"{"a":null}"#, r#"{"custom":{"x":null}}"#),
        ("`on_blank: fail`", "{from: a, on_blank: fail}", r#"{"a":""}"#, "field_blank"),
        ("`on_null: fail`", "{from: a, on_null: fail}", r#"{"a":null}"#, "field_blank"),
        ("they look at what comes out", "{from: a, then: [trim], on_blank: omit}", r#"{"a":"  "}"#, r#"{"custom":{}}"#),
        (
            "`keep_raw` keeps what came in",
            "{from: a, then: [trim, number], on_error: keep_raw}",
            r#"{"a":" x"}"#,
            r#"{"custom":{"x":" x"}} kept_raw"#,
        ),
        ("warning `omitted`", "{from: a, then: [number], on_error: omit}", r#"{"a":"x"}"#, r#"{"custom":{}} omitted"#),
        (
            "warning `nulled`",
            "{from: a, then: [number], on_error: null}",
            r#"{"a":"x"}"#,
            r#"{"custom":{"x":null}} nulled"#,
        ),
        (
            "warning `defaulted`",
            "{from: a, then: [number], on_error: {default: 0}}",
            r#"{"a":"x"}"#,
            r#"{"custom":{"x":0}} defaulted"#,
        ),
        ("the first value that is not blank counts", "[a, b]", r#"{"a":" ","b":"y"}"#, r#"{"custom":{"x":"y"}}"#),
        ("where all are blank, the first blank one does", "[a, b]", r#"{"a":"","b":[]}"#, r#"{"custom":{"x":""}}"#),
        (
            "one that a function rejects is passed over",
            "[{path: a, then: [number]}, b]",
            r#"{"a":"x","b":"y"}"#,
            r#"{"custom":{"x":"y"}}"#,
        ),
        (
            "the rejection counts where nothing else is there",
            "[{path: a, then: [number]}, b]",
            r#"{"a":"x"}"#,
            "not_a_number",
        ),
        (
            "missing or null leaves its place empty",
            "{template: '{{ a }}-{{ b }}-{{ c }}'}",
            r#"{"a":1,"b":null}"#,
            r#"{"custom":{"x":"1--"}}"#,
        ),
        ("a list is written as JSON", "{template: '{{ a }}'}", r#"{"a":[1,"b"]}"#, r#"{"custom":{"x":"[1,\"b\"]"}}"#),
        (
            "where every place is missing, so is the template",
            "{template: 'x {{ a }}', on_missing: {default: d}}",
            "{}",
            r#"{"custom":{"x":"d"}}"#,
        ),
    ] {
        claims.compare(claim, &format!("{recipe} of {element}"), x(recipe, element), expected);
    }
    claims.end();
    assert_mapped(&[
        (
            "what was left out stays",
            "{fields: {x: {from: a, then: [number], on_error: omit}}}",
            r#"{"a":"x"}"#,
            &[r#"{"custom":{"a":"x"}} omitted"#],
        ),
        (
            "one thing or another is made of two",
            "{unknown: drop, fields: {gold: {value: gold, when: {field: a, op: gt, value: 5}}, tier: {from: [fields.gold, {value: silver}]}}}",
            r#"[{"a":6},{"a":5}]"#,
            &[r#"{"custom":{"gold":"gold","tier":"gold"}}"#, r#"{"custom":{"tier":"silver"}}"#],
        ),
        (
            "an object is not an alternative",
            "{unknown: drop, fields: {zip: [a, b]}}",
            r#"{"a":{"c":1},"b":"1"}"#,
            &[r#"{"zip":"1","custom":{}}"#],
        ),
    ]);
    assert_codes(&[
        ("exactly one of the three", "map: {fields: {x: {from: a, value: b}}}", &["one_source"]),
        ("exactly one of the three", "map: {fields: {x: {then: [trim]}}}", &["one_source"]),
        ("`on_missing` has no `keep`", "map: {fields: {x: {from: a, on_missing: keep}}}", &["unknown_word"]),
        ("`on_null` has no `keep_raw`", "map: {fields: {x: {from: a, on_null: keep_raw}}}", &["unknown_word"]),
        ("`on_blank` has no `keep_raw`", "map: {fields: {x: {from: a, on_blank: keep_raw}}}", &["unknown_word"]),
        (
            "`on_error` has no `keep`",
            "map: {fields: {x: {from: a, then: [number], on_error: keep}}}",
            &["unknown_word"],
        ),
    ]);
}

#[test]
fn m3_paths() {
    let x =
        |path: &str, element: &str| mapped(&format!("{{unknown: drop, fields: {{x: \"{path}\"}}}}"), element).remove(0);
    let mut claims = Claims::default();
    for (claim, path, element, expected) in [
        ("the member of exactly this name", "Email", r#"{"email":1}"#, r#"{"custom":{}}"#),
        ("an item, from the end when negative", "a[-1].b", r#"{"a":[{"b":1},{"b":2}]}"#, r#"{"custom":{"x":2}}"#),
        ("but for case, spaces, `_`, `-` and `.`", "~first_name", r#"{"First-Na.me":"A"}"#, r#"{"custom":{"x":"A"}}"#),
        ("the first member called so", "~zip", r#"{"ZIP":"1","zip":"2"}"#, r#"{"custom":{"x":"1"}}"#),
        ("several values, as a list", "$..email", r#"{"email":1,"a":{"email":2}}"#, r#"{"custom":{"x":[1,2]}}"#),
        ("a list also of one", "$.a[*].b", r#"{"a":[{"b":1}]}"#, r#"{"custom":{"x":[1]}}"#),
        ("missing when it finds none", "$.a[*].b", r#"{"a":[]}"#, r#"{"custom":{}}"#),
        (
            "`$` is the element",
            "$.a[?@.id == $.id].b",
            r#"{"id":2,"a":[{"id":2,"b":"y"}]}"#,
            r#"{"custom":{"x":["y"]}}"#,
        ),
        ("`length`", "$.a[?length(@) == 2]", r#"{"a":["é1","a"]}"#, r#"{"custom":{"x":["é1"]}}"#),
        ("`count`", "$.a[?count(@.*) == 2].n", r#"{"a":[{"n":1},{"n":2,"m":0}]}"#, r#"{"custom":{"x":[2]}}"#),
        (
            "`value` of several is nothing",
            "$.a[?@.n == value($.b[*])].n",
            r#"{"a":[{"n":1}],"b":[1,1]}"#,
            r#"{"custom":{}}"#,
        ),
        (
            "`match` is the whole text",
            "$.a[?match(@, '[0-9]+')]",
            r#"{"a":["12","a12"]}"#,
            r#"{"custom":{"x":["12"]}}"#,
        ),
        ("`search` is a part", "$.a[?search(@, '[0-9]+')]", r#"{"a":["ab","a12"]}"#, r#"{"custom":{"x":["a12"]}}"#),
        (
            "numbers are compared exactly",
            "$.a[?@ == 9007199254740993]",
            r#"{"a":[9007199254740992,9007199254740993.0]}"#,
            r#"{"custom":{"x":[9007199254740993.0]}}"#,
        ),
        ("a number is never equal to a text", "$.a[?@ == 5]", r#"{"a":["5",5.0]}"#, r#"{"custom":{"x":[5.0]}}"#),
        ("brackets in a short path", "a[*].b", r#"{"a":[{"b":1}]}"#, r#"{"custom":{"x":[1]}}"#),
        ("a single word is a key", "query", r#"{"query":"q"}"#, r#"{"custom":{"x":"q"}}"#),
        (
            "`query.utm_source` the parameter",
            "query.utm_source",
            r#"{"query":{"utm_source":"q"}}"#,
            r#"{"custom":{"x":"g"}}"#,
        ),
        ("a repeated one is a list", "query.tag", "{}", r#"{"custom":{"x":["a","b"]}}"#),
        (
            "`$.query.x` is always of the element",
            "$.query.utm_source",
            r#"{"query":{"utm_source":"q"}}"#,
            r#"{"custom":{"x":"q"}}"#,
        ),
        ("a header by its name in any case", "header.User-Agent", "{}", r#"{"custom":{"x":"curl"}}"#),
        ("what is unknown is missing", "origin.tag", "{}", r#"{"custom":{}}"#),
    ] {
        claims.compare(claim, &format!("{path} of {element}"), x(path, element), expected);
    }
    claims.end();
    assert_codes(&[
        ("but not behind a loose name", "map: {fields: {x: '~list[*].name'}}", &["bad_path"]),
        ("I-Regexp: `[0-9]` for `\\d`", r"map: {fields: {x: '$.a[?match(@, ''\\d'')]'}}", &["bad_path"]),
        ("patterns stand in the path itself", "map: {fields: {x: '$.a[?match(@, $.b)]'}}", &["bad_path"]),
        (
            "in `shape` a filter starts at `@` alone",
            "shape: {client: {body: {x: {from: '$.a[?@.b == $.c]'}}}}",
            &["bad_path"],
        ),
        ("in `shape` it begins with a root", "shape: {client: {body: {x: {from: email}}}}", &["bad_path"]),
        ("a field that is defined later is an error", "map: {fields: {x: fields.y, y: a}}", &["used_before_defined"]),
    ]);
}

#[test]
fn m7_rules() {
    testing::table("blocked", [("ann@example.com", "null")]);
    let passes = |rule: &str, value: &str| {
        let document = format!("version: 1\nqualify: [{{{rule}}}]");
        verdict(&document, Severities::HARD, &format!(r#"{{"email":" ANN@example.com","custom":{{{value}}}}}"#))
            .qualified
    };
    let mut claims = Claims::default();
    for (claim, rule, lead, expected) in [
        ("a text that is written like one: `5` is `5.0`", "field: a, op: eq, value: 5", r#""a":5.0"#, true),
        ("and `\"5\"`", "field: a, op: eq, value: 5", r#""a":"5""#, true),
        ("a text is compared as text", "field: a, op: eq, value: '02139'", r#""a":2139"#, false),
        ("with a number as it is written", "field: a, op: eq, value: '2139'", r#""a":2139"#, true),
        ("with a number as it is written", "field: a, op: eq, value: '5'", r#""a":5.0"#, false),
        ("`true` is never equal to a text", "field: a, op: eq, value: true", r#""a":"true""#, false),
        ("`is_true` reads words", "field: a, op: is_true", r#""a":"yes""#, true),
        ("null is null", "field: a, op: eq, value: null", r#""a":null"#, true),
        ("lists are equal in all their parts", "field: a, op: eq, value: [1, {b: 2}]", r#""a":[1.0,{"b":2.0}]"#, true),
        (
            "in them a number is never equal to a text",
            "field: a, op: eq, value: [1, {b: 2}]",
            r#""a":[1.0,{"b":"2"}]"#,
            false,
        ),
        ("the same rule in `in`", "field: a, op: in, values: [5]", r#""a":"5.0""#, true),
        ("the same rule in `contains` in a list", "field: a, op: contains, value: 5", r#""a":["x","5.0"]"#, true),
        (
            "of two fields one number makes both numbers",
            "field: a, op: eq, other: custom.b",
            r#""a":5,"b":"5.0""#,
            true,
        ),
        ("two texts are texts", "field: a, op: eq, other: custom.b", r#""a":"5","b":"5.0""#, false),
        ("missing: failed, as usual", "field: a, op: eq, value: 1", "", false),
        ("missing: passed", "field: a, op: eq, value: 1, on_missing: pass", "", true),
        ("`not` of what is skipped is skipped", "not: {field: a, op: eq, value: 1, on_missing: skip}", "", true),
        ("`not` of what passed fails", "not: {field: a, op: eq, value: 1, on_missing: pass}", "", false),
        (
            "so is a group of which all parts are",
            "not: {any: [{field: a, op: eq, value: 1, on_missing: skip}]}",
            "",
            true,
        ),
        (
            "a skipped part counts neither way",
            "any: [{field: a, op: eq, value: 1, on_missing: skip}, {field: b, op: present}]",
            "",
            false,
        ),
        (
            "a JSON number is milliseconds since 1970",
            "field: a, op: before, value: 2024-06-15",
            r#""a":1718000000000"#,
            true,
        ),
        (
            "compared by the day in the campaign's zone",
            "field: a, op: before, value: 2024-06-15",
            r#""a":"2024-06-15T03:59:59Z""#,
            true,
        ),
        (
            "compared by the day in the campaign's zone",
            "field: a, op: before, value: 2024-06-15",
            r#""a":"2024-06-15T04:00:00Z""#,
            false,
        ),
        ("a distance from now", "field: a, op: after, value: -2h30min", r#""a":"2024-06-15T08:00:01Z""#, true),
        ("a distance from now", "field: a, op: after, value: -2h30min", r#""a":"2024-06-15T07:59:59Z""#, false),
        ("not a year older before the day", "field: a, op: age_between, values: [17, 17]", r#""a":"2006-06-16""#, true),
        ("a year older on the day", "field: a, op: age_between, values: [18, 18]", r#""a":"2006-06-15""#, true),
        (
            "without space around it, in lower case",
            "field: email, op: in_set, set: blocked, ignore_case: true",
            "",
            true,
        ),
        ("the key is the value's text", "field: email, op: in_set, set: blocked", "", false),
    ] {
        claims.compare(claim, &format!("{rule} of {lead}"), passes(rule, lead), expected);
    }
    claims.end();
    assert_codes(&[
        (
            "rules that no lead can pass are errors",
            "qualify: [{field: a, op: ge, value: 18}, {field: a, op: lt, value: 18}]",
            &["unreachable"],
        ),
        (
            "`when` of a list means `all`",
            "map: {fields: {x: {value: 1, when: [{field: a, op: present}, {field: b, op: present}]}}}",
            &[],
        ),
        ("a moment is one of these", "qualify: [{field: a, op: before, value: soon}]", &["bad_moment"]),
    ]);
}

#[test]
fn m8_messages() {
    let lead = r#"{"email":"ann@example.com","tags":[],"custom":{"n":1.50,"o":{"a":1},"l":["x","y"],"z":0}}"#;
    let sent = |message: &str| {
        let document = format!("version: 1\nshape: {{client: {{{message}}}}}");
        match shape(&document, to_client(submission(lead))) {
            Ok(payload) => body(&payload),
            Err(failure) => failure.code,
        }
    };
    let mut claims = Claims::default();
    for (claim, message, expected) in [
        ("any other text is sent as it stands", "body: {a: b, c: 1, d: null}", r#"{"a":"b","c":1,"d":null}"#),
        ("a text with `{{` is a template", "body: {a: 'n {{ lead.custom.n }}'}", r#"{"a":"n 1.50"}"#),
        (
            "`object_of`: whatever they are called",
            "body: {a: {object_of: {value: 1, from: x}}}",
            r#"{"a":{"value":1,"from":"x"}}"#,
        ),
        (
            "one value that is not a list is a list of one",
            "body: {a: {for_each: lead.email, make: {from: item}}}",
            r#"{"a":["ann@example.com"]}"#,
        ),
        (
            "where there is nothing, the list is left out",
            "body: {a: {for_each: lead.phone, make: 1}, b: 2}",
            r#"{"b":2}"#,
        ),
        (
            "the first that is not null",
            "body: {a: {first_of: [null, {from: lead.phone}, {from: lead.custom.z}]}}",
            r#"{"a":0}"#,
        ),
        ("the last one wins", "body: {merge: [{from: lead.custom.o}, {a: 2}, {b: 3}]}", r#"{"a":2,"b":3}"#),
        (
            "null and what is blank add nothing",
            "body: {merge: [{from: lead.tags}, {from: lead.phone}, null, {a: 2}]}",
            r#"{"a":2}"#,
        ),
        ("what else is not an object is rejected", "body: {merge: [{a: 2}, {from: lead.custom.l}]}", "not_an_object"),
        ("what else is not an object is rejected", "body: {merge: [{from: lead.custom.z}, {a: 2}]}", "not_an_object"),
        (
            "`omit_blank`: a text that the document writes out, 0 and false stay",
            "omit_blank: true, body: {a: '', b: [], c: {}, d: 0, e: false, f: {from: lead.tags}}",
            r#"{"a":"","d":0,"e":false}"#,
        ),
        ("JSON keeps every digit", "body: {from: lead.custom.n}", "1.50"),
        ("a list repeats its name", "format: form, body: {a: {from: lead.custom.l}}", "a=x&a=y"),
        ("an object is written as JSON", "format: form, body: {a: {from: lead.custom.o}}", "a=%7B%22a%22%3A1%7D"),
        ("null is an empty text", "format: form, body: {a: null, b: 1}", "a=&b=1"),
        ("a body that is not an object is rejected", "format: form, body: {from: lead.tags}", "not_an_object"),
        ("the values of a GET go into the query", "method: GET, body: {from: lead.tags}", "not_an_object"),
        ("a query that is not an object is rejected", "query: {from: lead.tags}, body: {a: 1}", "not_an_object"),
        (
            "`@name` is an attribute, null an empty element",
            "format: xml, declaration: false, body: {r: {'@a': 1, b: null, c: [1, 2]}}",
            r#"<r a="1"><b/><c>1</c><c>2</c></r>"#,
        ),
        ("`root`", "format: xml, declaration: false, root: r, body: {b: 1}", "<r><b>1</b></r>"),
        ("text is one text", "format: text, body: 'x {{ lead.email }}'", "x ann@example.com"),
    ] {
        claims.compare(claim, message, sent(message), expected);
    }
    claims.end();
    for header in
        ["Host", "Content-Length", "Content-Type", "Connection", "Transfer-Encoding", "Forwarded", "TE", "webhook-id"]
    {
        let document = format!("version: 1\nshape: {{client: {{headers: {{{header}: a}}, body: {{}}}}}}");
        assert_eq!(codes(&document), ["reserved_header"], "the host sets {header}");
    }
    assert_codes(&[
        ("a path in a text", "shape: {client: {body: {a: lead.email}}}", &["sent_verbatim"]),
        (
            "what is never an object is an error",
            "shape: {client: {body: {merge: [a, 1, [b], '{{ lead.email }}']}}}",
            &["wrong_type"; 4],
        ),
        (
            "what is never an object is an error",
            "shape: {client: {body: {merge: [{template: '{{ lead.email }}'}, {for_each: lead.tags, make: 1}]}}}",
            &["wrong_type"; 2],
        ),
        ("a recipe inside `value`", "shape: {client: {body: {a: {value: {from: lead.email}}}}}", &["sent_verbatim"]),
        ("`from` and one key too many", "shape: {client: {body: {a: {from: lead.email, to: x}}}}", &["sent_verbatim"]),
        (
            "a condition beside members",
            "shape: {client: {body: {a: {when: {field: lead.email, op: present}, b: 1}}}}",
            &["sent_verbatim"],
        ),
    ]);
}

#[test]
fn m9_responses() {
    let meant = |interpret: &str, status: u16, content_type: &str, text: &str| {
        let document = format!("version: 1\ninterpret: {interpret}");
        let outcome = match interpreted(&document, response(status, content_type, text)) {
            Ok(outcome) => outcome,
            Err(failure) => return failure.code,
        };
        outcome.map_or("by its status".to_owned(), |outcome| {
            let details =
                [outcome.reason, outcome.price, outcome.reference, outcome.retry_after_ms.map(|ms| ms.to_string())];
            let kind = format!("{:?}", outcome.kind).rsplit("::").next().unwrap().to_lowercase();
            details.into_iter().flatten().fold(kind, |text, detail| text + " " + &detail)
        })
    };
    let json = "application/json";
    let accepted = "{outcomes: [{outcome: accepted, when: {field: ok, op: eq, value: true}}]}";
    let turned = "{outcomes: [{outcome: accepted, when: {not: {field: body.error, op: present}}}]}";
    let rejected = "{outcomes: [{outcome: rejected, when: {field: body.error, op: present}}]}";
    let no_match = "failed the response matches no outcome of the document";
    let mut claims = Claims::default();
    for (claim, interpret, status, content_type, text, expected) in [
        (
            "the first whose condition holds counts",
            "{outcomes: [{outcome: rejected, when: {field: a, op: present}}, {outcome: retry}]}",
            200,
            json,
            r#"{"a":1}"#,
            "rejected",
        ),
        (
            "without one it takes all responses",
            "{outcomes: [{outcome: rejected, when: {field: a, op: present}}, {outcome: retry}]}",
            200,
            json,
            "{}",
            "retry",
        ),
        ("comparing is typed", accepted, 200, json, r#"{"ok":true}"#, "accepted"),
        (
            "success by status alone is `failed`",
            accepted,
            200,
            json,
            r#"{"ok":"true"}"#,
            "failed the response matches no outcome of the document",
        ),
        ("what nothing matches goes by its status", accepted, 503, json, "{}", "retry"),
        (
            "`otherwise` says it outright",
            "{otherwise: duplicate, outcomes: [{outcome: accepted, when: {field: ok, op: is_true}}]}",
            200,
            json,
            "{}",
            "duplicate",
        ),
        ("by its first character", accepted, 200, "", r#"{"ok":true}"#, "accepted"),
        (
            "a body that can't be read is missing; `text` is there",
            "{outcomes: [{outcome: rejected, when: {field: text, op: contains, value: 'no'}}]}",
            200,
            json,
            "{no",
            "rejected",
        ),
        (
            "the response's own `status`",
            "{outcomes: [{outcome: rejected, when: {field: status, op: eq, value: 201}}]}",
            201,
            json,
            r#"{"status":5}"#,
            "rejected",
        ),
        (
            "`body.status` is the key",
            "{outcomes: [{outcome: rejected, when: {field: body.status, op: eq, value: 5}}]}",
            201,
            json,
            r#"{"status":5}"#,
            "rejected",
        ),
        (
            "`1.25e1` is 12.5",
            "{price: p, outcomes: [{outcome: accepted}]}",
            200,
            json,
            r#"{"p":1.25e1}"#,
            "accepted 12.5",
        ),
        (
            "and so is the text",
            "{price: p, outcomes: [{outcome: accepted}]}",
            200,
            json,
            r#"{"p":"1.25e1"}"#,
            "accepted 12.5",
        ),
        ("`0E-2` is 0.00", "{price: p, outcomes: [{outcome: accepted}]}", 200, json, r#"{"p":0E-2}"#, "accepted 0.00"),
        ("`$12.50` is none", "{price: p, outcomes: [{outcome: accepted}]}", 200, json, r#"{"p":"$12.50"}"#, "accepted"),
        (
            "`then: [number]` reads it",
            "{price: {from: p, then: [number]}, outcomes: [{outcome: accepted}]}",
            200,
            json,
            r#"{"p":"$12.50"}"#,
            "accepted 12.50",
        ),
        ("no acceptance of an empty body", turned, 200, json, "", no_match),
        ("no acceptance of a plain text", turned, 200, "text/plain", "OK", no_match),
        ("no acceptance of what seems to be JSON", turned, 200, json, "{\"id\":", no_match),
        ("of one that could be read", turned, 200, json, "{}", "accepted"),
        (
            "`{field: text, op: blank}` takes an empty body",
            "{outcomes: [{outcome: accepted, when: {field: text, op: blank}}]}",
            200,
            json,
            "",
            "accepted",
        ),
        (
            "a plain text",
            "{outcomes: [{outcome: accepted, when: {field: text, op: contains, value: OK}}]}",
            200,
            "text/plain",
            "OK",
            "accepted",
        ),
        (
            "for all other outcomes it is missing",
            "{outcomes: [{outcome: retry, when: {field: id, op: blank}}]}",
            200,
            json,
            "{",
            "retry",
        ),
        ("it may be a rejection", rejected, 200, json, "{\"error\":", "unreadable_body"),
        ("an empty body goes by its status", rejected, 200, json, "", "accepted"),
        ("a plain text goes by its status", rejected, 200, "text/plain", "OK", "accepted"),
        ("a number of seconds", "{outcomes: [{outcome: retry, retry_after: 60}]}", 200, json, "{}", "retry 60000"),
        ("or a duration", "{outcomes: [{outcome: retry, retry_after: 1h30min}]}", 200, json, "{}", "retry 5400000"),
        (
            "or where one of them stands",
            "{outcomes: [{outcome: retry, retry_after: wait}]}",
            200,
            json,
            r#"{"wait":"90s"}"#,
            "retry 90000",
        ),
        ("at most 31 days", "{outcomes: [{outcome: retry, retry_after: 31d}]}", 200, json, "{}", "retry 2678400000"),
    ] {
        claims.compare(
            claim,
            &format!("{interpret} of {text}"),
            meant(interpret, status, content_type, text),
            expected,
        );
    }
    claims.end();
    assert_ne!(
        codes("version: 1\ninterpret: {outcomes: [{outcome: retry, retry_after: 32d}]}"),
        [""; 0],
        "at most 31 days"
    );
}

/// A bound, how much it is, a document that has so much, and the code of more.
type Bounded<'a> = (&'a str, usize, &'a dyn Fn(usize) -> String, &'a str);

/// Each bound: what reaches it is taken, one more is rejected.
#[test]
fn h6_bounds() {
    let lines = |count: usize, line: &str| (0..count).map(|n| line.replace('#', &n.to_string())).collect::<String>();
    let then = |functions: &str| {
        format!("{{\"version\":1,\"map\":{{\"fields\":{{\"x\":{{\"from\":\"a\",\"then\":[{functions}]}}}}}}}}")
    };
    let bounds: [Bounded<'_>; 13] = [
        (
            "DOCUMENT_BYTES_MAX",
            language::DOCUMENT_BYTES_MAX,
            &|bytes| format!("version: 1{}", " ".repeat(bytes - 10)),
            "too_large",
        ),
        (
            "FIELDS_MAX",
            language::FIELDS_MAX,
            &|count| format!("version: 1\nmap:\n  fields:\n{}", lines(count, "    f#: a\n")),
            "too_many",
        ),
        (
            "RULES_MAX",
            language::RULES_MAX,
            &|count| format!("version: 1\nqualify:\n{}", lines(count, "  - {field: f#, op: present}\n")),
            "too_many",
        ),
        (
            "OUTCOMES_MAX",
            bound(language::BOUNDS, "OUTCOMES_MAX"),
            &|count| {
                format!(
                    "version: 1\ninterpret:\n  outcomes:\n{}",
                    lines(count, "    - {outcome: retry, when: {field: x, op: eq, value: #}}\n")
                )
            },
            "too_many",
        ),
        (
            "PATH_BYTES_MAX",
            language::PATH_BYTES_MAX,
            &|bytes| format!("version: 1\nmap: {{fields: {{zip: {}}}}}", "a".repeat(bytes)),
            "bad_path",
        ),
        (
            "ITEMS_MAX",
            bound(language::BOUNDS, "ITEMS_MAX"),
            &|count| then(&vec!["\"trim\""; count].join(",")),
            "too_many",
        ),
        (
            "PATTERN_BYTES_MAX",
            bound(functions::BOUNDS, "PATTERN_BYTES_MAX"),
            &|bytes| then(&format!("{{\"extract\":\"[{}]\"}}", "a".repeat(bytes - 2))),
            "too_large",
        ),
        (
            "VARIABLES_MAX",
            bound(language::BOUNDS, "VARIABLES_MAX"),
            &|count| {
                let fields = lines(count, "    f#: variables.v#\n");
                format!("version: 1\nmap:\n  fields:\n{fields}  variables:\n{}", lines(count, "    v#: a\n"))
            },
            "too_many",
        ),
        (
            "SET_NAME_BYTES_MAX",
            bound(language::BOUNDS, "SET_NAME_BYTES_MAX"),
            &|bytes| format!("version: 1\nqualify: [{{field: zip, op: in_set, set: {}}}]", "a".repeat(bytes)),
            "bad_name",
        ),
        (
            "PATTERN_DEPTH_MAX",
            bound(functions::BOUNDS, "PATTERN_DEPTH_MAX"),
            &|depth| then(&format!("{{\"is_match\":\"{}a{}\"}}", "(".repeat(depth), ")".repeat(depth))),
            "bad_pattern",
        ),
        (
            "FORMATS_MAX",
            bound(functions::BOUNDS, "FORMATS_MAX"),
            &|count| then(&format!("{{\"date\":[{}]}}", vec!["\"%F\""; count].join(","))),
            "too_many",
        ),
        (
            "CHAIN_DEPTH_MAX",
            bound(functions::BOUNDS, "CHAIN_DEPTH_MAX"),
            &|depth| then(&format!("{}\"trim\"{}", "{\"map\":[".repeat(depth), "]}".repeat(depth))),
            "too_deep",
        ),
        (
            "DECIMALS_MAX",
            bound(functions::BOUNDS, "DECIMALS_MAX"),
            &|digits| then(&format!("{{\"round\":{digits}}}")),
            "wrong_type",
        ),
    ];
    for (name, max, document, code) in bounds {
        let first = |document: String| problems(&document).first().map(|problem| problem.code.clone());
        assert_eq!(first(document(max)), None, "{name} reached");
        assert_eq!(first(document(max + 1)).as_deref(), Some(code), "{name} passed");
    }
    let many = |count: usize| mapped("{items: a, fields: {}}", &format!("{{\"a\":[{}]}}", vec!["{}"; count].join(",")));
    assert_eq!(many(run::LEADS_MAX).len(), run::LEADS_MAX);
    assert_eq!(many(run::LEADS_MAX + 1), ["too_many_leads"]);
}

fn bound(bounds: &[hookmill_plugin_default::bounds::Bound], name: &str) -> usize {
    let bound = bounds.iter().find(|bound| bound.name == name).unwrap_or_else(|| panic!("no bound {name}"));
    usize::try_from(bound.max).unwrap()
}
