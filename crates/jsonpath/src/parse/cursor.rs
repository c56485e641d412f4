//! A place in a query's text, and the errors that tell it.

use std::fmt;

use crate::PATH_DEPTH_MAX;

/// Why a text is not a query.
#[derive(Debug, PartialEq)]
pub struct PathError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is error.
    pub message: String,
    /// The hint.
    pub hint: Option<String>,
}

impl PathError {
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at column {}, {}", self.column, self.message)
    }
}

/// A place in a text.
#[derive(Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes back to a place that [`Self::at`] told.
    pub fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// What is still to be read.
    pub fn remaining(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was read since a place.
    pub fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.remaining().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Steps over these characters if they are next.
    pub fn take(&mut self, expected: &str) -> bool {
        let found = self.remaining().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    /// Steps over all characters that pass.
    pub fn run(&mut self, passes: impl Fn(char) -> bool) -> &'t str {
        let rest = self.remaining();
        let end = rest.find(|c| !passes(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Steps over the white space of the RFC.
    pub fn space(&mut self) {
        self.run(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    }

    /// Steps over white space and these characters, or over nothing.
    pub fn take_spaced(&mut self, expected: &str) -> bool {
        let start = self.at;
        self.space();
        let found = self.take(expected);
        if !found {
            self.at = start;
        }
        found
    }

    /// Reads what stands in brackets or parentheses. All that nests goes through here.
    pub fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, PathError>) -> Result<T, PathError> {
        if self.depth == PATH_DEPTH_MAX {
            let message = format!("brackets and parentheses are nested more than {PATH_DEPTH_MAX} deep");
            return Err(self.error(message).with_hint("simplify its filter"));
        }
        self.depth += 1;
        let inside = read(self);
        self.depth -= 1;
        inside
    }

    /// What is error here.
    pub fn error(&self, message: impl Into<String>) -> PathError {
        self.error_at(self.at, message)
    }

    /// What is error at an earlier place.
    pub fn error_at(&self, at: usize, message: impl Into<String>) -> PathError {
        let before = self.text.get(..at).unwrap_or(self.text);
        PathError { column: before.chars().count() + 1, message: message.into(), hint: None }
    }

    /// What stands here, for a message.
    pub fn here(&self) -> String {
        match self.peek() {
            None => "the end".to_owned(),
            Some(' ') => "a space".to_owned(),
            Some(c) if c.is_control() || c.is_whitespace() => format!("the character U+{:04X}", u32::from(c)),
            Some(c) => format!("`{c}`"),
        }
    }
}
