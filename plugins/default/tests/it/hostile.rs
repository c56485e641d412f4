//! Documents and inputs made to break something (P3, H6): each is told at once which bound it passes, when it is saved or when it runs, or
//! is done within the bounds. Without the bound, each of these takes minutes or gigabytes.

use hookmill_plugin_default::document::DOCUMENT_BYTES_MAX;
use hookmill_plugin_default::run::{OUTPUT_BYTES_MAX, TRACE_BYTES_MAX};
use hookmill_plugin_sdk::types::*;
use hookmill_plugin_sdk::{configuration, mapping, qualification};

use crate::fixtures::{
    context, inbound, interpret_in, load, map_with, problems, response, shape, shape_in, submission, to_client,
};

/// What becomes of a document: its first problem, or that it compiles.
fn saved(document: &str) -> String {
    match <hookmill_plugin_default::Declarative as configuration::Guest>::compile(document.to_owned()) {
        Ok(_) => "saved".to_owned(),
        Err(problems) => problems[0].code.clone(),
    }
}

/// H6: each bound of a document has a code, and the message names the bound.
#[test]
fn h6_m2_a_hostile_document_is_told_its_bound() {
    let many = |count: usize, line: &str| (0..count).map(|n| line.replace('#', &n.to_string())).collect::<String>();
    let field =
        |then: &str| format!("{{\"version\":1,\"map\":{{\"fields\":{{\"x\":{{\"from\":\"a\",\"then\":[{then}]}}}}}}}}");
    for (what, document, code) in [
        ("an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]".to_owned(), "alias"),
        ("deep lists of YAML", "[".repeat(100_000), "too_deep"),
        ("deep maps of YAML", "{a: ".repeat(50_000), "too_deep"),
        ("deep dashes of YAML", "- ".repeat(100_000), "too_deep"),
        ("deep JSON", format!("{{\"version\":{}", "[".repeat(100_000)), "too_deep"),
        ("ten megabytes", "[".repeat(10 << 20), "too_large"),
        ("many values", format!("[{}]", "1,".repeat(30_000)), "too_large"),
        ("many fields", format!("version: 1\nmap:\n  fields:\n{}", many(600, "    f#: a\n")), "too_many"),
        (
            "many rules",
            format!("version: 1\nqualify:\n{}", many(600, "  - {field: x, op: eq, value: #}\n")),
            "too_many",
        ),
        (
            "many outcomes",
            format!(
                "version: 1\ninterpret:\n  outcomes:\n{}",
                many(200, "    - {outcome: retry, when: {field: x, op: eq, value: #}}\n")
            ),
            "too_many",
        ),
        ("many unknown keys", many(15_000, "a#: 1\n"), "unknown_key"),
        ("many functions", field(&vec!["\"trim\""; 1001].join(",")), "too_many"),
        (
            "many values of a list",
            format!("version: 1\nqualify: [{{field: x, op: in, values: [{}]}}]", "1,".repeat(1001)),
            "too_many",
        ),
        ("a long path", format!("version: 1\nmap: {{fields: {{x: a{}}}}}", ".a".repeat(100_000)), "bad_path"),
        ("chains in chains", field(&format!("{}\"trim\"{}", "{\"map\":[".repeat(1000), "]}".repeat(1000))), "too_deep"),
        (
            "chains in chains that can be read",
            field(&format!("{}\"trim\"{}", "{\"map\":[".repeat(6), "]}".repeat(6))),
            "too_deep",
        ),
        ("a huge padding", field("{\"pad\":1000000000}"), "wrong_type"),
        ("huge digits", field("{\"divide\":{\"by\":3,\"digits\":1000000000}}"), "wrong_type"),
        ("many formats of dates", field(&format!("{{\"date\":[{}\"%F\"]}}", "\"%F\",".repeat(30))), "too_many"),
        ("an expression that explodes", field("{\"extract\":\"((a{100}){100}){100}\"}"), "bad_pattern"),
        (
            "an expression of deep groups",
            field(&format!("{{\"extract\":\"{}a{}\"}}", "(".repeat(200), ")".repeat(200))),
            "bad_pattern",
        ),
        ("a long expression", field(&format!("{{\"extract\":\"{}\"}}", "a|".repeat(1000))), "too_large"),
    ] {
        assert_eq!(saved(&document), code, "{what}: {:?}", problems(&document).first());
    }
    assert!(problems(&" ".repeat(DOCUMENT_BYTES_MAX + 1))[0].message.contains(&DOCUMENT_BYTES_MAX.to_string()));
}

