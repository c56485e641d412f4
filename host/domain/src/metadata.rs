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
    /// The inbound webhook that it came through, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound: Option<InboundOrigin>,
}

/// An inbound webhook as it was when a request came through it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundOrigin {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The tag of its leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The label of their source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the sender's word for the address of a person was taken.
    #[serde(default)]
    pub trusts_ip: bool,
    /// Whether the lead is to be stored and sent to nobody.
    #[serde(default)]
    pub skip_actions: bool,
    /// Whether only a person who is known is to be updated.
    #[serde(default)]
    pub must_exist: bool,
}

impl RequestMetadata {
    /// Headers alone.
    pub fn from_headers(headers: Vec<(String, String)>) -> Self {
        Self { headers, ..Self::default() }
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body came as XML.
    pub fn is_xml(&self) -> bool {
        let media_type = media_type(self.header("content-type").unwrap_or_default());
        media_type.ends_with("/xml") || media_type.ends_with("+xml")
    }
}

/// The type of a `Content-Type` without its parameters, in lower case.
pub fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
