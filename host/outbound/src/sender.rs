//! One request from its check to its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::{Body, Client, Request};
use rustls::RootCertStore;
use tokio::time::Instant;

use hookmill_domain::net_policy::{AddressPolicy, WebhookUrl, is_connection_header};

use super::client::{Clients, public_roots};
use super::departure::Departure;
use super::error::{blocked_kind, classify};
use super::guard::Guard;
use super::names::{self, Lookup, SystemLookup};
use super::response::{BoundedBody, bounded_headers};
use super::slots::{Slots, WarmHosts};
use super::{BlockedDestination, BuildError, OutboundLimits, OutboundResponse, SendError, SendErrorKind};

/// Sends requests within the bounds and past the guard. Built once, shared by all.
pub struct Sender {
    limits: OutboundLimits,
    guard: Arc<Guard>,
    clients: Clients,
    slots: Arc<Slots>,
    warm: WarmHosts,
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
        let clients = Clients::new(&guard, roots, &limits)?;
        let slots = Arc::new(Slots::new(limits.requests_max, limits.requests_per_host_max));
        let warm = WarmHosts::new(&limits);
        Ok(Self { limits, guard, clients, slots, warm })
    }

    /// Whether this could be sent to now: the scheme, and every address of the host, looked up anew. For saving and testing an
    /// endpoint of this organization; a request is checked again when it is sent.
    pub async fn check(&self, organization: &str, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        self.guard.check(organization, url).await
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
        let client = self.client(&host, start);
        let result = self.exchange(client, request, start, timeout).await;
        self.warm_again(client, &host);
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

    fn client(&self, host: &str, now: Instant) -> &Client {
        if self.warm.admits(host, now) { &self.clients.keeping } else { &self.clients.closing }
    }

    /// Counts the time a connection is idle from the end of the request.
    fn warm_again(&self, client: &Client, host: &str) {
        if std::ptr::eq(client, &self.clients.keeping) {
            self.warm.admits(host, moment());
        }
    }

    /// The head within the deadline, and the body within what is left of it.
    async fn exchange(
        &self,
        client: &Client,
        request: OutboundRequest,
        start: Instant,
        timeout: Duration,
    ) -> Result<OutboundResponse, SendError> {
        let (deadline, departure) = (start + timeout, Departure::default());
        let organization = Arc::clone(&request.organization);
        let head = names::on_behalf_of(organization, client.execute(build_request(request, &departure)));
        let mut response = match tokio::time::timeout_at(deadline, head).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure(&error, &departure)),
            Err(_) => return Err(late(timeout, &departure)),
        };
        let status = response.status().as_u16();
        let (headers, headers_truncated) = bounded_headers(response.headers(), &self.limits);
        let BoundedBody { bytes: body, truncated, cut } =
            BoundedBody::read(&mut response, self.limits.response_body_bytes_max, deadline).await;
        Ok(OutboundResponse { status, headers, headers_truncated, body, truncated, cut, elapsed_ms: 0 })
    }
}

/// The moment at which it is called. Only the length of a request is measured with it.
#[allow(clippy::disallowed_methods, reason = "measures how long a request took; no decision of the product reads it")]
pub(super) fn moment() -> Instant {
    Instant::now()
}

fn build_request(request: OutboundRequest, departure: &Departure) -> Request {
    let mut prepared = Request::new(request.method, request.url.as_url().clone());
    let says_nothing =
        request.body.is_empty() && matches!(*prepared.method(), Method::POST | Method::PUT | Method::PATCH);
    *prepared.headers_mut() = request.headers;
    prepared.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if says_nothing {
        // Without it some servers answer 411 to a POST that has no body.
        prepared.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *prepared.body_mut() = Some(Body::wrap(departure.watch(request.body)));
    prepared
}

fn failure(error: &reqwest::Error, departure: &Departure) -> SendError {
    let (kind, message) = classify(error);
    SendError { kind, sent: departure.may_have_left(), elapsed_ms: 0, message }
}

fn late(timeout: Duration, departure: &Departure) -> SendError {
    let sent = departure.may_have_left();
    let what = if sent { "there was no response" } else { "there was no connection" };
    let message = format!("{what} within {} ms", timeout.as_millis());
    SendError { kind: SendErrorKind::Timeout, sent, elapsed_ms: 0, message }
}

fn busy(host: &str, wait: Duration) -> SendError {
    not_sent(SendErrorKind::Busy, format!("no request slot for `{host}` became free within {} ms", wait.as_millis()))
}

fn not_sent(kind: SendErrorKind, message: String) -> SendError {
    SendError { kind, sent: false, elapsed_ms: 0, message }
}

fn with_elapsed(result: Result<OutboundResponse, SendError>, start: Instant) -> Result<OutboundResponse, SendError> {
    let elapsed_ms = u64::try_from(moment().saturating_duration_since(start).as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => Ok(OutboundResponse { elapsed_ms, ..response }),
        Err(error) => Err(SendError { elapsed_ms, ..error }),
    }
}