/// What becomes of an element in a field of these functions: the code of its failure, or `lead`.
fn mapped(then: &str, element: &str) -> String {
    let document = format!(
        "{{\"version\":1,\"map\":{{\"unknown\":\"drop\",\"fields\":{{\"x\":{{\"from\":\"a\",\"then\":[{then}]}}}}}}}}"
    );
    outcome(&document, element)
}

fn outcome(document: &str, element: &str) -> String {
    match map_with(document, context(), inbound(element)) {
        Ok(mapped) => match &mapped.leads[0] {
            Ok(lead) => {
                assert!(lead.lead.len() <= 6 * OUTPUT_BYTES_MAX);
                "lead".to_owned()
            }
            Err(failure) => failure.code.clone(),
        },
        Err(failure) => failure.code,
    }
}

fn times(count: usize, text: &str) -> String {
    vec![text; count].join(",")
}

/// P3, M4: what functions could multiply, they do not.
#[test]
fn p3_m4_hostile_chains_end() {
    let text = format!("{{\"a\":\"{}\"}}", "ab".repeat(100_000));
    let list = |item: &str, count: usize| format!("{{\"a\":[{}]}}", times(count, item));
    for (then, element, code) in [
        (times(300, "\"upper\",\"lower\""), text.clone(), "too_much_work"),
        (times(40, "{\"replace\":{\"what\":\"a\",\"with\":\"aa\"}}"), "{\"a\":\"a\"}".into(), "output_too_large"),
        (times(200, "\"to_json\""), "{\"a\":\"\\\"\"}".into(), "output_too_large"),
        (times(60, "\"base64_encode\""), "{\"a\":\"a\"}".into(), "output_too_large"),
        (times(40, "{\"concat\":[\"a\",\"a\"]}"), text.clone(), "output_too_large"),
        (times(30, "{\"template\":\"{{ value }}{{ value }}\"}"), text.clone(), "output_too_large"),
        (times(300, "{\"split\":\"a\"},{\"join\":\"a\"}"), text.clone(), "output_too_large"),
        (
            times(300, "{\"split\":\"a\"},{\"join\":\"a\"}"),
            format!("{{\"a\":\"{}\"}}", "ab".repeat(9_000)),
            "too_much_work",
        ),
        ("{\"map\":[{\"append\":\"a\"}]}".into(), list("1", 3000), "too_much_work"),
        (
            "{\"map\":[{\"join_lists\":{\"with\":\"a\",\"key\":\"k\"}}]}".into(),
            list("{\"k\":1}", 3000),
            "too_much_work",
        ),
        (format!("{{\"map\":[{{\"constant\":[\"{}\"]}}]}}", "x".repeat(100)), list("1", 5000), "output_too_large"),
        ("{\"map\":[\"uuid\"]}".into(), list("1", 200_000), "too_much_work"),
        ("{\"split\":\"b\"},\"unique\"".into(), format!("{{\"a\":\"{}\"}}", "ab".repeat(450_000)), "output_too_large"),
        ("\"add\"".replace("\"add\"", "{\"add\":1}"), format!("{{\"a\":{}}}", "9".repeat(100_000)), "number_too_long"),
        ("\"round\"".into(), "{\"a\":1e999999999}".into(), "number_too_long"),
        ("\"round\"".into(), "{\"a\":1e-999999999}".into(), "number_too_long"),
        ("{\"extract_all\":\"(a|b)*c|a\"}".into(), format!("{{\"a\":\"{}\"}}", "ab".repeat(15_000)), "too_much_work"),
        ("{\"extract\":\"a\"}".into(), text.clone(), "input_too_large"),
        ("\"strip_tags\"".into(), format!("{{\"a\":\"{}\"}}", "<a '".repeat(50_000)), "lead"),
        ("\"strip_tags\"".into(), format!("{{\"a\":\"{}\"}}", "<script></script>".repeat(10_000)), "lead"),
        ("\"unflatten\"".into(), format!("{{\"a\":{{\"{}\":1}}}}", "a.".repeat(100_000) + "a"), "lead"),
        ("\"parse_json\"".into(), format!("{{\"a\":\"{}\"}}", "[".repeat(100_000)), "not_json"),
    ] {
        let then: String = then;
        let element: String = element;
        assert_eq!(mapped(&then, &element), code, "{}", &then[..then.len().min(100)]);
    }
}

