//! JSONPath by RFC 9535 (M3): every rule of it by section, texts that are none with their suggested fixes, and random queries against
//! an evaluator that is slow and plain.

mod bounds;
mod filters;
mod reference;
mod rejected;
mod selectors;

use hookmill_json::{JsonIndex, NodeRef, text_of};
use hookmill_jsonpath::{find, parse};

/// A query, and the values that it finds, as one JSON list.
type Case = (&'static str, &'static str);

/// What a query finds in a JSON text, as the texts of the values with commas between them in brackets; or why it is rejected.
fn found(query: &str, json: &str) -> Result<String, String> {
    let segments = parse(query).map_err(|why| why.to_string())?;
    let index = JsonIndex::parse(json).map_err(|why| why.message)?;
    let (found, _) = find(&segments, NodeRef::Indexed(index.root())).map_err(|error| format!("{error:?}"))?;
    let texts: Vec<String> = found.iter().map(|node| text_of(&node.value())).collect();
    Ok(format!("[{}]", texts.join(",")))
}

fn check(section: &str, json: &str, cases: &[Case]) {
    for (query, expected) in cases {
        assert_eq!(found(query, json).as_deref(), Ok(*expected), "{section}: {query} in {json}");
    }
}
