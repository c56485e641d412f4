//! What tables are read from, what is rejected with its place, and what a digest stands for (M7).

use super::*;
use crate::error::ApiError;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LIMITS: TableLimits =
    TableLimits { entries_max: 6, key_bytes_max: 12, value_bytes_max: 40, bytes_max: 200, depth_max: 8 };

fn csv(text: &str) -> Result<ReadTable, ApiError> {
    read_csv(text.as_bytes(), CsvHeader::Unsaid, &LIMITS)
}

fn json_table(text: &str) -> Result<ReadTable, ApiError> {
    read_json(text.as_bytes(), &LIMITS)
}

fn canonical(read: &ReadTable) -> String {
    String::from_utf8(read.table.canonical()).unwrap()
}

/// Line, column and code of every problem.
fn problem_places(error: &ApiError) -> Vec<(u64, u64, String)> {
    let problems = error.fields.as_ref().and_then(|fields| fields["problems"].as_array().cloned()).unwrap_or_default();
    let one = |p: &Value| {
        (p["line"].as_u64().unwrap(), p["column"].as_u64().unwrap(), p["code"].as_str().unwrap().to_owned())
    };
    problems.iter().map(one).collect()
}

#[test]
fn m7_csv_becomes_a_table_by_its_columns() {
    let table = [
        ("key\nred\nblue\n", r#"{"blue":true,"red":true}"#),
        ("key,value\n00501, Holtsville \n", r#"{"00501":"Holtsville"}"#),
        ("KEY,Value\r\na,1\r\nb,\r\n", r#"{"a":"1","b":""}"#),
        ("zip,city,state\n00501,Holtsville,NY\n", r#"{"00501":{"city":"Holtsville","state":"NY"}}"#),
        ("\u{feff}key,value\na,\"x, \"\"y\"\"\nz\"\n", r#"{"a":"x, \"y\"\nz"}"#),
        ("a\nb", r#"{"a":true,"b":true}"#),
        ("key\n", "{}"),
    ];
    for (text, expected) in table {
        let read = csv(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        assert_eq!(canonical(&read), expected, "{text:?}");
    }
}

#[test]
fn m7_a_header_is_what_the_sender_says() {
    let read = |header, text: &str| canonical(&read_csv(text.as_bytes(), header, &LIMITS).unwrap());
    assert_eq!(read(CsvHeader::Present, "zip\n1\n"), r#"{"1":true}"#);
    assert_eq!(read(CsvHeader::Absent, "key\n1\n"), r#"{"1":true,"key":true}"#);
    let unsaid = csv("zip\n1\n").unwrap();
    assert_eq!((unsaid.table.len(), unsaid.warnings[0].code), (2, "first_row_is_an_entry"));
    assert!(csv("key\n1\n").unwrap().warnings.is_empty());
    let rejected = read_csv(b"a,b,c\n", CsvHeader::Absent, &LIMITS).unwrap_err();
    assert_eq!(problem_places(&rejected), [(1, 1, "header_needed".into())]);
}

#[test]
fn m7_json_becomes_a_table() {
    let table = [
        (r#"["b", "a", 12, -3]"#, r#"{"-3":true,"12":true,"a":true,"b":true}"#),
        (" [ ] ", "{}"),
        (
            "{\"b\": {\"x\" : 1.50, \"w\": [null]}, \"a\": \"\\u0041\\u00e9\"}",
            r#"{"a":"Aé","b":{"x":1.50,"w":[null]}}"#,
        ),
        (r#"{"big": 12345678901234567890.10}"#, r#"{"big":12345678901234567890.10}"#),
    ];
    for (text, expected) in table {
        assert_eq!(canonical(&json_table(text).unwrap()), expected, "{text}");
    }
}

#[test]
fn m7_a_key_with_two_values_is_rejected_with_both_lines_and_one_with_the_same_is_a_warning() {
    let rejected = csv("key,value\na,1\n\nb,1\r\na,2\n").unwrap_err();
    assert_eq!(problem_places(&rejected), [(5, 1, "contradicting_key".into())]);
    assert!(rejected.details[0].message.contains("line 2"), "{rejected:?}");
    let warned = csv("key,value\na,1\nb,1\na,1\n").unwrap();
    assert_eq!((warned.table.len(), warned.warnings[0].code, warned.warnings[0].line), (2, "repeated_key", 4));

    let rejected = json_table("{\"a\": 1,\n \"b\": 2,\n \"a\": 2}").unwrap_err();
    assert_eq!(problem_places(&rejected), [(3, 7, "contradicting_key".into())]);
    assert_eq!(json_table("[\"a\",\n\"a\"]").unwrap().warnings[0].line, 2);
}

#[test]
fn m7_all_problems_are_reported_at_once_with_their_places() {
    let table = [
        ("key,value\n,1\nb\nc,1,2\n", vec![(2, 1, "empty_key"), (3, 1, "uneven_row"), (4, 3, "uneven_row")]),
        ("k,,a,a\n1,2,3,4\n", vec![(1, 2, "bad_header"), (1, 4, "bad_header")]),
        ("key\nabcdefghijklm\na\0b\n", vec![(2, 1, "key_too_long"), (3, 1, "invalid_key")]),
        ("key,value\na,12345678901234567890123456789012345678901234567890\n", vec![(2, 1, "value_too_long")]),
        ("key,value\na,1\nb,\"2\nc,3\n", vec![(3, 1, "unclosed_quote")]),
        ("1\n2\n3\n4\n5\n6\n7\n8\n", vec![(7, 1, "too_many_entries")]),
        ("", vec![(1, 1, "no_rows")]),
        ("\n\n", vec![(1, 1, "no_rows")]),
    ];
    for (text, expected) in table {
        let expected: Vec<_> =
            expected.into_iter().map(|(line, column, code)| (line, column, code.to_owned())).collect();
        assert_eq!(problem_places(&csv(text).unwrap_err()), expected, "{text:?}");
    }
    let rejected = json_table("[null,\n 1.5, {}, \"\"]").unwrap_err();
    let codes = ["not_a_key", "not_a_key", "not_a_key", "empty_key"];
    assert_eq!(problem_places(&rejected).iter().map(|one| one.2.as_str()).collect::<Vec<_>>(), codes);
    assert_eq!((problem_places(&rejected)[1].0, problem_places(&rejected)[1].1), (2, 2));
}

#[test]
fn h6_a_table_is_bounded_in_all_its_parts() {
    let value = "x".repeat(36);
    let rows: String = (0..6).map(|n| format!("{n},{value}\n")).collect();
    assert_eq!(problem_places(&csv(&format!("key,value\n{rows}")).unwrap_err()), [(6, 1, "table_too_large".into())]);
    let wrong = "x,y\n".repeat(500);
    assert_eq!(
        problem_places(&csv(&format!("key\n{wrong}")).unwrap_err()).len(),
        50,
        "no list of problems without end"
    );
    assert_eq!(json_table("[[[[[[[[[1]]]]]]]]]").unwrap_err().code, "too_deep");
}

#[test]
fn m7_what_is_not_a_table_is_rejected() {
    for (text, code) in
        [("1", "value_set_invalid"), ("\"a\"", "value_set_invalid"), ("{", "invalid_json"), ("[1] 2", "invalid_json")]
    {
        assert_eq!(json_table(text).unwrap_err().code, code, "{text}");
    }
    assert_eq!(problem_places(&json_table(r#"{"a": "\ud800"}"#).unwrap_err()), [(1, 7, "invalid_value".into())]);
    assert_eq!(read_csv(b"key\n\xff\n", CsvHeader::Unsaid, &LIMITS).unwrap_err().code, "invalid_utf8");
}

#[test]
fn m7_a_damaged_table_is_rejected() {
    for bytes in [&b"{\"b\":1,\"a\":1}"[..], b"{\"a\":1,\"a\":1}", b"[\"a\"]", b"{\"a\":1", b"\xff"] {
        assert!(ValueTable::from_canonical(bytes).is_err(), "{bytes:?}");
    }
}

proptest! {
    /// M7: what was put in is found, nothing else is, and the canonical form reads back to the same table. The digest knows no order.
    #[test]
    fn m7_a_table_is_its_entries(entries in proptest::collection::btree_map("\\PC{1,5}", "\\PC{0,8}", 0..40), other in "\\PC{1,6}") {
        let limits = TableLimits { entries_max: 100, key_bytes_max: 100, value_bytes_max: 100, bytes_max: 10_000, depth_max: 8 };
        let forwards = json!(entries);
        let backwards = Value::Object(entries.iter().rev().map(|(key, value)| (key.clone(), json!(value))).collect());
        let read = read_json(forwards.to_string().as_bytes(), &limits).unwrap().table;
        let again = read_json(serde_json::to_string_pretty(&backwards).unwrap().as_bytes(), &limits).unwrap().table;
        let canonical = read.canonical();
        prop_assert_eq!(ValueTable::compute_digest(&canonical), ValueTable::compute_digest(&again.canonical()));
        prop_assert_eq!(&ValueTable::from_canonical(&canonical).unwrap(), &read);
        prop_assert_eq!(serde_json::from_slice::<BTreeMap<String, String>>(&canonical).unwrap(), entries.clone());
        for (key, value) in &entries {
            let expected = json!(value).to_string();
            prop_assert_eq!(read.get(key), Some(expected.as_str()));
        }
        prop_assert_eq!(read.get(&other).is_some(), entries.contains_key(&other));
        let behind: Vec<&str> = read.after(&other).map(|(key, _)| key).collect();
        prop_assert_eq!(behind, entries.keys().map(String::as_str).filter(|key| other.as_str() < *key).collect::<Vec<_>>());
    }

    /// M7: any bytes are a table or an error, never more than the bounds.
    #[test]
    fn m7_any_bytes_are_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), picked in "[\",\\n\\r ab\\x00]{0,60}") {
        for body in [bytes.as_slice(), picked.as_bytes()] {
            for read in [read_csv(body, CsvHeader::Unsaid, &LIMITS), read_json(body, &LIMITS)].into_iter().flatten() {
                prop_assert!(read.table.len() <= LIMITS.entries_max);
                prop_assert!(read.table.canonical().len() <= LIMITS.bytes_max + LIMITS.key_bytes_max);
            }
        }
    }
}
