//! Texts as YAML scalars.

/// Words that some YAML parsers do not read as texts.
const NO_TEXTS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A text, quoted where it has to be. JSON's quotes are YAML's, too.
pub(super) fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
    let is_text = !NO_TEXTS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_word && is_text { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m11_texts_are_quoted_where_they_have_to_be() {
        let table = [
            ("contact.email", "contact.email"),
            ("First Name", "\"First Name\""),
            ("no", "\"no\""),
            ("tags[*]", "\"tags[*]\""),
            ("$['a\\'b']", "\"$['a\\\\'b']\""),
            ("", "\"\""),
        ];
        for (text, expected) in table {
            assert_eq!(scalar(text), expected);
        }
    }
}
