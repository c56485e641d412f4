//! Whether a request may have left.
//!
//! The client takes a request's body in hand only when it has a connection and begins to write: it first asks whether there
//! is a body at all. A body that notes this tells a request that waited for a connection in vain from one that was under
//! way. The note may come early, never late, so "not sent" is certain.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Whether a request may have left, seen from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Departure(Arc<AtomicBool>);

/// A request's body that notes when it is first asked for.
pub(super) struct NotedBody {
    bytes: Option<Bytes>,
    departure: Departure,
}

impl Departure {
    /// Whether a connection has begun to write the request.
    pub(super) fn may_have_left(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// A body whose first use is noted here.
    pub(super) fn watch(&self, bytes: Bytes) -> NotedBody {
        NotedBody { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), departure: self.clone() }
    }

    fn note(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Body for NotedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.departure.note();
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.departure.note();
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}