/// P3: what many fields, templates and leads could multiply, they do not.
#[test]
fn p3_m5_hostile_leads_are_bounded() {
    let fields = |frame: &str, count: usize, source: &str| {
        let fields: Vec<String> = (0..count).map(|n| format!("\"f{n}\":{source}")).collect();
        format!("{{\"version\":1,\"map\":{{{frame}\"fields\":{{{}}}}}}}", fields.join(","))
    };
    let text = format!("{{\"a\":\"{}\"}}", "b".repeat(100_000));
    let list = format!("{{\"a\":[{}]}}", times(100_000, "0"));
    let each = format!("{{\"big\":\"{}\",\"l\":[{}]}}", "b".repeat(100_000), times(900, "{}"));
    let same = format!("{{\"l\":[{}]}}", times(500, "{\"x\":1}"));
    let template = format!("{{\"template\":\"{}\"}}", "{{ a }}".repeat(5000));
    for (document, element, code) in [
        (fields("\"unknown\":\"drop\",", 400, "\"$\""), &text, "too_large"),
        (fields("", 400, "{\"from\":\"a\",\"then\":[\"email\"],\"on_error\":\"keep_raw\"}"), &text, "too_large"),
        (fields("\"unknown\":\"drop\",", 400, "\"$\""), &list, "too_much_work"),
        (fields("", 400, "\"$..*\""), &format!("{{\"a\":[{}]}}", times(40_000, "0")), "too_much_work"),
        (fields("", 1, &template), &text, "output_too_large"),
        (fields("\"items\":\"$.l[*]\",", 1, "\"parent.big\""), &each, "lead"),
        (fields("", 1, "\"b\""), &format!("[{{\"a\":[{}]}}]", times(400_000, "0")), "too_large"),
        (fields("\"ignore\":[\"$..*\"],", 1, "\"b\""), &list, "path_too_wide"),
        (fields("\"also_search\":[\"$..*\"],", 1, "\"~b\""), &list, "path_too_wide"),
        (fields("\"expand\":[\"$.l[*]\"],", 1, "\"b\""), &same, "too_large"),
    ] {
        assert_eq!(outcome(&document, element), code, "{}", &document[..document.len().min(200)]);
    }
    // The first leads have room; those for which there is none fail, each by itself.
    let leads =
        map_with(&fields("\"items\":\"$.l[*]\",", 1, "\"parent.big\""), context(), inbound(&each)).unwrap().leads;
    let made: usize = leads.iter().flatten().map(|lead| lead.lead.len()).sum();
    let failed = leads.iter().filter_map(|lead| lead.as_ref().err());
    assert!(made <= OUTPUT_BYTES_MAX + leads.len() * 100 && failed.clone().count() > 0);
    assert!(failed.clone().all(|failure| failure.code == "too_large"));
}

/// P3, M7: a lead is neither passed nor failed by a rule that could not look at all of it.
#[test]
fn p3_m7_hostile_leads_are_checked_or_fail() {
    let check = |rules: &str, x: &str| {
        load(&format!("{{\"version\":1,\"qualify\":[{rules}]}}"));
        let lead = format!("{{\"custom\":{{\"x\":{x}}}}}");
        <hookmill_plugin_default::Declarative as qualification::Guest>::qualify(
            context(),
            Severities::HARD,
            vec![submission(&lead)],
        )
        .remove(0)
    };
    let text = format!("\"{}\"", "9a".repeat(100_000));
    let list = format!("[{}]", times(60_000, "0"));
    let wide = format!("[{}]", times(120_000, "0"));
    for (rules, x, code) in [
        (times(400, "{\"field\":\"x\",\"op\":\"matches\",\"value\":\"(a|aa)+y$\"}"), &text, "too_much_work"),
        (
            times(400, "{\"field\":\"x\",\"op\":\"in\",\"values\":[\"a\",\"b\",\"c\"],\"ignore_case\":true}"),
            &text,
            "too_much_work",
        ),
        (times(400, "{\"field\":\"x\",\"op\":\"distinct\"}"), &list, "too_much_work"),
        (times(400, "{\"field\":\"$\",\"op\":\"eq\",\"other\":\"$\"}"), &list, "too_much_work"),
        ("{\"field\":\"$..y\",\"op\":\"eq\",\"value\":1,\"on_missing\":\"pass\"}".to_owned(), &wide, "path_too_wide"),
        ("{\"not\":{\"field\":\"$..y\",\"op\":\"present\"}}".to_owned(), &wide, "path_too_wide"),
    ] {
        let rules: String = rules;
        assert_eq!(check(&rules, x).unwrap_err().code, code, "{}", &rules[..100.min(rules.len())]);
    }
    let verdict = check(&times(50, "{\"field\":\"x\",\"op\":\"eq\",\"value\":1}"), &text).unwrap();
    assert!(verdict.failed.iter().all(|failed| failed.actual.as_ref().is_some_and(|actual| actual.len() < 5000)));
}

