//! How deep a JSON body may nest. Its syntax is for a parser to check.

use crate::error::{BodyError, Fault};

/// Checks that brackets outside of strings nest no deeper than `depth_max`. Parsers that skip values do not bound this.
///
/// # Errors
/// `too_deep` with the place of the first bracket that is too deep.
pub fn check_depth(text: &str, depth_max: usize) -> Result<(), BodyError> {
    match hookmill_json::find_too_deep(text, depth_max) {
        None => Ok(()),
        Some(offset) => {
            let message = format!("the body nests deeper than {depth_max} (body_depth_max); flatten it");
            Err(BodyError::new(Fault::Syntax, "too_deep", message).at(text, offset))
        }
    }
}
