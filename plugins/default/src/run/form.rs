//! A body as a form or a query: lists as repeated names, objects as JSON text, every digit kept (D3).

use hookmill_plugin_sdk::types::Pair;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use hookmill_json::{Value, text_of};

/// The names and values of a body; one that is not an object has none.
pub fn pairs(body: &Value<'_>) -> Vec<Pair> {
    let Value::Object(members) = body else { return Vec::new() };
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in members {
        match value {
            Value::List(items) => pairs.extend(items.iter().map(|item| pair(name, item))),
            single => pairs.push(pair(name, single)),
        }
    }
    pairs
}

fn pair(name: &str, value: &Value<'_>) -> Pair {
    let text = match value {
        Value::Null => String::new(),
        Value::List(_) | Value::Object(_) => text_of(value),
        scalar => scalar.scalar_text().unwrap_or_default().to_owned(),
    };
    Pair { name: name.to_owned(), value: text }
}

/// Pairs as `application/x-www-form-urlencoded` (WHATWG URL).
pub fn encode_pairs(pairs: &[Pair]) -> String {
    let mut out = String::new();
    for pair in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(&mut out, &pair.name);
        out.push('=');
        encode(&mut out, &pair.value);
    }
    out
}

/// What a form leaves as it is; a space becomes a plus.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

fn encode(out: &mut String, text: &str) {
    utf8_percent_encode(text, FORM).for_each(|piece| out.push_str(&piece.replace(' ', "+")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_json::parse;

    #[test]
    fn m8_d3_forms_repeat_lists_and_keep_digits() {
        let body = parse(r#"{"a b":"x&y=é","l":[1,"2",null],"o":{"k":1.10},"n":null,"z":0,"f":false}"#).unwrap();
        let expected = "a+b=x%26y%3D%C3%A9&l=1&l=2&l=&o=%7B%22k%22%3A1.10%7D&n=&z=0&f=false";
        assert_eq!(encode_pairs(&pairs(&body)), expected);
        assert!(pairs(&Value::text("x")).is_empty());
    }
}
