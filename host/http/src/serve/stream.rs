//! The bytes of a connection, which show how far they get.

use super::watched::Watched;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection's stream.
pub(super) struct Stream {
    pub(super) inner: TcpStream,
    pub(super) watched: Arc<Watched>,
}

impl Stream {
    fn note(&self, taken: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match &taken {
            Poll::Ready(Ok(bytes)) => self.watched.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.watched.could_not_write(),
        }
        taken
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if before < buffer.filled().len() && !self.watched.received() {
            return Poll::Ready(Err(Error::from(ErrorKind::ConnectionAborted)));
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let taken = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(taken)
    }

    /// Hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        if let Poll::Ready(Ok(())) = flushed {
            self.watched.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let taken = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
