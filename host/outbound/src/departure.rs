//! Whether a request may have left.
//!
//! The client takes a request's body in hand only when it has a connection and begins to write: it first asks whether there
//! is a body at all. A body that notes this tells a request that waited for a connection in vain from one that was under
//! way. The note may come early, never late, so "not sent" is certain. With it goes where the connection stood.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Extensions;
use hyper::body::{Body, Frame, SizeHint};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use super::connection::{ConnectionLog, RequestStart};

/// Whether a request may have left, seen from outside.
#[derive(Clone, Default)]
pub(super) struct Departure(Arc<Noted>);

/// What is noted of a request.
#[derive(Default)]
struct Noted {
    has_left: AtomicBool,
    connection: OnceLock<CaptureConnection>,
    start: Mutex<Option<RequestStart>>,
}

/// A request's body that notes when it is first asked for.
pub(super) struct NotedBody {
    bytes: Option<Bytes>,
    departure: Departure,
}

impl Departure {
    /// Whether a connection has begun to write the request.
    pub(super) fn may_have_left(&self) -> bool {
        self.0.has_left.load(Ordering::Acquire)
    }

    /// Whether the request was lost with a connection that its receiver had closed.
    pub(super) fn is_lost(&self) -> bool {
        self.0.start.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(RequestStart::is_lost)
    }

    /// Notes which connection this request gets. Its body is one that is watched here.
    pub(super) fn watch_connection(&self, request: &mut http::Request<NotedBody>) {
        // A request is sent once: nobody has set it before.
        let _ = self.0.connection.set(capture_connection(request));
    }

    /// A body whose first use is noted here.
    pub(super) fn watch(&self, bytes: Bytes) -> NotedBody {
        NotedBody { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), departure: self.clone() }
    }

    fn note(&self) {
        self.0.has_left.store(true, Ordering::Release);
        let Some((log, is_shared)) = self.connection() else { return };
        let mut start = self.0.start.lock().unwrap_or_else(PoisonError::into_inner);
        // A client that finds a connection closed before it writes takes another.
        if start.as_ref().is_none_or(|start| !start.is_on(&log)) {
            *start = Some(log.begin(is_shared));
        }
    }

    /// The log of the request's connection, and whether it has more than one request at once.
    fn connection(&self) -> Option<(Arc<ConnectionLog>, bool)> {
        let connection = self.0.connection.get()?.connection_metadata();
        let connected = connection.as_ref()?;
        let mut extensions = Extensions::new();
        connected.get_extras(&mut extensions);
        Some((extensions.remove()?, connected.is_negotiated_h2()))
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
