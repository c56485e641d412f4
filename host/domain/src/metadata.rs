//! The metadata of an inbound request: the headers that matter, and its query (I10). It is stored with the request, so that a
//! replay sees it, too.

use serde::{Deserialize, Serialize};

/// Headers and query, as pairs of name and value in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMetadata {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// A repeated parameter has a pair for each time.
    pub query: Vec<(String, String)>,
    /// The charset of its source when it came, which counts where the request names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
}

impl RequestMetadata {
    /// Headers alone.
    pub fn from_headers(headers: Vec<(String, String)>) -> Self {
        Self { headers, ..Self::default() }
    }
}
