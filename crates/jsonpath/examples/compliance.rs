//! Runs the published compliance cases of RFC 9535 (`cts.json` of jsonpath-standard/jsonpath-compliance-test-suite) against this crate:
//! `cargo xtask jsonpath` fetches them and calls this with their path. It fails when a case fails that is not [`EXPECTED_FAILURES`],
//! and when one of those passes.

use std::process::ExitCode;

use hookmill_json::{JsonIndex, NodeRef, text_of};
use hookmill_jsonpath::{find, parse};
use serde::Deserialize;
use serde_json::Value;

/// One decision: a pattern of `match` and `search` is a text in the path, never a value of the data or another type.
const EXPECTED_FAILURES: [&str; 6] = [
    "functions, match, regex from the document",
    "functions, match, non-string second arg",
    "functions, match, arg is a function expression",
    "functions, search, regex from the document",
    "functions, search, non-string second arg",
    "functions, search, arg is a function expression",
];

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    selector: String,
    document: Option<Value>,
    /// What it finds.
    result: Option<Vec<Value>>,
    /// What it may find, where the order of an object's members is free.
    results: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    invalid_selector: bool,
}

impl Case {
    fn passes(&self) -> bool {
        let found = self.found();
        if self.invalid_selector {
            return found.is_none();
        }
        let allowed = self.results.iter().flatten().chain(&self.result);
        found.is_some_and(|found| allowed.into_iter().any(|allowed| *allowed == found))
    }

    /// What this crate finds; none when it rejects the path.
    fn found(&self) -> Option<Vec<Value>> {
        let segments = parse(&self.selector).ok()?;
        let json = self.document.as_ref().unwrap_or(&Value::Null).to_string();
        let index = JsonIndex::parse(&json).ok()?;
        let (found, _) = find(&segments, NodeRef::Indexed(index.root())).ok()?;
        found.iter().map(|node| serde_json::from_str(&text_of(&node.value())).ok()).collect()
    }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: compliance CTS_JSON (`cargo xtask jsonpath` fetches it)");
        return ExitCode::FAILURE;
    };
    match read(&path) {
        Ok(suite) => run(&suite),
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &str) -> std::io::Result<Suite> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn run(suite: &Suite) -> ExitCode {
    let failed: Vec<&str> = suite.tests.iter().filter(|case| !case.passes()).map(|case| case.name.as_str()).collect();
    let unexpected: Vec<&&str> = failed.iter().filter(|name| !EXPECTED_FAILURES.contains(name)).collect();
    let fixed: Vec<&&str> = EXPECTED_FAILURES.iter().filter(|name| !failed.contains(name)).collect();
    println!("{} of {} cases pass", suite.tests.len() - failed.len(), suite.tests.len());
    for name in &failed {
        println!("  fails: {name}");
    }
    for name in &fixed {
        println!("  passes, though it is listed as a failure: {name}");
    }
    if unexpected.is_empty() && fixed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
