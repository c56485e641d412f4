//! What people write, from many countries: tables of what a careful reader makes of it (M4).
//!
//! A row of `tests/writing/*.tsv` is the input (with the escapes of Rust), the arguments of the function (YAML in one line, or `-`), what
//! comes out, and where it is written so. What comes out is JSON, `missing` or `rejected`; several are parted by ` or `, where the
//! reference leaves it open; `, warning code` after a value asks for that warning. A line that starts with `# ` is a comment.

use serde_json::Value;

use crate::fixtures::{context, inbound, json, load, map_with};

/// A table, the function that it is about, and the field of the lead that it fills.
struct Table {
    rows: &'static str,
    function: &'static str,
    field: &'static str,
    /// The arguments with which the function reads what it gave; without one it promises no form that it reads.
    reads_again: fn(&str) -> Option<&str>,
}

/// What came out of one input.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// JSON, `missing` or `rejected`.
    value: String,
    warnings: Vec<String>,
}

/// One line of a table.
struct Row<'t> {
    input: String,
    arguments: &'t str,
    expected: &'t str,
    place: &'t str,
}

fn row(line: &str) -> Row<'_> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [input, arguments, expected, place] = columns[..] else { panic!("four columns: {line}") };
    Row { input: unescape(input), arguments, expected, place }
}

/// A text with `\n`, `\r`, `\t`, `\\` and `\u{..}` read.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        out.push(match characters.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('\\') => '\\',
            Some('u') => {
                let digits: String = characters.by_ref().skip(1).take_while(|c| *c != '}').collect();
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or_else(|| panic!("{text}"))
            }
            other => panic!("{other:?} after \\ in {text}"),
        });
    }
    out
}

/// Runs the function on one value, in a document as people write it.
fn run(table: &Table, arguments: &str, input: &Value) -> Outcome {
    let call = match arguments {
        "-" => table.function.to_owned(),
        arguments => format!("{{{}: {arguments}}}", table.function),
    };
    let field = table.field;
    let document =
        format!("version: 1\nmap: {{unknown: drop, fields: {{{field}: {{from: a, then: [{call}], on_error: fail}}}}}}");
    load(&document);
    let rejected = || Outcome { value: "rejected".into(), warnings: vec![] };
    let Ok(mapped) = map_with(&document, context(), inbound(&serde_json::json!({ "a": input }).to_string())) else {
        return rejected();
    };
    let Some(Ok(lead)) = mapped.leads.into_iter().next() else { return rejected() };
    let fields = json(&lead.lead);
    let value = fields.get(field).or_else(|| fields["custom"].get(field));
    Outcome {
        value: value.map_or_else(|| "missing".into(), Value::to_string),
        warnings: lead.warnings.into_iter().map(|warning| warning.code).collect(),
    }
}

/// Whether it is one of the outcomes that a row allows.
fn is_expected(expected: &str, outcome: &Outcome) -> bool {
    expected.split(" or ").any(|one| {
        let (value, warning) = one.split_once(", warning ").map_or((one, None), |(value, code)| (value, Some(code)));
        is_same(value, &outcome.value) && warning.is_none_or(|code| outcome.warnings.iter().any(|w| w == code))
    })
}

/// Whether two outcomes are the same word, or the same JSON: numbers are the same whatever zeros end them.
fn is_same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (value(one), value(other)) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
        (Some(one), Some(other)) => one == other,
        (None, None) => one == other,
        _ => false,
    }
}

/// What a value that was accepted becomes when it is read again, as it is and as a text, where that is something else.
fn read_again(table: &Table, row: &Row, outcome: &Outcome) -> Option<String> {
    let arguments = (table.reads_again)(row.arguments)?;
    let value: Value = serde_json::from_str(&outcome.value).ok()?;
    let text = Value::String(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
    [value, text].iter().find_map(|value| {
        let again = run(table, arguments, value);
        (!is_same(&again.value, &outcome.value)).then(|| format!("{value} becomes {}", again.value))
    })
}

/// Runs every row, and lists all that differ.
fn check(table: &Table) {
    let mut differences = Vec::new();
    let mut count = 0;
    for line in table.rows.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let row = row(line);
        let outcome = run(table, row.arguments, &Value::String(row.input.clone()));
        count += 1;
        let Row { input, arguments, expected, place } = &row;
        if !is_expected(expected, &outcome) {
            let Outcome { value, warnings } = &outcome;
            differences.push(format!(
                "{input:?} | {arguments} | expected {expected} | got {value} {} | {place}",
                warnings.join(" ")
            ));
        } else if let Some(difference) = read_again(table, &row, &outcome) {
            differences.push(format!("{input:?} | {arguments} | read again: {difference} | {place}"));
        }
    }
    let failures = differences.len();
    assert!(failures == 0, "{}: {failures} of {count} rows differ\n{}", table.function, differences.join("\n"));
}

/// The part alone: a single number is a range, too.
fn part(arguments: &str) -> Option<&str> {
    ["min", "max", "avg"].into_iter().find(|part| arguments.contains(part))
}

macro_rules! tables {
    ($($test:ident: $file:literal, $function:literal, $field:literal, $reads_again:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let rows = include_str!(concat!("../writing/", $file, ".tsv"));
                check(&Table { rows, function: $function, field: $field, reads_again: $reads_again });
            }
        )*
    };
}

tables! {
    m4_booleans: "boolean", "boolean", "x", |_| Some("-");
    m4_countries: "country", "country", "x", |_| Some("-");
    m4_dates: "date", "date", "x", |_| Some("-");
    m4_dates_of_birth: "date_of_birth", "date", "date_of_birth", |_| Some("-");
    m4_emails: "email", "email", "x", |_| Some("-");
    m4_epochs: "epoch", "epoch", "x", |_| None;
    m4_names: "split_name", "split_name", "x", |_| None;
    m4_numbers: "number", "number", "x", |_| Some("-");
    m4_phone_extensions: "phone_extension", "phone_extension", "x", |_| None;
    m4_phones: "phone", "phone", "x", |_| Some("-");
    m4_ranges: "range", "range", "x", part;
    m4_states: "state_code", "state_code", "x", |_| Some("-");
    m4_times: "time", "time", "x", |_| Some("-");
    m4_to_epochs: "to_epoch", "to_epoch", "x", |_| None;
    m4_zips: "zip", "zip", "x", |arguments| Some(arguments);
}
