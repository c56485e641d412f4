//! Values that an example may have at an input, the likeliest first. Which of them suits, the plugin says.

use crate::CANDIDATES_MAX;
use crate::formats::{date_formats, separator, table};
use crate::recipe::Function;
use crate::rules::Wish;
use jiff::civil::{Date, DateTime, date};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde_json::{Value, json};

/// Where and when the example is for.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The day of today.
    pub(crate) today: Date,
}

impl Setting {
    /// The day of a moment, in milliseconds since 1970, in an IANA time zone; UTC where that is unknown.
    pub fn at(now_ms: i64, time_zone: &str) -> Self {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        Self { today: now.to_zoned(zone).date() }
    }
}

/// A value, or a time that is still to be written.
#[derive(Clone)]
enum Candidate {
    Value(Value),
    Time(DateTime),
}

use Candidate::{Time, Value as Fixed};

/// The values for a field by way of these functions.
pub(crate) fn candidates(field: &str, wishes: &[&Wish], functions: &[Function], setting: &Setting) -> Vec<Value> {
    let wanted = wishes.iter().flat_map(|wish| of_wish(wish, setting));
    let all = wanted.chain(of_functions(functions)).chain(of_name(field)).chain(fallbacks(setting));
    let mut values: Vec<Value> = Vec::new();
    for value in all.flat_map(|candidate| write(candidate, functions)) {
        if !values.contains(&value) && values.len() < CANDIDATES_MAX {
            values.push(value);
        }
    }
    values
}

/// What would meet a rule.
fn of_wish(wish: &Wish, setting: &Setting) -> Vec<Candidate> {
    let number = |index: usize| wish.values.get(index).and_then(number_of);
    let text = |index: usize| wish.values.get(index).and_then(Value::as_str).unwrap_or_default().to_owned();
    let numbers = |list: &[f64]| list.iter().map(|number| Fixed(integer(*number))).collect();
    match wish.operator.as_str() {
        "eq" | "in" | "contains" => wish.values.iter().cloned().map(Fixed).collect(),
        "lt" | "le" => number(0).map_or_else(Vec::new, |max| numbers(&[max - 1.0, max / 2.0, 0.0])),
        "gt" | "ge" => number(0).map_or_else(Vec::new, |min| numbers(&[min + 1.0, min, min * 2.0])),
        "between" => {
            let (min, max) = (number(0), number(1));
            let both = min.zip(max).map(|(min, max)| (min + max) / 2.0);
            numbers(&[both, min, max].into_iter().flatten().collect::<Vec<_>>())
        }
        "starts_with" => {
            vec![Fixed(json!(format!("{}example", text(0)))), Fixed(json!(format!("{}5125550100", text(0))))]
        }
        "ends_with" => {
            vec![Fixed(json!(format!("example{}", text(0)))), Fixed(json!(format!("alice@example{}", text(0))))]
        }
        "valid" => {
            of_kind(if wish.values.is_empty() { &wish.field } else { wish.values[0].as_str().unwrap_or_default() })
        }
        "is_true" => vec![Fixed(json!(true)), Fixed(json!("yes"))],
        "is_false" => vec![Fixed(json!(false)), Fixed(json!("no"))],
        "age_between" => [of_age(number(0), number(1), setting)].into_iter().flatten().collect(),
        "before" | "after" | "within" => times_around(setting),
        _ => Vec::new(),
    }
}

/// The day of birth of somebody of this age.
fn of_age(from: Option<f64>, to: Option<f64>, setting: &Setting) -> Option<Candidate> {
    let age = match (from, to) {
        (Some(from), Some(to)) => (from + to) / 2.0,
        (Some(from), None) => from + 10.0,
        (None, Some(to)) => (to - 1.0).max(0.0),
        (None, None) => 30.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "ages are small, and a cast ends at the bounds of its type")]
    let years = age as i64;
    let born = setting.today.checked_sub(Span::new().try_years(years).ok()?).ok()?;
    Some(Time(born.checked_sub(1.days()).ok()?.at(0, 0, 0, 0)))
}

fn times_around(setting: &Setting) -> Vec<Candidate> {
    let days = [-1, 1, 10, -10, -40, 40, -400, 400, -7_000, -14_000];
    let shifted = days.into_iter().filter_map(|days: i64| setting.today.checked_add(days.days()).ok());
    shifted.map(|day| Time(day.at(12, 30, 0, 0))).collect()
}

