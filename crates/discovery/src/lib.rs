//! Field discovery (M11): every path that a campaign's recent elements have, with its types, how often it is filled, masked examples, and
//! what a draft document would make of it. Pure: elements come in as JSON values, the oldest first.

mod dates;
mod draft;
mod leads;
mod lists;
mod locate;
mod mask;
mod meaning;
mod names;
mod pairs;
mod path;
mod path_stats;
mod reading;
mod rows;
mod shape;
mod table;
mod walk;
mod yaml;

pub use draft::draft;
pub use leads::Lists;
pub use locate::without;
pub use meaning::Meaning;
pub use path::{Path, Step};
pub use path_stats::Kinds;
pub use table::{Field, Fields, Usage};

use serde_json::Value;

/// The default number of elements.
pub const ELEMENTS_DEFAULT: usize = 200;
/// The most elements.
pub const ELEMENTS_MAX: usize = 1_000;
/// How many bytes the elements of one look have together (8 MiB): what is older than these stays unread.
pub const ELEMENTS_BYTES_MAX: usize = 8 << 20;
/// How many bytes the raw requests of one look have together (32 MiB), the same.
pub const REQUESTS_BYTES_MAX: i64 = 32 << 20;
/// The most paths; values of further ones are counted.
pub const PATHS_MAX: usize = 500;
/// The most values of one element.
pub const VALUES_MAX: usize = 10_000;
/// How many examples a path has.
pub const EXAMPLES_MAX: usize = 3;
/// How many characters an example has.
pub const EXAMPLE_CHARS_MAX: usize = 32;
/// How many characters of a value its shape is found by; a longer one is plain text.
const SHAPED_CHARS_MAX: usize = 200;
/// How many names one list of name/value pairs may have.
const PAIRS_MAX: usize = 200;
/// How many bytes a name may have that becomes part of a path of its own.
const NAME_BYTES_MAX: usize = 200;
/// How many times longer than usual a path must be absent to be called new or vanished.
const ABSENCE_FACTOR: usize = 3;

/// One element, and when it was received.
#[derive(Debug, Clone)]
pub struct Element {
    /// Milliseconds since 1970.
    pub received_at_ms: i64,
    /// What it says.
    pub value: Value,
}

/// Collects the paths of elements, which are in the order of their reception.
pub fn discover<'e>(elements: impl IntoIterator<Item = &'e Element>) -> Fields {
    let elements: Vec<&Element> = elements.into_iter().collect();
    let mut gathered = table::FieldTableBuilder::default();
    for element in &elements {
        gathered.element(element.received_at_ms, &element.value);
    }
    let mut fields = gathered.finish();
    fields.lists = leads::find(&elements, &fields);
    fields
}

#[cfg(test)]
mod tests;
