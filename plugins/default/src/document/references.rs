//! Paths of `map` that refer to variables, and to fields defined above.

use super::check::{At, Diagnostics};
use super::defined_fields::{ReferenceError, find};
use crate::plan::owned::{Path, Root};

/// Resolves a path of `map` that begins at `fields` or `variables` to what it names there.
pub fn resolve(diagnostics: &mut Diagnostics, at: At<'_>, path: Path) -> Path {
    match path.root {
        Root::Field(Root::NO_FIELD) => resolve_field(diagnostics, at, path),
        Root::Field(Root::NO_VARIABLE) => match diagnostics.variables.find(&path) {
            Ok((place, steps)) => Path { root: Root::Field(place), steps, ..path },
            Err(error) => reject(diagnostics, at, path, "unknown_variable", error),
        },
        _ => path,
    }
}

fn resolve_field(diagnostics: &mut Diagnostics, at: At<'_>, path: Path) -> Path {
    if diagnostics.variables.are_being_read() {
        let hint = Some("take the value from the element here, and give the field this variable".to_owned());
        let error = ReferenceError { message: "variables are made before all fields".to_owned(), hint };
        return reject(diagnostics, at, path, "used_before_defined", error);
    }
    match find(&diagnostics.defined_fields, &path) {
        Ok((place, steps)) => {
            diagnostics.defined_fields.refer_to(place);
            Path { root: Root::Field(place), steps, ..path }
        }
        Err(None) => path,
        Err(Some(error)) => reject(diagnostics, at, path, "used_before_defined", error),
    }
}

fn reject(diagnostics: &mut Diagnostics, at: At<'_>, path: Path, code: &'static str, error: ReferenceError) -> Path {
    let of_element = format!("a key of the element is written `$.{}`", path.text.trim_start_matches("$."));
    let hint = error.hint.map_or(of_element.clone(), |hint| format!("{hint}; {of_element}"));
    diagnostics.error(at, code, format!("`{}`: {}", path.text, error.message), Some(hint));
    path
}

/// Rejects a path of `qualify`, where any name is one of a custom field, to what only `map` has.
pub fn reject_after_map(diagnostics: &mut Diagnostics, at: At<'_>, text: &str) {
    let leads_to = |name: &&String| {
        text.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let Some(name) = diagnostics.names_of_map.iter().find(leads_to) else { return };
    let message = format!("`{name}` is in `map` alone; rules see the lead");
    let hint = match name.split_once('.') {
        Some(("fields", field)) => format!("write `{field}`"),
        _ => "make a custom field of it, and name that".to_owned(),
    };
    diagnostics.error(at, "bad_path", message, Some(hint));
}
