//! What a text that is not JSON has in place of it, in words for its sender, with the suggested fix where one is plain.

use crate::error::JsonError;

/// How much of a text is looked at to see that it is an HTML page, in bytes.
const HEAD_BYTES_MAX: usize = 500;
/// How many characters of a word a message quotes.
const QUOTED_CHARS_MAX: usize = 40;

/// What is wrong, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, for people.
    pub message: String,
    /// The suggested fix.
    pub hint: Option<String>,
}

/// Words of other languages that stand where JSON has a value, with what JSON writes instead.
const WORDS: [(&[&str], &str); 3] = [
    (
        &[
            "NaN",
            "nan",
            "NAN",
            "Infinity",
            "-Infinity",
            "+Infinity",
            "-NaN",
            "inf",
            "-inf",
            "undefined",
            "None",
            "NULL",
            "Null",
            "nil",
        ],
        "null",
    ),
    (&["True", "TRUE"], "true"),
    (&["False", "FALSE"], "false"),
];

/// Explains why a text is not JSON.
pub fn explain(text: &str, error: &JsonError) -> Explanation {
    if matches!(error.code, "too_deep" | "too_large" | "too_many_repairs" | "lone_surrogate") {
        return plain(&error.message);
    }
    let end = (0..=error.offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (before, rest) = text.split_at(end);
    explain_whole(text, before)
        .or_else(|| (error.code == "control_character").then(|| explain_control_character(rest)))
        .or_else(|| ends_inside(text, error).then(|| fixed(&error.message, "it was cut off: send all of it")))
        .or_else(|| explain_word(rest))
        .or_else(|| explain_mark(before, rest))
        .or_else(|| explain_number(before, rest))
        .or_else(|| explain_escape(before, rest))
        .or_else(|| explain_bare_word(before, rest))
        .unwrap_or_else(|| explain_order(error, before, rest))
}

/// Whether a text ends inside of its value, as the first line of a value on several lines does.
pub fn ends_inside(text: &str, error: &JsonError) -> bool {
    text.len() <= error.offset && !text.trim().is_empty()
}

fn plain(message: &str) -> Explanation {
    Explanation { message: message.to_owned(), hint: None }
}

fn fixed(message: impl Into<String>, hint: impl Into<String>) -> Explanation {
    Explanation { message: message.into(), hint: Some(hint.into()) }
}

/// Texts that are something else from their first character on.
fn explain_whole(text: &str, before: &str) -> Option<Explanation> {
    let start = text.trim_start();
    if start.is_empty() {
        return Some(fixed("it is empty", "send a JSON object or list"));
    }
    if start.starts_with('<') {
        let head: String =
            start.bytes().take(HEAD_BYTES_MAX).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        return Some(if head.contains("<!doctype html") || head.contains("<html") {
            fixed("this is an HTML page", "send the data itself; a page often tells why its sender could not read it")
        } else {
            fixed("this is XML", "send it with `Content-Type: application/xml`")
        });
    }
    let name = start.split_once('=').map(|(name, _)| name);
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.%+[]$".contains(&byte))
    };
    let begins = before.trim().is_empty() || before.trim().bytes().all(|byte| byte.is_ascii_alphanumeric());
    (begins && !start.starts_with(['[', '{']) && name.is_some_and(is_name))
        .then(|| fixed("this is a form", "send it with `Content-Type: application/x-www-form-urlencoded`"))
}

fn explain_control_character(rest: &str) -> Explanation {
    let (what, escape) = match rest.chars().next() {
        Some('\n' | '\r') => ("line break", "`\\n`".to_owned()),
        Some('\t') => ("tab", "`\\t`".to_owned()),
        other => ("control character", format!("`\\u{:04x}`", u32::from(other.unwrap_or_default()))),
    };
    fixed(format!("a raw {what} stands in a text"), format!("the sender must write {escape}"))
}

fn explain_word(rest: &str) -> Option<Explanation> {
    WORDS.iter().find_map(|(words, instead)| {
        let word = words.iter().find(|word| {
            let behind = rest.strip_prefix(**word).map(|behind| behind.chars().next());
            behind.is_some_and(|next| !next.is_some_and(is_of_word))
        })?;
        Some(fixed(format!("`{word}` is not a value of JSON"), format!("the sender must write `{instead}`")))
    })
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-')
}

/// Quotes of other kinds, comments, and commas with nothing beside them.
fn explain_mark(before: &str, rest: &str) -> Option<Explanation> {
    let last = before.trim_end().chars().next_back();
    match (rest.chars().next()?, last) {
        (quote @ ('\'' | '`' | '‘' | '’' | '“' | '”' | '„'), _) => {
            Some(fixed(format!("`{quote}` can't begin a text"), "write texts and names in double quotes: `\"`"))
        }
        ('#', _) => Some(fixed("JSON has no comments", "leave them out")),
        ('/', _) if rest.starts_with("//") || rest.starts_with("/*") => {
            Some(fixed("JSON has no comments", "leave them out"))
        }
        (close @ (']' | '}'), Some(',')) => {
            Some(fixed("a comma has nothing behind it", format!("leave out the comma before `{close}`")))
        }
        (',', Some(',' | '[' | '{')) => Some(fixed("a comma has nothing before it", "leave out the comma")),
        (',' | '}' | ']', Some(':')) => Some(fixed("a name has no value", "write `null` where there is none")),
        _ => None,
    }
}