/// The number of a value, in a document's or its text's form.
fn number_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A number, as an integer where it is one.
fn integer(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "it is an integer of 15 digits at most")]
        return json!(number as i64);
    }
    json!(number)
}

/// What functions take.
fn of_functions(functions: &[Function]) -> Vec<Candidate> {
    functions.iter().flat_map(of_function).collect()
}

fn of_function(function: &Function) -> Vec<Candidate> {
    let values = |list: &[Value]| list.iter().cloned().map(Fixed).collect();
    match function.name.as_str() {
        "email" | "email_without_plus" => of_kind("email"),
        "phone" => of_kind("phone"),
        "zip" => of_kind("zip"),
        "state_code" | "state_name" => of_kind("state"),
        "country" | "country_name" | "country_alpha3" => of_kind("country"),
        "date" | "time" | "is_date" => vec![Time(day_of_birth().at(0, 0, 0, 0)), Time(sample_time())],
        "epoch" => values(&[json!(1_772_368_200), json!(1_772_368_200_000_i64)]),
        "number" | "round" | "floor" | "ceil" | "add" | "subtract" | "multiply" | "divide" => values(&[json!(250)]),
        "range" => values(&[json!("100-200")]),
        "range_label" => values(&[json!(50), json!(1), json!(5), json!(1_000)]),
        "boolean" => values(&[json!(true)]),
        "split" => {
            let at = separator(function);
            let between = if at == "," { ", ".to_owned() } else { at };
            values(&[json!(format!("first{between}second"))])
        }
        "split_name" => values(&[json!("Alice Smith")]),
        "lookup" => table(function).into_iter().flat_map(|table| table.keys()).map(|key| Fixed(json!(key))).collect(),
        "parse_json" => values(&[json!("{\"example\": \"text\"}")]),
        "base64_decode" => values(&[json!("ZXhhbXBsZQ==")]),
        "from_pairs" => {
            let member = |name: &str| function.given.get(name).and_then(Value::as_str).unwrap_or(name).to_owned();
            let mut pair = serde_json::Map::new();
            pair.insert(member("name"), json!("question"));
            pair.insert(member("value"), json!("Example text"));
            values(&[json!([pair])])
        }
        "only" | "without" | "to_pairs" | "keys" | "values" | "flatten" | "unflatten" => {
            values(&[json!({"example": "text"})])
        }
        "filter" | "find" | "map" | "join_lists" | "join" | "flatten_list" => values(&[json!(["first", "second"])]),
        _ => Vec::new(),
    }
}

/// A well-formed value of a kind.
fn of_kind(kind: &str) -> Vec<Candidate> {
    let value = match kind {
        "email" => json!("alice@example.com"),
        "phone" => json!("+15125550100"),
        "url" => json!("https://www.example.com/form"),
        "ip" => json!("203.0.113.9"),
        "zip" => json!("78701"),
        "state" => json!("TX"),
        "country" => json!("US"),
        "number" => json!(250),
        "uuid" => json!("0c3ab5a2-f1d2-4cc9-a0a3-f3f1c9a7b6d5"),
        "date" | "date_of_birth" => return vec![Time(day_of_birth().at(0, 0, 0, 0))],
        _ => return Vec::new(),
    };
    vec![Fixed(value)]
}

/// What a field of this name holds.
fn of_name(name: &str) -> Vec<Candidate> {
    let value = match name {
        "external_id" => json!("lead-1001"),
        "first_name" => json!("Alice"),
        "last_name" => json!("Smith"),
        "street" => json!("100 Congress Avenue"),
        "city" => json!("Austin"),
        "source" => json!("website"),
        "tags" => json!(["example"]),
        _ => match of_kind(name) {
            known if !known.is_empty() => return known,
            _ => return of_custom_name(name),
        },
    };
    vec![Fixed(value)]
}

/// What the name of a custom field says.
fn of_custom_name(name: &str) -> Vec<Candidate> {
    let name = name.strip_prefix("custom.").unwrap_or(name).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["url", "page", "link", "cert"]) {
        return of_kind("url");
    }
    if has(&["mail"]) {
        return of_kind("email");
    }
    if has(&["phone", "mobile"]) {
        return of_kind("phone");
    }
    if has(&["date", "_at", "time"]) {
        return vec![Time(sample_time())];
    }
    if has(&["amount", "income", "debt", "price", "bill", "loan", "budget", "score", "size", "rooms", "year"]) {
        return vec![Fixed(json!(250))];
    }
    Vec::new()
}

