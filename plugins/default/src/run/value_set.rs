//! Value sets of the organization: which text is the key, and whether it is there.

use std::borrow::Cow;

use hookmill_json::Value;
use hookmill_plugin_sdk::lookup;

use super::context::no_table;
use crate::functions::FunctionError;

/// Bytes of a key; a longer text is none.
const KEY_BYTES_MAX: usize = 4096;

/// The key that a value is: its text without white space around it.
pub fn key<'v>(actual: &'v Value<'_>, ignore_case: bool) -> Option<Cow<'v, str>> {
    let text = actual.scalar_text()?.trim();
    let key: Cow<'v, str> = if ignore_case { text.to_lowercase().into() } else { text.into() };
    (key.len() <= KEY_BYTES_MAX).then_some(key)
}

/// Whether a set has a key. One that can't be read is not a set without the key.
pub fn has(set: &str, key: &str) -> Result<bool, FunctionError> {
    lookup::get(set, key).map(|found| found.is_some()).map_err(|error| no_table(set, error))
}
