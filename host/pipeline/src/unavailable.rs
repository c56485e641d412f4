//! A store that does not do what was asked, as callers of the API see it.

use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::{StoreError, Trouble};
use std::borrow::Borrow;

/// An error for a store that did not do it; the log has the reason, once. Nothing was changed, and later it may do.
pub fn unavailable(error: impl Borrow<StoreError>) -> ApiError {
    let error = error.borrow();
    let (code, message) = match error.trouble() {
        Trouble::TooSlow => (
            "too_slow",
            "the database took too long and was stopped; ask for less (`limit`, a filter, a single campaign), or try again when it is less busy",
        ),
        Trouble::Busy => ("busy", "the database is busy with others; nothing was changed, try again shortly"),
        Trouble::Full => {
            ("disk_full", "the database has no room to write; nothing was changed, try again when its disk has room")
        }
        _ => ("unavailable", "database unavailable; nothing was changed, try again shortly"),
    };
    match error.trouble() {
        Trouble::TooSlow | Trouble::Busy => tracing::warn!(error = %error, code, "the database did not do it in time"),
        _ => tracing::error!(error = %error, code, "database unavailable"),
    }
    ApiError::new(Kind::Unavailable, code, message)
}
