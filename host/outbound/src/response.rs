//! What came back, read within bounds.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::error::is_early_end;
use super::{OutboundLimits, SendErrorKind};

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
    /// Whether the body is not whole: it was longer than the bound, or was cut off.
    pub truncated: bool,
    /// What cut the body off before its end and before the bound.
    pub cut: Option<Cut>,
    /// How long it took, from the turn to the last byte read.
    pub elapsed_ms: u64,
    /// Whether this responds to the second request: the first was lost with a kept connection that the receiver had closed.
    pub resent: bool,
}

/// What cut a body off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// `Timeout`, `Io`, or `Protocol` where the receiver closed the connection before the end that it had named.
    pub kind: SendErrorKind,
    /// What was missing, for people.
    pub message: String,
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

/// A body as far as it came.
pub(super) struct BoundedBody {
    pub(super) bytes: Bytes,
    pub(super) truncated: bool,
    pub(super) cut: Option<Cut>,
}

/// How reading a body ended.
enum End {
    Whole,
    AtBound,
    Late,
    Broken(hyper::Error),
}

impl BoundedBody {
    /// Reads a body until it ends, passes the bound, breaks off, or the deadline comes.
    pub(super) async fn read(body: &mut Incoming, bytes_max: usize, deadline: Instant) -> Self {
        let expected = body.size_hint().exact();
        // Outside the future that the deadline drops: what came is kept.
        let mut bytes = BytesMut::new();
        let read = tokio::time::timeout_at(deadline, read_into(&mut bytes, body, bytes_max)).await;
        let cut = |kind, why: &str| {
            let of = expected
                .map_or_else(|| "without its end".to_owned(), |all| format!("of the {all} that its length names"));
            (true, Some(Cut { kind, message: format!("{why} after {} bytes of the body, {of}", bytes.len()) }))
        };
        let (truncated, cut) = match read.unwrap_or(End::Late) {
            End::Whole => (false, None),
            End::AtBound => (true, None),
            End::Late => cut(SendErrorKind::Timeout, "the deadline came"),
            End::Broken(error) if is_early_end(&error) => cut(SendErrorKind::Protocol, "the connection was closed"),
            End::Broken(_) => cut(SendErrorKind::Io, "the connection broke"),
        };
        Self { bytes: bytes.freeze(), truncated, cut }
    }
}

async fn read_into(bytes: &mut BytesMut, body: &mut Incoming, bytes_max: usize) -> End {
    loop {
        let frame = match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            Some(Ok(frame)) => frame,
            None => return End::Whole,
            Some(Err(error)) => return End::Broken(error),
        };
        // Trailers say nothing that is read.
        let Ok(chunk) = frame.into_data() else { continue };
        let room = bytes_max - bytes.len();
        if room < chunk.len() {
            bytes.extend_from_slice(&chunk[..room]);
            return End::AtBound;
        }
        bytes.extend_from_slice(&chunk);
    }
}
