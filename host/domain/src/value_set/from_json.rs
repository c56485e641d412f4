//! Tables as JSON: a list of keys, or an object from keys to values of any kind.

use super::ReadTable;
use super::draft::{Draft, Place, TableLimits, quoted};
use super::entries::{Member, members};
use super::lines::Lines;
use super::table::PRESENT;
use crate::body::{syntax, utf8};
use crate::error::{ApiError, Kind};
use crate::input;
use serde_json::Value;

/// Reads a table.
pub fn read_json(body: &[u8], limits: &TableLimits) -> Result<ReadTable, ApiError> {
    let text = utf8(body, limits.depth_max)?;
    let (mut draft, mut lines) = (Draft::new(limits), Lines::new(text));
    let read = members(text, |member| {
        if draft.is_over() {
            return;
        }
        match member {
            Member::Entry(key, value) => take_entry(&key, value, lines.locate(value), &mut draft),
            Member::Element(value) => take_key(value, lines.locate(value), &mut draft),
        }
    });
    read.map_err(|error| if error.is_data() { not_a_table(&error) } else { syntax(text) })?;
    draft.finish()
}

fn not_a_table(error: &serde_json::Error) -> ApiError {
    let message = "a table is a list of keys, or an object from keys to values";
    ApiError::new(Kind::Invalid, "value_set_invalid", message).at("", "not_a_table", input::describe(error))
}

fn take_entry(key: &str, value: &str, place: Place, draft: &mut Draft<'_>) {
    // Read and written again, it has one form whatever the white space and escapes were.
    match serde_json::from_str::<Value>(value) {
        Ok(value) => draft.add(key, value.to_string(), place),
        Err(error) => draft.add_problem(
            place,
            "invalid_value",
            format!("the value of {}: {}", quoted(key), input::describe(&error)),
        ),
    }
}

fn take_key(element: &str, place: Place, draft: &mut Draft<'_>) {
    let is_whole = element.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    match serde_json::from_str::<Value>(element) {
        Ok(Value::String(key)) => draft.add(&key, PRESENT.to_owned(), place),
        Ok(Value::Number(_)) if is_whole => draft.add(element, PRESENT.to_owned(), place),
        Ok(_) => draft.add_problem(place, "not_a_key", format!("{} is not a key; write it as text", quoted(element))),
        Err(error) => {
            draft.add_problem(place, "invalid_key", format!("{}: {}", quoted(element), input::describe(&error)))
        }
    }
}
