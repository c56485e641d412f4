//! Paths such as `list[0].name` that stand without quotes inside `{ }` or `[ ]`, where YAML ends a text at a bracket. They are quoted for
//! the reader, so that all other problems of the document are found as well.

use super::node::{Node, Place, Unreadable};
use super::yaml;

/// How many lines are repaired.
const LINES_MAX: usize = 20;

/// A document in which texts were quoted.
pub struct Repaired {
    /// What was read.
    pub root: Node,
    /// The texts, in the order of finding.
    pub texts: Vec<Unquoted>,
}

/// A text with brackets that needs quotes.
pub struct Unquoted {
    /// Where it begins.
    pub place: Place,
    /// As it stands there.
    pub text: String,
    /// As YAML wants it.
    pub quoted: String,
}

/// Reads a document that is not YAML for such texts alone; none when that is not so.
pub fn read(text: &str, why: &Unreadable) -> Option<Repaired> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut texts: Vec<Unquoted> = Vec::new();
    let mut line = why.place.line;
    for _ in 0..LINES_MAX {
        // The parser may see it at the beginning of the next line only.
        let found = [line, line.saturating_sub(1)].into_iter().find_map(|line| quote_line(&mut lines, line));
        texts.extend(found?);
        match yaml::read(&lines.join("\n")) {
            Ok(root) => return Some(Repaired { root, texts }),
            Err(next) if next.code == "not_yaml" => line = next.place.line,
            Err(_) => return None,
        }
    }
    None
}

/// The column in the document as it was written.
pub fn original_column(texts: &[Unquoted], line: u32, column: u32) -> u32 {
    let mut written = column;
    for text in texts.iter().filter(|text| text.place.line == line) {
        if written <= text.place.column {
            continue;
        }
        // It is longer now, by its quotes and by those inside of it that are doubled.
        let added = text.quoted.chars().count().saturating_sub(text.text.chars().count());
        written = written.saturating_sub(u32::try_from(added).unwrap_or(u32::MAX)).max(text.place.column);
    }
    written
}

/// Quotes the texts of a line; none when there is nothing to quote.
fn quote_line(lines: &mut [String], line: u32) -> Option<Vec<Unquoted>> {
    let at = lines.get_mut((line as usize).checked_sub(1)?)?;
    let characters: Vec<char> = at.chars().collect();
    let found = bracketed_texts(&characters);
    if found.is_empty() {
        return None;
    }
    let mut texts = Vec::with_capacity(found.len());
    let (mut repaired, mut done) = (String::new(), 0);
    for (start, end) in found {
        let text: String = characters[start..end].iter().collect();
        let quoted = quote(&text);
        repaired.extend(&characters[done..start]);
        repaired.push_str(&quoted);
        done = end;
        let place = Place { line, column: u32::try_from(start + 1).unwrap_or(u32::MAX) };
        texts.push(Unquoted { place, text, quoted });
    }
    repaired.extend(&characters[done..]);
    *at = repaired;
    Some(texts)
}

fn quote(text: &str) -> String {
    if text.contains('\'') && !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Where plain texts of a line stand that have brackets in them.
fn bracketed_texts(line: &[char]) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(character) = line.get(at) {
        match character {
            '\'' | '"' => at = after_quote(line, at),
            '#' if at == 0 || line[at - 1].is_whitespace() => break,
            '{' | '}' | '[' | ']' | ',' | ':' | ' ' | '\t' | '\r' => at += 1,
            _ => {
                let (end, has_brackets) = plain_text(line, at);
                found.extend(has_brackets.then_some((at, end)));
                at = end.max(at + 1);
            }
        }
    }
    found
}

/// Where the plain text that begins here ends, and whether it has brackets.
fn plain_text(line: &[char], start: usize) -> (usize, bool) {
    let (mut at, mut has_brackets) = (start, false);
    while let Some(character) = line.get(at) {
        match character {
            ',' | '{' | '}' | ']' => break,
            ':' if line.get(at + 1).is_none_or(|next| next.is_whitespace()) => return (at, false),
            '#' if line[at - 1].is_whitespace() => break,
            '[' => match after_bracket(line, at) {
                Some(end) => (at, has_brackets) = (end, true),
                None => break,
            },
            _ => at += 1,
        }
    }
    let trailing = line[start..at].iter().rev().take_while(|character| character.is_whitespace()).count();
    (at - trailing, has_brackets)
}

/// What stands behind the bracket that closes this one; none when none does.
fn after_bracket(line: &[char], open: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, open);
    while let Some(character) = line.get(at) {
        match character {
            '\'' | '"' => {
                at = after_quote(line, at);
                continue;
            }
            '[' => depth += 1,
            ']' if depth == 1 => return Some(at + 1),
            ']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// What stands behind a quoted text.
fn after_quote(line: &[char], open: usize) -> usize {
    let (quote, mut at) = (line[open], open + 1);
    while let Some(character) = line.get(at) {
        match character {
            '\\' if quote == '"' => at += 1,
            closing if *closing == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_texts_with_brackets_are_found() {
        for (line, expected) in [
            ("{from: list[0].name, then: [trim]}", vec!["list[0].name"]),
            ("x: [a, b[0], $.c[?@.d == 'e'].f, 'g[0]']", vec!["b[0]", "$.c[?@.d == 'e'].f"]),
            ("{from: First Name[0] , then: [trim, {item: 0}]} # a[0]", vec!["First Name[0]"]),
            ("{a[0]: x, b: [1, 2]}", vec![]),
            ("{from: a[0, b}", vec![]),
            ("{pick: \"a[0]\", with: $['b,}'][0]}", vec!["$['b,}'][0]"]),
        ] {
            let characters: Vec<char> = line.chars().collect();
            let found: Vec<String> = bracketed_texts(&characters)
                .iter()
                .map(|(start, end)| characters[*start..*end].iter().collect())
                .collect();
            assert_eq!(found, expected, "{line}");
        }
        assert_eq!(quote("a[0]"), "'a[0]'");
        assert_eq!(quote("a['b']"), "\"a['b']\"");
        assert_eq!(quote("a['b'][?@ == \"c\"]"), "'a[''b''][?@ == \"c\"]'");
    }
}