fn explain_number(before: &str, rest: &str) -> Option<Explanation> {
    let (first, second) = (rest.bytes().next()?, rest.as_bytes().get(1).copied());
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    // A number ends behind its leading zero.
    if first.is_ascii_digit() && before.ends_with('0') {
        return Some(fixed("a number begins with a zero", "write it as a text, in double quotes, or without the zero"));
    }
    if matches!(first, b'x' | b'X') && before.ends_with('0') {
        return Some(fixed("JSON has decimal numbers only", "write the number with its decimal digits"));
    }
    (matches!(first, b'+' | b'.') && (is_digit(second) || second == Some(b'.')))
        .then(|| fixed(format!("a number can't begin with `{}`", char::from(first)), "begin it with a digit or `-`"))
}

fn explain_escape(before: &str, rest: &str) -> Option<Explanation> {
    // The place is that of the character behind the backslash.
    let letter = rest.chars().next().filter(|_| before.ends_with('\\'))?;
    Some(if letter == 'u' {
        fixed("`\\u` has no four hexadecimal digits behind it", "write `\\\\` for a backslash")
    } else {
        fixed(format!("`\\{letter}` is not an escape of JSON"), "write `\\\\` for a backslash")
    })
}

fn explain_bare_word(before: &str, rest: &str) -> Option<Explanation> {
    let word: String = rest.chars().take_while(|letter| is_of_word(*letter)).take(QUOTED_CHARS_MAX).collect();
    if !word.starts_with(|letter: char| letter.is_alphabetic() || matches!(letter, '_' | '$')) {
        return None;
    }
    let is_expected = matches!(before.trim_end().chars().next_back(), None | Some(',' | ':' | '[' | '{'));
    is_expected.then(|| fixed(format!("`{word}` stands in no quotes"), "write texts and names in double quotes: `\"`"))
}

/// A value is where none belongs.
fn explain_order(error: &JsonError, before: &str, rest: &str) -> Explanation {
    if error.code == "trailing_text" {
        let is_line = before[before.trim_end().len()..].contains('\n');
        return if is_line && rest.starts_with(['{', '[', '"']) {
            fixed("another value follows the first", "send a list, or one value on each line as `application/x-ndjson`")
        } else {
            plain(&error.message)
        };
    }
    if before.trim_end().ends_with('"') && rest.starts_with(is_of_word) {
        return fixed(&*error.message, "a double quote inside of a text is written `\\\"`");
    }
    plain(&error.message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check;

    fn explained(text: &str) -> (usize, String) {
        let error = check(text, 99).unwrap_err();
        let Explanation { message, hint } = explain(text, &error);
        (error.offset, format!("{message}; {}", hint.unwrap_or_default()))
    }

    #[test]
    fn what_senders_write_instead_is_named() {
        let table = [
            ("", 0, "it is empty; send a JSON object"),
            (" \n", 2, "it is empty; send a JSON object"),
            (r#"{"score": NaN}"#, 10, "`NaN` is not a value of JSON; the sender must write `null`"),
            (r#"{"rate": -Infinity}"#, 9, "`-Infinity` is not a value of JSON; the sender must write `null`"),
            (r#"{"ok": True}"#, 7, "`True` is not a value of JSON; the sender must write `true`"),
            (r#"{"a": None}"#, 6, "`None` is not a value of JSON; the sender must write `null`"),
            (r#"{"a": undefined}"#, 6, "`undefined` is not a value of JSON"),
            ("{'a': 1}", 1, "`'` can't begin a text; write texts and names in double quotes"),
            ("{“a”: 1}", 1, "`“` can't begin a text"),
            ("{a: 1}", 1, "`a` stands in no quotes"),
            (r#"{"a": yes}"#, 6, "`yes` stands in no quotes"),
            (r#"{"a": 1,}"#, 8, "a comma has nothing behind it; leave out the comma before `}`"),
            ("[1, ]", 4, "a comma has nothing behind it; leave out the comma before `]`"),
            ("[1,,2]", 3, "a comma has nothing before it"),
            (r#"{"a":}"#, 5, "a name has no value; write `null`"),
            ("{// x\n}", 1, "JSON has no comments"),
            (r#"{"a": 1 /* x */}"#, 8, "JSON has no comments"),
            (r#"{"zip": 02139}"#, 9, "a number begins with a zero; write it as a text"),
            (r#"{"a": .5}"#, 6, "a number can't begin with `.`"),
            (r#"{"a": +1}"#, 6, "a number can't begin with `+`"),
            (r#"{"a": 0xff}"#, 7, "JSON has decimal numbers only"),
            (r#"{"a": "c:\dir"}"#, 10, r"`\d` is not an escape of JSON; write `\\`"),
            (r#"{"a": "x"y"}"#, 9, "a comma or `}` should be here; a double quote inside"),
            (r#"{"a": 1"#, 7, "a comma or `}` should be here; it was cut off"),
            ("{", 1, "a name in double quotes should be here; it was cut off"),
            (r#"{"a": "x"#, 8, "the text ends inside a string; it was cut off"),
            ("{\"a\": \"x\ny\"}", 8, r"a raw line break stands in a text; the sender must write `\n`"),
            ("<!DOCTYPE html><p>Error", 0, "this is an HTML page"),
            ("<lead/>", 0, "this is XML; send it with `Content-Type: application/xml`"),
            ("email=a%40b.co&name=x", 0, "this is a form; send it with"),
            ("{\"a\":1}\n{\"a\":2}", 8, "another value follows the first; send a list, or one value on each line"),
            ("{} x", 3, "there is more after the end of the value"),
        ];
        for (text, offset, expected) in table {
            let (at, message) = explained(text);
            assert!(message.starts_with(expected), "{text}: {message}");
            assert_eq!(at, offset, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_explained(text in any::<String>(), offset in 0..40_usize) {
            let _ = explain(&text, &JsonError::new("not_json", offset, "x"));
            if let Err(error) = check(&text, 9) {
                prop_assert!(!explain(&text, &error).message.is_empty());
            }
        }
    }
}
