//! Strings inside JSON text: where they end, whether their escapes are right, and which characters they stand for.

use crate::error::JsonError;

/// How many bytes from here need no unescaping.
#[inline]
pub(crate) fn plain_run(bytes: &[u8]) -> usize {
    #[cfg(target_arch = "wasm32")]
    return vector::plain_run(bytes);
    #[cfg(not(target_arch = "wasm32"))]
    plain_run_by_words(bytes)
}

/// The same with vector instructions: sixteen bytes at once.
#[cfg(target_arch = "wasm32")]
mod vector {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};

    #[inline]
    pub fn plain_run(bytes: &[u8]) -> usize {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for (index, block) in blocks.iter().enumerate() {
            let (halves, _) = block.as_chunks::<8>();
            let block = u64x2(u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]));
            let is_quote_or_slash = v128_or(u8x16_eq(block, u8x16_splat(b'"')), u8x16_eq(block, u8x16_splat(b'\\')));
            let hits = u8x16_bitmask(v128_or(is_quote_or_slash, u8x16_lt(block, u8x16_splat(0x20))));
            if hits != 0 {
                return index * 16 + hits.trailing_zeros() as usize;
            }
        }
        blocks.len() * 16 + super::plain_run_by_words(rest)
    }
}

/// Looks at eight bytes at once.
fn plain_run_by_words(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (quote, slash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let is_quote = quote.wrapping_sub(ONES) & !quote;
        let is_slash = slash.wrapping_sub(ONES) & !slash;
        let is_control = word.wrapping_sub(ONES * 0x20) & !word;
        // A borrow can mark bytes behind a true hit, never before it: the first is right.
        let hits = (is_quote | is_slash | is_control) & HIGHS;
        if hits != 0 {
            return index * 8 + hits.trailing_zeros() as usize / 8;
        }
    }
    let end = rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len());
    words.len() * 8 + end
}

/// Whether a byte can't stand in a string as it is.
pub(crate) fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}

/// The character of the escape that begins at `at` with its backslash, and the place behind it.
pub(crate) fn escape(text: &str, at: usize) -> Result<(char, usize), JsonError> {
    let reject = |message: &str| Err(JsonError::new("not_json", at + 1, message));
    let character = match text.as_bytes().get(at + 1) {
        None => return Err(JsonError::new("truncated", at + 1, "the text ends inside a string")),
        Some(letter @ (b'"' | b'\\' | b'/')) => char::from(*letter),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text, at + 1),
        Some(_) => return reject("this character can't be escaped"),
    };
    Ok((character, at + 2))
}

/// The character of an escape by number whose `u` is at `at`, two of them when it takes two.
fn unicode_escape(text: &str, at: usize) -> Result<(char, usize), JsonError> {
    let not_a_character = |at| JsonError::new("not_json", at, "this is not a character");
    let (high, after) = (hex4(text, at)?, at + 5);
    if !(0xd800..0xe000).contains(&high) {
        return char::from_u32(high).map(|character| (character, after)).ok_or_else(|| not_a_character(after));
    }
    if high < 0xdc00 && text.as_bytes()[after..].starts_with(b"\\u") {
        let (low, after) = (hex4(text, after + 1)?, after + 6);
        if (0xdc00..0xe000).contains(&low) {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return char::from_u32(code).map(|character| (character, after)).ok_or_else(|| not_a_character(after));
        }
        return Err(lone_surrogate(high, after));
    }
    Err(lone_surrogate(high, after))
}

fn lone_surrogate(high: u32, offset: usize) -> JsonError {
    JsonError::new("lone_surrogate", offset, format!("`\\u{high:04x}` is half a character: its other half is missing"))
}

/// The four digits behind the `u` at `at`.
fn hex4(text: &str, at: usize) -> Result<u32, JsonError> {
    let digits = text.as_bytes().get(at + 1..at + 5);
    let code = digits
        .and_then(|digits| digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?)));
    code.ok_or_else(|| JsonError::new("not_json", at, "`\\u` needs four hexadecimal digits"))
}

/// The characters of a checked string with escapes.
pub(crate) fn unescape(string: &str) -> String {
    let mut plain = String::with_capacity(string.len());
    let mut at = 0;
    while let Some(rest) = string.get(at..).filter(|rest| !rest.is_empty()) {
        let run = plain_run(rest.as_bytes());
        plain.push_str(&rest[..run]);
        at += run;
        match escape(string, at) {
            Ok((character, after)) => {
                plain.push(character);
                at = after;
            }
            Err(_) => break,
        }
    }
    plain
}
