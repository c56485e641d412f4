//! Line and column of a value in a document.

use serde_json::value::RawValue;

use super::path::{Path, Step};
use crate::Object;
use crate::types::Diagnostic;

/// Line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The diagnostic with the place that its path names, unless it has one.
pub(super) fn placed(document: &str, diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.line != 0 {
        return diagnostic;
    }
    let Place { line, column } = of(document, &Path::parse(&diagnostic.path));
    Diagnostic { line, column, ..diagnostic }
}

/// The place of the value at the path, or of the deepest value on the way that is there.
pub(super) fn of(document: &str, path: &Path) -> Place {
    let mut value = document.trim_start();
    for step in &path.0 {
        match inside(value, step) {
            Some(inner) => value = inner,
            None => break,
        }
    }
    at(document, value.as_ptr().addr() - document.as_ptr().addr())
}

/// A slice of `json`.
fn inside<'a>(json: &'a str, step: &Step) -> Option<&'a str> {
    match step {
        Step::Key(key) => {
            let object = Object::parse(json.trim_end()).ok()?;
            object.iter().find(|(name, _)| name == key).map(|(_, value)| value)
        }
        Step::Index(index) => {
            let list: Vec<&'a RawValue> = serde_json::from_str(json).ok()?;
            list.get(*index).map(|value| value.get())
        }
    }
}

/// The place of a byte.
fn at(document: &str, offset: usize) -> Place {
    let before = &document[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place { line: number(before.matches('\n').count() + 1), column: number(before[line_start..].chars().count() + 1) }
}

/// serde_json's place of a syntax error, whose column counts bytes.
pub(super) fn of_syntax_error(document: &str, error: &serde_json::Error) -> Place {
    let line = document.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = line.as_bytes().get(..error.column()).unwrap_or(line.as_bytes());
    Place { line: number(error.line()), column: number(String::from_utf8_lossy(before).chars().count()) }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_in_characters() {
        let document = "\n {\"é\": {\"a\": [1,\n  [2, 3]]}} ";
        let place = |path: &str| {
            let Place { line, column } = of(document, &Path::parse(path));
            (line, column)
        };
        assert_eq!(place(""), (2, 2));
        assert_eq!(place("é"), (2, 8));
        assert_eq!(place("é.a[1][1]"), (3, 7));
        assert_eq!(place("é.missing"), (2, 8));
    }
}
