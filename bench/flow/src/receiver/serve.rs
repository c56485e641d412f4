//! HTTP/1 with kept-alive connections, as cheap as it can be.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookmill_bench_flow::{COUNTS_PATH, RECEIPTS_PATH, WEBHOOK_LATENCIES_PATH, now_us};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::tally::Tally;

const SUBMISSION_HEADER: &str = "hookmill-submission-id";
const MESSAGE_HEADER: &str = "webhook-id";

/// The name of an event whose body does not have one.
const UNNAMED_EVENT: &str = "unnamed";

type Shared = Arc<Mutex<Tally>>;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum RequestPath<'a> {
    Client {
        name: &'a str,
        delay: Delay,
    },
    Webhook,
    /// One of many webhooks.
    WebhookOf(Delay),
    Counts,
    Receipts,
    WebhookLatencies,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delay {
    Milliseconds(u64),
    Forever,
}

/// A request under way; dropping it ends the wait.
struct Waiting(Shared);

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.0).complete();
    }
}

/// Serves each connection until its peer closes it.
pub async fn accept(listener: TcpListener, tally: Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&tally)))),
            Err(error) => {
                eprintln!("hookmill-bench-receiver: can't accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, tally: Shared) {
    // A stream that rejects the option is slower, and nothing else.
    lock(&tally).connection();
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| handle(request, Arc::clone(&tally)));
    // A connection that breaks is the sender's to notice.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(request: Request<Incoming>, tally: Shared) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let Ok(body) = body.collect().await else { return Ok(respond(StatusCode::BAD_REQUEST, Bytes::new())) };
    let body = body.to_bytes();
    match parse_path(head.uri.path()) {
        RequestPath::Client { name, delay } => {
            lock(&tally).client_request(name, header(SUBMISSION_HEADER));
            let _waiting = Waiting(tally);
            wait(delay).await;
        }
        RequestPath::Webhook => {
            let event = event_name(&body).unwrap_or(UNNAMED_EVENT);
            lock(&tally).event_request(event, header(MESSAGE_HEADER));
            drop(Waiting(tally));
        }
        RequestPath::WebhookOf(Delay::Forever) => wait(Delay::Forever).await,
        RequestPath::WebhookOf(_) => {
            let latency_us = sent_us(&body).map(|sent_us| now_us().saturating_sub(sent_us));
            lock(&tally).webhook_request(latency_us);
        }
        RequestPath::Counts => {
            let counts = serde_json::to_vec(lock(&tally).counts()).unwrap_or_default();
            return Ok(respond(StatusCode::OK, Bytes::from(counts)));
        }
        RequestPath::WebhookLatencies => {
            return Ok(respond(StatusCode::OK, Bytes::from(lock(&tally).webhook_latencies())));
        }
        RequestPath::Receipts => return Ok(respond(StatusCode::OK, Bytes::from(lock(&tally).receipts()))),
        RequestPath::Unknown => return Ok(respond(StatusCode::NOT_FOUND, Bytes::new())),
    }
    Ok(respond(StatusCode::OK, Bytes::from_static(b"{}")))
}

async fn wait(delay: Delay) {
    match delay {
        Delay::Milliseconds(0) => {}
        Delay::Milliseconds(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Delay::Forever => std::future::pending().await,
    }
}

fn parse_path(path: &str) -> RequestPath<'_> {
    match path {
        "/webhook" => return RequestPath::Webhook,
        COUNTS_PATH => return RequestPath::Counts,
        RECEIPTS_PATH => return RequestPath::Receipts,
        WEBHOOK_LATENCIES_PATH => return RequestPath::WebhookLatencies,
        "/webhooks/0" => return RequestPath::WebhookOf(Delay::Milliseconds(0)),
        "/webhooks/hang" => return RequestPath::WebhookOf(Delay::Forever),
        _ => {}
    }
    let client = path.strip_prefix("/client/").and_then(|rest| rest.split_once('/'));
    match client {
        Some((name, "hang")) => RequestPath::Client { name, delay: Delay::Forever },
        Some((name, ms)) => match ms.parse() {
            Ok(ms) => RequestPath::Client { name, delay: Delay::Milliseconds(ms) },
            Err(_) => RequestPath::Unknown,
        },
        None => RequestPath::Unknown,
    }
}

/// The text of the body's first `"event"`, found without reading the rest.
fn event_name(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once("\"event\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(name, _)| name)
}

/// When its event was posted, as the payload of the event says.
fn sent_us(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once("\"sent_us\":")?;
    after.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

fn lock(tally: &Shared) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path decides the response; unknown paths are rejected.
    #[test]
    fn paths_say_how_they_are_responded_to() {
        let client = |delay| RequestPath::Client { name: "7", delay };
        assert_eq!(parse_path("/client/7/0"), client(Delay::Milliseconds(0)));
        assert_eq!(parse_path("/client/7/1000"), client(Delay::Milliseconds(1000)));
        assert_eq!(parse_path("/client/7/hang"), client(Delay::Forever));
        assert_eq!(parse_path("/webhook"), RequestPath::Webhook);
        assert_eq!(parse_path(COUNTS_PATH), RequestPath::Counts);
        for unknown in ["/", "/client/7", "/client/7/soon", "/control"] {
            assert_eq!(parse_path(unknown), RequestPath::Unknown, "{unknown}");
        }
    }

    /// The name is found however the body is spaced.
    #[test]
    fn the_event_is_found_in_the_body() {
        assert_eq!(event_name(br#"{"event":"lead.delivered","data":{}}"#), Some("lead.delivered"));
        assert_eq!(event_name(br#"{ "event" : "lead.processed" }"#), Some("lead.processed"));
        assert_eq!(event_name(b"{}"), None);
        assert_eq!(sent_us(br#"{"data":{"sent_us":17,"a":1}}"#), Some(17));
    }
}
