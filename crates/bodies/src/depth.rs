//! How deep a JSON body may nest. Its syntax is for a parser to check.

use crate::error::{BodyError, Fault};

/// Checks that brackets outside of strings nest no deeper than `depth_max`. Parsers that skip values do not bound this.
///
/// # Errors
/// `too_deep` with the place of the first bracket that is too deep.
pub fn check_depth(text: &str, depth_max: usize) -> Result<(), BodyError> {
    match hookmill_json::scan(text, depth_max).too_deep {
        None => Ok(()),
        Some(offset) => Err(too_deep(text, offset, depth_max)),
    }
}

/// A text that nests too deep at this byte.
pub(crate) fn too_deep(text: &str, offset: usize, depth_max: usize) -> BodyError {
    let message = format!("the body nests deeper than {depth_max} (body_depth_max)");
    BodyError::new(Fault::Syntax, "too_deep", message).hint("flatten it").at(text, offset)
}
