//! A document's text as a JSON value. It was checked by its plugin when it was saved, so nothing is said of what is wrong in it.

use crate::DEPTH_MAX;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Reads a document; none when it can't be read.
pub(crate) fn read(text: &str) -> Option<Value> {
    let as_json = if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None };
    as_json.or_else(|| read_yaml(text))
}

/// A list or map that is not finished.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

fn read_yaml(text: &str) -> Option<Value> {
    let (mut open, mut root): (Vec<Open>, Option<Value>) = (Vec::new(), None);
    for event in Parser::new_from_str(text) {
        let finished = match event.ok()?.0 {
            Event::Scalar(text, style, ..) => match open.last_mut() {
                Some(Open::Map(_, key @ None)) => {
                    *key = Some(text.into_owned());
                    continue;
                }
                _ => scalar(&text, style),
            },
            Event::SequenceStart(..) => {
                begin(&mut open, Open::List(Vec::new()))?;
                continue;
            }
            Event::MappingStart(..) => {
                begin(&mut open, Open::Map(Map::new(), None))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(items) => Value::Array(items),
                Open::Map(members, _) => Value::Object(members),
            },
            Event::Alias(_) => return None,
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(finished),
            Some(Open::List(items)) => items.push(finished),
            Some(Open::Map(members, key)) => drop(members.insert(key.take()?, finished)),
        }
    }
    Some(root.unwrap_or_default())
}

fn begin(open: &mut Vec<Open>, new: Open) -> Option<()> {
    (open.len() < DEPTH_MAX).then(|| open.push(new))
}

/// A plain scalar is a number only where JSON would call it one, so that `02139` stays the text that it is.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => match serde_json::from_str(text) {
            Ok(number @ Value::Number(_)) => number,
            _ => text.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m2_yaml_and_json_are_one() {
        let yaml = "version: 1\nmap:\n  fields: {zip: '02139', n: 02139, x: [1, true, ~]} # so\n";
        let value = json!({"version": 1, "map": {"fields": {"zip": "02139", "n": "02139", "x": [1, true, null]}}});
        assert_eq!(read(yaml), Some(value.clone()));
        assert_eq!(read(&value.to_string()), Some(value));
        assert_eq!((read(""), read("a: *b"), read("a: [")), (Some(Value::Null), None, None));
    }
}
