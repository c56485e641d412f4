//! Stepping over a value without looking at it. The text was checked by the host; what is skipped is used by nobody, so only
//! its end matters.

use crate::string::plain_run;

/// The place behind the value that begins at `at`; none when the text ends first.
pub(crate) fn value(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string(bytes, at),
        b'{' | b'[' => nested(bytes, at),
        _ => {
            let rest = &bytes[at..];
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            (0 < length).then_some(at + length)
        }
    }
}

/// The place behind the string whose first quote is here.
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += plain_run(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The place behind the list or object that begins here, however deep it is nested.
fn nested(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        at += run_between_marks(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => {
                at = string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// What a text has that a reader must know before it slices it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Where brackets outside of strings first nest too deep, in bytes from the start; the text was not looked at further.
    pub too_deep: Option<usize>,
    /// Whether [`crate::repair()`] may have something to rewrite.
    pub is_suspect: bool,
}

/// Looks at brackets and strings alone.
pub(crate) fn scan(bytes: &[u8], depth_max: usize) -> Scan {
    let mut scan = Scan::default();
    scan.too_deep = find_deeper(bytes, depth_max, &mut scan.is_suspect);
    scan
}

fn find_deeper(bytes: &[u8], depth_max: usize, is_suspect: &mut bool) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        at += run_between_marks(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => {
                at = scan_string(bytes, at, is_suspect)?;
                continue;
            }
            b'{' | b'[' if depth == depth_max => return Some(at),
            b'{' | b'[' => depth += 1,
            _ => depth = depth.saturating_sub(1),
        }
        at += 1;
    }
}

/// As [`string`], with a look at what is inside: a raw control character, or an escape that is half a surrogate pair or a whole one.
fn scan_string(bytes: &[u8], at: usize, is_suspect: &mut bool) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += plain_run(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                *is_suspect |= matches!(
                    bytes.get(at + 1..),
                    Some([b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..])
                );
                at += 2;
            }
            _ => {
                *is_suspect = true;
                at += 1;
            }
        }
    }
}

/// How many bytes from here are neither quotes nor brackets.
#[cfg(not(target_arch = "wasm32"))]
fn run_between_marks(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')).unwrap_or(bytes.len())
}

/// The same, sixteen bytes at once: brackets of both kinds differ in one bit alone.
#[cfg(target_arch = "wasm32")]
fn run_between_marks(bytes: &[u8]) -> usize {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128_and, v128_or};
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (index, block) in blocks.iter().enumerate() {
        let (halves, _) = block.as_chunks::<8>();
        let block = u64x2(u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]));
        // `[` is 0x5b and `{` 0x7b, `]` is 0x5d and `}` 0x7d.
        let folded = v128_and(block, u8x16_splat(0xdf));
        let brackets = v128_or(u8x16_eq(folded, u8x16_splat(0x5b)), u8x16_eq(folded, u8x16_splat(0x5d)));
        let hits = u8x16_bitmask(v128_or(brackets, u8x16_eq(block, u8x16_splat(b'"'))));
        if hits != 0 {
            return index * 16 + hits.trailing_zeros() as usize;
        }
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
    blocks.len() * 16 + rest.iter().position(is_mark).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_it_ends() {
        let long = format!("{{\"k\":[{}]}}", "\"}]\\\"\",".repeat(40) + "1");
        for text in ["1", "-1.5e3", "true", "null", "\"a\\\"b\"", "\"\\\\\"", "[]", "{\"a\":[{\"b\":\"]}\"}]}", &long] {
            for behind in ["", ",1", "}", " ]"] {
                let whole = format!("{text}{behind}");
                assert_eq!(value(whole.as_bytes(), 0), Some(text.len()), "{whole}");
            }
        }
    }

    #[test]
    fn an_unfinished_value_has_no_end() {
        for text in ["", ",", "\"a", "\"a\\", "[", "{\"a\":[1,2]", "[\"]"] {
            assert_eq!(value(text.as_bytes(), 0), None, "{text}");
        }
    }
}
