//! The plugin's unit tests, native: no server and no WebAssembly needed.

use hookmill_example_facebook::Facebook;
use hookmill_plugin_sdk::types::Failure;
use hookmill_plugin_sdk::{Map, testing};

const IN: &str = include_str!("../sample/in.json");
const OUT: &str = include_str!("../sample/out.json");

fn map(body: &str) -> Result<String, Failure> {
    let mapped = Facebook.map(&testing::context(), &testing::inbound(body))?;
    Ok(testing::lead(&mapped).to_owned())
}

/// P9: what Facebook's Graph API returns for a lead becomes what is expected.
#[test]
fn p9_the_sample() {
    assert_eq!(map(IN).unwrap(), OUT.trim_end());
}

/// P9: the README shows the samples as they are.
#[test]
fn p9_the_readme_shows_the_sample() {
    let readme = include_str!("../README.md");
    for sample in [IN, OUT] {
        assert!(readme.contains(&format!("```json\n{}\n```", sample.trim_end())), "{sample}");
    }
}

/// M5: a lead nobody can reach fails alone, in words; so does what is not a form at all.
#[test]
fn m5_bad_forms() {
    assert_eq!(map(r#"{"field_data":[{"name":"email","values":[" "]}]}"#).unwrap_err().code, "no_contact");
    assert_eq!(map(r#"{"field_data":[{"name":"email","values":[]}]}"#).unwrap_err().code, "no_contact");
    assert_eq!(map("[7]").unwrap_err().code, "no_contact");
    assert_eq!(map("").unwrap_err().code, "not_json");
}

/// M3: names of one word, and answers in any order.
#[test]
fn m3_short_forms() {
    let body = r#"{"field_data":[{"name":"email","values":["a@example.com"]},{"name":"full_name","values":["Cher"]}]}"#;
    assert_eq!(map(body).unwrap(), r#"{"first_name":"Cher","email":"a@example.com","tags":[],"custom":{}}"#);
}
