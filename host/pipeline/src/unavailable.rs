//! A store that does not respond, as callers of the API see it.

use hookmill_domain::error::{ApiError, Kind};

/// An error for a store that does not respond; the log has the reason, once.
pub fn unavailable(error: impl std::fmt::Display) -> ApiError {
    tracing::error!(error = %error, "database unavailable");
    ApiError::new(Kind::Unavailable, "unavailable", "database unavailable; nothing was changed, try again shortly")
}
