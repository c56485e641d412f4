//! A receiver on the loopback interface that takes everything and shows it: it plays the client and the subscriber of the
//! demonstration.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How many requests may wait to be shown.
const WAITING_MAX: usize = 1_024;
/// How much of a body is read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path it came to.
    pub path: String,
    /// Its signature, if it has one.
    pub signature: Option<String>,
    /// Its body.
    pub body: String,
}

/// Starts a receiver on a free port; what it gets comes out of the channel.
pub async fn start() -> std::io::Result<(SocketAddr, mpsc::Receiver<Received>)> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let router = Router::new().fallback(take).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, receiver))
}

async fn take(State(shown): State<mpsc::Sender<Received>>, request: Request) -> StatusCode {
    let path = request.uri().path().to_owned();
    let signature = request.headers().get("webhook-signature").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Ok(body) = to_bytes(request.into_body(), BODY_BYTES_MAX).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let body = String::from_utf8_lossy(&body).into_owned();
    // When nobody looks any more, requests are still taken.
    let _ = shown.try_send(Received { path, signature, body });
    StatusCode::OK
}
