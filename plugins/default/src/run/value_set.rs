//! Value sets of the organization: which text is the key, and whether it is there.

use std::borrow::Cow;

use hookmill_plugin_sdk::lookup::{self, LookupError};

use super::check::Unjudged;
use crate::json::Value;

/// Bytes of a key; a longer text is none.
const KEY_BYTES_MAX: usize = 4096;

/// The key that a value is: its text without white space around it.
pub fn key<'v>(actual: &'v Value<'_>, ignore_case: bool) -> Option<Cow<'v, str>> {
    let text = actual.scalar_text()?.trim();
    let key: Cow<'v, str> = if ignore_case { text.to_lowercase().into() } else { text.into() };
    (key.len() <= KEY_BYTES_MAX).then_some(key)
}

/// A table that can't be read is no table without the key.
pub fn has(set: &str, key: &str) -> Result<bool, Unjudged> {
    let refuse = |code, message: String| Err(Unjudged { code, field: String::new(), message });
    match lookup::get(set, key) {
        Ok(value) => Ok(value.is_some()),
        Err(LookupError::NotGranted) => {
            let mend = "an admin grants it where the plugin is activated";
            refuse("table_not_granted", format!("the value set `{set}` is not granted to this plugin; {mend}"))
        }
        Err(LookupError::Unknown) => {
            refuse("table_unknown", format!("the organization has no value set `{set}`; create it, or name another"))
        }
    }
}
