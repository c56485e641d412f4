//! Whatever reads what comes in: JSON, whole and by places, and XML. YAML is read by `compile`.
#![no_main]

use hookmill_bodies::xml::{self, XmlLimits};
use hookmill_json::{PathTrie, JsonIndex, parse, text_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    json(text);
    if let Ok(read) = xml::to_json(text, &XmlLimits::default()) {
        assert!(serde_json::from_str::<serde_json::Value>(&read).is_ok(), "{read}");
    }
});

/// What is read is JSON, says serde_json, and is the same again when it is written and read.
fn json(text: &str) {
    let _ = JsonIndex::parse_paths(text, &PathTrie::NOTHING, true);
    let rule_paths = serde_json::from_str::<serde_json::Value>(text).is_ok();
    match parse(text) {
        Ok(value) => {
            assert!(rule_paths, "this is not JSON");
            let written = text_of(&value);
            assert_eq!(parse(&written).ok(), Some(value));
        }
        Err(rejected) => assert!(!rule_paths || ["too_deep", "too_large"].contains(&rejected.code), "{rejected:?}"),
    }
}
