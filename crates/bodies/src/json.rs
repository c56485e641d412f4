//! Writing JSON texts: the little that is needed where a value tree would be one more copy of a body.

use std::fmt::Write;

/// Writes `text` as a JSON string.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter < ' ' || letter == '"' || letter == '\\') {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = tail.chars();
        escaped(out, letters.next().unwrap_or_default());
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escaped(out: &mut String, letter: char) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => drop(write!(out, "\\u{:04x}", u32::from(other))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_back(text in "\\PC*|[\\x00-\\x20\"\\\\/\\x7f]*") {
            let mut out = String::new();
            super::string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
