//! The plugin's unit tests, native: no server and no WebAssembly needed.

use hookmill_example_solar::Solar;
use hookmill_plugin_sdk::types::{Failure, Severities, Verdict};
use hookmill_plugin_sdk::{Map, Qualify, log, testing};

const CONFIGURATION: &str = include_str!("../sample/configuration.json");
const IN: &str = include_str!("../sample/in.json");
const OUT: &str = include_str!("../sample/out.json");

fn solar() -> Solar {
    testing::configured(CONFIGURATION).unwrap()
}

fn map(body: &str) -> Result<String, Failure> {
    let mapped = solar().map(&testing::context(), &testing::inbound(body))?;
    Ok(testing::lead(&mapped).to_owned())
}

fn check(lead: &str) -> Verdict {
    solar().qualify(&testing::context(), Severities::all(), &testing::submission(lead)).unwrap()
}

/// P9: the sample becomes what is expected, and qualifies.
#[test]
fn p9_the_sample() {
    assert_eq!(map(IN).unwrap(), OUT.trim_end());
    assert_eq!(check(OUT), Verdict::qualified());
}

/// P9: the README shows the samples as they are.
#[test]
fn p9_the_readme_shows_the_sample() {
    let readme = include_str!("../README.md");
    for sample in [CONFIGURATION, IN, OUT] {
        assert!(readme.contains(&format!("```json\n{sample}```")), "{sample}");
    }
    let said = testing::diagnosed::<Solar>(r#"{"states": ["Texas"], "bill_min": 100}"#);
    assert!(readme.contains(&said.join("\n")), "{said:?}");
}

/// P9: the guide shows this plugin, and a part of another, as they are.
#[test]
fn p9_the_guide_shows_this_plugin() {
    let facebook = include_str!("../../facebook/src/lib.rs");
    let sources = [include_str!("../src/lib.rs"), include_str!("sample.rs"), facebook];
    let guide = include_str!("../../../../docs/plugins.md");
    let blocks: Vec<&str> = guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    for block in &blocks {
        assert!(sources.iter().any(|source| source.contains(block)), "not in the example:\n{block}");
    }
    assert!(5 < blocks.len());
}

/// M5: a form without a name fails alone, in words; a bill that can't be read is logged.
#[test]
fn m5_bad_forms() {
    let failure = map("{}").unwrap_err();
    assert_eq!((failure.code.as_str(), failure.field.as_deref()), ("field_missing", Some("full_name")));
    assert_eq!(map("[]").unwrap_err().code, "not_an_object");
    assert_eq!(
        map(r#"{"full_name":" Cher ","monthly_bill":"a lot"}"#).unwrap(),
        r#"{"first_name":"Cher","custom":{}}"#
    );
    let line = testing::take_log().remove(0);
    assert_eq!((line.level, line.message.as_str()), (log::Level::Warn, "req_demo-0: no bill in `a lot`"));
}

/// M7: every rule that failed is told with expected and actual.
#[test]
fn m7_all_reasons_are_told() {
    let verdict = check(r#"{"state":"OK","custom":{"bill":99}}"#);
    let told: Vec<_> = verdict.failed.iter().map(|rule| (rule.field.as_str(), rule.actual.as_deref())).collect();
    assert!(!verdict.qualified);
    assert_eq!(told, [("state", Some("\"OK\"")), ("custom.bill", Some("99"))]);
    assert_eq!(check(r#"{"state":"TX"}"#).failed[0].actual, None);
}

/// The low end counts, with thousands.
#[test]
fn bills() {
    for (bill, dollars) in [("$1,150 - $1,300", "1150"), ("about 90", "90"), ("150", "150")] {
        let lead = map(&format!(r#"{{"full_name":"A B","monthly_bill":"{bill}"}}"#)).unwrap();
        assert!(lead.contains(&format!("\"bill\":{dollars}")), "{lead}");
    }
}
