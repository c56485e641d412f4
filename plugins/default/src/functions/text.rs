//! Functions on the characters of a text. What is not changed is not copied.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, check_output_size};
use super::spec::{ArgumentKind, EmptyInput, Kind, Run, Spec, example, required, usually};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "trim",
        summary: "Takes white space away at both ends.",
        examples: &[example("trim", r#"" a b\t""#, r#""a b""#), example("trim", "[\" b \",null]", "[\"b\",null]")],
        run: Run::Text(|text, _| Ok(text.trim().into())),
        ..Spec::USUAL
    },
    Spec {
        name: "collapse_space",
        summary: "Makes each run of white space one space, and takes it away at both ends.",
        examples: &[example("collapse_space", r#""  a \n b ""#, r#""a b""#)],
        run: Run::Text(|text, _| Ok(collapse_space(text))),
        ..Spec::USUAL
    },
    Spec {
        name: "lower",
        summary: "Makes all letters lower case.",
        examples: &[example("lower", r#""ÄB""#, r#""äb""#), example("lower", "true", "true")],
        run: Run::Text(|text, _| Ok(lower(text))),
        ..Spec::USUAL
    },
    Spec {
        name: "upper",
        summary: "Makes all letters upper case.",
        examples: &[example("upper", r#""straße""#, r#""STRASSE""#), example("upper", "true", r#""TRUE""#)],
        run: Run::Text(|text, _| Ok(upper(text))),
        ..Spec::USUAL
    },
    Spec {
        name: "title",
        summary: "Makes the first letter of each word upper case, the others lower case.",
        examples: &[
            example("title", r#""mary-ann o'NEIL""#, r#""Mary-Ann O'Neil""#),
            example("title", r#""2nd street, don't""#, r#""2nd Street, Don't""#),
        ],
        run: Run::Text(|text, _| Ok(title(text))),
        ..Spec::USUAL
    },
    Spec {
        name: "digits",
        summary: "Keeps only the digits 0-9.",
        examples: &[example("digits", r#""a1-2٣""#, r#""12""#), example("digits", "\"x\"", "\"\"")],
        run: Run::Text(|text, _| Ok(keep_chars(text, |c| c.is_ascii_digit()))),
        ..Spec::USUAL
    },
    Spec {
        name: "text",
        summary: "Makes a number or a boolean the text it is written as.",
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"0\"", "[]", "wrong_type"]),
        examples: &[example("text", "1.50", "\"1.50\""), example("text", "true", "\"true\"")],
        run: Run::Read(|text, _| Ok(Some(Value::text(text.to_owned())))),
        ..Spec::USUAL
    },
    Spec {
        name: "substring",
        summary: "Takes a part of a text, counted in characters; what lies outside of it is nothing.",
        parameters: &[
            required(
                "from",
                ArgumentKind::Whole(-100_000, 100_000),
                "the first character, from 0; from the end when negative",
            ),
            usually("length", ArgumentKind::Whole(0, 100_000), "100000", "how many characters at most"),
        ],
        examples: &[
            example("{substring: {from: 0, length: 3}}", r#""abcdef""#, r#""abc""#),
            example("{substring: -2}", r#""añb""#, r#""ñb""#),
            example("{substring: 9}", r#""abc""#, r#""""#),
        ],
        run: Run::Text(|text, call| Ok(substring(text, call.whole(0).unwrap_or(0), call.size(1).unwrap_or(0)).into())),
        ..Spec::USUAL
    },
    Spec {
        name: "truncate",
        summary: "Shortens a text to a number of characters, the end mark among them.",
        parameters: &[
            required("to", ArgumentKind::Whole(0, 100_000), "how many characters at most"),
            usually(
                "end",
                ArgumentKind::Text,
                "''",
                "what stands at the end of a text that was shortened, such as `...`",
            ),
        ],
        examples: &[
            example("{truncate: 3}", r#""abcdef""#, r#""abc""#),
            example("{truncate: {to: 5, end: ...}}", r#""abcdef""#, r#""ab...""#),
            example("{truncate: {to: 5, end: ...}}", r#""abcde""#, r#""abcde""#),
        ],
        run: Run::Text(|text, call| Ok(truncate(text, call.size(0).unwrap_or(0), call.text_or_empty(1)))),
        ..Spec::USUAL
    },
    Spec {
        name: "pad",
        summary: "Fills a text up to a number of characters; a longer one stays as it is.",
        parameters: &[
            required("to", ArgumentKind::Whole(0, 1000), "how many characters at least"),
            usually("with", ArgumentKind::NonEmpty, "'0'", "the character, or characters, to fill with"),
            usually("at", ArgumentKind::Word(&["start", "end"]), "start", "where to fill"),
        ],
        on_empty: EmptyInput::of(["missing", "null", "\"00000\"", "\"00000\"", "[]", "wrong_type"]),
        examples: &[
            example("{pad: 5}", "2139", r#""02139""#),
            example("{pad: {to: 4, with: ., at: end}}", r#""ab""#, r#""ab..""#),
            example("{pad: 2}", r#""abc""#, r#""abc""#),
        ],
        run: Run::Text(|text, call| Ok(pad(text, call.size(0).unwrap_or(0), call.text_or_empty(1), call.word(2) == 1))),
        ..Spec::USUAL
    },
    Spec {
        name: "replace",
        summary: "Replaces each occurrence of a text by another one.",
        parameters: &[
            required("what", ArgumentKind::NonEmpty, "the text that is replaced"),
            usually("with", ArgumentKind::Text, "''", "what stands in its place"),
        ],
        errors: &[("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX")],
        examples: &[
            example("{replace: {what: '-', with: ' '}}", r#""a-b-c""#, r#""a b c""#),
            example("{replace: ' '}", r#""a b""#, r#""ab""#),
        ],
        run: Run::Text(|text, call| replace(text, call.text_or_empty(0), call.text_or_empty(1))),
        ..Spec::USUAL
    },
    Spec {
        name: "prefix",
        summary: "Puts a text before one that is not blank and does not begin with it yet.",
        parameters: &[required("text", ArgumentKind::NonEmpty, "what stands before it")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"https://0\"", "[]", "wrong_type"]),
        examples: &[
            example("{prefix: 'https://'}", r#""x.example""#, r#""https://x.example""#),
            example("{prefix: 'https://'}", r#""https://x.example""#, r#""https://x.example""#),
        ],
        run: Run::Filled(|text, call| Ok(prefix(text, call.text_or_empty(0)))),
        ..Spec::USUAL
    },
    Spec {
        name: "suffix",
        summary: "Puts a text behind one that is not blank and does not end with it yet.",
        parameters: &[required("text", ArgumentKind::NonEmpty, "what stands behind it")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"0%\"", "[]", "wrong_type"]),
        examples: &[example("{suffix: '%'}", "\"5\"", "\"5%\""), example("{suffix: '%'}", "\"5%\"", "\"5%\"")],
        run: Run::Filled(|text, call| Ok(suffix(text, call.text_or_empty(0)))),
        ..Spec::USUAL
    },
    Spec {
        name: "slug",
        summary: "Makes a text of lower-case ASCII letters and digits with one mark between its words.",
        parameters: &[usually("with", ArgumentKind::Text, "'-'", "the mark between words")],
        examples: &[
            example("slug", r#""Élodie's Café & Bar""#, r#""elodies-cafe-bar""#),
            example("{slug: _}", r#""What is your budget?""#, r#""what_is_your_budget""#),
        ],
        run: Run::Text(|text, call| Ok(slug(text, call.text_or_empty(0)))),
        ..Spec::USUAL
    },
    Spec {
        name: "ascii",
        summary: "Writes a text in ASCII: accents are dropped, Greek and Cyrillic written with Latin letters, other scripts left out.",
        examples: &[
            example("ascii", r#""Žluťoučký “Straße” – Øre""#, r#""Zlutoucky \"Strasse\" - Ore""#),
            example("ascii", r#""e\u0301 漢""#, r#""e ""#),
        ],
        run: Run::Text(|text, _| Ok(super::fold::ascii(text))),
        ..Spec::USUAL
    },
    Spec {
        name: "template",
        summary: "Makes a text of fixed parts and values; `{{ value }}` is the value itself, `{{ value.name }}` a part of it.",
        takes: Kind::Any,
        lists: super::spec::Lists::Whole,
        parameters: &[required(
            "text",
            ArgumentKind::Template,
            "the text, with places such as `{{ value }}` or `{{ email }}`",
        )],
        on_empty: EmptyInput::of(["missing", "null", "\"-/b\"", "\"0-/b\"", "\"[]-/b\"", "\"{}-/b\""]),
        errors: &[("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX")],
        examples: &[
            example("{template: '{{ value }}-{{ gone }}/{{ beta }}'}", r#""a""#, r#""a-/b""#),
            example("{template: 'Budget: {{ value }} USD'}", "12.50", r#""Budget: 12.50 USD""#),
            example(
                "{map: [{template: '{{ value.q }}: {{ value.a[0] }}'}]}",
                r#"[{"q":"Age","a":["40"]},{"q":"Pets"}]"#,
                r#"["Age: 40","Pets: "]"#,
            ),
        ],
        run: Run::Value(super::template::fill),
        ..Spec::USUAL
    },
];

/// Runs of white space become one space, none at the ends.
fn collapse_space(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let is_plain = !trimmed.contains("  ") && !trimmed.contains(|c: char| c != ' ' && c.is_whitespace());
    if is_plain {
        return trimmed.into();
    }
    let mut collapsed = String::with_capacity(trimmed.len());
    for word in trimmed.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed.into()
}

/// Lower case; a text that has nothing to lower is not copied.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return text.into();
    }
    text.to_lowercase().into()
}

fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()) {
        return text.into();
    }
    text.to_uppercase().into()
}

/// The first letter of each word in upper case, the others in lower case. A word begins after anything but a letter or a
/// digit, and after an apostrophe that follows one letter (O'Neil, but don't).
fn title(text: &str) -> Cow<'_, str> {
    let is_so = |(character, is_first): (char, bool)| match is_first {
        true => character.to_uppercase().eq([character]),
        false => character.to_lowercase().eq([character]),
    };
    if letters(text).all(is_so) {
        return text.into();
    }
    let mut titled = String::with_capacity(text.len());
    for (character, is_first) in letters(text) {
        if is_first {
            titled.extend(character.to_uppercase());
        } else {
            titled.extend(character.to_lowercase());
        }
    }
    titled.into()
}

/// Each character, and whether a word begins with it.
fn letters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = 0;
    text.chars().map(move |character| {
        let is_first = before == 0;
        let inside = character.is_alphanumeric() || (matches!(character, '\'' | '\u{2019}') && before > 1);
        before = if inside { before + 1 } else { 0 };
        (character, is_first)
    })
}

/// Only the characters that pass.
pub fn keep_chars(text: &str, passes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&passes) {
        return text.into();
    }
    text.chars().filter(|character| passes(*character)).collect::<String>().into()
}

fn substring(text: &str, from: i64, length: usize) -> &str {
    let skipped = match usize::try_from(from) {
        Ok(from) => from,
        Err(_) => {
            let back = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
            text.chars().count().saturating_sub(back)
        }
    };
    let start = byte_of(text, skipped);
    let rest = &text[start..];
    &rest[..byte_of(rest, length)]
}

/// Where a character begins, or where the text ends.
fn byte_of(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
}

fn truncate<'a>(text: &'a str, to: usize, end: &str) -> Cow<'a, str> {
    if byte_of(text, to) == text.len() {
        return text.into();
    }
    let marked = end.chars().count().min(to);
    let keep_chars = &text[..byte_of(text, to - marked)];
    if marked == 0 { keep_chars.into() } else { format!("{keep_chars}{}", &end[..byte_of(end, marked)]).into() }
}

fn pad<'a>(text: &'a str, to: usize, with: &str, at_end: bool) -> Cow<'a, str> {
    let lacking = to.saturating_sub(text.chars().count());
    if lacking == 0 {
        return text.into();
    }
    let filling: String = with.chars().cycle().take(lacking).collect();
    if at_end { format!("{text}{filling}").into() } else { format!("{filling}{text}").into() }
}

fn replace<'a>(text: &'a str, what: &str, with: &str) -> Result<Cow<'a, str>, FunctionError> {
    let found = if what.is_empty() { 0 } else { text.matches(what).count() };
    if found == 0 {
        return Ok(text.into());
    }
    let size = text.len() + found * with.len() - found * what.len();
    check_output_size(size, text.len(), "replace")?;
    Ok(text.replace(what, with).into())
}

fn prefix<'a>(text: &'a str, before: &str) -> Cow<'a, str> {
    if text.starts_with(before) { text.into() } else { format!("{before}{text}").into() }
}

fn suffix<'a>(text: &'a str, behind: &str) -> Cow<'a, str> {
    if text.ends_with(behind) { text.into() } else { format!("{text}{behind}").into() }
}

/// Words of ASCII letters and digits; an apostrophe does not part them.
fn slug<'a>(text: &'a str, mark: &str) -> Cow<'a, str> {
    let folded = super::fold::ascii(text);
    let mut slug = String::with_capacity(folded.len());
    let mut parted = false;
    for character in folded.chars().filter(|c| *c != '\'') {
        if !character.is_ascii_alphanumeric() {
            parted = true;
            continue;
        }
        if std::mem::take(&mut parted) && !slug.is_empty() {
            slug.push_str(mark);
        }
        slug.push(character.to_ascii_lowercase());
    }
    if slug == text { text.into() } else { slug.into() }
}

/// The text of a scalar, or why it is none; for functions that look at several values.
pub fn scalar<'v>(value: &'v Value<'_>, call: &Call<'_, '_>) -> Result<&'v str, FunctionError> {
    value.scalar_text().ok_or_else(|| FunctionError::wrong_type(call.name, "a text", value))
}
