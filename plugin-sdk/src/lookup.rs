//! Named tables of the organization, by exact key. An admin grants each table to the plugin.

use serde::de::DeserializeOwned;

use crate::types::Failure;

pub use crate::bindings::hookmill::plugin::lookup::LookupError;

/// The value under a key as JSON text; none when the table has no such key.
///
/// # Errors
/// The table is not granted, or the organization has none of this name.
///
/// ```
/// use hookmill_plugin_sdk::lookup::{self, LookupError};
/// use hookmill_plugin_sdk::testing;
///
/// testing::table("colours", [("red", "\"#f00\"")]);
/// assert_eq!(lookup::get("colours", "red"), Ok(Some("\"#f00\"".into())));
/// assert_eq!(lookup::get("colours", "blue"), Ok(None));
/// assert_eq!(lookup::get("sizes", "xl"), Err(LookupError::NotGranted));
/// ```
pub fn get(table: &str, key: &str) -> Result<Option<String>, LookupError> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::hookmill::plugin::lookup::get(table, key);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::look_up(table, key)
}

/// The value under a key, read as any type that serde reads; none when the table has no such key.
///
/// # Errors
/// `table_not_granted`, `table_unknown`, or `table_value` when the value is of another type.
///
/// ```
/// use hookmill_plugin_sdk::{lookup, testing};
///
/// testing::table("bills_by_zip", [("78701", "120.5")]);
/// assert_eq!(lookup::find::<f64>("bills_by_zip", "78701").unwrap(), Some(120.5));
/// assert_eq!(lookup::find::<f64>("bills_by_zip", "10001").unwrap(), None);
/// assert_eq!(lookup::find::<bool>("bills_by_zip", "78701").unwrap_err().code, "table_value");
/// assert_eq!(lookup::find::<f64>("rates", "78701").unwrap_err().code, "table_not_granted");
/// ```
pub fn find<T: DeserializeOwned>(table: &str, key: &str) -> Result<Option<T>, Failure> {
    let failure = |code: &str, what: String| Failure::new(code, what).by_function("lookup");
    let json = get(table, key).map_err(|error| match error {
        LookupError::NotGranted => {
            let hint = "an admin grants it to the campaign (`granted_value_sets`)";
            failure("table_not_granted", format!("the table `{table}` is not granted to this plugin; {hint}"))
        }
        LookupError::Unknown => failure("table_unknown", format!("the organization has no table `{table}`")),
    })?;
    let Some(json) = json else { return Ok(None) };
    let read = serde_json::from_str(&json);
    read.map(Some).map_err(|error| failure("table_value", format!("`{key}` in the table `{table}`: {error}")))
}
