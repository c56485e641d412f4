//! Texts without the HTML tags in them.

use std::borrow::Cow;

/// Elements that stand on lines of their own.
const LINES: [&str; 15] =
    ["br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"];

/// Elements whose content is not for people.
const HIDDEN: [&str; 2] = ["script", "style"];

/// The text without tags. A `<` that begins no tag, or a tag that does not end, is text.
pub fn strip_tags(text: &str) -> Cow<'_, str> {
    let Some(first) = next_tag(text) else { return text.into() };
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, Some(first));
    while let Some((start, tag, end)) = found {
        out.push_str(&rest[..start]);
        rest = &rest[end..];
        let name = tag.trim_start_matches('/').to_ascii_lowercase();
        if LINES.contains(&name.as_str()) && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        if HIDDEN.contains(&tag.to_ascii_lowercase().as_str()) {
            rest = after_element(rest, &name);
        }
        found = next_tag(rest);
    }
    out.push_str(rest);
    out.truncate(out.trim_end_matches('\n').len());
    out.into()
}

/// Where the next tag or comment starts, its name, and where it ends.
fn next_tag(text: &str) -> Option<(usize, &str, usize)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('<') {
        let start = from + open;
        let inside = &text[start + 1..];
        if let Some(comment) = inside.strip_prefix("!--") {
            let end = comment.find("-->")?;
            return Some((start, "!--", start + 4 + end + 3));
        }
        if inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            let end = tag_length(inside)?;
            let name = inside[..end].trim_end_matches('/');
            let stop = name.find(|c: char| c.is_ascii_whitespace()).unwrap_or(name.len());
            return Some((start, &name[..stop], start + 1 + end + 1));
        }
        from = start + 1;
    }
    None
}

/// Where a tag ends: a `>` in quotes does not end it.
fn tag_length(inside: &str) -> Option<usize> {
    let (mut quote, mut has_value) = (None, false);
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if has_value => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        has_value |= byte == b'=';
    }
    // A quote that does not end is a mark like any other.
    inside.find('>')
}

fn after_element<'a>(text: &'a str, name: &str) -> &'a str {
    let is_its_end = |at: &usize| {
        let inside = text.as_bytes().get(at + 2..at + 2 + name.len());
        inside.is_some_and(|inside| inside.eq_ignore_ascii_case(name.as_bytes()))
    };
    let Some(close) = text.match_indices("</").map(|(at, _)| at).find(is_its_end) else { return "" };
    text[close..].find('>').map_or("", |end| &text[close + end + 1..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m4_tags_are_told_from_text() {
        for (text, expected) in [
            ("a < b > c", "a < b > c"),
            ("<3 you", "<3 you"),
            ("a <b", "a <b"),
            ("<a href=\"x>y\">z</a>", "z"),
            ("<p>it's <i>so</i></p><p>x</p>", "it's so\nx"),
            ("<SCRIPT>a</script >b", "b"),
            ("<!-- a > b -->c", "c"),
            ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ] {
            assert_eq!(strip_tags(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_stripped(text in "[<>a/!'\"= p-]{0,40}") {
            prop_assert!(strip_tags(&text).len() <= text.len());
        }
    }
}