/// What suits where nothing else does.
fn fallbacks(setting: &Setting) -> Vec<Candidate> {
    let values = [
        json!("Example text"),
        json!(5),
        json!("42"),
        json!(1_000),
        json!(25_000),
        json!(true),
        json!("https://www.example.com/?utm_source=example"),
        json!("Example 2026-03-01 12:30"),
        json!(["first", "second"]),
        json!({"example": "text"}),
        json!([{"name": "question", "value": "Example text"}]),
    ];
    let values = values.into_iter().map(Fixed);
    values.chain([Time(sample_time()), Time(setting.today.at(12, 30, 0, 0))]).collect()
}

fn day_of_birth() -> Date {
    date(1990, 5, 15)
}

fn sample_time() -> DateTime {
    date(2026, 2, 17).at(12, 30, 0, 0)
}

/// A candidate as the functions read it: a time in their format, the key of a table for its value.
fn write(candidate: Candidate, functions: &[Function]) -> Vec<Value> {
    match candidate {
        Time(time) => write_time(time, functions),
        Fixed(value) => match functions.iter().find(|function| function.name == "lookup").and_then(table) {
            Some(table) => {
                let key = table.iter().find(|(_, found)| **found == value).map(|(key, _)| json!(key));
                vec![key.unwrap_or(value)]
            }
            None => vec![value],
        },
    }
}

fn write_time(time: DateTime, functions: &[Function]) -> Vec<Value> {
    let reads = functions.iter().find(|function| ["date", "time", "epoch"].contains(&function.name.as_str()));
    let Ok(zoned) = time.to_zoned(TimeZone::UTC) else { return Vec::new() };
    match reads {
        Some(epoch) if epoch.name == "epoch" => {
            let timestamp = zoned.timestamp();
            let is_ms = epoch.argument("unit").is_some_and(|unit| unit == "ms");
            vec![if is_ms { json!(timestamp.as_millisecond()) } else { json!(timestamp.as_second()) }]
        }
        Some(function) if !date_formats(function).is_empty() => {
            let formats = date_formats(function);
            formats.iter().filter_map(|format| Some(json!(strtime::format(format, &zoned).ok()?))).collect()
        }
        Some(function) if function.name == "time" => vec![json!(zoned.timestamp().to_string())],
        _ => vec![json!(time.date().to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::functions;

    fn first(name: &str, wish: Option<Wish>, then: Value) -> Value {
        let setting = Setting { today: date(2026, 3, 1) };
        candidates(name, &wish.iter().collect::<Vec<_>>(), &functions(Some(&then)), &setting)[0].clone()
    }

    fn wish(operator: &str, values: &[Value]) -> Option<Wish> {
        let (field, operator) = ("custom.x".to_owned(), operator.to_owned());
        Some(Wish { field, operator, values: values.to_vec(), is_needed: true, phrase: Vec::new() })
    }

    #[test]
    fn m4_examples_are_written_as_functions_read_them() {
        for (name, rule, then, value) in [
            ("email", None, json!(["email"]), json!("alice@example.com")),
            ("date_of_birth", None, json!([{"date": "%m/%d/%Y"}]), json!("05/15/1990")),
            ("date_of_birth", None, json!([{"date": {"formats": ["%B %d, %Y"]}}]), json!("May 15, 1990")),
            ("date_of_birth", None, json!(["trim"]), json!("1990-05-15")),
            ("date_of_birth", wish("age_between", &[json!(18), json!(66)]), json!(["date"]), json!("1984-02-29")),
            ("custom.x", wish("ge", &[json!(100)]), json!([]), json!(101)),
            ("custom.x", wish("in", &[json!("b")]), json!([{"lookup": {"table": {"k": "b"}}}]), json!("k")),
            ("custom.x", None, json!([{"lookup": {"table": {"k": "b"}}}]), json!("k")),
            ("custom.x", None, json!([{"epoch": "s"}]), json!(1_772_368_200)),
            ("custom.x", None, json!([{"split": "|"}]), json!("first|second")),
            ("custom.x", None, json!([]), json!("Example text")),
        ] {
            assert_eq!(first(name, rule, then.clone()), value, "{name} {then}");
        }
    }
}
