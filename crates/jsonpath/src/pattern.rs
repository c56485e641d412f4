//! Regular expressions of `match` and `search`.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

/// How many bytes a pattern may take when it is built: `(a{1000}){1000}` is short as a text.
pub const PATTERN_SIZE_MAX: usize = 256 << 10;

/// What any expression takes for each byte of a text.
pub const STEPS_PER_BYTE: usize = 16;

/// A regular expression that was checked when the document was compiled, built on first use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern<'p> {
    #[serde(borrow)]
    text: Cow<'p, str>,
    #[serde(skip)]
    built: OnceCell<Option<regex_lite::Regex>>,
}

impl<'p> Pattern<'p> {
    /// Checks a pattern.
    ///
    /// # Errors
    /// Why the library rejects it, such as its size when it is built.
    pub fn new(text: impl Into<Cow<'p, str>>) -> Result<Self, String> {
        let text = text.into();
        let built = build(&text).map_err(|error| error.to_string())?;
        Ok(Self { text, built: OnceCell::from(Some(built)) })
    }

    /// How many steps it may take to look for it in a text of so many bytes, see [`match_cost`].
    pub fn cost(&self, bytes: usize) -> usize {
        match_cost(&self.text, bytes)
    }

    /// Whether it is found in the text.
    pub fn is_match(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| build(&self.text).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn build(text: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(text).size_limit(PATTERN_SIZE_MAX).build()
}

impl PartialEq for Pattern<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// What an expression takes on a text of so many bytes: at each byte it is at several of its places at once, and has as many of
/// them as its text is long and its repetitions are high.
pub fn match_cost(expression: &str, bytes: usize) -> usize {
    let repetitions = expression.split('{').skip(1).map(|count| {
        let digits = count.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').collect::<Vec<_>>();
        digits
            .split(|byte| *byte == b',')
            .filter_map(|part| std::str::from_utf8(part).ok()?.parse().ok())
            .max()
            .unwrap_or(0)
    });
    let places = expression.len() + 2 * repetitions.sum::<usize>();
    bytes.saturating_mul(STEPS_PER_BYTE + 2 * places)
}
