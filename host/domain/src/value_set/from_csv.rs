//! Tables as CSV: one column are keys alone, two are keys and their values, more are keys and an object of the other columns by header.
//!
//! Values stay text, so that a zip code keeps its zeros. White space around a field is taken away.

use super::ReadTable;
use super::draft::{Draft, Place, TableLimits, quoted};
use super::lines::Lines;
use super::table::PRESENT;
use crate::error::ApiError;
use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::Read;

/// A last row of our own. A quote that is never closed swallows it, and so is noticed.
const LAST_ROW: &str = "\n\0";
/// What the first row of one or two columns is, when it is a header though nobody says so.
const USUAL_HEADER: [&str; 2] = ["key", "value"];

/// Whether the first row is a header, as the parameter `header` of `text/csv` says it (RFC 4180).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvHeader {
    /// `header=present`.
    Present,
    /// `header=absent`.
    Absent,
    /// Nothing is said: three columns need a header; of fewer, `key` and `key,value` are one, and all else is an entry.
    Unsaid,
}

/// Reads a table.
pub fn read_csv(body: &[u8], header: CsvHeader, limits: &TableLimits) -> Result<ReadTable, ApiError> {
    let text = crate::body::utf8(body, usize::MAX)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut draft = Draft::new(limits);
    read_rows(text, header, &mut draft);
    draft.finish()
}

fn read_rows(text: &str, header: CsvHeader, draft: &mut Draft<'_>) {
    let mut rows = Rows::new(text);
    let Some(first) = rows.next_row() else {
        let hint = "the table has no rows; send an empty table as `[]` in JSON";
        return draft.add_problem(Place { line: 1, column: 1 }, "no_rows", hint);
    };
    let Some(names) = columns(&first, header, draft) else { return };
    let width = first.fields.len();
    if names.is_none() {
        take_row(&first, &[], width, draft);
    }
    let names = names.unwrap_or_default();
    while !draft.is_over() {
        let Some(row) = rows.next_row() else { break };
        take_row(&row, &names, width, draft);
    }
    if let Some(line) = rows.unclosed {
        let hint = "the quote that opens here is never closed; write a quote inside quotes twice";
        draft.add_problem(Place { line, column: 1 }, "unclosed_quote", hint);
    }
}

/// The names of the columns; none when the first row is an entry. Nothing, when the first row can't be used.
fn columns(first: &Row, header: CsvHeader, draft: &mut Draft<'_>) -> Option<Option<Vec<String>>> {
    let names: Vec<String> = first.fields.iter().map(str::to_owned).collect();
    let few = names.len() <= USUAL_HEADER.len();
    let is_usual = few && names.iter().zip(USUAL_HEADER).all(|(name, usual)| name.eq_ignore_ascii_case(usual));
    let place = first.place(1);
    match header {
        CsvHeader::Present => {}
        CsvHeader::Unsaid if is_usual || !few => {}
        CsvHeader::Unsaid => {
            let said = "the first row was read as an entry; if it is a header, name its columns `key` and `value`";
            let sent = "or send `Content-Type: text/csv; header=present`, else `header=absent`";
            draft.add_warning(place, "first_row_is_an_entry", format!("{said}, {sent}"));
            return Some(None);
        }
        CsvHeader::Absent if few => return Some(None),
        CsvHeader::Absent => {
            let hint = "more than two columns need a header that names them; send one, with `header=present`";
            draft.add_problem(place, "header_needed", format!("there are {} columns: {hint}", names.len()));
            return None;
        }
    }
    if !few && !are_names(first, &names, draft) {
        return None;
    }
    Some(Some(names))
}

/// Whether the columns behind the key can be told apart by these names.
fn are_names(first: &Row, names: &[String], draft: &mut Draft<'_>) -> bool {
    let mut seen = BTreeSet::new();
    let mut good = true;
    for (name, column) in names.iter().zip(1_u64..).skip(1) {
        let problem = match name.as_str() {
            "" => Some("the column has no name; name it, or remove it".to_owned()),
            name if !seen.insert(name) => Some(format!("{} is also the name of an earlier column", quoted(name))),
            _ => None,
        };
        if let Some(message) = problem {
            draft.add_problem(first.place(column), "bad_header", message);
            good = false;
        }
    }
    good
}

fn take_row(row: &Row, names: &[String], width: usize, draft: &mut Draft<'_>) {
    let fields = &row.fields;
    if fields.len() != width {
        let hint = "quote a field that contains a comma";
        let message = format!("the row has {} columns, and the first row {width}; {hint}", fields.len());
        return draft.add_problem(row.place(fields.len() as u64), "uneven_row", message);
    }
    let key = fields.get(0).unwrap_or_default();
    let value = match width {
        1 => PRESENT.to_owned(),
        2 => Value::from(fields.get(1).unwrap_or_default()).to_string(),
        _ => {
            let named = names.iter().zip(fields.iter()).skip(1).map(|(name, field)| (name.clone(), Value::from(field)));
            Value::Object(named.collect::<Map<_, _>>()).to_string()
        }
    };
    draft.add(key, value, row.place(1));
}

/// A row and the line it begins in.
struct Row {
    fields: StringRecord,
    line: u64,
}

impl Row {
    fn place(&self, column: u64) -> Place {
        Place { line: self.line, column }
    }
}

/// The rows of a text, one ahead, so that the last one is known.
struct Rows<'a> {
    reader: csv::Reader<std::io::Chain<&'a [u8], &'static [u8]>>,
    lines: Lines<'a>,
    ahead: Option<Row>,
    /// Where the row begins in which a quote is never closed.
    unclosed: Option<u64>,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str) -> Self {
        let body = text.as_bytes().chain(LAST_ROW.as_bytes());
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(body);
        let mut rows = Self { reader, lines: Lines::new(text), ahead: None, unclosed: None };
        rows.ahead = rows.read();
        rows
    }

    /// The next row that is the sender's.
    fn next_row(&mut self) -> Option<Row> {
        let row = self.ahead.take()?;
        self.ahead = self.read();
        if self.ahead.is_some() {
            return Some(row);
        }
        if !is_last(&row) {
            self.unclosed = Some(row.line);
        }
        None
    }

    fn read(&mut self) -> Option<Row> {
        let mut fields = StringRecord::new();
        // Reading memory can't fail, and the text was found to be UTF-8.
        let more = self.reader.read_record(&mut fields).unwrap_or(false);
        // The reader begins a row right behind the line feed or carriage return that ended the one before, blank lines and all.
        let start = fields.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let line = self.lines.line_behind(start);
        more.then_some(Row { fields, line })
    }
}

fn is_last(row: &Row) -> bool {
    row.fields.len() == 1 && row.fields.get(0) == Some("\0")
}
