//! Whatever a document says and whatever comes in: a value or a typed failure, within bounds (P3). The same grammar is walked through
//! by `fuzz/`.

use proptest::prelude::*;

use crate::exercise::Exercise;
use crate::fixtures::{context, inbound, map_with};

/// Enough for a document with every part.
const BYTES_MAX: usize = 3000;

proptest! {
    /// `PROPTEST_CASES` says how many; usually a few hundred.
    #[test]
    fn p3_m4_any_document_on_any_input(bytes in prop::collection::vec(any::<u8>(), 0..BYTES_MAX)) {
        Exercise::drawn(&bytes).run();
    }
}

/// Nothing that fails to map is ever sent on: a failure stands where a lead would, and nothing of the lead is in it.
#[test]
fn m5_what_fails_to_map_gives_no_lead() {
    let document = "version: 1\nmap: {fields: {email: {from: email, then: [email], on_missing: fail, on_null: fail, on_blank: fail}}}";
    for element in [
        "{}",
        "{\"email\":null}",
        "{\"email\":\"\"}",
        "{\"email\":\"x\"}",
        "{\"email\":{}}",
        "5",
        "null",
        "[[]]",
        "[null]",
    ] {
        let mapped = map_with(document, context(), inbound(element)).unwrap();
        assert!(!mapped.leads.is_empty() && mapped.leads.iter().all(Result::is_err), "{element}");
    }
    for text in ["", "{", "{\"email\":", "nul", "\u{feff}", "[{}"] {
        assert!(map_with(document, context(), inbound(text)).is_err(), "{text}");
    }
}
