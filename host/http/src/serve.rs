//! The listener: bounded connections, a graceful end.

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use hookmill_domain::config::Limits;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// A listener that is bound and serves nothing yet.
pub struct Bound {
    listener: BoundedListener,
    address: SocketAddr,
}

/// Binds an address.
pub async fn bind(address: SocketAddr, limits: &Limits) -> std::io::Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Bound {
        listener: BoundedListener {
            listener,
            places: Arc::new(Semaphore::new(limits.connections_max)),
            idle: Duration::from_millis(limits.connection_idle_ms),
        },
        address,
    })
}

impl Bound {
    /// The address, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then ends what is under way.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        axum::serve(self.listener, router.into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(stop)
            .await
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, BoundedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, BoundedListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Accepts only while there is a place; others wait in the kernel's queue.
pub struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
    idle: Duration,
}

impl Listener for BoundedListener {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let Ok(place) = self.places.clone().acquire_owned().await else { continue };
            let (stream, address) = Listener::accept(&mut self.listener).await;
            // Responses are small and complete: waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            let deadline = Box::pin(tokio::time::sleep(self.idle));
            return (Placed { stream, deadline, idle: self.idle, _place: place }, address);
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that gives its place back when it ends, and ends when nothing was answered on it for too long: neither silence
/// nor a request that trickles in keeps a place.
pub struct Placed {
    stream: TcpStream,
    deadline: Pin<Box<Sleep>>,
    idle: Duration,
    _place: OwnedSemaphorePermit,
}

impl Placed {
    /// Something was answered: the time begins anew.
    fn note_activity(&mut self) {
        let next = now() + self.idle;
        self.deadline.as_mut().reset(next);
    }
}

#[allow(clippy::disallowed_methods, reason = "a timeout of the runtime, which no test of rules depends on")]
fn now() -> Instant {
    Instant::now()
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => {
                self.deadline.as_mut().poll(context).map(|()| Err(std::io::Error::from(std::io::ErrorKind::TimedOut)))
            }
            ready => ready,
        }
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.note_activity();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.note_activity();
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
