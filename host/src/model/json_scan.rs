//! One look along JSON bytes: how deep they nest, and where a byte stands. Syntax is a parser's to judge.

/// The byte at which a scan stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct ScanError {
    /// The byte's offset.
    pub offset: usize,
}

/// Whether brackets outside of strings nest no deeper than `depth_max`. Parsers that skip values do not bound this.
pub fn check_depth(body: &[u8], depth_max: usize) -> Result<(), ScanError> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => at = end_of_string(body, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth_max < depth {
                    return Err(ScanError { offset: at });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The offset of the quote that ends the string whose first byte is at `at`, or the end of the body.
fn end_of_string(body: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Line and column of a byte, both from 1; columns count bytes.
pub fn place(body: &[u8], offset: usize) -> (usize, usize) {
    let before = &body[..offset.min(body.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let table: [(&[u8], usize, Result<(), ScanError>); 6] = [
            (b"[[1]]", 2, Ok(())),
            (b"[[1]]", 1, Err(ScanError { offset: 1 })),
            (br#"["[[[["]"#, 1, Ok(())),
            (br#"["\"[[[["]"#, 1, Ok(())),
            (br#"["\\",[]]"#, 1, Err(ScanError { offset: 6 })),
            (br#""unended [["#, 0, Ok(())),
        ];
        for (body, depth_max, expected) in table {
            assert_eq!(check_depth(body, depth_max), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn places_count_from_one() {
        assert_eq!(place(b"ab\ncd", 0), (1, 1));
        assert_eq!(place(b"ab\ncd", 4), (2, 2));
        assert_eq!(place(b"ab\ncd", 99), (2, 3));
    }
}
