//! Values that are taken as they stand. What in one looks like the language (a recipe, a template, a path) is never computed, so its
//! author is told.

use super::check::{At, Diagnostics, join, shortened};
use super::keys;
use super::node::{Key, Kind, Node};
use super::path::{self, Stage};
use super::recipe;
use super::template::is_template;
use crate::plan::owned::Value;

const CODE: &str = "sent_verbatim";

const COMPARISON_KEYS: [&str; 9] = keys::names(&keys::COMPARISON);

/// A value as it stands.
pub fn value(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Value {
    warn(diagnostics, at, stage);
    at.node.value()
}

/// Warns of what looks like the language. The depth is the document's, which is bounded.
pub fn warn(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) {
    match &at.node.kind {
        Kind::Text(text) => warn_of_text(diagnostics, at, text, stage),
        Kind::Map(entries) if is_part_of_a_message(entries) => {
            let message = "this map looks like one whose value is computed, and is taken as it stands";
            let hint =
                "nothing in a fixed value is computed: in a message write the object itself, without `value` around it";
            diagnostics.warning(at, CODE, message, Some(hint.to_owned()));
        }
        Kind::Map(entries) => {
            for (key, node) in entries {
                let path = join(at.path, &key.text);
                warn(diagnostics, At { node, path: &path }, stage);
            }
        }
        Kind::List(items) => {
            for (index, node) in items.iter().enumerate() {
                let path = format!("{}[{index}]", at.path);
                warn(diagnostics, At { node, path: &path }, stage);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

/// Warns of a text that is taken as it stands and looks like a template or a path.
pub fn warn_of_text(diagnostics: &mut Diagnostics, at: At<'_>, text: &str, stage: Stage) {
    let shown = shortened(text);
    if is_template(text) {
        let message = format!("`{shown}` is taken as it stands, with its `{{{{`");
        let hint = "a text with places for values stands under `template`, not `value`";
        diagnostics.warning(at, CODE, message, Some(hint.to_owned()));
    } else if path::names_a_root(text, stage) {
        let hint = format!("write `{{from: {shown}}}` for the value, or leave it if the text is meant");
        diagnostics.warning(at, CODE, format!("`{shown}` is taken as it stands, as a text"), Some(hint));
    }
}

/// Whether a map is more likely a part of a message than a value. One whose only key is `value` is as likely either.
fn is_part_of_a_message(entries: &[(Key, Node)]) -> bool {
    let has = |names: &[&str]| entries.iter().any(|(key, _)| names.contains(&key.text.as_str()));
    let is_recipe = entries.iter().all(|(key, _)| recipe::KEYS.contains(&key.text.as_str()))
        && (has(&["from", "template"]) || 1 < entries.len() && has(&["value"]));
    let is_choice = matches!(entries, [(key, node)] if matches!(key.text.as_str(), "first_of" | "merge") && matches!(node.kind, Kind::List(_)));
    is_recipe || is_choice || has(&["for_each"]) && has(&["make"])
}

/// Whether a value is a condition, as it stands under `when`.
pub fn is_condition(node: &Node) -> bool {
    match &node.kind {
        Kind::List(parts) => !parts.is_empty() && parts.iter().all(is_condition),
        Kind::Map(entries) => {
            let is_group =
                matches!(entries.as_slice(), [(key, _)] if matches!(key.text.as_str(), "all" | "any" | "not"));
            is_group
                || node.get("op").is_some()
                    && entries.iter().all(|(key, _)| COMPARISON_KEYS.contains(&key.text.as_str()))
        }
        _ => false,
    }
}
