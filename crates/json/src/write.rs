//! Writing JSON text.

use std::borrow::Cow;

use crate::Value;
use crate::string::plain_run;

/// Appends a value as compact JSON text.
pub fn write_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::Text(text) => write_text(out, text),
        Value::List(items) => write_list(out, items),
        Value::Object(members) => write_members(out, members),
    }
}

/// A value as compact JSON text.
pub fn text_of(value: &Value<'_>) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// Appends a text in quotes, escaping what JSON wants escaped.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let run = plain_run(rest.as_bytes());
        out.push_str(&rest[..run]);
        let Some(byte) = rest.as_bytes().get(run) else { break };
        write_escape(out, *byte);
        rest = &rest[run + 1..];
    }
    out.push('"');
}

fn write_list(out: &mut String, items: &[Value<'_>]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(out, item);
    }
    out.push(']');
}

/// Appends a character that can't stand in a string as it is.
pub(crate) fn write_escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => out.push_str(&format!("\\u{byte:04x}")),
    }
}

/// Writes an object of these members.
fn write_members(out: &mut String, members: &[(Cow<'_, str>, Value<'_>)]) {
    out.push('{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn what_is_written_reads_back() {
        for text in [r#"{"a":[1,2.50,{"b":null}],"c":"\"\\\n\u0001é"}"#, "[]", "{}", "true", "\"\"", "1e400"] {
            assert_eq!(text_of(&parse(text).unwrap()), text);
        }
    }
}
