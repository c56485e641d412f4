//! Patterns of `match` and `search`: I-Regexp (RFC 9485), translated to what the library understands.
//!
//! The dialect is small on purpose: no `\d`, no lazy repetition, no groups that do more than group. Three things differ in the
//! library: the dot (here it leaves out `\r` too), the Unicode categories, which it does not know, and characters that mean
//! more to it than they do here. `^` and `$` are anchors, as the published compliance cases have them.

use crate::category;

/// How deep the groups of a pattern may be nested.
const GROUP_DEPTH_MAX: usize = 16;
/// How often something may be repeated by number.
const REPEATS_MAX: u32 = 1000;

/// Why a text is not a pattern.
#[derive(Debug, PartialEq)]
pub struct PatternError {
    pub message: String,
    pub hint: String,
}

impl PatternError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// What the library says of a pattern that reads well: it is too large when it is built.
    pub fn not_built(why: String) -> Self {
        Self::new(why, "make it shorter, or repeat less")
    }
}

/// The pattern in the library's own dialect, without anchors of its own.
pub fn translated(pattern: &str) -> Result<String, PatternError> {
    let mut translation = Translation { rest: pattern, out: String::new(), depth: 0, repeatable: false };
    while let Some(c) = translation.next() {
        translation.piece(c)?;
    }
    if translation.depth > 0 {
        return Err(PatternError::new("a `(` is not closed", "add the `)`, or write `\\(` for the character"));
    }
    Ok(translation.out)
}

struct Translation<'t> {
    rest: &'t str,
    out: String,
    depth: usize,
    /// Whether something stands here that can be repeated.
    repeatable: bool,
}

