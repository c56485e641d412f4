//! One request from its check to its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use hyper_util::client::legacy;
use rustls::RootCertStore;
use tokio::time::Instant;

use hookmill_domain::net_policy::{AddressPolicy, CaCertificates, WebhookUrl, is_connection_header};

use super::client::{Client, Clients, own_roots, public_roots};
use super::departure::{Departure, NotedBody};
use super::error::{Peer, blocked_kind, classify};
use super::guard::Guard;
use super::names::{self, Lookup, SystemLookup};
use super::response::{BoundedBody, bounded_headers};
use super::slots::{OpenConnections, Slots};
use super::{BlockedDestination, BuildError, OutboundLimits, OutboundResponse, SendError, SendErrorKind};

/// What receives the name of this host when nothing else is configured.
const USER_AGENT_VALUE: &str = concat!("Hookmill/", env!("CARGO_PKG_VERSION"));

/// Sends requests within the bounds and past the guard. Built once, shared by all.
pub struct Sender {
    limits: OutboundLimits,
    guard: Arc<Guard>,
    clients: Arc<Clients>,
    /// The clients of endpoints with authorities of their own: connections are shared within one set alone.
    own_clients: quick_cache::sync::Cache<CaCertificates, Arc<Clients>>,
    slots: Arc<Slots>,
    connections: Arc<OpenConnections>,
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct OutboundRequest {
    /// For whom: the organization whose share of look-ups its name takes.
    pub organization: Arc<str>,
    /// The method; neither `CONNECT` nor `TRACE`.
    pub method: Method,
    /// Where to, with the parameters of the message in its query.
    pub url: WebhookUrl,
    /// The headers, the configured ones and the host's own. None that belongs to the connection.
    pub headers: HeaderMap,
    /// The exact bytes of the body, possibly none.
    pub body: Bytes,
    /// The deadline over resolving, connecting, headers and body, bounded by `timeout_ms_max`.
    pub timeout: Duration,
    /// The authorities that the receiver is trusted by instead of the public ones.
    pub ca_certificates: Option<CaCertificates>,
}

impl Sender {
    /// Builds the client. Needs no network and no certificate store.
    pub fn new(limits: OutboundLimits, policy: AddressPolicy) -> Result<Self, BuildError> {
        Self::with_parts(limits, policy, Box::new(SystemLookup), public_roots())
    }

    /// The same with a resolver and trusted roots of the caller's choice, which tests need.
    pub(super) fn with_parts(
        limits: OutboundLimits,
        policy: AddressPolicy,
        lookup: Box<dyn Lookup>,
        roots: RootCertStore,
    ) -> Result<Self, BuildError> {
        limits.check()?;
        let guard = Arc::new(Guard::new(policy, lookup, &limits));
        let connections = OpenConnections::new(limits.kept_connections_max);
        let clients = Arc::new(Clients::new(&guard, &connections, roots, &limits)?);
        let own_clients = quick_cache::sync::Cache::new(limits.ca_sets_max);
        let slots = Arc::new(Slots::new(limits.requests_max, limits.requests_per_host_max));
        Ok(Self { limits, guard, clients, own_clients, slots, connections })
    }

    /// Whether this could be sent to now: the scheme, and every address of the host, looked up anew. For saving and testing an
    /// endpoint of this organization; a request is checked again when it is sent.
    pub async fn check(&self, organization: &str, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        self.guard.check(organization, url).await
    }

    /// Whether these authorities can be trusted by. For saving an endpoint.
    pub fn check_ca_certificates(&self, certificates: &CaCertificates) -> Result<(), String> {
        own_roots(certificates).map(drop).map_err(|error| error.to_string())
    }

    /// Sends a request and reads the response, whatever its status. Once the response has begun, it is one: a body that breaks
    /// off or does not end in time is kept as far as it came, and [`OutboundResponse::cut`] says why. Dropping the future calls
    /// the request off and frees its slot.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, SendError> {
        self.permit(&request)?;
        let host = request.url.host().to_owned();
        let wait = Duration::from_millis(self.limits.slot_wait_ms_max);
        let _slot = self.slots.acquire(&host, wait).await.ok_or_else(|| busy(&host, wait))?;
        let start = moment();
        let timeout = request.timeout.min(Duration::from_millis(self.limits.timeout_ms_max));
        let clients = self.clients_for(request.ca_certificates.as_ref())?;
        let result = self.exchange(&clients, request, start, timeout).await;
        if result.as_ref().is_err_and(SendError::is_without_connection) {
            self.guard.forget(&host);
        }
        with_elapsed(result, start)
    }

    fn permit(&self, request: &OutboundRequest) -> Result<(), SendError> {
        self.guard
            .check_without_resolving(&request.url)
            .map_err(|blocked| not_sent(blocked_kind(&blocked), blocked.to_string()))?;
        if matches!(request.method, Method::CONNECT | Method::TRACE) {
            return Err(not_sent(SendErrorKind::Blocked, format!("the method {} is never sent", request.method)));
        }
        if let Some(name) = request.headers.keys().find(|name| is_connection_header(name)) {
            return Err(not_sent(
                SendErrorKind::Blocked,
                format!("`{name}` belongs to the connection and can't be set"),
            ));
        }
        let (bytes, bytes_max) = (request.body.len(), self.limits.request_body_bytes_max);
        if bytes_max < bytes {
            return Err(not_sent(
                SendErrorKind::Blocked,
                format!("the body has {bytes} bytes; at most {bytes_max} are sent"),
            ));
        }
        Ok(())
    }

