//! The ways to read a body in which leads may stand: as it came, the rows of a form as lists, JSON in a text.

use super::path::{Path, Step};
use super::{Element, pairs, rows};
use serde_json::Value;
use std::borrow::Cow;

/// How many texts of a body are read as JSON.
const TEXTS_MAX: usize = 8;
/// How many bytes the texts at one path have in all bodies (4 MiB); beyond, they stay texts.
const TEXTS_BYTES_MAX: usize = 4 << 20;
/// How deep in a body a text may be that is read as JSON.
const TEXT_DEPTH_MAX: usize = 4;

/// How bodies are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// As they came.
    Body,
    /// The rows of a form are lists.
    Rows,
    /// The text at this path is JSON.
    Text(Path),
}

/// All bodies, read in one way.
#[derive(Debug)]
pub(super) struct Reading<'e> {
    pub(super) source: Source,
    /// Each with the time at which it was received.
    pub(super) bodies: Vec<(i64, Cow<'e, Value>)>,
}

/// Every way to read these bodies. A way that one of them can't be read in is none.
pub(super) fn all<'e>(elements: &[&'e Element]) -> Vec<Reading<'e>> {
    let read_all = |source: Source, read: &dyn Fn(&Value) -> Option<Value>| {
        let bodies = elements.iter().map(|one| Some((one.received_at_ms, Cow::Owned(read(&one.value)?))));
        bodies.collect::<Option<Vec<_>>>().map(|bodies| Reading { source, bodies })
    };
    let as_came = || Reading {
        source: Source::Body,
        bodies: elements.iter().map(|one| (one.received_at_ms, Cow::Borrowed(&one.value))).collect(),
    };
    let mut readings = vec![read_all(Source::Rows, &rows::read).unwrap_or_else(as_came)];
    let mut texts = Vec::new();
    elements.iter().take(1).for_each(|one| find_texts(&one.value, &mut Vec::new(), &mut texts));
    let read = |path: Path| read_all(Source::Text(path.clone()), &|body| parse(at(body, &path)?.as_str()?));
    let bytes =
        |path: &Path| -> usize { elements.iter().filter_map(|one| at(&one.value, path)?.as_str()).map(str::len).sum() };
    readings.extend(texts.into_iter().filter(|path| bytes(path) <= TEXTS_BYTES_MAX).filter_map(read));
    readings
}

fn find_texts(value: &Value, way: &mut Vec<Step>, texts: &mut Vec<Path>) {
    match value {
        Value::String(text) if texts.len() < TEXTS_MAX && parse(text).is_some() => texts.push(Path(way.clone())),
        Value::Object(members) if way.len() < TEXT_DEPTH_MAX => {
            for (name, member) in members.iter().filter(|(name, _)| pairs::is_a_name(name)) {
                way.push(Step::Name(name.clone()));
                find_texts(member, way, texts);
                way.pop();
            }
        }
        _ => {}
    }
}

/// A text that is an object or a list in JSON.
fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// What stands at a path of names.
fn at<'v>(body: &'v Value, path: &Path) -> Option<&'v Value> {
    path.0.iter().try_fold(body, |value, step| match step {
        Step::Name(name) => value.get(name),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m11_bodies_are_read_in_each_way_that_fits_all() {
        let payload = Source::Text(Path(vec![Step::Name("p".into())]));
        let table = [
            (vec![json!({"p": "[{\"a\": 1}]"}), json!({"p": " {}"})], vec![Source::Body, payload]),
            (vec![json!({"p": "[{\"a\": 1}]"}), json!({"p": "no"})], vec![Source::Body]),
            (vec![json!({"ann@x.example": "[{}]"})], vec![Source::Body]),
            (vec![json!({"a[0][b]": "{x}"})], vec![Source::Rows]),
            (vec![json!("{\"a\": 1}")], vec![Source::Body, Source::Text(Path::default())]),
        ];
        for (bodies, expected) in table {
            let elements: Vec<Element> =
                bodies.iter().map(|value| Element { received_at_ms: 0, value: value.clone() }).collect();
            let found = all(&elements.iter().collect::<Vec<_>>());
            assert_eq!(found.into_iter().map(|one| one.source).collect::<Vec<_>>(), expected, "{bodies:?}");
        }
    }
}
