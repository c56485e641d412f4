//! A connection that remembers what passed over it, so that a request that ends without a response can be told from one that nobody
//! can have read whole.
//!
//! A receiver may close a kept connection at the very moment a request is sent on it. Its system then never hands the request to
//! anybody and says so with a reset. A receiver that took the request and then closed ends the connection without one. A reset may
//! come a moment after the end, so the end of a connection that was used before, on which a request waits for its first byte, is
//! held back for as long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Interval, MissedTickBehavior, Sleep};

use super::slots::OpenConnection;

/// How often a connection that has ended is asked for a reset.
const RESET_TICK: Duration = Duration::from_millis(10);

/// What passed over a connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionLog {
    requests: AtomicU64,
    bytes_read: AtomicU64,
    read_before_request: AtomicU64,
    is_reset: AtomicBool,
}

/// Where a connection stood when a request began on it.
#[derive(Debug)]
pub(super) struct RequestStart {
    log: Arc<ConnectionLog>,
    read_before: u64,
    /// Whether the connection had served another request, one at a time.
    is_reused: bool,
}

/// A plain or encrypted connection with its log.
pub(super) struct LoggedStream {
    stream: TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    log: Arc<ConnectionLog>,
    place: OpenConnection,
    reset_wait: Duration,
    ended: Option<Ended>,
}

/// The end of a connection, held back until a reset has come or had time to.
struct Ended {
    until: Pin<Box<Sleep>>,
    tick: Interval,
}

impl ConnectionLog {
    /// Notes that a request begins. On HTTP/2 requests share a connection, and what passes over it says nothing of one of them.
    pub(super) fn begin(self: &Arc<Self>, is_shared: bool) -> RequestStart {
        let read_before = self.bytes_read.load(Ordering::Acquire);
        self.read_before_request.store(read_before, Ordering::Release);
        let is_reused = 0 < self.requests.fetch_add(1, Ordering::AcqRel) && !is_shared;
        RequestStart { log: Arc::clone(self), read_before, is_reused }
    }

    /// Whether a request on a connection that was used before has got no byte of its response yet.
    fn awaits_response(&self) -> bool {
        1 < self.requests.load(Ordering::Acquire)
            && self.bytes_read.load(Ordering::Acquire) == self.read_before_request.load(Ordering::Acquire)
    }

    fn note_error(&self, error: &io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset) {
            self.is_reset.store(true, Ordering::Release);
        }
    }
}

impl RequestStart {
    /// Whether this is a request on that connection.
    pub(super) fn is_on(&self, log: &Arc<ConnectionLog>) -> bool {
        Arc::ptr_eq(&self.log, log)
    }

    /// Whether the request was lost with its connection: it had been used before, was reset, and not a byte of a response had come.
    pub(super) fn is_lost(&self) -> bool {
        self.is_reused
            && self.log.is_reset.load(Ordering::Acquire)
            && self.log.bytes_read.load(Ordering::Acquire) == self.read_before
    }
}

impl LoggedStream {
    pub(super) fn new(
        stream: MaybeHttpsStream<TokioIo<TcpStream>>,
        place: OpenConnection,
        reset_wait: Duration,
    ) -> Self {
        Self { stream: TokioIo::new(stream), log: Arc::default(), place, reset_wait, ended: None }
    }

    fn tcp(&self) -> &TcpStream {
        match self.stream.inner() {
            MaybeHttpsStream::Http(tcp) => tcp.inner(),
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
        }
    }

    /// The end of the connection, once it is known whether a reset follows.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let reset_wait = self.reset_wait;
        self.ended.get_or_insert_with(|| Ended::new(reset_wait));
        loop {
            if self.log.is_reset.load(Ordering::Acquire) || !matches!(self.tcp().take_error(), Ok(None)) {
                self.log.is_reset.store(true, Ordering::Release);
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let Some(ended) = &mut self.ended else { return Poll::Ready(Ok(())) };
            if ended.until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(ended.tick.poll_tick(context));
        }
    }
}

impl Ended {
    fn new(wait: Duration) -> Self {
        let mut tick = tokio::time::interval(RESET_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { until: Box::pin(tokio::time::sleep(wait)), tick }
    }
}

impl AsyncRead for LoggedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ended.is_some() {
            return self.poll_end(context);
        }
        let before = bytes.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, bytes));
        let count = bytes.filled().len() - before;
        self.log.bytes_read.fetch_add(count as u64, Ordering::AcqRel);
        let has_ended = match &read {
            // What hangs up in the middle of TLS has ended as well.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => {
                self.log.note_error(error);
                false
            }
            Ok(()) => count == 0 && 0 < bytes.remaining(),
        };
        if has_ended && self.log.awaits_response() {
            return self.poll_end(context);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for LoggedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(written.inspect_err(|error| self.log.note_error(error)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(flushed.inspect_err(|error| self.log.note_error(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        Poll::Ready(written.inspect_err(|error| self.log.note_error(error)))
    }
}

impl Connection for LoggedStream {
    fn connected(&self) -> Connected {
        let connected = self.stream.inner().connected().extra(Arc::clone(&self.log));
        if !self.place.is_kept() {
            // The pool takes back no connection that is marked so.
            connected.poison();
        }
        connected
    }
}
