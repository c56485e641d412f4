//! The behaviours of the exports that get nothing to read. A test writes them into the component's bytes, over the dashes.

use std::hint::black_box;

static AT_INITIALIZE: [u8; 48] = *b"hostile-at-initialize=--------------------------";
static AT_DESCRIBE: [u8; 48] = *b"hostile-at-describe=----------------------------";

/// What `initialize` does.
pub(crate) fn at_initialize() -> String {
    after_equals(black_box(&AT_INITIALIZE))
}

/// What `describe` does.
pub(crate) fn at_describe() -> String {
    after_equals(black_box(&AT_DESCRIBE))
}

fn after_equals(mark: &[u8]) -> String {
    let text = String::from_utf8_lossy(mark);
    let behaviour = text.split('=').nth(1).unwrap_or_default();
    behaviour.trim_end_matches('-').to_owned()
}