    fn clients_for(&self, ca_certificates: Option<&CaCertificates>) -> Result<Arc<Clients>, SendError> {
        let Some(certificates) = ca_certificates else { return Ok(Arc::clone(&self.clients)) };
        let build =
            || Clients::new(&self.guard, &self.connections, own_roots(certificates)?, &self.limits).map(Arc::new);
        self.own_clients.get_or_insert_with(certificates, build).map_err(|error| {
            not_sent(SendErrorKind::Tls, format!("the endpoint's `ca_certificates` can't be used: {error}"))
        })
    }

    /// A request, and once more on a new connection where the first was lost with a kept one, within one deadline.
    async fn exchange(
        &self,
        clients: &Clients,
        request: OutboundRequest,
        start: Instant,
        timeout: Duration,
    ) -> Result<OutboundResponse, SendError> {
        let departure = Departure::default();
        let first = self.exchange_once(&clients.keeping, request.clone(), start, timeout, &departure).await;
        if first.is_ok() || !departure.is_lost() {
            return first;
        }
        let departure = Departure::default();
        // In a box of its own: it is rare, and every request under way would hold its place.
        match Box::pin(self.exchange_once(&clients.closing, request, start, timeout, &departure)).await {
            Ok(response) => Ok(OutboundResponse { resent: true, ..response }),
            // A reset does not show that nothing at all arrived of the first.
            Err(error) => Err(SendError { resent: true, sent: true, ..error }),
        }
    }

    /// The head within the deadline, and the body within what is left of it.
    async fn exchange_once(
        &self,
        client: &Client,
        request: OutboundRequest,
        start: Instant,
        timeout: Duration,
        departure: &Departure,
    ) -> Result<OutboundResponse, SendError> {
        let deadline = start + timeout;
        let (organization, peer) = (Arc::clone(&request.organization), Peer::of(&request));
        let request = build_request(request, departure)?;
        let head = names::on_behalf_of(organization, client.request(request));
        let response = match tokio::time::timeout_at(deadline, head).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure(&error, &peer, departure)),
            Err(_) => return Err(late(timeout, departure)),
        };
        let (head, mut body) = response.into_parts();
        let (headers, headers_truncated) = bounded_headers(&head.headers, &self.limits);
        let BoundedBody { bytes, truncated, cut } =
            BoundedBody::read(&mut body, self.limits.response_body_bytes_max, deadline).await;
        let (status, body) = (head.status.as_u16(), bytes);
        Ok(OutboundResponse { status, headers, headers_truncated, body, truncated, cut, elapsed_ms: 0, resent: false })
    }
}

/// The moment at which it is called. Only the length of a request is measured with it.
#[allow(clippy::disallowed_methods, reason = "measures how long a request took; no decision of the product reads it")]
pub(super) fn moment() -> Instant {
    Instant::now()
}

fn build_request(request: OutboundRequest, departure: &Departure) -> Result<Request<NotedBody>, SendError> {
    let uri = Uri::try_from(request.url.as_str())
        .map_err(|error| not_sent(SendErrorKind::Blocked, format!("the URL can't be requested: {error}")))?;
    let says_nothing = request.body.is_empty() && matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
    let mut prepared = Request::new(departure.watch(request.body));
    (*prepared.method_mut(), *prepared.uri_mut()) = (request.method, uri);
    let headers = prepared.headers_mut();
    *headers = request.headers;
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT_VALUE));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if says_nothing {
        // Without it some servers answer 411 to a POST that has no body.
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    departure.watch_connection(&mut prepared);
    Ok(prepared)
}

fn failure(error: &legacy::Error, peer: &Peer, departure: &Departure) -> SendError {
    let (kind, message) = classify(error, peer);
    SendError { kind, sent: departure.may_have_left(), elapsed_ms: 0, resent: false, message }
}

fn late(timeout: Duration, departure: &Departure) -> SendError {
    let sent = departure.may_have_left();
    let what = if sent { "there was no response" } else { "there was no connection" };
    let message = format!("{what} within {} ms", timeout.as_millis());
    SendError { kind: SendErrorKind::Timeout, sent, elapsed_ms: 0, resent: false, message }
}

fn busy(host: &str, wait: Duration) -> SendError {
    not_sent(SendErrorKind::Busy, format!("no request slot for `{host}` became free within {} ms", wait.as_millis()))
}

fn not_sent(kind: SendErrorKind, message: String) -> SendError {
    SendError { kind, sent: false, elapsed_ms: 0, resent: false, message }
}

fn with_elapsed(result: Result<OutboundResponse, SendError>, start: Instant) -> Result<OutboundResponse, SendError> {
    let elapsed_ms = u64::try_from(moment().saturating_duration_since(start).as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => Ok(OutboundResponse { elapsed_ms, ..response }),
        Err(error) => Err(SendError { elapsed_ms, ..error }),
    }
}
