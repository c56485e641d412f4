//! What only a result can be: too large, too deep, no JSON, of the wrong length, with a header in a header.

use super::fixtures::{
    attack_stages, engine, format_configuration_error, format_rejection, guest, limits, load, marked,
};

/// Makes a test of each behaviour: all five stages.
macro_rules! results {
    ($($(#[$meta:meta])* $test:ident: $behaviour:literal,)*) => {
        $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            insta::assert_snapshot!($behaviour, in_all_stages($behaviour).await);
        })*
    };
}

results! {
    /// M1, P3: one result for each item, no more and no fewer.
    no_results: "none",
    too_few_results: "short",
    too_many_results: "long",
    /// M1: a failure is a valid result and no fault; but it is bounded and checked like any other.
    failure: "fail",
    huge_failure: "fail-huge",
    failure_with_nonsense: "fail-with-nonsense",
    /// P3: what is returned is bounded in bytes, in members and in depth.
    huge: "huge",
    big_item: "big-item",
    many_members: "many-members",
    many_empty_members: "many-empty",
    deep_output: "deep-output",
    deepest_output: "deepest-output",
    /// P3: what must be JSON is JSON.
    invalid_json: "invalid-json",
    nul_in_json: "nul-json",
    lone_surrogate: "lone-surrogate",
    two_values: "two-values",
    no_object: "no-object",
    empty_json: "empty-json",
    /// P3, W8: nothing gets into a request's head that is not a header.
    header_in_header_name: "bad-header",
    header_in_header_value: "bad-header-value",
    header_in_method: "bad-method",
    /// P3: other values are what their type says.
    price_without_bound: "bad-price",
    endless_retry: "bad-retry",
    contradiction: "contradiction",
}

async fn in_all_stages(behaviour: &str) -> String {
    let engine = engine(limits());
    let component = load(&engine, guest("hostile")).await.unwrap();
    attack_stages(&engine, &component, behaviour).await
}

/// P3, M2: what `compile` returns is bounded and says one thing.
#[tokio::test]
async fn configurations() {
    let engine = engine(limits());
    let component = load(&engine, guest("hostile")).await.unwrap();
    let mut told = String::new();
    for document in [
        "any",
        "",
        "reject",
        "reject-silently",
        "reject-warning",
        "many-diagnostics",
        "loud-diagnostic",
        "loud-warning",
        "contradiction",
        "big-plan",
        "huge",
        "reject-later",
        "at-load:huge",
    ] {
        let outcome = match engine.compile_configuration(&component, document).await {
            Ok(compiled) => format!("good, {} bytes, {} warnings", compiled.plan.len(), compiled.warnings.len()),
            Err(error) => format_configuration_error(&error),
        };
        told += &format!("{document}: {outcome}\n");
    }
    insta::assert_snapshot!("configurations", told);
}

/// P2, P3: what `describe` returns is bounded and checked.
#[tokio::test]
async fn descriptions() {
    let engine = engine(limits());
    let mut told = String::new();
    for behaviour in ["huge", "big-item", "invalid-json", "deep-output", "many-members"] {
        let outcome = match engine.admit(marked("hostile-at-describe", behaviour)).await {
            Ok(_) => "admitted".to_owned(),
            Err(rejection) => format_rejection(&rejection),
        };
        told += &format!("{behaviour}: {outcome}\n");
    }
    insta::assert_snapshot!("descriptions", told);
}
