//! A receiver with a port of its own, which misbehaves on every connection until it is told to behave.

use hookmill_tests::receiver::read_request;
use hookmill_tests::{Ending, Gate, Request};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is written on a good day.
const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
/// How long lies between two pieces of what drips.
const DRIP: Duration = Duration::from_secs(1);
/// How much of a request is read before its connection is reset in the middle of it.
const BEGUN_BYTES: usize = 20;

/// What is done with a connection.
#[derive(Debug, Clone)]
pub enum Act {
    /// It is ended at once.
    EndAtOnce(Ending),
    /// It is reset while the request is read.
    ResetWhileReading,
    /// The request is read, these bytes are written, and then so.
    Write(Vec<u8>, Ending),
    /// The head of the request is read and its body is not; these bytes are written, and the connection stays for a while.
    WriteBeforeTheBody(Vec<u8>),
    /// The request is read, and the first bytes are written; then the piece, again and again, for as long as somebody takes it.
    Flood(Vec<u8>, Vec<u8>),
    /// The request is read, and the first bytes are written; then the piece once a second until the gate is open, and then the last bytes.
    Drip(Vec<u8>, Vec<u8>, Vec<u8>, Gate),
    /// The response is a redirect with this status to its own address.
    RedirectToItself(u16),
    /// Every request gets its response, and the connection is closed after each, though nobody said so.
    CloseAfterEach,
}

/// The receiver.
#[derive(Clone)]
pub struct Hostile {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    behaves: AtomicBool,
    written: AtomicU64,
    received: Mutex<Vec<Request>>,
}

impl Hostile {
    /// Starts one on a free port.
    pub async fn start(act: Act) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let hostile = Self { address: listener.local_addr().expect("an address"), state: Arc::default() };
        let serving = hostile.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serving, act) = (serving.clone(), act.clone());
                tokio::spawn(async move { serving.serve(BufReader::new(stream), act).await });
            }
        });
        hostile
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it does what a good receiver does.
    pub fn behave(&self) {
        self.state.behaves.store(true, Ordering::SeqCst);
    }

    /// How many bytes of responses somebody took.
    pub fn bytes_taken(&self) -> u64 {
        self.state.written.load(Ordering::SeqCst)
    }

    /// The requests that were read whole.
    pub fn received(&self) -> Vec<Request> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn serve(&self, mut stream: BufReader<TcpStream>, act: Act) -> Option<()> {
        if self.state.behaves.load(Ordering::SeqCst) {
            loop {
                self.read(&mut stream).await?;
                self.write(&mut stream, GOOD).await?;
            }
        }
        match act {
            Act::EndAtOnce(ending) => end(&mut stream, ending).await,
            Act::ResetWhileReading => {
                stream.read_exact(&mut [0; BEGUN_BYTES]).await.ok()?;
                end(&mut stream, Ending::Reset).await
            }
            Act::Write(bytes, ending) => {
                self.read(&mut stream).await?;
                self.write(&mut stream, &bytes).await?;
                end(&mut stream, ending).await
            }
            Act::WriteBeforeTheBody(bytes) => {
                read_head(&mut stream).await?;
                self.write(&mut stream, &bytes).await?;
                stream.get_mut().shutdown().await.ok()?;
                // Closed with bytes that were not read it would be reset, and the response with it.
                tokio::time::sleep(DRIP).await;
                Some(())
            }
            Act::Flood(first, piece) => {
                self.read(&mut stream).await?;
                self.write(&mut stream, &first).await?;
                loop {
                    self.write(&mut stream, &piece).await?;
                }
            }
            Act::Drip(first, piece, last, gate) => {
                self.read(&mut stream).await?;
                self.write(&mut stream, &first).await?;
                while !gate.is_open() {
                    let _ = tokio::time::timeout(DRIP, gate.opened()).await;
                    self.write(&mut stream, &piece).await?;
                }
                self.write(&mut stream, &last).await
            }
            Act::RedirectToItself(status) => {
                self.read(&mut stream).await?;
                let url = self.url();
                let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n");
                self.write(&mut stream, head.as_bytes()).await
            }
            Act::CloseAfterEach => {
                self.read(&mut stream).await?;
                self.write(&mut stream, GOOD).await
            }
        }
    }

    async fn read(&self, stream: &mut BufReader<TcpStream>) -> Option<()> {
        let request = read_request(stream).await?;
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Some(())
    }

    async fn write(&self, stream: &mut BufReader<TcpStream>, bytes: &[u8]) -> Option<()> {
        stream.get_mut().write_all(bytes).await.ok()?;
        self.state.written.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Some(())
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut line = String::from("-");
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line).await.ok().filter(|read| 0 < *read)?;
    }
    Some(())
}

async fn read_to_end(stream: &mut BufReader<TcpStream>) {
    while let Ok(1..) = stream.read(&mut [0; 1_024]).await {}
}

async fn end(stream: &mut BufReader<TcpStream>, ending: Ending) -> Option<()> {
    match ending {
        Ending::Close => {}
        Ending::Reset => stream.get_ref().set_zero_linger().ok()?,
        // Whoever gave up is not waited for.
        Ending::Stall(long) => drop(tokio::time::timeout(long, read_to_end(stream)).await),
    }
    Some(())
}
