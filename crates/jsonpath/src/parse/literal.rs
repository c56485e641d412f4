//! Texts and numbers in a query (RFC 9535, 2.3.1.1, 2.3.3.1 and 2.3.5.1).

use super::cursor::{Cursor, PathError};
use super::shortened;

/// Indexes and bounds of slices are integers that any JSON reader keeps (I-JSON): 2^53 - 1.
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A text in quotes of either kind.
pub fn string(cursor: &mut Cursor<'_>) -> Result<String, PathError> {
    let start = cursor.at();
    let quote = cursor.next();
    let mut text = String::new();
    loop {
        let at = cursor.at();
        match cursor.next() {
            None => {
                return Err(cursor.error_at(start, "this text is not closed").with_hint("add the quote at its end"));
            }
            Some(c) if Some(c) == quote => return Ok(text),
            Some('\\') => text.push(escape(cursor, quote, at)?),
            Some(c) if c < ' ' => {
                let error = cursor.error_at(at, "a control character can't stand in a text as it is");
                return Err(error.with_hint(format!("write it as `\\u{:04x}`", u32::from(c))));
            }
            Some(c) => text.push(c),
        }
    }
}

/// What follows a backslash that stands at `at`. A quote needs one only in its own kind of quotes.
fn escape(cursor: &mut Cursor<'_>, quote: Option<char>, at: usize) -> Result<char, PathError> {
    let next = cursor.next();
    Ok(match next {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(c @ ('/' | '\\')) => c,
        Some('u') => return by_number(cursor, at),
        Some(c) if next == quote => c,
        Some(c) => {
            let error = cursor.error_at(at, format!("`\\{}` is not an escape", c.escape_debug()));
            return Err(
                error.with_hint("for a backslash write `\\\\`; a quote needs one only in quotes of its own kind")
            );
        }
        None => return Err(cursor.error_at(at, "the path ends inside a text").with_hint("add the quote at its end")),
    })
}

/// The character of `\uXXXX`; one beyond U+FFFF is written as two of them.
fn by_number(cursor: &mut Cursor<'_>, at: usize) -> Result<char, PathError> {
    let high = hex4(cursor, at)?;
    if let Some(c) = char::from_u32(high) {
        return Ok(c);
    }
    let half = || {
        let error = cursor.error_at(at, format!("`\\u{high:04x}` is half a character"));
        Err(error.with_hint("write both halves, the high one first, like `\\ud83d\\ude00`, or the character itself"))
    };
    let mut after = cursor.clone();
    if high >= 0xdc00 || !after.take("\\u") {
        return half();
    }
    let low = hex4(&mut after, at)?;
    if !(0xdc00..0xe000).contains(&low) {
        return half();
    }
    let Some(c) = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)) else { return half() };
    *cursor = after;
    Ok(c)
}

fn hex4(cursor: &mut Cursor<'_>, at: usize) -> Result<u32, PathError> {
    let mut code = 0;
    for _ in 0..4 {
        let Some(digit) = cursor.next().and_then(|c| c.to_digit(16)) else {
            let error = cursor.error_at(at, "`\\u` needs four hexadecimal digits");
            return Err(error.with_hint("write it like `\\u00e9`"));
        };
        code = code * 16 + digit;
    }
    Ok(code)
}

/// An integer: no leading zeros, no `-0`, within the bounds of I-JSON.
pub fn integer(cursor: &mut Cursor<'_>) -> Result<i64, PathError> {
    let start = cursor.at();
    let text = whole_digits(cursor)?;
    if matches!(cursor.peek(), Some('.' | 'e' | 'E')) {
        return Err(cursor.error("an index is an integer").with_hint("write it like `[0]` or `[-1]`"));
    }
    if text == "-0" {
        return Err(cursor
            .error_at(start, "`-0` is not an index")
            .with_hint("write `0` for the first item, `-1` for the last"));
    }
    let number = text.parse::<i64>().ok().filter(|number| number.abs() <= INTEGER_MAX);
    number.ok_or_else(|| {
        let error = cursor.error_at(start, format!("`{}` is too large for an index", shortened(text)));
        error.with_hint(format!("it may be at most {INTEGER_MAX}"))
    })
}

/// A number as JSON writes it, kept as its text: no digit is lost.
pub fn number(cursor: &mut Cursor<'_>) -> Result<String, PathError> {
    let start = cursor.at();
    whole_digits(cursor)?;
    if cursor.take(".") {
        digits(cursor, "digits must follow the dot of a number")?;
    }
    if cursor.take("e") || cursor.take("E") {
        if !cursor.take("-") {
            cursor.take("+");
        }
        digits(cursor, "digits must follow the `e` of a number")?;
    }
    Ok(cursor.since(start).to_owned())
}

fn whole_digits<'t>(cursor: &mut Cursor<'t>) -> Result<&'t str, PathError> {
    let start = cursor.at();
    cursor.take("-");
    let digits = digits(cursor, "digits must follow the minus sign")?;
    if digits.len() > 1 && digits.starts_with('0') {
        let error = cursor.error_at(start, "a number has no leading zeros");
        return Err(error.with_hint("remove them; a text such as a zip code needs quotes"));
    }
    Ok(cursor.since(start))
}

fn digits<'t>(cursor: &mut Cursor<'t>, or: &str) -> Result<&'t str, PathError> {
    match cursor.run(|c| c.is_ascii_digit()) {
        "" => Err(cursor.error(or).with_hint("write numbers like `18`, `-1.5` or `1e3`")),
        digits => Ok(digits),
    }
}
