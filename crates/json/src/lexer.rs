//! The tokens of JSON text: strings, numbers, words, and what stands between them.

use crate::entry::{Kind, Span};
use crate::error::JsonError;
use crate::number::number_length;
use crate::string::{escape, plain_run};

/// A place in a text.
pub(crate) struct Lexer<'t> {
    pub(crate) text: &'t str,
    pub(crate) bytes: &'t [u8],
    pub(crate) at: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    /// A string whose first quote is here; its escapes are checked and stay.
    pub(crate) fn string(&mut self) -> Result<Span, JsonError> {
        self.at += 1;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.peek() {
                b'"' => break,
                b'\\' => (_, self.at) = escape(self.text, self.at)?,
                _ if self.at == self.bytes.len() => {
                    return Err(self.error("truncated", "the text ends inside a string"));
                }
                _ => return Err(self.error("control_character", "a control character must be escaped in a string")),
            }
            escaped = true;
        }
        let end = self.at;
        self.at += 1;
        Ok(Span { escaped, ..Span::new(start, end) })
    }

    /// Steps over a number, `true`, `false` or `null`.
    pub(crate) fn scalar(&mut self) -> Result<Kind, JsonError> {
        match self.peek() {
            b't' => self.word("true", Kind::True),
            b'f' => self.word("false", Kind::False),
            b'n' => self.word("null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.at == self.bytes.len() => Err(self.error("truncated", "the text ends where a value should be")),
            _ => Err(self.error("not_json", "a value can't begin here")),
        }
    }

    fn number(&mut self) -> Result<Kind, JsonError> {
        let length = number_length(&self.bytes[self.at..]);
        if length == 0 {
            return Err(self.error("not_json", "this is not a number: write digits without a leading zero"));
        }
        self.at += length;
        Ok(Kind::Number)
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, JsonError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("not_json", &format!("`{word}` should be here, or a text in double quotes")));
        }
        self.at += word.len();
        Ok(kind)
    }

    /// The name of a member.
    pub(crate) fn name(&mut self) -> Result<Span, JsonError> {
        if self.peek() != b'"' {
            return Err(self.error("not_json", "a name in double quotes should be here"));
        }
        self.string()
    }

    /// Steps over the colon behind a name, and the space on both sides.
    pub(crate) fn colon(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if !self.take(b':') {
            return Err(self.error("not_json", "a colon should follow the name"));
        }
        self.skip_space();
        Ok(())
    }

    /// Rejects what follows the value that is the whole text.
    pub(crate) fn end(&self) -> Result<(), JsonError> {
        if self.at < self.bytes.len() {
            return Err(self.error("trailing_text", "there is more after the end of the value"));
        }
        Ok(())
    }

    /// Neither a comma nor what closes a list or an object follows a value in it.
    pub(crate) fn no_comma(&self, close: u8) -> JsonError {
        let code = if self.at == self.bytes.len() { "truncated" } else { "not_json" };
        self.error(code, &format!("a comma or `{}` should be here", char::from(close)))
    }

    pub(crate) fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Steps over this byte if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// The byte here; zero at the end, which begins nothing.
    pub(crate) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// What is wrong here.
    pub(crate) fn error(&self, code: &'static str, message: &str) -> JsonError {
        JsonError::new(code, self.at, message)
    }
}

/// The bracket that ends a list or an object.
pub(crate) fn closing(kind: Kind) -> u8 {
    if kind == Kind::Object { b'}' } else { b']' }
}
