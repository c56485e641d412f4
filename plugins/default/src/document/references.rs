//! Paths of `map` that refer to fields defined above.

use super::check::{At, Diagnostics};
use super::defined_fields::find;
use crate::plan::owned::{Path, Root};

/// Resolves a path of `map` that begins at `fields` to the field that it names, if that is defined above.
pub fn resolve(diagnostics: &mut Diagnostics, at: At<'_>, path: Path) -> Path {
    if path.root != Root::Field(Root::NO_FIELD) {
        return path;
    }
    match find(&diagnostics.defined_fields, &path) {
        Ok((place, steps)) => {
            diagnostics.defined_fields.refer_to(place);
            Path { root: Root::Field(place), steps, ..path }
        }
        Err(None) => path,
        Err(Some(error)) => {
            let of_element = format!("a key of the element is written `$.{}`", path.text.trim_start_matches("$."));
            let hint = error.hint.map_or(of_element.clone(), |hint| format!("{hint}; {of_element}"));
            diagnostics.error(at, "used_before_defined", format!("`{}`: {}", path.text, error.message), Some(hint));
            path
        }
    }
}
