//! How a connection comes about: resolved through the guard, dialled, encrypted, all within one time.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tower_service::Service;

use super::OutboundLimits;
use super::connection::LoggedStream;
use super::guard::{Guard, GuardedResolver};
use super::slots::OpenConnections;

/// How long a connection is silent until the system asks whether the other side is there, and how far apart it asks.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How often it asks.
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may not arrive.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector<GuardedResolver>>,
    connections: Arc<OpenConnections>,
    timeout: Duration,
    reset_wait: Duration,
}

/// No connection came about in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("there was no connection within {} ms", .0.as_millis())]
pub(super) struct ConnectTimeout(Duration);

impl Connector {
    pub(super) fn new(
        guard: &Arc<Guard>,
        connections: &Arc<OpenConnections>,
        tls: ClientConfig,
        limits: &OutboundLimits,
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver(Arc::clone(guard)));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
        Self {
            https: HttpsConnector::from((tcp, tls)),
            connections: Arc::clone(connections),
            timeout: Duration::from_millis(limits.connect_timeout_ms),
            reset_wait: Duration::from_millis(limits.reset_wait_ms),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<LoggedStream>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, timeout, reset_wait) = (self.https.call(to), self.timeout, self.reset_wait);
        let connections = Arc::clone(&self.connections);
        Box::pin(async move {
            let stream = tokio::time::timeout(timeout, connecting).await.map_err(|_| ConnectTimeout(timeout))??;
            Ok(TokioIo::new(LoggedStream::new(stream, connections.add(), reset_wait)))
        })
    }
}
