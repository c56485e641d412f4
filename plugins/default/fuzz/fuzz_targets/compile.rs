//! Any text as a document, and any bytes as a plan: a plan that loads, or problems with their places.
#![no_main]

use hookmill_plugin_default::Declarative;
use hookmill_plugin_default::document::DIAGNOSTICS_MAX;
use hookmill_plugin_sdk::configuration::Guest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = <Declarative as Guest>::load(text.as_bytes().to_vec());
    match <Declarative as Guest>::compile(text.to_owned()) {
        Ok(compiled) => {
            <Declarative as Guest>::load(compiled.plan).unwrap();
            assert!(!<Declarative as Guest>::describe().name.is_empty());
        }
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= DIAGNOSTICS_MAX);
            for problem in &problems {
                assert!(0 < problem.line && 0 < problem.column && !problem.message.is_empty(), "{problem:?}");
            }
        }
    }
});
