//! Templates: `Hello {{ contact.first_name }}`.

use super::path::{self, BadPath, Stage};
use crate::plan::owned::{Path, Template, TemplatePart};

/// Whether a text has places for values.
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Reads a template.
pub fn read(text: &str, stage: Stage) -> Result<Template, BadPath> {
    read_with(text, |place| path::read(place, stage))
}

/// Reads a template whose places are read so.
pub fn read_with(text: &str, read_place: impl Fn(&str) -> Result<Path, BadPath>) -> Result<Template, BadPath> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, behind)) = after.split_once("}}") else {
            return Err(BadPath {
                message: "a `{{` has no `}}` after it".to_owned(),
                suggestion: Some("write a place for a value like `{{ email }}`".to_owned()),
                elsewhere: None,
            });
        };
        if !before.is_empty() {
            parts.push(TemplatePart::Text(before.to_owned().into()));
        }
        parts.push(TemplatePart::Value(read_place(path.trim()).map_err(BadPath::without_functions)?));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(TemplatePart::Text(rest.to_owned().into()));
    }
    Ok(Template { parts })
}
