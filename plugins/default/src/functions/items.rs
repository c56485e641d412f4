//! Working on a list item by item.

use hookmill_json::Value;

use super::error::FunctionError;
use super::limits::{FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX};
use super::measure::text_size;

/// A list is treated item by item; what comes to nothing is left out. A list that is made of an item is one item, so that it stays
/// plain what was made of which.
pub fn map_items<'t>(
    items: Vec<Value<'t>>,
    make: impl Fn(Option<Value<'t>>) -> Result<Option<Value<'t>>, FunctionError>,
) -> Result<Option<Value<'t>>, FunctionError> {
    each_item(items, make, |done, value| done.push(value))
}

/// The same, but what lists hold that are made stands in a row.
pub fn map_items_in_row<'t>(
    items: Vec<Value<'t>>,
    make: impl Fn(Option<Value<'t>>) -> Result<Option<Value<'t>>, FunctionError>,
) -> Result<Option<Value<'t>>, FunctionError> {
    each_item(items, make, |done, value| match value {
        Value::List(pieces) => done.extend(pieces),
        single => done.push(single),
    })
}

fn each_item<'t>(
    items: Vec<Value<'t>>,
    make: impl Fn(Option<Value<'t>>) -> Result<Option<Value<'t>>, FunctionError>,
    add: impl Fn(&mut Vec<Value<'t>>, Value<'t>),
) -> Result<Option<Value<'t>>, FunctionError> {
    let mut done = Vec::with_capacity(items.len());
    let mut room = items.iter().map(text_size).sum::<usize>().max(FUNCTION_OUTPUT_BYTES_MAX);
    let items_max = items.len().max(FUNCTION_ITEMS_MAX);
    for item in items {
        let made = make(Some(item))?;
        let taken = made.as_ref().map_or(0, text_size);
        room = room.checked_sub(taken).ok_or_else(|| {
            FunctionError::too_large("a list", "FUNCTION_OUTPUT_BYTES_MAX", FUNCTION_OUTPUT_BYTES_MAX)
        })?;
        if let Some(value) = made {
            add(&mut done, value);
        }
        if items_max < done.len() {
            return Err(FunctionError::too_large("a list", "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX));
        }
    }
    Ok(Some(Value::List(done)))
}
