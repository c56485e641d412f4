//! Sentences in which what a document says is kept apart from the words around it, so that whoever writes them can escape it.

use serde_json::Value;

/// How many values one sentence lists at most.
const LISTED_MAX: usize = 25;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words of this guide.
    Text(&'static str),
    /// What the document says.
    Code(String),
}

/// A sentence, or a part of one.
pub type Phrase = Vec<Part>;

/// Words and then a value.
pub(crate) fn with_code(words: &'static str, code: impl Into<String>) -> Phrase {
    vec![Part::Text(words), Part::Code(code.into())]
}

/// Words and then a list of values.
pub(crate) fn with_codes(words: &'static str, codes: impl IntoIterator<Item = String>) -> Phrase {
    let mut phrase = vec![Part::Text(words)];
    let mut codes = codes.into_iter();
    for (index, code) in codes.by_ref().take(LISTED_MAX).enumerate() {
        if 0 < index {
            phrase.push(Part::Text(", "));
        }
        phrase.push(Part::Code(code));
    }
    if codes.next().is_some() {
        phrase.push(Part::Text(" and others"));
    }
    phrase
}

/// A value as a source would write it: a text without quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
