//! What came back, read within bounds.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use reqwest::Response;

use super::OutboundLimits;

/// A receiver's response, as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case, in their order. What is not UTF-8 in a value is replaced.
    pub headers: Vec<(String, String)>,
    /// Whether there were more headers than are kept.
    pub headers_truncated: bool,
    /// The body up to the bound, as it came: nothing is decompressed.
    pub body: Bytes,
    /// Whether the body was longer than the bound.
    pub truncated: bool,
    /// How long it took, from the turn to the last byte read.
    pub elapsed_ms: u64,
}

impl OutboundResponse {
    /// The first value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// Headers within the bounds, and whether some were left out. One that is too long for what is left is passed over, so that
/// it can't hide a short one behind it.
pub(super) fn bounded_headers(headers: &HeaderMap, limits: &OutboundLimits) -> (Vec<(String, String)>, bool) {
    let (mut kept, mut bytes_left, mut truncated) = (Vec::new(), limits.response_header_bytes_max, false);
    for (name, value) in headers {
        let bytes = name.as_str().len() + value.len();
        if limits.response_headers_max <= kept.len() || bytes_left < bytes {
            truncated = true;
            continue;
        }
        bytes_left -= bytes;
        kept.push((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    (kept, truncated)
}

/// Reads the body until it ends or the bound is passed, and says whether it was passed.
pub(super) async fn bounded_body(response: &mut Response, bytes_max: usize) -> Result<(Bytes, bool), reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = bytes_max - body.len();
        if room < chunk.len() {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body.freeze(), true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), false))
}
