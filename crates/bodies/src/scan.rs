//! One look along a JSON text: how deep it nests. Syntax is a parser's to judge.

use crate::error::{BodyError, Fault};

/// Whether brackets outside of strings nest no deeper than `depth_max`. Parsers that skip values do not bound this.
pub fn check_depth(text: &str, depth_max: usize) -> Result<(), BodyError> {
    match too_deep(text.as_bytes(), depth_max) {
        None => Ok(()),
        Some(offset) => {
            let message = format!("the body nests deeper than {depth_max} (body_depth_max); flatten it");
            Err(BodyError::new(Fault::Syntax, "too_deep", message).at(text, offset))
        }
    }
}

/// The byte of the first bracket that is too deep.
fn too_deep(body: &[u8], depth_max: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => at = end_of_string(body, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth_max < depth {
                    return Some(at);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
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

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let table: [(&str, usize, Option<usize>); 6] = [
            ("[[1]]", 2, None),
            ("[[1]]", 1, Some(1)),
            (r#"["[[[["]"#, 1, None),
            (r#"["\"[[[["]"#, 1, None),
            (r#"["\\",[]]"#, 1, Some(6)),
            (r#""unended [["#, 0, None),
        ];
        for (body, depth_max, expected) in table {
            assert_eq!(too_deep(body.as_bytes(), depth_max), expected, "{body}");
        }
    }
}
