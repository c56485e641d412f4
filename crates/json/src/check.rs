//! Checking a text without keeping anything: whether it is JSON, and how deep it nests. No recursion, so a hostile text costs its
//! length and no more.

use crate::entry::Kind;
use crate::error::JsonError;
use crate::lexer::{Lexer, closing};
use crate::skip::{self, Scan};

/// Checks that a text is one JSON value by RFC 8259 that nests no deeper than `depth_max`. Lone surrogates (`"\ud800"`) are
/// rejected: they are not text, and no later reader could take them.
///
/// # Errors
/// `too_deep`, or why and where the text is not JSON.
pub fn check(text: &str, depth_max: usize) -> Result<(), JsonError> {
    let mut lexer = Lexer::new(text);
    lexer.skip_space();
    let mut open: Vec<Kind> = Vec::new();
    loop {
        let is_entered = match lexer.peek() {
            b'"' => lexer.string().map(|_| false)?,
            b'{' => enter(&mut lexer, Kind::Object, &mut open, depth_max)?,
            b'[' => enter(&mut lexer, Kind::List, &mut open, depth_max)?,
            _ => lexer.scalar().map(|_| false)?,
        };
        if !is_entered && !leave(&mut lexer, &mut open)? {
            return lexer.end();
        }
    }
}

/// Whether a text that is JSON is an object.
pub fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

/// How deep brackets outside of strings nest, and whether strings have what they can't have. The syntax is not checked.
pub fn scan(text: &str, depth_max: usize) -> Scan {
    skip::scan(text.as_bytes(), depth_max)
}

/// Steps over an opening bracket. Returns whether a value follows; false when the bracket is closed at once.
fn enter(lexer: &mut Lexer<'_>, kind: Kind, open: &mut Vec<Kind>, depth_max: usize) -> Result<bool, JsonError> {
    if depth_max <= open.len() {
        return Err(lexer.error("too_deep", &format!("lists and objects are nested more than {depth_max} deep")));
    }
    lexer.at += 1;
    lexer.skip_space();
    if lexer.take(closing(kind)) {
        return Ok(false);
    }
    if kind == Kind::Object {
        lexer.name()?;
        lexer.colon()?;
    }
    open.push(kind);
    Ok(true)
}

/// Closes what ends behind a value. Returns whether another value follows.
fn leave(lexer: &mut Lexer<'_>, open: &mut Vec<Kind>) -> Result<bool, JsonError> {
    loop {
        lexer.skip_space();
        let Some(kind) = open.last().copied() else { return Ok(false) };
        if lexer.take(b',') {
            lexer.skip_space();
            if kind == Kind::Object {
                lexer.name()?;
                lexer.colon()?;
            }
            return Ok(true);
        }
        if !lexer.take(closing(kind)) {
            return Err(lexer.no_comma(closing(kind)));
        }
        open.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::JsonIndex;

    const GOOD: [&str; 14] = [
        "{}",
        "[]",
        " null ",
        "true",
        "false",
        "-0",
        "0.5e-3",
        "1e400",
        r#""""#,
        r#""\u00e9\n\\\/""#,
        r#""\ud83d\ude00""#,
        r#"{"a":[1,{"b":"c"},[]],"a":{}}"#,
        "[[],[{}],\t-1.0E+2 ]",
        "\"äöü\"",
    ];
    const BAD: [&str; 33] = [
        "",
        " ",
        "{",
        "[",
        "]",
        "{]",
        "[}",
        "{,}",
        "[,]",
        "[1,]",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        "{1:2}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "nul",
        "truex",
        "1 2",
        "\"",
        "\"\n\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\ude00\ud83d""#,
        r#""\ud800\u0041""#,
        "[1 2]",
        "{\"a\" 1}",
        "\u{0}",
    ];

    #[test]
    fn good_and_bad_texts() {
        GOOD.iter().for_each(|text| assert_eq!(check(text, 8), Ok(()), "{text}"));
        BAD.iter().for_each(|text| assert!(check(text, 8).is_err_and(|error| error.code != "too_deep"), "{text}"));
    }

    /// P3: depth is bounded, and a hostile depth costs nothing.
    #[test]
    fn bounds_the_depth() {
        assert_eq!(check("[[]]", 2), Ok(()));
        assert_eq!(check("[[]]", 1).unwrap_err().code, "too_deep");
        assert_eq!(check("1", 0), Ok(()));
        assert_eq!(check(&"[".repeat(1_000_000), 64).unwrap_err().code, "too_deep");
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let table: [(&str, usize, Option<usize>); 6] = [
            ("[[1]]", 2, None),
            ("[[1]]", 1, Some(1)),
            (r#"["[[[["]"#, 1, None),
            (r#"["\"[[[["]"#, 1, None),
            (r#"["\\",[]]"#, 1, Some(6)),
            (r#""unended [["#, 0, None),
        ];
        for (text, depth_max, expected) in table {
            assert_eq!(scan(text, depth_max).too_deep, expected, "{text}");
        }
    }

    #[test]
    fn knows_objects() {
        assert!(is_object(" \n{}") && !is_object("[]") && !is_object("\"{\""));
    }

    proptest! {
        /// The same texts pass as with serde, lone surrogates aside.
        #[test]
        fn agrees_with_serde(text in r#"[\[\]{}:, "a\\u0e1.t-]{0,12}"#) {
            prop_assume!(!text.contains("\\u"));
            prop_assert_eq!(check(&text, 99).is_ok(), serde_json::from_str::<Box<RawValue>>(&text).is_ok());
        }

        /// What passes the check is what the index reads, and the errors are the same.
        #[test]
        fn agrees_with_the_index(text in r#"[\[\]{}:, "a\\u0e1.tnd8-]{0,16}"#) {
            prop_assert_eq!(check(&text, crate::DEPTH_MAX), JsonIndex::parse(&text).map(|_| ()));
        }

        /// No text makes it panic.
        #[test]
        fn takes_anything(text in any::<String>()) {
            let _ = check(&text, 3);
        }
    }
}
