//! A table while it is read: every entry is held against the bounds, and all problems are reported at once.

use super::ReadTable;
use super::table::ValueTable;
use crate::error::{ApiError, Detail, Kind};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The most problems and the most warnings that are reported; reading stops at this many problems.
const PROBLEMS_MAX: usize = 50;
/// How many characters of a key or value are quoted.
const QUOTED_CHARS_MAX: usize = 60;
/// What an entry takes in the canonical form beside its key and value: quotes, colon, comma.
const ENTRY_BYTES: usize = 4;

/// The bounds of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLimits {
    /// How many entries it may have.
    pub entries_max: usize,
    /// How many bytes a key may have.
    pub key_bytes_max: usize,
    /// How many bytes a value may have, as JSON.
    pub value_bytes_max: usize,
    /// How many bytes the table may have, as it is sent and in its canonical form.
    pub bytes_max: usize,
    /// How deep its JSON may nest.
    pub depth_max: usize,
}

/// A place in the table as it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The line, from 1.
    pub(super) line: u64,
    /// The column, from 1: a field's number in CSV, a byte's in JSON.
    pub(super) column: u64,
}

/// Something that is wrong with a table, or odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TableProblem {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1: the number of the field in CSV, of the byte in JSON.
    pub column: u64,
    /// A stable code in snake case.
    pub code: &'static str,
    /// What is wrong, and the suggested fix.
    pub message: String,
}

/// A table while it is read.
pub(super) struct Draft<'a> {
    limits: &'a TableLimits,
    entries: BTreeMap<String, (String, Place)>,
    bytes: usize,
    problems: Vec<TableProblem>,
    warnings: Vec<TableProblem>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(limits: &'a TableLimits) -> Self {
        Self { limits, entries: BTreeMap::new(), bytes: 2, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Whether the limit of problems is reached.
    pub(super) fn is_over(&self) -> bool {
        PROBLEMS_MAX <= self.problems.len()
            || self.limits.entries_max < self.entries.len()
            || self.limits.bytes_max < self.bytes
    }

    /// Something is wrong.
    pub(super) fn add_problem(&mut self, place: Place, code: &'static str, message: impl Into<String>) {
        tell(&mut self.problems, place, code, message.into());
    }

    /// Something is odd.
    pub(super) fn add_warning(&mut self, place: Place, code: &'static str, message: impl Into<String>) {
        tell(&mut self.warnings, place, code, message.into());
    }

    /// Takes an entry; `value` is compact JSON.
    pub(super) fn add(&mut self, key: &str, value: String, place: Place) {
        if self.is_over() || !self.fits(key, &value, place) {
            return;
        }
        match self.entries.entry(key.to_owned()) {
            Entry::Vacant(free) => {
                free.insert((value, place));
                self.check_growth(key, place);
            }
            Entry::Occupied(taken) => {
                let (kept, first) = taken.get();
                let (same, line) = (*kept == value, first.line);
                let first_value = quoted(kept);
                self.add_repeated(key, place, line, same, &first_value, &value);
            }
        }
    }

    fn add_repeated(&mut self, key: &str, place: Place, line: u64, same: bool, first: &str, value: &str) {
        let key = quoted(key);
        if same {
            let message = format!("{key} is in line {line} already, with the same value; it counts once");
            return self.add_warning(place, "repeated_key", message);
        }
        let message = format!("{key} is {} here and {first} in line {line}; keep one of them", quoted(value));
        self.add_problem(place, "contradicting_key", message);
    }

    fn fits(&mut self, key: &str, value: &str, place: Place) -> bool {
        let TableLimits { key_bytes_max, value_bytes_max, .. } = *self.limits;
        let problem = if key.is_empty() {
            ("empty_key", "the key is empty; leave the entry out, or give it a key".into())
        } else if key.contains('\0') {
            ("invalid_key", format!("{} has the character U+0000, which no key may have", quoted(key)))
        } else if key_bytes_max < key.len() {
            let message = format!("{} has {} bytes, a key may have {key_bytes_max}", quoted(key), key.len());
            ("key_too_long", message + " (value_set_key_bytes_max)")
        } else if value_bytes_max < value.len() {
            let message = format!("the value of {} has {} bytes, one may have", quoted(key), value.len());
            ("value_too_long", format!("{message} {value_bytes_max} (value_set_value_bytes_max)"))
        } else {
            return true;
        };
        self.add_problem(place, problem.0, problem.1);
        false
    }

    /// Counts an entry that was taken.
    fn check_growth(&mut self, key: &str, place: Place) {
        let value_bytes = self.entries.get(key).map_or(0, |(value, _)| value.len());
        self.bytes += key.len() + value_bytes + ENTRY_BYTES;
        let TableLimits { entries_max, bytes_max, .. } = *self.limits;
        if entries_max < self.entries.len() {
            let message = format!("a table may have {entries_max} entries (value_set_entries_max); split it");
            self.add_problem(place, "too_many_entries", message);
        } else if bytes_max < self.bytes {
            let message = format!("a table may have {bytes_max} bytes as JSON (value_set_bytes_max); split it");
            self.add_problem(place, "table_too_large", message);
        }
    }

    /// The table, if nothing is wrong.
    pub(super) fn finish(self) -> Result<ReadTable, ApiError> {
        if !self.problems.is_empty() {
            return Err(table_error(&self.problems));
        }
        let entries = self.entries.into_iter().map(|(key, (value, _))| (key, value)).collect();
        let table = ValueTable::of(&entries).map_err(|error| ApiError::invalid("table", error.to_string()))?;
        Ok(ReadTable { table, warnings: self.warnings })
    }
}

fn tell(list: &mut Vec<TableProblem>, place: Place, code: &'static str, message: String) {
    if list.len() < PROBLEMS_MAX {
        list.push(TableProblem { line: place.line, column: place.column, code, message });
    }
}

/// A key or value as a message shows it: shortened, so that a message stays one.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let rest = if shown.len() < text.len() { "..." } else { "" };
    format!("`{}{rest}`", shown.escape_debug())
}

/// The error that lists what is wrong.
pub(super) fn table_error(problems: &[TableProblem]) -> ApiError {
    let detail = |problem: &TableProblem| Detail {
        path: format!("line {}", problem.line),
        code: problem.code.into(),
        message: format!("line {}, column {}: {}", problem.line, problem.column, problem.message),
    };
    let all = if problems.len() < PROBLEMS_MAX { "" } else { " or more" };
    let message = format!("the table has {}{all} problems; nothing was kept", problems.len());
    ApiError::new(Kind::Invalid, "value_set_invalid", message)
        .with_details(problems.iter().map(detail).collect())
        .with_fields(serde_json::json!({ "problems": problems }))
}
