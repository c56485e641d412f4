//! A content type with another charset, for a body whose sender named the wrong one or none.

use crate::head::split_unquoted;

/// The content type with this charset in place of its own. A body without a content type is read by what it looks like, and so is `text/plain`.
pub fn with_charset(content_type: &str, charset: &str) -> String {
    let parts = split_unquoted(content_type);
    let is_charset =
        |part: &str| part.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("charset"));
    let mut parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !is_charset(part)).collect();
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        parts.push("text/plain");
    }
    format!("{}; charset={charset}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_a_charset_takes_the_place_of_another() {
        for (given, expected) in [
            ("application/json", "application/json; charset=latin1"),
            ("text/xml;Charset=\"utf-8\" ; a=b", "text/xml; a=b; charset=latin1"),
            (
                "multipart/form-data; boundary=\";charset=x\"",
                "multipart/form-data; boundary=\";charset=x\"; charset=latin1",
            ),
            ("", "text/plain; charset=latin1"),
        ] {
            assert_eq!(with_charset(given, "latin1"), expected);
        }
    }
}
