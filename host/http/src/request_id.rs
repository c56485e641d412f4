//! The id of a request, in its responses, its log line and the store.

use std::sync::Arc;

/// The id.
#[derive(Debug, Clone)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id that was generated.
    pub(crate) fn new(id: String) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
