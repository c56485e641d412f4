//! The HTTP client: built here once, on connections that go past the guard alone. It follows no redirect and asks no proxy.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use hookmill_domain::net_policy::CaCertificates;

use super::connector::Connector;
use super::departure::NotedBody;
use super::guard::Guard;
use super::slots::OpenConnections;
use super::{BuildError, OutboundLimits};

/// How much a server may send ahead on one stream of HTTP/2: reading is bounded, so a small window does.
const STREAM_WINDOW_BYTES: u32 = 64 * 1_024;
/// The same for all streams of one connection.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1_024;

/// The client on guarded connections.
pub(super) type Client = legacy::Client<Connector, NotedBody>;

/// Two clients that differ in one thing: whether a connection is kept after a request.
pub(super) struct Clients {
    /// Keeps connections.
    pub(super) keeping: Client,
    /// Closes each connection, so that it always makes a new one: for a request that was lost with a kept one.
    pub(super) closing: Client,
}

impl Clients {
    pub(super) fn new(
        guard: &Arc<Guard>,
        connections: &Arc<OpenConnections>,
        roots: RootCertStore,
        limits: &OutboundLimits,
    ) -> Result<Self, BuildError> {
        let connector = Connector::new(guard, connections, tls(roots)?, limits);
        let build = |idle_max: usize| builder(limits).pool_max_idle_per_host(idle_max).build(connector.clone());
        Ok(Self { keeping: build(limits.idle_per_host_max), closing: build(0) })
    }
}

/// The roots of Mozilla's programme, compiled in.
pub(super) fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// The authorities of one endpoint, which is trusted by no others.
pub(super) fn own_roots(certificates: &CaCertificates) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for der in certificates.to_der() {
        roots.add(der.into())?;
    }
    Ok(roots)
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(limits: &OutboundLimits) -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_millis(limits.idle_timeout_ms))
        .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
        .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(u32::try_from(limits.response_header_bytes_max).unwrap_or(u32::MAX));
    builder
}
