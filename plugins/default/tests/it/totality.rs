//! Nothing that comes in can make the plugin panic.

use hookmill_plugin_default::Declarative;
use hookmill_plugin_sdk::{configuration, types::Severity};
use proptest::prelude::*;

use crate::house::{body, context, inbound, json, leads, load, map_with, shape, submission, to_client, verdict};

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

proptest! {
    /// Any JSON becomes leads that are JSON, are judged and shaped; failures are values.
    #[test]
    fn m5_any_json_maps_or_fails(element in any_json()) {
        for lead in leads("", &element).into_iter().flatten() {
            json(&lead.lead);
            let verdict = verdict("version: 1\nqualify: [{field: email, op: valid}]", Severity::Hard, &lead.lead);
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

    #[test]
    fn p4_any_bytes_load_or_are_refused(bytes: Vec<u8>) {
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
