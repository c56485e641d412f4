//! Regular expressions that were checked when the document was compiled.

use std::borrow::Cow;
use std::cell::OnceCell;

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// Bytes of memory that a regular expression may take when it is built.
pub const PATTERN_SIZE_MAX: usize = 16 << 10;

/// How deep groups of a regular expression may be nested.
pub const PATTERN_DEPTH_MAX: u32 = 32;

/// A regular expression, built on first use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expression<'p> {
    #[serde(borrow)]
    text: Cow<'p, str>,
    #[serde(borrow)]
    match_start: MatchStart<'p>,
    #[serde(skip)]
    built: OnceCell<Option<Regex>>,
}

/// What every match begins with, as far as it is plain to see: where that is not, nothing needs to be tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum MatchStart<'p> {
    /// Anything.
    Anything,
    /// This text.
    #[serde(borrow)]
    Text(Cow<'p, str>),
    /// One of these ASCII characters, a bit for each.
    OneOf([u64; 2]),
}

impl<'p> Expression<'p> {
    /// A checked expression, or why it is none.
    pub fn new(text: impl Into<Cow<'p, str>>) -> Result<Self, String> {
        let text = text.into();
        let built = build(&text).map_err(|error| error.to_string())?;
        Ok(Self { match_start: match_start(&text), text, built: OnceCell::from(Some(built)) })
    }

    /// The expression as its author wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expression itself; none only when the plan was damaged.
    pub fn regex(&self) -> Option<&Regex> {
        self.built.get_or_init(|| build(&self.text).ok()).as_ref()
    }

    /// Whether it is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.first_candidate(text).is_some_and(|start| self.regex().is_some_and(|regex| regex.is_match_at(text, start)))
    }

    /// What it finds first.
    pub fn find<'h>(&self, text: &'h str) -> Option<&'h str> {
        Some(self.regex()?.find_at(text, self.first_candidate(text)?)?.as_str())
    }

    /// What it finds first, with its groups.
    pub fn captures<'h>(&self, text: &'h str) -> Option<Captures<'h>> {
        self.regex()?.captures_at(text, self.first_candidate(text)?)
    }

    /// Where the first match may begin.
    fn first_candidate(&self, text: &str) -> Option<usize> {
        match &self.match_start {
            MatchStart::Anything => Some(0),
            MatchStart::Text(match_start) => text.find(&**match_start),
            MatchStart::OneOf(set) => text.bytes().position(|byte| is_in(set, byte)),
        }
    }
}

impl PartialEq for Expression<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

fn build(text: &str) -> Result<Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(text).size_limit(PATTERN_SIZE_MAX).nest_limit(PATTERN_DEPTH_MAX).build()
}

fn is_in(set: &[u64; 2], byte: u8) -> bool {
    byte.is_ascii() && set[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
}

/// What every match of an expression begins with. With an alternative in it, or flags before it, that is anything.
fn match_start(text: &str) -> MatchStart<'static> {
    if text.contains('|') {
        return MatchStart::Anything;
    }
    if let Some((set, rest)) = set(text) {
        return if may_be_left_out(rest) { MatchStart::Anything } else { MatchStart::OneOf(set) };
    }
    let (mut literal, mut rest) = (String::new(), text);
    while let Some((c, behind)) = plain(rest) {
        if may_be_left_out(behind) {
            break;
        }
        literal.push(c);
        rest = behind;
    }
    if literal.is_empty() { MatchStart::Anything } else { MatchStart::Text(literal.into()) }
}

/// A character that stands for itself at the beginning, and what follows it.
fn plain(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    match chars.next()? {
        // `\<` and `\>` are edges of words.
        '\\' => chars.next().filter(|c| c.is_ascii_punctuation() && !matches!(c, '<' | '>')),
        c if c.is_alphanumeric() || " _-=/:@&,;%#\"'<>!~".contains(c) => Some(c),
        _ => None,
    }
    .map(|c| (c, chars.as_str()))
}

/// Whether what stands before this may be there no time at all.
fn may_be_left_out(behind: &str) -> bool {
    let is_counted = |count: &str| count.starts_with(|c: char| matches!(c, '1'..='9'));
    behind.starts_with(['?', '*']) || behind.strip_prefix('{').is_some_and(|count| !is_counted(count))
}

/// The ASCII characters of a class at the beginning, `\d` or `[a-z0-9_]`, and what follows it.
fn set(text: &str) -> Option<([u64; 2], &str)> {
    let (inside, rest) = match text.strip_prefix("\\d") {
        Some(rest) => ("0-9", rest),
        None => text.strip_prefix('[')?.split_once(']')?,
    };
    let (mut set, mut bytes) = ([0; 2], inside.as_bytes());
    while let [first, rest @ ..] = bytes {
        let (last, rest) = if let [b'-', last, rest @ ..] = rest { (last, rest) } else { (first, rest) };
        if ![first, last].into_iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return None;
        }
        (*first..=*last).for_each(|byte| set[usize::from(byte / 64)] |= 1 << (byte % 64));
        bytes = rest;
    }
    (set != [0; 2]).then_some((set, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_match_begins_with() {
        let texts = [
            ("utm_source=([^&]+)", "utm_source="),
            ("abc+", "abc"),
            ("abc*", "ab"),
            ("ab?c", "a"),
            ("ab{0,2}", "a"),
            ("ab{2}", "ab"),
            (r"\$\d+", "$"),
            ("é+", "é"),
        ];
        for (pattern, expected) in texts {
            assert_eq!(match_start(pattern), MatchStart::Text(expected.into()), "{pattern}");
        }
        for pattern in [
            "a|b", "(?i)abc", "^a", "[^a]", "[a-z", r"[\d]", r"\w", "a?", "[0-9]*", "(ab)", ".", r"\bab", r"\<ab",
            "[é]", "",
        ] {
            assert_eq!(match_start(pattern), MatchStart::Anything, "{pattern}");
        }
        for pattern in ["[0-9]{4}", r"\d+", "[0-9]", "[a-f0-9_]x"] {
            assert!(matches!(match_start(pattern), MatchStart::OneOf(_)), "{pattern}");
        }
    }

    /// What is skipped has no match: the same is found as from the beginning.
    #[test]
    fn nothing_is_missed() {
        let patterns = [
            "b",
            "bc+",
            "bc*d",
            "bc?d",
            r"\d",
            r"\d{2}",
            "[0-9]{1,3}x",
            "[b-d]+",
            "ab{2}c",
            r"\.5",
            "é",
            "b$",
            r"c\b",
            "c{0}d",
            "[c]{0}d",
            "c{,2}d",
            r"b\x41",
            r"\x41",
            "a-b",
            "[a-]",
            "[-a]",
        ];
        let texts = [
            "", "b", "abc", "abcd", "a bd", "12x", "é.5", "aé5b", "bb", "abbc", "ddd cb", "xc{,2}d", "a-b-A", "bA", "-",
        ];
        for pattern in patterns {
            let Ok(expression) = Expression::new(pattern) else { continue };
            let regex = expression.regex().unwrap();
            for text in texts {
                assert_eq!(expression.find(text), regex.find(text).map(|found| found.as_str()), "{pattern} in {text}");
                assert_eq!(expression.is_match(text), regex.is_match(text), "{pattern} in {text}");
                let groups = |captures: Option<Captures<'_>>| captures.map(|it| it.get(0).map(|whole| whole.range()));
                assert_eq!(groups(expression.captures(text)), groups(regex.captures(text)), "{pattern} in {text}");
            }
        }
    }
}
