//! The HTTP client: built here once, with everything off that would go past the guard.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::{ClientConfig, RootCertStore};

use super::guard::{Guard, GuardedResolver};
use super::{BuildError, OutboundLimits};

/// What receives the name of this host when nothing else is configured.
const USER_AGENT: &str = concat!("Hookmill/", env!("CARGO_PKG_VERSION"));

/// How much a server may send ahead on one stream of HTTP/2: reading is bounded, so a small window does.
const STREAM_WINDOW_BYTES: u32 = 64 * 1_024;
/// The same for all streams of one connection.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1_024;

/// Two clients that differ in one thing: whether a connection is kept after a request.
pub(super) struct Clients {
    /// Keeps connections, for the hosts that are asked often.
    pub(super) keeping: Client,
    /// Closes each connection.
    pub(super) closing: Client,
}

impl Clients {
    pub(super) fn new(guard: &Arc<Guard>, roots: RootCertStore, limits: &OutboundLimits) -> Result<Self, BuildError> {
        let tls = tls(roots)?;
        let build = |idle_max: usize| builder(guard, tls.clone(), limits).pool_max_idle_per_host(idle_max).build();
        Ok(Self { keeping: build(limits.idle_per_host_max)?, closing: build(0)? })
    }
}

/// The roots of Mozilla's programme, compiled in.
pub(super) fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(guard: &Arc<Guard>, tls: ClientConfig, limits: &OutboundLimits) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(GuardedResolver(Arc::clone(guard)))
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
        .pool_idle_timeout(Duration::from_millis(limits.idle_timeout_ms))
        .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
        .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(u32::try_from(limits.response_header_bytes_max).unwrap_or(u32::MAX))
}
