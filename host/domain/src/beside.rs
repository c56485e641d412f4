//! What an inbound request says beside its body: the headers that matter, and its query (I10). It is kept with the request, so that a
//! replay sees it, too.

use serde::{Deserialize, Serialize};

/// Headers and query, as pairs of name and value in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// A repeated parameter has a pair for each time.
    pub query: Vec<(String, String)>,
}

impl Beside {
    /// Headers alone.
    pub fn of_headers(headers: Vec<(String, String)>) -> Self {
        Self { headers, query: Vec::new() }
    }
}
