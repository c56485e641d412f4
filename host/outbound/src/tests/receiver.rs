//! Receivers on the loopback address, one for each bad behaviour.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a receiver does with each connection.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// Reads a request and writes these bytes, then waits for the next on the same connection.
    Responds(Vec<u8>),
    /// Reads a request, writes these bytes and closes.
    RespondsAndCloses(Vec<u8>),
    /// Reads and never responds.
    NeverResponds,
    /// Never even reads.
    NeverReads,
    /// Closes at once.
    ClosesAtOnce,
    /// Reads a request and closes.
    ClosesAfterReading,
    /// Writes the first part at once and then the second, one byte each 100 ms.
    Dribbles(Vec<u8>, Vec<u8>),
    /// Writes the first part and then the second for ever.
    NeverEnds(Vec<u8>, Vec<u8>),
    /// Writes these bytes before reading anything.
    SpeaksFirst(Vec<u8>),
    /// Responds to the first request of a connection with these bytes, and to the next on it so. Of a receiver's first connection, if so many
    /// connections are served; further ones are reset.
    OnReuse(Vec<u8>, Reuse, usize),
    /// Reads a request, writes as much of the bytes as the request's header `cut-at` says, and ends so.
    Cuts(Vec<u8>, Ending),
}

/// What a receiver does when a connection is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It had closed the connection: the request is reset unread.
    Resets,
    /// The same, where the end of the connection arrives first and the reset a moment later.
    EndsThenResets,
    /// It reads the request and closes.
    ReadsAndCloses,
    /// It reads the request, begins a response and resets.
    BeginsAndResets,
}

/// How a receiver ends a response of which it wrote a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Closes the connection as one does.
    Closes,
    /// Resets the connection.
    Resets,
    /// Holds the connection and says no more.
    Stalls,
}

/// A receiver that runs until it is dropped.
pub(super) struct Receiver {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn with(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, accepted) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = accepted.fetch_add(1, Ordering::Relaxed) + 1;
                if matches!(behaviour, Behaviour::OnReuse(_, _, served_max) if served_max < served) {
                    let _ = stream.peek(&mut [0]).await;
                    let _ = stream.set_zero_linger();
                    continue;
                }
                tokio::spawn(serve(stream, behaviour.clone(), Arc::clone(&seen)));
            }
        });
        Self { port, requests, connections, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// How many connections were made to it so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests read so far, whole.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A response with a length.
pub(super) fn http_response(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Vec<String>>>) {
    match behaviour {
        Behaviour::ClosesAtOnce => {}
        Behaviour::NeverReads => tokio::time::sleep(Duration::from_secs(60)).await,
        Behaviour::NeverResponds => {
            read_request(&mut stream, &seen).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Behaviour::ClosesAfterReading => {
            read_request(&mut stream, &seen).await;
        }
        Behaviour::Responds(bytes) => {
            while read_request(&mut stream, &seen).await && stream.write_all(&bytes).await.is_ok() {}
        }
        Behaviour::RespondsAndCloses(bytes) => {
            read_request(&mut stream, &seen).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::OnReuse(bytes, reuse, _) => {
            read_request(&mut stream, &seen).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.peek(&mut [0]).await;
            match reuse {
                // What is dropped unread is reset.
                Reuse::Resets => {}
                Reuse::EndsThenResets => {
                    let _ = stream.shutdown().await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Reuse::ReadsAndCloses => {
                    read_request(&mut stream, &seen).await;
                }
                Reuse::BeginsAndResets => {
                    read_request(&mut stream, &seen).await;
                    let _ = stream.write_all(b"HTTP/1.1 2").await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let _ = stream.set_zero_linger();
                }
            }
        }
        Behaviour::Dribbles(start, rest) => {
            read_request(&mut stream, &seen).await;
            let _ = stream.write_all(&start).await;
            for byte in rest {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        }
        Behaviour::NeverEnds(start, rest) => {
            read_request(&mut stream, &seen).await;
            let _ = stream.write_all(&start).await;
            while stream.write_all(&rest).await.is_ok() {}
        }
        Behaviour::Cuts(bytes, ending) => {
            let Some(request) = next_request(&mut stream, &seen).await else { return };
            let cut_at = request.lines().find_map(|line| line.strip_prefix("cut-at: "));
            let at: usize = cut_at.and_then(|at| at.parse().ok()).expect("the header `cut-at`");
            let _ = stream.write_all(&bytes[..at]).await;
            match ending {
                Ending::Closes => {
                    let _ = stream.shutdown().await;
                }
                Ending::Resets => {
                    let _ = stream.set_zero_linger();
                }
                Ending::Stalls => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
        Behaviour::SpeaksFirst(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
}

/// Reads one request and notes it; false at the end of the connection.
async fn read_request(stream: &mut TcpStream, seen: &Mutex<Vec<String>>) -> bool {
    next_request(stream, seen).await.is_some()
}

/// Reads one request by its content length and notes it; none at the end of the connection.
async fn next_request(stream: &mut TcpStream, seen: &Mutex<Vec<String>>) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(stream.read_u8().await.ok()?);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() == length.unwrap_or(0) {
            seen.lock().expect("no panic").push(text.to_string());
            return Some(text.into_owned());
        }
    }
}
