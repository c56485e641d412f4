//! Turns connections away for which there is no place: with a complete response, so that clients and proxies know what to do.

use super::{CONNECTIONS_FULL as CODE, CONNECTIONS_FULL_MESSAGE as MESSAGE};
use crate::error::RETRY_AFTER_S;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How many connections are turned away at once; beyond that they are closed without a word.
const AT_ONCE_MAX: usize = 256;
/// How long one may take, in milliseconds. A connection that is closed before its client has sent everything loses what it was sent.
const LINGER_MS: u64 = 1_000;

/// Turns connections away.
#[derive(Debug)]
pub(super) struct TurnAway {
    response: Arc<str>,
    places: Arc<Semaphore>,
}

impl TurnAway {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Self { response: response().into(), places: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }

    /// Turns one away; this does not wait.
    pub(super) fn turn_away(&self, stream: TcpStream) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let response = Arc::clone(&self.response);
        tokio::spawn(async move {
            let _place = place;
            let _ = tokio::time::timeout(Duration::from_millis(LINGER_MS), respond(stream, &response)).await;
        });
    }
}

async fn respond(mut stream: TcpStream, response: &str) -> std::io::Result<()> {
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 4_096];
    while stream.read(&mut ignored).await? != 0 {}
    Ok(())
}

fn response() -> String {
    let body = format!(
        r#"{{"success":false,"error":{{"code":"{CODE}","message":"{MESSAGE}","details":[]}},"request_id":""}}"#
    );
    let length = body.len();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nretry-after: {RETRY_AFTER_S}\r\nconnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i14_the_response_is_complete() {
        let response = response();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["error"]["code"], &body["success"]), (&CODE.into(), &false.into()));
    }
}
