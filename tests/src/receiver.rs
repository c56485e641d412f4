//! A receiver on the loopback interface that does what a test tells it: it plays clients and subscribers, good ones and bad.

use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the receiver answers one request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// With a status, headers and a body.
    Respond(u16, Vec<(String, String)>, String),
    /// Reads the request and closes the connection.
    Close,
    /// Reads the request, waits for that long, then closes.
    Silence(Duration),
    /// Waits for that long, then answers 200.
    Late(Duration),
    /// With these bytes as they are, and then so.
    Cut(Vec<u8>, Ending),
    /// With these bytes one by one, so long after each other; it gives up when nobody listens any more.
    Drip(Vec<u8>, Duration),
    /// With a status and nothing else; the next request on the same connection is not read, and the connection reset.
    ThenReset(u16),
    /// Waits until the gate is open, then goes on.
    Behind(Gate, Box<Behaviour>),
}

/// How the receiver ends a connection in the middle of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It closes it as one does.
    Close,
    /// It resets it.
    Reset,
    /// It says no more for that long, then closes.
    Stall(Duration),
}

/// What a receiver waits for until a test opens it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Waits until it is open.
    pub async fn opened(&self) {
        // The gate itself is here: its end can't come first.
        let _ = self.0.subscribe().wait_for(|is_open| *is_open).await;
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// A closed one.
    #[allow(clippy::new_without_default, reason = "a gate is closed, which a default would not say")]
    pub fn new() -> Self {
        Self(watch::channel(false).0)
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }
}

impl Behaviour {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::Respond(status, Vec::new(), String::new())
    }

    /// A status and a part of a body of which these are the first bytes and others are missing.
    pub fn cut(status: u16, begun: &str, ending: Ending) -> Self {
        let length = begun.len() + 100;
        let head = format!("HTTP/1.1 {status} Response\r\ncontent-type: application/json\r\ncontent-length: {length}");
        Self::Cut(format!("{head}\r\n\r\n{begun}").into_bytes(), ending)
    }

    /// A status and nothing else, once the gate is open.
    pub fn behind(gate: &Gate, status: u16) -> Self {
        Self::Behind(gate.clone(), Box::new(Self::status(status)))
    }

    /// A status and a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Respond(status, vec![("content-type".into(), "application/json".into())], body.to_string())
    }
}

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// The receiver.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    received: Vec<Request>,
    /// The next responses, by path; then 200 for ever.
    planned: HashMap<String, VecDeque<Behaviour>>,
    always: HashMap<String, Behaviour>,
    /// How many requests to a path are under way, and how many were at most.
    at_once: HashMap<String, (usize, usize)>,
}

impl Receiver {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Plans the responses to the next requests to a path; afterwards it answers 200.
    pub fn plan(&self, path: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.lock().planned.entry(path.to_owned()).or_default().extend(behaviours);
    }

    /// From now on every request to a path is answered so.
    pub fn always(&self, path: &str, behaviour: Behaviour) {
        self.lock().always.insert(path.to_owned(), behaviour);
    }

    /// Everything received at a path so far.
    pub fn at(&self, path: &str) -> Vec<Request> {
        self.lock().received.iter().filter(|request| request.path.split('?').next() == Some(path)).cloned().collect()
    }

    /// How many requests to a path were under way at once at most.
    pub fn most_at_once(&self, path: &str) -> usize {
        self.lock().at_once.get(path).map_or(0, |(_, most)| *most)
    }

    /// Waits until so many requests came to a path.
    pub async fn until(&self, path: &str, count: usize) {
        let come = async {
            while self.at(path).len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let what = format!("{count} requests to {path}");
        tokio::time::timeout(Duration::from_secs(30), come).await.expect(&what);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = read_request(&mut stream).await?;
        let path = request.path.split('?').next().unwrap_or_default().to_owned();
        let under_way = UnderWay::begin(&state, &path);
        let mut behaviour = next(&state, &path, request);
        while let Behaviour::Behind(gate, then) = behaviour {
            gate.opened().await;
            behaviour = *then;
        }
        match behaviour {
            Behaviour::Behind(..) => return None,
            Behaviour::Close => return None,
            Behaviour::Silence(long) => {
                // Whoever gave up is not waited for.
                let _ = tokio::time::timeout(long, stream.fill_buf()).await;
                return None;
            }
            Behaviour::Late(long) => {
                tokio::time::sleep(long).await;
                drop(under_way);
                stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.ok()?;
            }
            Behaviour::Cut(bytes, ending) => {
                stream.get_mut().write_all(&bytes).await.ok()?;
                match ending {
                    Ending::Close => {}
                    Ending::Reset => stream.get_ref().set_zero_linger().ok()?,
                    Ending::Stall(long) => tokio::time::sleep(long).await,
                }
                return None;
            }
            Behaviour::Drip(bytes, every) => {
                for byte in bytes {
                    stream.get_mut().write_all(&[byte]).await.ok()?;
                    tokio::time::sleep(every).await;
                }
                return None;
            }
            Behaviour::ThenReset(status) => {
                drop(under_way);
                let head = format!("HTTP/1.1 {status} Response\r\ncontent-length: 0\r\n\r\n");
                stream.get_mut().write_all(head.as_bytes()).await.ok()?;
                // What is dropped unread is reset.
                stream.get_ref().peek(&mut [0]).await.ok()?;
                return None;
            }
            Behaviour::Respond(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Response\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                drop(under_way);
                stream.get_mut().write_all(format!("{head}{body}").as_bytes()).await.ok()?;
            }
        }
    }
}

/// Counts a request as under way until it is dropped: before its response is written, since the next one may follow at once.
struct UnderWay {
    state: Arc<Mutex<State>>,
    path: String,
}

impl UnderWay {
    fn begin(state: &Arc<Mutex<State>>, path: &str) -> Self {
        let under_way = Self { state: Arc::clone(state), path: path.to_owned() };
        under_way.count(|(now, most)| (now + 1, (now + 1).max(most)));
        under_way
    }

    fn count(&self, change: impl Fn((usize, usize)) -> (usize, usize)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = state.at_once.entry(self.path.clone()).or_default();
        *counts = change(*counts);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count(|(now, most)| (now - 1, most));
    }
}

fn next(state: &Mutex<State>, path: &str, request: Request) -> Behaviour {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.received.push(request);
    let planned = state.planned.get_mut(path).and_then(VecDeque::pop_front);
    planned.or_else(|| state.always.get(path).cloned()).unwrap_or_else(|| Behaviour::status(200))
}

/// Reads the next request of a connection; none at its end.
pub async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| 0 < *read)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| 0 < *read)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { method, path, headers, body: Bytes::from(body) })
}
