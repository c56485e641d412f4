//! The id of a request, in its responses, its log line and the store; and what is held for the request.

use hookmill_domain::budget::Holding;
use std::sync::{Arc, OnceLock};

/// The id.
#[derive(Debug, Clone)]
pub struct RequestId(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    holding: OnceLock<Holding>,
}

impl RequestId {
    /// An id that was generated.
    pub(crate) fn new(id: String) -> Self {
        Self(Arc::new(Inner { id, holding: OnceLock::new() }))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0.id
    }

    /// From now on this is held for the request, until its response is sent.
    pub(crate) fn hold(&self, holding: &Holding) {
        self.0.holding.get_or_init(|| holding.clone());
    }

    /// What is held for the request, once it is known whose it is: a person's.
    pub(crate) fn holding(&self) -> Option<&Holding> {
        self.0.holding.get()
    }
}
