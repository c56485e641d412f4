//! Whatever a document says and whatever comes in: a value or a typed failure, within bounds (P3). The same grammar is walked through
//! by `fuzz/`.

use proptest::prelude::*;

use crate::exercise::Exercise;
use crate::house::{context, inbound, map_with};

/// Debug builds take some milliseconds for each case. `PROPTEST_CASES` raises it.
const CASES: u32 = 256;

/// Enough for a document with every part.
const BYTES_MAX: usize = 3000;

fn cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    config.cases = config.cases.max(CASES);
    config
}

proptest! {
    #![proptest_config(cases())]

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
