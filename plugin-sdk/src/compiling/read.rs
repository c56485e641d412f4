//! Reading a document as the author's type, with everything that is wrong in it.

use serde_json::error::Category;

use super::nearest::nearest;
use super::path::Path;
use super::place::{self, Place};
use super::schema;
use crate::Configure;
use crate::types::Diagnostic;

/// The plugin, if the document has the right type. Keys that nothing reads are told in any case, but for a document that is
/// no JSON.
pub(super) fn read<T: Configure>(document: &str, said: &mut Vec<Diagnostic>) -> Option<T> {
    let mut reader = serde_json::Deserializer::from_str(document);
    let mut track = serde_path_to_error::Track::new();
    let mut unknown = Vec::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let plugin = serde_ignored::deserialize(tracked, |path| unknown.push(Path::from(&path)));
    match plugin.and_then(|plugin: T| reader.end().map(|()| plugin)) {
        Ok(plugin) => {
            said.extend(unread(document, &unknown, &schema::<T>()));
            Some(plugin)
        }
        Err(error) if error.classify() == Category::Data => {
            said.extend(unread(document, &unknown, &schema::<T>()));
            said.push(wrong(document, &error, &track.path().into()));
            None
        }
        Err(error) => {
            said.push(unreadable(document, &error));
            None
        }
    }
}

fn unread(document: &str, unknown: &[Path], schema: &serde_json::Value) -> Vec<Diagnostic> {
    let names = if unknown.is_empty() { Vec::new() } else { names_in(schema) };
    let tell = |path: &Path| {
        let diagnostic = Diagnostic::error(path.to_string(), "nothing reads this key").with_code("unknown_key");
        let known = path.last_key().and_then(|key| nearest(key, &names));
        let suggestion = known.map(|name| format!("did you mean `{name}`?"));
        let Place { line, column } = place::of(document, path);
        Diagnostic { suggestion, line, column, ..diagnostic }
    };
    unknown.iter().take(super::DIAGNOSTICS_MAX).map(tell).collect()
}

/// A value of the wrong type. serde stops at the first one.
fn wrong(document: &str, error: &serde_json::Error, path: &Path) -> Diagnostic {
    let Place { line, column } = place::of(document, path);
    Diagnostic { line, column, ..Diagnostic::error(path.to_string(), message(error)).with_code("invalid_value") }
}

fn unreadable(document: &str, error: &serde_json::Error) -> Diagnostic {
    let Place { line, column } = place::of_syntax_error(document, error);
    Diagnostic { line, column, ..Diagnostic::error("", message(error)).with_code("syntax") }
}

/// What serde says, without the place at its end.
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

/// Every property name of a JSON Schema, wherever it stands.
fn names_in(schema: &serde_json::Value) -> Vec<String> {
    let mut names = Vec::new();
    let mut todo = vec![schema];
    while let Some(value) = todo.pop() {
        if let Some(properties) = value.get("properties").and_then(serde_json::Value::as_object) {
            names.extend(properties.keys().cloned());
        }
        match value {
            serde_json::Value::Object(members) => todo.extend(members.values()),
            serde_json::Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    names
}
