//! Nothing that comes in makes a function panic or pass its bounds.

use proptest::prelude::*;

use super::super::{FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX, registry, text_size};
use super::*;

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let number = proptest::sample::select(vec![
        "0",
        "-0",
        "1",
        "-1.50",
        "1e400",
        "1e-400",
        "9007199254740993",
        "1718447400000",
        "12345678901234567890123",
    ]);
    let text = proptest::sample::select(vec![
        "",
        " ",
        "a@b.example",
        "5125550142",
        "+44 20 7946 0958",
        "03/04/2026",
        "2026-03-08T09:09:27+0000",
        "$12,000",
        "100-200",
        "10+",
        "California",
        "02139-1234",
        "true",
        "{\"a\":[1]}",
        "a b c",
        "%41%zz",
        "YWJj",
        "<p>x &amp; y</p>",
        "12.5k",
        "1.234,56",
        "\u{0}",
        "e\u{301}",
        "\u{1f600}",
        "a.b.c",
        "-",
        "+",
        "999999999999999999999999999",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|text| Value::Number(text.into())),
        text.prop_map(Value::text),
        any::<String>().prop_map(Value::text),
    ];
    let name = prop_oneof!["[a-c.]{0,3}", any::<String>()];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        let member = (name.clone(), inner.clone()).prop_map(|(name, value)| (name.into(), value));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::List),
            prop::collection::vec(member, 0..5).prop_map(distinct),
        ]
    })
}

fn distinct(members: Vec<(std::borrow::Cow<'static, str>, Value<'static>)>) -> Value<'static> {
    let mut kept: Vec<(std::borrow::Cow<'static, str>, Value<'static>)> = Vec::new();
    for (name, value) in members {
        if kept.iter().all(|(known, _)| *known != name) {
            kept.push((name, value));
        }
    }
    Value::Object(kept)
}

fn is_json(value: &Value<'_>) -> bool {
    parse(&text_of(value)).is_ok_and(|read| read == *value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every function, with the arguments of each of its examples, on any value: a result that is JSON and within bounds, or a rejection.
    #[test]
    fn p3_m4_any_function_on_any_value(value in any_value()) {
        for spec in registry::registry() {
            for example in spec.examples {
                let chain: &'static [_] = chain_of(example.call).unwrap().leak();
                let size = text_size(&value).max(FUNCTION_OUTPUT_BYTES_MAX);
                let Ok(Some(made)) = apply_all(chain, Some(value.clone()), &Here::new()) else { continue };
                prop_assert!(text_size(&made) <= size + 1000, "{} is too large", example.call);
                if let Value::List(items) = &made {
                    prop_assert!(items.len() <= FUNCTION_ITEMS_MAX);
                }
                prop_assert!(is_json(&made), "{} made {made:?}", example.call);
            }
        }
    }

    /// Any functions one after another, as far as the chain compiles.
    #[test]
    fn p3_m4_any_chain_on_any_value(value in any_value(), places in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let calls: Vec<&str> = registry::registry().flat_map(|spec| spec.examples).map(|example| example.call).collect();
        let chain: Vec<&str> = places.iter().map(|place| *place.get(&calls)).collect();
        let Ok(functions) = chain_of(&format!("[{}]", chain.join(", "))) else { return Ok(()) };
        if let Ok(Some(made)) = apply_all(functions.leak(), Some(value), &Here::new()) {
            prop_assert!(is_json(&made), "{chain:?} made {made:?}");
        }
    }
}
