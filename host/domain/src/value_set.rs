//! Value sets (M7): named tables of an organization, from text keys to JSON values. A table never changes; an edit makes another one,
//! and the name refers to it from then on.
//!
//! A table is known by its digest: SHA-256 of its canonical form, one JSON object without white space whose keys are in the order of
//! their bytes. So the same entries have the same digest, however they were written and in whatever order they came.

mod draft;
mod entries;
mod from_csv;
mod from_json;
mod lines;
mod table;

pub use draft::{TableLimits, TableProblem};
pub use from_csv::{CsvHeader, read_csv};
pub use from_json::read_json;
pub use table::{DamagedTable, ValueTable};

/// A table that was read, and what is odd about it.
#[derive(Debug)]
pub struct ReadTable {
    /// The table.
    pub table: ValueTable,
    /// What is odd, and stops nothing.
    pub warnings: Vec<TableProblem>,
}

#[cfg(test)]
mod tests;