/// P3, M8: what a message could multiply, it does not.
#[test]
fn p3_m8_hostile_messages_are_bounded() {
    let each = |depth: usize, make: &str| {
        format!("{}{make}{}", "{\"for_each\":\"lead.custom.l\",\"make\":".repeat(depth), "}".repeat(depth))
    };
    let items = format!("{{\"custom\":{{\"l\":[{}]}}}}", times(1000, "\"bbbbbbbbbbbbbbbbbbbb\""));
    let members: Vec<String> = (0..20_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let members = format!("{{\"custom\":{{{}}}}}", members.join(","));
    let text = format!("{{\"custom\":{{\"l\":\"{}\"}}}}", "b".repeat(100_000));
    let all: Vec<String> = (0..900).map(|n| format!("\"f{n}\":{{\"from\":\"lead\"}}")).collect();
    for (body, lead, code) in [
        (each(3, "{\"from\":\"item\"}"), &items, "too_large"),
        (each(1, "{\"from\":\"lead\"}"), &items, "too_large"),
        (each(2, "{\"a\":{},\"b\":[],\"c\":{\"d\":{}}}"), &items, "too_large"),
        (each(1, &format!("[\"{}\"]", "b".repeat(100_000))), &items, "too_large"),
        (format!("{{{}}}", all.join(",")), &text, "too_large"),
        (format!("\"{}\"", "{{ lead.custom.l }}".repeat(900)), &text, "output_too_large"),
        (format!("{{\"merge\":[{}]}}", times(3, "{\"from\":\"lead.custom\"}")), &members, "sent"),
    ] {
        let document = format!("{{\"version\":1,\"shape\":{{\"client\":{{\"body\":{{\"x\":{body}}}}}}}}}");
        let code_found =
            shape(&document, to_client(submission(lead))).map_or_else(|failure| failure.code, |_| "sent".to_owned());
        assert_eq!(code_found, code, "{}", &body[..body.len().min(100)]);
    }
}

/// P3, M9: a response of any size and shape means something, or nothing.
#[test]
fn p3_m9_hostile_responses_are_interpreted() {
    for (details, kind, body) in [
        ("{\"as\":\"xml\"}", "text/xml", "<a>".repeat(100_000)),
        ("{\"as\":\"xml\"}", "text/xml", format!("<r>{}</r>", "<a/>".repeat(50_000))),
        ("{\"as\":\"xml\"}", "text/xml", format!("<r {}/>", "a='1' ".repeat(50_000))),
        ("{\"as\":\"xml\"}", "text/xml", "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><r>&b;</r>".to_owned()),
        (
            "{\"reason\":{\"template\":\"{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}\"}}",
            "",
            "b".repeat(1 << 20),
        ),
        ("{\"price\":\"$..*\"}", "application/json", format!("[{}]", "9".repeat(100_000))),
        ("{\"reason\":\"$..*\"}", "application/json", "[".repeat(100_000)),
    ] {
        let details = details.replacen(
            '{',
            "{\"outcomes\":[{\"outcome\":\"rejected\",\"when\":{\"field\":\"none\",\"op\":\"present\"}}],",
            1,
        );
        load(&format!("{{\"version\":1,\"interpret\":{details}}}"));
        let outcome = match interpret_in(context(), response(200, kind, &body)) {
            Ok(outcome) => outcome,
            Err(failure) => {
                assert_eq!(failure.code, "unreadable_body", "{details}");
                continue;
            }
        };
        assert!(
            outcome.as_ref().is_none_or(|outcome| outcome.reason.is_none() && outcome.price.is_none()),
            "{details} {outcome:?}"
        );
    }
}

/// M10: a trace has a bound as well, and says where it ends.
#[test]
fn m10_a_trace_is_bounded() {
    let traced = || Context { trace: true, ..context() };
    let chain = times(100, "\"upper\",\"lower\"");
    let document = format!(
        "{{\"version\":1,\"map\":{{\"fields\":{{\"x\":{{\"from\":\"a\",\"then\":[{chain}]}}}}}},\"shape\":{{\"client\":{{\"body\":{{\"x\":{{\"from\":\"lead.custom.x\",\"then\":[{chain}]}}}}}}}}}}"
    );
    load(&document);
    let element = format!("{{\"a\":\"{}\"}}", "aB".repeat(20_000));
    let mapped = <hookmill_plugin_default::Declarative as mapping::Guest>::map(traced(), vec![inbound(&element)])
        .remove(0)
        .unwrap();
    let lead = format!("{{\"custom\":{{\"x\":\"{}\"}}}}", "aB".repeat(20_000));
    let sent = shape_in(traced(), to_client(submission(&lead))).unwrap();
    for trace in [mapped.trace.unwrap(), sent.trace.unwrap()] {
        assert!(TRACE_BYTES_MAX / 2 < trace.len() && trace.len() < 2 * TRACE_BYTES_MAX, "{}", trace.len());
        assert!(trace.contains("TRACE_BYTES_MAX"));
    }
}
