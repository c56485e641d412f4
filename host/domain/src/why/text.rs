//! Texts from outside within a sentence: cut, in one line, and without an end of their own.

use serde_json::Value;

/// How many characters of a text from outside are repeated.
const TEXT_CHARS_MAX: usize = 200;
/// How many characters of a value are repeated.
const VALUE_CHARS_MAX: usize = 80;
/// How many values of a list are repeated.
const VALUES_MAX: usize = 5;
/// The mark at the end of a text that is cut.
const CUT: &str = "…";
/// What ends a sentence.
const ENDS: [char; 3] = ['.', '!', '?'];

/// A text from outside as a part of a sentence: none when nothing is in it.
pub(super) fn part(text: &str) -> Option<String> {
    let line = in_one_line(text);
    let ends: &[char] = &['.', '!', '?', ';', ':', ',', ' '];
    let line = line.trim_matches(ends);
    (!line.is_empty()).then(|| cut(line, TEXT_CHARS_MAX))
}

/// The same of a member of an object.
pub(super) fn part_of(object: &Value, name: &str) -> Option<String> {
    object[name].as_str().and_then(part)
}

/// A name, such as that of a field.
pub(super) fn name(text: &str) -> String {
    format!("`{}`", cut(&in_one_line(text).replace('`', "'"), VALUE_CHARS_MAX))
}

/// A value as people read it: text in quotes, the beginning of a list.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", cut(&in_one_line(text).replace('"', "'"), VALUE_CHARS_MAX)),
        Value::Array(values) => list(values),
        other => cut(&in_one_line(&other.to_string()), VALUE_CHARS_MAX),
    }
}

/// The first of several values.
fn list(values: &[Value]) -> String {
    let shown: Vec<String> = values
        .iter()
        .take(VALUES_MAX)
        .map(|one| match one {
            Value::Array(_) => cut(&in_one_line(&one.to_string()), VALUE_CHARS_MAX),
            one => value(one),
        })
        .collect();
    let more = values.len().saturating_sub(shown.len());
    match (shown.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// How many there are of something.
pub(super) fn count(number: u64, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

/// The whole as one sentence, whatever was put into it.
pub(super) fn as_sentence(text: &str) -> String {
    let line = in_one_line(text);
    let mut sentence = String::with_capacity(line.len() + 1);
    let mut letters = line.trim_end_matches(['.', ' ']).chars().peekable();
    while let Some(letter) = letters.next() {
        // What would end it in the middle only divides it.
        let ends = ENDS.contains(&letter) && letters.peek() == Some(&' ');
        sentence.push(if ends { ';' } else { letter });
    }
    sentence.push('.');
    sentence
}

/// White space and what moves a cursor as single blanks.
fn in_one_line(text: &str) -> String {
    let blank = |letter: char| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
    let line: String = text.chars().map(blank).collect();
    line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}{CUT}", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