impl<'t> Translation<'t> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.rest.strip_prefix(expected);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn piece(&mut self, c: char) -> Result<(), PatternError> {
        match c {
            '(' => return self.open(),
            ')' => self.close()?,
            '|' | '^' | '$' => {
                self.out.push(c);
                self.repeatable = false;
                return Ok(());
            }
            '*' | '+' | '?' => return self.repeat(c),
            '{' => return self.repeat_by_number(),
            '.' => self.out.push_str("[^\\n\\r]"),
            '[' => self.class()?,
            '\\' => self.escape()?,
            ']' | '}' => {
                return Err(PatternError::new(
                    format!("`{c}` closes nothing"),
                    format!("write `\\{c}` for the character"),
                ));
            }
            c => push_literal(&mut self.out, c),
        }
        self.repeatable = true;
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.depth == GROUP_DEPTH_MAX {
            return Err(PatternError::new(
                format!("its groups are nested more than {GROUP_DEPTH_MAX} deep"),
                "simplify it",
            ));
        }
        if self.peek() == Some('?') {
            return Err(PatternError::new("`(?` is not known here", "write `(...)`: a group only groups"));
        }
        self.depth += 1;
        self.out.push_str("(?:");
        self.repeatable = false;
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let less = self.depth.checked_sub(1);
        self.depth = less.ok_or_else(|| PatternError::new("`)` closes nothing", "write `\\)` for the character"))?;
        self.out.push(')');
        Ok(())
    }

    fn repeat(&mut self, sign: char) -> Result<(), PatternError> {
        if !std::mem::take(&mut self.repeatable) {
            let message = format!("there is nothing before `{sign}` that can be repeated");
            return Err(PatternError::new(
                message,
                format!("write `\\{sign}` for the character; lazy repetition is not known"),
            ));
        }
        self.out.push(sign);
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,4}`.
    fn repeat_by_number(&mut self) -> Result<(), PatternError> {
        let written = self.rest.split_once('}').map(|(inside, rest)| {
            self.rest = rest;
            inside
        });
        let odd = || {
            PatternError::new(
                "`{` is not followed by numbers",
                "write `{2}`, `{2,}` or `{2,4}`, or `\\{` for the character",
            )
        };
        let written = written.ok_or_else(odd)?;
        let (low, high) = written.split_once(',').map_or((written, None), |(low, high)| (low, Some(high)));
        let low_count = count(low).ok_or_else(odd)?;
        let high_count = match high {
            None | Some("") => low_count,
            Some(high) => count(high).ok_or_else(odd)?,
        };
        if high_count > REPEATS_MAX || low_count > high_count {
            let message = format!("`{{{written}}}` repeats too often, or its numbers are in the error order");
            return Err(PatternError::new(message, format!("repeat at most {REPEATS_MAX} times")));
        }
        if !std::mem::take(&mut self.repeatable) {
            return Err(PatternError::new(
                "there is nothing before `{` that can be repeated",
                "write `\\{` for the character",
            ));
        }
        self.out.push('{');
        self.out.push_str(written);
        self.out.push('}');
        Ok(())
    }

    /// An escape outside of brackets.
    fn escape(&mut self) -> Result<(), PatternError> {
        match self.next() {
            Some(sign @ ('p' | 'P')) => {
                self.out.push('[');
                self.category(sign == 'P')?;
                self.out.push(']');
            }
            other => push_literal(&mut self.out, single(other)?),
        }
        Ok(())
    }

    /// `[...]`, whose `[` is behind us.
    fn class(&mut self) -> Result<(), PatternError> {
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            match self.next() {
                None => {
                    return Err(PatternError::new(
                        "a `[` is not closed",
                        "add the `]`, or write `\\[` for the character",
                    ));
                }
                Some(']') if !is_first => break,
                Some(']') => {
                    return Err(PatternError::new(
                        "`[]` has nothing in it",
                        "name characters in it, or write `\\]` for the character",
                    ));
                }
                Some('-') if is_first || self.peek() == Some(']') => push_literal(&mut self.out, '-'),
                Some(c) => self.class_item(c)?,
            }
            is_first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn class_item(&mut self, c: char) -> Result<(), PatternError> {
        if c == '\\' && matches!(self.peek(), Some('p' | 'P')) {
            let sign = self.next();
            return self.category(sign == Some('P'));
        }
        let low = self.class_character(c)?;
        push_literal(&mut self.out, low);
        if self.peek() != Some('-') || self.rest.starts_with("-]") {
            return Ok(());
        }
        self.take('-');
        let Some(c) = self.next() else { return Ok(()) };
        let high = self.class_character(c)?;
        if high < low {
            return Err(PatternError::new(
                format!("the range `{low}-{high}` is empty"),
                format!("write `{high}-{low}`"),
            ));
        }
        self.out.push('-');
        push_literal(&mut self.out, high);
        Ok(())
    }

    fn class_character(&mut self, c: char) -> Result<char, PatternError> {
        match c {
            '\\' => {
                let next = self.next();
                single(next)
            }
            '[' | '-' => {
                let hint = format!("write `\\{c}`");
                Err(PatternError::new(format!("`{c}` can't stand there in brackets as it is"), hint))
            }
            c => Ok(c),
        }
    }

    /// `{Lu}` behind `\p`.
    fn category(&mut self, is_complement: bool) -> Result<(), PatternError> {
        let odd = || {
            let hint =
                "write `\\p{L}` (letters), `\\p{Lu}` (upper case), `\\p{N}` (numbers) or another category of Unicode";
            PatternError::new("there is no such category of characters", hint)
        };
        let (name, rest) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).ok_or_else(odd)?;
        self.rest = rest;
        for (low, high) in category::ranges(name, is_complement).ok_or_else(odd)? {
            push_literal(&mut self.out, low);
            self.out.push('-');
            push_literal(&mut self.out, high);
        }
        Ok(())
    }
}

fn count(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The character that an escape stands for.
fn single(escaped: Option<char>) -> Result<char, PatternError> {
    Ok(match escaped {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(c @ ('(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|' | '}')) => c,
        Some(c) => return Err(PatternError::new(format!("`\\{c}` is not known"), instead_of(c))),
        None => {
            return Err(PatternError::new(
                "it ends with a backslash",
                "write `\\\\\\\\` in the path for a backslash in the text",
            ));
        }
    })
}

fn instead_of(escaped: char) -> String {
    match escaped {
        'd' => "write `[0-9]`".to_owned(),
        'D' => "write `[^0-9]`".to_owned(),
        'w' => "write `[A-Za-z0-9_]`".to_owned(),
        'W' => "write `[^A-Za-z0-9_]`".to_owned(),
        's' => "write `[ \\t\\n\\r]`".to_owned(),
        'S' => "write `[^ \\t\\n\\r]`".to_owned(),
        '$' => "write `[$]`".to_owned(),
        'b' | 'B' => "say which characters stand there, as in `(^|[ ,])word([ ,]|$)`".to_owned(),
        c => format!("write `{c}` without the backslash"),
    }
}

/// A character as the library reads it in any place.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        out.push_str(&format!("\\x{:02x}", u32::from(c)));
    } else {
        out.push(c);
    }
}
