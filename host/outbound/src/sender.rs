//! One request from its check to its response.

use std::sync::{Arc, Mutex, PoisonError};
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
use super::guard::{Guard, Lookup, SystemLookup};
use super::response::{bounded_body, bounded_headers};
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

/// What is known about a request under way when its deadline passes.
#[derive(Clone, Default)]
struct Progress {
    departure: Departure,
    status: Arc<Mutex<Option<u16>>>,
}

impl Sender {
    /// Builds the client. Needs no network and no certificate store.
    pub fn new(limits: OutboundLimits, policy: AddressPolicy) -> Result<Self, BuildError> {
        let lookup = SystemLookup::new(&limits);
        Self::with_parts(limits, policy, Box::new(lookup), public_roots())
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
        let (slots, warm) = (Arc::new(Slots::new(&limits)), WarmHosts::new(&limits));
        Ok(Self { limits, guard, clients, slots, warm })
    }

    /// Whether this could be sent to now: the scheme, and every address of the host. For saving and testing an endpoint; a
    /// request is checked again when it is sent.
    pub async fn check(&self, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        self.guard.check(url).await
    }

    /// Sends a request and reads the response, whatever its status. Dropping the future calls it off and frees its slot.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, SendError> {
        self.permit(&request)?;
        let host = request.url.host().to_owned();
        let wait = Duration::from_millis(self.limits.slot_wait_ms_max);
        let _slot = self.slots.acquire(&host, wait).await.ok_or_else(|| busy(&host, wait))?;
        let start = moment();
        let timeout = request.timeout.min(Duration::from_millis(self.limits.timeout_ms_max));
        let progress = Progress::default();
        let client = self.client(&host, start);
        let exchange = self.exchange(client, request, &progress);
        let result = match tokio::time::timeout_at(start + timeout, exchange).await {
            Ok(result) => result.map_err(|error| failure(&error, &progress)),
            Err(_) => Err(late(timeout, &progress)),
        };
        self.warm_again(client, &host);
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

    async fn exchange(
        &self,
        client: &Client,
        request: OutboundRequest,
        progress: &Progress,
    ) -> Result<OutboundResponse, reqwest::Error> {
        let mut response = client.execute(build_request(request, &progress.departure)).await?;
        let status = response.status().as_u16();
        progress.note_status(status);
        let (headers, headers_truncated) = bounded_headers(response.headers(), &self.limits);
        let (body, truncated) = bounded_body(&mut response, self.limits.response_body_bytes_max).await?;
        Ok(OutboundResponse { status, headers, headers_truncated, body, truncated, elapsed_ms: 0 })
    }
}

impl Progress {
    fn note_status(&self, status: u16) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    fn status(&self) -> Option<u16> {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request may have left. A response shows that it did.
    fn may_have_left(&self) -> bool {
        self.departure.may_have_left() || self.status().is_some()
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

fn failure(error: &reqwest::Error, progress: &Progress) -> SendError {
    let (kind, message) = classify(error);
    SendError { kind, sent: progress.may_have_left(), status: progress.status(), elapsed_ms: 0, message }
}

fn late(timeout: Duration, progress: &Progress) -> SendError {
    let (sent, status) = (progress.may_have_left(), progress.status());
    let what = match (status, sent) {
        (Some(status), _) => format!("the response, which began with {status}, was not complete"),
        (None, true) => "there was no response".to_owned(),
        (None, false) => "there was no connection".to_owned(),
    };
    let message = format!("{what} within {} ms", timeout.as_millis());
    SendError { kind: SendErrorKind::Timeout, sent, status, elapsed_ms: 0, message }
}

fn busy(host: &str, wait: Duration) -> SendError {
    not_sent(SendErrorKind::Busy, format!("no request slot for `{host}` became free within {} ms", wait.as_millis()))
}

fn not_sent(kind: SendErrorKind, message: String) -> SendError {
    SendError { kind, sent: false, status: None, elapsed_ms: 0, message }
}

fn with_elapsed(result: Result<OutboundResponse, SendError>, start: Instant) -> Result<OutboundResponse, SendError> {
    let elapsed_ms = u64::try_from(moment().saturating_duration_since(start).as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => Ok(OutboundResponse { elapsed_ms, ..response }),
        Err(error) => Err(SendError { elapsed_ms, ..error }),
    }
}
