//! Connections that do harm, from addresses of their own, on a thread that yields to the host: an attacker's processor is not this machine's.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::http::Connection;
use crate::leads::Request;

/// How far the thread yields.
const NICE: i32 = 10;
/// Connections of one address.
const ADDRESS_CONNECTIONS: usize = 32;
/// After an error, and to see whether it is to stop, a connection waits so long.
const PAUSE: Duration = Duration::from_millis(20);
/// How long one that does nothing keeps its connection, at most.
const HOLD: Duration = Duration::from_secs(60);

/// What each connection does, again and again.
pub enum Act {
    /// Sends a request and reads the response.
    Exchange(Vec<u8>),
    /// Posts one of these requests with a serial number of its own, and reads the response.
    Post(Vec<Request>),
    /// Sends the beginning of a head, and waits.
    HalfHead,
    /// Sends a request as often as it can be written, and reads nothing.
    NeverRead(Vec<u8>),
}

/// Response statuses and errors, by how often they came.
pub type Responses = BTreeMap<String, u64>;

/// A thread that attacks until it is stopped.
pub struct Attacker {
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<Result<Responses>>,
}

impl Attacker {
    /// Starts so many connections.
    pub fn start(target: SocketAddr, act: Act, connections: usize) -> Result<Attacker> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_stopped);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            // On Linux this is the thread's.
            rustix::process::setpriority_process(None, NICE)?;
            runtime.block_on(attack(target, Arc::new(act), connections, ends))
        });
        Ok(Attacker { is_stopped, thread })
    }

    /// Ends it, and says what came back.
    pub fn stop(self) -> Result<Responses> {
        self.is_stopped.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(responses) => responses,
            Err(_) => bail!("the attacker's thread panicked"),
        }
    }
}

async fn attack(
    target: SocketAddr,
    act: Arc<Act>,
    connections: usize,
    is_stopped: Arc<AtomicBool>,
) -> Result<Responses> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut runs = tokio::task::JoinSet::new();
    for number in 0..connections {
        let (act, sender) = (Arc::clone(&act), sender.clone());
        runs.spawn(async move {
            loop {
                let result = connect_and_act(target, number, &act, &sender).await;
                if let Err(error) = result {
                    let _ = sender.send(format!("{error:#}"));
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    let mut responses = Responses::new();
    while !is_stopped.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
        while let Ok(response) = receiver.try_recv() {
            *responses.entry(response).or_default() += 1;
        }
    }
    runs.shutdown().await;
    Ok(responses)
}

type Sender = tokio::sync::mpsc::UnboundedSender<String>;

/// Acts on one connection until it ends.
async fn connect_and_act(target: SocketAddr, number: usize, act: &Act, responses: &Sender) -> Result<()> {
    let mut connection = Connection::open_from(address(number)?, target).await?;
    match act {
        Act::Exchange(request) => loop {
            responses.send(format!("status {}", connection.exchange(request).await?.status))?;
        },
        Act::Post(requests) => loop {
            static SERIAL: AtomicU64 = AtomicU64::new(500_000_000_000);
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let request = &requests[serial as usize % requests.len()];
            let status = connection.exchange(request.clone().stamped(serial)).await?.status;
            responses.send(format!("status {status}"))?;
            if status != 202 {
                tokio::time::sleep(PAUSE).await;
            }
        },
        Act::HalfHead => {
            connection.write(b"POST /v1/leads HTTP/1.1\r\nhost: ").await?;
            connection.wait_for_end(HOLD).await
        }
        Act::NeverRead(request) => loop {
            connection.write(request).await?;
        },
    }
}

/// Where a connection comes from: a few share each address, as behind one router.
fn address(number: usize) -> Result<Ipv4Addr> {
    let number = u16::try_from(1 + number / ADDRESS_CONNECTIONS).context("too many connections")?;
    let [high, low] = number.to_be_bytes();
    Ok(Ipv4Addr::new(127, 7, high, low))
}
