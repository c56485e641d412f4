//! Requirement ids that code and tests name are defined in `docs/requirements.md` or `docs/dialects.md`.

use hookmill_tests::tree;
use std::collections::BTreeSet;

/// `O1` in `- O1 **Organization** ...`, `B1` in `B1. As I1-I6 ...`.
fn defined() -> BTreeSet<String> {
    let pages = tree::files("docs", &["md"]);
    let pages = pages.iter().filter(|(path, _)| path.ends_with("requirements.md") || path.ends_with("dialects.md"));
    let first_words = pages.flat_map(|(_, text)| text.lines()).filter_map(|line| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        line.split_whitespace().next()
    });
    first_words.map(|word| word.trim_end_matches('.')).filter(|word| is_id(word)).map(str::to_owned).collect()
}

/// Whether the word is a capital letter and a number of one or two digits.
fn is_id(word: &str) -> bool {
    let mut characters = word.chars();
    let is_letter = characters.next().is_some_and(|first| first.is_ascii_uppercase());
    is_letter && (2..=3).contains(&word.len()) && characters.all(|digit| digit.is_ascii_digit())
}

/// The ids in a list such as `I4, H8` or `I4 H8`; none when anything else is in it.
fn ids_of_list(text: &str) -> Vec<String> {
    let words: Vec<_> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let is_list = words.iter().all(|word| is_id(word));
    if is_list { words.into_iter().map(str::to_owned).collect() } else { Vec::new() }
}

/// The ids in front of a function's name: `I4` and `H8` of `fn i4_h8_survives_a_crash`.
fn ids_of_function(line: &str) -> Vec<String> {
    let Some((_, name)) = line.split_once("fn ") else { return Vec::new() };
    let parts = name.split('_').map(str::to_uppercase);
    let is_lower_case = name.starts_with(|first: char| first.is_ascii_lowercase());
    if is_lower_case { parts.take_while(|part| is_id(part)).collect() } else { Vec::new() }
}

/// The ids of a comment: those in front of its first colon (`/// I4 H8: ...`) and those in parentheses (`(I4, H8)`).
fn ids_of_comment(line: &str) -> Vec<String> {
    let Some(text) = line.trim_start().strip_prefix("//") else { return Vec::new() };
    let text = text.trim_start_matches(['/', '!']);
    let in_front = text.split_once(':').map(|(front, _)| ids_of_list(front)).unwrap_or_default();
    let in_parentheses =
        text.split('(').skip(1).filter_map(|rest| rest.split_once(')')).flat_map(|(inside, _)| ids_of_list(inside));
    in_front.into_iter().chain(in_parentheses).collect()
}

#[test]
fn ids_are_found_where_they_are_named() {
    assert_eq!(ids_of_function("    fn i4_h8_survives_a_crash() {"), ["I4", "H8"]);
    assert_eq!(ids_of_function("    async fn m10_shows(both: &World) {"), ["M10"]);
    assert_eq!(ids_of_function("fn base64_round_trip() {"), [""; 0]);
    assert_eq!(ids_of_comment("/// W9 W10, C2: signed over the exact bytes."), ["W9", "W10", "C2"]);
    assert_eq!(ids_of_comment("//! The envelope of a batch (I1, I5), and IPv4 (see above)."), ["I1", "I5"]);
    assert_eq!(ids_of_comment("let ids = (I1, I5);"), [""; 0]);
    assert!(defined().len() > 80, "{:?}", defined());
}

#[test]
fn every_named_requirement_is_defined() {
    let defined = defined();
    let mut missing = Vec::new();
    for root in ["tests", "host", "plugins", "plugin-sdk"] {
        for (path, text) in tree::files(root, &["rs"]) {
            for (at, line) in text.lines().enumerate() {
                let named = ids_of_function(line).into_iter().chain(ids_of_comment(line));
                let unknown = named.filter(|id| !defined.contains(id));
                missing.extend(unknown.map(|id| format!("{}:{}: {id}", path.display(), at + 1)));
            }
        }
    }
    assert!(missing.is_empty(), "not defined in docs/requirements.md or docs/dialects.md:\n{}", missing.join("\n"));
}
